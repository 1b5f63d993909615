/* Principal components against the eigenvalues of the covariance, and what the object keeps to. */
#include "reference/ref_decompositions.h"
#include "reference/ref_statistics.h"
#include "support/device_test.h"
#include "support/gradients.h"

#include <math.h>
#include <string.h>

/* Data (n, d) whose columns spread by 1, 2, 3, ... about 10, mixed a little; also as numbers. */
static cg_tensor *samples(cg_device *dev, cg_dtype t, int64_t n, int64_t d, ref_array *values) {
    uint64_t seed = 11 + (uint64_t)(n * 10 + d);
    void *data = scratch((size_t)(n * d) * cg_dtype_size(t));
    *values = ref_array_new(2, (const int64_t[]){n, d});
    for (int64_t i = 0; i < n; i++) {
        const double common = random_unit(&seed);
        for (int64_t j = 0; j < d; j++)
            value_set(t, data, i * d + j, 10 + common + (double)(j + 1) * (2 * random_unit(&seed) - 1));
    }
    for (int64_t i = 0; i < n * d; i++) values->v[i] = value_get(t, data, i);
    return cg_from_host(dev, t, cg_shape(n, d), data);
}

static long double square_root(long double x) { return sqrtl(fmaxl(x, 0)); }

/* Row j of components is column d - 1 - j of v. */
static ref_array leading_rows(ref_array v, int64_t k) {
    const int64_t d = v.shape[0];
    ref_array rows = ref_array_new(2, (const int64_t[]){k, d});
    for (int64_t i = 0; i < k * d; i++) rows.v[i] = v.v[i % d * d + (d - 1 - i / d)];
    return rows;
}

/* The direct way, in long double: mean, covariance, its eigenvectors. */
static void run_fit(cg_device *dev, cg_dtype t, int64_t n, int64_t d, int64_t k) {
    check_case("%s (%lld, %lld), %lld components", cg_dtype_name(t), (long long)n, (long long)d,
               (long long)k);
    ref_array x, mean, all = ref_array_new(1, &k), ratio = ref_array_new(1, &k);
    cg_tensor *data = samples(dev, t, n, d, &x);
    cg_pca *pca = cg_pca_fit(data, k, false);
    cg_pca_parts p;
    if (!CHECK_MSG(pca != NULL, "%s", cg_error_message(dev)) || !CHECK(cg_pca_parameters(pca, &p) == CG_OK))
        return;
    mean = ref_array_fold(ref_mean, x, 1, false, 0);
    ref_array cov = ref_cov(ref_flipped(x), 1, false);
    cov.rank = 2; /* of one column it is a scalar */
    cov.shape[0] = cov.shape[1] = d;
    ref_array w = ref_eigh(cov, REF_W), v = ref_eigh(cov, REF_V);
    const int64_t most = n < d ? n : d;
    long double sum = 0, noise = 0, gap = (long double)INFINITY;
    for (int64_t i = 0; i < d; i++) sum += w.v[i];
    for (int64_t i = 0; i < k; i++) all.v[i] = w.v[d - 1 - i];
    for (int64_t i = 0; i < k; i++) ratio.v[i] = all.v[i] / sum;
    for (int64_t i = 0; i < k && d > 1; i++) gap = fminl(gap, ref_gaps(w).v[d - 1 - i]);
    for (int64_t i = k; i < most; i++) noise += w.v[d - 1 - i] / (long double)(most - k);
    /* A relative error of 4 max(N, D) + 16 units of the largest variance, twice that of the values. */
    const double bound = 2 * (4 * (double)(n > d ? n : d) + 16), size = (double)w.v[d - 1];
    check_within(p.mean, t, cg_shape(d), mean.v, bound, ref_array_map(mean, fabsl).v);
    check_within(p.explained_variance, t, cg_shape(k), all.v, bound * size, NULL);
    check_within(p.explained_variance_ratio, t, cg_shape(k), ratio.v, bound, NULL);
    check_within(p.noise_variance, t, cg_shape(), &noise, bound * size, NULL);
    for (int64_t i = 0; i < k; i++) all.v[i] = sqrtl(fmaxl(all.v[i], 0) * (long double)(n - 1));
    if (k < n) check_within(p.singular_values, t, cg_shape(k), all.v, bound * sqrt(size * (double)n), NULL);
    if (k < n)
        check_within(p.components, t, cg_shape(k, d), leading_rows(v, k).v, bound * size / (double)gap, NULL);
    cg_pca_free(pca);
}

