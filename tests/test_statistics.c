/* Variance, norms, covariance: large offsets, extreme sizes, what they cost, kinks, errors. */
#include "reference/ref_statistics.h"
#include "support/device_test.h"
#include "support/gradients.h"

#include <float.h>
#include <math.h>
#include <string.h>

static ref_array vector_of(const float *data, int64_t n) {
    return ref_array_of(n, to_values(CG_F32, data, n));
}

/* 10 007 values of spread 1 (or as f32 has it) on an offset; the mean in f32 alone would be off by more. */
COMPOSED_TEST(statistics, variance_on_an_offset) {
    enum { N = 10007 };
    static const double offset[] = {0, 1, 1e4, -1e4, 1e6, 1e8, -3e8}, spread[] = {1, 1, 1, 1, 1, 300, 1000};
    for (int i = 0; i < 7; i++) {
        check_case("offset %g, spread %g", offset[i], spread[i]);
        uint64_t seed = 7 + (uint64_t)i;
        float *data = random_values(CG_F32, N, offset[i] - spread[i], offset[i] + spread[i], &seed);
        data[0] =
            (float)(offset[i] + 20 * spread[i]); /* the element that distances are taken to is an outlier */
        ref_array x = vector_of(data, N);
        long double want = ref_var(N, x.v, 1), root = ref_std(N, x.v, 1);
        cg_tensor *t = cg_from_f32(dev, cg_shape(N), data);
        double bound = log2(N) + 8;
        check_within(cg_var(t, CG_ALL_AXES, 1, false), CG_F32, cg_shape(), &want, bound, &want);
        check_within(cg_std(t, CG_ALL_AXES, 1, false), CG_F32, cg_shape(), &root, bound + 4, &root);
    }
}

/* Constants have no variance at all, whatever the constant; too few elements give what NumPy gives. */
COMPOSED_TEST(small_statistics, variance_of_few) {
    const long double nan = (long double)NAN, inf = (long double)INFINITY;
    cg_tensor *tenth = cg_eval(cg_full(dev, CG_F32, cg_shape(3, 11), 0.1));
    check_equal(cg_var(tenth, cg_axes(1), 0, false), CG_F32, cg_shape(3), (long double[]){0, 0, 0});
    check_equal(cg_std(tenth, cg_axes(0), 1, true), CG_F32, cg_shape(1, 11), (long double[11]){0});
    cg_tensor *x = cg_from_f32(dev, cg_shape(2, 2), (const float[]){1, 2, 4, 4});
    check_equal(cg_var(x, cg_axes(1), 2, false), CG_F32, cg_shape(2), (long double[]){inf, nan});
    check_equal(cg_var(x, cg_axes(1), 5, false), CG_F32, cg_shape(2), (long double[]){inf, nan});
    check_equal(cg_var(x, cg_axes(), 1, false), CG_F32, cg_shape(2, 2), (long double[]){nan, nan, nan, nan});
    check_equal(cg_std(x, cg_axes(1), 0, false), CG_F32, cg_shape(2), (long double[]){0.5L, 0});
}

