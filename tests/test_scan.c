/* Scans: long axes, running sums undone, gradients at zeros, ties and NaN, refusals. */
#include "support/device_test.h"
#include "support/gradients.h"

#include <math.h>

enum { LONG = 100003 };

static const long double nan_ = (long double)NAN;

/* --- Long axes ---------------------------------------------------------------------------------------------- */

DEVICE_TEST_ONCE(scan, long_integers) {
    uint64_t seed = 3;
    int32_t *x = random_values(CG_I32, LONG, -50, 50, &seed);
    long double *sum = scratch(LONG * sizeof *sum), *max = scratch(LONG * sizeof *max);
    for (int i = 0; i < LONG; i++) {
        sum[i] = (i ? sum[i - 1] : 0) + x[i];
        max[i] = i && max[i - 1] > x[i] ? max[i - 1] : x[i];
    }
    cg_tensor *t = cg_from_i32(dev, cg_shape(LONG), x);
    check_equal(cg_cumsum(t, 0), CG_I64, cg_shape(LONG), sum);
    check_equal(cg_cummax(t, -1), CG_I32, cg_shape(LONG), max);
}

/* The promise of sorting.h, (log2 n + 64) u sum|x|, against sums in long double. */
DEVICE_TEST_ONCE(scan, long_reals) {
    uint64_t seed = 4;
    float *x = random_values(CG_F32, LONG, -1, 1, &seed);
    long double *sum = scratch(LONG * sizeof *sum), *size = scratch(LONG * sizeof *size);
    for (int i = 0; i < LONG; i++) {
        sum[i] = (i ? sum[i - 1] : 0) + (long double)x[i];
        size[i] = (i ? size[i - 1] : 0) + fabsl((long double)x[i]);
    }
    cg_tensor *t = cg_from_f32(dev, cg_shape(LONG), x);
    check_within(cg_cumsum(t, 0), CG_F32, cg_shape(LONG), sum, log2(LONG) + 64, size);
}

/* The gradient of a long sum is the scan from the end: of ones, n - k. */
DEVICE_TEST_ONCE(scan, long_gradient) {
    long double *want = scratch(LONG * sizeof *want);
    for (int i = 0; i < LONG; i++) want[i] = LONG - i;
    cg_tensor *x = cg_require_grad(cg_zeros(dev, CG_F32, cg_shape(LONG)), true);
    CHECK(cg_backward(cg_sum(cg_cumsum(x, 0), CG_ALL_AXES, false)) == CG_OK);
    check_equal(cg_grad_of(x), CG_F32, cg_shape(LONG), want); /* whole numbers below 2^24: exact */
}

/* Neighbouring differences of a running sum give x back, along each axis and through a view. */
DEVICE_TEST(small_scan, differences_of_sums) {
    uint64_t seed = 5;
    cg_dims shape = cg_shape(3, 5, 4);
    int64_t *data = random_values(CG_I64, 60, -9, 9, &seed);
    cg_tensor *x = cg_from_i64(dev, shape, data);
    for (int axis = 0; axis < 3; axis++) {
        cg_tensor *view = cg_slice(x, axis, CG_SLICE_OPEN, CG_SLICE_OPEN, -1), *y = cg_cumsum(view, axis - 3);
        cg_tensor *step = cg_sub(cg_slice(y, axis, 1, CG_SLICE_OPEN, 1), cg_slice(y, axis, 0, -1, 1));
        cg_tensor *want = cg_slice(view, axis, 1, CG_SLICE_OPEN, 1);
        check_case("axis %d", axis);
        check_equal(step, CG_I64, cg_shape_get(want), read_values(want));
    }
}

/* u8 and bool sum up in i64, past what they could hold themselves. */
DEVICE_TEST(small_scan, narrow_dtypes) {
    cg_tensor *u = cg_from_u8(dev, cg_shape(3), (const uint8_t[]){200, 100, 255});
    check_equal(cg_cumsum(u, 0), CG_I64, cg_shape(3), (long double[]){200, 300, 555});
    check_equal(cg_cumprod(u, 0), CG_I64, cg_shape(3), (long double[]){200, 20000, 5100000});
    check_equal(cg_cummin(u, 0), CG_U8, cg_shape(3), (long double[]){200, 100, 100});
    cg_tensor *b = cg_cast(u, CG_BOOL);
    check_equal(cg_cumsum(b, 0), CG_I64, cg_shape(3), (long double[]){1, 2, 3});
    check_equal(cg_cummax(cg_eq(u, 100), 0), CG_BOOL, cg_shape(3), (long double[]){0, 1, 1});
}

/* --- Gradients ---------------------------------------------------------------------------------------------- */

enum { ROW = 7 };

/* sum over j >= k of g_j times x_0..x_j without x_k. */
static void product_gradient(const double *x, const double *g, long double *dx) {
    for (int k = 0; k < ROW; k++) {
        dx[k] = 0;
        for (int j = k; j < ROW; j++) {
            long double product = g[j];
            for (int i = 0; i <= j; i++) product *= i == k ? 1 : x[i];
            dx[k] += product;
        }
    }
}

static const double with_zeros[][ROW] = {
    {0, 2, 3, 1, -1, 2, 2}, {2, 3, 0, 4, -2, 1, 3}, {1, 2, 3, 4, 5, 6, 0}, {2, 0, 3, 0, 4, 1, 2},
    {0, 0, 2, 3, 1, 1, 2},  {0, 3, 0, 2, 0, 1, 1},  {0, 0, 0, 0, 0, 0, 0}, {1, 2, -1, 3, 2, 1, 4}};

