/* Order: scans, sorting, searching, counting, order statistics. */
#include "catalog/catalog.h"
#include "reference/ref_order.h"

#include <math.h>

/* --- Scans -------------------------------------------------------------------------------------------------- */

#define SCAN(name, axis, op, kind)                                                                           \
    static cg_tensor *name(cg_tensor *const *x) { return cg_##op(x[0], axis); }                              \
    static ref_array ref_of_##name(const ref_array *x) {                                                     \
        return ref_scan(kind, x[0], ref_array_axis(x[0], axis));                                             \
    }
#define SCAN_SIZE(name, axis)                                                                                \
    static ref_array size_of_##name(const ref_array *x) {                                                    \
        return ref_scan(REF_SCAN_SUM_ABS, x[0], ref_array_axis(x[0], axis));                                 \
    }

SCAN(cumsum_last, -1, cumsum, REF_SCAN_SUM)
SCAN(cumsum_first, 0, cumsum, REF_SCAN_SUM)
SCAN(cumsum_middle, -2, cumsum, REF_SCAN_SUM)
SCAN_SIZE(cumsum_last, -1)
SCAN_SIZE(cumsum_first, 0)
SCAN_SIZE(cumsum_middle, -2)
SCAN(cumprod_last, -1, cumprod, REF_SCAN_PROD)
SCAN(cumprod_first, 0, cumprod, REF_SCAN_PROD)
SCAN(cumprod_middle, -2, cumprod, REF_SCAN_PROD)
SCAN(cummax_last, -1, cummax, REF_SCAN_MAX)
SCAN(cummax_first, 0, cummax, REF_SCAN_MAX)
SCAN(cummax_middle, -2, cummax, REF_SCAN_MAX)
SCAN(cummin_last, -1, cummin, REF_SCAN_MIN)
SCAN(cummin_first, 0, cummin, REF_SCAN_MIN)
SCAN(cummin_middle, -2, cummin, REF_SCAN_MIN)

/* A scalar is a line of one element: itself. */
#define OF_SCALAR(name, kind)                                                                                \
    static cg_tensor *name(cg_tensor *const *x) { return cg_##kind(x[0], -1); }
OF_SCALAR(cumsum_scalar, cumsum)
OF_SCALAR(cumprod_scalar, cumprod)
OF_SCALAR(cummax_scalar, cummax)
OF_SCALAR(cummin_scalar, cummin)
static ref_array ref_of_itself(const ref_array *x) { return x[0]; }

/* --- Sorting ------------------------------------------------------------------------------------------------ */

/* k counted from the end where it is 0 or less: the length plus k. */
static ref_array best_of(ref_array x, int axis, int64_t k, bool descending, ref_order_part part) {
    axis = ref_array_axis(x, axis);
    return ref_best(x, k > 0 ? k : x.shape[axis] + k, axis, descending, part);
}

#define SORT(name, axis, descending)                                                                         \
    static cg_tensor *sort_##name(cg_tensor *const *x) { return cg_sort(x[0], axis, descending); }           \
    static cg_tensor *argsort_##name(cg_tensor *const *x) { return cg_argsort(x[0], axis, descending); }     \
    static ref_array ref_of_sort_##name(const ref_array *x) {                                                \
        return best_of(x[0], axis, 0, descending, REF_VALUES);                                               \
    }                                                                                                        \
    static ref_array ref_of_argsort_##name(const ref_array *x) {                                             \
        return best_of(x[0], axis, 0, descending, REF_PLACES);                                               \
    }

SORT(last, -1, false)
SORT(last_down, -1, true)
SORT(first, 0, false)
SORT(first_down, 0, true)
SORT(middle, 1, false)

static cg_tensor *sort_scalar(cg_tensor *const *x) { return cg_sort(x[0], 0, true); }
static cg_tensor *argsort_scalar(cg_tensor *const *x) { return cg_argsort(x[0], -1, false); }
static ref_array ref_of_zero(const ref_array *x) { return ref_array_like(x[0]); }

