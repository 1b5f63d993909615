#include "support/device_test.h"

#include <math.h>

DEVICE_TEST(small_take, out_of_range) {
    const long double n = (long double)NAN;
    cg_tensor *f = cg_from_f32(dev, cg_shape(2, 2), (const float[]){1, 2, 3, 4});
    cg_tensor *i = cg_from_i32(dev, cg_shape(3), (const int32_t[]){7, 8, 9});
    cg_tensor *index = cg_from_i64(dev, cg_shape(2, 3), (const int64_t[]){0, 4, -4, -5, INT64_MAX, 3});
    check_equal(cg_take(f, index), CG_F32, cg_shape(2, 3), (long double[]){1, n, 1, n, n, 4});
    check_equal(cg_take(i, cg_from_i32(dev, cg_shape(2), (const int32_t[]){3, -1})), CG_I32, cg_shape(2),
                (long double[]){0, 9});
    cg_tensor *along = cg_from_i64(dev, cg_shape(2, 3), (const int64_t[]){0, 2, -2, -3, INT64_MIN, 1});
    check_equal(cg_take_along_axis(f, along, 1), CG_F32, cg_shape(2, 3), (long double[]){1, n, 1, n, n, 4});
}

/* A gradient that is NaN or infinite stays in the rows it belongs to. */
DEVICE_TEST(take, gradient_stays_in_its_row) {
    cg_tensor *x = cg_require_grad(cg_ones(dev, CG_F32, cg_shape(3, 2)), true);
    cg_tensor *index = cg_from_i32(dev, cg_shape(3), (const int32_t[]){2, 0, 2});
    const float weight[] = {NAN, 1, 2, INFINITY, 3, 4};
    cg_tensor *y = cg_mul(cg_index_select(x, 0, index), cg_from_f32(dev, cg_shape(3, 2), weight));
    CHECK(cg_backward(cg_sum(y, CG_ALL_AXES, false)) == CG_OK);
    check_equal(cg_grad_of(x), CG_F32, cg_shape(3, 2),
                (long double[]){2, (long double)INFINITY, 0, 0, (long double)NAN, 5});
}

/* What was left out of the sum, or picked from nowhere, has no part in the gradient. */
DEVICE_TEST(take, gradient_out_of_range) {
    cg_tensor *x = cg_require_grad(cg_ones(dev, CG_F32, cg_shape(2)), true);
    cg_tensor *src = cg_require_grad(cg_ones(dev, CG_F32, cg_shape(3)), true);
    cg_tensor *index = cg_from_i64(dev, cg_shape(3), (const int64_t[]){1, 2, -3});
    cg_tensor *weight = cg_from_f32(dev, cg_shape(2), (const float[]){5, 7});
    CHECK(cg_backward(cg_sum(cg_mul(cg_index_add(x, 0, index, src), weight), CG_ALL_AXES, false)) == CG_OK);
    check_equal(cg_grad_of(x), CG_F32, cg_shape(2), (long double[]){5, 7});
    check_equal(cg_grad_of(src), CG_F32, cg_shape(3), (long double[]){7, 0, 0});
    cg_zero_grad(src);
    CHECK(cg_backward(cg_sum(cg_mul(cg_scatter_add(x, index, src, 0), weight), CG_ALL_AXES, false)) == CG_OK);
    check_equal(cg_grad_of(src), CG_F32, cg_shape(3), (long double[]){7, 0, 0});
}

