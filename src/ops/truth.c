/* Reductions of x != 0: whether any, whether all, how many. */
#include "ops/reduction.h"

/*
 * x != 0, which is x itself for bool, and the type to reduce it in: the one it is computed in, so that a pending
 * comparison needs no memory.
 */
static cg_tensor *truths_of(cg_tensor *x, cg_dtype *type) {
    *type = cg_dtype_compute(x->storage->dtype);
    if (x->storage->dtype != CG_BOOL) return cg_ne(x, 0);
    if (x->storage->expr) *type = x->storage->expr->type;
    return x;
}

/* any is the largest of the truths, all the smallest; over nothing they are what changes no other answer. */
static cg_tensor *truth(const char *op, cg_reduce_kind kind, bool over_nothing, cg_tensor *x,
                        cg_axis_set axes, bool keepdims) {
    unsigned mask;
    if (!x || !cg_reduction_mask(op, x, axes, &mask)) return NULL;
    if (cg_reduction_count(&x->shape, mask) == 0)
        return cg_full(x->storage->dev, CG_BOOL, cg_reduction_shape(&x->shape, mask, keepdims), over_nothing);
    cg_dtype type;
    cg_tensor *truths = truths_of(x, &type);
    return truths ? cg_reduction(op, kind, truths, type, CG_BOOL, mask, keepdims) : NULL;
}

cg_tensor *cg_any(cg_tensor *x, cg_axis_set axes, bool keepdims) {
    return truth("any", CG_REDUCE_MAX, false, x, axes, keepdims);
}

cg_tensor *cg_all(cg_tensor *x, cg_axis_set axes, bool keepdims) {
    return truth("all", CG_REDUCE_MIN, true, x, axes, keepdims);
}

/*
 * The type that counts n truths exactly: that of x, in which they are computed, where its whole numbers go so far
 * (the truths then need no memory), else i64.
 */
static cg_dtype counting_type(cg_dtype type, int64_t n) {
    const int64_t most = type == CG_F32 ? 1 << 24 : type == CG_I32 ? INT32_MAX : INT64_C(1) << 53;
    return n <= most ? type : CG_I64;
}

cg_tensor *cg_count_nonzero(cg_tensor *x, cg_axis_set axes, bool keepdims) {
    unsigned mask;
    if (!x || !cg_reduction_mask("count_nonzero", x, axes, &mask)) return NULL;
    cg_dtype type;
    cg_tensor *truths = truths_of(x, &type);
    type = counting_type(type, cg_reduction_count(&x->shape, mask));
    return truths ? cg_reduction("count_nonzero", CG_REDUCE_SUM, truths, type, CG_I64, mask, keepdims) : NULL;
}
