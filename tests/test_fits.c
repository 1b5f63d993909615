/*
 * Each distribution against its own: Kolmogorov's test for the continuous ones, Pearson's for the others, 10^5 numbers of
 * a fixed seed on the CPU backend (elsewhere the bits are the same). A test fails where a sample that fits would be as
 * far off once in 10^4 times, and where one is too near to be random.
 */
#include "reference/ref_fit.h"
#include "support/device_test.h"
#include "tensor/context.h"

#include <math.h>
#include <stdlib.h>

enum { N = 100000 };

/* Once: neither another device nor deferral changes a bit. */
static bool wanted(const cg_device *dev) { return !device_is_opencl(dev) && dev->fuse; }

static void check_probability(long double p) {
    CHECK_MSG(p > 1e-4L && p < 1 - 1e-4L, "such a sample has probability %.3Lg", p);
}

static int ascending(const void *a, const void *b) {
    const long double x = *(const long double *)a, y = *(const long double *)b;
    return (x > y) - (x < y);
}

typedef long double cdf(const double *parameter, long double x);

static long double uniform_cdf(const double *p, long double x) {
    return (x - p[0]) / ((long double)p[1] - p[0]);
}
static long double normal_cdf(const double *p, long double x) { return ref_fit_normal((x - p[0]) / p[1]); }
static long double exponential_cdf(const double *p, long double x) { return -expm1l(-x / p[0]); }
static long double gamma_cdf(const double *p, long double x) { return ref_fit_gamma(p[0], x / p[1]); }
static long double beta_cdf(const double *p, long double x) { return ref_fit_beta(p[0], p[1], x); }

static void check_continuous(cg_tensor *x, cdf *at, const double *parameter) {
    const int64_t n = x ? cg_numel(x) : 0;
    long double *v = x ? read_values(x) : NULL;
    if (!CHECK(v != NULL)) return;
    for (int64_t i = 0; i < n; i++) v[i] = at(parameter, v[i]);
    qsort(v, (size_t)n, sizeof *v, ascending);
    CHECK_MSG(v[0] >= 0 && v[n - 1] <= 1, "outside the distribution: %Lg to %Lg", v[0], v[n - 1]);
    check_probability(ref_fit_kolmogorov(n, v));
}

static void check_discrete(cg_tensor *x, int64_t first, int64_t cells, const long double *probability) {
    int64_t *count = scratch((size_t)cells * sizeof *count);
    const long double *v = x ? read_values(x) : NULL;
    for (int64_t i = 0; v && i < cg_numel(x); i++) {
        const long double k = v[i] - first;
        if (!CHECK_MSG(k >= 0 && k < cells, "%Lg is not possible", v[i])) return;
        count[(int64_t)k]++;
    }
    if (CHECK(v != NULL)) check_probability(ref_fit_pearson(cells, count, probability));
}

/* By table: scipy.stats and scipy.special. */
HOST_TEST(fits, the_yardsticks_are_right) {
    static const long double at[] = {0.1L, 0.3L, 0.35L, 0.7L};
    CHECK(fabsl(ref_fit_normal(1.5L) - 0.9331927987311419L) < 1e-15L);
    CHECK(fabsl(ref_fit_gamma(0.1L, 1e-5L) - 0.3323984050405032L) < 1e-12L);
    CHECK(fabsl(ref_fit_gamma(2.5L, 4) - 0.8437643724222779L) < 1e-12L);
    CHECK(fabsl(ref_fit_gamma(50, 45) - 0.24680203440017026L) < 1e-12L);
    CHECK(fabsl(ref_fit_gamma(50, 60) - 0.9155933189063082L) < 1e-12L);
    CHECK(fabsl(ref_fit_beta(0.5L, 0.5L, 0.3L) - 0.36901011956554536L) < 1e-12L);
    CHECK(fabsl(ref_fit_beta(2, 3, 0.6L) - 0.8208L) < 1e-12L);
    CHECK(fabsl(ref_fit_binomial(20, 0.3L, 5) - 0.17886305056987983L) < 1e-14L);
    CHECK(fabsl(ref_fit_kolmogorov(4, at) - 0.4374L) < 0.01L);
    CHECK(ref_fit_pearson(2, (const int64_t[]){60, 40}, (const long double[]){0.5L, 0.5L}) > 0.0454L &&
          ref_fit_pearson(2, (const int64_t[]){60, 40}, (const long double[]){0.5L, 0.5L}) < 0.0456L);
}

