/* Normalization fitted on one set and applied to another, and its edge cases. */
#include "support/device_test.h"

#include <math.h>

/* Columns: ordinary, constant, of a large offset. */
static const float table[] = {1, 0.1f, 10000, 2, 0.1f, 10002, 3, 0.1f, 10001, 6, 0.1f, 10005};

COMPOSED_TEST(small_scaler, zscore) {
    cg_tensor *x = cg_from_f32(dev, cg_shape(4, 3), table), *shift, *scale;
    cg_scaler *s = cg_scaler_fit_zscore(x, cg_axes(0), 1);
    double offset = -1;
    if (!CHECK(s != NULL && cg_scaler_parameters(s, &shift, &scale, &offset) == CG_OK)) return;
    check_equal(shift, CG_F32, cg_shape(1, 3), (long double[]){3, 0.1f, 10002});
    check_within(scale, CG_F32, cg_shape(1, 3), (long double[]){sqrtl(14.0L / 3), 1, sqrtl(14.0L / 3)}, 14,
                 (long double[]){3, 0, 3});
    CHECK(offset == 0);
    cg_tensor *y = cg_scaler_apply(s, x);
    const long double a = 1 / sqrtl(14.0L / 3);
    long double want[] = {-2 * a, 0, -2 * a, -a, 0, 0, 0, 0, -a, 3 * a, 0, 3 * a};
    check_within(y, CG_F32, cg_shape(4, 3), want, 16, NULL);
    check_within(cg_zscore(x, cg_axes(0), 1), CG_F32, cg_shape(4, 3), want, 16, NULL);
    check_within(cg_scaler_invert(s, y), CG_F32, cg_shape(4, 3), to_values(CG_F32, table, 12), 4,
                 to_values(CG_F32, table, 12));
    check_case("another set");
    cg_tensor *other = cg_from_f32(dev, cg_shape(1, 3), (const float[]){4, 1.1f, 10003});
    check_within(cg_scaler_apply(s, other), CG_F32, cg_shape(1, 3), (long double[]){a, 1.1f - 0.1f, a}, 16,
                 NULL);
    cg_scaler_free(s);
}

COMPOSED_TEST(small_scaler, minmax) {
    cg_tensor *x = cg_from_f32(dev, cg_shape(4, 3), table);
    cg_scaler *s = cg_scaler_fit_minmax(x, cg_axes(0), -1, 1);
    cg_tensor *y = cg_scaler_apply(s, x);
    long double want[] = {-1, -1, -1, -0.6L, -1, -0.2L, -0.2L, -1, -0.6L, 1, -1, 1};
    check_within(y, CG_F32, cg_shape(4, 3), want, 16, NULL);
    check_within(cg_minmax(x, cg_axes(0), -1, 1), CG_F32, cg_shape(4, 3), want, 16, NULL);
    check_within(cg_scaler_invert(s, y), CG_F32, cg_shape(4, 3), to_values(CG_F32, table, 12), 4,
                 to_values(CG_F32, table, 12));
    check_case("beyond the fitted range");
    cg_tensor *beyond = cg_from_f32(dev, cg_shape(2, 3), (const float[]){11, 0.1f, 10010, -4, 0.1f, 9995});
    check_within(cg_scaler_apply(s, beyond), CG_F32, cg_shape(2, 3), (long double[]){3, -1, 3, -3, -1, -3},
                 16, NULL);
    cg_scaler_free(s);
}

/* By two numbers, of integers, kept beyond the scope it was fitted in; nothing of the fit stays in memory. */
COMPOSED_TEST(small_scaler, all_axes_and_ownership) {
    const int32_t pixels[] = {0, 51, 102, 255};
    cg_scope *scope = cg_scope_begin(dev);
    cg_tensor *x = cg_from_i32(dev, cg_shape(2, 2), pixels);
    cg_scaler *s = cg_scaler_fit_minmax(x, CG_ALL_AXES, 0, 1);
    cg_scope_end(scope);
    x = cg_from_i32(dev, cg_shape(2, 2), pixels);
    check_within(cg_scaler_apply(s, x), CG_F32, cg_shape(2, 2), (long double[]){0, 0.2L, 0.4L, 1}, 4, NULL);
    cg_scaler_free(s);
    cg_scaler_free(NULL);
}

