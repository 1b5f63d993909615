/* The largest element of windows. Where it came from is kept; the gradient is added there, and its own is picked there. */
#include "ops/pool_windows.h"

/* The windows, for the request of the gradient; H and W. */
static cg_attributes attributes_of(const cg_windows *w) {
    return (cg_attributes){.i = {w->kernel[0], w->kernel[1], w->stride[0], w->stride[1], w->padding[0],
                                 w->padding[1], w->dilation[0], w->dilation[1], w->in[0], w->in[1], w->out[0],
                                 w->out[1]}};
}

static cg_windows windows_of(const cg_rule_call *call) {
    const int64_t *i = call->attributes->i;
    return (cg_windows){.kernel = {i[0], i[1]},
                        .stride = {i[2], i[3]},
                        .padding = {i[4], i[5]},
                        .dilation = {i[6], i[7]},
                        .in = {i[8], i[9]},
                        .out = {i[10], i[11]}};
}

/* --- Picking and adding: a map and its adjoint, with the same index (N, C, OH, OW) ---------------------------------- */

static cg_tensor *add_at(cg_tensor *y, cg_tensor *index, const cg_windows *w);

/* Planes as rows, whose elements the indices count. */
static cg_tensor *planes(cg_tensor *x) { return cg_flatten(x, 2, 3); }

/* inputs y, index; call->g is in the shape of an x */
static void add_at_backward(const cg_rule_call *call, cg_tensor **dx) {
    cg_tensor *picked = cg_take_along_axis(planes(call->g), planes(call->x[1]), 2);
    dx[0] = cg_reshape(picked, call->shape[0]);
}

/* inputs x, index */
static void max_pool_backward(const cg_rule_call *call, cg_tensor **dx) {
    const cg_windows w = windows_of(call);
    dx[0] = add_at(call->g, call->x[1], &w);
}

static const cg_rule add_at_rule = {"max_pool2d_grad", add_at_backward};
static const cg_rule max_pool_rule = {"max_pool2d", max_pool_backward};

static cg_tensor *add_at(cg_tensor *y, cg_tensor *index, const cg_windows *w) {
    cg_device *dev = index->storage->dev;
    cg_tensor *in = y ? cg_tensor_dense(y) : NULL;
    if (!in) return NULL;
    const cg_dims shape = cg_shape(y->shape.dim[0], y->shape.dim[1], w->in[0], w->in[1]);
    cg_tensor *out = cg_tensor_make(dev, add_at_rule.name, y->storage->dtype, &shape);
    if (!out) return NULL;
    const cg_pool_request r = {.kind = CG_POOL_MAX_GRAD,
                               .dtype = y->storage->dtype,
                               .planes = shape.dim[0] * shape.dim[1],
                               .windows = *w,
                               .x = cg_tensor_operand(out),
                               .y = cg_tensor_operand(in),
                               .index = cg_tensor_operand(index)};
    if (cg_hw_pool(dev->hw, &r)) return NULL;
    return cg_record_op(out, &add_at_rule, 2, (cg_tensor *[]){y, index}, CG_KEEP(1), NULL);
}

/* The values; *index gets where they came from, unless index is NULL. Not recorded. */
static cg_tensor *max_pool_values(cg_tensor *x, const cg_windows *w, const cg_dims *shape,
                                  cg_tensor **index) {
    cg_device *dev = x->storage->dev;
    const cg_dtype dtype = x->storage->dtype;
    cg_tensor *in = cg_tensor_dense(x), *out = cg_tensor_make(dev, max_pool_rule.name, dtype, shape);
    if (index) *index = cg_tensor_make(dev, max_pool_rule.name, CG_I64, shape);
    if (!in || !out || (index && !*index)) return NULL;
    const cg_pool_request r = {.kind = CG_POOL_MAX,
                               .dtype = dtype,
                               .planes = shape->dim[0] * shape->dim[1],
                               .windows = *w,
                               .x = cg_tensor_operand(in),
                               .y = cg_tensor_operand(out),
                               .index = index ? cg_tensor_operand(*index) : (cg_operand){0}};
    return cg_hw_pool(dev->hw, &r) ? NULL : out;
}

cg_tensor *cg_max_pool2d_with_indices(cg_tensor *input, int64_t height, int64_t width,
                                      cg_pool_options options, cg_tensor **indices) {
    const int64_t kernel[] = {height, width};
    cg_windows w;
    cg_dims shape;
    if (indices) *indices = NULL;
    cg_tensor *x = cg_op_real(input), *index = NULL;
    if (!x || !cg_pool_windows(max_pool_rule.name, x, kernel, &options, &w, &shape)) return NULL;
    const bool wanted = indices || cg_recording(x->storage->dev, 1, &x);
    cg_tensor *values = max_pool_values(x, &w, &shape, wanted ? &index : NULL);
    if (!values) return NULL;
    const cg_attributes at = attributes_of(&w);
    cg_tensor *out = cg_record_op(values, &max_pool_rule, 2, (cg_tensor *[]){x, index}, CG_KEEP(1), &at);
    if (out && indices) *indices = index;
    return out;
}

cg_tensor *cg_max_pool2d(cg_tensor *x, int64_t height, int64_t width, cg_pool_options options) {
    return cg_max_pool2d_with_indices(x, height, width, options, NULL);
}

cg_tensor *cg_max_pool1d_with_indices(cg_tensor *x, int64_t kernel, cg_pool_options options,
                                      cg_tensor **indices) {
    cg_tensor *index = NULL;
    if (indices) *indices = NULL;
    if (!x || !cg_windows_check("max_pool1d", x, 3, "(N, C, L)")) return NULL;
    cg_tensor *out =
        cg_max_pool2d_with_indices(cg_windows_row(x), 1, kernel, cg_pool_options_row(options), &index);
    out = cg_windows_unrow(out);
    if (out && indices) *indices = cg_windows_unrow(index);
    return indices && !*indices ? NULL : out;
}

cg_tensor *cg_max_pool1d(cg_tensor *x, int64_t kernel, cg_pool_options options) {
    return cg_max_pool1d_with_indices(x, kernel, options, NULL);
}

cg_tensor *cg_global_max_pool(cg_tensor *x) {
    if (!x) return NULL;
    if (x->shape.rank >= 3) return cg_max(cg_flatten(x, 2, -1), cg_axes(2), false);
    CG_FAIL(&x->storage->dev->error, CG_ERROR_SHAPE, "global_max_pool: expected (N, C, ...), got %s",
            CG_SHAPE_STR(&x->shape));
    return NULL;
}
