/* Median and quantiles: NumPy's values, methods against each other, infinities, overflow, NaN, refusals. */
#include "reference/ref_order.h"
#include "support/device_test.h"

#include <float.h>
#include <math.h>

static cg_tensor *row(cg_device *dev, int64_t n, const float *x) { return cg_from_f32(dev, cg_shape(n), x); }

/* numpy.median and numpy.percentile of [[10, 7, 4], [3, 2, 1]], as in NumPy's documentation. */
COMPOSED_TEST(small_quantile, documented_by_numpy) {
    cg_tensor *x = cg_from_f32(dev, cg_shape(2, 3), (const float[]){10, 7, 4, 3, 2, 1});
    check_equal(cg_median(x, CG_ALL_AXES, false), CG_F32, cg_shape(), (long double[]){3.5L});
    check_equal(cg_median(x, cg_axes(0), false), CG_F32, cg_shape(3), (long double[]){6.5L, 4.5L, 2.5L});
    check_equal(cg_median(x, cg_axes(1), true), CG_F32, cg_shape(2, 1), (long double[]){7, 2});
    check_equal(cg_percentile(x, 50, CG_ALL_AXES, 0, false), CG_F32, cg_shape(), (long double[]){3.5L});
    check_equal(cg_percentile(x, 50, cg_axes(0), 0, false), CG_F32, cg_shape(3),
                (long double[]){6.5L, 4.5L, 2.5L});
    check_equal(cg_quantile(x, 0.5, cg_axes(1), 0, true), CG_F32, cg_shape(2, 1), (long double[]){7, 2});
    cg_tensor *whole = cg_from_i32(dev, cg_shape(4), (const int32_t[]){4, 1, 2, 9});
    check_equal(cg_median(whole, cg_axes(0), false), CG_F32, cg_shape(), (long double[]){3});
}

/* The nine definitions and the four roundings on every n to 6 and every eighth, against the reference. */
DEVICE_TEST_ONCE(quantile, every_method) {
    static const float x[] = {0.5f, -2, 7, 3, 3.25f, -1};
    for (int n = 1; n <= 6; n++)
        for (int method = CG_QUANTILE_LINEAR; method <= CG_QUANTILE_NEAREST; method++)
            for (int eighth = 0; eighth <= 8; eighth++) {
                if (device_is_opencl(dev) && eighth % 4 != 1) continue;
                cg_scope *scope = cg_scope_begin(dev);
                double q = eighth / 8.0;
                check_case("%d elements, method %d, q = %g", n, method, q);
                long double values[6];
                for (int i = 0; i < n; i++) values[i] = (long double)x[i];
                ref_array want =
                    ref_quantile(ref_array_of(n, values), q, (ref_quantile_method)method, 1, false);
                cg_tensor *got =
                    cg_quantile(row(dev, n, x), q, cg_axes(0), (cg_quantile_method)method, false);
                check_within(got, CG_F32, cg_shape(), want.v, 5, (long double[]){7});
                cg_scope_end(scope);
                scratch_free_all();
            }
}

/* What the definitions give on 1..10 at 0.3, where 10 q is 3 in double: worked by hand. */
COMPOSED_TEST(small_quantile, by_hand) {
    static const struct {
        cg_quantile_method method;
        long double want;
    } cases[] = {{CG_QUANTILE_LINEAR, 3.7L},
                 {CG_QUANTILE_INVERTED_CDF, 3},
                 {CG_QUANTILE_AVERAGED_INVERTED_CDF, 3.5L},
                 {CG_QUANTILE_CLOSEST_OBSERVATION, 3},
                 {CG_QUANTILE_INTERPOLATED_INVERTED_CDF, 3},
                 {CG_QUANTILE_HAZEN, 3.5L},
                 {CG_QUANTILE_WEIBULL, 3.3L},
                 {CG_QUANTILE_MEDIAN_UNBIASED, 3 + 13.0L / 30},
                 {CG_QUANTILE_NORMAL_UNBIASED, 3.45L},
                 {CG_QUANTILE_LOWER, 3},
                 {CG_QUANTILE_HIGHER, 4},
                 {CG_QUANTILE_MIDPOINT, 3.5L},
                 {CG_QUANTILE_NEAREST, 4}};
    cg_tensor *x = cg_add(cg_arange(dev, CG_F32, 9, -1, -1), 1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        check_case("method %d", cases[i].method);
        cg_tensor *got = cg_quantile(x, 0.3, CG_ALL_AXES, cases[i].method, false);
        check_within(got, CG_F32, cg_shape(), &cases[i].want, 5, (long double[]){4});
    }
}

