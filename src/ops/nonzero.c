/*
 * Elements chosen by a mask. Where they are is found on the device, without atomics: the running count of true elements
 * is sorted, and element k of the result is where it first reaches k + 1. Only the number of them comes to the host.
 */
#include "ops/order.h"

/* The row-major places (count) i64 of the elements of x that are not 0. */
static cg_tensor *true_places(const char *op, cg_tensor *x) {
    cg_device *dev = x->storage->dev;
    int64_t n = cg_numel(x);
    if (n == 0) return cg_zeros(dev, CG_I64, cg_shape(0));
    cg_dtype type = n <= INT32_MAX ? CG_I32 : CG_I64;
    cg_tensor *is_true = cg_ne(cg_detach(x), cg_zeros(dev, x->storage->dtype, cg_shape()));
    cg_tensor *ones = cg_reshape(cg_cast(is_true, type), cg_shape(n));
    cg_tensor *count = ones ? cg_order_scan(op, CG_REDUCE_SUM, ones, 0, false) : NULL;
    int64_t total = 0;
    cg_tensor *last = cg_cast(cg_slice(count, 0, n - 1, n, 1), CG_I64);
    if (!last || cg_op_read(op, last, &total, sizeof total)) return NULL;
    cg_tensor *number = cg_cast(cg_add(cg_order_places(dev, total), 1), type);
    return number ? cg_order_search(op, count, number, false) : NULL;
}

/* --- nonzero ------------------------------------------------------------------------------------------------------ */

/*
 * Turns places within (dim, inner) into the index of dim, and leaves the places within inner. The quotient is the
 * number of multiples inner, 2 inner, ... that are not beyond the place.
 */
static cg_tensor *peel_axis(cg_tensor **place, int64_t dim, int64_t inner) {
    cg_device *dev = (*place)->storage->dev;
    cg_tensor *multiples = cg_mul(cg_add(cg_order_places(dev, dim - 1), 1), inner);
    cg_tensor *index = multiples ? cg_order_search("nonzero", multiples, *place, true) : NULL;
    *place = index ? cg_eval(cg_sub(*place, cg_mul(index, inner))) : NULL;
    return index;
}

cg_tensor *cg_nonzero(cg_tensor *x) {
    if (!x) return NULL;
    cg_tensor *place = true_places("nonzero", x), *column[CG_MAX_RANK];
    int rank = x->shape.rank;
    if (!place) return NULL;
    if (rank == 0) return cg_zeros(x->storage->dev, CG_I64, cg_shape(cg_numel(place), 0));
    for (int i = 0; i < rank && place; i++) {
        int64_t outer, inner;
        cg_dims_around(&x->shape, i, &outer, &inner);
        column[i] = i == rank - 1 ? place : cg_numel(x) ? peel_axis(&place, x->shape.dim[i], inner) : place;
    }
    return place ? cg_stack(rank, column, 1) : NULL;
}

/* --- masks -------------------------------------------------------------------------------------------------------- */

/* The shape that x and mask broadcast to; false and an error naming `op` if they do not. */
static bool mask_shape(const char *op, const cg_tensor *x, const cg_tensor *mask, cg_dims *common) {
    if (cg_broadcast_shapes(x->shape, mask->shape, common)) return true;
    CG_FAIL(&x->storage->dev->error, CG_ERROR_SHAPE, "%s: x %s and mask %s do not broadcast", op,
            CG_SHAPE_STR(&x->shape), CG_SHAPE_STR(&mask->shape));
    return false;
}

cg_tensor *cg_masked_select(cg_tensor *x, cg_tensor *mask) {
    cg_dims common;
    if (!x || !mask || !cg_op_same_device("masked_select", x->storage->dev, 1, &mask) ||
        !mask_shape("masked_select", x, mask, &common))
        return NULL;
    cg_tensor *where = cg_expand(cg_detach(mask), common);
    cg_tensor *place = where ? true_places("masked_select", where) : NULL;
    return place ? cg_index_select(cg_flatten(cg_expand(x, common), 0, -1), 0, place) : NULL;
}

cg_tensor *cg_masked_fill(cg_tensor *x, cg_tensor *mask, double value) {
    cg_dims common;
    if (!x || !mask || !cg_op_same_device("masked_fill", x->storage->dev, 1, &mask) ||
        !mask_shape("masked_fill", x, mask, &common))
        return NULL;
    return cg_where(mask, cg_full(x->storage->dev, x->storage->dtype, cg_shape(), value), x);
}
