/* Convolutions and their gradients, windows as columns, pooling. */
#include "catalog/catalog.h"

#include <math.h>

#include "reference/ref_conv.h"

/* The same windows for the library and for the reference, whose members have no defaults. */
#define CONV(sh, sw, ph, pw, dh, dw, g)                                                                      \
    ((cg_conv_options){.stride = {sh, sw}, .padding = {ph, pw}, .dilation = {dh, dw}, .groups = g})
#define WINDOW(sh, sw, ph, pw, dh, dw, g)                                                                    \
    (&(ref_window){.stride = {sh, sw}, .padding = {ph, pw}, .dilation = {dh, dw}, .groups = g})

static ref_array sizes(ref_array x) { return ref_array_map(x, fabsl); }

/* --- Convolutions ----------------------------------------------------------------------------------------------- */

/* Inputs x, w and, where there are three, b. The scale is the sum of |x w|, and |b|. */
#define CONV2D(name, bias, ...)                                                                              \
    static cg_tensor *name(cg_tensor *const *x) {                                                            \
        return cg_conv2d(x[0], x[1], (bias) ? x[2] : NULL, CONV(__VA_ARGS__));                               \
    }                                                                                                        \
    static ref_array ref_of_##name(const ref_array *x) {                                                     \
        return ref_conv(x[0], x[1], (bias) ? &x[2] : NULL, WINDOW(__VA_ARGS__));                             \
    }                                                                                                        \
    static ref_array scale_of_##name(const ref_array *x) {                                                   \
        ref_array b = (bias) ? sizes(x[2]) : x[0];                                                           \
        return ref_conv(sizes(x[0]), sizes(x[1]), (bias) ? &b : NULL, WINDOW(__VA_ARGS__));                  \
    }
CONV2D(conv_plain, true, 1, 1, 0, 0, 1, 1, 1)
CONV2D(conv_moved, false, 2, 1, 1, 2, 1, 2, 1)
CONV2D(conv_groups, true, 1, 2, 1, 0, 1, 1, 2)
CONV2D(conv_depthwise, true, 1, 1, 1, 1, 1, 1, 3)

static cg_tensor *conv_defaults(cg_tensor *const *x) {
    return cg_conv2d(x[0], x[1], NULL, (cg_conv_options){0});
}
static ref_array ref_of_conv_defaults(const ref_array *x) {
    return ref_conv(x[0], x[1], NULL, WINDOW(1, 1, 0, 0, 1, 1, 1));
}
static ref_array scale_of_conv_defaults(const ref_array *x) {
    return ref_conv(sizes(x[0]), sizes(x[1]), NULL, WINDOW(1, 1, 0, 0, 1, 1, 1));
}

/* One axis: an image of one row. */
#define CONV1D(name, stride, padding, dilation, g)                                                           \
    static cg_tensor *name(cg_tensor *const *x) {                                                            \
        return cg_conv1d(x[0], x[1], x[2], CONV(stride, 0, padding, 0, dilation, 0, g));                     \
    }                                                                                                        \
    static ref_array ref_of_##name(const ref_array *x) {                                                     \
        return ref_image_row(ref_conv(ref_row_image(x[0]), ref_row_image(x[1]), &x[2],                       \
                                      WINDOW(1, stride, 0, padding, 1, dilation, g)));                       \
    }                                                                                                        \
    static ref_array scale_of_##name(const ref_array *x) {                                                   \
        return ref_of_##name((const ref_array[]){sizes(x[0]), sizes(x[1]), sizes(x[2])});                    \
    }
CONV1D(conv1d_plain, 1, 0, 1, 1)
CONV1D(conv1d_moved, 2, 2, 2, 2)

/* --- Their gradients ----------------------------------------------------------------------------------------------- */

