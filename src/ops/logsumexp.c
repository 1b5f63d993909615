/* The logarithm of a sum of exponentials. */
#include "ops/reduction.h"

#include <math.h>

/* exp(x - out) is the softmax. */
static void logsumexp_backward(const cg_rule_call *call, cg_tensor **dx) {
    unsigned mask = (unsigned)call->attributes->i[0];
    cg_tensor *total = cg_reduction_unreduce(call->out, &call->shape[0], mask);
    cg_tensor *g = cg_reduction_unreduce(call->g, &call->shape[0], mask);
    dx[0] = cg_mul(g, cg_exp(cg_sub(call->x[0], total)));
}

static const cg_rule logsumexp_rule = {"logsumexp", logsumexp_backward};

/* m where it is finite, else 0: x - m would be inf - inf. */
static cg_tensor *finite_shift(cg_tensor *m) {
    const double inf = (double)INFINITY;
    return cg_where(cg_lt(cg_abs(m), inf), m, 0.0);
}

static cg_tensor *values(cg_tensor *x, unsigned mask, bool keepdims) {
    cg_dims shape = cg_reduction_shape(&x->shape, mask, keepdims);
    cg_dtype dtype = x->storage->dtype;
    if (cg_reduction_count(&x->shape, mask) == 0)
        return cg_full(x->storage->dev, dtype, shape, -(double)INFINITY);
    cg_tensor *m = finite_shift(cg_reduction("logsumexp", CG_REDUCE_MAX, x, dtype, dtype, mask, true));
    cg_tensor *sum = cg_sum(cg_exp(cg_sub(x, m)), cg_reduction_axes(mask), true);
    return cg_reshape(cg_add(cg_log(sum), m), shape);
}

cg_tensor *cg_logsumexp(cg_tensor *x, cg_axis_set axes, bool keepdims) {
    unsigned mask;
    if (!x || !cg_reduction_mask("logsumexp", x, axes, &mask)) return NULL;
    cg_tensor *real = cg_op_real(x);
    cg_scope *scope = real ? cg_values_begin(real->storage->dev) : NULL;
    if (!scope) return NULL;
    cg_tensor *out = cg_values_end(scope, values(real, mask, keepdims));
    return cg_record_op(out, &logsumexp_rule, 1, &real, CG_KEEP(0) | CG_KEEP_OUT,
                        &(cg_attributes){.i = {mask}});
}