DEVICE_TEST_ONCE(pca, as_the_covariance_says) {
    const bool wide = cg_device_properties(dev)->has_f64;
    run_fit(dev, CG_F32, 30, 4, 2);
    if (device_is_opencl(dev)) return;
    run_fit(dev, CG_F32, 30, 4, 4);
    run_fit(dev, CG_F32, 5, 8, 3); /* fewer samples than columns */
    run_fit(dev, CG_F32, 4, 4, 4); /* the last component has no variance left */
    run_fit(dev, CG_F32, 9, 1, 1);
    if (!wide) return;
    run_fit(dev, CG_F64, 200, 5, 3);
    run_fit(dev, CG_F64, 6, 7, 2);
}

/* Columns that spread by 1 and by 1e-4: in f32 a covariance matrix would have lost the second to rounding. */
CPU_TEST(pca, small_variances_keep_their_digits) {
    enum { N = 64 };
    float data[2 * N];
    ref_array x = ref_array_new(2, (const int64_t[]){N, 2});
    for (int i = 0; i < N; i++) {
        const float a = (float)sin(i), b = 1e-4f * (float)cos(2.3 * i);
        data[2 * i] = a + b;
        data[2 * i + 1] = a - b;
    }
    for (int i = 0; i < 2 * N; i++) x.v[i] = (long double)data[i];
    cg_pca *pca = cg_pca_fit(cg_from_f32(dev, cg_shape(N, 2), data), 2, false);
    cg_pca_parts p;
    if (!CHECK(pca && cg_pca_parameters(pca, &p) == CG_OK)) return;
    ref_array w = ref_array_map(ref_eigh(ref_cov(ref_flipped(x), 1, false), REF_W), square_root);
    const long double root = sqrtl(N - 1), want[] = {w.v[1] * root, w.v[0] * root};
    check_within(p.singular_values, CG_F32, cg_shape(2), want, 4 * N + 16,
                 (long double[]){want[0], want[0] / 8});
    cg_pca_free(pca);
}

/* There and back; with fewer components, the best approximation about the mean. */
COMPOSED_TEST(small_pca, there_and_back) {
    ref_array x;
    cg_tensor *data = samples(dev, CG_F32, 12, 3, &x);
    for (int whiten = 0; whiten < (device_is_opencl(dev) ? 1 : 2); whiten++) {
        check_case(whiten ? "whitened" : "not whitened");
        cg_pca *all = cg_pca_fit(data, 3, whiten), *two = cg_pca_fit(data, 2, whiten);
        cg_tensor *y = cg_pca_transform(all, data);
        check_within(cg_pca_inverse(all, y), CG_F32, cg_shape(12, 3), x.v, 64, x.v);
        cg_tensor *mean = cg_mean(data, cg_axes(0), true);
        cg_tensor *best = cg_add(cg_low_rank(cg_sub(data, mean), 2), mean);
        check_within(cg_pca_inverse(two, cg_pca_transform(two, data)), CG_F32, cg_shape(12, 3),
                     read_values(best), 256, x.v);
        cg_pca_parts p;
        CHECK(cg_pca_parameters(all, &p) == CG_OK);
        const long double one[] = {1, 1, 1};
        check_within(cg_var(y, cg_axes(0), 1, false), CG_F32, cg_shape(3),
                     whiten ? one : read_values(p.explained_variance), 128,
                     whiten ? one : read_values(p.explained_variance));
        cg_pca_free(all);
        cg_pca_free(two);
    }
}

/* A column that is another one: the direction between them has no variance, and whitening makes no noise of it. */
COMPOSED_TEST(small_pca, no_variance_left) {
    const float data[] = {1, 1, 2, 2, 4, 4, 8, 8, 9, 9};
    cg_tensor *x = cg_from_f32(dev, cg_shape(5, 2), data);
    cg_pca *pca = cg_pca_fit(x, 2, true);
    cg_tensor *y = cg_pca_transform(pca, x);
    const long double *scores = read_values(y);
    for (int i = 0; i < 5 && scores; i++)
        CHECK_MSG(fabsl(scores[2 * i + 1]) < 1e-5L, "noise %Lg", scores[2 * i + 1]);
    check_within(cg_pca_inverse(pca, y), CG_F32, cg_shape(5, 2), to_values(CG_F32, data, 10), 64,
                 to_values(CG_F32, data, 10));
    cg_pca_free(pca);
    check_case("constant data");
    pca = cg_pca_fit(cg_full(dev, CG_F32, cg_shape(4, 3), 0.1), 2, true);
    check_equal(cg_pca_transform(pca, cg_full(dev, CG_F32, cg_shape(2, 3), 0.1)), CG_F32, cg_shape(2, 2),
                (long double[4]){0});
    cg_pca_free(pca);
}

