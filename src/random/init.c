/* How weights start. */
#include "clgrad/random.h"

#include <math.h>

#include "clgrad/linalg.h"
#include "clgrad/manipulation.h"
#include "clgrad/ops.h"
#include "core/shape.h"
#include "tensor/context.h"

/* Whether both sizes are positive; an error otherwise, which calls them `what`. */
static bool check_positive(cg_device *dev, const char *op, const char *what, int64_t a, int64_t b) {
    if (!dev) return false;
    if (a > 0 && b > 0) return true;
    CG_FAIL(&dev->error, CG_ERROR_ARGUMENT, "%s: expected %s > 0, got %lld and %lld", op, what, (long long)a,
            (long long)b);
    return false;
}

static bool check_fans(cg_device *dev, const char *op, int64_t fan_in, int64_t fan_out) {
    return check_positive(dev, op, "fans", fan_in, fan_out);
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

/* Q with each column times the sign of R's diagonal, which makes R's diagonal positive. */
static cg_tensor *haar(cg_tensor *x) {
    cg_tensor *q, *r;
    if (!x || cg_qr(x, CG_QR_REDUCED, &q, &r)) return NULL;
    cg_tensor *sign = cg_where(cg_lt(cg_diagonal(r, 0, 0, 1), 0), -1.0, 1.0);
    return cg_mul(q, cg_cast(sign, cg_dtype_of(q)));
}

cg_tensor *cg_orthogonal(cg_device *dev, cg_dtype dtype, int64_t rows, int64_t cols, double gain) {
    if (!check_positive(dev, "orthogonal", "rows and columns", rows, cols)) return NULL;
    cg_scope *scope = cg_scope_begin(dev);
    if (!scope) return NULL;
    const bool wide = cols > rows;
    cg_tensor *q = haar(cg_normal(dev, dtype, wide ? cg_shape(cols, rows) : cg_shape(rows, cols), 0, 1));
    return cg_scope_return(scope, cg_mul(wide ? cg_contiguous(cg_transpose(q, 0, 1)) : q, gain));
}
