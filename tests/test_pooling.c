/* Pooling: known values, ties and NaN, gradients, what is refused, and the layers. */
#include "support/device_test.h"
#include "support/gradients.h"

#include <math.h>

static const cg_pool_options none = {0};

/* The gradient of y_0 + 2 y_1 + 3 y_2 + ... to x; y of f32. */
static cg_tensor *gradient(cg_tensor *y, cg_tensor *x) {
    cg_tensor *numbers = cg_arange(cg_device_of(x), CG_F32, 1, (double)cg_numel(y) + 1, 1), *dx = NULL;
    return cg_grad(y, cg_reshape(numbers, cg_shape_get(y)), 1, &x, false, &dx) ? NULL : dx;
}

/* The first of equal ones, the first NaN, and what lies in the padding never. */
DEVICE_TEST_ONCE(small_pooling, first_maximum_and_nan) {
    const float v[] = {3, 3, -INFINITY, 1, NAN, 2, NAN, 5};
    cg_tensor *x = cg_require_grad(cg_from_f32(dev, cg_shape(1, 1, 8), v), true), *at;
    cg_tensor *y = cg_max_pool1d_with_indices(x, 2, none, &at);
    check_equal(y, CG_F32, cg_shape(1, 1, 4), (const long double[]){3, 1, NAN, NAN});
    check_equal(at, CG_I64, cg_shape(1, 1, 4), (const long double[]){0, 3, 4, 6});
    check_equal(gradient(y, x), CG_F32, cg_shape(1, 1, 8), (const long double[]){1, 0, 0, 2, 3, 0, 4, 0});
    check_case("nothing but -infinity beside padding");
    cg_tensor *low = cg_full(dev, CG_F32, cg_shape(1, 1, 2, 2), -INFINITY);
    y = cg_max_pool2d_with_indices(low, 2, 2, (cg_pool_options){.stride = {1, 1}, .padding = {1, 1}}, &at);
    check_equal(at, CG_I64, cg_shape(1, 1, 3, 3), (const long double[]){0, 0, 1, 0, 0, 1, 2, 2, 3});
}

/* An element that is the maximum of several windows gets the sum of their gradients. */
DEVICE_TEST_ONCE(small_pooling, windows_that_overlap) {
    cg_tensor *x = cg_from_f32(dev, cg_shape(1, 1, 3, 3), (const float[]){0, 1, 0, 2, 9, 3, 0, 4, 0});
    cg_require_grad(x, true);
    cg_tensor *y = cg_max_pool2d(x, 2, 2, (cg_pool_options){.stride = {1, 1}});
    check_equal(y, CG_F32, cg_shape(1, 1, 2, 2), (const long double[]){9, 9, 9, 9});
    check_equal(gradient(y, x), CG_F32, cg_shape(1, 1, 3, 3),
                (const long double[]){0, 0, 0, 0, 10, 0, 0, 0, 0});
    cg_tensor *z = cg_avg_pool2d(x, 2, 2, (cg_pool_options){.stride = {1, 1}});
    check_equal(z, CG_F32, cg_shape(1, 1, 2, 2), (const long double[]){3, 3.25L, 3.75L, 4});
    check_equal(gradient(z, x), CG_F32, cg_shape(1, 1, 3, 3),
                (const long double[]){0.25L, 0.75L, 0.5L, 1, 2.5L, 1.5L, 0.75L, 1.75L, 1});
}

/* PyTorch's divisors: zeros of the padding count, what ceil_mode adds does not. */
CPU_TEST(pooling, divisors) {
    cg_tensor *x = cg_ones(dev, CG_F32, cg_shape(1, 1, 4));
    cg_pool_options o = {.stride = {2}, .padding = {1}, .ceil_mode = true};
    check_equal(cg_avg_pool1d(x, 3, o), CG_F32, cg_shape(1, 1, 3), (const long double[]){2.0f / 3, 1, 0.5L});
    o.exclude_padding = true;
    check_equal(cg_avg_pool1d(x, 3, o), CG_F32, cg_shape(1, 1, 3), (const long double[]){1, 1, 1});
}

