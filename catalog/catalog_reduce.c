/* Reductions over axes. */
#include "catalog/catalog.h"

#include <math.h>

#include "reference/ref_statistics.h"

/* --- Ways of naming axes -------------------------------------------------------------------------------------- */

static unsigned all_axes(ref_array x) { return (1u << x.rank) - 1; }
static unsigned last_axis(ref_array x) { return 1u << (x.rank - 1); }

/*
 * One way of calling an operation, with its reference and the scale of its error, from what it is made of:
 * NAME_call(x, axes, keepdims), NAME_reference and NAME_scale(x, mask, keepdims).
 */
#define FORM(name, form, axes, mask, keepdims)                                                               \
    static cg_tensor *name##_##form(cg_tensor *const *x) { return name##_call(x[0], axes, keepdims); }       \
    static ref_array ref_of_##name##_##form(const ref_array *x) {                                            \
        return name##_reference(x[0], mask, keepdims);                                                       \
    }                                                                                                        \
    static ref_array scale_of_##name##_##form(const ref_array *x) {                                          \
        return name##_scale(x[0], mask, keepdims);                                                           \
    }

#define LAST(name) FORM(name, last, cg_axes(-1), last_axis(x[0]), false)
#define ALL(name) FORM(name, all, CG_ALL_AXES, all_axes(x[0]), false)
#define OUTER(name) FORM(name, outer, cg_axes(0, -1), 1u | last_axis(x[0]), true)
#define MIDDLE(name) FORM(name, middle, cg_axes(1), 2u, false)
#define NONE(name) FORM(name, none, cg_axes(), 0u, false)
#define FORMS(name) LAST(name) ALL(name) OUTER(name) NONE(name)

#define OF(name, form)                                                                                       \
    .call = name##_##form, .reference = ref_of_##name##_##form, .scale = scale_of_##name##_##form, .n = 1

#define CUBE .x = {{{3, {2, 3, 4}}}}
#define EMPTY .x = {{{3, {3, 0, 2}}}}
#define SCALAR .x = {{{0, {0}}}}
#define TIES .x = {{{3, {2, 3, 4}}, CATALOG_TIES}}
#define SPECIAL .x = {{{2, {16, 3}}, CATALOG_SPECIAL}}
#define LARGE .large = {{2, {1024, 1024}}}

/* --- Sums, means, products -------------------------------------------------------------------------------------- */

#define sum_call cg_sum
static ref_array sum_reference(ref_array x, unsigned mask, bool keepdims) {
    return ref_array_reduce(REF_SUM, x, mask, keepdims);
}
static ref_array sum_scale(ref_array x, unsigned mask, bool keepdims) {
    return ref_array_reduce(REF_SUM_ABS, x, mask, keepdims);
}
FORMS(sum)
MIDDLE(sum)

static long double mean_size(int64_t n, const long double *x, double unused) {
    long double sum = 0;
    (void)unused;
    for (int64_t i = 0; i < n; i++) sum += fabsl(x[i]);
    return sum / (long double)n;
}

#define mean_call cg_mean
static ref_array mean_reference(ref_array x, unsigned mask, bool keepdims) {
    return ref_array_fold(ref_mean, x, mask, keepdims, 0);
}
static ref_array mean_scale(ref_array x, unsigned mask, bool keepdims) {
    return ref_array_fold(mean_size, x, mask, keepdims, 0);
}
FORMS(mean)
MIDDLE(mean)

/* For results whose error is in proportion to them. */
static ref_array result_size(ref_array result) { return ref_array_map(result, fabsl); }

#define prod_call cg_prod
static ref_array prod_reference(ref_array x, unsigned mask, bool keepdims) {
    return ref_array_fold(ref_product, x, mask, keepdims, 0);
}
static ref_array prod_scale(ref_array x, unsigned mask, bool keepdims) {
    return result_size(prod_reference(x, mask, keepdims));
}
FORMS(prod)
MIDDLE(prod)

/* --- What is exact: extremes, their places, truths --------------------------------------------------------------- */

#define EXACT_FORMS(name, what)                                                                              \
    static ref_array name##_reference(ref_array x, unsigned mask, bool keepdims) { return what; }            \
    static ref_array name##_scale(ref_array x, unsigned mask, bool keepdims) { return what; }                \
    FORMS(name)