/* A scaler from its saved parameters does the same, bit by bit; gradients are 1 / scale and scale. */
COMPOSED_TEST(small_scaler, from_parameters) {
    cg_tensor *x = cg_require_grad(cg_from_f32(dev, cg_shape(4, 3), table), true), *shift, *scale;
    cg_scaler *s = cg_scaler_fit_minmax(x, cg_axes(0), 2, 4);
    double offset;
    if (!CHECK(cg_scaler_parameters(s, &shift, &scale, &offset) == CG_OK)) return;
    CHECK(!cg_requires_grad(shift) && !cg_requires_grad(scale) && offset == 2);
    cg_scaler *again = cg_scaler_new(cg_clone(shift), cg_clone(scale), offset);
    check_same_bits(cg_scaler_apply(again, x), cg_scaler_apply(s, x));
    CHECK(cg_backward(cg_sum(cg_scaler_apply(again, x), CG_ALL_AXES, false)) == CG_OK);
    const long double *size = read_values(scale);
    long double want[12];
    for (int i = 0; i < 12; i++) want[i] = 1 / size[i % 3];
    check_ulp(cg_grad_of(x), CG_F32, cg_shape(4, 3), want, 3);
    cg_scaler_free(again);
    cg_scaler_free(s);
}

/* Constant columns, of which a plain f32 mean misses some by a rounding: they become 0 all the same, and come back. */
COMPOSED_TEST(small_scaler, constants_come_back) {
    enum { ROWS = 13, COLUMNS = 24 };
    float data[ROWS * COLUMNS];
    long double zeros[ROWS * COLUMNS] = {0};
    for (int i = 0; i < ROWS * COLUMNS; i++) data[i] = 0.1f + 0.37f * (float)(i % COLUMNS);
    cg_tensor *x = cg_from_f32(dev, cg_shape(ROWS, COLUMNS), data);
    cg_scaler *s = cg_scaler_fit_zscore(x, cg_axes(0), 0);
    cg_tensor *y = cg_scaler_apply(s, x);
    check_equal(y, CG_F32, cg_shape(ROWS, COLUMNS), zeros);
    check_equal(cg_scaler_invert(s, y), CG_F32, cg_shape(ROWS, COLUMNS),
                to_values(CG_F32, data, ROWS * COLUMNS));
    check_equal(cg_zscore(x, cg_axes(0), 0), CG_F32, cg_shape(ROWS, COLUMNS), zeros);
    cg_scaler_free(s);
}

COMPOSED_TEST(small_scaler, gradient_of_a_constant) {
    cg_tensor *x = cg_require_grad(cg_from_f32(dev, cg_shape(3), (const float[]){2, 2, 2}), true);
    cg_tensor *w = cg_from_f32(dev, cg_shape(3), (const float[]){1, 2, 6});
    CHECK(cg_backward(cg_sum(cg_mul(cg_zscore(x, CG_ALL_AXES, 0), w), CG_ALL_AXES, false)) == CG_OK);
    check_within(cg_grad_of(x), CG_F32, cg_shape(3), (long double[]){-2, -1, 3}, 8, NULL);
}

COMPOSED_TEST(small_scaler, nan_stays_in_its_column) {
    const long double nan = (long double)NAN;
    cg_tensor *x = cg_from_f32(dev, cg_shape(2, 2), (const float[]){1, (float)NAN, 3, 4});
    check_equal(cg_zscore(x, cg_axes(0), 0), CG_F32, cg_shape(2, 2), (long double[]){-1, nan, 1, nan});
    check_equal(cg_minmax(x, cg_axes(0), 0, 1), CG_F32, cg_shape(2, 2), (long double[]){0, nan, 1, nan});
}

