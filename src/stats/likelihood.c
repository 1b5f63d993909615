/* Parameters of greatest likelihood. */
#include <math.h>

#include "clgrad/probability.h"
#include "stats/moments.h"

cg_status cg_normal_fit(cg_tensor *x, cg_axis_set axes, bool keepdims, cg_tensor **mean, cg_tensor **std) {
    unsigned mask;
    if (!x) return CG_ERROR_ARGUMENT;
    cg_device *dev = x->storage->dev;
    if (!cg_reduction_mask("normal_fit", x, axes, &mask)) return dev->error.code;
    cg_tensor *real = cg_op_real(x), *m = NULL, *s = NULL;
    double n = (double)cg_reduction_count(&x->shape, mask);
    if (mean) m = cg_average(real, NULL, axes, keepdims);
    if (std) s = cg_narrow(cg_deviation_of(cg_central_moment(real, 2, mask, n)), real, mask, keepdims);
    if ((mean && !m) || (std && !s)) return dev->error.code;
    if (mean) *mean = m;
    if (std) *std = s;
    return CG_OK;
}

cg_status cg_uniform_fit(cg_tensor *x, cg_axis_set axes, bool keepdims, cg_tensor **low, cg_tensor **high) {
    unsigned mask;
    if (!x) return CG_ERROR_ARGUMENT;
    cg_device *dev = x->storage->dev;
    if (!cg_reduction_mask("uniform_fit", x, axes, &mask) || !cg_reduction_not_empty("uniform_fit", x, mask))
        return dev->error.code;
    cg_tensor *real = cg_op_real(x), *lo = NULL, *hi = NULL;
    if (low) lo = cg_min(real, axes, keepdims);
    if (high) hi = cg_max(real, axes, keepdims);
    if ((low && !lo) || (high && !hi)) return dev->error.code;
    if (low) *low = lo;
    if (high) *high = hi;
    return CG_OK;
}

/* The mean of a sample all of whose elements must be `valid`: one that is not makes it NaN. */
static cg_tensor *mean_of_valid(const char *op, cg_tensor *x, cg_axis_set axes, bool keepdims,
                                cg_tensor *valid(cg_tensor *x)) {
    unsigned mask;
    if (!x || !cg_reduction_mask(op, x, axes, &mask)) return NULL;
    cg_tensor *real = cg_op_real(x);
    return real ? cg_average(cg_where(valid(real), real, (double)NAN), NULL, axes, keepdims) : NULL;
}

static cg_tensor *not_negative(cg_tensor *x) { return cg_ge(x, 0); }
static cg_tensor *zero_or_one(cg_tensor *x) { return cg_logical_or(cg_eq(x, 0), cg_eq(x, 1)); }

cg_tensor *cg_exponential_fit(cg_tensor *x, cg_axis_set axes, bool keepdims) {
    return mean_of_valid("exponential_fit", x, axes, keepdims, not_negative);
}

cg_tensor *cg_bernoulli_fit(cg_tensor *x, cg_axis_set axes, bool keepdims) {
    return mean_of_valid("bernoulli_fit", x, axes, keepdims, zero_or_one);
}
