/* Convolutions: identities between them, gradients of every order, what they refuse, and the layers. */
#include "support/device_test.h"
#include "support/gradients.h"

#include <math.h>
#include <string.h>

static cg_tensor *uniform(cg_device *dev, cg_dims shape, uint64_t seed) {
    return cg_from_f32(dev, shape, random_values(CG_F32, cg_shape_numel(shape), -2, 2, &seed));
}

static const cg_conv_options moved = {.stride = {2, 1}, .padding = {1, 2}, .dilation = {1, 2}, .groups = 2};

/* <conv(x), y> = <x, input_grad(y)> = <w, weight_grad(x, y)>: whole numbers, so that all three are exact. */
DEVICE_TEST_ONCE(small_conv, three_faces_of_one_form) {
    cg_tensor *x = cg_round(uniform(dev, cg_shape(2, 4, 5, 6), 1)),
              *w = cg_round(uniform(dev, cg_shape(6, 2, 3, 2), 2));
    cg_tensor *y = cg_conv2d(x, w, NULL, moved);
    if (!check_is(y, CG_F32, cg_shape(2, 6, 3, 8))) return;
    cg_tensor *g = cg_round(uniform(dev, cg_shape(2, 6, 3, 8), 3));
    cg_tensor *dx = cg_conv2d_input_grad(g, w, 5, 6, moved), *dw = cg_conv2d_weight_grad(x, g, 3, 2, moved);
    cg_tensor *form = cg_sum(cg_mul(y, g), CG_ALL_AXES, false);
    check_same_bits(cg_sum(cg_mul(x, dx), CG_ALL_AXES, false), form);
    check_same_bits(cg_sum(cg_mul(w, dw), CG_ALL_AXES, false), form);
}

/* A transposed convolution is the gradient to the input of one with the same weights. */
DEVICE_TEST_ONCE(small_conv, transposed_is_the_gradient) {
    cg_tensor *x = uniform(dev, cg_shape(2, 6, 3, 8), 1), *w = uniform(dev, cg_shape(6, 2, 3, 2), 2);
    check_same_bits(cg_conv_transpose2d(x, w, NULL, moved), cg_conv2d_input_grad(x, w, 5, 6, moved));
    cg_conv_options longer = moved;
    longer.output_padding[0] = 1;
    check_same_bits(cg_conv_transpose2d(x, w, NULL, longer), cg_conv2d_input_grad(x, w, 6, 6, moved));
}

/* y[i stride - padding + r dilation, j ..] += x[i, j] w[r, s], of one image and channel. */
static void naive_transposed(const cg_tensor *x, const cg_tensor *w, cg_conv_options o, int64_t height,
                             int64_t width, long double *y) {
    const long double *a = read_values(x), *b = read_values(w);
    const int64_t rows = cg_size(x, 2), cols = cg_size(x, 3), kernel_rows = cg_size(w, 2),
                  kernel_cols = cg_size(w, 3);
    for (int64_t i = 0; i < rows * cols; i++)
        for (int64_t r = 0; r < kernel_rows * kernel_cols; r++) {
            const int64_t p = i / cols * o.stride[0] - o.padding[0] + r / kernel_cols * o.dilation[0];
            const int64_t q = i % cols * o.stride[1] - o.padding[1] + r % kernel_cols * o.dilation[1];
            if (p >= 0 && q >= 0 && p < height && q < width) y[p * width + q] += a[i] * b[r];
        }
}