DEVICE_TEST_ONCE(fits, continuous) {
    if (!wanted(dev)) return;
    static const double uniform[][2] = {{0, 1}, {-2, 5}}, normal[][2] = {{0, 1}, {3, 0.5}};
    static const double gamma[][2] = {{0.1, 1}, {0.5, 2}, {1, 1}, {1.5, 3}, {50, 1}, {1000, 1}};
    static const double beta[][2] = {{0.5, 0.5}, {1, 1}, {2, 5}, {0.05, 3}, {0.2, 30}, {40, 60}};
    const cg_dims n = cg_shape(N);
    cg_seed(dev, 2024);
    for (int t = CG_F32; t <= CG_F64; t++) {
        const cg_dtype type = (cg_dtype)t;
        for (int i = 0; i < 2; i++) {
            check_case("uniform(%g, %g), %s", uniform[i][0], uniform[i][1], cg_dtype_name(type));
            check_continuous(cg_uniform(dev, type, n, uniform[i][0], uniform[i][1]), uniform_cdf, uniform[i]);
            check_case("normal(%g, %g), %s", normal[i][0], normal[i][1], cg_dtype_name(type));
            check_continuous(cg_normal(dev, type, n, normal[i][0], normal[i][1]), normal_cdf, normal[i]);
        }
        check_case("exponential(3), %s", cg_dtype_name(type));
        check_continuous(cg_exponential(dev, type, n, 3), exponential_cdf, (const double[]){3});
        for (int i = 0; i < 6; i++) {
            check_case("gamma(%g, %g), %s", gamma[i][0], gamma[i][1], cg_dtype_name(type));
            check_continuous(cg_gamma(dev, type, n, gamma[i][0], gamma[i][1]), gamma_cdf, gamma[i]);
            check_case("beta(%g, %g), %s", beta[i][0], beta[i][1], cg_dtype_name(type));
            check_continuous(cg_beta(dev, type, n, beta[i][0], beta[i][1]), beta_cdf, beta[i]);
            scratch_free_all();
        }
    }
}

/* Very small parameters: nearly all weight is at the ends, a : b of it at 1 and 0, and nothing is NaN. */
DEVICE_TEST_ONCE(fits, small_beta) {
    if (!wanted(dev)) return;
    cg_seed(dev, 1);
    for (int t = CG_F32; t <= CG_F64; t++) {
        const long double *v = read_values(cg_beta(dev, (cg_dtype)t, cg_shape(N), 1e-8, 3e-8));
        int64_t high = 0, low = 0;
        for (int64_t i = 0; v && i < N; i++) high += v[i] > 0.999L, low += v[i] < 0.001L;
        CHECK_MSG(high + low == N && llabs(high - N / 4) < 5 * 137, "%lld at 1, %lld at 0", (long long)high,
                  (long long)low);
    }
}

DEVICE_TEST_ONCE(fits, discrete) {
    if (!wanted(dev)) return;
    static const struct {
        int64_t n;
        double p;
    } of[] = {{1, 0.5}, {10, 0.1}, {20, 0.3}, {20, 0.7}, {1000, 0.002}, {30, 0.5}, {1000, 0.3}, {3000, 0.99}};
    const cg_dims n = cg_shape(N);
    long double *probability = scratch(4000 * sizeof *probability);
    cg_seed(dev, 2025);
    for (size_t i = 0; i < sizeof of / sizeof *of; i++) {
        check_case("binomial(%lld, %g)", (long long)of[i].n, of[i].p);
        for (int64_t k = 0; k <= of[i].n; k++) probability[k] = ref_fit_binomial(of[i].n, of[i].p, k);
        check_discrete(cg_binomial(dev, n, of[i].n, of[i].p), 0, of[i].n + 1, probability);
    }
    for (int i = 0; i < 100; i++) probability[i] = 0.01L;
    for (int t = CG_I32; t <= CG_I64; t++) {
        check_case("integers, %s", cg_dtype_name((cg_dtype)t));
        check_discrete(cg_integers(dev, (cg_dtype)t, n, -30, 70), -30, 100, probability);
    }
    for (double p = 0.001; p < 1; p += 0.249) {
        check_case("bernoulli(%g)", p);
        probability[0] = 1 - p;
        probability[1] = p;
        check_discrete(cg_bernoulli(dev, n, p), 0, 2, probability);
    }
}

