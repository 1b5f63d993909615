/* Counting: elements on edges, ranges, what is left out; whole numbers, with weights; refusals. */
#include "support/device_test.h"

#include <math.h>

static const double nan_ = (double)NAN;

/* --- Histogram ---------------------------------------------------------------------------------------------- */

/* numpy.histogram([1, 2, 1], bins=[0, 1, 2, 3]) and its kin, from NumPy's documentation and rules. */
COMPOSED_TEST(small_histogram, by_hand) {
    cg_tensor *x = cg_from_f32(dev, cg_shape(3), (const float[]){1, 2, 1});
    check_equal(cg_histogram(x, 3, 0, 3), CG_I64, cg_shape(3), (long double[]){0, 2, 1});
    check_equal(cg_histogram(cg_from_i32(dev, cg_shape(4), (const int32_t[]){0, 1, 2, 3}), 4, 0, 4), CG_I64,
                cg_shape(4), (long double[]){1, 1, 1, 1});
    check_equal(cg_histogram(x, 2, 1, 2), CG_I64, cg_shape(2), (long double[]){2, 1});
    check_equal(cg_histogram(x, 1, 2, 2), CG_I64, cg_shape(1), (long double[]){1});
    check_equal(cg_histogram_edges(x, 2, 2, 2), CG_F32, cg_shape(3), (long double[]){1.5L, 2, 2.5L});
    check_equal(cg_histogram(x, 2, nan_, nan_), CG_I64, cg_shape(2), (long double[]){2, 1});
    check_equal(cg_histogram_edges(x, 2, nan_, nan_), CG_F32, cg_shape(3), (long double[]){1, 1.5L, 2});
}

COMPOSED_TEST(small_histogram, left_out) {
    const float inf = (float)INFINITY, x[] = {-inf, -1, 0, 0.5f, 1, 1.5f, inf, (float)NAN};
    cg_tensor *t = cg_from_f32(dev, cg_shape(8), x);
    check_equal(cg_histogram(t, 2, 0, 1), CG_I64, cg_shape(2), (long double[]){1, 2});
    /* From the data: -1 to 1.5, the finite ones. */
    check_equal(cg_histogram(t, 5, nan_, nan_), CG_I64, cg_shape(5), (long double[]){1, 0, 1, 1, 2});
    cg_tensor *none = cg_slice(t, 0, 6, 8, 1);
    check_equal(cg_histogram(none, 2, nan_, nan_), CG_I64, cg_shape(2), (long double[]){0, 0});
    check_equal(cg_histogram_edges(none, 2, nan_, nan_), CG_F32, cg_shape(3), (long double[]){0, 0.5L, 1});
    check_equal(cg_histogram_edges(cg_from_f32(dev, cg_shape(1), (const float[]){3}), 1, nan_, nan_), CG_F32,
                cg_shape(2), (long double[]){2.5L, 3.5L});
}

/* Whole numbers are counted in f64 where there is one: f32 could not tell these apart. */
COMPOSED_TEST(small_histogram, whole_numbers) {
    bool wide = cg_device_properties(dev)->has_f64;
    cg_tensor *x = cg_from_i32(dev, cg_shape(3), (const int32_t[]){16777216, 16777217, 16777218});
    check_is(cg_histogram_edges(x, 2, 0, 1), wide ? CG_F64 : CG_F32, cg_shape(3));
    if (wide)
        check_equal(cg_histogram(x, 3, 16777215.5, 16777218.5), CG_I64, cg_shape(3),
                    (long double[]){1, 1, 1});
}

/*
 * Edges that are not exact, and elements on them and one ULP beside them: the count of each bin must follow from the
 * edges, whatever (x - lo) bins / (hi - lo) would round to.
 */
