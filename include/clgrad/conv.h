/*
 * Convolutions over one and two axes, their gradients as operations, windows as columns, and the layers made of them.
 *
 * Layouts are PyTorch's: x (N, C, H, W), w (K, C/groups, KH, KW), result (N, K, OH, OW); with one axis (N, C, L) and
 * (K, C/groups, KL). As in every library of this kind the kernel is not flipped: it is a cross-correlation.
 *
 *     OH = floor((H + 2 padding - dilation (KH - 1) - 1) / stride) + 1
 *
 * dtypes: f32, f64; others are promoted to f32, and a pair of f32 and f64 to f64. The order of additions is fixed: the
 * same bits twice on the same device. With n products to an element the error is at most (n + 2) u sum |x w|.
 *
 * cg_conv2d, cg_conv2d_input_grad and cg_conv2d_weight_grad are the three faces of one trilinear form: each one's
 * gradients are the other two, so that gradients of every order are made of the same three kernels.
 *
 * Errors, of all: CG_ERROR_SHAPE for ranks and sizes that do not fit, CG_ERROR_ARGUMENT for options that are not
 * possible (negative, groups that do not divide the channels), CG_ERROR_DEVICE_MISMATCH; the result is NULL.
 */
#ifndef CLGRAD_CONV_H
#define CLGRAD_CONV_H

#include "nn.h"
#include "tensor.h"

CG_BEGIN_DECLS

/*
 * How a kernel moves. [0] is the axis H, [1] the axis W; with one axis [0] counts alone. Each 0 is its default by
 * itself: {.stride = {2}} is 2 along H and 1 along W.
 */
typedef struct cg_conv_options {
    int64_t stride[2];         /* from one window to the next; 0: 1 */
    int64_t padding[2];        /* zeros at both ends of the axis */
    int64_t dilation[2];       /* from one element of a window to the next; 0: 1 */
    int64_t groups;            /* channels fall into as many groups that do not see each other; 0: 1 */
    int64_t output_padding[2]; /* transposed alone: added to the result's size; below stride or dilation */
    bool no_bias;              /* layers alone: without a bias, as before a normalization */
} cg_conv_options;

/* --- Convolutions --------------------------------------------------------------------------------------------- */

/*
 * The convolution of x (N, C, L) with w (K, C/groups, KL) -> (N, K, OL): as cg_conv2d over one axis. b (K) or NULL.
 * Gradient to x, w and b. As torch.nn.functional.conv1d.
 */
CG_API cg_tensor *cg_conv1d(cg_tensor *x, cg_tensor *w, cg_tensor *b, cg_conv_options options);

/*
 * The convolution of x (N, C, H, W) with w (K, C/groups, KH, KW) -> (N, K, OH, OW):
 *
 *     y[n, k, i, j] = b[k] + sum_{c, r, s} w[k, c, r, s] x[n, c0 + c, i stride - padding + r dilation, j .. + s ..]
 *
 * over the C/groups channels of k's group, which begin at c0; x is 0 outside, and such a 0 is a factor like others: times
 * what is not finite it is NaN, as it is where x was padded by cg_pad. b (K) or NULL. Gradient: to x
 * cg_conv2d_input_grad(g, w), to w cg_conv2d_weight_grad(x, g), to b the sum of g over n, i and j. As
 * torch.nn.functional.conv2d.
 */
CG_API cg_tensor *cg_conv2d(cg_tensor *x, cg_tensor *w, cg_tensor *b, cg_conv_options options);

/*
 * What a gradient g (N, K, OH, OW) of a convolution with w (K, C/groups, KH, KW) is to its input of `height` by `width`:
 *
 *     dx[n, c0 + c, p, q] = sum of g[n, k, i, j] w[k, c, r, s] over all k, i, j, r, s that read x[n, c0 + c, p, q]
 *
 * -> (N, C, height, width), C = groups times axis 1 of w. Gradient: to g cg_conv2d(h, w), to w
 * cg_conv2d_weight_grad(h, g). Errors: also CG_ERROR_SHAPE if that input would not give g's OH and OW. As
 * torch.nn.grad.conv2d_input.
 */
CG_API cg_tensor *cg_conv2d_input_grad(cg_tensor *g, cg_tensor *w, int64_t height, int64_t width,
                                       cg_conv_options options);

