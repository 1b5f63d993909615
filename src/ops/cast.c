/* Conversion of dtype, and copies: the program without instructions. */
#include "ops/op.h"

static void cast_backward(const cg_rule_call *call, cg_tensor **dx) {
    dx[0] = cg_op_cast(call->g, call->dtype[0]);
}

static const cg_rule cast_rule = {"cast", cast_backward};

/* The type the conversion runs in: the target's, but for u8 and bool, whose store converts from the source's. */
static cg_dtype cast_type(cg_dtype from, cg_dtype to) {
    return cg_dtype_compute(to == CG_U8 || to == CG_BOOL ? from : to);
}

static cg_tensor *copy_as(cg_tensor *x, cg_dtype dtype) {
    cg_leaf leaf = cg_leaf_of(x, &x->shape);
    return cg_defer(x->storage->dev, CG_EXPR_COPY, cast_type(x->storage->dtype, dtype), dtype, &x->shape, 1,
                    &leaf);
}

cg_tensor *cg_cast(cg_tensor *x, cg_dtype dtype) {
    if (!x) return NULL;
    int64_t numel;
    if (cg_tensor_check(x->storage->dev, "cast", dtype, &x->shape, &numel)) return NULL;
    if (dtype != x->storage->dtype && !cg_dtype_is_float(dtype)) return copy_as(x, dtype); /* no gradient */
    cg_tensor *out = dtype == x->storage->dtype ? cg_tensor_alias(x) : copy_as(x, dtype);
    return cg_record_op(out, &cast_rule, 1, &x, CG_KEEP_NOTHING, NULL);
}

static void copy_backward(const cg_rule_call *call, cg_tensor **dx) { dx[0] = call->g; }

static const cg_rule copy_rule = {"clone", copy_backward};

cg_tensor *cg_clone(cg_tensor *x) {
    if (!x) return NULL;
    return cg_record_op(cg_eval(copy_as(x, x->storage->dtype)), &copy_rule, 1, &x, CG_KEEP_NOTHING, NULL);
}

cg_tensor *cg_contiguous(cg_tensor *x) { return !x || cg_is_contiguous(x) ? x : cg_clone(x); }