static void run_edges(cg_device *dev, int64_t bins, double lo, double hi) {
    cg_scope *scope = cg_scope_begin(dev);
    check_case("%lld bins from %g to %g", (long long)bins, lo, hi);
    cg_tensor *edges = cg_histogram_edges(cg_zeros(dev, CG_F32, cg_shape(0)), bins, lo, hi);
    const float *edge = read_raw(edges);
    int64_t n = 3 * (bins + 1);
    float *x = scratch((size_t)n * sizeof *x);
    long double *want = scratch((size_t)bins * sizeof *want),
                *exact = scratch((size_t)(bins + 1) * sizeof *exact);
    for (int64_t i = 0; i <= bins; i++) {
        exact[i] = lo + (long double)i * ((hi - lo) / (long double)bins);
        x[3 * i] = edge[i];
        x[3 * i + 1] = nextafterf(edge[i], -INFINITY);
        x[3 * i + 2] = nextafterf(edge[i], INFINITY);
    }
    for (int64_t i = 0; i < n; i++)
        for (int64_t b = 0; b < bins; b++)
            want[b] += x[i] >= edge[b] && (x[i] < edge[b + 1] || (b == bins - 1 && x[i] == edge[bins]));
    check_within(edges, CG_F32, cg_shape(bins + 1), exact, 1, (long double *)NULL);
    check_equal(cg_histogram(cg_from_f32(dev, cg_shape(n), x), bins, lo, hi), CG_I64, cg_shape(bins), want);
    cg_scope_end(scope);
    scratch_free_all();
}

COMPOSED_TEST(small_histogram, on_the_edges) {
    run_edges(dev, 10, 0, 1);
    run_edges(dev, 7, -1, 0.3);
    run_edges(dev, 49, 0.1, 0.7);
    run_edges(dev, 1, 0, 0.1);
}

/* Long input against a division in double; 64 bins of width 1/32 have exact edges. */
DEVICE_TEST_ONCE(histogram, long_arrays) {
    enum { N = 100003, BINS = 64 };
    uint64_t seed = 21;
    float *x = random_values(CG_F32, N, -1.25, 1.25, &seed);
    long double want[BINS] = {0};
    for (int i = 0; i < N; i++)
        if (x[i] >= -1 && x[i] <= 1) want[x[i] == 1 ? BINS - 1 : (int)floor(((double)x[i] + 1) * 32)]++;
    cg_tensor *t = cg_from_f32(dev, cg_shape(N), x);
    check_equal(cg_histogram(t, BINS, -1, 1), CG_I64, cg_shape(BINS), want);
    CHECK(cg_device_statistics(dev).round_trips == 0);
}

COMPOSED_TEST(small_histogram, refusals) {
    cg_tensor *x = cg_zeros(dev, CG_F32, cg_shape(2, 3));
    CHECK_FAILS(dev, cg_histogram(x, 0, 0, 1), CG_ERROR_ARGUMENT, "histogram", "0 bins", "(2, 3)");
    CHECK_FAILS(dev, cg_histogram(x, 4, 1, 0), CG_ERROR_ARGUMENT, "histogram", "from 1 to 0");
    CHECK_FAILS(dev, cg_histogram(x, 4, 0, INFINITY), CG_ERROR_ARGUMENT, "histogram", "inf");
    CHECK_FAILS(dev, cg_histogram(x, 4, nan_, 1), CG_ERROR_ARGUMENT, "histogram", "to 1");
    CHECK_FAILS(dev, cg_histogram_edges(x, -1, 0, 1), CG_ERROR_ARGUMENT, "histogram_edges", "-1 bins");
    CHECK(!cg_histogram(NULL, 4, 0, 1) && !cg_histogram_edges(NULL, 4, 0, 1) && cg_error_code(dev) == CG_OK);
}

/* --- Bincount ----------------------------------------------------------------------------------------------- */

