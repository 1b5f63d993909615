/* The one operation in place: new elements for a tensor. */
#include <stdlib.h>

#include "ops/op.h"

/* Whether no two elements lie at one place: each axis steps over all that the axes with smaller strides span. */
static bool elements_are_distinct(const cg_tensor *x) {
    bool seen[CG_MAX_RANK] = {false};
    int64_t span = 0; /* of the axes seen so far */
    for (int n = 0; n < x->shape.rank; n++) {
        int next = -1;
        for (int i = 0; i < x->shape.rank; i++)
            if (!seen[i] && (next < 0 || llabs(x->stride[i]) < llabs(x->stride[next]))) next = i;
        seen[next] = true;
        if (x->shape.dim[next] < 2) continue;
        if (llabs(x->stride[next]) <= span) return false;
        span += llabs(x->stride[next]) * (x->shape.dim[next] - 1);
    }
    return true;
}

static cg_status check_target(const cg_tensor *x) {
    cg_error *err = &x->storage->dev->error;
    if (x->storage->saved)
        return CG_FAIL(err, CG_ERROR_STATE, "assign: %s is still needed by a gradient",
                       CG_SHAPE_STR(&x->shape));
    if (x->record)
        return CG_FAIL(err, CG_ERROR_STATE,
                       "assign: %s is recorded, and the record would not know of its new values; "
                       "a cg_detach of it can be written",
                       CG_SHAPE_STR(&x->shape));
    if (!elements_are_distinct(x))
        return CG_FAIL(err, CG_ERROR_ARGUMENT, "assign: elements of %s share memory, as after cg_expand",
                       CG_SHAPE_STR(&x->shape));
    return CG_OK;
}

static cg_status check_value(const cg_tensor *x, cg_tensor *value) {
    cg_device *dev = x->storage->dev;
    cg_dims common;
    if (!cg_op_same_device("assign", dev, 1, &value)) return dev->error.code;
    if (!cg_broadcast_shapes(x->shape, value->shape, &common) || !cg_dims_equal(&common, &x->shape))
        return CG_FAIL(&dev->error, CG_ERROR_SHAPE, "assign: %s does not broadcast to %s",
                       CG_SHAPE_STR(&value->shape), CG_SHAPE_STR(&x->shape));
    if (cg_recording(dev, 1, &value))
        return CG_FAIL(
            &dev->error, CG_ERROR_STATE,
            "assign: the value %s is recorded, and its gradient would end here; cg_detach it first",
            CG_SHAPE_STR(&value->shape));
    return CG_OK;
}

/* A number as a constant of x's dtype and shape: reals are cut towards zero for integers, as cg_cast does. */
static cg_tensor *number_like(const cg_tensor *x, const cg_arg *value) {
    cg_dtype dtype = x->storage->dtype;
    cg_leaf leaf = {0};
    if (cg_dtype_is_float(dtype))
        leaf.constant.f = value->kind == CG_ARG_REAL ? value->real : (double)value->integer;
    else if (value->kind == CG_ARG_INTEGER)
        leaf.constant.i = value->integer;
    else if (dtype == CG_BOOL)
        leaf.constant.i = value->real != 0;
    else
        leaf.constant.i = value->real > -0x1p63 && value->real < 0x1p63 ? (int64_t)value->real : INT64_MIN;
    return cg_defer(x->storage->dev, CG_EXPR_COPY, cg_dtype_compute(dtype), dtype, &x->shape, 1, &leaf);
}

static cg_status assign(cg_tensor *x, const cg_arg *value) {
    cg_tensor *v = value->kind == CG_ARG_TENSOR ? value->tensor : number_like(x, value);
    if (v && !cg_dims_equal(&v->shape, &x->shape)) v = cg_view_expand(v, &x->shape);
    if (!v || cg_force(x->storage)) return x->storage->dev->error.code;
    return cg_force_into(v, x);
}

cg_status(cg_assign)(cg_tensor *x, cg_arg value) {
    if (!x || (value.kind == CG_ARG_TENSOR && !value.tensor)) return CG_ERROR_ARGUMENT;
    cg_device *dev = x->storage->dev;
    cg_status status = check_target(x);
    if (status == CG_OK && value.kind == CG_ARG_TENSOR) status = check_value(x, value.tensor);
    if (status || cg_numel(x) == 0) return status;
    cg_scope *scope = cg_scope_begin(dev);
    if (!scope) return dev->error.code;
    status = assign(x, &value);
    cg_scope_drop(scope);
    return status;
}
