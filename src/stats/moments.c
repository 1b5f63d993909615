#include "stats/moments.h"

cg_tensor *cg_wide(cg_tensor *x) {
    return x && x->storage->dev->hw->info.has_f64 ? cg_op_cast(x, CG_F64) : x;
}

cg_tensor *cg_narrow(cg_tensor *result, cg_tensor *x, unsigned mask, bool keepdims) {
    if (!result || !x) return NULL;
    return cg_op_cast(cg_reshape(result, cg_reduction_shape(&x->shape, mask, keepdims)), x->storage->dtype);
}

/* --- deviations ---------------------------------------------------------------------------------------------- */

/*
 * The distances of f32 numbers to the first are exact in f64, or nearly so: one number is enough for their mean. The first
 * elements are taken as f32, for a view of a pending conversion would store it.
 */
static cg_tensor *deviations_values(cg_tensor *x, unsigned mask) {
    if (cg_numel(x) == 0) return cg_wide(x);
    cg_dims first = cg_reduction_shape(&x->shape, mask, true);
    cg_tensor *distance = cg_sub(cg_wide(x), cg_wide(cg_view(x, &first, x->stride, x->offset)));
    return cg_sub(distance, cg_mean(distance, cg_reduction_axes(mask), true));
}

/* x - mean, wide. */
static cg_tensor *deviations(cg_tensor *x, unsigned mask) {
    cg_tensor *wide = cg_wide(x);
    if (!wide) return NULL;
    if (wide == x) return cg_centred(x, mask);
    cg_scope *scope = cg_values_begin(x->storage->dev);
    cg_tensor *out = scope ? cg_values_end(scope, deviations_values(x, mask)) : NULL;
    return cg_centred_record(out, x, mask);
}

/* --- moments --------------------------------------------------------------------------------------------------- */

static cg_tensor *power(cg_tensor *d, int k) {
    cg_tensor *square = k > 1 ? cg_square(d) : d;
    return k == 3 ? cg_mul(square, d) : k == 4 ? cg_square(square) : square;
}

/* With d = x - mean: k / divisor (d^(k-1) - mean(d^(k-1))); the mean of d itself is 0. */
static void moment_backward(const cg_rule_call *call, cg_tensor **dx) {
    unsigned mask = (unsigned)call->attributes->i[0];
    int k = (int)call->attributes->i[1];
    cg_tensor *slope = power(deviations(call->x[0], mask), k - 1);
    if (k > 2) slope = cg_sub(slope, cg_mean(slope, cg_reduction_axes(mask), true));
    dx[0] = cg_mul(slope, cg_mul(call->g, k / call->attributes->d[0]));
}

static const cg_rule moment_rule = {"central moment", moment_backward};

cg_tensor *cg_central_moment(cg_tensor *x, int k, unsigned mask, double divisor) {
    cg_scope *scope = x ? cg_values_begin(x->storage->dev) : NULL;
    if (!scope) return NULL;
    cg_tensor *sum = cg_sum(power(deviations(x, mask), k), cg_reduction_axes(mask), true);
    cg_tensor *out = cg_values_end(scope, cg_div(sum, divisor));
    return cg_record_op(out, &moment_rule, 1, &x, CG_KEEP(0),
                        &(cg_attributes){.i = {mask, k}, .d = {divisor}});
}

cg_tensor *cg_deviation_of(cg_tensor *var) {
    cg_tensor *none = cg_eq(var, 0);
    return cg_where(none, 0.0, cg_sqrt(cg_where(none, 1.0, var)));
}
