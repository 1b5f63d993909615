/* Normalization of data in one call; scalers are objects, tested in tests/test_scaler.c. */
#include "catalog/catalog.h"

#include <math.h>

#include "reference/ref_statistics.h"

static long double one_and(long double x) { return 1 + fabsl(x); }

static cg_tensor *zscore_columns(cg_tensor *const *x) { return cg_zscore(x[0], cg_axes(0), 0); }
static ref_array ref_of_zscore_columns(const ref_array *x) { return ref_zscore(x[0], 1, 0); }
static ref_array scale_of_zscore_columns(const ref_array *x) {
    return ref_array_map(ref_of_zscore_columns(x), one_and);
}
static cg_tensor *zscore_all(cg_tensor *const *x) { return cg_zscore(x[0], CG_ALL_AXES, 1); }
static ref_array ref_of_zscore_all(const ref_array *x) { return ref_zscore(x[0], (1u << x[0].rank) - 1, 1); }
static ref_array scale_of_zscore_all(const ref_array *x) {
    return ref_array_map(ref_of_zscore_all(x), one_and);
}
static cg_tensor *zscore_outer(cg_tensor *const *x) { return cg_zscore(x[0], cg_axes(-1, 0), 1); }
static ref_array ref_of_zscore_outer(const ref_array *x) { return ref_zscore(x[0], 5, 1); }
static ref_array scale_of_zscore_outer(const ref_array *x) {
    return ref_array_map(ref_of_zscore_outer(x), one_and);
}

static cg_tensor *minmax_columns(cg_tensor *const *x) { return cg_minmax(x[0], cg_axes(0), 0, 1); }
static ref_array ref_of_minmax_columns(const ref_array *x) { return ref_minmax(x[0], 1, 0, 1); }
static cg_tensor *minmax_last(cg_tensor *const *x) { return cg_minmax(x[0], cg_axes(-1), -2, 5); }
static ref_array ref_of_minmax_last(const ref_array *x) {
    return ref_minmax(x[0], 1u << (x[0].rank - 1), -2, 5);
}
static cg_tensor *minmax_all(cg_tensor *const *x) { return cg_minmax(x[0], CG_ALL_AXES, -1, 1); }
static ref_array ref_of_minmax_all(const ref_array *x) {
    return ref_minmax(x[0], (1u << x[0].rank) - 1, -1, 1);
}

/* |hi - lo| + |lo| */
static ref_array filled(ref_array x, long double v) {
    ref_array scale = ref_array_like(x);
    for (int64_t i = 0; i < x.n; i++) scale.v[i] = v;
    return scale;
}
static ref_array scale_of_minmax_columns(const ref_array *x) { return filled(x[0], 1); }
static ref_array scale_of_minmax_last(const ref_array *x) { return filled(x[0], 9); }
static ref_array scale_of_minmax_all(const ref_array *x) { return filled(x[0], 3); }

#define OF(form) .call = form, .reference = ref_of_##form, .scale = scale_of_##form, .n = 1

/* log2 n + 12 of preprocessing.h, n at most 24; and its 6. */
enum { OF_ZSCORE = 16, OF_MINMAX = 6 };

const catalog_entry catalog_preprocessing[] = {
    {"zscore", "axis 0", OF(zscore_columns), .x = {{{2, {5, 3}}}}, .dtypes = CATALOG_ALL,
     .result = CATALOG_REAL, .bound = OF_ZSCORE, .gradient = true, .large = {{2, {8192, 128}}}},
    {"zscore", "all axes, ddof 1", OF(zscore_all), .x = {{{3, {2, 3, 4}}}}, .dtypes = CATALOG_REALS,
     .bound = OF_ZSCORE, .gradient = true},
    {"zscore", "axes -1 and 0, ddof 1", OF(zscore_outer), .x = {{{3, {2, 3, 4}}}}, .dtypes = CATALOG_REALS,
     .bound = OF_ZSCORE, .gradient = true},
    {"zscore", "an offset of 1e8", OF(zscore_columns),
     .x = {{{2, {9, 3}}, CATALOG_UNIFORM, 99999900, 100000100}}, .dtypes = CATALOG_REALS, .bound = OF_ZSCORE},
    {"zscore", "constant columns", OF(zscore_columns), .x = {{{2, {5, 3}}, CATALOG_UNIFORM, 0.1, 0.1}},
     .dtypes = CATALOG_REALS},
    {"zscore", "without elements", OF(zscore_columns), .x = {{{3, {3, 0, 2}}}}, .dtypes = CATALOG_REALS},
    {"zscore", "special values", OF(zscore_columns), .x = {{{2, {4, 9}}, CATALOG_SPECIAL}},
     .dtypes = CATALOG_REALS, .bound = OF_ZSCORE},
    {"minmax", "axis 0", OF(minmax_columns), .x = {{{2, {5, 3}}}}, .dtypes = CATALOG_ALL,
     .result = CATALOG_REAL, .bound = OF_MINMAX, .gradient = true, .large = {{2, {8192, 128}}}},
    {"minmax", "axis -1 to [-2, 5]", OF(minmax_last), .x = {{{3, {2, 3, 4}}}}, .dtypes = CATALOG_REALS,
     .bound = OF_MINMAX, .gradient = true},
    {"minmax", "all axes to [-1, 1]", OF(minmax_all), .x = {{{3, {2, 3, 4}}}}, .dtypes = CATALOG_REALS,
     .bound = OF_MINMAX, .gradient = true},
    {"minmax", "constant rows", OF(minmax_last), .x = {{{2, {3, 5}}, CATALOG_UNIFORM, 0.1, 0.1}},
     .dtypes = CATALOG_REALS},
    {"minmax", "a result without elements", OF(minmax_last), .x = {{{3, {3, 0, 2}}}},
     .dtypes = CATALOG_REALS},
    {.name = NULL},
};
