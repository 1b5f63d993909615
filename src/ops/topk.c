/* The k best along an axis: the beginning of the sorted rows. */
#include "ops/order.h"

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

cg_status cg_topk(cg_tensor *x, int64_t k, int axis, bool largest, cg_tensor **values, cg_tensor **indices) {
    if (values) *values = NULL;
    if (indices) *indices = NULL;
    if (!x) return CG_ERROR_ARGUMENT;
    cg_device *dev = x->storage->dev;
    cg_tensor *line = cg_order_line(x), *all = NULL, *from = NULL;
    int a = line ? cg_op_axis(topk_rule.name, line, axis) : -1;
    if (a < 0 || !check_k(line, a, k)) return dev->error.code;
    cg_tensor *input[] = {cg_order_swap_last(line, a), NULL};
    if (!input[0] || !cg_order_sort(topk_rule.name, input[0], largest, values ? &all : NULL, &from))
        return dev->error.code;
    input[1] = first_of_rows(from, k);
    cg_tensor *best = values && input[1] ? first_of_rows(all, k) : NULL;
    best = cg_order_swap_last(cg_record_op(best, &topk_rule, 2, input, CG_KEEP(1), NULL), a);
    cg_tensor *places = cg_order_swap_last(input[1], a);
    if (!places || (values && !best)) return dev->error.code;
    if (values) *values = best;
    if (indices) *indices = places;
    return CG_OK;
}
