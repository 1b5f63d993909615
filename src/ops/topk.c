/* The k best along an axis: the beginning of the sorted rows. */
#include "ops/order.h"

enum { FEW = 8 }; /* an eighth of a row */

static const cg_rule topk_rule = {"topk", cg_order_pick_backward};

static bool check_k(const cg_tensor *x, int axis, int64_t k) {
    if (k >= 0 && k <= x->shape.dim[axis]) return true;
    CG_FAIL(&x->storage->dev->error, CG_ERROR_ARGUMENT,
            "topk: k = %lld of the %lld elements along axis %d of %s", (long long)k,
            (long long)x->shape.dim[axis], axis, CG_SHAPE_STR(&x->shape));
    return false;
}

/* The first k of each row with memory of their own, so that the other elements are not kept. */
static cg_tensor *first_of_rows(cg_tensor *x, int64_t k) {
    cg_tensor *part = cg_slice(x, -1, 0, k, 1);
    return part && cg_numel(part) < cg_numel(x) ? cg_clone(part) : part;
}

/* Few are looked for by themselves, and their values picked; else the rows are sorted. False on an error. */
static bool best_of_rows(cg_tensor *x, int64_t k, bool largest, cg_tensor **values, cg_tensor **index) {
    cg_tensor *all = NULL, *from = NULL;
    if (k > 0 && k <= x->shape.dim[x->shape.rank - 1] / FEW) {
        *index = cg_order_first(topk_rule.name, x, k, largest);
        if (values && *index) *values = cg_take_along_axis(x, *index, -1);
    } else if (cg_order_sort(topk_rule.name, x, largest, values ? &all : NULL, &from)) {
        *index = first_of_rows(from, k);
        if (values && *index) *values = first_of_rows(all, k);
    }
    return *index && (!values || *values);
}

cg_status cg_topk(cg_tensor *x, int64_t k, int axis, bool largest, cg_tensor **values, cg_tensor **indices) {
    if (values) *values = NULL;
    if (indices) *indices = NULL;
    if (!x) return CG_ERROR_ARGUMENT;
    cg_device *dev = x->storage->dev;
    cg_tensor *line = cg_order_line(x), *best = NULL;
    int a = line ? cg_op_axis(topk_rule.name, line, axis) : -1;
    if (a < 0 || !check_k(line, a, k)) return dev->error.code;
    cg_tensor *input[] = {cg_order_swap_last(line, a), NULL};
    if (!input[0]) return dev->error.code;
    cg_no_grad_begin(dev);
    const bool ok = best_of_rows(input[0], k, largest, values ? &best : NULL, &input[1]);
    cg_no_grad_end(dev);
    if (!ok) return dev->error.code;
    best = values ? cg_order_swap_last(cg_record_op(best, &topk_rule, 2, input, CG_KEEP(1), NULL), a) : NULL;
    cg_tensor *places = cg_order_swap_last(input[1], a);
    if (!places || (values && !best)) return dev->error.code;
    if (values) *values = best;
    if (indices) *indices = places;
    return CG_OK;
}