static cg_tensor *best_values(cg_tensor *x, int64_t k, int axis, bool largest) {
    cg_tensor *values;
    return cg_topk(x, k > 0 ? k : cg_size(x, axis) + k, axis, largest, &values, NULL) ? NULL : values;
}
static cg_tensor *best_places(cg_tensor *x, int64_t k, int axis, bool largest) {
    cg_tensor *indices;
    return cg_topk(x, k > 0 ? k : cg_size(x, axis) + k, axis, largest, NULL, &indices) ? NULL : indices;
}

#define TOPK(name, k, axis, largest)                                                                         \
    static cg_tensor *topk_##name(cg_tensor *const *x) { return best_values(x[0], k, axis, largest); }       \
    static cg_tensor *topk_at_##name(cg_tensor *const *x) { return best_places(x[0], k, axis, largest); }    \
    static ref_array ref_of_topk_##name(const ref_array *x) {                                                \
        return best_of(x[0], axis, k, largest, REF_VALUES);                                                  \
    }                                                                                                        \
    static ref_array ref_of_topk_at_##name(const ref_array *x) {                                             \
        return best_of(x[0], axis, k, largest, REF_PLACES);                                                  \
    }

TOPK(last, 3, -1, true)
TOPK(last_low, 3, -1, false)
TOPK(first, 2, 0, true)
TOPK(middle_low, 1, -2, false)
TOPK(all, 0, -1, true)
TOPK(but_one, -1, -1, false)

/* --- Unique ------------------------------------------------------------------------------------------------- */

#define UNIQUE(part, PART)                                                                                   \
    static cg_tensor *unique_##part(cg_tensor *const *x) {                                                   \
        cg_unique_result result;                                                                             \
        return cg_unique(x[0], &result) ? NULL : result.part;                                                \
    }                                                                                                        \
    static ref_array ref_of_unique_##part(const ref_array *x) { return ref_unique(x[0], PART); }

UNIQUE(values, REF_UNIQUE_VALUES)
UNIQUE(index, REF_UNIQUE_INDEX)
UNIQUE(inverse, REF_UNIQUE_INVERSE)
UNIQUE(counts, REF_UNIQUE_COUNTS)

/* --- Searching and counting --------------------------------------------------------------------------------- */

static cg_tensor *search_left(cg_tensor *const *x) { return cg_searchsorted(x[0], x[1], false); }
static cg_tensor *search_right(cg_tensor *const *x) { return cg_searchsorted(x[0], x[1], true); }
static ref_array ref_of_search_left(const ref_array *x) { return ref_searchsorted(x[0], x[1], false); }
static ref_array ref_of_search_right(const ref_array *x) { return ref_searchsorted(x[0], x[1], true); }

/* Edges -3, -1.5, 0, 1.5, 3: exact in every dtype, and the values of CATALOG_TIES. */
static cg_tensor *histogram(cg_tensor *const *x) { return cg_histogram(x[0], 4, -3, 3); }
static ref_array ref_of_histogram(const ref_array *x) { return ref_histogram(x[0], 4, -3, 3); }

static cg_tensor *histogram_inner(cg_tensor *const *x) { return cg_histogram(x[0], 8, -1, 1); }
static ref_array ref_of_histogram_inner(const ref_array *x) { return ref_histogram(x[0], 8, -1, 1); }

static cg_tensor *histogram_point(cg_tensor *const *x) { return cg_histogram(x[0], 2, 0, 0); }
static ref_array ref_of_histogram_point(const ref_array *x) { return ref_histogram(x[0], 2, -0.5L, 0.5L); }

static cg_tensor *histogram_data(cg_tensor *const *x) {
    return cg_histogram(x[0], 4, (double)NAN, (double)NAN);
}
static cg_tensor *edges_data(cg_tensor *const *x) {
    return cg_histogram_edges(x[0], 4, (double)NAN, (double)NAN);
}
static cg_tensor *edges_given(cg_tensor *const *x) { return cg_histogram_edges(x[0], 10, 0, 1); }
static ref_array ref_of_edges_given(const ref_array *x) {
    (void)x;
    return ref_histogram_edges(10, 0, 1);
}