COMPOSED_TEST(small_histogram, bincount) {
    uint64_t trips = cg_device_statistics(dev).round_trips;
    cg_tensor *x = cg_from_u8(dev, cg_shape(2, 3), (const uint8_t[]){0, 3, 1, 3, 3, 255});
    cg_tensor *counts = cg_bincount(x, 0);
    CHECK_MSG(cg_device_statistics(dev).round_trips == trips + 1, "one value is read, for the length");
    check_is(counts, CG_I64, cg_shape(256));
    check_equal(cg_slice(counts, 0, 0, 5, 1), CG_I64, cg_shape(5), (long double[]){1, 1, 0, 3, 0});
    cg_tensor *bits = cg_from_host(dev, CG_BOOL, cg_shape(3), (const uint8_t[]){1, 0, 1});
    check_equal(cg_bincount(bits, 4), CG_I64, cg_shape(4), (long double[]){1, 2, 0, 0});
    check_equal(cg_bincount(cg_zeros(dev, CG_I64, cg_shape(0)), 2), CG_I64, cg_shape(2),
                (long double[]){0, 0});
    check_is(cg_bincount(cg_zeros(dev, CG_I64, cg_shape(0)), 0), CG_I64, cg_shape(0));
}

/* numpy.bincount([0, 1, 1, 2, 2, 2], weights) of NumPy's documentation, with its gradient: g at x. */
COMPOSED_TEST(small_histogram, bincount_weighted) {
    cg_tensor *x = cg_from_i32(dev, cg_shape(6), (const int32_t[]){0, 1, 1, 2, 2, 2});
    cg_tensor *w = cg_from_f32(dev, cg_shape(6), (const float[]){0.3f, 0.5f, 0.2f, 0.7f, 1.0f, -0.6f});
    cg_require_grad(w, true);
    cg_tensor *sums = cg_bincount_weighted(x, w, 0);
    check_within(sums, CG_F32, cg_shape(3), (long double[]){0.3L, 0.7L, 1.1L}, 8, NULL);
    cg_tensor *g = cg_from_f32(dev, cg_shape(3), (const float[]){5, 7, 9});
    CHECK(cg_backward(cg_sum(cg_mul(sums, g), CG_ALL_AXES, false)) == CG_OK);
    check_equal(cg_grad_of(w), CG_F32, cg_shape(6), (long double[]){5, 7, 7, 9, 9, 9});
}

COMPOSED_TEST(small_histogram, bincount_refusals) {
    cg_tensor *x = cg_from_i32(dev, cg_shape(3), (const int32_t[]){4, -1, 2}),
              *w = cg_ones(dev, CG_F32, cg_shape(3));
    cg_tensor *two = cg_ones(dev, CG_F32, cg_shape(2)), *whole = cg_ones(dev, CG_I32, cg_shape(3));
    CHECK_FAILS(dev, cg_bincount(x, 0), CG_ERROR_ARGUMENT, "bincount", "(3,)", "negative");
    CHECK_FAILS(dev, cg_bincount(w, 0), CG_ERROR_DTYPE, "bincount", "f32", "(3,)");
    CHECK_FAILS(dev, cg_bincount(whole, -1), CG_ERROR_ARGUMENT, "bincount", "minlength", "-1");
    CHECK_FAILS(dev, cg_bincount_weighted(x, w, 0), CG_ERROR_ARGUMENT, "bincount_weighted", "negative");
    CHECK_FAILS(dev, cg_bincount_weighted(whole, two, 0), CG_ERROR_SHAPE, "bincount_weighted", "(3,)",
                "(2,)");
    CHECK_FAILS(dev, cg_bincount_weighted(whole, whole, 0), CG_ERROR_DTYPE, "bincount_weighted", "i32");
    cg_tensor *far = cg_from_i64(dev, cg_shape(1), (const int64_t[]){INT64_MAX - 1});
    CHECK(cg_bincount(far, 0) == NULL);
    check_error(dev, CG_ERROR_SHAPE, "bincount", NULL);
    CHECK(!cg_bincount(NULL, 0) && !cg_bincount_weighted(NULL, w, 0) && !cg_bincount_weighted(x, NULL, 0));
    CHECK(cg_error_code(dev) == CG_OK);
}
