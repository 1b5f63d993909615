/* Statistics over axes that are accumulated in f64; weighted means and covariances. */
#include "catalog/catalog.h"

#include <math.h>

#include "reference/ref_statistics.h"

static unsigned all_axes(ref_array x) { return (1u << x.rank) - 1; }
static unsigned last_axis(ref_array x) { return 1u << (x.rank - 1); }

/* --- weighted means -------------------------------------------------------------------------------------------- */

static ref_array ones_like(ref_array x) {
    ref_array w = ref_array_like(x);
    for (int64_t i = 0; i < w.n; i++) w.v[i] = 1;
    return w;
}
/* A vector as (A, 1), to go along axis 0 of a matrix. */
static ref_array column(ref_array w) { return (ref_array){.rank = 2, .shape = {w.n, 1}, .n = w.n, .v = w.v}; }

#define AVERAGE(form, weights, of_reference, axes, mask, keepdims)                                           \
    static cg_tensor *average_##form(cg_tensor *const *x) {                                                  \
        return cg_average(x[0], weights, axes, keepdims);                                                    \
    }                                                                                                        \
    static ref_array ref_of_average_##form(const ref_array *x) {                                             \
        return ref_average(x[0], of_reference, mask, keepdims, false);                                       \
    }                                                                                                        \
    static ref_array size_of_average_##form(const ref_array *x) {                                            \
        return ref_average(x[0], of_reference, mask, keepdims, true);                                        \
    }
AVERAGE(plain, NULL, ones_like(x[0]), cg_axes(-1), last_axis(x[0]), false)
AVERAGE(all, x[1], x[1], CG_ALL_AXES, all_axes(x[0]), false)
AVERAGE(last, x[1], x[1], cg_axes(-1), last_axis(x[0]), true)
AVERAGE(vector, x[1], column(x[1]), cg_axes(0), 1u, false)

/* --- moments ------------------------------------------------------------------------------------------------------ */

static long double size_of_skewness(int64_t n, const long double *x, double unbiased) {
    long double mean = ref_mean(n, x, 0), third = 0, second = ref_var(n, x, 0);
    for (int64_t i = 0; i < n; i++) third += powl(fabsl(x[i] - mean), 3) / (long double)n;
    long double factor =
        unbiased != 0 ? sqrtl((long double)n * (long double)(n - 1)) / (long double)(n - 2) : 1;
    return factor * third / powl(second, 1.5L);
}

static long double size_of_kurtosis(int64_t count, const long double *x, double unbiased) {
    long double n = (long double)count, size = ref_kurtosis(count, x, 0) + 6;
    return unbiased != 0 ? (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * size + 6) : size;
}

/* NAME(x, axes, parameter, keepdims) with its fold and the fold of its size. */
#define FORM(id, call_, fold, size, parameter, axes, mask, keepdims)                                         \
    static cg_tensor *id(cg_tensor *const *x) { return call_(x[0], axes, parameter, keepdims); }             \
    static ref_array ref_of_##id(const ref_array *x) {                                                       \
        return ref_array_fold(fold, x[0], mask, keepdims, parameter);                                        \
    }                                                                                                        \
    static ref_array size_of_##id(const ref_array *x) {                                                      \
        return ref_array_fold(size, x[0], mask, keepdims, parameter);                                        \
    }
FORM(sem_last, cg_sem, ref_sem, ref_sem, 1, cg_axes(-1), last_axis(x[0]), false)
FORM(sem_all, cg_sem, ref_sem, ref_sem, 0, CG_ALL_AXES, all_axes(x[0]), true)
FORM(skewness_last, cg_skewness, ref_skewness, size_of_skewness, 0, cg_axes(-1), last_axis(x[0]), false)
FORM(skewness_unbiased, cg_skewness, ref_skewness, size_of_skewness, 1, cg_axes(0, -1), 1u | last_axis(x[0]),
     true)
FORM(kurtosis_last, cg_kurtosis, ref_kurtosis, size_of_kurtosis, 0, cg_axes(-1), last_axis(x[0]), false)
FORM(kurtosis_unbiased, cg_kurtosis, ref_kurtosis, size_of_kurtosis, 1, cg_axes(0, -1), 1u | last_axis(x[0]),
     true)