/* Several at once are each alone, behind a first axis; the median is the quantile 1/2. */
COMPOSED_TEST(small_quantile, together_and_alone) {
    uint64_t seed = 17;
    static const double q[] = {0.9, 0, 0.25, 1, 0.5};
    cg_tensor *x = cg_from_f32(dev, cg_shape(3, 4, 2), random_values(CG_F32, 24, -5, 5, &seed));
    cg_tensor *all = cg_quantiles(x, 5, q, cg_axes(0, 1), CG_QUANTILE_HAZEN, true);
    check_is(all, CG_F32, cg_shape(5, 1, 1, 2));
    for (int i = 0; i < 5; i++) {
        cg_tensor *one = cg_quantile(x, q[i], cg_axes(1, 0), CG_QUANTILE_HAZEN, true);
        check_same_bits(cg_contiguous(cg_reshape(cg_slice(all, 0, i, i + 1, 1), cg_shape(1, 1, 2))),
                        cg_contiguous(one));
    }
    cg_tensor *half = cg_quantile(x, 0.5, cg_axes(2), 0, false);
    check_within(cg_median(x, cg_axes(-1), false), CG_F32, cg_shape(3, 4), read_values(half), 5, NULL);
}

/* Where a neighbour is infinite or b - a overflows, but the quantile itself is defined. */
COMPOSED_TEST(small_quantile, infinities) {
    const float inf = (float)INFINITY, big = FLT_MAX;
    const float ends[] = {-inf, 1, 2, 3, inf}, equal[] = {inf, inf, 1, inf}, far[] = {-big, big},
                high[] = {big, big};
    cg_tensor *x = row(dev, 5, ends);
    check_equal(cg_quantile(x, 1, CG_ALL_AXES, 0, false), CG_F32, cg_shape(),
                (long double[]){(long double)INFINITY});
    check_equal(cg_quantile(x, 0.75, CG_ALL_AXES, 0, false), CG_F32, cg_shape(), (long double[]){3});
    check_equal(cg_quantile(x, 0.875, CG_ALL_AXES, 0, false), CG_F32, cg_shape(),
                (long double[]){(long double)INFINITY});
    check_equal(cg_quantile(x, 0.125, CG_ALL_AXES, 0, false), CG_F32, cg_shape(),
                (long double[]){-(long double)INFINITY});
    check_equal(cg_quantile(row(dev, 4, equal), 0.5, CG_ALL_AXES, 0, false), CG_F32, cg_shape(),
                (long double[]){(long double)INFINITY});
    check_ulp(cg_quantile(row(dev, 2, far), 0.75, CG_ALL_AXES, 0, false), CG_F32, cg_shape(),
              (long double[]){(long double)big / 2}, 2); /* each product is rounded */
    check_equal(cg_median(row(dev, 2, high), CG_ALL_AXES, false), CG_F32, cg_shape(),
                (long double[]){(long double)big});
    check_equal(cg_median(row(dev, 2, (const float[]){-inf, inf}), CG_ALL_AXES, false), CG_F32, cg_shape(),
                (long double[]){(long double)NAN});
}

