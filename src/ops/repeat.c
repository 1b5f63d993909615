/* Elements several times over, and round and round. */
#include "ops/part.h"

/* Multiplies axis `axis` of a shape; false and an error naming `op` where that cannot be. */
static bool lengthen(const char *op, const cg_tensor *x, cg_dims *shape, int axis, int64_t times) {
    cg_dims longer = *shape;
    int64_t numel;
    if (times < 0 || !cg_dims_scale(&longer, axis, times)) {
        CG_FAIL(&x->storage->dev->error, CG_ERROR_SHAPE, "%s: axis %d of %s cannot be repeated %lld times",
                op, axis, CG_SHAPE_STR(shape), (long long)times);
        return false;
    }
    *shape = longer;
    return !cg_tensor_check(x->storage->dev, op, x->storage->dtype, shape, &numel);
}

/* --- repeat: (outer, 1, inner) stretched to (outer, times, inner) ----------------------------------------------- */

cg_tensor *cg_repeat(cg_tensor *x, int64_t repeats, int axis) {
    if (!x) return NULL;
    int a = cg_op_axis("repeat", x, axis);
    cg_dims shape = x->shape;
    if (a < 0 || !lengthen("repeat", x, &shape, a, repeats)) return NULL;
    int64_t outer, inner;
    cg_dims_around(&x->shape, a, &outer, &inner);
    cg_tensor *each = cg_reshape(x, cg_shape(outer, x->shape.dim[a], 1, inner));
    return cg_reshape(cg_expand(each, cg_shape(outer, x->shape.dim[a], repeats, inner)), shape);
}

/* --- tile ------------------------------------------------------------------------------------------------------- */

/*
 * An axis n that is tiled r times is (1, n) stretched to (r, n). Axes that are not tiled join the one before, so that
 * the stretched shape has two axes for each tiled one: within the largest rank for CHUNK of them.
 */
enum { CHUNK = 3 };

/* Tiles the last CHUNK axes that still have something to do, and marks them done. */
static cg_tensor *tile_some(cg_tensor *x, int64_t *reps) {
    int first = x->shape.rank, tiled = 0;
    while (first > 0 && tiled < CHUNK) tiled += reps[--first] != 1;
    cg_dims before = {.rank = 1, .dim = {1}}, after = before, shape = x->shape;
    for (int i = 0; i < x->shape.rank; i++) {
        int64_t times = i >= first ? reps[i] : 1;
        if (times != 1) {
            before.dim[before.rank++] = 1;
            after.dim[after.rank++] = times;
            before.dim[before.rank++] = after.dim[after.rank++] = 1;
            if (!cg_dims_scale(&shape, i, times)) return NULL; /* checked before: it cannot be too long */
            reps[i] = 1;
        }
        if (!cg_dims_scale(&before, before.rank - 1, x->shape.dim[i])) return NULL;
        if (!cg_dims_scale(&after, after.rank - 1, x->shape.dim[i])) return NULL;
    }
    return cg_reshape(cg_expand(cg_reshape(x, before), after), shape);
}

cg_tensor *cg_tile(cg_tensor *x, int n, const int64_t *reps) {
    if (!x) return NULL;
    int rank = x->shape.rank > n ? x->shape.rank : n;
    if (n < 0 || rank > CG_MAX_RANK) {
        CG_FAIL(&x->storage->dev->error, CG_ERROR_ARGUMENT, "tile: expected 0 to %d counts for %s, got %d",
                CG_MAX_RANK, CG_SHAPE_STR(&x->shape), n);
        return NULL;
    }
    cg_dims shape = {.rank = rank}, longer;
    int64_t times[CG_MAX_RANK];
    for (int i = 0; i < rank; i++) {
        shape.dim[i] = i < rank - x->shape.rank ? 1 : x->shape.dim[i - (rank - x->shape.rank)];
        times[i] = i < rank - n ? 1 : reps[i - (rank - n)];
    }
    longer = shape;
    for (int i = 0; i < rank; i++)
        if (!lengthen("tile", x, &longer, i, times[i])) return NULL;
    cg_tensor *out = cg_reshape(x, shape);
    while (out && !cg_dims_equal(&out->shape, &longer)) out = tile_some(out, times);
    return out;
}

/* --- roll --------------------------------------------------------------------------------------------------------- */

static cg_tensor *roll_by(cg_tensor *x, int64_t shift, int axis);

static void roll_backward(const cg_rule_call *call, cg_tensor **dx) {
    int axis = (int)call->attributes->i[1];
    dx[0] = roll_by(call->g, call->shape[0].dim[axis] - call->attributes->i[0], axis);
}

static const cg_rule roll_rule = {"roll", roll_backward};

/* 0 <= shift <= n: the last `shift` go to the front. A rule of its own, for the halves' would each fill with zeros. */
static cg_tensor *roll_by(cg_tensor *x, int64_t shift, int axis) {
    int64_t n = x->shape.dim[axis];
    cg_tensor *plain = cg_detach(x);
    cg_tensor *half[] = {cg_slice(plain, axis, n - shift, n, 1), cg_slice(plain, axis, 0, n - shift, 1)};
    return cg_record_op(cg_concat(2, half, axis), &roll_rule, 1, &x, CG_KEEP_NOTHING,
                        &(cg_attributes){.i = {shift, axis}});
}

cg_tensor *cg_roll(cg_tensor *x, int64_t shift, int axis) {
    if (!x) return NULL;
    int a = cg_op_axis("roll", x, axis);
    if (a < 0) return NULL;
    int64_t n = x->shape.dim[a];
    int64_t places = n > 0 ? shift % n : 0;
    return roll_by(x, places < 0 ? places + n : places, a);
}
