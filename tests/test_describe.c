/* Statistics that are accumulated in f64: what f32 would get wrong, what they cost, known values, errors. */
#include "reference/ref_statistics.h"
#include "support/device_test.h"

#include <math.h>

static bool is_wide(cg_device *dev) { return cg_device_properties(dev)->has_f64; }

/* 1e8 and -1e8 among ones: an f32 sum of either sign swallows the ones beside it. */
COMPOSED_TEST(describe, sums_are_f64) {
    enum { N = 4096 };
    if (!is_wide(dev)) return;
    float *data = scratch(N * sizeof *data), *weight = scratch(N * sizeof *weight);
    for (int i = 0; i < N; i++) {
        data[i] = i % 64 == 0 ? (i % 128 ? 1e8f : -1e8f) : 1;
        weight[i] = i % 2 ? 1 : 0.5f;
    }
    cg_tensor *x = cg_from_f32(dev, cg_shape(N), data), *w = cg_from_f32(dev, cg_shape(N), weight);
    long double mean = (N - N / 64) / (long double)N;
    check_ulp(cg_average(x, NULL, CG_ALL_AXES, false), CG_F32, cg_shape(), &mean, 0.5001);
    long double weighted = (0.5L * (N / 2 - N / 64) + N / 2) / (0.75L * N);
    check_ulp(cg_average(x, w, CG_ALL_AXES, false), CG_F32, cg_shape(), &weighted, 0.5001);
    cg_description d;
    CHECK(cg_describe(x, CG_ALL_AXES, 1, false, &d) == CG_OK && d.count == N);
    check_ulp(d.mean, CG_F32, cg_shape(), &mean, 0.5001);
    check_item(d.min, -1e8, 0);
    check_item(d.max, 1e8, 0);
}

/* A skewed spread of 1 on an offset of 3e5, where f32 has 5 bits left: only the result is rounded. */
COMPOSED_TEST(describe, moments_on_an_offset) {
    enum { N = 5000 };
    if (!is_wide(dev)) return;
    uint64_t seed = 6;
    float *data = random_values(CG_F32, N, 0, 1, &seed);
    for (int i = 0; i < N; i++) data[i] = 3e5f + 4 * data[i] * data[i] * data[i];
    const long double *x = to_values(CG_F32, data, N);
    cg_tensor *t = cg_from_f32(dev, cg_shape(N), data);
    cg_description d;
    CHECK(cg_describe(t, CG_ALL_AXES, 1, false, &d) == CG_OK);
    const struct {
        const char *name;
        cg_tensor *got;
        long double want;
    } cases[] = {{"mean", d.mean, ref_mean(N, x, 0)},
                 {"var", d.var, ref_var(N, x, 1)},
                 {"std", d.std, ref_std(N, x, 1)},
                 {"sem", cg_sem(t, CG_ALL_AXES, 1, false), ref_sem(N, x, 1)},
                 {"skewness", cg_skewness(t, CG_ALL_AXES, true, false), ref_skewness(N, x, 1)},
                 {"kurtosis", cg_kurtosis(t, CG_ALL_AXES, true, false), ref_kurtosis(N, x, 1)}};
    for (int i = 0; i < 6; i++) {
        check_case("%s", cases[i].name);
        check_ulp(cases[i].got, CG_F32, cg_shape(), &cases[i].want, 0.5001);
    }
}

static cg_tensor *weights; /* of the shape of x */
static cg_tensor *average_rows(cg_tensor *x) { return cg_average(x, NULL, cg_axes(1), false); }
static cg_tensor *weighted_rows(cg_tensor *x) { return cg_average(x, weights, cg_axes(1), false); }
static cg_tensor *sem_rows(cg_tensor *x) { return cg_sem(x, cg_axes(1), 1, false); }
static cg_tensor *skewness_rows(cg_tensor *x) { return cg_skewness(x, cg_axes(1), false, false); }
static cg_tensor *kurtosis_columns(cg_tensor *x) { return cg_kurtosis(x, cg_axes(0), false, false); }