#define ADJOINT(name, kind, height, width, ...)                                                              \
    static cg_tensor *name(cg_tensor *const *x) {                                                            \
        return cg_conv2d_##kind(x[0], x[1], height, width, CONV(__VA_ARGS__));                               \
    }                                                                                                        \
    static ref_array ref_of_##name(const ref_array *x) {                                                     \
        return ref_conv_##kind(x[0], x[1], height, width, WINDOW(__VA_ARGS__));                              \
    }                                                                                                        \
    static ref_array scale_of_##name(const ref_array *x) {                                                   \
        return ref_conv_##kind(sizes(x[0]), sizes(x[1]), height, width, WINDOW(__VA_ARGS__));                \
    }
ADJOINT(input_plain, input_grad, 5, 6, 1, 1, 0, 0, 1, 1, 1)
ADJOINT(input_moved, input_grad, 6, 7, 2, 2, 1, 2, 1, 2, 2)
ADJOINT(weight_plain, weight_grad, 3, 2, 1, 1, 0, 0, 1, 1, 1)
ADJOINT(weight_moved, weight_grad, 3, 2, 2, 2, 1, 2, 1, 2, 2)

/* --- Transposed: the gradient to an input whose size is said ----------------------------------------------------------- */

#define TRANSPOSED(name, more_h, more_w, height, width, sh, sw, ph, pw, dh, dw, g)                           \
    static cg_tensor *name(cg_tensor *const *x) {                                                            \
        cg_conv_options options = CONV(sh, sw, ph, pw, dh, dw, g);                                           \
        options.output_padding[0] = more_h, options.output_padding[1] = more_w;                              \
        return cg_conv_transpose2d(x[0], x[1], x[2], options);                                               \
    }                                                                                                        \
    static ref_array ref_of_##name(const ref_array *x) {                                                     \
        ref_array y = ref_conv_input_grad(x[0], x[1], height, width, WINDOW(sh, sw, ph, pw, dh, dw, g));     \
        for (int64_t i = 0; i < y.n; i++) y.v[i] += x[2].v[i / ((height) * (width)) % y.shape[1]];           \
        return y;                                                                                            \
    }                                                                                                        \
    static ref_array scale_of_##name(const ref_array *x) {                                                   \
        return ref_of_##name((const ref_array[]){sizes(x[0]), sizes(x[1]), sizes(x[2])});                    \
    }
TRANSPOSED(turned_plain, 0, 0, 4, 5, 1, 1, 0, 0, 1, 1, 1)
TRANSPOSED(turned_moved, 1, 0, 6, 5, 2, 2, 1, 1, 1, 2, 2)

static cg_tensor *turned_row(cg_tensor *const *x) {
    cg_conv_options options = CONV(3, 0, 1, 0, 1, 0, 1);
    options.output_padding[0] = 2;
    return cg_conv_transpose1d(x[0], x[1], x[2], options);
}
static ref_array ref_of_turned_row(const ref_array *x) {
    ref_array y =
        ref_conv_input_grad(ref_row_image(x[0]), ref_row_image(x[1]), 1, 12, WINDOW(1, 3, 0, 1, 1, 1, 1));
    for (int64_t i = 0; i < y.n; i++) y.v[i] += x[2].v[i / 12 % y.shape[1]];
    return ref_image_row(y);
}
static ref_array scale_of_turned_row(const ref_array *x) {
    return ref_of_turned_row((const ref_array[]){sizes(x[0]), sizes(x[1]), sizes(x[2])});
}

/* --- Columns ----------------------------------------------------------------------------------------------------------- */

#define COLUMNS(name, ...)                                                                                   \
    static cg_tensor *name(cg_tensor *const *x) { return cg_unfold(x[0], 3, 2, CONV(__VA_ARGS__)); }         \
    static ref_array ref_of_##name(const ref_array *x) { return ref_unfold(x[0], 3, 2, WINDOW(__VA_ARGS__)); }
COLUMNS(unfold_plain, 1, 1, 0, 0, 1, 1, 1)
COLUMNS(unfold_moved, 2, 1, 1, 2, 1, 2, 1)

