/* The mean of windows: a linear map, whose adjoint spreads a value over its window; each is the rule of the other. */
#include "ops/pool_windows.h"

/* --- The map and its adjoint --------------------------------------------------------------------------------------- */

/* Windows, exclude_padding; H and W. */
static cg_attributes attributes_of(const cg_windows *w, bool exclude_padding) {
    return (cg_attributes){.i = {w->kernel[0], w->kernel[1], w->stride[0], w->stride[1], w->padding[0],
                                 w->padding[1], w->in[0], w->in[1], w->out[0], w->out[1], exclude_padding}};
}

static cg_windows windows_of(const cg_rule_call *call) {
    const int64_t *i = call->attributes->i;
    return (cg_windows){.kernel = {i[0], i[1]},
                        .stride = {i[2], i[3]},
                        .padding = {i[4], i[5]},
                        .dilation = {1, 1},
                        .in = {i[6], i[7]},
                        .out = {i[8], i[9]}};
}

static cg_tensor *mean(cg_tensor *x, const cg_windows *w, bool exclude_padding);
static cg_tensor *spread(cg_tensor *y, const cg_windows *w, bool exclude_padding);

static void mean_backward(const cg_rule_call *call, cg_tensor **dx) {
    const cg_windows w = windows_of(call);
    dx[0] = spread(call->g, &w, call->attributes->i[10] != 0);
}

static void spread_backward(const cg_rule_call *call, cg_tensor **dx) {
    const cg_windows w = windows_of(call);
    dx[0] = mean(call->g, &w, call->attributes->i[10] != 0);
}

static const cg_rule mean_rule = {"avg_pool2d", mean_backward};
static const cg_rule spread_rule = {"avg_pool2d_grad", spread_backward};

/* One of the two, of `from` (N, C, ., .), which is real. */
static cg_tensor *pool(const cg_rule *rule, cg_pool_kind kind, cg_tensor *from, const cg_windows *w,
                       bool exclude_padding) {
    if (!from) return NULL;
    const int64_t *size = kind == CG_POOL_MEAN ? w->out : w->in;
    const cg_dims shape = cg_shape(from->shape.dim[0], from->shape.dim[1], size[0], size[1]);
    cg_device *dev = from->storage->dev;
    cg_tensor *in = cg_tensor_dense(from),
              *out = cg_tensor_make(dev, rule->name, from->storage->dtype, &shape);
    if (!in || !out) return NULL;
    const cg_pool_request r = {.kind = kind,
                               .dtype = from->storage->dtype,
                               .exclude_padding = exclude_padding,
                               .planes = shape.dim[0] * shape.dim[1],
                               .windows = *w,
                               .x = cg_tensor_operand(kind == CG_POOL_MEAN ? in : out),
                               .y = cg_tensor_operand(kind == CG_POOL_MEAN ? out : in)};
    const cg_attributes at = attributes_of(w, exclude_padding);
    if (cg_hw_pool(dev->hw, &r)) return NULL;
    return cg_record_op(out, rule, 1, &from, CG_KEEP_NOTHING, &at);
}

static cg_tensor *mean(cg_tensor *x, const cg_windows *w, bool exclude_padding) {
    return pool(&mean_rule, CG_POOL_MEAN, x, w, exclude_padding);
}

static cg_tensor *spread(cg_tensor *y, const cg_windows *w, bool exclude_padding) {
    return pool(&spread_rule, CG_POOL_MEAN_GRAD, y, w, exclude_padding);
}

/* --- The operations ------------------------------------------------------------------------------------------------- */

cg_tensor *cg_avg_pool2d(cg_tensor *input, int64_t height, int64_t width, cg_pool_options options) {
    const int64_t kernel[] = {height, width};
    cg_windows w;
    cg_dims shape;
    cg_tensor *x = cg_op_real(input);
    if (!x) return NULL;
    if (options.dilation[0] > 1 || options.dilation[1] > 1) {
        CG_FAIL(&x->storage->dev->error, CG_ERROR_ARGUMENT, "avg_pool2d: a mean has no dilation");
        return NULL;
    }
    if (!cg_pool_windows(mean_rule.name, x, kernel, &options, &w, &shape)) return NULL;
    return mean(x, &w, options.exclude_padding);
}

cg_tensor *cg_avg_pool1d(cg_tensor *x, int64_t kernel, cg_pool_options options) {
    if (!x || !cg_windows_check("avg_pool1d", x, 3, "(N, C, L)")) return NULL;
    return cg_windows_unrow(cg_avg_pool2d(cg_windows_row(x), 1, kernel, cg_pool_options_row(options)));
}

cg_tensor *cg_global_avg_pool(cg_tensor *x) {
    if (!x) return NULL;
    if (x->shape.rank >= 3) return cg_mean(cg_flatten(x, 2, -1), cg_axes(2), false);
    CG_FAIL(&x->storage->dev->error, CG_ERROR_SHAPE, "global_avg_pool: expected (N, C, ...), got %s",
            CG_SHAPE_STR(&x->shape));
    return NULL;
}
