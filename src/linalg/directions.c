/* Unit vectors, and what they tell of the angle between two. */
#include "clgrad/distances.h"

#include <math.h>

#include "ops/matmul.h"

/* --- Unit vectors --------------------------------------------------------------------------------------------- */

/*
 * x / s / |x / s| with s = max |x|. The direction does not depend on s, so that s takes no part in the gradient, in any
 * order. A norm of 0 becomes infinity: the result is 0 then, and so are all gradients.
 */
static cg_tensor *unit_vectors(cg_tensor *x, double p, int axis) {
    cg_tensor *real = cg_op_real(x);
    if (!real || cg_numel(real) == 0) return cg_mul(real, 1);
    cg_tensor *largest = cg_max(cg_abs(cg_detach(real)), cg_axes(axis), true);
    cg_tensor *scaled = cg_div(real, cg_where(cg_eq(largest, 0), 1.0, largest));
    cg_tensor *norm = cg_norm(scaled, p, cg_axes(axis), true);
    return cg_div(scaled, cg_where(cg_eq(norm, 0), (double)INFINITY, norm));
}

cg_tensor *cg_normalize(cg_tensor *x, double p, int axis) {
    if (!x || cg_op_axis("normalize", x, axis) < 0) return NULL;
    if (!(p > 0)) {
        CG_FAIL(&x->storage->dev->error, CG_ERROR_ARGUMENT,
                "normalize of %s: p is %g; expected a positive number or infinity", CG_SHAPE_STR(&x->shape),
                p);
        return NULL;
    }
    return unit_vectors(x, p, axis);
}

/* --- Two vectors ---------------------------------------------------------------------------------------------- */

/*
 * The axis of `shape` on which x's vectors lie, counted from the end, so that it is the same in x; x is expanded where it
 * has one element there and the other more, or no such axis.
 */
static cg_tensor *units_along(cg_tensor *x, const cg_dims *shape, int axis) {
    int from_end = axis - shape->rank;
    bool whole = x->shape.rank >= -from_end && cg_size(x, from_end) == shape->dim[axis];
    return unit_vectors(whole ? x : cg_expand(x, *shape), 2, from_end);
}

/* The unit vectors of both, and `axis` of their broadcast shape as 0..; negative and an error naming `op` if that fails. */
static int two_units(const char *op, cg_tensor *x, cg_tensor *y, int axis, cg_tensor *unit[2]) {
    cg_dims shape;
    if (!x || !y || !cg_op_same_device(op, x->storage->dev, 1, &y)) return -1;
    cg_error *err = &x->storage->dev->error;
    if (!cg_broadcast_shapes(x->shape, y->shape, &shape)) {
        CG_FAIL(err, CG_ERROR_SHAPE, "%s: x %s and y %s do not broadcast", op, CG_SHAPE_STR(&x->shape),
                CG_SHAPE_STR(&y->shape));
        return -1;
    }
    int at = axis < 0 ? axis + shape.rank : axis;
    if (at < 0 || at >= shape.rank) {
        CG_FAIL(err, CG_ERROR_ARGUMENT,
                "%s: axis %d is out of range for shape %s, to which x %s and y %s broadcast", op, axis,
                CG_SHAPE_STR(&shape), CG_SHAPE_STR(&x->shape), CG_SHAPE_STR(&y->shape));
        return -1;
    }
    unit[0] = units_along(x, &shape, at);
    unit[1] = units_along(y, &shape, at);
    return unit[0] && unit[1] ? at : -1;
}

cg_tensor *cg_cosine_similarity(cg_tensor *x, cg_tensor *y, int axis) {
    cg_tensor *unit[2];
    int at = two_units("cosine_similarity", x, y, axis, unit);
    return at < 0 ? NULL : cg_sum(cg_mul(unit[0], unit[1]), cg_axes(at), false);
}

cg_tensor *cg_angle(cg_tensor *x, cg_tensor *y, int axis) {
    cg_tensor *unit[2];
    int at = two_units("angle", x, y, axis, unit);
    if (at < 0) return NULL;
    cg_tensor *apart = cg_norm(cg_sub(unit[0], unit[1]), 2, cg_axes(at), false);
    cg_tensor *together = cg_norm(cg_add(unit[0], unit[1]), 2, cg_axes(at), false);
    return cg_mul(cg_atan2(apart, together), 2);
}

cg_tensor *cg_cosine_similarity_matrix(cg_tensor *x, cg_tensor *y) {
    const char *op = "cosine_similarity_matrix";
    if (!x || !y || !cg_op_same_device(op, x->storage->dev, 1, &y)) return NULL;
    if (x->shape.rank < 2 || y->shape.rank < 2 || cg_size(x, -1) != cg_size(y, -1) ||
        !cg_broadcast_shapes(cg_matmul_batch(x), cg_matmul_batch(y), NULL)) {
        CG_FAIL(&x->storage->dev->error, CG_ERROR_SHAPE,
                "%s: expected (..., N, D) and (..., M, D) with batch axes that broadcast: x %s, y %s", op,
                CG_SHAPE_STR(&x->shape), CG_SHAPE_STR(&y->shape));
        return NULL;
    }
    return cg_matmul(unit_vectors(x, 2, -1), cg_transpose(unit_vectors(y, 2, -1), -1, -2));
}
