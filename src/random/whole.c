/* Whole numbers and truth values: integers, bernoulli, binomial. */
#include "random/draw.h"

#include <math.h>

#include "clgrad/random.h"
#include "random/random_host.h"

/* --- integers -------------------------------------------------------------------------------------------------- */

static bool check_integers(cg_device *dev, cg_dtype dtype, int64_t low, int64_t high) {
    if (dtype != CG_I32 && dtype != CG_I64) {
        CG_FAIL(&dev->error, CG_ERROR_DTYPE, "integers: expected i32 or i64, got %s", cg_dtype_name(dtype));
        return false;
    }
    const bool narrow = dtype == CG_I32;
    if (low < high && (!narrow || (low >= INT32_MIN && high - 1 <= INT32_MAX))) return true;
    CG_FAIL(&dev->error, CG_ERROR_ARGUMENT, "integers: expected low < high within %s, got %lld and %lld",
            cg_dtype_name(dtype), (long long)low, (long long)high);
    return false;
}

cg_tensor *cg_integers(cg_device *dev, cg_dtype dtype, cg_dims shape, int64_t low, int64_t high) {
    if (!dev || !check_integers(dev, dtype, low, high)) return NULL;
    const uint64_t range = (uint64_t)high - (uint64_t)low;
    const uint64_t reject = dtype == CG_I32 ? (UINT64_C(1) << 32) % range : (0 - range) % range;
    const cg_random_request r = {
        .kind = CG_RANDOM_INTEGERS, .dtype = dtype, .integers = {low, range, reject}};
    return cg_random_draw(dev, "integers", &shape, r);
}

/* --- bernoulli ------------------------------------------------------------------------------------------------- */

/* p in steps of 2^-64; 1 itself is not among them. */
cg_random_request cg_random_bernoulli(double p) {
    return (cg_random_request){.kind = CG_RANDOM_BERNOULLI,
                               .dtype = CG_BOOL,
                               .chance = p < 1 ? (uint64_t)rint(p * 0x1p64) : UINT64_MAX};
}

cg_tensor *cg_bernoulli(cg_device *dev, cg_dims shape, double p) {
    if (!dev || !cg_random_check_probability(dev, "bernoulli", p)) return NULL;
    cg_tensor *x = cg_random_draw(dev, "bernoulli", &shape, cg_random_bernoulli(p));
    return x && p == 1 ? cg_full(dev, CG_BOOL, shape, 1) : x;
}

/* --- binomial -------------------------------------------------------------------------------------------------- */

cg_tensor *cg_binomial(cg_device *dev, cg_dims shape, int64_t n, double p) {
    if (!dev || !cg_random_check_probability(dev, "binomial", p)) return NULL;
    if (n < 0 || n > INT64_C(1) << 53) {
        CG_FAIL(&dev->error, CG_ERROR_ARGUMENT, "binomial: expected 0 to 2^53 trials, got %lld",
                (long long)n);
        return NULL;
    }
    const cg_random_request r = {
        .kind = CG_RANDOM_BINOMIAL, .dtype = CG_I64, .binomial = cg_random_binomial_of((double)n, p)};
    return cg_random_draw(dev, "binomial", &shape, r);
}