#define IMAGE(name, height, width, ...)                                                                      \
    static cg_tensor *name(cg_tensor *const *x) {                                                            \
        return cg_fold(x[0], (cg_fold_size){height, width, 3, 2}, CONV(__VA_ARGS__));                        \
    }                                                                                                        \
    static ref_array ref_of_##name(const ref_array *x) {                                                     \
        return ref_fold(x[0], height, width, 3, 2, WINDOW(__VA_ARGS__));                                     \
    }                                                                                                        \
    static ref_array scale_of_##name(const ref_array *x) {                                                   \
        return ref_fold(sizes(x[0]), height, width, 3, 2, WINDOW(__VA_ARGS__));                              \
    }
IMAGE(fold_plain, 4, 3, 1, 1, 0, 0, 1, 1, 1)
IMAGE(fold_moved, 5, 4, 2, 1, 1, 2, 1, 2, 1)

/* --- Pooling ----------------------------------------------------------------------------------------------------------- */

#define POOL(sh, sw, ph, pw, dh, dw, ceil, exclude)                                                          \
    ((cg_pool_options){.stride = {sh, sw},                                                                   \
                       .padding = {ph, pw},                                                                  \
                       .dilation = {dh, dw},                                                                 \
                       .ceil_mode = ceil,                                                                    \
                       .exclude_padding = exclude})
#define POOL_WINDOW(sh, sw, ph, pw, dh, dw, ceil, exclude)                                                   \
    (&(ref_window){.stride = {sh, sw},                                                                       \
                   .padding = {ph, pw},                                                                      \
                   .dilation = {dh, dw},                                                                     \
                   .ceil_mode = ceil,                                                                        \
                   .exclude_padding = exclude})

#define MAX(name, height, width, ...)                                                                        \
    static cg_tensor *name(cg_tensor *const *x) {                                                            \
        return cg_max_pool2d(x[0], height, width, POOL(__VA_ARGS__));                                        \
    }                                                                                                        \
    static ref_array ref_of_##name(const ref_array *x) {                                                     \
        return ref_max_pool(x[0], height, width, POOL_WINDOW(__VA_ARGS__), false);                           \
    }                                                                                                        \
    static cg_tensor *name##_with(cg_tensor *const *x) {                                                     \
        return cg_max_pool2d_with_indices(x[0], height, width, POOL(__VA_ARGS__), NULL);                     \
    }                                                                                                        \
    static cg_tensor *name##_at(cg_tensor *const *x) {                                                       \
        cg_tensor *at;                                                                                       \
        return cg_max_pool2d_with_indices(x[0], height, width, POOL(__VA_ARGS__), &at) ? at : NULL;          \
    }                                                                                                        \
    static ref_array ref_of_##name##_at(const ref_array *x) {                                                \
        return ref_max_pool(x[0], height, width, POOL_WINDOW(__VA_ARGS__), true);                            \
    }
MAX(max_apart, 2, 2, 2, 2, 0, 0, 1, 1, false, false)
MAX(max_over, 3, 2, 1, 2, 1, 1, 1, 2, true, false)

static cg_tensor *max_default(cg_tensor *const *x) { return cg_max_pool2d(x[0], 2, 2, (cg_pool_options){0}); }