#define max_call cg_max
EXACT_FORMS(max, ref_array_reduce(REF_MAX, x, mask, keepdims))
#define min_call cg_min
EXACT_FORMS(min, ref_array_reduce(REF_MIN, x, mask, keepdims))
#define argmax_call cg_argmax
EXACT_FORMS(argmax, ref_array_reduce(REF_ARGMAX, x, mask, keepdims))
#define argmin_call cg_argmin
EXACT_FORMS(argmin, ref_array_reduce(REF_ARGMIN, x, mask, keepdims))
#define any_call cg_any
EXACT_FORMS(any, ref_array_fold(ref_any, x, mask, keepdims, 0))
MIDDLE(any)
#define all_call cg_all
EXACT_FORMS(all, ref_array_fold(ref_all, x, mask, keepdims, 0))
MIDDLE(all)
#define count_nonzero_call cg_count_nonzero
EXACT_FORMS(count_nonzero, ref_array_fold(ref_count_nonzero, x, mask, keepdims, 0))
MIDDLE(count_nonzero)

/* Every way of calling one that is exact. */
#define EXACT(name, of_type)                                                                                 \
    {#name, "axis -1", OF(name, last), CUBE, .dtypes = CATALOG_ALL, .result = of_type, LARGE},               \
        {#name, "all axes", OF(name, all), TIES, .dtypes = CATALOG_ALL, .result = of_type},                  \
        {#name, "axes 0 and -1, kept", OF(name, outer), TIES, .dtypes = CATALOG_ALL, .result = of_type},     \
        {#name, "no axes", OF(name, none), CUBE, .dtypes = CATALOG_ALL, .result = of_type},                  \
        {#name, "of a scalar", OF(name, all), SCALAR, .dtypes = CATALOG_ALL, .result = of_type}, {           \
#name, "special values", OF(name, last), SPECIAL, .dtypes = CATALOG_ALL, .result = of_type           \
    }
#define EXACT_OVER_NOTHING(name, of_type)                                                                    \
    { #name, "over nothing", OF(name, middle), EMPTY, .dtypes = CATALOG_ALL, .result = of_type }

/* --- Logsumexp ---------------------------------------------------------------------------------------------------- */

static long double logsumexp_size(int64_t n, const long double *x, double unused) {
    long double most = 0, result = ref_logsumexp(n, x, unused);
    for (int64_t i = 0; i < n; i++)
        if (isfinite(x[i]) && fabsl(x[i]) > most) most = fabsl(x[i]);
    return 1 + most + (isfinite(result) ? fabsl(result) : 0);
}

#define logsumexp_call cg_logsumexp
static ref_array logsumexp_reference(ref_array x, unsigned mask, bool keepdims) {
    return ref_array_fold(ref_logsumexp, x, mask, keepdims, 0);
}
static ref_array logsumexp_scale(ref_array x, unsigned mask, bool keepdims) {
    return ref_array_fold(logsumexp_size, x, mask, keepdims, 0);
}
FORMS(logsumexp)
MIDDLE(logsumexp)

/* --- Spread --------------------------------------------------------------------------------------------------------- */

#define FOLD(name, fold, parameter)                                                                          \
    static ref_array name##_reference(ref_array x, unsigned mask, bool keepdims) {                           \
        return ref_array_fold(fold, x, mask, keepdims, parameter);                                           \
    }                                                                                                        \
    static ref_array name##_scale(ref_array x, unsigned mask, bool keepdims) {                               \
        return result_size(name##_reference(x, mask, keepdims));                                             \
    }

#define var_call(x, axes, keepdims) cg_var(x, axes, 0, keepdims)
FOLD(var, ref_var, 0)
LAST(var)
ALL(var)
NONE(var)
MIDDLE(var)
#define var_sample_call(x, axes, keepdims) cg_var(x, axes, 1, keepdims)
FOLD(var_sample, ref_var, 1)
LAST(var_sample)
ALL(var_sample)
OUTER(var_sample)
NONE(var_sample)
#define std_call(x, axes, keepdims) cg_std(x, axes, 0, keepdims)
FOLD(std, ref_std, 0)
LAST(std)
ALL(std)
NONE(std)
MIDDLE(std)
#define std_sample_call(x, axes, keepdims) cg_std(x, axes, 1, keepdims)
FOLD(std_sample, ref_std, 1)
LAST(std_sample)
ALL(std_sample)
OUTER(std_sample)
NONE(std_sample)

/* Log2 of 24 elements is less than 5: the bounds of reduce.h for them. */
enum { OF_SUM = 7, OF_MEAN = 8, OF_PRODUCT = 24, OF_LOGSUMEXP = 11, OF_VAR = 13, OF_STD = 17, OF_NORM = 13 };

/* Values whose offset is large beside their spread. */
#define OFFSET_1E4 .x = {{{2, {3, 8}}, CATALOG_UNIFORM, 9999, 10001}}
#define OFFSET_1E8 .x = {{{2, {3, 8}}, CATALOG_UNIFORM, 99999900, 100000100}}

#define SPREAD(name, bound_of)                                                                                 \
    {#name,                                                                                                    \
     "axis -1",                                                                                                \
     OF(name, last),                                                                                           \
     CUBE,                                                                                                     \
     .dtypes = CATALOG_ALL,                                                                                    \
     .result = CATALOG_REAL,                                                                                   \
     .bound = bound_of,                                                                                        \
     .gradient = true,                                                                                         \
     LARGE},                                                                                                   \
        {#name,                                                                                                \
         "axis -1, ddof 1",                                                                                    \
         OF(name##_sample, last),                                                                              \
         CUBE,                                                                                                 \
         .dtypes = CATALOG_REALS,                                                                              \
         .bound = bound_of,                                                                                    \
         .gradient = true},                                                                                    \
        {#name,                                                                                                \
         "all axes",                                                                                           \
         OF(name, all),                                                                                        \
         CUBE,                                                                                                 \
         .dtypes = CATALOG_ALL,                                                                                \
         .result = CATALOG_REAL,                                                                               \
         .bound = bound_of,                                                                                    \
         .gradient = true},                                                                                    \
        {#name,                                                                                                \
         "axes 0 and -1, kept, ddof 1",                                                                        \
         OF(name##_sample, outer),                                                                             \
         CUBE,                                                                                                 \
         .dtypes = CATALOG_REALS,                                                                              \
         .bound = bound_of,                                                                                    \
         .gradient = true},                                                                                    \
        {#name, "no axes", OF(name, none), CUBE, .dtypes = CATALOG_REALS, .bound = bound_of},                  \
        {#name, "no axes, ddof 1", OF(name##_sample, none), CUBE, .dtypes = CATALOG_REALS, .bound = bound_of}, \
        {#name,  "of a scalar, ddof 1",   OF(name##_sample, all),                                              \
         SCALAR, .dtypes = CATALOG_REALS, .bound = bound_of},                                                  \
        {#name, "over nothing", OF(name, middle), EMPTY, .dtypes = CATALOG_REALS, .bound = bound_of},          \
        {#name, "an offset of 1e4", OF(name, last), OFFSET_1E4, .dtypes = CATALOG_REALS, .bound = bound_of},   \
        {#name, "an offset of 1e8", OF(name, last), OFFSET_1E8, .dtypes = CATALOG_REALS, .bound = bound_of},   \
    {                                                                                                          \
#name, "special values", OF(name, last), SPECIAL, .dtypes = CATALOG_REALS, .bound = bound_of           \
    }

/* --- Norms ---------------------------------------------------------------------------------------------------------- */

#define norm_call(x, axes, keepdims) cg_norm(x, 2, axes, keepdims)
FOLD(norm, ref_norm, 2)
LAST(norm)
ALL(norm)
OUTER(norm)
NONE(norm)
MIDDLE(norm)
#define norm_1_call(x, axes, keepdims) cg_norm(x, 1, axes, keepdims)
FOLD(norm_1, ref_norm, 1)
LAST(norm_1)
ALL(norm_1)
#define norm_3_call(x, axes, keepdims) cg_norm(x, 3, axes, keepdims)
FOLD(norm_3, ref_norm, 3)
LAST(norm_3)
ALL(norm_3)
#define norm_half_call(x, axes, keepdims) cg_norm(x, 0.5, axes, keepdims)
FOLD(norm_half, ref_norm, 0.5)
LAST(norm_half)
OUTER(norm_half)
#define norm_0_call(x, axes, keepdims) cg_norm(x, 0, axes, keepdims)
FOLD(norm_0, ref_norm, 0)
LAST(norm_0)
#define norm_most_call(x, axes, keepdims) cg_norm(x, (double)INFINITY, axes, keepdims)
FOLD(norm_most, ref_norm, (double)INFINITY)
LAST(norm_most)
ALL(norm_most)
#define norm_least_call(x, axes, keepdims) cg_norm(x, -(double)INFINITY, axes, keepdims)
FOLD(norm_least, ref_norm, -(double)INFINITY)
LAST(norm_least)
OUTER(norm_least)

#define NORM(how, p, form, input, bound_of)                                                                  \
    {                                                                                                        \
        "norm", how, OF(p, form), input, .dtypes = CATALOG_ALL, .result = CATALOG_REAL, .bound = bound_of,   \
                                         .gradient = true                                                    \
    }
#define NORM_VALUES(how, p, form, input, bound_of)                                                           \
    { "norm", how, OF(p, form), input, .dtypes = CATALOG_ALL, .result = CATALOG_REAL, .bound = bound_of }
#define POSITIVE .x = {{{3, {2, 3, 4}}, CATALOG_UNIFORM, 0.5, 3}}

/* --- Covariance, correlation, sum_to ---------------------------------------------------------------------------------- */

static ref_array turned(ref_array x) {
    ref_array y = ref_array_new(2, (const int64_t[]){x.shape[1], x.shape[0]});
    for (int64_t i = 0; i < x.n; i++) y.v[i % x.shape[1] * x.shape[0] + i / x.shape[1]] = x.v[i];
    return y;
}

static cg_tensor *cov_rows(cg_tensor *const *x) { return cg_cov(x[0], 1, true); }
static ref_array ref_of_cov_rows(const ref_array *x) { return ref_cov(x[0], 1, false); }
static ref_array scale_of_cov_rows(const ref_array *x) { return ref_cov(x[0], 1, true); }
static cg_tensor *cov_columns(cg_tensor *const *x) { return cg_cov(x[0], 0, false); }
static ref_array ref_of_cov_columns(const ref_array *x) { return ref_cov(turned(x[0]), 0, false); }
static ref_array scale_of_cov_columns(const ref_array *x) { return ref_cov(turned(x[0]), 0, true); }

static long double one(long double x) { return x * 0 + 1; }
static cg_tensor *corrcoef_rows(cg_tensor *const *x) { return cg_corrcoef(x[0]); }
static ref_array ref_of_corrcoef_rows(const ref_array *x) { return ref_corrcoef(x[0]); }
static ref_array scale_of_corrcoef_rows(const ref_array *x) { return ref_array_map(ref_corrcoef(x[0]), one); }

/* (A, B, C) to (B, 1): axis 0 is summed away, axis 2 kept with length 1. */
static cg_tensor *sum_to_column(cg_tensor *const *x) {
    return cg_sum_to(x[0], cg_shape(cg_size(x[0], 1), 1));
}
static ref_array column(ref_array outer) {
    return (ref_array){.rank = 2, .shape = {outer.n, 1}, .n = outer.n, .v = outer.v};
}
static ref_array ref_of_sum_to_column(const ref_array *x) {
    return column(ref_array_reduce(REF_SUM, x[0], 5, false));
}
static ref_array scale_of_sum_to_column(const ref_array *x) {
    return column(ref_array_reduce(REF_SUM_ABS, x[0], 5, false));
}
static cg_tensor *sum_to_same(cg_tensor *const *x) { return cg_sum_to(x[0], cg_shape_get(x[0])); }
static ref_array ref_of_sum_to_same(const ref_array *x) { return x[0]; }
static ref_array scale_of_sum_to_same(const ref_array *x) { return result_size(x[0]); }

/* --- The list -------------------------------------------------------------------------------------------------------- */

#define SUM(how, form, input, ...)                                                                           \
    {                                                                                                        \
        "sum", how, OF(sum, form), input, .dtypes = CATALOG_ALL, .result = CATALOG_SUM_OF, .bound = OF_SUM,  \
                                          __VA_ARGS__                                                        \
    }
#define MEAN(how, form, input, ...)                                                                          \
    {                                                                                                        \
        "mean", how, OF(mean, form), input, .dtypes = CATALOG_ALL, .result = CATALOG_REAL, .bound = OF_MEAN, \
                                            __VA_ARGS__                                                      \
    }
#define PROD(how, form, input, ...)                                                                          \
    {                                                                                                        \
        "prod", how, OF(prod, form), input, .dtypes = CATALOG_ALL, .result = CATALOG_SUM_OF,                 \
                                            .bound = OF_PRODUCT, __VA_ARGS__                                 \
    }
#define EXTREME_GRADIENT(name, how, form)                                                                    \
    { #name, how, OF(name, form), CUBE, .dtypes = CATALOG_REALS, .gradient = true }
#define LOGSUMEXP(how, form, input, ...)                                                                     \
    {                                                                                                        \
        "logsumexp", how, OF(logsumexp, form), input, .dtypes = CATALOG_ALL, .result = CATALOG_REAL,         \
                                                      .bound = OF_LOGSUMEXP, __VA_ARGS__                     \
    }
/* Products of 24 elements that stay near 1. */
#define NEAR_ONE .x = {{{3, {2, 3, 4}}, CATALOG_UNIFORM, -1.5, 1.5}}

const catalog_entry catalog_reduce[] = {
    SUM("axis -1", last, CUBE, .gradient = true, LARGE),
    SUM("all axes", all, CUBE, .gradient = true),
    SUM("axes 0 and -1, kept", outer, CUBE, .gradient = true),
    SUM("no axes", none, CUBE, .gradient = true),
    SUM("over nothing", middle, EMPTY, .gradient = true),
    SUM("a result without elements", last, EMPTY, .gradient = true),
    SUM("of a scalar", all, SCALAR, .gradient = true),
    SUM("special values", last, SPECIAL, .gradient = false),
    MEAN("axis -1", last, CUBE, .gradient = true, LARGE),
    MEAN("all axes", all, CUBE, .gradient = true),
    MEAN("axes 0 and -1, kept", outer, CUBE, .gradient = true),
    MEAN("axis 1", middle, CUBE, .gradient = true),
    MEAN("no axes", none, CUBE, .gradient = true),
    MEAN("over nothing", middle, EMPTY, .gradient = false),
    MEAN("of a scalar", all, SCALAR, .gradient = true),
    PROD("axis -1", last, CUBE, .gradient = true, LARGE),
    PROD("all axes", all, NEAR_ONE, .gradient = true),
    PROD("axes 0 and -1, kept", outer, NEAR_ONE, .gradient = true),
    PROD("axis 1", middle, CUBE, .gradient = true),
    PROD("no axes", none, CUBE, .gradient = true),
    PROD("over nothing", middle, EMPTY, .gradient = true),
    PROD("of a scalar", all, SCALAR, .gradient = true),
    PROD("ties, with zeros", all, TIES, .gradient = false),
    PROD("special values", last, SPECIAL, .gradient = false),
    EXACT(max, CATALOG_SAME),
    EXTREME_GRADIENT(max, "axis -1, gradient", last),
    EXTREME_GRADIENT(max, "all axes, gradient", all),
    EXTREME_GRADIENT(max, "axes 0 and -1, kept, gradient", outer),
    EXACT(min, CATALOG_SAME),
    EXTREME_GRADIENT(min, "axis -1, gradient", last),
    EXTREME_GRADIENT(min, "all axes, gradient", all),
    EXTREME_GRADIENT(min, "axes 0 and -1, kept, gradient", outer),
    EXACT(argmax, CATALOG_IS_I64),
    EXACT(argmin, CATALOG_IS_I64),
    EXACT(any, CATALOG_IS_BOOL),
    EXACT_OVER_NOTHING(any, CATALOG_IS_BOOL),
    EXACT(all, CATALOG_IS_BOOL),
    EXACT_OVER_NOTHING(all, CATALOG_IS_BOOL),
    EXACT(count_nonzero, CATALOG_IS_I64),
    EXACT_OVER_NOTHING(count_nonzero, CATALOG_IS_I64),
    LOGSUMEXP("axis -1", last, CUBE, .gradient = true, LARGE),
    LOGSUMEXP("all axes", all, CUBE, .gradient = true),
    LOGSUMEXP("axes 0 and -1, kept", outer, CUBE, .gradient = true),
    LOGSUMEXP("no axes", none, CUBE, .gradient = true),
    LOGSUMEXP("over nothing", middle, EMPTY, .gradient = false),
    LOGSUMEXP("of a scalar", all, SCALAR, .gradient = true),
    {"logsumexp", "large values", OF(logsumexp, last), .x = {{{2, {3, 8}}, CATALOG_UNIFORM, -900, 900}},
     .dtypes = CATALOG_REALS, .bound = OF_LOGSUMEXP},
    LOGSUMEXP("special values", last, SPECIAL, .gradient = false),
    SPREAD(var, OF_VAR),
    SPREAD(std, OF_STD),
    {"norm", "p 2, axis -1", OF(norm, last), CUBE, .dtypes = CATALOG_ALL, .result = CATALOG_REAL,
     .bound = OF_NORM, .gradient = true, LARGE},
    NORM("p 2, all axes", norm, all, CUBE, OF_NORM),
    NORM("p 2, axes 0 and -1, kept", norm, outer, CUBE, OF_NORM),
    NORM("p 2, no axes", norm, none, CUBE, OF_NORM),
    NORM_VALUES("p 2, over nothing", norm, middle, EMPTY, OF_NORM),
    NORM_VALUES("p 2, of a scalar", norm, all, SCALAR, OF_NORM),
    NORM_VALUES("p 2, special values", norm, last, SPECIAL, OF_NORM),
    NORM("p 1, all axes", norm_1, all, CUBE, OF_SUM),
    NORM("p 1, axis -1", norm_1, last, CUBE, OF_SUM),
    NORM_VALUES("p 1, special values", norm_1, last, SPECIAL, OF_SUM),
    NORM("p 3, axis -1", norm_3, last, CUBE, 10),
    NORM("p 3, all axes", norm_3, all, POSITIVE, 11),
    NORM_VALUES("p 3, special values", norm_3, last, SPECIAL, 10),
    NORM("p 1/2, axis -1", norm_half, last, POSITIVE, 22),
    NORM("p 1/2, axes 0 and -1, kept", norm_half, outer, POSITIVE, 26),
    NORM_VALUES("p 1/2, special values", norm_half, last, SPECIAL, 22),
    NORM_VALUES("p 0, axis -1", norm_0, last, TIES, 0),
    NORM_VALUES("p 0, special values", norm_0, last, SPECIAL, 0),
    NORM("p infinity, axis -1", norm_most, last, CUBE, 0),
    NORM("p infinity, all axes", norm_most, all, CUBE, 0),
    NORM_VALUES("p infinity, special values", norm_most, last, SPECIAL, 0),
    NORM("p -infinity, axis -1", norm_least, last, CUBE, 0),
    NORM("p -infinity, axes 0 and -1, kept", norm_least, outer, CUBE, 0),
    NORM_VALUES("p -infinity, special values", norm_least, last, SPECIAL, 0),
    {"cov", "rows, ddof 1", OF(cov, rows), .x = {{{2, {3, 5}}}}, .dtypes = CATALOG_ALL,
     .result = CATALOG_REAL, .bound = 13, .gradient = true, .large = {{2, {128, 8192}}}},
    {"cov", "columns, ddof 0", OF(cov, columns), .x = {{{2, {5, 2}}}}, .dtypes = CATALOG_REALS, .bound = 13,
     .gradient = true},
    {"cov", "a vector", OF(cov, rows), .x = {{{1, {6}}}}, .dtypes = CATALOG_REALS, .bound = 14,
     .gradient = true},
    {"cov", "one observation", OF(cov, rows), .x = {{{2, {3, 1}}}}, .dtypes = CATALOG_REALS, .bound = 9},
    {"cov", "no observations", OF(cov, rows), .x = {{{2, {2, 0}}}}, .dtypes = CATALOG_REALS, .bound = 9},
    {"cov", "an offset of 1e4", OF(cov, rows), OFFSET_1E4, .dtypes = CATALOG_REALS, .bound = 16},
    {"cov", "an offset of 1e8", OF(cov, rows), OFFSET_1E8, .dtypes = CATALOG_REALS, .bound = 16},
    {"corrcoef", "rows", OF(corrcoef, rows), .x = {{{2, {3, 5}}}}, .dtypes = CATALOG_REALS, .bound = 26,
     .gradient = true, .large = {{2, {128, 8192}}}},
    {"corrcoef", "a vector", OF(corrcoef, rows), .x = {{{1, {6}}}}, .dtypes = CATALOG_REALS, .bound = 28},
    {"corrcoef", "an offset of 1e8", OF(corrcoef, rows), OFFSET_1E8, .dtypes = CATALOG_REALS, .bound = 32},
    {"sum_to", "(2, 3, 4) to (3, 1)", OF(sum_to, column), CUBE, .dtypes = CATALOG_REALS, .bound = OF_SUM,
     .gradient = true, .large = {{3, {64, 128, 128}}}},
    {"sum_to", "its own shape", OF(sum_to, same), CUBE, .dtypes = CATALOG_REALS, .gradient = true},
    {.name = NULL},
};
