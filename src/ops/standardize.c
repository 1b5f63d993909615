/*
 * y = z weight + bias with z = (x - mean) rstd, rstd = 1 / sqrt(var + epsilon), over the axes of rows, groups or channels.
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

/* Whether neighbouring elements share a mean and have weights of their own: x is (rows, columns). */
static bool is_rows(const cg_standardizing *how, const cg_tensor *x) {
    return x->shape.rank == 2 && how->mask == 1u << 1;
}

/*
 * The elements as (outer, rows, cols), where all of a row share a mean, and the channels that have weights of their own: groups
 * of cols / run of them. x is (rows, cols), each column a channel; (N, C, ...), a row for each channel; or (N, G, C/G, L).
 */
typedef struct norm_layout {
    int64_t outer, rows, cols, groups, run;
} norm_layout;

static norm_layout layout_of(const cg_standardizing *how, const cg_tensor *x) {
    const int64_t *d = x->shape.dim;
    if (is_rows(how, x)) return (norm_layout){1, d[0], d[1], 1, 1};
    if (!(how->mask & 1)) return (norm_layout){1, d[0] * d[1], d[2] * d[3], d[1], d[3]};
    const int64_t length = cg_numel(x) / (d[0] * d[1]);
    return (norm_layout){d[0], d[1], length, d[1], length};
}

static cg_operand maybe(const cg_tensor *x) { return x ? cg_tensor_operand(x) : (cg_operand){0}; }

/* The moments, and the values of rows; *out stays NULL for those of other layouts. False on an error. */
static bool find_moments(const cg_standardizing *how, cg_tensor *x, cg_tensor *weight, cg_tensor *bias,
                         cg_tensor *moments, cg_tensor **out) {
    cg_device *dev = x->storage->dev;
    const norm_layout l = layout_of(how, x);
    const bool rows = is_rows(how, x);
    cg_tensor *in = cg_tensor_dense(x), *w = rows && weight ? cg_tensor_dense(weight) : NULL;
    cg_tensor *b = rows && bias ? cg_tensor_dense(bias) : NULL;
    *out = rows ? cg_tensor_make(dev, how->op, x->storage->dtype, &x->shape) : NULL;
    if (!in || (rows && (!*out || (weight && !w) || (bias && !b)))) return false;
    cg_row_norm_request r = {.dtype = x->storage->dtype,
                             .centre = how->centre,
                             .epsilon = how->epsilon,
                             .outer = l.outer,
                             .rows = l.rows,
                             .cols = l.cols,
                             .x = cg_tensor_operand(in),
                             .weight = maybe(w),
                             .bias = maybe(b),
                             .out = maybe(*out),
                             .moments = cg_tensor_operand(moments)};
    return cg_hw_row_norm(dev->hw, &r) == CG_OK;
}