DEVICE_TEST(small_take, adds_promote) {
    cg_tensor *x = cg_from_i32(dev, cg_shape(2), (const int32_t[]){1, 2});
    cg_tensor *src = cg_from_f32(dev, cg_shape(3), (const float[]){0.5f, 0.25f, 4});
    cg_tensor *index = cg_from_i32(dev, cg_shape(3), (const int32_t[]){0, 0, 1});
    check_equal(cg_index_add(x, 0, index, src), CG_F32, cg_shape(2), (long double[]){1.75L, 6});
    check_equal(cg_scatter_add(x, index, src, 0), CG_F32, cg_shape(2), (long double[]){1.75L, 6});
    cg_tensor *flags = cg_from_host(dev, CG_BOOL, cg_shape(3), (const uint8_t[]){1, 1, 0});
    check_equal(cg_index_add(x, 0, index, flags), CG_I32, cg_shape(2), (long double[]){3, 2});
    check_case("x itself is not written");
    check_equal(x, CG_I32, cg_shape(2), (long double[]){1, 2});
}

DEVICE_TEST(small_take, refusals) {
    cg_tensor *x = cg_zeros(dev, CG_F32, cg_shape(2, 3)), *v = cg_zeros(dev, CG_F32, cg_shape(2));
    cg_tensor *i = cg_zeros(dev, CG_I32, cg_shape(2)), *m = cg_zeros(dev, CG_I64, cg_shape(2, 2));
    cg_tensor *flags = cg_zeros(dev, CG_BOOL, cg_shape(2)), *scalar = cg_zeros(dev, CG_F32, cg_shape());
    CHECK_FAILS(dev, cg_take(x, v), CG_ERROR_SHAPE, "take", "f32 (2,)", "i32 or i64");
    CHECK_FAILS(dev, cg_take_along_axis(x, v, 0), CG_ERROR_SHAPE, "take_along_axis", "f32");
    CHECK_FAILS(dev, cg_take_along_axis(x, i, 0), CG_ERROR_SHAPE, "take_along_axis", "(2, 3)", "(2,)");
    CHECK_FAILS(dev, cg_take_along_axis(x, m, 0), CG_ERROR_SHAPE, "take_along_axis", "(2, 3)", "(2, 2)");
    CHECK_FAILS(dev, cg_take_along_axis(x, m, 2), CG_ERROR_ARGUMENT, "take_along_axis", "axis 2");
    CHECK_FAILS(dev, cg_index_add(x, 0, i, v), CG_ERROR_SHAPE, "index_add", "(2, 3)", "(2,)");
    CHECK_FAILS(dev, cg_index_add(x, 0, m, x), CG_ERROR_SHAPE, "index_add", "(2, 2)");
    CHECK_FAILS(dev, cg_index_add(x, 2, i, x), CG_ERROR_ARGUMENT, "index_add", "axis 2");
    CHECK_FAILS(dev, cg_index_add(scalar, 0, i, v), CG_ERROR_ARGUMENT, "index_add", "()");
    CHECK_FAILS(dev, cg_index_add(flags, 0, i, flags), CG_ERROR_DTYPE, "index_add", "bool");
    CHECK_FAILS(dev, cg_scatter_add(x, m, x, 1), CG_ERROR_SHAPE, "scatter_add", "(2, 3)", "(2, 2)");
    CHECK_FAILS(dev, cg_scatter_add(x, i, v, 0), CG_ERROR_SHAPE, "scatter_add", "(2,)");
    CHECK_FAILS(dev, cg_scatter_add(v, v, v, 0), CG_ERROR_SHAPE, "scatter_add", "f32");
    CHECK_FAILS(dev, cg_scatter_add(flags, i, flags, 0), CG_ERROR_DTYPE, "scatter_add", "bool");
    check_case("NULL in, NULL out");
    CHECK(!cg_take(NULL, i) && !cg_take(x, NULL) && !cg_take_along_axis(x, NULL, 0) &&
          !cg_take_along_axis(NULL, m, 0));
    CHECK(!cg_index_add(NULL, 0, i, x) && !cg_index_add(x, 0, NULL, x) && !cg_index_add(x, 0, i, NULL));
    CHECK(!cg_scatter_add(NULL, m, x, 0) && !cg_scatter_add(x, NULL, x, 0) && !cg_scatter_add(x, m, NULL, 0));
}