/* A range of 3 / 4 of a word: of the words, a quarter is drawn again. Without that the lower half comes up too often. */
DEVICE_TEST_ONCE(fits, integers_of_nearly_all_words) {
    if (!wanted(dev)) return;
    static const long double thirds[] = {1 / 3.0L, 1 / 3.0L, 1 / 3.0L};
    const double range = 3 * 0x1p30;
    cg_seed(dev, 5);
    cg_tensor *x =
        cg_add(cg_cast(cg_integers(dev, CG_I32, cg_shape(N), INT32_MIN, (INT64_C(1) << 30)), CG_F64), 0x1p31);
    check_case("thirds");
    check_discrete(cg_cast(cg_floor(cg_div(x, range / 3)), CG_I64), 0, 3, thirds);
    check_case("modulo 3");
    check_discrete(cg_cast(cg_mod(x, 3), CG_I64), 0, 3, thirds);
    x = cg_integers(dev, CG_I64, cg_shape(N), INT64_MIN, INT64_C(1) << 62);
    check_case("i64, thirds");
    check_discrete(cg_add(cg_floor_divide(x, 0x1p62), 2), 0, 3, thirds);
}

/* For n = 2^53 the normal limit is exact enough: the deviation is 4 10^7. */
DEVICE_TEST_ONCE(fits, large_binomial) {
    if (!wanted(dev)) return;
    static const double chances[] = {0.5, 0.1, 0.9};
    for (int i = 0; i < 3; i++) {
        check_case("binomial(2^53, %g)", chances[i]);
        const double p = chances[i], limit[] = {0x1p53 * p, sqrt(0x1p53 * p * (1 - p))};
        cg_seed(dev, 8);
        check_continuous(cg_binomial(dev, cg_shape(N), INT64_C(1) << 53, p), normal_cdf, limit);
    }
}

DEVICE_TEST_ONCE(fits, categories) {
    if (!wanted(dev)) return;
    static const long double probability[] = {0.1L, 0, 0.4L, 0.2L, 0.3L, 0};
    static const float weight[] = {1, 0, 4, 2, 3, 0};
    cg_seed(dev, 11);
    cg_tensor *w = cg_from_f32(dev, cg_shape(6), weight);
    check_case("categorical");
    check_discrete(cg_categorical(w, N), 0, 6, probability);
    check_case("categorical, f64 and large weights");
    check_discrete(cg_categorical(cg_mul(cg_cast(w, CG_F64), 1e300), N), 0, 6, probability);
    check_case("choice_weighted");
    check_discrete(cg_choice_weighted(w, N, true), 0, 6, probability);
    check_case("choice");
    check_discrete(cg_choice(dev, 4, N, true), 0, 4, (const long double[]){0.25L, 0.25L, 0.25L, 0.25L});
}