#define MAX1D(name, kernel, stride, padding, dilation, ceil)                                                 \
    static cg_tensor *name(cg_tensor *const *x) {                                                            \
        return cg_max_pool1d(x[0], kernel, POOL(stride, 0, padding, 0, dilation, 0, ceil, false));           \
    }                                                                                                        \
    static ref_array ref_of_##name(const ref_array *x) {                                                     \
        return ref_image_row(ref_max_pool(ref_row_image(x[0]), 1, kernel,                                    \
                                          POOL_WINDOW(1, stride, 0, padding, 1, dilation, ceil, false),      \
                                          false));                                                           \
    }                                                                                                        \
    static cg_tensor *name##_with(cg_tensor *const *x) {                                                     \
        return cg_max_pool1d_with_indices(x[0], kernel,                                                      \
                                          POOL(stride, 0, padding, 0, dilation, 0, ceil, false), NULL);      \
    }                                                                                                        \
    static cg_tensor *name##_at(cg_tensor *const *x) {                                                       \
        cg_tensor *at;                                                                                       \
        cg_pool_options options = POOL(stride, 0, padding, 0, dilation, 0, ceil, false);                     \
        return cg_max_pool1d_with_indices(x[0], kernel, options, &at) ? at : NULL;                           \
    }                                                                                                        \
    static ref_array ref_of_##name##_at(const ref_array *x) {                                                \
        return ref_image_row(ref_max_pool(ref_row_image(x[0]), 1, kernel,                                    \
                                          POOL_WINDOW(1, stride, 0, padding, 1, dilation, ceil, false),      \
                                          true));                                                            \
    }
MAX1D(max1d, 3, 2, 1, 1, true)

#define MEAN(name, height, width, ...)                                                                       \
    static cg_tensor *name(cg_tensor *const *x) {                                                            \
        return cg_avg_pool2d(x[0], height, width, POOL(__VA_ARGS__));                                        \
    }                                                                                                        \
    static ref_array ref_of_##name(const ref_array *x) {                                                     \
        return ref_avg_pool(x[0], height, width, POOL_WINDOW(__VA_ARGS__));                                  \
    }                                                                                                        \
    static ref_array scale_of_##name(const ref_array *x) {                                                   \
        return ref_avg_pool(sizes(x[0]), height, width, POOL_WINDOW(__VA_ARGS__));                           \
    }
MEAN(mean_apart, 2, 2, 2, 2, 0, 0, 1, 1, false, false)
MEAN(mean_over, 3, 2, 2, 1, 1, 1, 1, 1, true, false)
MEAN(mean_inner, 3, 2, 2, 1, 1, 1, 1, 1, true, true)

static cg_tensor *mean_row(cg_tensor *const *x) {
    return cg_avg_pool1d(x[0], 3, POOL(2, 0, 1, 0, 1, 0, false, false));
}
static ref_array ref_of_mean_row(const ref_array *x) {
    return ref_image_row(
        ref_avg_pool(ref_row_image(x[0]), 1, 3, POOL_WINDOW(1, 2, 0, 1, 1, 1, false, false)));
}
static ref_array scale_of_mean_row(const ref_array *x) {
    return ref_of_mean_row((const ref_array[]){sizes(x[0])});
}

#define ADAPTIVE(name, height, width)                                                                        \
    static cg_tensor *name(cg_tensor *const *x) { return cg_adaptive_avg_pool2d(x[0], height, width); }      \
    static ref_array ref_of_##name(const ref_array *x) {                                                     \
        return ref_adaptive_avg_pool(x[0], height, width);                                                   \
    }                                                                                                        \
    static ref_array scale_of_##name(const ref_array *x) {                                                   \
        return ref_adaptive_avg_pool(sizes(x[0]), height, width);                                            \
    }
ADAPTIVE(adaptive_even, 2, 3)
ADAPTIVE(adaptive_uneven, 3, 4)
ADAPTIVE(adaptive_larger, 7, 2)

static cg_tensor *global_mean(cg_tensor *const *x) { return cg_global_avg_pool(x[0]); }
static ref_array ref_of_global_mean(const ref_array *x) {
    int64_t n = x[0].n / (x[0].shape[0] * x[0].shape[1]);
    ref_array sum = ref_array_new(2, x[0].shape);
    for (int64_t i = 0; i < x[0].n; i++) sum.v[i / n] += x[0].v[i] / (long double)n;
    return sum;
}
static ref_array scale_of_global_mean(const ref_array *x) {
    return ref_of_global_mean((const ref_array[]){sizes(x[0])});
}
static cg_tensor *global_max(cg_tensor *const *x) { return cg_global_max_pool(x[0]); }
static ref_array ref_of_global_max(const ref_array *x) {
    int64_t n = x[0].n / (x[0].shape[0] * x[0].shape[1]);
    ref_array max = ref_array_new(2, x[0].shape);
    ref_reduce(REF_MAX, 2, (const int64_t[]){max.n, n}, 2, x[0].v, max.v);
    return max;
}

