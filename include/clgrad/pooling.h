/*
 * Pooling: windows of an image reduced to their maximum or mean, and the layers made of it.
 *
 * x (N, C, H, W) -> (N, C, OH, OW), with one axis (N, C, L) -> (N, C, OL):
 *
 *     OH = floor((H + 2 padding - dilation (KH - 1) - 1) / stride) + 1
 *
 * or ceil in place of floor where ceil_mode is set, less a last window that would begin in the padding behind x. dtypes:
 * f32, f64; others are promoted to f32.
 *
 * Errors, of all: CG_ERROR_SHAPE for another rank and for windows that do not fit or are padding alone,
 * CG_ERROR_ARGUMENT for options that are not possible (negative, a padding above half the window); the result is NULL.
 */
#ifndef CLGRAD_POOLING_H
#define CLGRAD_POOLING_H

#include "nn.h"
#include "tensor.h"

CG_BEGIN_DECLS

/*
 * How windows lie. [0] is the axis H, [1] the axis W; with one axis [0] counts alone. Each 0 is its default by itself.
 */
typedef struct cg_pool_options {
    int64_t stride[2];    /* from one window to the next; 0: the window's length: they do not overlap */
    int64_t padding[2];   /* at both ends of the axis: minus infinity to a maximum, zeros to a mean */
    int64_t dilation[2];  /* from one element of a window to the next; 0: 1. Maximum alone */
    bool ceil_mode;       /* a last window may reach beyond the padding */
    bool exclude_padding; /* a mean is over the elements of x alone; else (PyTorch's default) zeros count */
} cg_pool_options;

/* --- Maximum -------------------------------------------------------------------------------------------------- */

/* The largest element of each window of x (N, C, L) -> (N, C, OL): as cg_max_pool2d. Gradient to x. */
CG_API cg_tensor *cg_max_pool1d(cg_tensor *x, int64_t kernel, cg_pool_options options);

/*
 * The largest element of each window of `height` by `width`; NaN wins. Exact. Gradient to x: g added where the element
 * came from, the first NaN of a window, or the first maximum, in a fixed order. As torch.nn.functional.max_pool2d.
 */
CG_API cg_tensor *cg_max_pool2d(cg_tensor *x, int64_t height, int64_t width, cg_pool_options options);

/*
 * cg_max_pool1d, and in *indices, i64 of the same shape, the place along L of each element. *indices is NULL on an
 * error.
 */
CG_API cg_tensor *cg_max_pool1d_with_indices(cg_tensor *x, int64_t kernel, cg_pool_options options,
                                             cg_tensor **indices);

/*
 * cg_max_pool2d, and in *indices, i64 of the same shape, the place of each element in its plane: row W + column.
 * *indices is NULL on an error. As torch.nn.functional.max_pool2d with return_indices.
 */
CG_API cg_tensor *cg_max_pool2d_with_indices(cg_tensor *x, int64_t height, int64_t width,
                                             cg_pool_options options, cg_tensor **indices);

/* --- Mean ------------------------------------------------------------------------------------------------------- */

/* The mean of each window of x (N, C, L) -> (N, C, OL): as cg_avg_pool2d. Gradient to x. */
CG_API cg_tensor *cg_avg_pool1d(cg_tensor *x, int64_t kernel, cg_pool_options options);

/*
 * The mean of each window of `height` by `width`: the sum of its elements of x, by their number and that of the zeros of
 * the padding in it (what ceil_mode adds beyond is never counted), or by their number alone where exclude_padding is
 * set.
 * Error at most (height width + 1) u mean |x|. Gradient to x: g / divisor added to each element of the window, in a
 * fixed order. As torch.nn.functional.avg_pool2d.
 */
CG_API cg_tensor *cg_avg_pool2d(cg_tensor *x, int64_t height, int64_t width, cg_pool_options options);

/*
 * Means over a grid of `height` by `width` windows that cover x (N, C, H, W) -> (N, C, height, width): window i reaches
 * from floor(i H / height) to ceil((i + 1) H / height), not included. height, width > 0. Gradient to x. As
 * torch.nn.functional.adaptive_avg_pool2d.
 */
CG_API cg_tensor *cg_adaptive_avg_pool2d(cg_tensor *x, int64_t height, int64_t width);

/* --- Over everything -------------------------------------------------------------------------------------------- */

/* The mean over all axes behind the second: x (N, C, ...) -> (N, C), rank 3 or more. Error and gradient as cg_mean. */
CG_API cg_tensor *cg_global_avg_pool(cg_tensor *x);

/* The largest element over all axes behind the second: x (N, C, ...) -> (N, C), rank 3 or more. Gradient as cg_max. */
CG_API cg_tensor *cg_global_max_pool(cg_tensor *x);

/* --- Layers ------------------------------------------------------------------------------------------------------- */

/* y = cg_max_pool2d(x, height, width, options); no parameters. */
CG_API cg_module *cg_max_pool2d_module(cg_device *dev, int64_t height, int64_t width,
                                       cg_pool_options options);

/* y = cg_avg_pool2d(x, height, width, options); no parameters. */
CG_API cg_module *cg_avg_pool2d_module(cg_device *dev, int64_t height, int64_t width,
                                       cg_pool_options options);

/* y = cg_global_avg_pool(x): (N, C, ...) -> (N, C); no parameters. */
CG_API cg_module *cg_global_avg_pool_module(cg_device *dev);

CG_END_DECLS
#endif