/* The gradient of std where std is 0 is 0, and so is that of norm; the finite rows beside are untouched. */
COMPOSED_TEST(small_statistics, gradients_at_kinks) {
    const float data[] = {7, 7, 7, 1, 2, 6};
    cg_tensor *x = cg_require_grad(cg_from_f32(dev, cg_shape(2, 3), data), true);
    CHECK(cg_backward(cg_sum(cg_std(x, cg_axes(1), 0, false), CG_ALL_AXES, false)) == CG_OK);
    long double std = sqrtl(14.0L / 3), want[] = {0, 0, 0, -2 / (3 * std), -1 / (3 * std), 3 / (3 * std)};
    check_within(cg_grad_of(x), CG_F32, cg_shape(2, 3), want, 16, NULL);
    static const double p[] = {1, 2, 3, 0.5, (double)INFINITY, -(double)INFINITY};
    for (int i = 0; i < 6; i++) {
        check_case("norm %g of zeros", p[i]);
        cg_tensor *zero = cg_require_grad(cg_eval(cg_zeros(dev, CG_F32, cg_shape(3))), true);
        CHECK(cg_backward(cg_norm(zero, p[i], CG_ALL_AXES, false)) == CG_OK);
        check_equal(cg_grad_of(zero), CG_F32, cg_shape(3), (long double[]){0, 0, 0});
    }
    check_case("the largest shared");
    cg_tensor *y = cg_require_grad(cg_from_f32(dev, cg_shape(4), (const float[]){-3, 1, 3, 0}), true);
    CHECK(cg_backward(cg_norm(y, (double)INFINITY, CG_ALL_AXES, false)) == CG_OK);
    check_equal(cg_grad_of(y), CG_F32, cg_shape(4), (long double[]){-0.5L, 0, 0.5L, 0});
    check_case("one 0 among others, p 1/2");
    y = cg_require_grad(cg_from_f32(dev, cg_shape(2), (const float[]){0, 4}), true);
    CHECK(cg_backward(cg_norm(y, 0.5, CG_ALL_AXES, false)) == CG_OK);
    check_within(cg_grad_of(y), CG_F32, cg_shape(2), (long double[]){0, 1}, 16, NULL);
}

static void run_norms(cg_device *dev, cg_dtype t, double size) {
    static const double p[] = {1, 2, 3, 0.5, (double)INFINITY};
    uint64_t seed = 3;
    void *data = random_values(t, 24, -size, size, &seed);
    const long double *values = to_values(t, data, 24);
    for (int i = 0; i < 5; i++) {
        check_case("%s norm %g of values to %g", cg_dtype_name(t), p[i], size);
        long double want = ref_norm(24, values, p[i]);
        if (want > (t == CG_F32 ? (long double)FLT_MAX : (long double)DBL_MAX))
            continue; /* it cannot be had */
        check_within(cg_norm(cg_from_host(dev, t, cg_shape(24), data), p[i], CG_ALL_AXES, false), t,
                     cg_shape(), &want, 32, &want);
    }
}

/* Squares, cubes and roots of these would overflow or vanish; subnormals where the device keeps them. */
COMPOSED_TEST(small_statistics, norms_of_extreme_sizes) {
    static const double sizes[] = {1e-36, 1e-25, 1e-13, 1e12, 1e20, 3e37};
    static const double wide[] = {1e-307, 1e-200, 1e-144, 1e145, 1e200, 1e307};
    for (int i = 0; i < 6; i++) {
        run_norms(dev, CG_F32, sizes[i]);
        if (cg_device_properties(dev)->has_f64) run_norms(dev, CG_F64, wide[i]);
    }
    if (device_is_opencl(dev)) return;
    run_norms(dev, CG_F32, 1e-42);
    run_norms(dev, CG_F64, 1e-318);
}

/* Ordinary sizes are scaled by 1: Pythagorean triples are exact. */
COMPOSED_TEST(small_statistics, norms_known) {
    cg_tensor *x = cg_from_f32(dev, cg_shape(2, 2), (const float[]){3, -4, 5, 12});
    check_equal(cg_norm(x, 2, cg_axes(-1), false), CG_F32, cg_shape(2), (long double[]){5, 13});
    check_equal(cg_norm(x, 1, cg_axes(0), true), CG_F32, cg_shape(1, 2), (long double[]){8, 16});
    check_equal(cg_norm(x, (double)INFINITY, CG_ALL_AXES, false), CG_F32, cg_shape(), (long double[]){12});
    check_equal(cg_norm(cg_full(dev, CG_I32, cg_shape(4), 3), 2, CG_ALL_AXES, false), CG_F32, cg_shape(),
                (long double[]){6});
}

typedef struct cost {
    uint64_t reductions, maps, bytes;
} cost;