/*
 * What a gradient g (N, K, OH, OW) of a convolution of x (N, C, H, W) is to its kernel of `height` by `width`:
 *
 *     dw[k, c, r, s] = sum_{n, i, j} g[n, k, i, j] x[n, c0 + c, i stride - padding + r dilation, j .. + s ..]
 *
 * -> (K, C/groups, height, width); x is 0 outside, as in cg_conv2d. Gradient: to x cg_conv2d_input_grad(g, h), to g cg_conv2d(x, h). Errors: also
 * CG_ERROR_SHAPE if that kernel would not give g's OH and OW. As torch.nn.grad.conv2d_weight.
 */
CG_API cg_tensor *cg_conv2d_weight_grad(cg_tensor *x, cg_tensor *g, int64_t height, int64_t width,
                                        cg_conv_options options);

/*
 * The transposed convolution of x (N, C, L) with w (C, K/groups, KL) -> (N, K, OL): as cg_conv_transpose2d over one
 * axis. b (K) or NULL. Gradient to x, w and b. As torch.nn.functional.conv_transpose1d.
 */
CG_API cg_tensor *cg_conv_transpose1d(cg_tensor *x, cg_tensor *w, cg_tensor *b, cg_conv_options options);

/*
 * The transposed convolution of x (N, C, H, W) with w (C, K/groups, KH, KW) -> (N, K, OH, OW), the map that a
 * convolution's gradient to its input is, with b (K) or NULL added:
 *
 *     OH = (H - 1) stride - 2 padding + dilation (KH - 1) + output_padding + 1
 *
 * Gradient to x, w and b. Errors: also CG_ERROR_ARGUMENT for an output_padding that is not below the stride or the
 * dilation. As torch.nn.functional.conv_transpose2d. Source: Dumoulin, Visin, arXiv:1603.07285.
 */
CG_API cg_tensor *cg_conv_transpose2d(cg_tensor *x, cg_tensor *w, cg_tensor *b, cg_conv_options options);

/* --- Windows as columns ----------------------------------------------------------------------------------------- */

/*
 * The windows of x (N, C, H, W) as columns -> (N, C height width, OH OW), known as im2col: row (c, r, s) and column (i,
 * j) hold x[n, c, i stride - padding + r dilation, j .. + s ..], 0 outside. Any dtype; groups are not used. Gradient to
 * x: cg_fold. As torch.nn.functional.unfold.
 */
CG_API cg_tensor *cg_unfold(cg_tensor *x, int64_t height, int64_t width, cg_conv_options options);

/* An image and the windows in it, for cg_fold. */
typedef struct cg_fold_size {
    int64_t height, width;               /* of the image */
    int64_t kernel_height, kernel_width; /* of a window */
} cg_fold_size;

/*
 * The adjoint of cg_unfold, known as col2im: x (N, C KH KW, OH OW) -> (N, C, H, W), where each element of a column is
 * added to the place that cg_unfold took it from, in a fixed order. f32, f64; others are promoted to f32. Gradient to x:
 * cg_unfold. Error at most KH KW u sum |x|. As torch.nn.functional.fold.
 */
CG_API cg_tensor *cg_fold(cg_tensor *x, cg_fold_size size, cg_conv_options options);

/* --- Layers ----------------------------------------------------------------------------------------------------- */

/*
 * y = conv1d(x, w) + b with parameters weight (out, in/groups, kernel), He normal for the fan_in that an output
 * sees, in/groups kernel, and, but for no_bias, bias (out), 0; f32. Errors: CG_ERROR_ARGUMENT for sizes or options that
 * are not possible.
 */
CG_API cg_module *cg_conv1d_module(cg_device *dev, int64_t in, int64_t out, int64_t kernel,
                                   cg_conv_options options);

/* The same over two axes: weight (out, in/groups, height, width), fan_in = in/groups height width. */
CG_API cg_module *cg_conv2d_module(cg_device *dev, int64_t in, int64_t out, int64_t height, int64_t width,
                                   cg_conv_options options);

/*
 * y = conv_transpose1d(x, w) + b with parameters weight (in, out/groups, kernel), He normal for the fan_in that an
 * output sees on average, in/groups kernel / stride (1 at least), and bias (out), 0; f32. Errors as cg_conv1d_module.
 */
CG_API cg_module *cg_conv_transpose1d_module(cg_device *dev, int64_t in, int64_t out, int64_t kernel,
                                             cg_conv_options options);

/* The same over two axes: weight (in, out/groups, height, width). */
CG_API cg_module *cg_conv_transpose2d_module(cg_device *dev, int64_t in, int64_t out, int64_t height,
                                             int64_t width, cg_conv_options options);

CG_END_DECLS
#endif
