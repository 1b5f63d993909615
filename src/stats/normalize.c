/* Normalization over axes in one call. */
#include "stats/normalize.h"

#include <math.h>

#include "ops/reduction.h"

cg_tensor *cg_not_zero(cg_tensor *x) { return cg_where(cg_eq(x, 0), 1.0, x); }

bool cg_minmax_check(const char *op, const cg_tensor *x, double lo, double hi) {
    if (isfinite(lo) && isfinite(hi) && lo < hi) return true;
    CG_FAIL(&x->storage->dev->error, CG_ERROR_ARGUMENT, "%s of %s: expected finite lo < hi, got %g and %g",
            op, CG_SHAPE_STR(&x->shape), lo, hi);
    return false;
}

/* The variance, not its root, has its 0 replaced: the gradient of the root would be infinite there. */
cg_tensor *cg_zscore(cg_tensor *x, cg_axis_set axes, int ddof) {
    unsigned mask;
    if (!x || !cg_reduction_mask("zscore", x, axes, &mask)) return NULL;
    cg_tensor *d = cg_centred(cg_op_real(x), mask);
    double divisor = (double)cg_reduction_count(&x->shape, mask) - ddof;
    cg_tensor *var = cg_div(cg_sum(cg_square(d), axes, true), divisor > 0 ? divisor : 0.0);
    return cg_div(d, cg_sqrt(cg_not_zero(var)));
}

cg_tensor *cg_minmax(cg_tensor *x, cg_axis_set axes, double lo, double hi) {
    unsigned mask;
    if (!x || !cg_minmax_check("minmax", x, lo, hi) || !cg_reduction_mask("minmax", x, axes, &mask) ||
        !cg_reduction_not_empty("minmax", x, mask))
        return NULL;
    cg_tensor *real = cg_op_real(x), *least = cg_min(real, axes, true);
    cg_tensor *range = cg_not_zero(cg_sub(cg_max(real, axes, true), least));
    return cg_add(cg_mul(cg_div(cg_sub(real, least), range), hi - lo), lo);
}