static cost cost_of(cg_device *dev, cg_tensor *(*f)(cg_tensor *), cg_tensor *x) {
    cg_device_reset_peak(dev);
    cg_device_stats before = cg_device_statistics(dev);
    cg_scope *scope = cg_scope_begin(dev);
    CHECK(cg_eval(f(x)) != NULL);
    cg_device_stats after = cg_device_statistics(dev);
    cg_scope_end(scope);
    return (cost){after.work[CG_WORK_REDUCE] - before.work[CG_WORK_REDUCE],
                  after.work[CG_WORK_MAP] - before.work[CG_WORK_MAP], after.bytes_peak - before.bytes_in_use};
}

static cg_tensor *var_rows(cg_tensor *x) { return cg_var(x, cg_axes(1), 0, false); }
static cg_tensor *std_all(cg_tensor *x) { return cg_std(x, CG_ALL_AXES, 1, false); }
static cg_tensor *norm_1_rows(cg_tensor *x) { return cg_norm(x, 1, cg_axes(1), false); }
static cg_tensor *norm_2_rows(cg_tensor *x) { return cg_norm(x, 2, cg_axes(1), false); }
static cg_tensor *norm_3_rows(cg_tensor *x) { return cg_norm(x, 3, cg_axes(1), false); }
static cg_tensor *norm_most(cg_tensor *x) { return cg_norm(x, (double)INFINITY, CG_ALL_AXES, false); }
static cg_tensor *logsumexp_rows(cg_tensor *x) { return cg_logsumexp(x, cg_axes(1), false); }
static cg_tensor *any_rows(cg_tensor *x) { return cg_any(x, cg_axes(1), false); }
static cg_tensor *any_positive(cg_tensor *x) { return cg_any(cg_gt(x, 2), CG_ALL_AXES, false); }
static cg_tensor *count_positive(cg_tensor *x) { return cg_count_nonzero(cg_gt(x, 0), cg_axes(1), false); }
static cg_tensor *count_all(cg_tensor *x) { return cg_count_nonzero(x, CG_ALL_AXES, false); }
static cg_tensor *zscore_rows(cg_tensor *x) {
    return cg_sum(cg_zscore(x, cg_axes(1), 0), CG_ALL_AXES, false);
}

/* Whether the device defers: the exponential of a tensor is then no work yet. */
static bool fuses(cg_device *dev) {
    cg_tensor *x = cg_eval(cg_ones(dev, CG_F32, cg_shape(3)));
    uint64_t before = cg_device_statistics(dev).work[CG_WORK_MAP];
    return cg_exp(x) && cg_device_statistics(dev).work[CG_WORK_MAP] == before;
}

/* Everything elementwise is done within the reductions: no array of the size of x is stored. */
COMPOSED_TEST(statistics, reductions_take_no_memory) {
    static const struct {
        const char *name;
        cg_tensor *(*f)(cg_tensor *);
        uint64_t reductions, maps; /* maps are over the results */
    } cases[] = {{"var", var_rows, 2, 3},
                 {"std", std_all, 2, 3},
                 {"norm 1", norm_1_rows, 1, 0},
                 {"norm 2", norm_2_rows, 2, 2},
                 {"norm 3", norm_3_rows, 2, 2},
                 {"norm inf", norm_most, 1, 0},
                 {"logsumexp", logsumexp_rows, 2, 2},
                 {"any", any_rows, 1, 0},
                 {"count", count_all, 1, 0},
                 {"any x > 2", any_positive, 1, 0},
                 {"count x > 0", count_positive, 1, 0},
                 {"zscore", zscore_rows, 3, 3}};
    uint64_t seed = 2;
    if (!fuses(dev)) return;
    cg_tensor *x = cg_from_f32(dev, cg_shape(30, 1000), random_values(CG_F32, 30000, -1, 1, &seed));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        check_case("%s", cases[i].name);
        cost c = cost_of(dev, cases[i].f, x);
        CHECK_MSG(c.reductions == cases[i].reductions && c.maps <= cases[i].maps && c.bytes < 30000,
                  "%llu reductions, %llu maps, %llu bytes", (unsigned long long)c.reductions,
                  (unsigned long long)c.maps, (unsigned long long)c.bytes);
    }
}

