/* Convolutions along one axis, as images of one row; transposed ones, as the gradient of one that goes the other way. */
#include "ops/conv_options.h"

cg_conv_options cg_conv_options_row(cg_conv_options o) {
    return (cg_conv_options){.stride = {1, o.stride[0]},
                             .padding = {0, o.padding[0]},
                             .dilation = {1, o.dilation[0]},
                             .groups = o.groups,
                             .output_padding = {0, o.output_padding[0]}};
}

static const char *const line = "(N, C, L)", *const kernel = "(K, C / groups, KL)",
                         *const turned = "(C, K / groups, KL)", *const turned2 = "(C, K / groups, KH, KW)";

cg_tensor *cg_conv1d(cg_tensor *x, cg_tensor *w, cg_tensor *b, cg_conv_options options) {
    if (!x || !w || !cg_windows_check("conv1d", x, 3, line) || !cg_windows_check("conv1d", w, 3, kernel))
        return NULL;
    return cg_windows_unrow(cg_conv2d(cg_windows_row(x), cg_windows_row(w), b, cg_conv_options_row(options)));
}

/* --- Transposed ---------------------------------------------------------------------------------------------------- */

/* The size along an axis; -1 for options that are not possible. What conv2d_input_grad checks is not checked here. */
static int64_t transposed_size(const cg_conv_options *o, int axis, int64_t in, int64_t kernel_size) {
    const int64_t stride = o->stride[axis] ? o->stride[axis] : 1;
    const int64_t dilation = o->dilation[axis] ? o->dilation[axis] : 1, more = o->output_padding[axis];
    int64_t size, reach;
    if (more < 0 || (more >= stride && more >= dilation)) return -1;
    if (__builtin_mul_overflow(in - 1, stride, &size) || o->padding[axis] < 0 ||
        o->padding[axis] > INT32_MAX || __builtin_mul_overflow(kernel_size - 1, dilation, &reach) ||
        __builtin_add_overflow(size, reach, &size) || __builtin_add_overflow(size, more + 1, &size))
        return -1;
    return size - 2 * o->padding[axis];
}

/*
 * With an output_padding from the stride on, further windows begin in the result. They belong to rows and columns of x
 * that are 0: output_padding / stride of them behind it.
 */
static cg_tensor *with_all_windows(cg_tensor *x, const cg_conv_options *o) {
    const int64_t none[4] = {0};
    int64_t behind[4] = {0};
    for (int a = 0; a < 2; a++) behind[2 + a] = o->output_padding[a] / (o->stride[a] > 0 ? o->stride[a] : 1);
    return behind[2] || behind[3] ? cg_pad(x, none, behind, 0) : x;
}

/* b (K) over (N, K, OH, OW). */
static cg_tensor *add_channels(cg_tensor *x, cg_tensor *b) {
    return b ? cg_add(x, cg_reshape(b, cg_shape(-1, 1, 1))) : x;
}

cg_tensor *cg_conv_transpose2d(cg_tensor *x, cg_tensor *w, cg_tensor *b, cg_conv_options options) {
    const char *op = "conv_transpose2d";
    if (!x || !w || !cg_op_same_device(op, x->storage->dev, 2, (cg_tensor *[]){w, b}) ||
        !cg_windows_check(op, x, 4, "(N, C, H, W)") || !cg_windows_check(op, w, 4, turned2))
        return NULL;
    const int64_t groups = cg_conv_groups(options);
    int64_t k, size[2];
    if (__builtin_mul_overflow(w->shape.dim[1], groups, &k)) {
        CG_FAIL(&x->storage->dev->error, CG_ERROR_ARGUMENT, "%s: w %s with %lld groups: expected %s", op,
                CG_SHAPE_STR(&w->shape), (long long)groups, turned2);
        return NULL;
    }
    if (!cg_conv_check_bias(op, b, k)) return NULL;
    for (int a = 0; a < 2; a++) {
        size[a] = transposed_size(&options, a, x->shape.dim[2 + a], w->shape.dim[2 + a]);
        if (size[a] >= 1) continue;
        CG_FAIL(
            &x->storage->dev->error, CG_ERROR_ARGUMENT,
            "%s: x %s, w %s: stride %lld, padding %lld and output_padding %lld of axis %d do not go together",
            op, CG_SHAPE_STR(&x->shape), CG_SHAPE_STR(&w->shape), (long long)options.stride[a],
            (long long)options.padding[a], (long long)options.output_padding[a], 2 + a);
        return NULL;
    }
    return add_channels(cg_conv2d_input_grad(with_all_windows(x, &options), w, size[0], size[1], options), b);
}

cg_tensor *cg_conv_transpose1d(cg_tensor *x, cg_tensor *w, cg_tensor *b, cg_conv_options options) {
    const char *op = "conv_transpose1d";
    if (!x || !w || !cg_windows_check(op, x, 3, line) || !cg_windows_check(op, w, 3, turned)) return NULL;
    return cg_windows_unrow(
        cg_conv_transpose2d(cg_windows_row(x), cg_windows_row(w), b, cg_conv_options_row(options)));
}
