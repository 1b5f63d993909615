/* Elements picked one by one: take, take_along_axis, and scatter_add, which is the way back. */
#include "ops/index.h"

cg_tensor *cg_take(cg_tensor *x, cg_tensor *index) {
    if (!x || !index || !cg_op_same_device("take", x->storage->dev, 1, &index) ||
        !cg_index_check("take", index, -1))
        return NULL;
    cg_tensor *picked = cg_index_select(cg_flatten(x, 0, -1), 0, cg_flatten(index, 0, -1));
    return cg_reshape(picked, index->shape);
}

/* --- take_along_axis ---------------------------------------------------------------------------------------------- */

static void take_along_backward(const cg_rule_call *call, cg_tensor **dx) {
    cg_tensor *zeros = cg_zeros(call->dev, call->dtype[0], call->shape[0]);
    dx[0] = cg_scatter_add(zeros, call->x[1], call->g, (int)call->attributes->i[0]);
}

static const cg_rule take_along_rule = {"take_along_axis", take_along_backward};

/* x, stretched on every axis but one so that it agrees with `other` there. */
static cg_tensor *stretch(cg_tensor *x, const cg_dims *common, int axis) {
    cg_dims shape = *common;
    shape.dim[axis] = x->shape.dim[axis];
    return cg_dims_equal(&shape, &x->shape) ? x : cg_expand(x, shape);
}

/* The shape that x and index broadcast to, but for the axis; false and an error if they do not. */
static bool common_shape(const cg_tensor *x, const cg_tensor *index, int axis, cg_dims *common) {
    cg_dims a = x->shape, b = index->shape;
    bool same_rank = a.rank == b.rank;
    if (same_rank) a.dim[axis] = b.dim[axis] = 1;
    if (same_rank && cg_broadcast_shapes(a, b, common)) return true;
    CG_FAIL(&x->storage->dev->error, CG_ERROR_SHAPE,
            "take_along_axis: x %s, index %s: expected them to broadcast but for axis %d",
            CG_SHAPE_STR(&x->shape), CG_SHAPE_STR(&index->shape), axis);
    return false;
}

cg_tensor *cg_take_along_axis(cg_tensor *x, cg_tensor *index, int axis) {
    if (!x || !index || !cg_op_same_device("take_along_axis", x->storage->dev, 1, &index) ||
        !cg_index_check("take_along_axis", index, -1))
        return NULL;
    int a = cg_op_axis("take_along_axis", x, axis);
    cg_dims common;
    if (a < 0 || !common_shape(x, index, a, &common)) return NULL;
    cg_tensor *input[] = {stretch(x, &common, a), stretch(index, &common, a)};
    if (!input[0] || !input[1]) return NULL;
    return cg_record_op(cg_index_gather("take_along_axis", input[0], a, input[1], true), &take_along_rule, 2,
                        input, CG_KEEP(1), &(cg_attributes){.i = {a}});
}

/* --- scatter_add: inputs x, src, index -------------------------------------------------------------------------------- */

static void scatter_add_backward(const cg_rule_call *call, cg_tensor **dx) {
    int axis = (int)call->attributes->i[0];
    dx[0] = call->g;
    if (!call->wanted[1]) return;
    cg_tensor *picked = cg_take_along_axis(call->g, call->x[2], axis);
    dx[1] = cg_index_in_range(call->x[2], call->shape[0].dim[axis], picked);
}

static const cg_rule scatter_add_rule = {"scatter_add", scatter_add_backward};

/* index and src have one shape, which is x's but for the axis. */
static bool check_scatter(const cg_tensor *x, const cg_tensor *index, const cg_tensor *src, int axis) {
    cg_dims expected = x->shape;
    if (index->shape.rank == expected.rank) expected.dim[axis] = index->shape.dim[axis];
    if (cg_dims_equal(&expected, &index->shape) && cg_dims_equal(&expected, &src->shape)) return true;
    CG_FAIL(&x->storage->dev->error, CG_ERROR_SHAPE,
            "scatter_add: x %s, index %s, source %s: expected index and source of one shape, x's but for "
            "axis %d",
            CG_SHAPE_STR(&x->shape), CG_SHAPE_STR(&index->shape), CG_SHAPE_STR(&src->shape), axis);
    return false;
}

cg_tensor *cg_scatter_add(cg_tensor *x, cg_tensor *index, cg_tensor *src, int axis) {
    if (!x || !index || !src ||
        !cg_op_same_device("scatter_add", x->storage->dev, 2, (cg_tensor *[]){src, index}) ||
        !cg_index_check("scatter_add", index, -1))
        return NULL;
    int a = cg_op_axis("scatter_add", x, axis);
    if (a < 0 || !check_scatter(x, index, src, a)) return NULL;
    cg_dtype dtype = cg_dtype_promote(x->storage->dtype, src->storage->dtype);
    cg_tensor *input[] = {cg_op_cast(x, dtype), cg_op_cast(src, dtype), index};
    if (!input[0] || !input[1]) return NULL;
    return cg_record_op(cg_index_scatter_add("scatter_add", input[0], a, index, input[1], true),
                        &scatter_add_rule, 3, input, CG_KEEP(2), &(cg_attributes){.i = {a}});
}
