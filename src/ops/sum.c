/* Sums, means, and the sum that undoes a broadcast. */
#include "ops/reduction.h"

static void sum_backward(const cg_rule_call *call, cg_tensor **dx) {
    cg_tensor *g = cg_reduction_unreduce(call->g, &call->shape[0], (unsigned)call->attributes->i[0]);
    dx[0] = cg_expand(g, call->shape[0]);
}

static const cg_rule sum_rule = {"sum", sum_backward};

static cg_tensor *sum_mask(cg_tensor *x, unsigned mask, bool keepdims) {
    cg_dtype dtype = cg_dtype_is_float(x->storage->dtype) ? x->storage->dtype : CG_I64;
    cg_tensor *out = cg_reduction("sum", CG_REDUCE_SUM, x, dtype, dtype, mask, keepdims);
    return cg_record_op(out, &sum_rule, 1, &x, CG_KEEP_NOTHING, &(cg_attributes){.i = {mask}});
}

cg_tensor *cg_sum(cg_tensor *x, cg_axis_set axes, bool keepdims) {
    unsigned mask;
    return x && cg_reduction_mask("sum", x, axes, &mask) ? sum_mask(x, mask, keepdims) : NULL;
}

cg_tensor *cg_mean(cg_tensor *x, cg_axis_set axes, bool keepdims) {
    unsigned mask;
    if (!x || !cg_reduction_mask("mean", x, axes, &mask)) return NULL;
    int64_t n = cg_reduction_count(&x->shape, mask);
    cg_tensor *real = cg_op_real(x);
    return real ? cg_div(sum_mask(real, mask, keepdims), n) : NULL;
}

cg_tensor *cg_sum_to(cg_tensor *x, cg_dims shape) {
    if (!x) return NULL;
    cg_dims common;
    if (!cg_broadcast_shapes(x->shape, shape, &common) || !cg_dims_equal(&common, &x->shape)) {
        CG_FAIL(&x->storage->dev->error, CG_ERROR_SHAPE, "sum_to: %s does not broadcast to %s",
                CG_SHAPE_STR(&shape), CG_SHAPE_STR(&x->shape));
        return NULL;
    }
    unsigned mask = 0;
    int shift = x->shape.rank - shape.rank;
    for (int i = 0; i < x->shape.rank; i++)
        if (i < shift || (shape.dim[i - shift] == 1 && x->shape.dim[i] != 1)) mask |= 1u << i;
    return mask ? cg_reshape(sum_mask(x, mask, true), shape) : x;
}
