/*
 * y = z weight + bias with z = (x - mean) rstd, rstd = 1 / sqrt(var + epsilon), over any axes.
 *
 * The record keeps x and the moments; z is formed of them again in the backward pass, within its reductions. Where the
 * gradient is to be differentiated again, mean and rstd are recorded anew, as functions of x.
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
    return (cg_standardizing){.mask = (unsigned)a->i[0], .centre = a->i[1] != 0, .epsilon = a->d[0]};
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

/* Inputs: x, weight, bias, moments. The gradients of weight and bias are summed to their shapes afterwards. */
static void standardize_backward(const cg_rule_call *call, cg_tensor **dx) {
    const cg_standardizing how = how_of(call);
    cg_tensor *g = call->g, *x = call->x[0], *weight = call->x[1], *rstd;
    if (call->wanted[2]) dx[2] = g;
    if (!call->wanted[0] && !call->wanted[1]) return;
    cg_tensor *z;
    if (call->create_graph) {
        z = z_again(&how, x, &rstd);
    } else {
        z = z_from(&how, x, call->x[3]);
        rstd = moment(call->x[3], CG_MOMENT_RSTD, &x->shape, how.mask);
    }
    if (call->wanted[1]) dx[1] = cg_mul(g, z);
    if (call->wanted[0] && !call->create_graph && columns_of(&how, x)) {
        dx[0] = rows_gradient(&how, call);
        return;
    }
    if (call->wanted[0]) dx[0] = gradient_of_x(&how, weight ? cg_mul(g, weight) : g, z, rstd);
}

static const cg_rule standardize_rule = {"standardize", standardize_backward};

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

cg_tensor *cg_standardize(const cg_standardizing *how, cg_tensor *x, cg_tensor *weight, cg_tensor *bias,
                          cg_tensor **moments) {
    if (!x) return NULL;
    if (cg_numel(x) == 0) return scaled(cg_mul(x, 1), weight, bias);
    cg_device *dev = x->storage->dev;
    cg_tensor *known = NULL, *out;
    const int64_t columns = columns_of(how, x);
    if (columns) {
        cg_dims shape = cg_shape(CG_MOMENTS, cg_numel(x) / columns);
        known = cg_tensor_make(dev, how->op, x->storage->dtype, &shape);
        out = known ? scaled_rows(how, x, weight, bias, known) : NULL;
    } else {
        cg_no_grad_begin(dev);
        out = composed_values(how, x, weight, bias, &known);
        cg_no_grad_end(dev);
    }
    if (moments) *moments = known;
    cg_tensor *input[] = {x, weight, bias, known};
    const cg_attributes attributes = {.i = {how->mask, how->centre}, .d = {how->epsilon}};
    return cg_record_op(out, &standardize_rule, 4, input, CG_KEEP(0) | CG_KEEP(1) | CG_KEEP(3), &attributes);
}
