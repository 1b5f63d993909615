/* Weighted means, moments and what they come to: statistics over axes. */
#include <math.h>

#include "stats/moments.h"

/* --- weighted mean -------------------------------------------------------------------------------------------- */

/* With W = sum(w): dx = g w / W, dw = g (x - out) / W; without weights dx = g / n. */
static void average_backward(const cg_rule_call *call, cg_tensor **dx) {
    unsigned mask = (unsigned)call->attributes->i[0];
    cg_tensor *g = cg_reduction_unreduce(call->g, &call->shape[0], mask);
    if (!call->x[1]) {
        dx[0] = cg_expand(cg_div(g, cg_reduction_count(&call->shape[0], mask)), call->shape[0]);
        return;
    }
    cg_tensor *w = cg_expand(call->x[1], call->shape[0]);
    g = cg_div(g, cg_sum(cg_wide(w), cg_reduction_axes(mask), true));
    if (call->wanted[0]) dx[0] = cg_mul(w, g);
    if (!call->wanted[1]) return;
    cg_tensor *out = cg_reduction_unreduce(call->out, &call->shape[0], mask);
    dx[1] = cg_mul(cg_sub(call->x[0], out), g);
}

static const cg_rule average_rule = {"average", average_backward};

static cg_tensor *average_values(cg_tensor *x, cg_tensor *w, cg_axis_set axes) {
    if (!w) return cg_mean(cg_wide(x), axes, true);
    cg_tensor *weights = cg_wide(cg_expand(w, x->shape));
    cg_tensor *sum = cg_sum(weights, axes, true), *product = cg_mul(cg_wide(x), weights);
    return cg_div(cg_sum(product, axes, true), cg_where(cg_eq(sum, 0), (double)NAN, sum));
}

/* Weights that broadcast to x: a vector is laid along the one axis that is reduced. NULL with an error. */
static cg_tensor *fitted_weights(cg_tensor *w, const cg_tensor *x, unsigned mask) {
    cg_dims common, along = {.rank = x->shape.rank};
    bool one_axis = mask && !(mask & (mask - 1));
    for (int i = 0; i < along.rank; i++) along.dim[i] = mask >> i & 1 ? x->shape.dim[i] : 1;
    if (one_axis && w->shape.rank == 1 && w->shape.dim[0] == cg_dims_numel(&along))
        return cg_reshape(w, along);
    if (cg_broadcast_shapes(w->shape, x->shape, &common) && cg_dims_equal(&common, &x->shape)) return w;
    CG_FAIL(
        &x->storage->dev->error, CG_ERROR_SHAPE,
        "average: weights %s for x %s: expected x's shape, one that broadcasts to it, or a vector along the "
        "one axis that is reduced",
        CG_SHAPE_STR(&w->shape), CG_SHAPE_STR(&x->shape));
    return NULL;
}

cg_tensor *cg_average(cg_tensor *x, cg_tensor *weights, cg_axis_set axes, bool keepdims) {
    unsigned mask;
    if (!x || !cg_op_same_device("average", x->storage->dev, 1, &weights) ||
        !cg_reduction_mask("average", x, axes, &mask))
        return NULL;
    cg_tensor *input[] = {cg_op_real(x), weights ? fitted_weights(cg_op_real(weights), x, mask) : NULL};
    if (!input[0] || (weights && !input[1])) return NULL;
    cg_scope *scope = cg_values_begin(x->storage->dev);
    if (!scope) return NULL;
    cg_tensor *wide = average_values(input[0], input[1], cg_reduction_axes(mask));
    cg_tensor *out = cg_values_end(scope, cg_narrow(wide, input[0], mask, keepdims));
    return cg_record_op(out, &average_rule, weights ? 2 : 1, input,
                        weights ? CG_KEEP(0) | CG_KEEP(1) | CG_KEEP_OUT : CG_KEEP_NOTHING,
                        &(cg_attributes){.i = {mask}});
}

/* --- spread ------------------------------------------------------------------------------------------------------ */

/* What the functions below begin with: x real, the axes as a mask, the number of elements. */
typedef struct sample {
    cg_tensor *x;
    unsigned mask;
    double n;
} sample;

static bool sample_of(const char *op, cg_tensor *x, cg_axis_set axes, sample *s) {
    if (!x || !cg_reduction_mask(op, x, axes, &s->mask)) return false;
    s->x = cg_op_real(x);
    s->n = (double)cg_reduction_count(&x->shape, s->mask);
    return s->x != NULL;
}

static cg_tensor *variance(const sample *s, int ddof) {
    return cg_central_moment(s->x, 2, s->mask, fmax(s->n - ddof, 0));
}

cg_tensor *cg_sem(cg_tensor *x, cg_axis_set axes, int ddof, bool keepdims) {
    sample s;
    if (!sample_of("sem", x, axes, &s)) return NULL;
    cg_tensor *error = cg_div(cg_deviation_of(variance(&s, ddof)), sqrt(s.n));
    return cg_narrow(error, s.x, s.mask, keepdims);
}

static cg_tensor *moment(const sample *s, int k) { return cg_central_moment(s->x, k, s->mask, s->n); }

cg_tensor *cg_skewness(cg_tensor *x, cg_axis_set axes, bool unbiased, bool keepdims) {
    sample s;
    if (!sample_of("skewness", x, axes, &s)) return NULL;
    cg_tensor *m2 = moment(&s, 2), *skewness = cg_div(moment(&s, 3), cg_mul(m2, cg_sqrt(m2)));
    if (unbiased && s.n > 2) skewness = cg_mul(skewness, sqrt(s.n * (s.n - 1)) / (s.n - 2));
    return cg_narrow(skewness, s.x, s.mask, keepdims);
}

cg_tensor *cg_kurtosis(cg_tensor *x, cg_axis_set axes, bool unbiased, bool keepdims) {
    sample s;
    if (!sample_of("kurtosis", x, axes, &s)) return NULL;
    cg_tensor *excess = cg_sub(cg_div(moment(&s, 4), cg_square(moment(&s, 2))), 3);
    if (unbiased && s.n > 3) {
        double factor = (s.n - 1) / ((s.n - 2) * (s.n - 3));
        excess = cg_mul(cg_add(cg_mul(excess, s.n + 1), 6), factor);
    }
    return cg_narrow(excess, s.x, s.mask, keepdims);
}

/* --- all of them ---------------------------------------------------------------------------------------------------- */

cg_status cg_describe(cg_tensor *x, cg_axis_set axes, int ddof, bool keepdims, cg_description *result) {
    sample s;
    if (!x || !result) return CG_ERROR_ARGUMENT;
    cg_device *dev = x->storage->dev;
    if (!sample_of("describe", x, axes, &s) || !cg_reduction_not_empty("describe", x, s.mask))
        return dev->error.code;
    cg_tensor *var = variance(&s, ddof);
    cg_description d = {.count = (int64_t)s.n,
                        .mean = cg_average(s.x, NULL, axes, keepdims),
                        .var = cg_narrow(var, s.x, s.mask, keepdims),
                        .std = cg_narrow(cg_deviation_of(var), s.x, s.mask, keepdims),
                        .min = cg_min(x, axes, keepdims),
                        .max = cg_max(x, axes, keepdims)};
    if (!d.mean || !d.var || !d.std || !d.min || !d.max) return dev->error.code;
    *result = d;
    return CG_OK;
}
