/* Covariance and correlation of variables. */
#include "ops/reduction.h"

#include "clgrad/linalg.h"

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

cg_tensor *cg_corrcoef(cg_tensor *x) {
    cg_tensor *d = deviations("corrcoef", x, true), *unit = cg_div(d, cg_norm(d, 2, cg_axes(1), true));
    cg_tensor *c = cg_matmul(unit, cg_transpose(unit, 0, 1));
    return squeezed(cg_minimum(cg_maximum(c, -1), 1));
}
