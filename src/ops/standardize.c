/*
 * y = z weight + bias with z = (x - mean) rstd, rstd = 1 / sqrt(var + epsilon), over any axes.
 *
 * The record keeps x and the moments; z is formed of them again in the backward pass, within its reductions, and so is y
 * where others read it. Where the gradient is to be differentiated again, mean and rstd are recorded anew, as functions of x.
 */
#include "ops/standardize.h"

#include <math.h>

bool cg_check_epsilon(const char *op, const cg_tensor *x, double epsilon) {
    if (isfinite(epsilon) && epsilon >= 0) return true;
    CG_FAIL(&x->storage->dev->error, CG_ERROR_ARGUMENT, "%s of %s: expected epsilon >= 0, got %g", op,
            CG_SHAPE_STR(&x->shape), epsilon);
    return false;
}

/* --- moments ------------------------------------------------------------------------------------------------- */

/* One of the moments, with the axes of `shape` in mask as 1. */
static cg_tensor *moment(cg_tensor *moments, cg_moment which, const cg_dims *shape, unsigned mask) {
    cg_tensor *row = cg_slice(moments, 0, which, (int64_t)which + 1, 1);
    return cg_reshape(row, cg_reduction_shape(shape, mask, true));
}

/* (x - mean) rstd, in one program. */
static cg_tensor *z_from(const cg_standardizing *how, cg_tensor *x, cg_tensor *moments) {
    const unsigned mask = how->mask;
    cg_tensor *rstd = moment(moments, CG_MOMENT_RSTD, &x->shape, mask);
    if (!how->centre) return cg_mul(x, rstd);
    cg_tensor *m = moment(moments, CG_MOMENT_MEAN, &x->shape, mask);
    cg_tensor *lost = moment(moments, CG_MOMENT_LOST, &x->shape, mask);
    return cg_mul(cg_sub(cg_sub(x, m), lost), rstd);
}

static cg_tensor *composed_moments(const cg_standardizing *how, cg_tensor *x) {
    cg_axis_set axes = cg_reduction_axes(how->mask);
    cg_tensor *all[CG_MOMENTS], *d = x;
    if (how->centre) {
        cg_centre_parts(x, how->mask, &all[CG_MOMENT_MEAN], &all[CG_MOMENT_LOST]);
        d = cg_sub(cg_sub(x, all[CG_MOMENT_MEAN]), all[CG_MOMENT_LOST]);
    } else {
        cg_dims shape = cg_reduction_shape(&x->shape, how->mask, true);
        all[CG_MOMENT_MEAN] = all[CG_MOMENT_LOST] = cg_zeros(x->storage->dev, x->storage->dtype, shape);
    }
    all[CG_MOMENT_VAR] = cg_mean(cg_square(d), axes, true);
    all[CG_MOMENT_RSTD] = cg_reciprocal(cg_sqrt(cg_add(all[CG_MOMENT_VAR], how->epsilon)));
    cg_tensor *moments = cg_stack(CG_MOMENTS, all, 0);
    return moments ? cg_reshape(moments, cg_shape(CG_MOMENTS, cg_numel(moments) / CG_MOMENTS)) : NULL;
}

/* Whether neighbouring elements share a mean and have weights of their own: x is (rows, columns). */
static bool is_rows(const cg_standardizing *how, const cg_tensor *x) {
    return x->shape.rank == 2 && how->mask == 1u << 1;
}

/* The columns of x as (rows, columns), where rows share a mean: a row lies in one piece; 0 if x is not of that kind. */
static int64_t columns_of(const cg_standardizing *how, const cg_tensor *x) {
    int64_t columns = 1;
    int first = x->shape.rank;
    for (; first > 0 && how->mask >> (first - 1) & 1; first--) columns *= x->shape.dim[first - 1];
    return how->mask >> first == (1u << (x->shape.rank - first)) - 1 && !(how->mask & ((1u << first) - 1))
               ? columns
               : 0;
}

static cg_operand maybe(const cg_tensor *x) { return x ? cg_tensor_operand(x) : (cg_operand){0}; }

/* The values by the backend's own normalization of rows. */
static cg_tensor *rows_values(const cg_standardizing *how, cg_tensor *x, cg_tensor *weight, cg_tensor *bias,
                              cg_tensor *moments) {
    cg_device *dev = x->storage->dev;
    cg_tensor *in = cg_tensor_dense(x), *w = weight ? cg_tensor_dense(weight) : NULL;
    cg_tensor *b = bias ? cg_tensor_dense(bias) : NULL;
    cg_tensor *out = cg_tensor_make(dev, how->op, x->storage->dtype, &x->shape);
    if (!in || !out || (weight && !w) || (bias && !b)) return NULL;
    cg_row_norm_request r = {.dtype = x->storage->dtype,
                             .centre = how->centre,
                             .epsilon = how->epsilon,
                             .rows = cg_numel(x) / columns_of(how, x),
                             .cols = columns_of(how, x),
                             .x = cg_tensor_operand(in),
                             .weight = maybe(w),
                             .bias = maybe(b),
                             .out = cg_tensor_operand(out),
                             .moments = cg_tensor_operand(moments)};
    return cg_hw_row_norm(dev->hw, &r) ? NULL : out;
}