/* Large numbers, large means, equal and opposite variables. */
COMPOSED_TEST(small_statistics, correlation_known) {
    const float data[] = {1e30f, 2e30f, 3e30f, 4e30f, -2, -4, -6, -8, 5, 5, 5, 5};
    const long double nan = (long double)NAN;
    cg_tensor *r = cg_corrcoef(cg_from_f32(dev, cg_shape(3, 4), data));
    long double want[] = {1, -1, nan, -1, 1, nan, nan, nan, nan};
    check_within(r, CG_F32, cg_shape(3, 3), want, 8, NULL);
    const long double *got = read_values(r);
    for (int i = 0; i < 5; i++) CHECK(isnan(got[i]) || fabsl(got[i]) <= 1);
    check_equal(cg_cov(cg_from_f32(dev, cg_shape(3), (const float[]){1, 2, 6}), 1, true), CG_F32, cg_shape(),
                (long double[]){7});
    check_equal(cg_cov(cg_from_f32(dev, cg_shape(2, 2), (const float[]){1, 2, 3, 6}), 1, false), CG_F32,
                cg_shape(2, 2), (long double[]){2, 4, 4, 8});
}

/* A variable and itself: the product of the rows is 1 up to rounding, and what is more than 1 is cut. */
COMPOSED_TEST(small_statistics, correlation_is_at_most_one) {
    enum { V = 40, N = 7 };
    uint64_t seed = 11;
    cg_tensor *r = cg_corrcoef(cg_from_f32(dev, cg_shape(V, N), random_values(CG_F32, V * N, -1, 1, &seed)));
    const long double *got = read_values(r);
    for (int i = 0; got && i < V * V; i++)
        CHECK_MSG(fabsl(got[i]) <= 1 && (i % (V + 1) || got[i] > 0.999999L), "element %d is %.9Lg", i,
                  got[i]);
}

COMPOSED_TEST(small_statistics, refusals) {
    cg_tensor *x = cg_zeros(dev, CG_F32, cg_shape(2, 3)), *none = cg_zeros(dev, CG_F32, cg_shape(2, 0));
    CHECK_FAILS(dev, cg_var(x, cg_axes(2), 0, false), CG_ERROR_ARGUMENT, "var", "(2, 3)");
    CHECK_FAILS(dev, cg_std(x, cg_axes(0, -2), 0, false), CG_ERROR_ARGUMENT, "std", "(2, 3)");
    CHECK_FAILS(dev, cg_norm(x, 2, cg_axes(-3), false), CG_ERROR_ARGUMENT, "norm", "(2, 3)");
    CHECK_FAILS(dev, cg_norm(x, -1, CG_ALL_AXES, false), CG_ERROR_ARGUMENT, "norm", "-1", "(2, 3)");
    CHECK_FAILS(dev, cg_norm(x, (double)NAN, CG_ALL_AXES, false), CG_ERROR_ARGUMENT, "norm", "nan");
    CHECK_FAILS(dev, cg_norm(none, (double)INFINITY, cg_axes(1), false), CG_ERROR_SHAPE, "norm", "(2, 0)");
    CHECK_FAILS(dev, cg_cov(cg_zeros(dev, CG_F32, cg_shape(2, 3, 4)), 1, true), CG_ERROR_SHAPE, "cov",
                "(2, 3, 4)");
    CHECK_FAILS(dev, cg_corrcoef(cg_zeros(dev, CG_F32, cg_shape(2, 3, 4))), CG_ERROR_SHAPE, "corrcoef",
                "(2, 3, 4)");
    CHECK(!cg_var(NULL, CG_ALL_AXES, 0, false) && !cg_std(NULL, CG_ALL_AXES, 0, false) &&
          !cg_norm(NULL, 2, CG_ALL_AXES, false) && !cg_cov(NULL, 1, true) && !cg_corrcoef(NULL));
}
