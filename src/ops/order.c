#include "ops/order.h"

cg_tensor *cg_order_line(cg_tensor *x) { return x && x->shape.rank == 0 ? cg_unsqueeze(x, 0) : x; }

cg_tensor *cg_order_swap_last(cg_tensor *x, int axis) {
    return x && axis < x->shape.rank - 1 ? cg_transpose(x, axis, -1) : x;
}

static int64_t last_dim(const cg_tensor *x) { return x->shape.dim[x->shape.rank - 1]; }

/* The product of the dims before the last; not a quotient, for the last may be 0. */
static int64_t rows_of(const cg_tensor *x) {
    int64_t rows = 1;
    for (int i = 0; i < x->shape.rank - 1; i++) rows *= x->shape.dim[i];
    return rows;
}

/* --- Requests ----------------------------------------------------------------------------------------------- */

bool cg_order_sort(const char *op, cg_tensor *x, bool descending, cg_tensor **values, cg_tensor **index) {
    cg_device *dev = x->storage->dev;
    cg_tensor *src = cg_tensor_dense(x);
    if (!src) return false;
    cg_sort_request r = {.descending = descending,
                         .dtype = x->storage->dtype,
                         .rows = rows_of(x),
                         .n = last_dim(x),
                         .src = cg_tensor_operand(src)};
    if (values) {
        *values = cg_tensor_make(dev, op, r.dtype, &x->shape);
        if (!*values) return false;
        r.values = cg_tensor_operand(*values);
    }
    if (index) {
        *index = cg_tensor_make(dev, op, CG_I64, &x->shape);
        if (!*index) return false;
        r.index = cg_tensor_operand(*index);
    }
    return cg_hw_sort(dev->hw, &r) == CG_OK;
}

/* With memory of their own, so that the places of all elements are not kept. */
cg_tensor *cg_order_first(const char *op, cg_tensor *x, int64_t k, bool descending) {
    cg_device *dev = x->storage->dev;
    cg_tensor *src = cg_tensor_dense(x), *index = src ? cg_tensor_make(dev, op, CG_I64, &x->shape) : NULL;
    if (!index) return NULL;
    const cg_sort_request r = {.descending = descending,
                               .dtype = x->storage->dtype,
                               .rows = rows_of(x),
                               .n = last_dim(x),
                               .first = k,
                               .src = cg_tensor_operand(src),
                               .index = cg_tensor_operand(index)};
    return cg_hw_sort(dev->hw, &r) ? NULL : cg_clone(cg_slice(index, -1, 0, k, 1));
}

cg_tensor *cg_order_search(const char *op, cg_tensor *sorted, cg_tensor *values, bool right) {
    cg_device *dev = sorted->storage->dev;
    cg_tensor *rows = cg_tensor_dense(sorted), *v = cg_tensor_dense(values);
    cg_tensor *out = cg_tensor_make(dev, op, CG_I64, &values->shape);
    if (!rows || !v || !out) return NULL;
    bool shared = sorted->shape.rank == 1;
    cg_searchsorted_request r = {.right = right,
                                 .shared = shared,
                                 .dtype = sorted->storage->dtype,
                                 .rows = shared ? 1 : rows_of(sorted),
                                 .n = last_dim(sorted),
                                 .m = shared ? cg_numel(values) : last_dim(values),
                                 .sorted = cg_tensor_operand(rows),
                                 .value = cg_tensor_operand(v),
                                 .out = cg_tensor_operand(out)};
    return cg_hw_searchsorted(dev->hw, &r) ? NULL : out;
}

cg_tensor *cg_order_scan(const char *op, cg_reduce_kind kind, cg_tensor *x, int axis, bool reverse) {
    cg_device *dev = x->storage->dev;
    cg_tensor *src = cg_tensor_dense(x), *out = cg_tensor_make(dev, op, x->storage->dtype, &x->shape);
    if (!src || !out) return NULL;
    cg_scan_request r = {.kind = kind,
                         .reverse = reverse,
                         .dtype = x->storage->dtype,
                         .outer = 1,
                         .n = x->shape.dim[axis],
                         .inner = 1,
                         .src = cg_tensor_operand(src),
                         .out = cg_tensor_operand(out)};
    for (int i = 0; i < axis; i++) r.outer *= x->shape.dim[i];
    for (int i = axis + 1; i < x->shape.rank; i++) r.inner *= x->shape.dim[i];
    return cg_hw_scan(dev->hw, &r) ? NULL : out;
}

cg_tensor *cg_order_places(cg_device *dev, int64_t n) {
    cg_tensor *ones = cg_ones(dev, CG_I64, cg_shape(n));
    return ones ? cg_sub(cg_order_scan("arange", CG_REDUCE_SUM, ones, 0, false), 1) : NULL;
}

void cg_order_pick_backward(const cg_rule_call *call, cg_tensor **dx) {
    cg_tensor *zeros = cg_zeros(call->dev, call->dtype[0], call->shape[0]);
    dx[0] = cg_scatter_add(zeros, call->x[1], call->g, -1);
}
