/* The product over axes. */
#include "ops/reduction.h"

#include <string.h>

/* --- Rows filled up with ones ------------------------------------------------------------------------------- */

static void fill_up_backward(const cg_rule_call *call, cg_tensor **dx) {
    dx[0] = cg_slice(call->g, 1, 0, call->shape[0].dim[1], 1);
}

static const cg_rule fill_up_rule = {"prod", fill_up_backward};

/* x (R, n) as (R, m), the rest ones. */
static cg_tensor *fill_up(cg_tensor *x, int64_t m) {
    if (!x || m == x->shape.dim[1]) return x;
    cg_device *dev = x->storage->dev;
    cg_dtype dtype = x->storage->dtype;
    cg_tensor *out = cg_eval(cg_ones(dev, dtype, cg_shape(x->shape.dim[0], m)));
    cg_fused source;
    if (!out || cg_fuse(x, dtype, &source)) return NULL;
    cg_map_request map = {.program = &source.program, .rank = 2};
    memcpy(map.shape, x->shape.dim, sizeof map.shape);
    memcpy(map.in, source.in, sizeof map.in);
    memcpy(map.consts, source.consts, sizeof map.consts);
    map.out[0] = cg_tensor_operand(out);
    if (cg_hw_map(dev->hw, &map)) return NULL;
    return cg_record_op(out, &fill_up_rule, 1, &x, CG_KEEP_NOTHING, NULL);
}

/* --- The products of all others ------------------------------------------------------------------------------ */

enum { MOST_LEVELS = 63 };

/*
 * For each element of x (R, n) the product of g (R, 1) and of all other elements of its row. Without a division, so
 * that zeros need no care, and by products and views alone, so that the gradient of any order is right too.
 *
 * Level 0 is x filled up with ones to a power of two; each level is the product of the halves of the one below. Going
 * down again, the product of all others of an element is that of its pair times the other one of the pair:
 * 2 log2 n passes, half as long each time.
 */
static cg_tensor *products_of_others(cg_tensor *x, cg_tensor *g) {
    cg_tensor *level[MOST_LEVELS];
    int levels = 0;
    int64_t rows = x->shape.dim[0], n = x->shape.dim[1], m = 1;
    while (m < n) m *= 2;
    for (cg_tensor *p = fill_up(x, m); m > 1; m /= 2) {
        level[levels++] = p;
        p = cg_mul(cg_slice(p, 1, 0, m / 2, 1), cg_slice(p, 1, m / 2, m, 1));
    }
    cg_tensor *others = g;
    while (levels-- > 0) {
        cg_tensor *halves = cg_reshape(level[levels], cg_shape(rows, 2, m));
        cg_tensor *partners = cg_slice(halves, 1, CG_SLICE_OPEN, CG_SLICE_OPEN, -1);
        others = cg_reshape(cg_mul(cg_unsqueeze(others, 1), partners), cg_shape(rows, 2 * m));
        m *= 2;
    }
    return cg_slice(others, 1, 0, n, 1);
}

static void prod_backward(const cg_rule_call *call, cg_tensor **dx) {
    unsigned mask = (unsigned)call->attributes->i[0];
    const cg_dims *shape = &call->shape[0];
    int64_t n = cg_reduction_count(shape, mask), rows = cg_numel(call->g);
    if (n == 0 || rows == 0) {
        dx[0] = cg_zeros(call->dev, call->dtype[0], *shape);
        return;
    }
    /* the kept axes, then the reduced ones: rows of n */
    int order[CG_MAX_RANK], inverse[CG_MAX_RANK];
    cg_reduction_order(shape, mask, order);
    cg_dims moved = {.rank = shape->rank};
    for (int i = 0; i < shape->rank; i++) {
        moved.dim[i] = shape->dim[order[i]];
        inverse[order[i]] = i;
    }
    cg_tensor *x = cg_reshape(cg_permute(call->x[0], order), cg_shape(rows, n));
    cg_tensor *g = cg_reshape(call->g, cg_shape(rows, 1));
    cg_tensor *others = x && g ? products_of_others(x, g) : NULL;
    dx[0] = cg_permute(cg_reshape(others, moved), inverse);
}

static const cg_rule prod_rule = {"prod", prod_backward};

cg_tensor *cg_prod(cg_tensor *x, cg_axis_set axes, bool keepdims) {
    unsigned mask;
    if (!x || !cg_reduction_mask("prod", x, axes, &mask)) return NULL;
    cg_dtype dtype = cg_dtype_is_float(x->storage->dtype) ? x->storage->dtype : CG_I64;
    cg_tensor *out = cg_reduction("prod", CG_REDUCE_PROD, x, dtype, dtype, mask, keepdims);
    return cg_record_op(out, &prod_rule, 1, &x, CG_KEEP(0), &(cg_attributes){.i = {mask}});
}