/* --- describe ------------------------------------------------------------------------------------------------------- */

static ref_array magnitude(ref_array x) { return ref_array_map(x, fabsl); }
static ref_array mean_magnitude(const ref_array *x) {
    ref_array size = magnitude(x[0]);
    return ref_array_fold(ref_mean, size, last_axis(x[0]), false, 0);
}
#define DESCRIBED(field, keepdims, want, size)                                                               \
    static cg_tensor *describe_##field(cg_tensor *const *x) {                                                \
        cg_description d;                                                                                    \
        return cg_describe(x[0], cg_axes(-1), 1, keepdims, &d) ? NULL : d.field;                             \
    }                                                                                                        \
    static ref_array ref_of_describe_##field(const ref_array *x) { return want; }                            \
    static ref_array size_of_describe_##field(const ref_array *x) { return size; }
DESCRIBED(mean, false, ref_array_fold(ref_mean, x[0], last_axis(x[0]), false, 0), mean_magnitude(x))
DESCRIBED(var, true, ref_array_fold(ref_var, x[0], last_axis(x[0]), true, 1), ref_of_describe_var(x))
DESCRIBED(std, false, ref_array_fold(ref_std, x[0], last_axis(x[0]), false, 1), ref_of_describe_std(x))
DESCRIBED(min, false, ref_array_reduce(REF_MIN, x[0], last_axis(x[0]), false),
          magnitude(ref_of_describe_min(x)))
DESCRIBED(max, true, ref_array_reduce(REF_MAX, x[0], last_axis(x[0]), true),
          magnitude(ref_of_describe_max(x)))

/* --- weighted covariance ---------------------------------------------------------------------------------------------- */

static ref_array turned(ref_array x) {
    ref_array y = ref_array_new(2, (const int64_t[]){x.shape[1], x.shape[0]});
    for (int64_t i = 0; i < x.n; i++) y.v[i % x.shape[1] * x.shape[0] + i / x.shape[1]] = x.v[i];
    return y;
}
static cg_tensor *cov_rows(cg_tensor *const *x) { return cg_cov_weighted(x[0], x[1], 1, true); }
static ref_array ref_of_cov_rows(const ref_array *x) { return ref_cov_weighted(x[0], x[1], 1, false); }
static ref_array size_of_cov_rows(const ref_array *x) { return ref_cov_weighted(x[0], x[1], 1, true); }
static cg_tensor *cov_columns(cg_tensor *const *x) { return cg_cov_weighted(x[0], x[1], 0, false); }
static ref_array ref_of_cov_columns(const ref_array *x) {
    return ref_cov_weighted(turned(x[0]), x[1], 0, false);
}
static ref_array size_of_cov_columns(const ref_array *x) {
    return ref_cov_weighted(turned(x[0]), x[1], 0, true);
}

/* --- the list ------------------------------------------------------------------------------------------------------------ */

#define OF(id) .call = id, .reference = ref_of_##id, .scale = size_of_##id, .n = 1
#define OF_BOTH(id) .call = id, .reference = ref_of_##id, .scale = size_of_##id, .n = 2
#define REALS .dtypes = CATALOG_REALS
#define EVERY .dtypes = CATALOG_ALL, .result = CATALOG_REAL
#define CUBE                                                                                                 \
    {                                                                                                        \
        {                                                                                                    \
            3, { 2, 3, 4 }                                                                                   \
        }                                                                                                    \
    }
#define WEIGHTS(...)                                                                                         \
    { {__VA_ARGS__}, .lo = 0.2, .hi = 2 }
#define SPECIAL                                                                                              \
    { {2, {4, 9}}, CATALOG_SPECIAL }
#define LARGE .large = {{2, {1024, 1024}}}

/*
 * As for a device without f64, which accumulates in the dtype of x: with n at most 24, log2 n + 4 <= 9 for means, log2 n + 12
 * for deviations; three and four times what a deviation has (log2 n + 4), and the quotient's own, for skewness and
 * kurtosis. test_statistics.c holds what f64 gives.
 */