/* One NaN makes its row NaN, the others keep their value and gradient; of nothing it is NaN too. */
COMPOSED_TEST(small_quantile, nan_and_nothing) {
    const long double n = (long double)NAN;
    const float x[] = {1, (float)NAN, 3, 4, 6, 5};
    cg_tensor *t = cg_require_grad(cg_from_f32(dev, cg_shape(2, 3), x), true);
    check_equal(cg_quantile(t, 0, cg_axes(1), 0, false), CG_F32, cg_shape(2), (long double[]){n, 4});
    cg_tensor *median = cg_median(t, cg_axes(1), false);
    check_equal(median, CG_F32, cg_shape(2), (long double[]){n, 5});
    CHECK(cg_backward(cg_slice(median, 0, 1, 2, 1)) == CG_OK);
    check_equal(cg_grad_of(t), CG_F32, cg_shape(2, 3), (long double[]){0, 0, 0, 0, 0, 1});
    cg_tensor *none = cg_zeros(dev, CG_I32, cg_shape(2, 0));
    check_equal(cg_median(none, cg_axes(1), false), CG_F32, cg_shape(2), (long double[]){n, n});
    check_equal(cg_quantile(none, 0.5, CG_ALL_AXES, 0, true), CG_F32, cg_shape(1, 1), (long double[]){n});
    check_is(cg_median(none, cg_axes(0), false), CG_F32, cg_shape(0));
}

/* Interpolation shares the gradient between two elements, ties or not. */
COMPOSED_TEST(small_quantile, gradient_is_shared) {
    cg_tensor *x = cg_require_grad(row(dev, 4, (const float[]){3, 1, 1, 2}), true);
    CHECK(cg_backward(cg_quantile(x, 0.25, CG_ALL_AXES, 0, false)) == CG_OK); /* place 0.75: of 1 and 1 */
    check_equal(cg_grad_of(x), CG_F32, cg_shape(4), (long double[]){0, 0.25L, 0.75L, 0});
    cg_zero_grad(x);
    CHECK(cg_backward(cg_median(x, CG_ALL_AXES, false)) == CG_OK);
    check_equal(cg_grad_of(x), CG_F32, cg_shape(4), (long double[]){0, 0, 0.5L, 0.5L});
}

COMPOSED_TEST(small_quantile, refusals) {
    cg_tensor *x = cg_zeros(dev, CG_F32, cg_shape(2, 3));
    CHECK_FAILS(dev, cg_median(x, cg_axes(2), false), CG_ERROR_ARGUMENT, "median", "axis 2", "(2, 3)");
    CHECK_FAILS(dev, cg_quantile(x, 0.5, cg_axes(1, -1), 0, false), CG_ERROR_ARGUMENT, "quantile", "(2, 3)");
    CHECK_FAILS(dev, cg_quantile(x, 1.5, CG_ALL_AXES, 0, false), CG_ERROR_ARGUMENT, "quantile", "1.5",
                "(2, 3)");
    CHECK_FAILS(dev, cg_quantile(x, NAN, CG_ALL_AXES, 0, false), CG_ERROR_ARGUMENT, "quantile", "nan");
    CHECK_FAILS(dev, cg_percentile(x, -1, CG_ALL_AXES, 0, false), CG_ERROR_ARGUMENT, "percentile", "-0.01");
    CHECK_FAILS(dev, cg_quantile(x, 0.5, CG_ALL_AXES, (cg_quantile_method)13, false), CG_ERROR_ARGUMENT,
                "quantile", "method 13");
    CHECK_FAILS(dev, cg_quantiles(x, 2, (const double[]){0, -3}, CG_ALL_AXES, 0, false), CG_ERROR_ARGUMENT,
                "quantiles", "q[1] = -3");
    CHECK_FAILS(dev, cg_quantiles(x, 0, NULL, CG_ALL_AXES, 0, false), CG_ERROR_ARGUMENT, "quantiles",
                "n = 0");
    CHECK(!cg_median(NULL, CG_ALL_AXES, false) && !cg_quantile(NULL, 0.5, CG_ALL_AXES, 0, false));
    CHECK(!cg_quantiles(NULL, 0, NULL, CG_ALL_AXES, 0, false) &&
          !cg_percentile(NULL, 5, CG_ALL_AXES, 0, false));
    CHECK(cg_error_code(dev) == CG_OK);
}