/* The range that NaN asks for: from the smallest to the largest finite element. */
static void range_of_data(ref_array x, long double *lo, long double *hi) {
    *lo = (long double)INFINITY;
    *hi = -(long double)INFINITY;
    for (int64_t i = 0; i < x.n; i++) {
        if (!isfinite(x.v[i])) continue;
        if (x.v[i] < *lo) *lo = x.v[i];
        if (x.v[i] > *hi) *hi = x.v[i];
    }
    if (*lo > *hi) *lo = 0, *hi = 1;
    if (*lo == *hi) *lo -= 0.5L, *hi += 0.5L;
}
static ref_array ref_of_histogram_data(const ref_array *x) {
    long double lo, hi;
    range_of_data(x[0], &lo, &hi);
    return ref_histogram(x[0], 4, lo, hi);
}
static ref_array ref_of_edges_data(const ref_array *x) {
    long double lo, hi;
    range_of_data(x[0], &lo, &hi);
    return ref_histogram_edges(4, lo, hi);
}

static cg_tensor *bincount(cg_tensor *const *x) { return cg_bincount(x[0], 0); }
static cg_tensor *bincount_long(cg_tensor *const *x) { return cg_bincount(x[0], 12); }
static cg_tensor *bincount_weighted(cg_tensor *const *x) { return cg_bincount_weighted(x[0], x[1], 9); }
static ref_array ref_of_bincount(const ref_array *x) { return ref_bincount(x[0], NULL, 0); }
static ref_array ref_of_bincount_long(const ref_array *x) { return ref_bincount(x[0], NULL, 12); }
static ref_array ref_of_bincount_weighted(const ref_array *x) { return ref_bincount(x[0], &x[1], 9); }
static long double size(long double x) { return fabsl(x); }
static ref_array size_of_bincount_weighted(const ref_array *x) {
    ref_array sizes = ref_array_map(x[1], size);
    return ref_bincount(x[0], &sizes, 9);
}

/* --- Order statistics --------------------------------------------------------------------------------------- */

/* mask names the axes for the reference; the call names them in `axes`. */
#define MEDIAN(name, axes, mask, keep)                                                                       \
    static cg_tensor *median_##name(cg_tensor *const *x) { return cg_median(x[0], axes, keep); }             \
    static ref_array ref_of_median_##name(const ref_array *x) { return ref_median(x[0], mask, keep); }       \
    static ref_array size_of_median_##name(const ref_array *x) { return ref_largest(x[0], mask, keep); }

MEDIAN(all, CG_ALL_AXES, (1u << x[0].rank) - 1, false)
MEDIAN(last, cg_axes(-1), 1u << (x[0].rank - 1), false)
MEDIAN(first, cg_axes(0), 1u, true)
MEDIAN(outer, cg_axes(0, -1), 5u, false)
MEDIAN(none, cg_axes(), 0u, false)

#define QUANTILE(name, q, axes, mask, method, keep)                                                          \
    static cg_tensor *quantile_##name(cg_tensor *const *x) {                                                 \
        return cg_quantile(x[0], q, axes, CG_QUANTILE_##method, keep);                                       \
    }                                                                                                        \
    static ref_array ref_of_quantile_##name(const ref_array *x) {                                            \
        return ref_quantile(x[0], q, REF_##method, mask, keep);                                              \
    }                                                                                                        \
    static ref_array size_of_quantile_##name(const ref_array *x) { return ref_largest(x[0], mask, keep); }