/* A conversion happens as a reduction loads: neither x nor its deviations are stored in f64 (or at all). */
COMPOSED_TEST(describe, no_f64_copy) {
    static const struct {
        const char *name;
        cg_tensor *(*f)(cg_tensor *);
        uint64_t reductions;
    } cases[] = {{"average", average_rows, 1},
                 {"weighted average", weighted_rows, 2},
                 {"sem", sem_rows, 2},
                 {"skewness", skewness_rows, 4},
                 {"kurtosis", kurtosis_columns, 4}};
    uint64_t seed = 2;
    cg_tensor *x = cg_from_f32(dev, cg_shape(30, 1000), random_values(CG_F32, 30000, -1, 1, &seed));
    weights = cg_from_f32(dev, cg_shape(30, 1000), random_values(CG_F32, 30000, 0.5, 1, &seed));
    uint64_t maps = cg_device_statistics(dev).work[CG_WORK_MAP];
    if (!is_wide(dev) || !cg_exp(x) || cg_device_statistics(dev).work[CG_WORK_MAP] != maps)
        return; /* not fused */
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        check_case("%s", cases[i].name);
        cg_device_reset_peak(dev);
        cg_device_stats before = cg_device_statistics(dev);
        cg_scope *scope = cg_scope_begin(dev);
        CHECK(cg_eval(cases[i].f(x)) != NULL);
        cg_device_stats after = cg_device_statistics(dev);
        cg_scope_end(scope);
        uint64_t reductions = after.work[CG_WORK_REDUCE] - before.work[CG_WORK_REDUCE];
        uint64_t bytes = after.bytes_peak - before.bytes_in_use;
        CHECK_MSG(reductions == cases[i].reductions && bytes < 60000, "%llu reductions, %llu bytes",
                  (unsigned long long)reductions, (unsigned long long)bytes);
    }
}

/* From SciPy 1.17 and NumPy 2.4. */
COMPOSED_TEST(small_describe, known_values) {
    cg_tensor *x = cg_from_f32(dev, cg_shape(6), (const float[]){1, 2, 3, 5, 8, 13});
    check_item(cg_skewness(x, CG_ALL_AXES, false, false), 0.8127079749412875, 1e-6);
    check_item(cg_skewness(x, CG_ALL_AXES, true, false), 1.1128462263492163, 1e-6);
    check_item(cg_kurtosis(x, CG_ALL_AXES, false, false), -0.65625, 1e-6);
    check_item(cg_kurtosis(x, CG_ALL_AXES, true, false), 0.5859375, 2e-6);
    check_item(cg_sem(x, CG_ALL_AXES, 1, false), 1.8378731669453632, 1e-6);
    cg_tensor *y = cg_from_f32(dev, cg_shape(2, 3), (const float[]){1, 2, 4, 3, 1, 2});
    cg_tensor *w = cg_from_f32(dev, cg_shape(3), (const float[]){1, 2, 3});
    const long double cov[] = {2.4090909090909091L, -0.045454545454545456L, -0.045454545454545456L,
                               0.77272727272727273L};
    check_within(cg_cov_weighted(y, w, 1, true), CG_F32, cg_shape(2, 2), cov, 24,
                 (long double[]){3, 2, 2, 1});
    const long double mean[] = {17 / 6.0L, 11 / 6.0L};
    check_within(cg_average(y, w, cg_axes(1), false), CG_F32, cg_shape(2), mean, 9, mean);
}

