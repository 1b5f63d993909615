/* Deviations from the mean, and their mean square: variance and standard deviation. */
#include "ops/reduction.h"

#include <math.h>

/* --- x less its mean ---------------------------------------------------------------------------------------- */

/* The first element of each reduction, as a view. */
static cg_tensor *first_elements(const cg_tensor *x, unsigned mask) {
    cg_dims shape = cg_reduction_shape(&x->shape, mask, true);
    return cg_view(x, &shape, x->stride, x->offset);
}

/* The mean of x - x0. */
static cg_tensor *mean_from(cg_tensor *x0, cg_tensor *x, unsigned mask) {
    int64_t n = cg_reduction_count(&x->shape, mask);
    return cg_div(cg_sum(cg_sub(x, x0), cg_reduction_axes(mask), true), n);
}

cg_tensor *cg_centre(cg_tensor *x, unsigned mask) {
    cg_scope *scope = x ? cg_values_begin(x->storage->dev) : NULL;
    if (!scope) return NULL;
    cg_tensor *x0 = first_elements(x, mask);
    return cg_values_end(scope, cg_add(x0, mean_from(x0, x, mask)));
}

void cg_centre_parts(cg_tensor *x, unsigned mask, cg_tensor **m, cg_tensor **lost) {
    cg_tensor *x0 = first_elements(x, mask), *from_x0 = mean_from(x0, x, mask);
    /* m = x0 + from_x0, and by Knuth's two-sum what the rounding lost of it */
    *m = cg_add(x0, from_x0);
    cg_tensor *part = cg_sub(*m, x0);
    *lost = cg_add(cg_sub(x0, cg_sub(*m, part)), cg_sub(from_x0, part));
}

static cg_tensor *centred_values(cg_tensor *x, unsigned mask) {
    cg_tensor *m, *lost;
    if (cg_numel(x) == 0) return cg_tensor_alias(x);
    cg_centre_parts(x, mask, &m, &lost);
    return cg_sub(cg_sub(x, m), lost);
}

static void centred_backward(const cg_rule_call *call, cg_tensor **dx) {
    cg_axis_set axes = cg_reduction_axes((unsigned)call->attributes->i[0]);
    dx[0] = cg_sub(call->g, cg_mean(call->g, axes, true));
}

static const cg_rule centred_rule = {"centred", centred_backward};

cg_tensor *cg_centred_record(cg_tensor *values, cg_tensor *x, unsigned mask) {
    return cg_record_op(values, &centred_rule, 1, &x, CG_KEEP_NOTHING, &(cg_attributes){.i = {mask}});
}

cg_tensor *cg_centred(cg_tensor *x, unsigned mask) {
    cg_scope *scope = x ? cg_values_begin(x->storage->dev) : NULL;
    if (!scope) return NULL;
    return cg_centred_record(cg_values_end(scope, centred_values(x, mask)), x, mask);
}

/* --- variance and standard deviation ------------------------------------------------------------------------ */

/* dx = g 2 (x - mean) / divisor. */
static void var_backward(const cg_rule_call *call, cg_tensor **dx) {
    unsigned mask = (unsigned)call->attributes->i[0];
    cg_tensor *g = cg_reduction_unreduce(call->g, &call->shape[0], mask);
    dx[0] = cg_mul(cg_centred(call->x[0], mask), cg_mul(g, 2 / call->attributes->d[0]));
}

static const cg_rule var_rule = {"var", var_backward};

/* dx = g (x - mean) / (divisor out), and 0 where out is 0: dividing by infinity makes it so in every order. */
static void std_backward(const cg_rule_call *call, cg_tensor **dx) {
    unsigned mask = (unsigned)call->attributes->i[0];
    cg_tensor *g = cg_reduction_unreduce(call->g, &call->shape[0], mask);
    cg_tensor *out = cg_reduction_unreduce(call->out, &call->shape[0], mask);
    cg_tensor *size = cg_where(cg_eq(out, 0), (double)INFINITY, cg_mul(out, call->attributes->d[0]));
    dx[0] = cg_mul(cg_centred(call->x[0], mask), cg_div(g, size));
}

static const cg_rule std_rule = {"std", std_backward};

/* NumPy's divisor: never negative, so that too few elements give 0 / 0 or x / 0. */
static double divisor_of(const cg_dims *shape, unsigned mask, int ddof) {
    double divisor = (double)cg_reduction_count(shape, mask) - ddof;
    return divisor > 0 ? divisor : 0;
}

static cg_tensor *values(cg_tensor *x, unsigned mask, double divisor, bool root, bool keepdims) {
    cg_axis_set axes = cg_reduction_axes(mask);
    cg_tensor *mean_square = cg_div(cg_sum(cg_square(cg_centred(x, mask)), axes, keepdims), divisor);
    return root ? cg_sqrt(mean_square) : mean_square;
}

static cg_tensor *spread(const cg_rule *rule, cg_tensor *x, cg_axis_set axes, int ddof, bool keepdims) {
    unsigned mask;
    if (!x || !cg_reduction_mask(rule->name, x, axes, &mask)) return NULL;
    cg_tensor *real = cg_op_real(x);
    cg_scope *scope = real ? cg_values_begin(real->storage->dev) : NULL;
    if (!scope) return NULL;
    bool root = rule == &std_rule;
    double divisor = divisor_of(&real->shape, mask, ddof);
    cg_tensor *out = cg_values_end(scope, values(real, mask, divisor, root, keepdims));
    return cg_record_op(out, rule, 1, &real, CG_KEEP(0) | (root ? CG_KEEP_OUT : 0),
                        &(cg_attributes){.i = {mask}, .d = {divisor}});
}

cg_tensor *cg_var(cg_tensor *x, cg_axis_set axes, int ddof, bool keepdims) {
    return spread(&var_rule, x, axes, ddof, keepdims);
}

cg_tensor *cg_std(cg_tensor *x, cg_axis_set axes, int ddof, bool keepdims) {
    return spread(&std_rule, x, axes, ddof, keepdims);
}