/* Kept beyond the scope it was fitted in, of integers; nothing is recorded, and the gradient is g components. */
COMPOSED_TEST(small_pca, ownership_and_gradient) {
    const int32_t data[] = {1, 2, 0, 4, 4, 1, 7, 9, 2, 3};
    cg_scope *scope = cg_scope_begin(dev);
    cg_tensor *x = cg_from_i32(dev, cg_shape(5, 2), data);
    cg_pca *pca = cg_pca_fit(x, 1, false);
    cg_scope_end(scope);
    cg_pca_parts p;
    if (!CHECK(pca && cg_pca_parameters(pca, &p) == CG_OK)) return;
    x = cg_require_grad(cg_cast(cg_from_i32(dev, cg_shape(5, 2), data), CG_F32), true);
    CHECK(!cg_requires_grad(p.components) && !cg_requires_grad(p.mean));
    CHECK(cg_backward(cg_sum(cg_pca_transform(pca, x), CG_ALL_AXES, false)) == CG_OK);
    const long double *row = read_values(p.components);
    long double want[10];
    for (int i = 0; i < 10; i++) want[i] = row[i % 2];
    check_within(cg_grad_of(x), CG_F32, cg_shape(5, 2), want, 4, NULL);
    check_is(cg_pca_transform(pca, cg_zeros(dev, CG_F32, cg_shape(0, 2))), CG_F32, cg_shape(0, 1));
    cg_pca_free(pca);
    cg_pca *again = cg_pca_fit(x, 1, false); /* a leaf: what is fitted is not recorded */
    CHECK(again && cg_pca_parameters(again, &p) == CG_OK && !cg_requires_grad(p.components));
    cg_pca_free(again);
    cg_pca_free(NULL);
}

COMPOSED_TEST(small_pca, refusals) {
    cg_tensor *x = cg_ones(dev, CG_F32, cg_shape(5, 3)), *line = cg_ones(dev, CG_F32, cg_shape(3));
    CHECK_FAILS(dev, cg_pca_fit(line, 1, false), CG_ERROR_SHAPE, "pca_fit", "(3,)");
    CHECK_FAILS(dev, cg_pca_fit(cg_ones(dev, CG_F32, cg_shape(1, 3)), 1, false), CG_ERROR_SHAPE, "pca_fit",
                "(1, 3)");
    CHECK_FAILS(dev, cg_pca_fit(cg_ones(dev, CG_F32, cg_shape(4, 0)), 1, false), CG_ERROR_SHAPE, "pca_fit",
                "(4, 0)");
    CHECK_FAILS(dev, cg_pca_fit(x, 4, false), CG_ERROR_ARGUMENT, "pca_fit", "(5, 3)", "4 components");
    CHECK_FAILS(dev, cg_pca_fit(x, 0, false), CG_ERROR_ARGUMENT, "pca_fit", "0 components");
    CHECK_FAILS(dev, cg_pca_fit(cg_ones(dev, CG_F32, cg_shape(2, 9)), 3, false), CG_ERROR_ARGUMENT, "pca_fit",
                "= 2");
    const float bad[] = {1, 2, (float)NAN, 4, 5, 6};
    CHECK_FAILS(dev, cg_pca_fit(cg_from_f32(dev, cg_shape(3, 2), bad), 1, false), CG_ERROR_ARGUMENT,
                "pca_fit", "(3, 2)", "NaN");
    cg_tensor *spread = cg_add(x, cg_unsqueeze(cg_arange(dev, CG_F32, 0, 5, 1), 1));
    cg_pca *pca = cg_pca_fit(spread, 2, false);
    cg_pca_parts p;
    CHECK_FAILS(dev, cg_pca_transform(pca, cg_ones(dev, CG_F32, cg_shape(5, 2))), CG_ERROR_SHAPE,
                "pca_transform", "(N, 3)", "(5, 2)");
    CHECK_FAILS(dev, cg_pca_inverse(pca, x), CG_ERROR_SHAPE, "pca_inverse", "(N, 2)", "(5, 3)");
    CHECK_FAILS(dev, cg_pca_transform(pca, line), CG_ERROR_SHAPE, "pca_transform", "(3,)");
    CHECK(!cg_pca_fit(NULL, 1, false) && !cg_pca_transform(NULL, x) && !cg_pca_transform(pca, NULL) &&
          !cg_pca_inverse(NULL, x) && !cg_pca_inverse(pca, NULL));
    CHECK(cg_pca_parameters(NULL, &p) == CG_ERROR_ARGUMENT &&
          cg_pca_parameters(pca, NULL) == CG_ERROR_ARGUMENT);
    cg_pca_free(pca);
}
