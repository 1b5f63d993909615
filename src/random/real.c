/* Real numbers: uniform, normal, exponential, gamma, beta. */
#include "random/draw.h"

#include <float.h>
#include <math.h>

#include "clgrad/activations.h"
#include "clgrad/random.h"
#include "random/random_host.h"

cg_tensor *cg_uniform(cg_device *dev, cg_dtype dtype, cg_dims shape, double low, double high) {
    if (!dev || !cg_random_check_real(dev, "uniform", dtype)) return NULL;
    cg_random_request r = {CG_DRAW_REAL(CG_RANDOM_UNIFORM, dtype)};
    if (low != 0 || high != 1) r.scale = high - low, r.shift = low;
    return cg_random_draw(dev, "uniform", &shape, r);
}

cg_tensor *cg_normal(cg_device *dev, cg_dtype dtype, cg_dims shape, double mean, double std) {
    if (!dev || !cg_random_check_real(dev, "normal", dtype)) return NULL;
    cg_random_request r = {CG_DRAW_REAL(CG_RANDOM_NORMAL, dtype)};
    if (mean != 0 || std != 1) r.scale = std, r.shift = mean;
    return cg_random_draw(dev, "normal", &shape, r);
}

static bool check_scale(cg_device *dev, const char *op, double scale) {
    if (scale >= 0 && scale <= DBL_MAX) return true;
    CG_FAIL(&dev->error, CG_ERROR_ARGUMENT, "%s: expected a finite scale >= 0, got %g", op, scale);
    return false;
}

cg_tensor *cg_exponential(cg_device *dev, cg_dtype dtype, cg_dims shape, double scale) {
    if (!dev || !cg_random_check_real(dev, "exponential", dtype) || !check_scale(dev, "exponential", scale))
        return NULL;
    cg_random_request r = {CG_DRAW_REAL(CG_RANDOM_EXPONENTIAL, dtype)};
    r.scale = scale;
    return cg_random_draw(dev, "exponential", &shape, r);
}

static bool check_shape_parameter(cg_device *dev, const char *op, double a) {
    if (a > 0 && a <= DBL_MAX) return true;
    CG_FAIL(&dev->error, CG_ERROR_ARGUMENT, "%s: expected finite shape parameters > 0, got %g", op, a);
    return false;
}

/* The power 1/a stays finite in the dtype: infinity times log 1 would be NaN. */
static cg_random_gamma gamma_of(double a, cg_dtype dtype) {
    cg_random_gamma g = cg_random_gamma_of(a);
    g.power = fmin(g.power, dtype == CG_F32 ? (double)FLT_MAX : DBL_MAX);
    return g;
}

cg_tensor *cg_gamma(cg_device *dev, cg_dtype dtype, cg_dims shape, double a, double scale) {
    if (!dev || !cg_random_check_real(dev, "gamma", dtype) || !check_shape_parameter(dev, "gamma", a) ||
        !check_scale(dev, "gamma", scale))
        return NULL;
    cg_random_request r = {CG_DRAW_REAL(CG_RANDOM_GAMMA, dtype)};
    r.scale = scale;
    r.gamma = gamma_of(a, dtype);
    return cg_random_draw(dev, "gamma", &shape, r);
}

static cg_tensor *log_gamma(cg_device *dev, cg_dtype dtype, const cg_dims *shape, double a) {
    cg_random_request r = {CG_DRAW_REAL(CG_RANDOM_LOG_GAMMA, dtype)};
    r.gamma = gamma_of(a, dtype);
    return cg_random_draw(dev, "beta", shape, r);
}

/* x / (x + y) = 1 / (1 + exp(log y - log x)), which holds where x and y are too small for the dtype. */
cg_tensor *cg_beta(cg_device *dev, cg_dtype dtype, cg_dims shape, double a, double b) {
    if (!dev || !cg_random_check_real(dev, "beta", dtype) || !check_shape_parameter(dev, "beta", a) ||
        !check_shape_parameter(dev, "beta", b))
        return NULL;
    cg_tensor *x = log_gamma(dev, dtype, &shape, a), *y = x ? log_gamma(dev, dtype, &shape, b) : NULL;
    return cg_sigmoid(cg_sub(x, y));
}