/* From the stride up to below the dilation: rows that no window of x begins in. Whole numbers: exact. */
CPU_TEST(conv, output_padding_up_to_the_dilation) {
    cg_tensor *x = cg_round(uniform(dev, cg_shape(1, 1, 4, 3), 1)),
              *w = cg_round(uniform(dev, cg_shape(1, 1, 3, 2), 2));
    const cg_conv_options all[] = {
        {.stride = {1, 1}, .dilation = {2, 2}, .output_padding = {1, 1}},
        {.stride = {2, 1}, .dilation = {5, 4}, .output_padding = {4, 3}, .padding = {1, 2}},
        {.stride = {2, 3}, .dilation = {4, 1}, .output_padding = {3, 2}, .padding = {4, 0}}};
    for (int i = 0; i < 3; i++) {
        const cg_conv_options o = all[i];
        int64_t size[2];
        for (int a = 0; a < 2; a++)
            size[a] = (cg_size(x, 2 + a) - 1) * o.stride[a] - 2 * o.padding[a] +
                      o.dilation[a] * (cg_size(w, 2 + a) - 1) + o.output_padding[a] + 1;
        long double want[400] = {0};
        check_case("dilation (%d, %d)", (int)o.dilation[0], (int)o.dilation[1]);
        naive_transposed(x, w, o, size[0], size[1], want);
        check_equal(cg_conv_transpose2d(x, w, NULL, o), CG_F32, cg_shape(1, 1, size[0], size[1]), want);
    }
    check_case("along one axis, a stride that is its default");
    const float line[] = {1, 2}, ones[] = {1, 1};
    check_equal(cg_conv_transpose1d(cg_from_f32(dev, cg_shape(1, 1, 2), line),
                                    cg_from_f32(dev, cg_shape(1, 1, 2), ones), NULL,
                                    (cg_conv_options){.dilation = {3}, .output_padding = {2}}),
                CG_F32, cg_shape(1, 1, 7), (const long double[]){1, 2, 0, 1, 2, 0, 0});
}

/* A product with the columns is the convolution; folding what was unfolded counts the windows of each element. */
CPU_TEST(conv, columns) {
    cg_tensor *x = cg_round(uniform(dev, cg_shape(2, 3, 5, 6), 1)),
              *w = cg_round(uniform(dev, cg_shape(4, 3, 3, 2), 2));
    const cg_conv_options o = {.padding = {1, 0}, .stride = {2, 1}};
    cg_tensor *columns = cg_unfold(x, 3, 2, o), *rows = cg_reshape(w, cg_shape(4, -1));
    check_same_bits(cg_reshape(cg_matmul(rows, columns), cg_shape(2, 4, 3, 5)), cg_conv2d(x, w, NULL, o));
    cg_tensor *ones = cg_ones(dev, CG_F32, cg_shape(1, 1, 3, 3));
    check_equal(cg_fold(cg_unfold(ones, 2, 2, (cg_conv_options){0}), (cg_fold_size){3, 3, 2, 2},
                        (cg_conv_options){0}),
                CG_F32, cg_shape(1, 1, 3, 3), (const long double[]){1, 2, 1, 2, 4, 2, 1, 2, 1});
}

/* The example of the documentation: a known kernel on a known image. */
CPU_TEST(conv, known_values) {
    cg_tensor *x = cg_reshape(cg_arange(dev, CG_F32, 0, 16, 1), cg_shape(1, 1, 4, 4));
    cg_tensor *w = cg_from_f32(dev, cg_shape(1, 1, 2, 2), (const float[]){1, 2, 3, 4});
    cg_tensor *b = cg_from_f32(dev, cg_shape(1), (const float[]){-4});
    check_equal(cg_conv2d(x, w, b, (cg_conv_options){.stride = {2, 2}}), CG_F32, cg_shape(1, 1, 2, 2),
                (const long double[]){30, 50, 110, 130});
    check_case("a kernel is not flipped; with padding the corner sees its last element");
    check_equal(
        cg_conv2d(cg_ones(dev, CG_F32, cg_shape(1, 1, 1, 1)), w, NULL, (cg_conv_options){.padding = {1, 1}}),
        CG_F32, cg_shape(1, 1, 2, 2), (const long double[]){4, 3, 2, 1});
}

CPU_TEST(conv, no_images) {
    cg_tensor *x = cg_zeros(dev, CG_F32, cg_shape(0, 2, 5, 5)),
              *w = cg_ones(dev, CG_F32, cg_shape(3, 2, 3, 3));
    cg_tensor *y = cg_conv2d(x, w, NULL, (cg_conv_options){0});
    check_is(y, CG_F32, cg_shape(0, 3, 3, 3));
    check_is(cg_conv2d_input_grad(y, w, 5, 5, (cg_conv_options){0}), CG_F32, cg_shape(0, 2, 5, 5));
    check_equal(cg_conv2d_weight_grad(x, y, 1, 1, (cg_conv_options){.padding = {0, 0}, .stride = {2, 2}}),
                CG_F32, cg_shape(3, 2, 1, 1), (const long double[]){0, 0, 0, 0, 0, 0});
    check_is(cg_unfold(x, 2, 2, (cg_conv_options){0}), CG_F32, cg_shape(0, 8, 16));
    check_is(
        cg_fold(cg_zeros(dev, CG_F32, cg_shape(0, 8, 16)), (cg_fold_size){5, 5, 2, 2}, (cg_conv_options){0}),
        CG_F32, cg_shape(0, 2, 5, 5));
}