enum { OF_AVERAGE = 9, OF_DEVIATION = 17, OF_SKEWNESS = 43, OF_KURTOSIS = 52 };

const catalog_entry catalog_statistics[] = {
    {"average", "weights of x's shape", OF_BOTH(average_all), REALS, .bound = OF_AVERAGE, .gradient = true,
     .x = {CUBE, WEIGHTS(3, {2, 3, 4})}, .large = {{2, {1024, 1024}}, {2, {1024, 1024}}}},
    {"average", "weights that broadcast, kept", OF_BOTH(average_last), REALS, .bound = OF_AVERAGE,
     .gradient = true, .x = {CUBE, WEIGHTS(2, {3, 1})}},
    {"average", "a vector along axis 0", OF_BOTH(average_vector), REALS, .bound = OF_AVERAGE,
     .gradient = true, .x = {{{2, {5, 3}}}, WEIGHTS(1, {5})}},
    {"average", "without weights", OF(average_plain), EVERY, .bound = OF_AVERAGE, .gradient = true,
     .x = {CUBE}},
    {"average", "over nothing", OF(average_plain), REALS, .x = {{{2, {3, 0}}}}},
    {"average", "special values", OF(average_plain), REALS, .bound = OF_AVERAGE, .x = {SPECIAL}},
    {"sem", "axis -1, ddof 1", OF(sem_last), EVERY, .bound = OF_DEVIATION, .gradient = true, .x = {CUBE},
     LARGE},
    {"sem", "all axes, kept, ddof 0", OF(sem_all), REALS, .bound = OF_DEVIATION, .gradient = true,
     .x = {CUBE}},
    {"skewness", "axis -1", OF(skewness_last), REALS, .bound = OF_SKEWNESS, .gradient = true,
     .x = {{{2, {2, 6}}}}, LARGE},
    {"skewness", "axes 0 and -1, kept, unbiased", OF(skewness_unbiased), EVERY, .bound = OF_SKEWNESS,
     .gradient = true, .x = {CUBE}},
    {"skewness", "equal elements", OF(skewness_last), REALS, .x = {{{2, {2, 5}}, CATALOG_UNIFORM, 0.1, 0.1}}},
    {"kurtosis", "axis -1", OF(kurtosis_last), REALS, .bound = OF_KURTOSIS, .gradient = true,
     .x = {{{2, {2, 6}}}}, LARGE},
    {"kurtosis", "axes 0 and -1, kept, unbiased", OF(kurtosis_unbiased), EVERY, .bound = OF_KURTOSIS,
     .gradient = true, .x = {CUBE}},
    {"kurtosis", "equal elements", OF(kurtosis_last), REALS, .x = {{{2, {2, 5}}, CATALOG_UNIFORM, 0.1, 0.1}}},
    {"describe", "the mean", OF(describe_mean), EVERY, .bound = OF_AVERAGE, .gradient = true, .x = {CUBE},
     LARGE},
    {"describe", "the variance, kept", OF(describe_var), REALS, .bound = OF_DEVIATION, .gradient = true,
     .x = {CUBE}},
    {"describe", "the standard deviation", OF(describe_std), REALS, .bound = OF_DEVIATION, .gradient = true,
     .x = {CUBE}},
    {"describe", "the least", OF(describe_min), REALS, .gradient = true, .x = {CUBE}},
    {"describe", "the largest, kept", OF(describe_max), REALS, .gradient = true, .x = {CUBE}},
    {"cov_weighted", "rows, ddof 1", OF_BOTH(cov_rows), REALS, .bound = 24, .gradient = true,
     .x = {{{2, {3, 5}}}, WEIGHTS(1, {5})}, .large = {{2, {128, 8192}}, {1, {8192}}}},
    {"cov_weighted", "columns, ddof 0", OF_BOTH(cov_columns), REALS, .bound = 24, .gradient = true,
     .x = {{{2, {5, 2}}}, WEIGHTS(1, {5})}},
    {.name = NULL},
};