/* No window begins where the padding ends, or behind it. */
CPU_TEST(pooling, last_window_of_ceil_mode) {
    cg_tensor *x = cg_from_f32(dev, cg_shape(1, 1, 3), (const float[]){1, 2, 3});
    const cg_pool_options o = {.stride = {3}, .ceil_mode = true};
    check_equal(cg_max_pool1d(x, 2, o), CG_F32, cg_shape(1, 1, 1), (const long double[]){2});
    check_equal(cg_max_pool1d(x, 2, (cg_pool_options){.stride = {2}, .ceil_mode = true}), CG_F32,
                cg_shape(1, 1, 2), (const long double[]){2, 3});
}

CPU_TEST(pooling, adaptive_keeps_infinities_apart) {
    cg_tensor *x = cg_from_f32(dev, cg_shape(1, 1, 1, 5), (const float[]){1, 2, 3, 4, INFINITY});
    check_equal(cg_adaptive_avg_pool2d(x, 1, 3), CG_F32, cg_shape(1, 1, 1, 3),
                (const long double[]){1.5L, 3, INFINITY});
}

/* A window around the whole axis would hold padding alone; one that reaches an element is possible. */
CPU_TEST(pooling, windows_of_padding_alone) {
    cg_tensor *x = cg_from_f32(dev, cg_shape(1, 1, 2), (const float[]){1, 2});
    const cg_pool_options around = {.padding = {1}, .dilation = {3}}, o = {.padding = {1}, .dilation = {2}};
    CHECK_FAILS(dev, cg_max_pool1d(x, 2, around), CG_ERROR_SHAPE, "max_pool2d", "padding alone",
                "dilation 3");
    CHECK_FAILS(dev,
                cg_max_pool2d(cg_reshape(x, cg_shape(1, 1, 2, 1)), 2, 1,
                              (cg_pool_options){.padding = {1, 0}, .dilation = {3, 1}}),
                CG_ERROR_SHAPE, "padding alone");
    check_equal(cg_max_pool1d(x, 2, o), CG_F32, cg_shape(1, 1, 1), (const long double[]){2});
}

CPU_TEST(pooling, no_images) {
    cg_tensor *x = cg_zeros(dev, CG_F32, cg_shape(0, 2, 5, 5)), *at;
    check_is(cg_max_pool2d_with_indices(x, 2, 2, none, &at), CG_F32, cg_shape(0, 2, 2, 2));
    check_is(at, CG_I64, cg_shape(0, 2, 2, 2));
    check_is(cg_avg_pool2d(x, 2, 2, none), CG_F32, cg_shape(0, 2, 2, 2));
    check_is(cg_adaptive_avg_pool2d(x, 3, 2), CG_F32, cg_shape(0, 2, 3, 2));
    check_is(cg_global_avg_pool(x), CG_F32, cg_shape(0, 2));
}