/* Windows of padding alone: an image without elements has no gradient, and asks the backend for nothing. */
CPU_TEST(conv, an_image_without_elements) {
    cg_tensor *g = cg_ones(dev, CG_F32, cg_shape(1, 1, 1, 1)),
              *w = cg_ones(dev, CG_F32, cg_shape(1, 1, 2, 2));
    const uint64_t before = cg_device_statistics(dev).work[CG_WORK_CONV];
    check_is(cg_conv2d_input_grad(g, w, 0, 0, (cg_conv_options){.padding = {1, 1}}), CG_F32,
             cg_shape(1, 1, 0, 0));
    CHECK(cg_device_statistics(dev).work[CG_WORK_CONV] == before);
}

/* --- Gradients: the catalog checks each operation's first and second; here the third, through all of them ------------ */

static cg_tensor *second_gradient(void *context, int n, cg_tensor *const *x) {
    (void)context, (void)n;
    cg_tensor *y = cg_conv2d(x[0], x[1], NULL, moved), *dx[2], *ddx[2];
    cg_tensor *loss = cg_sum(cg_mul(cg_square(y), y), CG_ALL_AXES, false);
    if (cg_grad(loss, NULL, 2, x, true, dx)) return NULL;
    cg_tensor *sum =
        cg_add(cg_sum(cg_square(dx[0]), CG_ALL_AXES, false), cg_sum(cg_square(dx[1]), CG_ALL_AXES, false));
    if (cg_grad(sum, NULL, 2, x, true, ddx)) return NULL;
    return cg_add(cg_sum(ddx[0], CG_ALL_AXES, false), cg_sum(ddx[1], CG_ALL_AXES, false));
}

CPU_TEST(conv, third_gradient) {
    uint64_t seed = 3;
    cg_tensor *x[] = {random_f64(dev, cg_shape(1, 4, 4, 3), -1, 1, 0, &seed),
                      random_f64(dev, cg_shape(2, 2, 2, 2), -1, 1, 0, &seed)};
    check_gradient(second_gradient, NULL, 2, x);
}

/* What asks for no gradient gets none, and costs no request. */
CPU_TEST(conv, gradients_that_are_not_asked_for) {
    cg_tensor *x = uniform(dev, cg_shape(1, 1, 4, 4), 1), *w = uniform(dev, cg_shape(1, 1, 2, 2), 2);
    cg_tensor *b = cg_require_grad(cg_zeros(dev, CG_F32, cg_shape(1)), true);
    const uint64_t before = cg_device_statistics(dev).work[CG_WORK_CONV];
    cg_tensor *y = cg_sum(cg_conv2d(x, w, b, (cg_conv_options){0}), CG_ALL_AXES, false), *db;
    CHECK(cg_grad(y, NULL, 1, &b, false, &db) == CG_OK);
    check_equal(db, CG_F32, cg_shape(1), (const long double[]){9});
    CHECK(cg_device_statistics(dev).work[CG_WORK_CONV] == before + 1);
}

/* --- What is refused ----------------------------------------------------------------------------------------------------- */

#define OPTIONS(...) ((cg_conv_options){__VA_ARGS__})