enum { ROWS = sizeof with_zeros / sizeof *with_zeros };

/* Small whole numbers, so that every operation is exact but the division, which is by a divisor. */
DEVICE_TEST(small_scan, product_of_zeros) {
    static const double g[ROW] = {1, -2, 3, 5, -1, 2, 4};
    float x[ROW], weights[ROW];
    for (int row = 0; row < ROWS; row++) {
        cg_scope *scope = cg_scope_begin(dev);
        long double want[ROW];
        for (int i = 0; i < ROW; i++) x[i] = (float)with_zeros[row][i], weights[i] = (float)g[i];
        product_gradient(with_zeros[row], g, want);
        cg_tensor *t = cg_require_grad(cg_from_f32(dev, cg_shape(ROW), x), true);
        cg_tensor *w = cg_from_f32(dev, cg_shape(ROW), weights);
        check_case("row %d", row);
        CHECK(cg_backward(cg_sum(cg_mul(cg_cumprod(t, 0), w), CG_ALL_AXES, false)) == CG_OK);
        check_within(cg_grad_of(t), CG_F32, cg_shape(ROW), want, 2, want);
        cg_scope_end(scope);
    }
}

static cg_tensor *product(void *context, int n, cg_tensor *const *x) {
    (void)context, (void)n;
    return cg_cumprod(x[0], 1);
}

/* A polynomial has no kinks: numerical derivatives hold at zeros too, also between two of them. */
CPU_TEST(scan, second_order_at_zeros) {
    cg_tensor *x = cg_from_f64(dev, cg_shape(ROWS, ROW), &with_zeros[0][0]);
    check_gradient(product, NULL, 1, &x);
    check_second_gradient(product, NULL, 1, &x);
}

static void check_extreme_gradient(cg_tensor *(*scan)(cg_tensor *, int), cg_device *dev, const float *x,
                                   const long double *want) {
    cg_tensor *t = cg_require_grad(cg_from_f32(dev, cg_shape(6), x), true);
    cg_tensor *w = cg_from_f32(dev, cg_shape(6), (const float[]){1, 2, 4, 8, 16, 32});
    CHECK(cg_backward(cg_sum(cg_mul(scan(t, 0), w), CG_ALL_AXES, false)) == CG_OK);
    check_equal(cg_grad_of(t), CG_F32, cg_shape(6), want);
}

/* g goes to the first of equal elements; a NaN takes all that comes after it, and only where it is the first. */
DEVICE_TEST(small_scan, extremes_with_ties) {
    const float ties[] = {1, 3, 3, 2, 5, 5}, falling[] = {4, 4, 2, 3, 2, 1};
    check_extreme_gradient(cg_cummax, dev, ties, (long double[]){1, 14, 0, 0, 48, 0});
    check_extreme_gradient(cg_cummin, dev, ties, (long double[]){63, 0, 0, 0, 0, 0});
    check_extreme_gradient(cg_cummin, dev, falling, (long double[]){3, 0, 28, 0, 0, 32});
    const float broken[] = {1, 2, (float)NAN, 7, (float)NAN, 9}, first[] = {(float)NAN, 1, 2, 3, 4, 5};
    check_equal(cg_cummax(cg_from_f32(dev, cg_shape(6), broken), 0), CG_F32, cg_shape(6),
                (long double[]){1, 2, nan_, nan_, nan_, nan_});
    cg_tensor *t = cg_require_grad(cg_from_f32(dev, cg_shape(6), broken), true);
    CHECK(cg_backward(cg_sum(cg_slice(cg_cummax(t, 0), 0, 0, 2, 1), CG_ALL_AXES, false)) == CG_OK);
    check_equal(cg_grad_of(t), CG_F32, cg_shape(6), (long double[]){1, 1, 0, 0, 0, 0});
    check_extreme_gradient(cg_cummax, dev, broken, (long double[]){1, 2, 60, 0, 0, 0});
    check_extreme_gradient(cg_cummin, dev, first, (long double[]){63, 0, 0, 0, 0, 0});
}

/* --- Refusals ----------------------------------------------------------------------------------------------- */

DEVICE_TEST(small_scan, refusals) {
    cg_tensor *x = cg_zeros(dev, CG_F32, cg_shape(2, 3)), *scalar = cg_zeros(dev, CG_F32, cg_shape());
    CHECK_FAILS(dev, cg_cumsum(x, 2), CG_ERROR_ARGUMENT, "cumsum", "axis 2", "(2, 3)");
    CHECK_FAILS(dev, cg_cumprod(x, -3), CG_ERROR_ARGUMENT, "cumprod", "axis -3", "(2, 3)");
    CHECK_FAILS(dev, cg_cummax(x, 5), CG_ERROR_ARGUMENT, "cummax", "axis 5");
    CHECK_FAILS(dev, cg_cummin(x, 5), CG_ERROR_ARGUMENT, "cummin", "axis 5");
    CHECK_FAILS(dev, cg_cumsum(scalar, 1), CG_ERROR_ARGUMENT, "cumsum", "axis 1");
    CHECK(!cg_cumsum(NULL, 0) && !cg_cumprod(NULL, 0) && !cg_cummax(NULL, 0) && !cg_cummin(NULL, 0));
    CHECK(cg_error_code(dev) == CG_OK);
}