/* Weights that sum to 0, moments of equal elements, more degrees of freedom than elements. */
COMPOSED_TEST(small_describe, degenerate) {
    const long double nan = (long double)NAN;
    cg_tensor *x = cg_from_f32(dev, cg_shape(2, 2), (const float[]){1, 2, 0.1f, 0.1f});
    cg_tensor *w = cg_from_f32(dev, cg_shape(2), (const float[]){1, -1});
    check_equal(cg_average(x, w, cg_axes(1), false), CG_F32, cg_shape(2), (long double[]){nan, nan});
    check_equal(cg_skewness(x, cg_axes(1), false, false), CG_F32, cg_shape(2), (long double[]){0, nan});
    cg_description d;
    CHECK(cg_describe(x, cg_axes(1), 2, true, &d) == CG_OK && d.count == 2);
    check_equal(d.var, CG_F32, cg_shape(2, 1), (long double[]){(long double)INFINITY, nan});
    if (device_is_opencl(dev)) return;
    check_case("the gradient of a standard deviation of 0");
    cg_tensor *y = cg_require_grad(cg_full(dev, CG_F32, cg_shape(3), 0.1), true);
    CHECK(cg_describe(y, CG_ALL_AXES, 0, false, &d) == CG_OK && cg_backward(d.std) == CG_OK);
    check_equal(cg_grad_of(y), CG_F32, cg_shape(3), (long double[]){0, 0, 0});
}

COMPOSED_TEST(small_describe, refusals) {
    cg_tensor *x = cg_zeros(dev, CG_F32, cg_shape(2, 3)), *none = cg_zeros(dev, CG_F32, cg_shape(2, 0));
    cg_tensor *w = cg_ones(dev, CG_F32, cg_shape(2));
    CHECK_FAILS(dev, cg_average(x, w, cg_axes(1), false), CG_ERROR_SHAPE, "average", "(2,)", "(2, 3)");
    CHECK_FAILS(dev, cg_average(x, w, CG_ALL_AXES, false), CG_ERROR_SHAPE, "average", "(2,)", "(2, 3)");
    CHECK_FAILS(dev, cg_average(x, NULL, cg_axes(2), false), CG_ERROR_ARGUMENT, "average", "(2, 3)");
    CHECK_FAILS(dev, cg_sem(x, cg_axes(2), 1, false), CG_ERROR_ARGUMENT, "sem", "(2, 3)");
    CHECK_FAILS(dev, cg_skewness(x, cg_axes(0, 0), false, false), CG_ERROR_ARGUMENT, "skewness", "(2, 3)");
    CHECK_FAILS(dev, cg_kurtosis(x, cg_axes(-3), false, false), CG_ERROR_ARGUMENT, "kurtosis", "(2, 3)");
    CHECK_FAILS(dev, cg_cov_weighted(x, w, 1, true), CG_ERROR_SHAPE, "cov_weighted", "(2,)", "3");
    CHECK_FAILS(dev, cg_cov_weighted(cg_zeros(dev, CG_F32, cg_shape(1, 2, 3)), w, 1, true), CG_ERROR_SHAPE,
                "cov_weighted", "(1, 2, 3)");
    cg_description d = {.count = -1};
    CHECK(cg_describe(none, cg_axes(1), 0, false, &d) == CG_ERROR_SHAPE && d.count == -1);
    check_error(dev, CG_ERROR_SHAPE, "describe", "(2, 0)", NULL);
    CHECK(cg_describe(x, cg_axes(5), 0, false, &d) == CG_ERROR_ARGUMENT);
    check_error(dev, CG_ERROR_ARGUMENT, "describe", "(2, 3)", NULL);
    CHECK(cg_describe(NULL, CG_ALL_AXES, 0, false, &d) == CG_ERROR_ARGUMENT);
    CHECK(cg_describe(x, CG_ALL_AXES, 0, false, NULL) == CG_ERROR_ARGUMENT);
    CHECK(!cg_average(NULL, w, CG_ALL_AXES, false) && !cg_sem(NULL, CG_ALL_AXES, 1, false) &&
          !cg_skewness(NULL, CG_ALL_AXES, false, false) && !cg_kurtosis(NULL, CG_ALL_AXES, false, false) &&
          !cg_cov_weighted(NULL, w, 1, true) && !cg_cov_weighted(x, NULL, 1, true));
}