#define EVERY ((1u << x[0].rank) - 1)
QUANTILE(all, 0.25, CG_ALL_AXES, EVERY, LINEAR, false)
QUANTILE(lowest, 0, CG_ALL_AXES, EVERY, LINEAR, true)
QUANTILE(highest, 1, cg_axes(-1), 1u << (x[0].rank - 1), LINEAR, false)
QUANTILE(outer, 0.625, cg_axes(-1, 0), 5u, LINEAR, true)
QUANTILE(inverted_cdf, 0.5, CG_ALL_AXES, EVERY, INVERTED_CDF, false)
QUANTILE(averaged, 0.5, CG_ALL_AXES, EVERY, AVERAGED_INVERTED_CDF, false)
QUANTILE(closest, 0.375, CG_ALL_AXES, EVERY, CLOSEST_OBSERVATION, false)
QUANTILE(interpolated, 0.3125, CG_ALL_AXES, EVERY, INTERPOLATED_INVERTED_CDF, false)
QUANTILE(hazen, 0.3125, CG_ALL_AXES, EVERY, HAZEN, false)
QUANTILE(weibull, 0.3125, CG_ALL_AXES, EVERY, WEIBULL, false)
QUANTILE(median_unbiased, 0.3125, CG_ALL_AXES, EVERY, MEDIAN_UNBIASED, false)
QUANTILE(normal_unbiased, 0.3125, CG_ALL_AXES, EVERY, NORMAL_UNBIASED, false)
QUANTILE(lower, 0.3125, CG_ALL_AXES, EVERY, LOWER, false)
QUANTILE(higher, 0.3125, CG_ALL_AXES, EVERY, HIGHER, false)
QUANTILE(midpoint, 0.3125, CG_ALL_AXES, EVERY, MIDPOINT, false)
QUANTILE(nearest, 0.5, cg_axes(0), 1u, NEAREST, false)

static cg_tensor *percentile(cg_tensor *const *x) {
    return cg_percentile(x[0], 75, cg_axes(-1), CG_QUANTILE_LINEAR, true);
}
static ref_array ref_of_percentile(const ref_array *x) {
    return ref_quantile(x[0], 0.75, REF_LINEAR, 1u << (x[0].rank - 1), true);
}
static ref_array size_of_percentile(const ref_array *x) {
    return ref_largest(x[0], 1u << (x[0].rank - 1), true);
}

/* The parts one after the other, behind a new first axis. */
static ref_array stacked(int n, const ref_array *part) {
    int64_t shape[REF_MAX_RANK] = {n};
    for (int a = 0; a < part->rank; a++) shape[a + 1] = part->shape[a];
    ref_array out = ref_array_new(part->rank + 1, shape);
    for (int64_t i = 0; i < out.n; i++) out.v[i] = part[i / part->n].v[i % part->n];
    return out;
}

static cg_tensor *quantiles(cg_tensor *const *x) {
    return cg_quantiles(x[0], 3, (const double[]){0.75, 0, 0.3125}, cg_axes(0), CG_QUANTILE_LINEAR, false);
}
static ref_array ref_of_quantiles(const ref_array *x) {
    ref_array part[] = {ref_quantile(x[0], 0.75, REF_LINEAR, 1, false),
                        ref_quantile(x[0], 0, REF_LINEAR, 1, false),
                        ref_quantile(x[0], 0.3125, REF_LINEAR, 1, false)};
    return stacked(3, part);
}
static ref_array size_of_quantiles(const ref_array *x) {
    ref_array part = ref_largest(x[0], 1, false);
    return stacked(3, (const ref_array[]){part, part, part});
}

/* --- The entries -------------------------------------------------------------------------------------------- */

/* At most 5 additions to an element here, each with an error of u times the sum of the sizes so far. */
#define SUMMED(of)                                                                                           \
    .call = of, .reference = ref_of_##of, .scale = size_of_##of, .bound = 5, .n = 1, .dtypes = CATALOG_ALL,  \
    .result = CATALOG_SUM_OF, .gradient = true
/* At most 4 products, each with a relative error of u. */
#define MULTIPLIED(of)                                                                                       \
    .call = of, .reference = ref_of_##of, .bound = 4, .n = 1, .dtypes = CATALOG_ALL,                         \
    .result = CATALOG_SUM_OF, .gradient = true
