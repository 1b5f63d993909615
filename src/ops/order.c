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

/* --- Elements picked and placed ----------------------------------------------------------------------------- */

void cg_order_pick_backward(const cg_rule_call *call, cg_tensor **dx) {
    int64_t n = call->shape[0].dim[call->shape[0].rank - 1];
    dx[0] = cg_order_place("scatter_add", call->g, call->x[1], n);
}

static const cg_rule pick_rule = {"take_along_axis", cg_order_pick_backward};

cg_tensor *cg_order_pick(cg_tensor *x, cg_tensor *index) {
    if (!x || !index) return NULL;
    cg_device *dev = x->storage->dev;
    cg_tensor *src = cg_tensor_dense(x), *places = cg_tensor_dense(index);
    cg_tensor *out = cg_tensor_make(dev, pick_rule.name, x->storage->dtype, &index->shape);
    if (!src || !places || !out) return NULL;
    cg_gather_request r = {.along = true,
                           .dtype = x->storage->dtype,
                           .outer = rows_of(x),
                           .axis = last_dim(x),
                           .inner = 1,
                           .n_index = last_dim(index),
                           .src = cg_tensor_operand(src),
                           .index = cg_tensor_operand(places),
                           .out = cg_tensor_operand(out)};
    if (cg_hw_gather(dev->hw, &r)) return NULL;
    cg_tensor *input[] = {x, index};
    return cg_record_op(out, &pick_rule, 2, input, CG_KEEP(1), NULL);
}

static void place_backward(const cg_rule_call *call, cg_tensor **dx) {
    dx[0] = cg_order_pick(call->g, call->x[1]);
}

static const cg_rule place_rule = {"scatter_add", place_backward};

cg_tensor *cg_order_place(const char *op, cg_tensor *src, cg_tensor *index, int64_t n) {
    if (!src || !index) return NULL;
    cg_device *dev = src->storage->dev;
    cg_dims shape = src->shape;
    shape.dim[shape.rank - 1] = n;
    cg_tensor *from = cg_tensor_dense(src), *places = cg_tensor_dense(index);
    int64_t numel;
    if (!from || !places || cg_tensor_check(dev, op, src->storage->dtype, &shape, &numel)) return NULL;
    cg_tensor *out = cg_eval(cg_zeros(dev, src->storage->dtype, shape));
    if (!out) return NULL;
    cg_scatter_add_request r = {.along = true,
                                .dtype = src->storage->dtype,
                                .outer = rows_of(src),
                                .axis = n,
                                .inner = 1,
                                .n_index = last_dim(index),
                                .src = cg_tensor_operand(from),
                                .index = cg_tensor_operand(places),
                                .out = cg_tensor_operand(out)};
    if (cg_hw_scatter_add(dev->hw, &r)) return NULL;
    cg_tensor *input[] = {src, index};
    return cg_record_op(out, &place_rule, 2, input, CG_KEEP(1), NULL);
}