/* --- The list ------------------------------------------------------------------------------------------------------------ */

/* The bounds of conv.h and pooling.h for the most products, or elements, that an element below is the sum of. */
enum { PRODUCTS = 2 * 3 * 3 + 2, SUMS = 24 + 2, TAPS = 3 * 2 + 1, ADAPTIVE_SUMS = 16, GLOBAL = 8 };

#define SUM(form, inputs, u)                                                                                 \
    .call = form, .reference = ref_of_##form, .scale = scale_of_##form, .n = inputs,                         \
    .dtypes = CATALOG_REALS, .bound = u, .gradient = true
#define EXACT(form) .call = form, .reference = ref_of_##form, .n = 1
#define LINES                                                                                                \
    {                                                                                                        \
        {{3, {2, 2, 7}}}, {{3, {3, 2, 3}}}, {                                                                \
            {                                                                                                \
                1, { 3 }                                                                                     \
            }                                                                                                \
        }                                                                                                    \
    }

const catalog_entry catalog_conv[] = {
    {"conv1d", "kernel 3", SUM(conv1d_plain, 3, PRODUCTS), .x = LINES,
     .large = {{3, {32, 64, 1024}}, {3, {64, 64, 3}}, {1, {64}}}},
    {"conv1d", "stride 2, padding 2, dilation 2, 2 groups", SUM(conv1d_moved, 3, PRODUCTS),
     .x = {{{3, {2, 4, 7}}}, {{3, {2, 2, 3}}}, {{1, {2}}}}},
    {"conv2d", "kernel (3, 2), bias", SUM(conv_plain, 3, PRODUCTS),
     .x = {{{4, {2, 2, 4, 5}}}, {{4, {3, 2, 3, 2}}}, {{1, {3}}}},
     .large = {{4, {32, 64, 28, 28}}, {4, {64, 64, 3, 3}}, {1, {64}}}},
    {"conv2d", "as it comes", SUM(conv_defaults, 2, PRODUCTS),
     .x = {{{4, {1, 2, 3, 4}}}, {{4, {2, 2, 1, 1}}}}},
    {"conv2d", "stride (2, 1), padding (1, 2), dilation (1, 2)", SUM(conv_moved, 2, PRODUCTS),
     .x = {{{4, {2, 2, 5, 4}}}, {{4, {3, 2, 3, 3}}}}},
    {"conv2d", "2 groups, stride (1, 2), padding (1, 0)", SUM(conv_groups, 3, PRODUCTS),
     .x = {{{4, {2, 4, 3, 5}}}, {{4, {2, 2, 3, 2}}}, {{1, {2}}}}},
    {"conv2d", "depthwise, two outputs for each channel, padding 1", SUM(conv_depthwise, 3, PRODUCTS),
     .x = {{{4, {2, 3, 3, 4}}}, {{4, {6, 1, 3, 3}}}, {{1, {6}}}}},
    {"conv2d_input_grad", "to (5, 6)", SUM(input_plain, 2, SUMS),
     .x = {{{4, {2, 3, 3, 5}}}, {{4, {3, 2, 3, 2}}}}, .large = {{4, {128, 64, 3, 5}}, {4, {64, 64, 3, 2}}}},
    {"conv2d_input_grad", "to (6, 7), stride 2, padding (1, 2), dilation (1, 2), 2 groups",
     SUM(input_moved, 2, SUMS), .x = {{{4, {2, 2, 3, 5}}}, {{4, {2, 1, 3, 2}}}}},
    {"conv2d_weight_grad", "of (3, 2)", SUM(weight_plain, 2, SUMS),
     .x = {{{4, {2, 2, 4, 5}}}, {{4, {2, 3, 2, 4}}}},
     .large = {{4, {32, 64, 28, 28}}, {4, {32, 64, 26, 27}}}},
    {"conv2d_weight_grad", "of (3, 2), stride 2, padding (1, 2), dilation (1, 2), 2 groups",
     SUM(weight_moved, 2, SUMS), .x = {{{4, {2, 2, 5, 4}}}, {{4, {2, 2, 3, 3}}}}},
    {"conv_transpose1d", "stride 3, padding 1, output_padding 2", SUM(turned_row, 3, PRODUCTS),
     .x = {{{3, {2, 2, 4}}}, {{3, {2, 3, 3}}}, {{1, {3}}}},
     .large = {{3, {4096, 64, 4}}, {3, {64, 64, 3}}, {1, {64}}}},
    {"conv_transpose2d", "kernel (3, 2)", SUM(turned_plain, 3, PRODUCTS),
     .x = {{{4, {2, 3, 2, 4}}}, {{4, {3, 2, 3, 2}}}, {{1, {2}}}},
     .large = {{4, {512, 64, 2, 4}}, {4, {64, 64, 3, 2}}, {1, {64}}}},
    {"conv_transpose2d", "stride 2, padding 1, dilation (1, 2), output_padding (1, 0), 2 groups",
     SUM(turned_moved, 3, PRODUCTS), .x = {{{4, {2, 2, 3, 3}}}, {{4, {2, 1, 3, 2}}}, {{1, {2}}}}},

    {"unfold", "kernel (3, 2)", EXACT(unfold_plain), .dtypes = CATALOG_ALL, .x = {{{4, {2, 2, 4, 3}}}},
     .gradient = true, .large = {{4, {32, 64, 28, 28}}}},
    {"unfold", "kernel (3, 2), stride (2, 1), padding (1, 2), dilation (1, 2)", EXACT(unfold_moved),
     .dtypes = CATALOG_ALL, .x = {{{4, {2, 2, 5, 4}}}}, .gradient = true},
    {"fold", "kernel (3, 2)", SUM(fold_plain, 1, TAPS), .x = {{{3, {2, 12, 4}}}},
     .large = {{3, {4096, 96, 4}}}},
    {"fold", "kernel (3, 2), stride (2, 1), padding (1, 2), dilation (1, 2)", SUM(fold_moved, 1, TAPS),
     .x = {{{3, {2, 12, 18}}}}},

    {"max_pool1d", "kernel 3, stride 2, padding 1, ceil_mode", EXACT(max1d), .dtypes = CATALOG_REALS,
     .x = {{{3, {2, 3, 8}}, CATALOG_DISTINCT}}, .gradient = true, .large = {{3, {64, 64, 1024}}}},
    {"max_pool1d_with_indices", "values", .call = max1d_with, .reference = ref_of_max1d, .n = 1,
     .dtypes = CATALOG_REALS, .x = {{{3, {2, 3, 8}}, CATALOG_DISTINCT}}, .gradient = true,
     .large = {{3, {64, 64, 1024}}}},
    {"max_pool1d_with_indices", "indices, with NaN and ties", EXACT(max1d_at), .dtypes = CATALOG_REALS,
     .result = CATALOG_IS_I64, .x = {{{3, {2, 3, 8}}, CATALOG_SPECIAL, -2, 2}}},
    {"max_pool2d", "(2, 2), as it comes", .call = max_default, .reference = ref_of_max_apart, .n = 1,
     .dtypes = CATALOG_REALS, .x = {{{4, {2, 2, 4, 5}}, CATALOG_DISTINCT}}, .gradient = true,
     .large = {{4, {64, 64, 56, 56}}}},
    {"max_pool2d", "(3, 2), stride (1, 2), padding 1, dilation (1, 2), ceil_mode", EXACT(max_over),
     .dtypes = CATALOG_REALS, .x = {{{4, {2, 2, 4, 5}}, CATALOG_DISTINCT}}, .gradient = true},
    {"max_pool2d", "(2, 2), stride 2, dilation 1, said", EXACT(max_apart), .dtypes = CATALOG_REALS,
     .x = {{{4, {2, 2, 4, 5}}, CATALOG_DISTINCT}}},
    {"max_pool2d", "(3, 2) as before, with NaN and infinities", EXACT(max_over), .dtypes = CATALOG_REALS,
     .x = {{{4, {2, 2, 5, 6}}, CATALOG_SPECIAL, -2, 2}}},
    {"max_pool2d_with_indices", "values", .call = max_apart_with, .reference = ref_of_max_apart, .n = 1,
     .dtypes = CATALOG_REALS, .x = {{{4, {2, 2, 4, 5}}, CATALOG_DISTINCT}}, .gradient = true,
     .large = {{4, {64, 64, 56, 56}}}},
    {"max_pool2d_with_indices", "values, with overlaps", .call = max_over_with, .reference = ref_of_max_over,
     .n = 1, .dtypes = CATALOG_REALS, .x = {{{4, {2, 2, 4, 5}}}}},
    {"max_pool2d_with_indices", "indices", EXACT(max_apart_at), .dtypes = CATALOG_REALS,
     .result = CATALOG_IS_I64, .x = {{{4, {2, 2, 4, 5}}}}},
    {"max_pool2d_with_indices", "indices, with NaN and ties", EXACT(max_over_at), .dtypes = CATALOG_REALS,
     .result = CATALOG_IS_I64, .x = {{{4, {2, 2, 5, 6}}, CATALOG_SPECIAL, -2, 2}}},

    {"avg_pool1d", "kernel 3, stride 2, padding 1", SUM(mean_row, 1, TAPS), .x = {{{3, {2, 3, 8}}}},
     .large = {{3, {64, 64, 1024}}}},
    {"avg_pool2d", "(2, 2)", SUM(mean_apart, 1, TAPS), .x = {{{4, {2, 2, 4, 5}}}},
     .large = {{4, {64, 64, 56, 56}}}},
    {"avg_pool2d", "(3, 2), stride (2, 1), padding 1, ceil_mode", SUM(mean_over, 1, TAPS),
     .x = {{{4, {2, 2, 4, 5}}}}},
    {"avg_pool2d", "(3, 2), stride (2, 1), padding 1, ceil_mode, exclude_padding", SUM(mean_inner, 1, TAPS),
     .x = {{{4, {2, 2, 4, 5}}}}},
    {"adaptive_avg_pool2d", "(4, 6) to (2, 3)", SUM(adaptive_even, 1, ADAPTIVE_SUMS),
     .x = {{{4, {2, 2, 4, 6}}}}, .large = {{4, {64, 64, 56, 57}}}},
    {"adaptive_avg_pool2d", "(5, 7) to (3, 4)", SUM(adaptive_uneven, 1, ADAPTIVE_SUMS),
     .x = {{{4, {2, 2, 5, 7}}}}},
    {"adaptive_avg_pool2d", "(3, 3) to (7, 2)", SUM(adaptive_larger, 1, ADAPTIVE_SUMS),
     .x = {{{4, {1, 2, 3, 3}}}}},
    {"global_avg_pool", "(N, C, H, W)", SUM(global_mean, 1, GLOBAL), .x = {{{4, {2, 3, 3, 4}}}},
     .large = {{4, {64, 64, 56, 56}}}},
    {"global_avg_pool", "(N, C, L)", SUM(global_mean, 1, GLOBAL), .x = {{{3, {2, 3, 5}}}}},
    {"global_max_pool", "(N, C, H, W)", EXACT(global_max), .dtypes = CATALOG_REALS,
     .x = {{{4, {2, 3, 3, 4}}, CATALOG_DISTINCT}}, .gradient = true, .large = {{4, {64, 64, 56, 56}}}},
    {.name = NULL},
};
