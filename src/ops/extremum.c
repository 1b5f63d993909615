/* The largest and the smallest, and where they are. */
#include "ops/reduction.h"

static bool not_empty(const char *op, const cg_tensor *x, unsigned mask) {
    for (int i = 0; i < x->shape.rank; i++) {
        if (!(mask & (1u << i)) || x->shape.dim[i] > 0) continue;
        CG_FAIL(&x->storage->dev->error, CG_ERROR_SHAPE, "%s: no elements along axis %d of shape %s", op, i,
                CG_SHAPE_STR(&x->shape));
        return false;
    }
    return true;
}

/* g goes to the elements that equal the extremum, in equal shares. */
static void extremum_backward(const cg_rule_call *call, cg_tensor **dx) {
    unsigned mask = (unsigned)call->attributes->i[0];
    cg_tensor *extremum = cg_reduction_unreduce(call->out, &call->shape[0], mask);
    cg_tensor *hit = cg_cast(cg_eq(call->x[0], extremum), call->dtype[0]);
    cg_axis_set axes = {0};
    for (int i = 0; i < call->shape[0].rank; i++)
        if (mask & (1u << i)) axes.axis[axes.count++] = i;
    cg_tensor *share = cg_div(cg_reduction_unreduce(call->g, &call->shape[0], mask), cg_sum(hit, axes, true));
    dx[0] = cg_mul(hit, share);
}

static const cg_rule max_rule = {"max", extremum_backward};
static const cg_rule min_rule = {"min", extremum_backward};

static cg_tensor *extremum(const cg_rule *rule, cg_reduce_kind kind, cg_tensor *x, cg_axis_set axes,
                           bool keepdims) {
    unsigned mask;
    if (!x || !cg_reduction_mask(rule->name, x, axes, &mask) || !not_empty(rule->name, x, mask)) return NULL;
    cg_dtype dtype = x->storage->dtype;
    cg_tensor *out = cg_reduction(rule->name, kind, x, cg_dtype_compute(dtype), dtype, mask, keepdims);
    return cg_record_op(out, rule, 1, &x, CG_KEEP(0) | CG_KEEP_OUT, &(cg_attributes){.i = {mask}});
}

cg_tensor *cg_max(cg_tensor *x, cg_axis_set axes, bool keepdims) {
    return extremum(&max_rule, CG_REDUCE_MAX, x, axes, keepdims);
}

cg_tensor *cg_min(cg_tensor *x, cg_axis_set axes, bool keepdims) {
    return extremum(&min_rule, CG_REDUCE_MIN, x, axes, keepdims);
}

static cg_tensor *position(const char *op, cg_reduce_kind kind, cg_tensor *x, int axis, bool keepdims) {
    if (!x) return NULL;
    int a = cg_op_axis(op, x, axis);
    if (a < 0 || !not_empty(op, x, 1u << a)) return NULL;
    return cg_reduction(op, kind, x, cg_dtype_compute(x->storage->dtype), CG_I64, 1u << a, keepdims);
}

cg_tensor *cg_argmax(cg_tensor *x, int axis, bool keepdims) {
    return position("argmax", CG_REDUCE_ARGMAX, x, axis, keepdims);
}

cg_tensor *cg_argmin(cg_tensor *x, int axis, bool keepdims) {
    return position("argmin", CG_REDUCE_ARGMIN, x, axis, keepdims);
}
