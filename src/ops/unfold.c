/* The windows of an image as columns, and columns added to an image: adjoint to each other, and each other's rule. */
#include "clgrad/conv.h"
#include "ops/image_windows.h"

static cg_windows windows_of(cg_fold_size size, cg_conv_options o) {
    return (cg_windows){.in = {size.height, size.width},
                        .kernel = {size.kernel_height, size.kernel_width},
                        .stride = {o.stride[0], o.stride[1]},
                        .padding = {o.padding[0], o.padding[1]},
                        .dilation = {o.dilation[0], o.dilation[1]}};
}

/* sizes, then the options that unfold uses */
static cg_attributes attributes_of(cg_fold_size s, cg_conv_options o) {
    return (cg_attributes){.i = {s.height, s.width, s.kernel_height, s.kernel_width, o.stride[0], o.stride[1],
                                 o.padding[0], o.padding[1], o.dilation[0], o.dilation[1]}};
}

static cg_fold_size size_of(const cg_rule_call *call) {
    const int64_t *i = call->attributes->i;
    return (cg_fold_size){i[0], i[1], i[2], i[3]};
}

static cg_conv_options options_of(const cg_rule_call *call) {
    const int64_t *i = call->attributes->i;
    return (cg_conv_options){.stride = {i[4], i[5]}, .padding = {i[6], i[7]}, .dilation = {i[8], i[9]}};
}

static void unfold_backward(const cg_rule_call *call, cg_tensor **dx) {
    dx[0] = cg_fold(call->g, size_of(call), options_of(call));
}

static void fold_backward(const cg_rule_call *call, cg_tensor **dx) {
    const cg_fold_size size = size_of(call);
    dx[0] = cg_unfold(call->g, size.kernel_height, size.kernel_width, options_of(call));
}

static const cg_rule unfold_rule = {"unfold", unfold_backward};
static const cg_rule fold_rule = {"fold", fold_backward};

/* Columns (N, C KH KW, OH OW) over their six axes. */
static cg_operand columns_of(const cg_windows *w, const cg_tensor *x) {
    const int64_t windows = w->out[0] * w->out[1], taps = w->kernel[0] * w->kernel[1];
    cg_operand o = cg_tensor_operand(x);
    const int64_t stride[] = {
        x->shape.dim[1] * windows, taps * windows, w->kernel[1] * windows, windows, w->out[1], 1};
    for (int a = 0; a < 6; a++) o.stride[a] = stride[a];
    return o;
}

cg_tensor *cg_unfold(cg_tensor *x, int64_t height, int64_t width, cg_conv_options options) {
    if (!x || !cg_windows_check("unfold", x, 4, "(N, C, H, W)")) return NULL;
    cg_device *dev = x->storage->dev;
    const int64_t n = x->shape.dim[0], c = x->shape.dim[1], one[] = {1, 1};
    const cg_fold_size size = {x->shape.dim[2], x->shape.dim[3], height, width};
    cg_windows w = windows_of(size, options);
    if (!cg_windows_fit(dev, "unfold", &w, one, false)) return NULL;
    cg_dims shape = cg_shape(n, c, 1);
    int64_t numel;
    const bool fits = cg_dims_scale(&shape, 1, height) && cg_dims_scale(&shape, 1, width) &&
                      cg_dims_scale(&shape, 2, w.out[0]) && cg_dims_scale(&shape, 2, w.out[1]);
    if (!fits) shape.rank = -1;
    if (cg_tensor_check(dev, "unfold", x->storage->dtype, &shape, &numel)) return NULL;
    cg_tensor *image = cg_tensor_dense(x), *out = cg_tensor_make(dev, "unfold", x->storage->dtype, &shape);
    if (!image || !out) return NULL;
    const cg_operand from = cg_tensor_operand(image), to = columns_of(&w, out);
    const cg_attributes at = attributes_of(size, options);
    if (n > 0 && cg_hw_gather_windows(dev->hw, &w, n, c, &from, &to)) return NULL;
    return cg_record_op(out, &unfold_rule, 1, &x, CG_KEEP_NOTHING, &at);
}

/* Whether x can be the columns of such windows; an error if not. */
static bool check_columns(const cg_tensor *x, const cg_windows *w) {
    const int64_t taps = w->kernel[0] * w->kernel[1];
    if (x->shape.dim[1] % taps == 0 && x->shape.dim[2] == w->out[0] * w->out[1]) return true;
    CG_FAIL(&x->storage->dev->error, CG_ERROR_SHAPE,
            "fold: %s: expected (N, C KH KW, OH OW) with KH KW = %lld, OH = %lld and OW = %lld",
            CG_SHAPE_STR(&x->shape), (long long)taps, (long long)w->out[0], (long long)w->out[1]);
    return false;
}

cg_tensor *cg_fold(cg_tensor *input, cg_fold_size size, cg_conv_options options) {
    if (!input || !cg_windows_check("fold", input, 3, "(N, C KH KW, OH OW)")) return NULL;
    cg_device *dev = input->storage->dev;
    cg_windows w = windows_of(size, options);
    const int64_t one[] = {1, 1};
    cg_dims shape = cg_shape(input->shape.dim[0], 1, size.height, size.width);
    int64_t numel;
    if (cg_tensor_check(dev, "fold", CG_I64, &shape, &numel) ||
        !cg_windows_fit(dev, "fold", &w, one, false) || !check_columns(input, &w))
        return NULL;
    shape.dim[1] = input->shape.dim[1] / (w.kernel[0] * w.kernel[1]);
    cg_tensor *x = cg_op_real(input), *columns = x ? cg_tensor_dense(x) : NULL;
    cg_tensor *out = columns ? cg_tensor_make(dev, "fold", x->storage->dtype, &shape) : NULL;
    if (!out) return NULL;
    const cg_operand from = columns_of(&w, columns), to = cg_tensor_operand(out);
    const cg_attributes at = attributes_of(size, options);
    if (shape.dim[0] > 0 && cg_hw_add_windows(dev->hw, &w, shape.dim[0], shape.dim[1], &from, &to))
        return NULL;
    return cg_record_op(out, &fold_rule, 1, &x, CG_KEEP_NOTHING, &at);
}