COMPOSED_TEST(small_scaler, refusals) {
    cg_tensor *x = cg_zeros(dev, CG_F32, cg_shape(2, 3)), *none = cg_zeros(dev, CG_F32, cg_shape(0, 3));
    CHECK_FAILS(dev, cg_zscore(x, cg_axes(2), 0), CG_ERROR_ARGUMENT, "zscore", "(2, 3)");
    CHECK_FAILS(dev, cg_minmax(x, cg_axes(2), 0, 1), CG_ERROR_ARGUMENT, "minmax", "(2, 3)");
    CHECK_FAILS(dev, cg_minmax(x, cg_axes(0), 1, 1), CG_ERROR_ARGUMENT, "minmax", "lo < hi");
    CHECK_FAILS(dev, cg_minmax(x, cg_axes(0), 0, (double)INFINITY), CG_ERROR_ARGUMENT, "minmax");
    CHECK_FAILS(dev, cg_minmax(none, cg_axes(0), 0, 1), CG_ERROR_SHAPE, "minmax", "(0, 3)");
    CHECK_FAILS(dev, cg_scaler_fit_zscore(x, cg_axes(5), 0), CG_ERROR_ARGUMENT, "scaler_fit_zscore");
    CHECK_FAILS(dev, cg_scaler_fit_zscore(x, cg_axes(0), 2), CG_ERROR_SHAPE, "scaler_fit_zscore", "ddof 2");
    CHECK_FAILS(dev, cg_scaler_fit_zscore(none, cg_axes(0), -1), CG_ERROR_SHAPE, "scaler_fit_zscore",
                "(0, 3)");
    CHECK_FAILS(dev, cg_scaler_fit_minmax(x, cg_axes(0), 2, 1), CG_ERROR_ARGUMENT, "scaler_fit_minmax");
    CHECK_FAILS(dev, cg_scaler_fit_minmax(none, cg_axes(0), 0, 1), CG_ERROR_SHAPE, "scaler_fit_minmax");
    cg_tensor *row = cg_zeros(dev, CG_F32, cg_shape(3)), *i = cg_zeros(dev, CG_I32, cg_shape(3));
    CHECK_FAILS(dev, cg_scaler_new(row, i, 0), CG_ERROR_DTYPE, "scaler_new", "i32");
    CHECK_FAILS(dev, cg_scaler_new(row, x, 0), CG_ERROR_SHAPE, "scaler_new", "(2, 3)");
    cg_scaler *s = cg_scaler_fit_minmax(x, cg_axes(0), 0, 1);
    CHECK_FAILS(dev, cg_scaler_apply(s, cg_zeros(dev, CG_F32, cg_shape(2, 4))), CG_ERROR_SHAPE,
                "scaler_apply", "(1, 3)", "(2, 4)");
    CHECK_FAILS(dev, cg_scaler_invert(s, row), CG_ERROR_SHAPE, "scaler_invert", "(3,)");
    CHECK(!cg_scaler_apply(s, NULL) && !cg_scaler_invert(s, NULL) && !cg_scaler_apply(NULL, x) &&
          !cg_scaler_invert(NULL, x));
    CHECK(!cg_zscore(NULL, CG_ALL_AXES, 0) && !cg_minmax(NULL, CG_ALL_AXES, 0, 1) &&
          !cg_scaler_fit_zscore(NULL, CG_ALL_AXES, 0) && !cg_scaler_fit_minmax(NULL, CG_ALL_AXES, 0, 1) &&
          !cg_scaler_new(NULL, row, 0));
    CHECK(cg_scaler_parameters(NULL, NULL, NULL, NULL) == CG_ERROR_ARGUMENT);
    cg_scaler_free(s);
}