CPU_TEST(conv, refuses) {
    cg_tensor *x = cg_ones(dev, CG_F32, cg_shape(1, 2, 4, 4)),
              *w = cg_ones(dev, CG_F32, cg_shape(3, 2, 3, 3));
    cg_tensor *line = cg_ones(dev, CG_F32, cg_shape(1, 2, 4)), *b = cg_ones(dev, CG_F32, cg_shape(2));
    const cg_conv_options none = {0};
    CHECK_FAILS(dev, cg_conv2d(line, w, NULL, none), CG_ERROR_SHAPE, "conv2d", "(N, C, H, W)", "(1, 2, 4)");
    CHECK_FAILS(dev, cg_conv2d(x, line, NULL, none), CG_ERROR_SHAPE, "conv2d", "(K, C / groups, KH, KW)");
    CHECK_FAILS(dev, cg_conv2d(x, w, b, none), CG_ERROR_SHAPE, "bias", "(2,)", "3 channels");
    CHECK_FAILS(dev, cg_conv2d(x, cg_ones(dev, CG_F32, cg_shape(3, 1, 3, 3)), NULL, none), CG_ERROR_SHAPE,
                "(1, 2, 4, 4)", "(3, 1, 3, 3)", "1 groups");
    CHECK_FAILS(dev, cg_conv2d(x, w, NULL, OPTIONS(.groups = 2)), CG_ERROR_SHAPE, "2 groups");
    CHECK_FAILS(dev, cg_conv2d(x, w, NULL, OPTIONS(.groups = -1)), CG_ERROR_ARGUMENT, "-1 groups");
    CHECK_FAILS(dev, cg_conv2d(x, w, NULL, OPTIONS(.stride = {-1, 1})), CG_ERROR_ARGUMENT, "stride",
                "(-1, 1)");
    CHECK_FAILS(dev, cg_conv2d(x, w, NULL, OPTIONS(.padding = {0, -2})), CG_ERROR_ARGUMENT, "padding",
                "(0, -2)");
    CHECK_FAILS(dev, cg_conv2d(x, w, NULL, OPTIONS(.dilation = {1, INT64_MAX})), CG_ERROR_ARGUMENT,
                "dilation");
    CHECK_FAILS(dev, cg_conv2d(x, w, NULL, OPTIONS(.dilation = {2, 1})), CG_ERROR_SHAPE, "does not fit",
                "(4, 4)");
    CHECK_FAILS(dev, cg_conv2d(x, w, NULL, OPTIONS(.padding = {INT32_MAX, INT32_MAX})), CG_ERROR_SHAPE,
                "conv2d");
    CHECK_FAILS(dev, cg_conv2d_input_grad(x, cg_ones(dev, CG_F32, cg_shape(2, 3, 3, 3)), 7, 6, none),
                CG_ERROR_SHAPE, "conv2d_input_grad", "(1, 2, 5, 4)", "(1, 2, 4, 4)");
    CHECK_FAILS(dev, cg_conv2d_weight_grad(x, x, 2, 1, none), CG_ERROR_SHAPE, "conv2d_weight_grad",
                "(1, 2, 3, 4)");
    CHECK_FAILS(dev, cg_conv2d_weight_grad(x, x, 1, 0, none), CG_ERROR_ARGUMENT, "window", "(1, 0)");
    CHECK_FAILS(dev, cg_conv1d(x, w, NULL, none), CG_ERROR_SHAPE, "conv1d", "(N, C, L)");
    check_case("NULL in, NULL out");
    CHECK(!cg_conv1d(NULL, w, NULL, none) && !cg_conv2d(x, NULL, NULL, none) && !cg_unfold(NULL, 1, 1, none));
    CHECK(!cg_conv2d_input_grad(NULL, w, 1, 1, none) && !cg_conv2d_weight_grad(x, NULL, 1, 1, none));
    CHECK(!cg_conv_transpose1d(NULL, w, NULL, none) && !cg_conv_transpose2d(x, NULL, NULL, none));
    CHECK(!cg_fold(NULL, (cg_fold_size){1, 1, 1, 1}, none));
}

CPU_TEST(conv, transposed_and_columns_refuse) {
    cg_tensor *x = cg_ones(dev, CG_F32, cg_shape(1, 2, 4, 4)),
              *w = cg_ones(dev, CG_F32, cg_shape(2, 3, 3, 3));
    cg_tensor *b = cg_ones(dev, CG_F32, cg_shape(2));
    CHECK_FAILS(dev, cg_conv_transpose2d(x, w, b, OPTIONS(0)), CG_ERROR_SHAPE, "conv_transpose2d",
                "3 channels");
    CHECK_FAILS(dev, cg_conv_transpose2d(x, w, NULL, OPTIONS(.output_padding = {1, 0})), CG_ERROR_ARGUMENT,
                "output_padding 1", "axis 2");
    CHECK_FAILS(dev, cg_conv_transpose2d(x, w, NULL, OPTIONS(.groups = INT64_MAX)), CG_ERROR_ARGUMENT,
                "conv_transpose2d", "(2, 3, 3, 3)", "9223372036854775807 groups");
    CHECK_FAILS(dev, cg_conv_transpose2d(x, w, NULL, OPTIONS(.padding = {0, 3})), CG_ERROR_ARGUMENT,
                "axis 3");
    CHECK_FAILS(dev, cg_conv_transpose2d(x, w, NULL, OPTIONS(.stride = {INT64_MAX, 1})), CG_ERROR_ARGUMENT,
                "axis 2");
    CHECK_FAILS(dev, cg_conv_transpose1d(x, w, NULL, OPTIONS(0)), CG_ERROR_SHAPE, "conv_transpose1d",
                "(N, C, L)");
    CHECK_FAILS(dev, cg_unfold(x, 5, 1, OPTIONS(0)), CG_ERROR_SHAPE, "unfold", "does not fit");
    CHECK_FAILS(dev, cg_unfold(x, 0, 1, OPTIONS(0)), CG_ERROR_ARGUMENT, "unfold", "(0, 1)");
    cg_tensor *columns = cg_ones(dev, CG_F32, cg_shape(1, 8, 9));
    CHECK_FAILS(dev, cg_fold(columns, (cg_fold_size){4, 5, 2, 2}, OPTIONS(0)), CG_ERROR_SHAPE, "fold",
                "OW = 4");
    CHECK_FAILS(dev, cg_fold(columns, (cg_fold_size){6, 3, 3, 1}, OPTIONS(0)), CG_ERROR_SHAPE, "fold",
                "KH KW = 3");
    CHECK_FAILS(dev, cg_fold(columns, (cg_fold_size){4, -4, 2, 2}, OPTIONS(0)), CG_ERROR_SHAPE, "fold");
}

