/* Slices picked along an axis by a vector of indices, added back in the gradient; labels as rows of 0 and 1. */
#include "ops/index.h"

cg_tensor *cg_one_hot(cg_tensor *labels, int64_t classes, cg_dtype dtype) {
    if (!labels) return NULL;
    cg_device *dev = labels->storage->dev;
    if (labels->shape.rank == CG_MAX_RANK || cg_dtype_is_float(labels->storage->dtype) || classes < 0) {
        CG_FAIL(&dev->error, CG_ERROR_SHAPE,
                "one_hot: expected integer labels of rank 0 to %d and classes >= 0, got %s %s and %lld",
                CG_MAX_RANK - 1, cg_dtype_name(labels->storage->dtype), CG_SHAPE_STR(&labels->shape),
                (long long)classes);
        return NULL;
    }
    cg_tensor *classes_row = cg_arange(dev, CG_I64, 0, (double)classes, 1);
    return cg_cast(cg_eq(cg_unsqueeze(labels, -1), classes_row), dtype);
}

/* --- index_select ----------------------------------------------------------------------------------------------- */

static void index_select_backward(const cg_rule_call *call, cg_tensor **dx) {
    cg_tensor *zeros = cg_zeros(call->dev, call->dtype[0], call->shape[0]);
    dx[0] = cg_index_add(zeros, (int)call->attributes->i[0], call->x[1], call->g);
}

static const cg_rule index_select_rule = {"index_select", index_select_backward};

cg_tensor *cg_index_select(cg_tensor *x, int axis, cg_tensor *index) {
    if (!x || !index || !cg_op_same_device("index_select", x->storage->dev, 1, &index) ||
        !cg_index_check("index_select", index, 1))
        return NULL;
    int a = cg_op_axis("index_select", x, axis);
    if (a < 0) return NULL;
    return cg_record_op(cg_index_gather("index_select", x, a, index, false), &index_select_rule, 2,
                        (cg_tensor *[]){x, index}, CG_KEEP(1), &(cg_attributes){.i = {a}});
}

/* --- index_add: inputs x, src, index ------------------------------------------------------------------------------ */

/* An index (n) against g (.., n, ..): with the axes behind it. */
static cg_tensor *beside(cg_tensor *index, const cg_tensor *g, int axis) {
    cg_dims shape = {.rank = g->shape.rank - axis};
    for (int i = 0; i < shape.rank; i++) shape.dim[i] = i == 0 ? cg_numel(index) : 1;
    return cg_reshape(index, shape);
}

static void index_add_backward(const cg_rule_call *call, cg_tensor **dx) {
    int axis = (int)call->attributes->i[0];
    dx[0] = call->g;
    if (!call->wanted[1]) return;
    cg_tensor *picked = cg_index_select(call->g, axis, call->x[2]);
    if (picked) dx[1] = cg_index_in_range(beside(call->x[2], picked, axis), call->shape[0].dim[axis], picked);
}

static const cg_rule index_add_rule = {"index_add", index_add_backward};

/* src is x's shape with n on the axis. */
static bool check_source(const cg_tensor *x, int axis, const cg_tensor *index, const cg_tensor *src) {
    cg_dims expected = x->shape;
    expected.dim[axis] = cg_numel(index);
    if (cg_dims_equal(&expected, &src->shape)) return true;
    CG_FAIL(&x->storage->dev->error, CG_ERROR_SHAPE,
            "index_add: x %s, axis %d, index %s: expected a source %s, got %s", CG_SHAPE_STR(&x->shape), axis,
            CG_SHAPE_STR(&index->shape), CG_SHAPE_STR(&expected), CG_SHAPE_STR(&src->shape));
    return false;
}

cg_tensor *cg_index_add(cg_tensor *x, int axis, cg_tensor *index, cg_tensor *src) {
    if (!x || !index || !src ||
        !cg_op_same_device("index_add", x->storage->dev, 2, (cg_tensor *[]){src, index}) ||
        !cg_index_check("index_add", index, 1))
        return NULL;
    int a = cg_op_axis("index_add", x, axis);
    if (a < 0 || !check_source(x, a, index, src)) return NULL;
    cg_dtype dtype = cg_dtype_promote(x->storage->dtype, src->storage->dtype);
    cg_tensor *input[] = {cg_op_cast(x, dtype), cg_op_cast(src, dtype), index};
    if (!input[0] || !input[1]) return NULL;
    return cg_record_op(cg_index_scatter_add("index_add", input[0], a, index, input[1], false),
                        &index_add_rule, 3, input, CG_KEEP(2), &(cg_attributes){.i = {a}});
}