/* Two of three by weight, one after the other: first i with w_i, then j of what is left. */
DEVICE_TEST_ONCE(fits, weighted_pairs) {
    if (!wanted(dev)) return;
    enum { ROUNDS = 20000 };
    static const float weight[] = {1, 2, 5};
    long double probability[9] = {0};
    int64_t count[9] = {0};
    for (int i = 0; i < 9; i++)
        if (i / 3 != i % 3) probability[i] = weight[i / 3] / 8.0L * weight[i % 3] / (8.0L - weight[i / 3]);
    cg_seed(dev, 12);
    cg_tensor *w = cg_from_f32(dev, cg_shape(3), weight);
    for (int i = 0; i < ROUNDS; i++) {
        int64_t pair[2] = {0};
        cg_scope *scope = cg_scope_begin(dev);
        CHECK(cg_to_host(cg_choice_weighted(w, 2, false), pair, sizeof pair) == CG_OK);
        count[3 * pair[0] + pair[1]]++;
        cg_scope_end(scope);
    }
    check_probability(ref_fit_pearson(9, count, probability));
}

/* Every order of four, and every pair of ten, comes up equally often. */
DEVICE_TEST_ONCE(fits, orders) {
    if (!wanted(dev)) return;
    enum { ROUNDS = 24000 };
    long double orders[256] = {0}, pairs[100] = {0};
    int64_t count[256] = {0}, pair_count[100] = {0};
    for (int i = 0; i < 256; i++)
        orders[i] =
            ((1 << i % 4) | (1 << i / 4 % 4) | (1 << i / 16 % 4) | (1 << i / 64)) == 15 ? 1 / 24.0L : 0;
    for (int i = 0; i < 100; i++) pairs[i] = i / 10 != i % 10 ? 1 / 90.0L : 0;
    cg_seed(dev, 13);
    for (int i = 0; i < ROUNDS; i++) {
        int64_t p[4] = {0}, pair[2] = {0};
        cg_scope *scope = cg_scope_begin(dev);
        CHECK(cg_to_host(cg_permutation(dev, 4), p, sizeof p) == CG_OK);
        CHECK(cg_to_host(cg_choice(dev, 10, 2, false), pair, sizeof pair) == CG_OK);
        count[p[0] + 4 * p[1] + 16 * p[2] + 64 * p[3]]++;
        pair_count[10 * pair[0] + pair[1]]++;
        cg_scope_end(scope);
    }
    check_case("orders of 4");
    check_probability(ref_fit_pearson(256, count, orders));
    check_case("2 of 10");
    check_probability(ref_fit_pearson(100, pair_count, pairs));
}

/* --- Streams, seeds and split generators have nothing to do with each other ------------------------------------------- */

/* Correlations of n independent pairs are normal with deviation 1 / sqrt(n). */
static void check_unrelated(cg_tensor *x, cg_tensor *y) {
    double r = 0;
    cg_tensor *a = cg_zscore(x, CG_ALL_AXES, 0), *b = cg_zscore(y, CG_ALL_AXES, 0);
    if (CHECK(cg_item(cg_mean(cg_mul(a, b), CG_ALL_AXES, false), &r) == CG_OK))
        CHECK_MSG(fabs(r) < 4 / sqrt((double)cg_numel(x)), "correlation %g", r);
}

DEVICE_TEST_ONCE(fits, streams_are_unrelated) {
    if (!wanted(dev)) return;
    const cg_dims n = cg_shape(N);
    cg_seed(dev, 1);
    cg_tensor *x = cg_normal(dev, CG_F64, n, 0, 1), *y = cg_normal(dev, CG_F64, n, 0, 1);
    cg_tensor *g = cg_gamma(dev, CG_F64, n, 2, 1), *h = cg_gamma(dev, CG_F64, n, 2, 1);
    check_case("two streams");
    check_unrelated(x, y);
    check_unrelated(g, h);
    check_case("neighbours in one stream");
    check_unrelated(cg_slice(x, 0, 0, N - 1, 1), cg_slice(x, 0, 1, N, 1));
    check_unrelated(cg_slice(g, 0, 0, N - 1, 1), cg_slice(g, 0, 1, N, 1));
    check_case("seeds");
    cg_seed(dev, 2);
    check_unrelated(x, cg_normal(dev, CG_F64, n, 0, 1));
    check_case("split");
    cg_seed(dev, 1);
    cg_seed(dev, cg_seed_split(dev));
    check_unrelated(x, cg_normal(dev, CG_F64, n, 0, 1));
}
