/* Gated units: one half of an axis, times a function of the other. */
#include "ops/op.h"

/* The halves of x along an axis; false and an error that names `op` if there are none. */
static bool halves(const char *op, cg_tensor *x, int axis, cg_tensor **a, cg_tensor **b) {
    int at = cg_op_axis(op, x, axis);
    if (at < 0) return false;
    int64_t n = x->shape.dim[at];
    if (n % 2) {
        CG_FAIL(&x->storage->dev->error, CG_ERROR_SHAPE, "%s: axis %d of %s has the odd length %lld", op,
                axis, CG_SHAPE_STR(&x->shape), (long long)n);
        return false;
    }
    *a = cg_slice(x, at, 0, n / 2, 1);
    *b = cg_slice(x, at, n / 2, n, 1);
    return *a && *b;
}

cg_tensor *cg_glu(cg_tensor *x, int axis) {
    cg_tensor *a, *b;
    return x && halves("glu", x, axis, &a, &b) ? cg_mul(a, cg_sigmoid(b)) : NULL;
}

cg_tensor *cg_swiglu(cg_tensor *x, int axis) {
    cg_tensor *a, *b;
    return x && halves("swiglu", x, axis, &a, &b) ? cg_mul(cg_swish(a), b) : NULL;
}