/* --- Layers -------------------------------------------------------------------------------------------------------------- */

/* He normal: the mean square of the weights is 2 / fan_in. Frees the module. */
static void check_layer(cg_device *dev, cg_module *layer, cg_dims weight, double fan_in, cg_tensor *x,
                        cg_tensor *want) {
    const char *name = NULL;
    if (!CHECK_MSG(layer != NULL, "%s", cg_error_message(dev))) return;
    cg_tensor *w = cg_parameter(layer, 0, &name), *b = cg_parameter(layer, 1, NULL);
    CHECK(cg_parameter_count(layer) == 2 && name && !strcmp(name, "weight") && cg_requires_grad(w));
    check_is(w, CG_F32, weight);
    double square = 0, sum = -1;
    CHECK(cg_item(cg_mean(cg_square(w), CG_ALL_AXES, false), &square) == CG_OK &&
          fabs(square * fan_in / 2 - 1) < 0.2);
    CHECK(cg_item(cg_sum(cg_abs(b), CG_ALL_AXES, false), &sum) == CG_OK && sum == 0);
    cg_tensor *y = cg_forward(layer, x);
    check_is(y, CG_F32, cg_shape_get(want));
    cg_module_free(layer);
}

CPU_TEST(conv_modules, parameters_and_shapes) {
    const cg_conv_options o = {.stride = {2, 2}, .groups = 2};
    cg_seed(dev, 5);
    cg_tensor *line = cg_ones(dev, CG_F32, cg_shape(2, 16, 9)),
              *image = cg_ones(dev, CG_F32, cg_shape(2, 16, 9, 8));
    check_case("conv1d");
    check_layer(dev, cg_conv1d_module(dev, 16, 32, 5, o), cg_shape(32, 8, 5), 40, line,
                cg_zeros(dev, CG_F32, cg_shape(2, 32, 3)));
    check_case("conv2d");
    check_layer(dev, cg_conv2d_module(dev, 16, 32, 3, 2, o), cg_shape(32, 8, 3, 2), 48, image,
                cg_zeros(dev, CG_F32, cg_shape(2, 32, 4, 4)));
    check_case("conv_transpose1d");
    check_layer(dev, cg_conv_transpose1d_module(dev, 16, 32, 5, o), cg_shape(16, 16, 5), 20, line,
                cg_zeros(dev, CG_F32, cg_shape(2, 32, 21)));
    check_case("conv_transpose2d");
    check_layer(dev, cg_conv_transpose2d_module(dev, 16, 32, 3, 2, o), cg_shape(16, 16, 3, 2), 12, image,
                cg_zeros(dev, CG_F32, cg_shape(2, 32, 19, 16)));
}