/* Weights that are not those of columns are multiplied to the gradient first. */
static cg_tensor *rows_gradient(const cg_standardizing *how, const cg_rule_call *call) {
    const bool scaled = call->x[1] && !is_rows(how, call->x[0]);
    cg_tensor *weight = scaled ? NULL : call->x[1], *w = weight ? cg_tensor_dense(weight) : NULL;
    cg_tensor *x = cg_tensor_dense(call->x[0]);
    cg_tensor *g = cg_tensor_dense(scaled ? cg_mul(call->g, call->x[1]) : call->g);
    cg_tensor *dx = x ? cg_tensor_make(call->dev, "standardize", x->storage->dtype, &x->shape) : NULL;
    if (!dx || !g || (weight && !w)) return NULL;
    cg_row_norm_grad_request r = {.dtype = x->storage->dtype,
                                  .centre = how->centre,
                                  .rows = cg_numel(x) / columns_of(how, x),
                                  .cols = columns_of(how, x),
                                  .g = cg_tensor_operand(g),
                                  .x = cg_tensor_operand(x),
                                  .weight = maybe(w),
                                  .moments = cg_tensor_operand(call->x[3]),
                                  .dx = cg_tensor_operand(dx)};
    return cg_hw_row_norm_grad(call->dev->hw, &r) ? NULL : dx;
}

/* --- gradient ------------------------------------------------------------------------------------------------ */

static cg_standardizing how_of(const cg_rule_call *call) {
    const cg_attributes *a = call->attributes;
    return (cg_standardizing){
        .op = "standardize", .mask = (unsigned)a->i[0], .centre = a->i[1] != 0, .epsilon = a->d[0]};
}

/* z and rstd as recorded functions of x. */
static cg_tensor *z_again(const cg_standardizing *how, cg_tensor *x, cg_tensor **rstd) {
    cg_tensor *d = how->centre ? cg_centred(x, how->mask) : x;
    cg_tensor *var = cg_mean(cg_square(d), cg_reduction_axes(how->mask), true);
    *rstd = cg_rsqrt(cg_add(var, how->epsilon));
    return cg_mul(d, *rstd);
}

/* dx = (gw - mean(gw) - z mean(gw z)) rstd */
static cg_tensor *gradient_of_x(const cg_standardizing *how, cg_tensor *gw, cg_tensor *z, cg_tensor *rstd) {
    cg_axis_set axes = cg_reduction_axes(how->mask);
    cg_tensor *along = cg_mul(z, cg_mean(cg_mul(gw, z), axes, true));
    cg_tensor *centred = how->centre ? cg_sub(gw, cg_mean(gw, axes, true)) : gw;
    return cg_mul(cg_sub(centred, along), rstd);
}

/* Whether what shares a mean shares a weight, too: then it stands before the sums. */
static bool is_channels(const cg_standardizing *how, const cg_rule_call *call) {
    const int shift = call->shape[0].rank - call->shape[1].rank;
    for (int i = 0; i < call->shape[1].rank; i++)
        if (how->mask >> (i + shift) & 1 && call->shape[1].dim[i] != 1) return false;
    return true;
}

/*
 * The sums that are the gradients of bias and weight give that of x as well:
 * dx = (g - sum(g) / n - z sum(g z) / n) rstd weight
 */
static void channels_gradient(const cg_standardizing *how, const cg_rule_call *call, cg_tensor *z,
                              cg_tensor *rstd, cg_tensor **dx) {
    cg_tensor *g = call->g, *weight = call->x[1];
    const cg_axis_set axes = cg_reduction_axes(how->mask);
    const double share = 1 / (double)cg_reduction_count(&call->shape[0], how->mask);
    cg_tensor *along = cg_sum(cg_mul(g, z), axes, true);
    cg_tensor *sum = how->centre || call->wanted[2] ? cg_sum(g, axes, true) : NULL;
    if (call->wanted[1]) dx[1] = cg_reshape(along, call->shape[1]);
    if (call->wanted[2]) dx[2] = cg_reshape(sum, call->shape[2]);
    if (!call->wanted[0]) return;
    cg_tensor *centred = how->centre ? cg_sub(g, cg_mul(sum, share)) : g;
    dx[0] = cg_mul(cg_sub(centred, cg_mul(z, cg_mul(along, share))), weight ? cg_mul(rstd, weight) : rstd);
}

