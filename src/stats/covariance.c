/* Covariance and correlation of variables. */
#include "ops/reduction.h"

#include "clgrad/linalg.h"
#include "clgrad/statistics.h"

/* x (V, n) or (n) less the mean of each row, as (V, n); NULL and an error for another rank. */
static cg_tensor *deviations(const char *op, cg_tensor *input, bool rowvar) {
    if (!input) return NULL;
    if (input->shape.rank > 2) {
        CG_FAIL(&input->storage->dev->error, CG_ERROR_SHAPE,
                "%s: expected variables and observations, (V, n) or (n), got %s", op,
                CG_SHAPE_STR(&input->shape));
        return NULL;
    }
    cg_tensor *x = cg_op_real(input);
    if (input->shape.rank < 2)
        x = cg_reshape(x, cg_shape(1, cg_numel(x)));
    else if (!rowvar)
        x = cg_transpose(x, 0, 1);
    return cg_centred(x, 1u << 1);
}

/* One variable: a scalar, as NumPy gives it. */
static cg_tensor *squeezed(cg_tensor *c) { return cg_numel(c) == 1 ? cg_reshape(c, cg_shape()) : c; }

cg_tensor *cg_cov(cg_tensor *x, int ddof, bool rowvar) {
    cg_tensor *d = deviations("cov", x, rowvar);
    double divisor = (double)cg_size(d, 1) - ddof;
    return squeezed(cg_div(cg_matmul(d, cg_transpose(d, 0, 1)), divisor > 0 ? divisor : 0.0));
}

/* A vector of one weight for each observation, real; NULL with an error. */
static cg_tensor *observation_weights(cg_tensor *d, cg_tensor *weights) {
    if (!d || !weights || !cg_op_same_device("cov_weighted", d->storage->dev, 1, &weights)) return NULL;
    if (weights->shape.rank == 1 && weights->shape.dim[0] == cg_size(d, 1)) return cg_op_real(weights);
    CG_FAIL(&d->storage->dev->error, CG_ERROR_SHAPE,
            "cov_weighted: weights %s, expected one for each of %lld observations",
            CG_SHAPE_STR(&weights->shape), (long long)cg_size(d, 1));
    return NULL;
}

/* The weighted mean is taken of deviations from the plain one: a large mean costs no digits. */
cg_tensor *cg_cov_weighted(cg_tensor *x, cg_tensor *weights, int ddof, bool rowvar) {
    cg_tensor *d = deviations("cov_weighted", x, rowvar), *w = observation_weights(d, weights);
    if (!w) return NULL;
    cg_tensor *sum = cg_sum(w, CG_ALL_AXES, false);
    cg_tensor *mean = cg_div(cg_sum(cg_mul(d, w), cg_axes(1), true), sum);
    d = cg_sub(d, mean);
    cg_tensor *divisor = cg_sub(sum, cg_div(cg_mul(cg_sum(cg_square(w), CG_ALL_AXES, false), ddof), sum));
    return squeezed(cg_div(cg_matmul(cg_mul(d, w), cg_transpose(d, 0, 1)), cg_maximum(divisor, 0)));
}

cg_tensor *cg_corrcoef(cg_tensor *x) {
    cg_tensor *d = deviations("corrcoef", x, true), *unit = cg_div(d, cg_norm(d, 2, cg_axes(1), true));
    cg_tensor *c = cg_matmul(unit, cg_transpose(unit, 0, 1));
    return squeezed(cg_minimum(cg_maximum(c, -1), 1));
}