/* Elements of x as they are, or their places. */
#define PICKED(of) .call = of, .reference = ref_of_##of, .n = 1, .dtypes = CATALOG_ALL, .gradient = true
#define UNIQUE_VALUES .call = unique_values, .reference = ref_of_unique_values, .n = 1, .dtypes = CATALOG_ALL
#define PLACES(of)                                                                                           \
    .call = of, .reference = ref_of_##of, .n = 1, .dtypes = CATALOG_ALL, .result = CATALOG_IS_I64
#define SCALAR(of, what) .call = of, .reference = ref_of_##what, .n = 1, .dtypes = CATALOG_ALL
#define SEARCHED(of)                                                                                         \
    .call = of, .reference = ref_of_##of, .n = 2, .dtypes = CATALOG_ALL, .result = CATALOG_IS_I64
#define COUNTED(of)                                                                                          \
    .call = of, .reference = ref_of_##of, .n = 1, .result = CATALOG_IS_I64,                                  \
    .dtypes = CATALOG_ALL & ~CATALOG_REALS
/* Two conversions to f32 and one rounding; an interpolation rounds b - a, w, and the result. */
#define MIDDLE(of)                                                                                           \
    .call = of, .reference = ref_of_##of, .scale = size_of_##of, .bound = 3, .n = 1, .dtypes = CATALOG_ALL,  \
    .result = CATALOG_REAL
#define BETWEEN(of)                                                                                          \
    .call = of, .reference = ref_of_##of, .scale = size_of_##of, .bound = 6, .n = 1, .dtypes = CATALOG_ALL,  \
    .result = CATALOG_REAL

#define CUBE                                                                                                 \
    {                                                                                                        \
        {                                                                                                    \
            {                                                                                                \
                3, { 2, 3, 4 }                                                                               \
            }                                                                                                \
        }                                                                                                    \
    }
#define TIES                                                                                                 \
    {                                                                                                        \
        { {3, {2, 3, 4}}, CATALOG_TIES }                                                                     \
    }
#define SPECIAL                                                                                              \
    {                                                                                                        \
        { {3, {3, 4, 5}}, CATALOG_SPECIAL }                                                                  \
    }
#define LINE                                                                                                 \
    {                                                                                                        \
        { {1, {11}}, CATALOG_SPECIAL }                                                                       \
    }
#define NOTHING                                                                                              \
    {                                                                                                        \
        {                                                                                                    \
            {                                                                                                \
                3, { 3, 0, 2 }                                                                               \
            }                                                                                                \
        }                                                                                                    \
    }
#define POINT                                                                                                \
    {                                                                                                        \
        {                                                                                                    \
            {                                                                                                \
                0, { 0 }                                                                                     \
            }                                                                                                \
        }                                                                                                    \
    }

