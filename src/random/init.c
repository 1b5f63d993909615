/* How weights start. */
#include "clgrad/random.h"

#include <math.h>

#include "core/shape.h"
#include "tensor/context.h"

/* Checks the fans and gives the shape (in, out); false and an error otherwise. */
static bool check_fans(cg_device *dev, const char *op, int64_t fan_in, int64_t fan_out) {
    if (!dev) return false;
    if (fan_in > 0 && fan_out > 0) return true;
    CG_FAIL(&dev->error, CG_ERROR_ARGUMENT, "%s: expected fans > 0, got %lld and %lld", op, (long long)fan_in,
            (long long)fan_out);
    return false;
}

cg_tensor *cg_xavier_uniform(cg_device *dev, cg_dtype dtype, int64_t fan_in, int64_t fan_out) {
    if (!check_fans(dev, "xavier_uniform", fan_in, fan_out)) return NULL;
    double a = sqrt(6.0 / ((double)fan_in + (double)fan_out));
    return cg_uniform(dev, dtype, cg_shape(fan_in, fan_out), -a, a);
}

cg_tensor *cg_xavier_normal(cg_device *dev, cg_dtype dtype, int64_t fan_in, int64_t fan_out) {
    if (!check_fans(dev, "xavier_normal", fan_in, fan_out)) return NULL;
    double std = sqrt(2.0 / ((double)fan_in + (double)fan_out));
    return cg_normal(dev, dtype, cg_shape(fan_in, fan_out), 0, std);
}

cg_tensor *cg_he_uniform(cg_device *dev, cg_dtype dtype, int64_t fan_in, int64_t fan_out) {
    if (!check_fans(dev, "he_uniform", fan_in, fan_out)) return NULL;
    double a = sqrt(6.0 / (double)fan_in);
    return cg_uniform(dev, dtype, cg_shape(fan_in, fan_out), -a, a);
}

cg_tensor *cg_he_normal(cg_device *dev, cg_dtype dtype, int64_t fan_in, int64_t fan_out) {
    if (!check_fans(dev, "he_normal", fan_in, fan_out)) return NULL;
    return cg_normal(dev, dtype, cg_shape(fan_in, fan_out), 0, sqrt(2.0 / (double)fan_in));
}