/* The gradients that are wanted, that of x among them. False on an error. */
static bool gradients(const cg_standardizing *how, const cg_rule_call *call, cg_tensor **dx) {
    cg_tensor *x = cg_tensor_dense(call->x[0]), *g = cg_tensor_dense(call->g);
    cg_tensor *w = call->x[1] ? cg_tensor_dense(call->x[1]) : NULL;
    if (!x || !g || (call->x[1] && !w)) return false;
    for (int i = 0; i < 3; i++) {
        if (!call->wanted[i]) continue;
        dx[i] = cg_tensor_make(call->dev, "standardize", x->storage->dtype, &call->shape[i]);
        if (!dx[i]) return false;
    }
    const norm_layout l = layout_of(how, x);
    cg_row_norm_grad_request r = {.dtype = x->storage->dtype,
                                  .centre = how->centre,
                                  .outer = l.outer,
                                  .rows = l.rows,
                                  .cols = l.cols,
                                  .groups = l.groups,
                                  .run = l.run,
                                  .g = cg_tensor_operand(g),
                                  .x = cg_tensor_operand(x),
                                  .weight = maybe(w),
                                  .moments = cg_tensor_operand(call->x[3]),
                                  .dx = cg_tensor_operand(dx[0]),
                                  .dweight = maybe(dx[1]),
                                  .dbias = maybe(dx[2])};
    return cg_hw_row_norm_grad(call->dev->hw, &r) == CG_OK;
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

/* Inputs: x, weight, bias, moments. What has another shape than weight and bias is summed to theirs afterwards. */
static void standardize_backward(const cg_rule_call *call, cg_tensor **dx) {
    const cg_standardizing how = how_of(call);
    cg_tensor *g = call->g, *x = call->x[0], *weight = call->x[1], *rstd, *z;
    if (call->wanted[0] && !call->create_graph) {
        if (!gradients(&how, call, dx)) dx[0] = NULL;
        return;
    }
    if (call->wanted[2]) dx[2] = g;
    if (!call->wanted[0] && !call->wanted[1]) return;
    if (call->create_graph) {
        z = z_again(&how, x, &rstd);
    } else {
        z = z_from(&how, x, call->x[3]);
        rstd = moment(call->x[3], CG_MOMENT_RSTD, &x->shape, how.mask);
    }
    if (how.mask & 1 && is_channels(&how, call)) {
        channels_gradient(&how, call, z, rstd, dx);
        return;
    }
    if (call->wanted[1]) dx[1] = cg_mul(g, z);
    if (call->wanted[0]) dx[0] = gradient_of_x(&how, weight ? cg_mul(g, weight) : g, z, rstd);
}

/* --- the operation ------------------------------------------------------------------------------------------- */

static cg_tensor *scaled(cg_tensor *z, cg_tensor *weight, cg_tensor *bias) {
    if (weight) z = cg_mul(z, weight);
    return bias ? cg_add(z, bias) : z;
}

/* Those of rows by the backend; of others a formula of the moments, which what follows can join. */
static cg_tensor *values_of(const cg_standardizing *how, cg_tensor *x, cg_tensor *weight, cg_tensor *bias,
                            cg_tensor *moments) {
    cg_tensor *out;
    if (!find_moments(how, x, weight, bias, moments, &out)) return NULL;
    return out ? out : scaled(z_from(how, x, moments), weight, bias);
}

static cg_tensor *make_moments(const cg_standardizing *how, cg_tensor *x) {
    const cg_dims shape = cg_shape(CG_MOMENTS, layout_of(how, x).rows);
    return cg_tensor_make(x->storage->dev, how->op, x->storage->dtype, &shape);
}

/* Rows by the same work as the first time, whose moments are had once more. */
static cg_tensor *standardize_again(const cg_rule_call *call) {
    const cg_standardizing how = how_of(call);
    cg_tensor *const *x = call->x, *moments = x[3];
    if (!is_rows(&how, x[0])) return scaled(z_from(&how, x[0], moments), x[1], x[2]);
    moments = make_moments(&how, x[0]);
    return moments ? values_of(&how, x[0], x[1], x[2], moments) : NULL;
}

static const cg_rule standardize_rule = {"standardize", standardize_backward};

cg_tensor *cg_standardize(const cg_standardizing *how, cg_tensor *x, cg_tensor *weight, cg_tensor *bias,
                          cg_tensor **moments) {
    if (!x) return NULL;
    if (cg_numel(x) == 0) return scaled(cg_mul(x, 1), weight, bias);
    cg_device *dev = x->storage->dev;
    cg_tensor *known = make_moments(how, x);
    if (!known) return NULL;
    cg_no_grad_begin(dev);
    cg_tensor *out = values_of(how, x, weight, bias, known);
    cg_no_grad_end(dev);
    if (moments) *moments = known;
    cg_tensor *input[] = {x, weight, bias, known};
    const cg_attributes attributes = {.i = {how->mask, how->centre}, .d = {how->epsilon}};
    const unsigned kept = CG_KEEP(0) | CG_KEEP(1) | CG_KEEP_AGAIN(2) | CG_KEEP(3);
    return cg_record_op_again(out, &standardize_rule, standardize_again, 4, input, kept, &attributes);
}