const catalog_entry catalog_sorting[] = {
    {"cumsum", "axis -1", SUMMED(cumsum_last), .x = CUBE, .large = {{2, {1024, 1024}}}},
    {"cumsum", "axis 0", SUMMED(cumsum_first), .x = CUBE},
    {"cumsum", "axis -2", SUMMED(cumsum_middle), .x = CUBE},
    {"cumsum", "of nothing", SUMMED(cumsum_middle), .x = NOTHING},
    {"cumsum", "of a scalar", SCALAR(cumsum_scalar, itself), .result = CATALOG_SUM_OF, .x = POINT},
    {"cumprod", "axis -1", MULTIPLIED(cumprod_last), .x = CUBE, .large = {{2, {1024, 1024}}}},
    {"cumprod", "axis 0", MULTIPLIED(cumprod_first), .x = CUBE},
    {"cumprod", "axis -2", MULTIPLIED(cumprod_middle), .x = CUBE},
    {"cumprod", "of nothing", MULTIPLIED(cumprod_middle), .x = NOTHING},
    {"cumprod", "of a scalar", SCALAR(cumprod_scalar, itself), .result = CATALOG_SUM_OF, .x = POINT},
    {"cummax", "axis -1", PICKED(cummax_last), .x = CUBE, .large = {{2, {1024, 1024}}}},
    {"cummax", "axis 0, NaN and ties", PICKED(cummax_first), .x = SPECIAL},
    {"cummax", "axis -2", PICKED(cummax_middle), .x = SPECIAL},
    {"cummax", "of nothing", PICKED(cummax_last), .x = NOTHING},
    {"cummax", "of a scalar", SCALAR(cummax_scalar, itself), .x = POINT},
    {"cummin", "axis -1", PICKED(cummin_last), .x = CUBE, .large = {{2, {1024, 1024}}}},
    {"cummin", "axis 0, NaN and ties", PICKED(cummin_first), .x = SPECIAL},
    {"cummin", "axis -2", PICKED(cummin_middle), .x = SPECIAL},
    {"cummin", "of nothing", PICKED(cummin_last), .x = NOTHING},
    {"cummin", "of a scalar", SCALAR(cummin_scalar, itself), .x = POINT},

    {"sort", "axis -1", PICKED(sort_last), .x = CUBE, .large = {{1, {1 << 20}}}},
    {"sort", "axis -1, descending", PICKED(sort_last_down), .x = CUBE},
    {"sort", "axis 0", PICKED(sort_first), .x = CUBE},
    {"sort", "axis 1", PICKED(sort_middle), .x = CUBE},
    {"sort", "NaN, infinities, ties", PICKED(sort_last), .x = LINE},
    {"sort", "NaN last, descending too", PICKED(sort_first_down), .x = SPECIAL},
    {"sort", "of nothing", PICKED(sort_middle), .x = NOTHING},
    {"sort", "of a scalar", SCALAR(sort_scalar, itself), .x = POINT},
    {"argsort", "axis -1", PLACES(argsort_last), .x = CUBE, .large = {{1, {1 << 20}}}},
    {"argsort", "axis 0, ties", PLACES(argsort_first), .x = TIES},
    {"argsort", "axis 1, NaN and ties", PLACES(argsort_middle), .x = SPECIAL},
    {"argsort", "descending, NaN and ties", PLACES(argsort_last_down), .x = LINE},
    {"argsort", "axis 0, descending", PLACES(argsort_first_down), .x = SPECIAL},
    {"argsort", "of nothing", PLACES(argsort_last), .x = NOTHING},
    {"argsort", "of a scalar", SCALAR(argsort_scalar, zero), .result = CATALOG_IS_I64, .x = POINT},
    {"topk", "3 largest", PICKED(topk_last), .x = CUBE, .large = {{2, {1024, 1024}}}},
    {"topk", "3 smallest", PICKED(topk_last_low), .x = SPECIAL},
    {"topk", "axis 0", PICKED(topk_first), .x = SPECIAL},
    {"topk", "the smallest, axis -2", PICKED(topk_middle_low), .x = CUBE},
    {"topk", "all", PICKED(topk_all), .x = LINE},
    {"topk", "all but one", PICKED(topk_but_one), .x = LINE},
    {"topk", "of nothing", PICKED(topk_first), .x = NOTHING},
    {"topk", "indices of the 3 largest", PLACES(topk_at_last), .x = TIES},
    {"topk", "indices of the 3 smallest", PLACES(topk_at_last_low), .x = SPECIAL},
    {"topk", "indices, axis 0", PLACES(topk_at_first), .x = SPECIAL},
    {"topk", "indices, axis -2", PLACES(topk_at_middle_low), .x = TIES},
    {"topk", "indices of all", PLACES(topk_at_all), .x = LINE},
    {"topk", "indices of all but one", PLACES(topk_at_but_one), .x = LINE},
    {"unique", "values", UNIQUE_VALUES, .x = TIES, .large = {{1, {1 << 20}}}},
    {"unique", "values, NaN once", UNIQUE_VALUES, .x = SPECIAL},
    {"unique", "values of nothing", UNIQUE_VALUES, .x = NOTHING},
    {"unique", "values of a scalar", UNIQUE_VALUES, .x = POINT},
    {"unique", "index", PLACES(unique_index), .x = SPECIAL},
    {"unique", "inverse", PLACES(unique_inverse), .x = SPECIAL},
    {"unique", "inverse of nothing", PLACES(unique_inverse), .x = NOTHING},
    {"unique", "counts", PLACES(unique_counts), .x = SPECIAL},

    {"searchsorted", "left", SEARCHED(search_left), .x = {{{1, {9}}, CATALOG_SORTED}, {{2, {4, 5}}}},
     .large = {{1, {1 << 20}}, {1, {1 << 20}}}},
    {"searchsorted", "right", SEARCHED(search_right), .x = {{{1, {9}}, CATALOG_SORTED}, {{2, {4, 5}}}}},
    {"searchsorted", "rows", SEARCHED(search_left),
     .x = {{{3, {2, 3, 6}}, CATALOG_SORTED}, {{3, {2, 3, 4}}, CATALOG_SPECIAL}}},
    {"searchsorted", "rows, right", SEARCHED(search_right),
     .x = {{{2, {3, 7}}, CATALOG_SORTED}, {{2, {3, 5}}, CATALOG_TIES}}},
    {"searchsorted", "a scalar", SEARCHED(search_right), .x = {{{1, {6}}, CATALOG_SORTED}, {{0, {0}}}}},
    {"searchsorted", "in nothing", SEARCHED(search_left), .x = {{{1, {0}}}, {{1, {3}}}}},
    {"searchsorted", "nothing", SEARCHED(search_left), .x = {{{2, {3, 2}}, CATALOG_SORTED}, {{2, {3, 0}}}}},
    {"histogram", "4 bins", PLACES(histogram), .x = CUBE, .large = {{1, {1 << 20}}}},
    {"histogram", "values on the edges", PLACES(histogram), .x = TIES},
    {"histogram", "values outside, NaN", PLACES(histogram_inner), .x = SPECIAL},
    {"histogram", "lo = hi", PLACES(histogram_point), .x = TIES},
    {"histogram", "from the data", PLACES(histogram_data), .x = SPECIAL},
    {"histogram", "from one element", PLACES(histogram_data), .x = POINT},
    {"histogram", "of nothing", PLACES(histogram_data), .x = NOTHING},
    {"histogram_edges", "10 from 0 to 1", .call = edges_given, .reference = ref_of_edges_given, .n = 1,
     .bound = 2, .dtypes = CATALOG_REALS, .x = CUBE, .large = {{1, {1 << 20}}}},
    {"histogram_edges", "from the data", .call = edges_data, .reference = ref_of_edges_data, .n = 1,
     .dtypes = CATALOG_REALS, .x = SPECIAL},
    {"histogram_edges", "from nothing", .call = edges_data, .reference = ref_of_edges_data, .n = 1,
     .dtypes = CATALOG_REALS, .x = NOTHING},
    /* Its input is i64 whatever the dtype of the case is: f32 makes it one case, and one that can be timed. */
    {"bincount", "i64", .call = bincount, .reference = ref_of_bincount, .n = 1, .result = CATALOG_IS_I64,
     .dtypes = CATALOG_BIT(CG_F32), .x = {{{1, {30}}, CATALOG_INDEX, 0, 7}}, .large = {{1, {1 << 20}}}},
    {"bincount", "each dtype", COUNTED(bincount), .x = {{{1, {30}}, CATALOG_UNIFORM, 0, 7}}},
    {"bincount", "minlength 12", COUNTED(bincount_long), .x = {{{2, {4, 5}}, CATALOG_UNIFORM, 0, 7}}},
    {"bincount", "of nothing", COUNTED(bincount_long), .x = NOTHING},
    {"bincount_weighted", "", .call = bincount_weighted, .reference = ref_of_bincount_weighted,
     .scale = size_of_bincount_weighted, .bound = 20, .n = 2, .dtypes = CATALOG_REALS, .gradient = true,
     .x = {{{2, {4, 5}}, CATALOG_INDEX, 0, 5}, {{2, {4, 5}}}}, .large = {{1, {1 << 20}}, {1, {1 << 20}}}},

    {"median", "all axes, an even number", MIDDLE(median_all), .gradient = true, .x = CUBE,
     .large = {{1, {1 << 20}}}},
    {"median", "all axes, an odd number", MIDDLE(median_all), .gradient = true, .x = {{{2, {3, 5}}}}},
    {"median", "axis -1", MIDDLE(median_last), .gradient = true, .x = CUBE},
    {"median", "axis 0, keepdims", MIDDLE(median_first), .gradient = true, .x = {{{3, {3, 2, 2}}}}},
    {"median", "axes 0 and -1, NaN", MIDDLE(median_outer), .gradient = true, .x = SPECIAL},
    {"median", "no axes", MIDDLE(median_none), .gradient = true, .x = CUBE},
    {"median", "of nothing", MIDDLE(median_outer), .x = {{{3, {0, 2, 3}}}}},
    {"median", "no result", MIDDLE(median_last), .x = NOTHING},
    {"median", "of a scalar", MIDDLE(median_all), .gradient = true, .x = POINT},
    {"quantile", "0.25 of all", BETWEEN(quantile_all), .gradient = true, .x = CUBE,
     .large = {{1, {1 << 20}}}},
    {"quantile", "0, keepdims", BETWEEN(quantile_lowest), .gradient = true, .x = CUBE},
    {"quantile", "1, axis -1", BETWEEN(quantile_highest), .gradient = true, .x = SPECIAL},
    {"quantile", "axes -1 and 0, NaN", BETWEEN(quantile_outer), .gradient = true, .x = SPECIAL},
    {"quantile", "inverted_cdf", BETWEEN(quantile_inverted_cdf), .gradient = true, .x = CUBE},
    {"quantile", "averaged_inverted_cdf", BETWEEN(quantile_averaged), .gradient = true, .x = CUBE},
    {"quantile", "closest_observation", BETWEEN(quantile_closest), .gradient = true, .x = {{{1, {12}}}}},
    {"quantile", "interpolated_inverted_cdf", BETWEEN(quantile_interpolated), .gradient = true, .x = CUBE},
    {"quantile", "hazen", BETWEEN(quantile_hazen), .gradient = true, .x = CUBE},
    {"quantile", "weibull", BETWEEN(quantile_weibull), .gradient = true, .x = CUBE},
    {"quantile", "median_unbiased", BETWEEN(quantile_median_unbiased), .gradient = true, .x = CUBE},
    {"quantile", "normal_unbiased", BETWEEN(quantile_normal_unbiased), .gradient = true, .x = CUBE},
    {"quantile", "lower", BETWEEN(quantile_lower), .gradient = true, .x = CUBE},
    {"quantile", "higher", BETWEEN(quantile_higher), .gradient = true, .x = CUBE},
    {"quantile", "midpoint", BETWEEN(quantile_midpoint), .gradient = true, .x = CUBE},
    {"quantile", "nearest", BETWEEN(quantile_nearest), .gradient = true, .x = {{{2, {4, 3}}}}},
    {"quantile", "of nothing", BETWEEN(quantile_all), .x = NOTHING},
    {"quantile", "of a scalar", BETWEEN(quantile_all), .gradient = true, .x = POINT},
    {"quantiles", "0.75, 0 and 0.3125, axis 0", BETWEEN(quantiles), .gradient = true, .x = {{{2, {5, 3}}}},
     .large = {{2, {1024, 1024}}}},
    {"quantiles", "of nothing", BETWEEN(quantiles), .x = {{{2, {0, 3}}}}},
    {"percentile", "75, axis -1, keepdims", BETWEEN(percentile), .gradient = true, .x = CUBE,
     .large = {{1, {1 << 20}}}},
    {.name = NULL},
};