/* Inputs: x, weight, bias, moments. The gradients of weight and bias are summed to their shapes afterwards. */
static void standardize_backward(const cg_rule_call *call, cg_tensor **dx) {
    const cg_standardizing how = how_of(call);
    cg_tensor *g = call->g, *x = call->x[0], *weight = call->x[1], *rstd, *z;
    if (call->wanted[2]) dx[2] = g;
    if (!call->wanted[0] && !call->wanted[1]) return;
    if (call->create_graph) {
        z = z_again(&how, x, &rstd);
    } else {
        z = z_from(&how, x, call->x[3]);
        rstd = moment(call->x[3], CG_MOMENT_RSTD, &x->shape, how.mask);
    }
    const bool rows = columns_of(&how, x) != 0;
    if (!rows && is_channels(&how, call)) {
        channels_gradient(&how, call, z, rstd, dx);
        return;
    }
    if (call->wanted[1]) dx[1] = cg_mul(g, z);
    if (call->wanted[0])
        dx[0] = rows && !call->create_graph ? rows_gradient(&how, call)
                                            : gradient_of_x(&how, weight ? cg_mul(g, weight) : g, z, rstd);
}

/* --- the operation ------------------------------------------------------------------------------------------- */

static cg_tensor *scaled(cg_tensor *z, cg_tensor *weight, cg_tensor *bias) {
    if (weight) z = cg_mul(z, weight);
    return bias ? cg_add(z, bias) : z;
}

/* By the backend's own normalization of rows, and a map for weights that are not those of columns. */
static cg_tensor *scaled_rows(const cg_standardizing *how, cg_tensor *x, cg_tensor *weight, cg_tensor *bias,
                              cg_tensor *moments) {
    if (is_rows(how, x)) return rows_values(how, x, weight, bias, moments);
    cg_scope *scope = cg_values_begin(x->storage->dev);
    cg_tensor *z = scope ? rows_values(how, x, NULL, NULL, moments) : NULL;
    return scope ? cg_values_end(scope, z ? scaled(z, weight, bias) : NULL) : NULL;
}

/* All of it as maps and reductions; *moments is made. */
static cg_tensor *composed_values(const cg_standardizing *how, cg_tensor *x, cg_tensor *weight,
                                  cg_tensor *bias, cg_tensor **moments) {
    cg_scope *scope = cg_values_begin(x->storage->dev);
    if (!scope) return NULL;
    *moments = cg_values_end(scope, composed_moments(how, x));
    return *moments ? scaled(z_from(how, x, *moments), weight, bias) : NULL;
}

static cg_tensor *make_moments(const cg_standardizing *how, cg_tensor *x, int64_t columns) {
    cg_dims shape = cg_shape(CG_MOMENTS, cg_numel(x) / columns);
    return cg_tensor_make(x->storage->dev, how->op, x->storage->dtype, &shape);
}

/* Rows by the same work as the first time, whose moments are had once more. */
static cg_tensor *standardize_again(const cg_rule_call *call) {
    const cg_standardizing how = how_of(call);
    cg_tensor *const *x = call->x, *moments = x[3];
    const int64_t columns = columns_of(&how, x[0]);
    if (!columns) return scaled(z_from(&how, x[0], moments), x[1], x[2]);
    moments = make_moments(&how, x[0], columns);
    return moments ? scaled_rows(&how, x[0], x[1], x[2], moments) : NULL;
}

static const cg_rule standardize_rule = {"standardize", standardize_backward};

cg_tensor *cg_standardize(const cg_standardizing *how, cg_tensor *x, cg_tensor *weight, cg_tensor *bias,
                          cg_tensor **moments) {
    if (!x) return NULL;
    if (cg_numel(x) == 0) return scaled(cg_mul(x, 1), weight, bias);
    cg_device *dev = x->storage->dev;
    cg_tensor *known = NULL, *out;
    const int64_t columns = columns_of(how, x);
    if (columns) {
        known = make_moments(how, x, columns);
        out = known ? scaled_rows(how, x, weight, bias, known) : NULL;
    } else {
        cg_no_grad_begin(dev);
        out = composed_values(how, x, weight, bias, &known);
        cg_no_grad_end(dev);
    }
    if (moments) *moments = known;
    cg_tensor *input[] = {x, weight, bias, known};
    const cg_attributes attributes = {.i = {how->mask, how->centre}, .d = {how->epsilon}};
    const unsigned kept = CG_KEEP(0) | CG_KEEP(1) | CG_KEEP(2) | CG_KEEP(3);
    return cg_record_op_again(out, &standardize_rule, standardize_again, 4, input, kept, &attributes);
}