CPU_TEST(conv_modules, forward_is_the_operation) {
    cg_seed(dev, 5);
    const cg_conv_options o = {.padding = {1, 1}};
    cg_module *layer = cg_conv2d_module(dev, 2, 3, 3, 3, o);
    cg_tensor *x = uniform(dev, cg_shape(1, 2, 4, 4), 1);
    const float bias[] = {1, 2, 3};
    CHECK(cg_copy_from_host(cg_parameter(layer, 1, NULL), bias, sizeof bias) == CG_OK);
    check_same_bits(cg_forward(layer, x),
                    cg_conv2d(x, cg_parameter(layer, 0, NULL), cg_parameter(layer, 1, NULL), o));
    CHECK(cg_forward(layer, NULL) == NULL);
    cg_module_free(layer);
    check_case("without a bias");
    layer = cg_conv2d_module(dev, 2, 3, 3, 3, OPTIONS(.padding = {1, 1}, .no_bias = true));
    CHECK(cg_parameter_count(layer) == 1);
    check_same_bits(cg_forward(layer, x), cg_conv2d(x, cg_parameter(layer, 0, NULL), NULL, o));
    cg_module_free(layer);
    CHECK_FAILS(dev, cg_conv2d_module(dev, 0, 3, 3, 3, o), CG_ERROR_ARGUMENT, "conv2d_module", "0 to 3");
    CHECK_FAILS(dev, cg_conv2d_module(dev, 3, 2, 3, 3, OPTIONS(.groups = 2)), CG_ERROR_ARGUMENT, "2 groups");
    CHECK_FAILS(dev, cg_conv1d_module(dev, 3, 2, 0, o), CG_ERROR_ARGUMENT, "conv1d_module", "weight 0");
    CHECK_FAILS(dev, cg_conv_transpose1d_module(dev, 3, 2, -1, o), CG_ERROR_ARGUMENT,
                "conv_transpose1d_module");
    CHECK_FAILS(dev, cg_conv_transpose2d_module(dev, 3, 0, 1, 1, o), CG_ERROR_ARGUMENT,
                "conv_transpose2d_module");
    CHECK(cg_conv2d_module(NULL, 1, 1, 1, 1, o) == NULL);
}

/* --- What is not finite -------------------------------------------------------------------------------------------- */

enum { SIDE = 8, OUT_SIDE = SIDE - 2 };

static cg_tensor *ones_with(cg_device *dev, cg_dtype dtype, cg_dims shape, int64_t at, double value) {
    const int64_t n = cg_shape_numel(shape);
    double *x = scratch((size_t)n * sizeof *x);
    for (int64_t i = 0; i < n; i++) x[i] = i == at ? value : 1;
    return cg_cast(cg_from_f64(dev, shape, x), dtype);
}

/* It reaches what it is a summand of, and nothing else: of the first channel's first kernel, or of image row 1. */
static void gradients_with(cg_device *dev, cg_dtype dtype, double value, int channels, int groups) {
    const cg_conv_options options = {.groups = groups};
    const int inner = channels / groups;
    check_case("weights, %s, %g, %d channels in %d groups", cg_dtype_name(dtype), value, channels, groups);
    cg_tensor *x = ones_with(dev, dtype, cg_shape(1, channels, SIDE, SIDE), SIDE, value),
              *g = ones_with(dev, dtype, cg_shape(1, channels, OUT_SIDE, OUT_SIDE), -1, 0),
              *w = ones_with(dev, dtype, cg_shape(channels, inner, 3, 3), 0, value);
    const long double *dw = read_values(cg_conv2d_weight_grad(x, g, 3, 3, options));
    for (int i = 0; i < channels * inner * 9; i++) {
        const bool first = groups == 1 ? i / 9 % channels == 0 : i / 9 == 0;
        const bool reached = first && (i % 9 == 0 || i % 9 == 3);
        CHECK_MSG(reached ? !isfinite(dw[i]) : dw[i] == OUT_SIDE * OUT_SIDE, "[%d] = %Lg", i, dw[i]);
    }
    check_case("input, %s, %g, %d channels in %d groups", cg_dtype_name(dtype), value, channels, groups);
    const long double *dx = read_values(cg_conv2d_input_grad(g, w, SIDE, SIDE, options));
    for (int i = 0; i < channels * SIDE * SIDE; i++) {
        const bool reached = i / SIDE < OUT_SIDE && i % SIDE < OUT_SIDE;
        CHECK_MSG(isfinite(dx[i]) != reached, "[%d] = %Lg", i, dx[i]);
    }
}

CPU_TEST(conv, gradients_of_what_is_not_finite) {
    for (int d = CG_F32; d <= CG_F64; d++)
        for (int k = 0; k < 2; k++) {
            const double value = k ? (double)NAN : (double)INFINITY;
            gradients_with(dev, (cg_dtype)d, value, 4, 1);
            gradients_with(dev, (cg_dtype)d, value, 12, 1);
            gradients_with(dev, (cg_dtype)d, value, 4, 4);
        }
}