CPU_TEST(pooling, refuses) {
    cg_tensor *x = cg_ones(dev, CG_F32, cg_shape(1, 2, 4, 4)), *line = cg_ones(dev, CG_F32, cg_shape(2, 4)),
              *at = x;
    CHECK_FAILS(dev, cg_max_pool2d(line, 2, 2, none), CG_ERROR_SHAPE, "max_pool2d", "(N, C, H, W)", "(2, 4)");
    CHECK_FAILS(dev, cg_max_pool2d_with_indices(x, 5, 2, none, &at), CG_ERROR_SHAPE, "max_pool2d",
                "does not fit");
    CHECK(at == NULL);
    CHECK_FAILS(dev, cg_max_pool2d(x, 2, 3, (cg_pool_options){.padding = {1, 2}}), CG_ERROR_ARGUMENT,
                "half the window", "(1, 2)");
    CHECK_FAILS(dev, cg_max_pool2d(x, 2, 2, (cg_pool_options){.stride = {1, -1}}), CG_ERROR_ARGUMENT,
                "stride");
    CHECK_FAILS(dev, cg_max_pool2d(x, 0, 2, none), CG_ERROR_ARGUMENT, "(0, 2)");
    CHECK_FAILS(dev, cg_max_pool1d(x, 2, none), CG_ERROR_SHAPE, "max_pool1d", "(N, C, L)");
    CHECK_FAILS(dev, cg_avg_pool2d(x, 2, 2, (cg_pool_options){.dilation = {2, 1}}), CG_ERROR_ARGUMENT,
                "avg_pool2d", "dilation");
    CHECK_FAILS(dev, cg_avg_pool2d(line, 2, 2, none), CG_ERROR_SHAPE, "avg_pool2d");
    CHECK_FAILS(dev, cg_avg_pool1d(x, 2, none), CG_ERROR_SHAPE, "avg_pool1d", "(N, C, L)");
    CHECK_FAILS(dev, cg_adaptive_avg_pool2d(x, 2, 0), CG_ERROR_ARGUMENT, "adaptive_avg_pool2d", "(2, 0)");
    CHECK_FAILS(dev, cg_adaptive_avg_pool2d(line, 2, 2), CG_ERROR_SHAPE, "adaptive_avg_pool2d");
    CHECK_FAILS(dev, cg_global_avg_pool(line), CG_ERROR_SHAPE, "global_avg_pool", "(2, 4)");
    CHECK_FAILS(dev, cg_global_max_pool(line), CG_ERROR_SHAPE, "global_max_pool", "(2, 4)");
    check_case("NULL in, NULL out");
    CHECK(!cg_max_pool1d(NULL, 2, none) && !cg_max_pool2d(NULL, 2, 2, none) && !cg_avg_pool1d(NULL, 2, none));
    CHECK(!cg_max_pool1d_with_indices(NULL, 2, none, &at) && !cg_avg_pool2d(NULL, 2, 2, none));
    CHECK(!cg_adaptive_avg_pool2d(NULL, 2, 2) && !cg_global_avg_pool(NULL) && !cg_global_max_pool(NULL));
}

CPU_TEST(pooling, modules) {
    uint64_t seed = 4;
    cg_tensor *x = cg_from_f32(dev, cg_shape(2, 3, 5, 6), random_values(CG_F32, 180, -2, 2, &seed));
    const cg_pool_options o = {.stride = {1, 2}, .padding = {1, 0}};
    cg_module *max = cg_max_pool2d_module(dev, 3, 2, o), *mean = cg_avg_pool2d_module(dev, 3, 2, o);
    cg_module *all = cg_global_avg_pool_module(dev);
    check_same_bits(cg_forward(max, x), cg_max_pool2d(x, 3, 2, o));
    check_same_bits(cg_forward(mean, x), cg_avg_pool2d(x, 3, 2, o));
    check_same_bits(cg_forward(all, x), cg_global_avg_pool(x));
    CHECK(cg_parameter_count(max) == 0 && cg_parameter_count(mean) == 0 && cg_parameter_count(all) == 0);
    cg_module_free(max), cg_module_free(mean), cg_module_free(all);
    CHECK_FAILS(dev, cg_max_pool2d_module(dev, 0, 2, o), CG_ERROR_ARGUMENT, "max_pool2d_module", "(0, 2)");
    CHECK_FAILS(dev, cg_avg_pool2d_module(dev, 2, -1, o), CG_ERROR_ARGUMENT, "avg_pool2d_module", "(2, -1)");
    CHECK(!cg_max_pool2d_module(NULL, 2, 2, o) && !cg_avg_pool2d_module(NULL, 2, 2, o) &&
          !cg_global_avg_pool_module(NULL));
}
