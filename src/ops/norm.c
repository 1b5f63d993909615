/* Vector norms over axes. */
#include "ops/reduction.h"

#include <math.h>

/* --- p = 2 -------------------------------------------------------------------------------------------------- */

/* dx = g x / out, and 0 where out is 0: dividing by infinity makes it so in every order. */
static void norm_2_backward(const cg_rule_call *call, cg_tensor **dx) {
    unsigned mask = (unsigned)call->attributes->i[0];
    cg_tensor *g = cg_reduction_unreduce(call->g, &call->shape[0], mask);
    cg_tensor *out = cg_reduction_unreduce(call->out, &call->shape[0], mask);
    cg_tensor *size = cg_where(cg_eq(out, 0), (double)INFINITY, out);
    dx[0] = cg_mul(cg_div(call->x[0], size), g);
}

static const cg_rule norm_2_rule = {"norm", norm_2_backward};

/*
 * A power of two, exact as a factor, that brings `largest` = max |x| to where its square times any number of elements
 * neither overflows nor loses digits to subnormals: between 2^-45 and 2^42 in f32, 2^-480 and 2^480 in f64. For
 * ordinary sizes it is 1.
 */
static cg_tensor *power_of_two(cg_tensor *largest) {
    bool wide = largest->storage->dtype == CG_F64;
    const double high = wide ? 0x1p480 : 0x1p42, low = wide ? 0x1p-480 : 0x1p-45, tiny = wide ? 0 : 0x1p-131;
    const double shrink = wide ? 0x1p-600 : 0x1p-86, grow = wide ? 0x1p600 : 0x1p87, grow_tiny = 0x1p104;
    cg_device *dev = largest->storage->dev;
    cg_tensor *factor = cg_ones(dev, largest->storage->dtype, cg_shape()); /* numbers alone would be f32 */
    factor = cg_where(cg_gt(largest, high), shrink, factor);
    factor = cg_where(cg_lt(largest, low), grow, factor);
    return cg_where(cg_lt(largest, tiny), grow_tiny, factor);
}

static cg_tensor *norm_2(cg_tensor *x, unsigned mask, bool keepdims) {
    cg_dtype dtype = x->storage->dtype;
    cg_tensor *size = cg_abs(x);
    cg_tensor *largest = size ? cg_reduction("norm", CG_REDUCE_MAX, size, dtype, dtype, mask, true) : NULL;
    cg_tensor *factor = largest ? power_of_two(largest) : NULL;
    cg_tensor *sum = cg_sum(cg_square(cg_mul(x, factor)), cg_reduction_axes(mask), true);
    return cg_reshape(cg_div(cg_sqrt(sum), factor), cg_reduction_shape(&x->shape, mask, keepdims));
}

/* --- any other p > 0 ------------------------------------------------------------------------------------------ */

/* dx = g sign(x) (|x| / out)^(p - 1), with 1 in place of an |x| and an out of 0: sign(x) is 0 there. */
static void norm_p_backward(const cg_rule_call *call, cg_tensor **dx) {
    unsigned mask = (unsigned)call->attributes->i[0];
    cg_tensor *x = call->x[0], *g = cg_reduction_unreduce(call->g, &call->shape[0], mask);
    cg_tensor *out = cg_reduction_unreduce(call->out, &call->shape[0], mask);
    cg_tensor *size = cg_where(cg_eq(x, 0), 1.0, cg_abs(x)), *total = cg_where(cg_eq(out, 0), 1.0, out);
    cg_tensor *slope = cg_pow(cg_div(size, total), call->attributes->d[0] - 1);
    dx[0] = cg_mul(cg_mul(cg_sign(x), slope), g);
}

static const cg_rule norm_p_rule = {"norm", norm_p_backward};

/* s (sum (|x| / s)^p)^(1/p), s = max |x|; a largest of 0 or infinity is left as it is by s = 1. */
static cg_tensor *norm_p(cg_tensor *x, double p, unsigned mask, bool keepdims) {
    cg_dtype dtype = x->storage->dtype;
    cg_tensor *size = cg_abs(x);
    cg_tensor *largest = size ? cg_reduction("norm", CG_REDUCE_MAX, size, dtype, dtype, mask, true) : NULL;
    cg_tensor *scale =
        cg_where(cg_gt(largest, 0), cg_where(cg_lt(largest, (double)INFINITY), largest, 1.0), 1.0);
    cg_tensor *sum = cg_sum(cg_pow(cg_div(size, scale), p), cg_reduction_axes(mask), true);
    return cg_reshape(cg_mul(cg_pow(sum, 1 / p), scale), cg_reduction_shape(&x->shape, mask, keepdims));
}

/* --- the rest --------------------------------------------------------------------------------------------------- */

static cg_tensor *scaled_norm(cg_tensor *x, double p, unsigned mask, bool keepdims) {
    cg_scope *scope = cg_values_begin(x->storage->dev);
    if (!scope) return NULL;
    cg_tensor *out = cg_values_end(scope, p == 2 ? norm_2(x, mask, keepdims) : norm_p(x, p, mask, keepdims));
    return cg_record_op(out, p == 2 ? &norm_2_rule : &norm_p_rule, 1, &x, CG_KEEP(0) | CG_KEEP_OUT,
                        &(cg_attributes){.i = {mask}, .d = {p}});
}

cg_tensor *cg_norm(cg_tensor *x, double p, cg_axis_set axes, bool keepdims) {
    unsigned mask;
    if (!x || !cg_reduction_mask("norm", x, axes, &mask)) return NULL;
    if (!(p >= 0) && !(isinf(p) && p < 0)) {
        CG_FAIL(&x->storage->dev->error, CG_ERROR_ARGUMENT,
                "norm of %s: p is %g; expected 0, a positive number, infinity or -infinity",
                CG_SHAPE_STR(&x->shape), p);
        return NULL;
    }
    if (isinf(p) && !cg_reduction_not_empty("norm", x, mask)) return NULL;
    cg_tensor *real = cg_op_real(x);
    if (!real) return NULL;
    if (isinf(p)) return p > 0 ? cg_max(cg_abs(real), axes, keepdims) : cg_min(cg_abs(real), axes, keepdims);
    if (p == 0) return cg_cast(cg_count_nonzero(real, axes, keepdims), real->storage->dtype);
    if (p == 1 || cg_numel(real) == 0) return cg_sum(cg_abs(real), axes, keepdims);
    return scaled_norm(real, p, mask, keepdims);
}
