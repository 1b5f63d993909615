/* Scaled dot-product attention: checks, and the way it is computed. */
#include "ops/attending.h"

#include <math.h>

static const char name[] = "scaled_dot_product_attention";

static cg_dims shape_of_scores(const cg_attending *a) {
    cg_dims shape = a->batch;
    shape.dim[shape.rank++] = cg_size(a->q, -2);
    shape.dim[shape.rank++] = cg_size(a->k, -2);
    return shape;
}

static bool check_options(const cg_attending *a, double scale) {
    cg_error *err = &a->q->storage->dev->error;
    if (!isfinite(scale)) CG_FAIL(err, CG_ERROR_ARGUMENT, "%s: expected a finite scale, got %g", name, scale);
    if (!(a->dropout >= 0 && a->dropout < 1))
        CG_FAIL(err, CG_ERROR_ARGUMENT, "%s: expected dropout from 0 to below 1, got %g", name, a->dropout);
    return isfinite(scale) && a->dropout >= 0 && a->dropout < 1;
}

/* Fills batch. */
static bool check_shapes(cg_attending *a) {
    const cg_tensor *q = a->q, *k = a->k, *v = a->v;
    const char *wrong = NULL;
    cg_dims both;
    if (q->shape.rank < 2 || k->shape.rank < 2 || v->shape.rank < 2)
        wrong = "expected (..., T, D), (..., S, D) and (..., S, E)";
    else if (cg_size(q, -1) != cg_size(k, -1))
        wrong = "queries and keys differ in their last axis";
    else if (cg_size(k, -2) != cg_size(v, -2))
        wrong = "there are not as many keys as values";
    else if (!cg_broadcast_shapes(cg_matmul_batch(q), cg_matmul_batch(k), &both) ||
             !cg_broadcast_shapes(both, cg_matmul_batch(v), &a->batch))
        wrong = "batch axes do not broadcast";
    if (wrong)
        CG_FAIL(&q->storage->dev->error, CG_ERROR_SHAPE, "%s: %s: q %s, k %s, v %s", name, wrong,
                CG_SHAPE_STR(&q->shape), CG_SHAPE_STR(&k->shape), CG_SHAPE_STR(&v->shape));
    return !wrong;
}

static bool check_mask(const cg_attending *a) {
    const cg_tensor *mask = a->mask;
    if (!mask) return true;
    cg_error *err = &mask->storage->dev->error;
    cg_dims scores = shape_of_scores(a), common;
    if (mask->storage->dtype != CG_BOOL && !cg_dtype_is_float(mask->storage->dtype)) {
        CG_FAIL(err, CG_ERROR_DTYPE, "%s: expected a mask of bool, f32 or f64, got %s", name,
                cg_dtype_name(mask->storage->dtype));
        return false;
    }
    if (cg_broadcast_shapes(mask->shape, scores, &common) && cg_dims_equal(&common, &scores)) return true;
    CG_FAIL(err, CG_ERROR_SHAPE, "%s: the mask %s does not broadcast to %s", name, CG_SHAPE_STR(&mask->shape),
            CG_SHAPE_STR(&scores));
    return false;
}

/* One real dtype for all. */
static bool convert(cg_attending *a) {
    cg_dtype dtype = cg_dtype_promote(cg_matmul_dtype(a->q, a->k), a->v->storage->dtype);
    a->q = cg_op_cast(a->q, dtype);
    a->k = cg_op_cast(a->k, dtype);
    a->v = cg_op_cast(a->v, dtype);
    if (!a->q || !a->k || !a->v) return false;
    if (!a->mask || a->mask->storage->dtype == CG_BOOL) return true;
    a->mask = cg_op_cast(a->mask, dtype);
    return a->mask != NULL;
}

cg_tensor *cg_scaled_dot_product_attention(cg_tensor *q, cg_tensor *k, cg_tensor *v, cg_tensor *mask,
                                           cg_attention_options options) {
    if (!q || !k || !v) return NULL;
    cg_attending a = {.q = q, .k = k, .v = v, .mask = mask, .causal = options.causal};
    a.dropout = options.dropout;
    if (!cg_op_same_device(name, q->storage->dev, 3, (cg_tensor *[]){k, v, mask}) || !check_shapes(&a) ||
        !check_options(&a, options.scale) || !check_mask(&a))
        return NULL;
    const int64_t features = cg_size(q, -1);
    a.scale = options.scale != 0 ? options.scale : features ? 1 / sqrt((double)features) : 1;
    if (!convert(&a)) return NULL;
    return cg_attention_can_fuse(&a) ? cg_attention_fused(&a) : cg_attention_composed(&a);
}
