/* Whether numbers agree within a tolerance. */
#include "ops/op.h"

/* Differences of integers must not wrap, and bool has none: they are taken in i64. */
static cg_tensor *widened(cg_tensor *x) {
    return cg_dtype_is_float(x->storage->dtype) ? x : cg_cast(x, CG_I64);
}

/* |x - y| <= atol + rtol |y| for finite y: beside an infinite one the tolerance would be infinite, too. */
static cg_tensor *within_tolerance(cg_tensor *x, cg_tensor *y, double rtol, double atol) {
    cg_tensor *a = widened(x), *b = widened(y);
    if (!a || !b) return NULL;
    cg_tensor *tolerance = cg_add(cg_mul(cg_abs(b), rtol), atol);
    return cg_logical_and(cg_le(cg_abs(cg_sub(a, b)), tolerance), cg_isfinite(b));
}

cg_tensor *cg_isclose(cg_tensor *x, cg_tensor *y, double rtol, double atol, bool equal_nan) {
    if (!x || !y || !cg_op_same_device("isclose", x->storage->dev, 1, &y)) return NULL;
    cg_dims common;
    if (!cg_broadcast_shapes(x->shape, y->shape, &common)) {
        CG_FAIL(&x->storage->dev->error, CG_ERROR_SHAPE, "isclose: shapes do not broadcast: %s and %s",
                CG_SHAPE_STR(&x->shape), CG_SHAPE_STR(&y->shape));
        return NULL;
    }
    cg_tensor *close = cg_logical_or(cg_eq(x, y), within_tolerance(x, y, rtol, atol));
    return equal_nan ? cg_logical_or(close, cg_logical_and(cg_isnan(x), cg_isnan(y))) : close;
}

cg_tensor *cg_allclose(cg_tensor *x, cg_tensor *y, double rtol, double atol, bool equal_nan) {
    cg_tensor *close = cg_isclose(x, y, rtol, atol, equal_nan);
    return close ? cg_eq(cg_sum(cg_logical_not(close), CG_ALL_AXES, false), 0) : NULL;
}
