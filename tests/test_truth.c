/* Products, truths, counts and logsumexp: what the catalog cannot say of them. */
#include "support/device_test.h"
#include "support/gradients.h"

#include <math.h>

static cg_tensor *prod_rows(void *context, int n, cg_tensor *const *x) {
    (void)context, (void)n;
    return cg_prod(x[0], cg_axes(1), false);
}

static cg_tensor *prod_all(void *context, int n, cg_tensor *const *x) {
    (void)context, (void)n;
    return cg_prod(x[0], CG_ALL_AXES, true);
}

/* Rows with no zero, one and two: the gradient is the product of all others, and its gradient that of all but two. */
COMPOSED_TEST(product, gradient_with_zeros) {
    if (!cg_device_properties(dev)->has_f64) return;
    const double data[] = {1.5, -2, 0.5, 3, -1, 1.5, 0, 0.5, 3, -1, 0, -2, 0, 3, -1, 0, 0, 0, 1, 2};
    cg_tensor *x = cg_from_f64(dev, cg_shape(4, 5), data);
    check_case("rows of 5");
    check_gradient(prod_rows, NULL, 1, &x);
    if (!device_is_opencl(dev)) check_second_gradient(prod_rows, NULL, 1, &x);
    check_case("one zero among 3");
    cg_tensor *y = cg_from_f64(dev, cg_shape(3), (const double[]){2, 0, 5});
    check_gradient(prod_all, NULL, 1, &y);
    if (!device_is_opencl(dev)) check_second_gradient(prod_all, NULL, 1, &y);
    check_case("one zero, exactly");
    cg_tensor *leaf = cg_require_grad(cg_from_f32(dev, cg_shape(3), (const float[]){2, 0, 5}), true);
    CHECK(cg_backward(cg_prod(leaf, CG_ALL_AXES, false)) == CG_OK);
    check_equal(cg_grad_of(leaf), CG_F32, cg_shape(3), (long double[]){0, 10, 0});
}

/* Lengths around powers of two, the reduced axes apart: each gradient is product / x. */
COMPOSED_TEST(product, gradient_of_many) {
    for (int64_t n = 1; n < (device_is_opencl(dev) ? 6 : 35); n += device_is_opencl(dev) ? 4 : 1) {
        check_case("%lld in each reduction", (long long)(2 * n));
        uint64_t seed = (uint64_t)n;
        cg_tensor *x = cg_from_f32(dev, cg_shape(n, 3, 2), random_values(CG_F32, 6 * n, 0.7, 1.3, &seed));
        CHECK(cg_require_grad(x, true) &&
              cg_backward(cg_sum(cg_prod(x, cg_axes(0, 2), false), CG_ALL_AXES, false)) == CG_OK);
        const long double *in = read_values(x);
        long double want[6 * 35], product[3] = {1, 1, 1};
        for (int64_t i = 0; i < 6 * n; i++) product[i / 2 % 3] *= in[i];
        for (int64_t i = 0; i < 6 * n; i++) want[i] = product[i / 2 % 3] / in[i];
        check_within(cg_grad_of(x), CG_F32, cg_shape(n, 3, 2), want, 2 * (double)n, want);
    }
}

DEVICE_TEST(small_product, integers_and_nothing) {
    cg_tensor *x = cg_from_i32(dev, cg_shape(2, 3), (const int32_t[]){100000, 100000, 3, -7, 1, 2});
    check_equal(cg_prod(x, cg_axes(1), false), CG_I64, cg_shape(2), (long double[]){30000000000.0L, -14});
    check_equal(cg_prod(cg_zeros(dev, CG_U8, cg_shape(0)), CG_ALL_AXES, false), CG_I64, cg_shape(),
                (long double[]){1});
    check_equal(cg_prod(cg_zeros(dev, CG_F32, cg_shape(2, 0)), cg_axes(1), true), CG_F32, cg_shape(2, 1),
                (long double[]){1, 1});
}

/* 2^24 + 3 ones: an f32 sum would stop counting at 2^24. */
DEVICE_TEST_ONCE(truth, counts_beyond_whole_floats) {
    const int64_t n = (1 << 24) + 3;
    cg_tensor *x = cg_eval(cg_full(dev, CG_F32, cg_shape(n), 0.5));
    check_equal(cg_count_nonzero(x, CG_ALL_AXES, false), CG_I64, cg_shape(), (long double[]){(long double)n});
}

/* Small values are not cut to 0, NaN is not 0, -0 is. */
DEVICE_TEST(small_truth, what_is_true) {
    cg_tensor *x = cg_from_f32(dev, cg_shape(3, 2), (const float[]){0.25f, 0, (float)NAN, -0.0f, 0, 0});
    check_equal(cg_any(x, cg_axes(1), false), CG_BOOL, cg_shape(3), (long double[]){1, 1, 0});
    check_equal(cg_all(x, cg_axes(1), false), CG_BOOL, cg_shape(3), (long double[]){0, 0, 0});
    check_equal(cg_count_nonzero(x, cg_axes(1), true), CG_I64, cg_shape(3, 1), (long double[]){1, 1, 0});
    check_equal(cg_all(cg_zeros(dev, CG_F32, cg_shape(2, 0)), cg_axes(0), false), CG_BOOL, cg_shape(0), NULL);
}

/* The gradient is the softmax. */
DEVICE_TEST(small_logsumexp, gradient_far_out) {
    const float data[] = {1000, 999, -INFINITY, -1000, -1001, -1001};
    cg_tensor *x = cg_require_grad(cg_from_f32(dev, cg_shape(2, 3), data), true);
    cg_tensor *y = cg_logsumexp(x, cg_axes(-1), false);
    check_ulp(y, CG_F32, cg_shape(2), (long double[]){1000.31326168751822L, -999.44855583220863L}, 1);
    CHECK(cg_backward(cg_sum(y, CG_ALL_AXES, false)) == CG_OK);
    long double want[] = {0.7310585786300049L, 0.2689414213699951L, 0,
                          0.5761168847658291L, 0.2119415576170855L, 0.2119415576170855L};
    /* x - result is rounded to u 1000 */
    check_within(cg_grad_of(x), CG_F32, cg_shape(2, 3), want, 1100, NULL);
}

DEVICE_TEST(small_truth, refusals) {
    cg_tensor *x = cg_zeros(dev, CG_F32, cg_shape(2, 3));
    CHECK_FAILS(dev, cg_prod(x, cg_axes(2), false), CG_ERROR_ARGUMENT, "prod", "(2, 3)");
    CHECK_FAILS(dev, cg_any(x, cg_axes(0, 0), false), CG_ERROR_ARGUMENT, "any");
    CHECK_FAILS(dev, cg_all(x, cg_axes(-3), false), CG_ERROR_ARGUMENT, "all");
    CHECK_FAILS(dev, cg_count_nonzero(x, cg_axes(2), false), CG_ERROR_ARGUMENT, "count_nonzero");
    CHECK_FAILS(dev, cg_logsumexp(x, cg_axes(2), false), CG_ERROR_ARGUMENT, "logsumexp", "(2, 3)");
    CHECK(!cg_prod(NULL, CG_ALL_AXES, false) && !cg_any(NULL, CG_ALL_AXES, false) &&
          !cg_all(NULL, CG_ALL_AXES, false));
    CHECK(!cg_count_nonzero(NULL, CG_ALL_AXES, false) && !cg_logsumexp(NULL, CG_ALL_AXES, false));
}
