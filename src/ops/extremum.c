/* The largest and the smallest, and where they are. */
#include "ops/reduction.h"

/* g goes to the elements that equal the extremum, in equal shares. */
static void extremum_backward(const cg_rule_call *call, cg_tensor **dx) {
    unsigned mask = (unsigned)call->attributes->i[0];
    cg_tensor *extremum = cg_reduction_unreduce(call->out, &call->shape[0], mask);
    cg_tensor *hit = cg_cast(cg_eq(call->x[0], extremum), call->dtype[0]);
    cg_tensor *hits = cg_sum(hit, cg_reduction_axes(mask), true);
    cg_tensor *share = cg_div(cg_reduction_unreduce(call->g, &call->shape[0], mask), hits);
    dx[0] = cg_mul(hit, share);
}

static const cg_rule max_rule = {"max", extremum_backward};
static const cg_rule min_rule = {"min", extremum_backward};

static cg_tensor *extremum(const cg_rule *rule, cg_reduce_kind kind, cg_tensor *x, cg_axis_set axes,
                           bool keepdims) {
    unsigned mask;
    if (!x || !cg_reduction_mask(rule->name, x, axes, &mask) || !cg_reduction_not_empty(rule->name, x, mask))
        return NULL;
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

static cg_tensor *position(const char *op, cg_reduce_kind kind, cg_tensor *x, cg_axis_set axes,
                           bool keepdims) {
    unsigned mask;
    if (!x || !cg_reduction_mask(op, x, axes, &mask) || !cg_reduction_not_empty(op, x, mask)) return NULL;
    return cg_reduction(op, kind, x, cg_dtype_compute(x->storage->dtype), CG_I64, mask, keepdims);
}

cg_tensor *cg_argmax(cg_tensor *x, cg_axis_set axes, bool keepdims) {
    return position("argmax", CG_REDUCE_ARGMAX, x, axes, keepdims);
}

cg_tensor *cg_argmin(cg_tensor *x, cg_axis_set axes, bool keepdims) {
    return position("argmin", CG_REDUCE_ARGMIN, x, axes, keepdims);
}
