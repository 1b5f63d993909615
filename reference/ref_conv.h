/* Convolutions, windows as columns and pooling, element by element. Images are (N, C, H, W). */
#ifndef CLGRAD_REFERENCE_REF_CONV_H
#define CLGRAD_REFERENCE_REF_CONV_H

#include "reference/ref_array.h"

/* How windows lie along H and W; nothing here has a default. */
typedef struct ref_window {
    int64_t stride[2], padding[2], dilation[2], groups;
    bool ceil_mode, exclude_padding;
} ref_window;

/* (N, C, L) as (N, C, 1, L), and back: the same elements. */
ref_array ref_row_image(ref_array x);
ref_array ref_image_row(ref_array x);

/* x (N, C, H, W), w (K, C / groups, KH, KW), bias (K) or NULL -> (N, K, OH, OW). */
ref_array ref_conv(ref_array x, ref_array w, const ref_array *bias, const ref_window *o);

/* Its adjoints: g (N, K, OH, OW) with w to an x of H by W, and with x to a w of KH by KW. */
ref_array ref_conv_input_grad(ref_array g, ref_array w, int64_t height, int64_t width, const ref_window *o);
ref_array ref_conv_weight_grad(ref_array x, ref_array g, int64_t height, int64_t width, const ref_window *o);

/* (N, C KH KW, OH OW), and its adjoint. */
ref_array ref_unfold(ref_array x, int64_t height, int64_t width, const ref_window *o);
ref_array ref_fold(ref_array columns, int64_t height, int64_t width, int64_t kernel_height,
                   int64_t kernel_width, const ref_window *o);

/* The largest element of each window, or where in its plane it is: the first NaN, else the first maximum. */
ref_array ref_max_pool(ref_array x, int64_t height, int64_t width, const ref_window *o, bool places);

ref_array ref_avg_pool(ref_array x, int64_t height, int64_t width, const ref_window *o);

/* Windows from floor(i H / height) to ceil((i + 1) H / height). */
ref_array ref_adaptive_avg_pool(ref_array x, int64_t height, int64_t width);

#endif
