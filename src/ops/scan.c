/* Running sums, products and extremes. */
#include "ops/order.h"

/* x as a line if it is a scalar, and its axis; NULL and an error naming `op` if there is no such axis. */
static cg_tensor *scan_input(const char *op, cg_tensor *x, int axis, int *at) {
    cg_tensor *line = cg_order_line(x);
    if (!line) return NULL;
    *at = cg_op_axis(op, line, axis);
    return *at < 0 ? NULL : line;
}

/* The result in the shape of the input: a scalar came in as a line. */
static cg_tensor *scan_result(cg_tensor *out, const cg_tensor *x) {
    return out && x->shape.rank == 0 ? cg_squeeze(out, 0) : out;
}

static cg_tensor *summable(cg_tensor *x) {
    return !x || cg_dtype_is_float(x->storage->dtype) ? x : cg_cast(x, CG_I64);
}

/* --- cumsum ------------------------------------------------------------------------------------------------- */

static cg_tensor *cumsum_along(cg_tensor *x, int axis, bool reverse);

/* y_k = x_0 + ... + x_k, so x_k is in all y_j with j >= k: the sum of those g_j, a scan the other way. */
static void cumsum_backward(const cg_rule_call *call, cg_tensor **dx) {
    dx[0] = cumsum_along(call->g, (int)call->attributes->i[0], !call->attributes->i[1]);
}

static const cg_rule cumsum_rule = {"cumsum", cumsum_backward};

static cg_tensor *cumsum_along(cg_tensor *x, int axis, bool reverse) {
    if (!x) return NULL;
    cg_tensor *out = cg_order_scan(cumsum_rule.name, CG_REDUCE_SUM, x, axis, reverse);
    return cg_record_op(out, &cumsum_rule, 1, &x, CG_KEEP_NOTHING, &(cg_attributes){.i = {axis, reverse}});
}

cg_tensor *cg_cumsum(cg_tensor *x, int axis) {
    int a;
    cg_tensor *in = summable(scan_input(cumsum_rule.name, x, axis, &a));
    return in ? scan_result(cumsum_along(in, a, false), x) : NULL;
}

/* --- cumprod ------------------------------------------------------------------------------------------------ */

/*
 * dx at the second zero of a row, for the gradient of this gradient: x at the first zero times the sum over j >= k of
 * g_j and the products without the two zeros. Its value is 0; its derivative to the first zero is not.
 */
static cg_tensor *second_zero(const cg_rule_call *call, cg_tensor *first, cg_tensor *second, int axis) {
    cg_tensor *x = call->x[0], *x_first = cg_sum(cg_where(first, x, 0), cg_axes(axis), true);
    cg_tensor *others = cg_cumprod(cg_where(cg_add(first, second), 1, x), axis);
    return cg_mul(x_first, cumsum_along(cg_mul(call->g, others), axis, true));
}

/*
 * dx_k = sum over j >= k of g_j prod(x_0..x_j without x_k). Where x_k is not 0 the product is y_j / x_k. At the first
 * zero of a row it is the running product with that zero replaced by 1; at later zeros it is 0, for the first zero
 * remains in it.
 */
static void cumprod_backward(const cg_rule_call *call, cg_tensor **dx) {
    int axis = (int)call->attributes->i[0];
    cg_tensor *x = call->x[0], *g = call->g, *zero = cg_eq(x, 0), *count = cg_cumsum(zero, axis);
    cg_tensor *first = cg_mul(zero, cg_eq(count, 1));
    cg_tensor *others = cg_cumprod(cg_where(first, 1, x), axis);
    cg_tensor *at_first = cumsum_along(cg_mul(g, others), axis, true);
    cg_tensor *elsewhere = cg_div(cumsum_along(cg_mul(g, call->out), axis, true), cg_where(zero, 1, x));
    dx[0] = cg_where(first, at_first, elsewhere);
    if (!call->create_graph) return;
    cg_tensor *second = cg_mul(zero, cg_eq(count, 2));
    dx[0] = cg_where(second, second_zero(call, first, second, axis), dx[0]);
}

static const cg_rule cumprod_rule = {"cumprod", cumprod_backward};

cg_tensor *cg_cumprod(cg_tensor *x, int axis) {
    int a;
    cg_tensor *in = summable(scan_input(cumprod_rule.name, x, axis, &a));
    if (!in) return NULL;
    cg_tensor *out = cg_order_scan(cumprod_rule.name, CG_REDUCE_PROD, in, a, false);
    out = cg_record_op(out, &cumprod_rule, 1, &in, CG_KEEP(0) | CG_KEEP_OUT, &(cg_attributes){.i = {a}});
    return scan_result(out, x);
}

/* --- cummax, cummin ----------------------------------------------------------------------------------------- */

/*
 * For running extremes y (..., n) the place each came from: where y last changed. Place 0 is a change; after a NaN
 * there is none, though NaN != NaN.
 */
static cg_tensor *origins(cg_tensor *y) {
    int last = y->shape.rank - 1;
    cg_tensor *places = cg_order_places(y->storage->dev, y->shape.dim[last]);
    cg_tensor *before = cg_index_select(y, last, cg_maximum(cg_sub(places, 1), 0));
    cg_tensor *changed = cg_mul(cg_ne(y, before), cg_eq(before, before));
    cg_tensor *origin = cg_where(changed, places, 0);
    return origin ? cg_order_scan("cummax", CG_REDUCE_MAX, origin, last, false) : NULL;
}

static void extreme_backward(const cg_rule_call *call, cg_tensor **dx) {
    int axis = (int)call->attributes->i[0];
    cg_tensor *y = cg_order_swap_last(cg_detach(call->out), axis), *g = cg_order_swap_last(call->g, axis);
    if (!y || !g) return;
    cg_tensor *zeros = cg_zeros(call->dev, call->dtype[0], g->shape);
    dx[0] = cg_order_swap_last(cg_scatter_add(zeros, origins(y), g, -1), axis);
}

static const cg_rule cummax_rule = {"cummax", extreme_backward};
static const cg_rule cummin_rule = {"cummin", extreme_backward};

/* u8 and bool run as i32. */
static cg_tensor *running_extreme(const cg_rule *rule, cg_reduce_kind kind, cg_tensor *x, int axis) {
    int a;
    cg_tensor *in = scan_input(rule->name, x, axis, &a);
    if (!in) return NULL;
    cg_dtype dtype = in->storage->dtype;
    cg_tensor *values = cg_op_cast(in, cg_dtype_compute(dtype));
    if (!values) return NULL;
    cg_tensor *out = cg_op_cast(cg_order_scan(rule->name, kind, values, a, false), dtype);
    return scan_result(cg_record_op(out, rule, 1, &in, CG_KEEP_OUT, &(cg_attributes){.i = {a}}), x);
}

cg_tensor *cg_cummax(cg_tensor *x, int axis) { return running_extreme(&cummax_rule, CG_REDUCE_MAX, x, axis); }

cg_tensor *cg_cummin(cg_tensor *x, int axis) { return running_extreme(&cummin_rule, CG_REDUCE_MIN, x, axis); }
