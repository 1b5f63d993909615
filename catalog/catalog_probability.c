/* Special functions that are no rows; densities, information, maximum likelihood. */
#include "catalog/catalog.h"

#include <math.h>

#include "reference/ref_probability.h"
#include "reference/ref_special.h"
#include "reference/ref_statistics.h"

enum { LARGE = 1 << 18 };

/* --- polygamma ------------------------------------------------------------------------------------------------- */

#define POLYGAMMA(n)                                                                                         \
    static long double polygamma_##n##_of(long double x) { return ref_polygamma(n, x); }                     \
    static cg_tensor *polygamma_##n(cg_tensor *const *x) { return cg_polygamma(n, x[0]); }                   \
    static ref_array ref_of_polygamma_##n(const ref_array *x) {                                              \
        return ref_array_map(x[0], polygamma_##n##_of);                                                      \
    }
POLYGAMMA(0)
POLYGAMMA(1)
POLYGAMMA(2)
POLYGAMMA(5)

/* The bound of zeta, 2 (1 + s) with s = n + 1, and the rounding of the factorial's product. */
#define POLYGAMMA_ENTRY(how, n_, ...)                                                                        \
    {                                                                                                        \
        "polygamma", how, .call = polygamma_##n_, .reference = ref_of_polygamma_##n_, .n = 1,                \
                          .bound = 2 * (n_ + 2) + 1, __VA_ARGS__                                             \
    }
#define ARGUMENTS .x = {{{2, {3, 5}}, .lo = 0.3, .hi = 9}}
static long double one_and(long double x) { return 1 + fabsl(x); }
static ref_array size_of_digamma(const ref_array *x) { return ref_array_map(ref_of_polygamma_0(x), one_and); }

const catalog_entry catalog_special[] = {
    POLYGAMMA_ENTRY("order 1", 1, ARGUMENTS, .dtypes = CATALOG_REALS, .gradient = true,
                    .large = {{1, {LARGE}}}),
    POLYGAMMA_ENTRY("order 2", 2, ARGUMENTS, .dtypes = CATALOG_REALS, .gradient = true),
    POLYGAMMA_ENTRY("order 5, of integers", 5, .x = {{{1, {9}}, .lo = 1, .hi = 9}}, .dtypes = CATALOG_NUMBERS,
                    .result = CATALOG_REAL),
    {"polygamma", "order 0", .call = polygamma_0, .reference = ref_of_polygamma_0, .scale = size_of_digamma,
     .n = 1, .bound = 12, ARGUMENTS, .dtypes = CATALOG_REALS, .gradient = true},
    {.name = NULL},
};

/* --- densities --------------------------------------------------------------------------------------------------- */

/* A call with its reference, a function of the elements, and what its error is a multiple of. */
#define ELEMENTWISE(id, n_, call_, f, size)                                                                  \
    static cg_tensor *id(cg_tensor *const *x) { return call_; }                                              \
    static ref_array ref_of_##id(const ref_array *x) { return ref_array_each(n_, x, f); }                    \
    static ref_array size_of_##id(const ref_array *x) { return ref_array_each(n_, x, size); }

/* The density of a logarithm, and what its error is measured against: (1 + the sizes of the terms) density. */
#define DENSITY(id)                                                                                          \
    static long double id##_of(const long double *v) { return expl(ref_##id##_log(v)); }                     \
    static long double id##_density_size(const long double *v) {                                             \
        long double density = id##_of(v);                                                                    \
        return isfinite(density) ? density * ref_##id##_size(v) : 1;                                         \
    }

DENSITY(normal)
DENSITY(uniform)
DENSITY(exponential)
DENSITY(beta)
DENSITY(binomial)

static long double bernoulli_of(const long double *v) { return expl(ref_bernoulli_log(v)); }
static long double normal_cdf_size(const long double *v) { return ref_normal_cdf(v) * ref_normal_size(v); }
static long double beta_cdf_size(const long double *v) { return ref_betainc_size(v[1], v[2], v[0]); }

ELEMENTWISE(normal_pdf, 3, cg_normal_pdf(x[0], x[1], x[2]), normal_of, normal_density_size)
ELEMENTWISE(normal_log_pdf, 3, cg_normal_log_pdf(x[0], x[1], x[2]), ref_normal_log, ref_normal_size)
ELEMENTWISE(normal_cdf, 3, cg_normal_cdf(x[0], x[1], x[2]), ref_normal_cdf, normal_cdf_size)
ELEMENTWISE(uniform_pdf, 3, cg_uniform_pdf(x[0], x[1], x[2]), uniform_of, uniform_density_size)
ELEMENTWISE(uniform_log_pdf, 3, cg_uniform_log_pdf(x[0], x[1], x[2]), ref_uniform_log, ref_uniform_size)
ELEMENTWISE(uniform_cdf, 3, cg_uniform_cdf(x[0], x[1], x[2]), ref_uniform_cdf, ref_uniform_cdf)
ELEMENTWISE(exponential_pdf, 2, cg_exponential_pdf(x[0], x[1]), exponential_of, exponential_density_size)
ELEMENTWISE(exponential_log_pdf, 2, cg_exponential_log_pdf(x[0], x[1]), ref_exponential_log,
            ref_exponential_size)
ELEMENTWISE(exponential_cdf, 2, cg_exponential_cdf(x[0], x[1]), ref_exponential_cdf, ref_exponential_cdf)
ELEMENTWISE(beta_pdf, 3, cg_beta_pdf(x[0], x[1], x[2]), beta_of, beta_density_size)
ELEMENTWISE(beta_log_pdf, 3, cg_beta_log_pdf(x[0], x[1], x[2]), ref_beta_log, ref_beta_size)
ELEMENTWISE(beta_cdf, 3, cg_beta_cdf(x[0], x[1], x[2]), ref_beta_cdf, beta_cdf_size)
ELEMENTWISE(bernoulli_pmf, 2, cg_bernoulli_pmf(x[0], x[1]), bernoulli_of, bernoulli_of)
ELEMENTWISE(bernoulli_log_pmf, 2, cg_bernoulli_log_pmf(x[0], x[1]), ref_bernoulli_log, ref_bernoulli_size)
ELEMENTWISE(binomial_pmf, 3, cg_binomial_pmf(x[0], x[1], x[2]), binomial_of, binomial_density_size)
ELEMENTWISE(binomial_log_pmf, 3, cg_binomial_log_pmf(x[0], x[1], x[2]), ref_binomial_log, ref_binomial_size)

#define CALL(id, inputs) .call = id, .reference = ref_of_##id, .scale = size_of_##id, .n = inputs
#define REALS .dtypes = CATALOG_REALS
#define IN(shape_, from, to)                                                                                 \
    { .shape = shape_, .lo = from, .hi = to }
#define MATRIX                                                                                               \
    {                                                                                                        \
        2, { 2, 3 }                                                                                          \
    }
#define ROW                                                                                                  \
    {                                                                                                        \
        1, { 3 }                                                                                             \
    }
#define POINT                                                                                                \
    { 0 }
#define WIDE                                                                                                 \
    {                                                                                                        \
        2, { 5, 35 }                                                                                         \
    }
#define STRANGE                                                                                              \
    { .shape = WIDE, .fill = CATALOG_SPECIAL }
#define TIES_IN(from, to)                                                                                    \
    { .shape = WIDE, .fill = CATALOG_TIES, .lo = from, .hi = to }
#define SIZED(n_)                                                                                            \
    {                                                                                                        \
        1, { n_ }                                                                                            \
    }

/* Three ways of calling each: parameters of x's shape, of smaller shapes, and at the edges of what is valid. */
#define OF_THREE(id, bound_, lo0, hi0, lo1, hi1, lo2, hi2, ...)                                              \
    {#id,                                                                                                    \
     "parameters of x's shape",                                                                              \
     CALL(id, 3),                                                                                            \
     REALS,                                                                                                  \
     .bound = bound_,                                                                                        \
     .gradient = true,                                                                                       \
     .x = {IN(MATRIX, lo0, hi0), IN(MATRIX, lo1, hi1), IN(MATRIX, lo2, hi2)},                                \
     .large = {SIZED(LARGE), SIZED(LARGE), SIZED(LARGE)}},                                                   \
        {#id,                                                                                                \
         "parameters that broadcast",                                                                        \
         CALL(id, 3),                                                                                        \
         REALS,                                                                                              \
         .bound = bound_,                                                                                    \
         .gradient = true,                                                                                   \
         .x = {IN(MATRIX, lo0, hi0), IN(ROW, lo1, hi1), IN(POINT, lo2, hi2)}},                               \
    {                                                                                                        \
#id, "NaN, infinities, invalid parameters", CALL(id, 3), REALS, .bound = bound_,                     \
                                                                        .x = {                               \
                                                                            __VA_ARGS__ }                    \
    }
#define OF_TWO(id, bound_, lo0, hi0, lo1, hi1, ...)                                                          \
    {#id,                                                                                                    \
     "a parameter of x's shape",                                                                             \
     CALL(id, 2),                                                                                            \
     REALS,                                                                                                  \
     .bound = bound_,                                                                                        \
     .gradient = true,                                                                                       \
     .x = {IN(MATRIX, lo0, hi0), IN(MATRIX, lo1, hi1)},                                                      \
     .large = {SIZED(LARGE), SIZED(LARGE)}},                                                                 \
        {#id,                                                                                                \
         "a parameter that broadcasts",                                                                      \
         CALL(id, 2),                                                                                        \
         REALS,                                                                                              \
         .bound = bound_,                                                                                    \
         .gradient = true,                                                                                   \
         .x = {IN(MATRIX, lo0, hi0), IN(ROW, lo1, hi1)}},                                                    \
    {                                                                                                        \
#id, "NaN, infinities, invalid parameters", CALL(id, 2), REALS, .bound = bound_,                     \
                                                                        .x = {                               \
                                                                            __VA_ARGS__ }                    \
    }

#define NORMAL(id, bound_) OF_THREE(id, bound_, -3, 3, -2, 2, 0.5, 2, STRANGE, TIES_IN(-1, 1), TIES_IN(-1, 3))
#define UNIFORM(id, bound_)                                                                                  \
    OF_THREE(id, bound_, -2, 2, -4, -2.5, 2.5, 5, STRANGE, TIES_IN(-3, 1), TIES_IN(-1, 3))
#define EXPONENTIAL(id, bound_) OF_TWO(id, bound_, 0.1, 5, 0.5, 3, STRANGE, TIES_IN(-1, 3))
#define BETA(id) OF_THREE(id, 16, 0.1, 0.9, 0.4, 4, 0.4, 4, STRANGE, TIES_IN(-1, 3), TIES_IN(-1, 3))

/* Whole numbers, which get no gradient. */
#define WHOLE(shape_, from, to)                                                                              \
    { .shape = shape_, .fill = CATALOG_INDEX, .lo = from, .hi = to }
#define BERNOULLI(id, bound_)                                                                                \
    {#id,                                                                                                    \
     "p of k's shape",                                                                                       \
     CALL(id, 2),                                                                                            \
     REALS,                                                                                                  \
     .bound = bound_,                                                                                        \
     .gradient = true,                                                                                       \
     .x = {WHOLE(MATRIX, 0, 1), IN(MATRIX, 0.1, 0.9)},                                                       \
     .large = {SIZED(LARGE), SIZED(LARGE)}},                                                                 \
    {                                                                                                        \
#id, "outside the support", CALL(id, 2), REALS, .bound = bound_,                                     \
                                                        .x = {                                               \
                                                            STRANGE, TIES_IN(-0.5, 1.5) }                    \
    }
#define BINOMIAL(id)                                                                                         \
    {#id,                                                                                                    \
     "n and p of k's shape",                                                                                 \
     CALL(id, 3),                                                                                            \
     REALS,                                                                                                  \
     .bound = 16,                                                                                            \
     .gradient = true,                                                                                       \
     .x = {WHOLE(MATRIX, 0, 5), WHOLE(MATRIX, 5, 9), IN(MATRIX, 0.1, 0.9)},                                  \
     .large = {SIZED(LARGE), SIZED(LARGE), SIZED(LARGE)}},                                                   \
    {                                                                                                        \
#id, "outside the support", CALL(id, 3), REALS, .bound = 16,                                         \
                                                        .x = {                                               \
                                                            STRANGE, TIES_IN(-2, 6), TIES_IN(-0.5, 1.5) }    \
    }

/* --- categorical ---------------------------------------------------------------------------------------------------- */

/* p[..., label], or its logarithm; p of rank 1 serves all labels. */
static ref_array picked(const ref_array *x, bool logarithm) {
    int64_t classes = x[1].shape[x[1].rank - 1];
    ref_array out = ref_array_like(x[0]);
    for (int64_t i = 0; i < out.n; i++) {
        int64_t row = x[1].rank == 1 ? 0 : i;
        long double label = x[0].v[i], p = 0;
        if (label >= 0 && label < (long double)classes) p = x[1].v[row * classes + (int64_t)label];
        out.v[i] = logarithm ? logl(p) : p;
    }
    return out;
}
static cg_tensor *categorical_pmf(cg_tensor *const *x) { return cg_categorical_pmf(x[0], x[1]); }
static ref_array ref_of_categorical_pmf(const ref_array *x) { return picked(x, false); }
static cg_tensor *categorical_log_pmf(cg_tensor *const *x) { return cg_categorical_log_pmf(x[0], x[1]); }
static ref_array ref_of_categorical_log_pmf(const ref_array *x) { return picked(x, true); }

#define CHANCES(...)                                                                                         \
    { .shape = {__VA_ARGS__}, .fill = CATALOG_PROBABILITY }
#define CATEGORICAL(id, bound_, slope)                                                                       \
    {#id,                                                                                                    \
     "a row for each label",                                                                                 \
     .call = id,                                                                                             \
     .reference = ref_of_##id,                                                                               \
     .n = 2,                                                                                                 \
     REALS,                                                                                                  \
     .bound = bound_,                                                                                        \
     .gradient = true,                                                                                       \
     .x = {WHOLE(MATRIX, 0, 3), CHANCES(3, {2, 3, 4})},                                                      \
     .large = {SIZED(16384), {2, {16384, 16}}}},                                                             \
        {#id,                                                                                                \
         "one row for all, labels outside",                                                                  \
         .call = id,                                                                                         \
         .reference = ref_of_##id,                                                                           \
         .n = 2,                                                                                             \
         REALS,                                                                                              \
         .bound = bound_,                                                                                    \
         .gradient = slope,                                                                                  \
         .x = {WHOLE(MATRIX, -1, 4), CHANCES(1, {4})}},                                                      \
    {                                                                                                        \
#id, "bytes",                                                                                        \
            .call = id, .reference = ref_of_##id, .n = 2, REALS, .bound = bound_,                            \
            .x = {                                                                                           \
                {.shape = MATRIX, .fill = CATALOG_INDEX, .lo = 0, .hi = 9, .dtype = CATALOG_DTYPE(CG_U8) },  \
                CHANCES(3, {2, 3, 4}) }                                                                      \
    }

/* --- information -------------------------------------------------------------------------------------------------------- */

static long double size_of_p_log_q(long double p, long double q) {
    return fabsl(ref_p_log_q(p, q)) + fabsl(p);
}
static long double size_of_ratio(long double p, long double q) {
    return fabsl(ref_p_log_p_over_q(p, q)) + fabsl(p);
}
static ref_array summed(ref_array terms, int axis, bool negative) {
    ref_array out = ref_array_reduce(REF_SUM, terms, 1u << ref_array_axis(terms, axis), false);
    for (int64_t i = 0; negative && i < out.n; i++) out.v[i] = -out.v[i];
    return out;
}

#define INFORMATION(id, axis, call_, q, term, size, negative)                                                \
    static cg_tensor *id(cg_tensor *const *x) { return call_; }                                              \
    static ref_array ref_of_##id(const ref_array *x) {                                                       \
        return summed(ref_array_map2(x[0], x[q], term), axis, negative);                                     \
    }                                                                                                        \
    static ref_array size_of_##id(const ref_array *x) {                                                      \
        return summed(ref_array_map2(x[0], x[q], size), axis, false);                                        \
    }
INFORMATION(entropy_last, -1, cg_entropy(x[0], -1), 0, ref_p_log_q, size_of_p_log_q, true)
INFORMATION(entropy_first, 0, cg_entropy(x[0], 0), 0, ref_p_log_q, size_of_p_log_q, true)
INFORMATION(divergence_last, -1, cg_kl_divergence(x[0], x[1], -1), 1, ref_p_log_p_over_q, size_of_ratio,
            false)
INFORMATION(divergence_first, 0, cg_kl_divergence(x[0], x[1], 0), 1, ref_p_log_p_over_q, size_of_ratio, false)
INFORMATION(cross_last, -1, cg_cross_entropy_between(x[0], x[1], -1), 1, ref_p_log_q, size_of_p_log_q, true)
INFORMATION(cross_first, 0, cg_cross_entropy_between(x[0], x[1], 0), 1, ref_p_log_q, size_of_p_log_q, true)

/* Not so small that numerical derivatives suffer; that they sum to 1 plays no part. */
#define RATES                                                                                                \
    { .shape = {2, {3, 4}}, .lo = 0.2, .hi = 0.9 }
#define RATES_OF_ONE                                                                                         \
    { .shape = {1, {4}}, .lo = 0.2, .hi = 0.9 }
#define WITH_ZEROS                                                                                           \
    { .shape = {2, {3, 8}}, .fill = CATALOG_TIES, .lo = 0, .hi = 1 }
#define OF_PAIR(name, id)                                                                                    \
    {name,       "axis -1",        CALL(id##_last, 2),  REALS,                                               \
     .bound = 8, .gradient = true, .x = {RATES, RATES}, .large = {{2, {4096, 64}}, {2, {4096, 64}}}},        \
        {name,       "q that broadcasts", CALL(id##_last, 2),        REALS,                                  \
         .bound = 8, .gradient = true,    .x = {RATES, RATES_OF_ONE}},                                       \
        {name, "axis 0, zeros", CALL(id##_first, 2), REALS, .bound = 8, .x = {WITH_ZEROS, WITH_ZEROS}}, {    \
        name, "over nothing", CALL(id##_last, 2), REALS, .x = {                                              \
            {.shape = {2, {3, 0}}},                                                                          \
            {.shape = {2, {3, 0}}}                                                                           \
        }                                                                                                    \
    }

static long double normal_entropy_of(const long double *v) {
    return v[0] > 0 ? logl(v[0]) + 1.418938533204672741780329736405617640L : (long double)NAN;
}
static long double normal_entropy_size(const long double *v) {
    return v[0] > 0 && isfinite(v[0]) ? 2 + fabsl(logl(v[0])) : 1;
}
static long double bernoulli_entropy_of(const long double *v) {
    return -ref_p_log_q(v[0], v[0]) - ref_p_log_q(1 - v[0], 1 - v[0]);
}

ELEMENTWISE(normal_entropy, 1, cg_normal_entropy(x[0]), normal_entropy_of, normal_entropy_size)
ELEMENTWISE(bernoulli_entropy, 1, cg_bernoulli_entropy(x[0]), bernoulli_entropy_of, bernoulli_entropy_of)
ELEMENTWISE(normal_kl_divergence, 4, cg_normal_kl_divergence(x[0], x[1], x[2], x[3]), ref_normal_divergence,
            ref_normal_divergence_size)

/* --- maximum likelihood ---------------------------------------------------------------------------------------------------- */

static cg_tensor *normal_mean(cg_tensor *const *x) {
    cg_tensor *mean;
    return cg_normal_fit(x[0], cg_axes(0), false, &mean, NULL) ? NULL : mean;
}
static cg_tensor *normal_std(cg_tensor *const *x) {
    cg_tensor *std;
    return cg_normal_fit(x[0], cg_axes(0), true, NULL, &std) ? NULL : std;
}
static cg_tensor *uniform_low(cg_tensor *const *x) {
    cg_tensor *low;
    return cg_uniform_fit(x[0], cg_axes(0), false, &low, NULL) ? NULL : low;
}
static cg_tensor *uniform_high(cg_tensor *const *x) {
    cg_tensor *high;
    return cg_uniform_fit(x[0], cg_axes(0), true, NULL, &high) ? NULL : high;
}
static cg_tensor *exponential_mean(cg_tensor *const *x) {
    return cg_exponential_fit(x[0], cg_axes(0), false);
}
static cg_tensor *bernoulli_mean(cg_tensor *const *x) { return cg_bernoulli_fit(x[0], cg_axes(0), false); }
static cg_tensor *beta_a(cg_tensor *const *x) {
    cg_tensor *a;
    return cg_beta_fit(x[0], cg_axes(0), false, &a, NULL) ? NULL : a;
}
static cg_tensor *beta_b(cg_tensor *const *x) {
    cg_tensor *b;
    return cg_beta_fit(x[0], cg_axes(0), true, NULL, &b) ? NULL : b;
}

static long double size_of_mean(int64_t n, const long double *x, double unused) {
    long double sum = 0;
    (void)unused;
    for (int64_t i = 0; i < n; i++) sum += fabsl(x[i]);
    return sum / (long double)n;
}
static ref_array ref_of_first_mean(const ref_array *x) { return ref_array_fold(ref_mean, x[0], 1, false, 0); }
static ref_array size_of_first_mean(const ref_array *x) {
    return ref_array_fold(size_of_mean, x[0], 1, false, 0);
}
static ref_array ref_of_normal_std(const ref_array *x) { return ref_array_fold(ref_std, x[0], 1, true, 0); }
static ref_array ref_of_uniform_low(const ref_array *x) { return ref_array_reduce(REF_MIN, x[0], 1, false); }
static ref_array ref_of_uniform_high(const ref_array *x) { return ref_array_reduce(REF_MAX, x[0], 1, true); }
static ref_array ref_of_beta_a(const ref_array *x) { return ref_array_fold(ref_beta_fit, x[0], 1, false, 0); }
static ref_array ref_of_beta_b(const ref_array *x) { return ref_array_fold(ref_beta_fit, x[0], 1, true, 1); }
static ref_array size_of_beta_a(const ref_array *x) {
    return ref_array_fold(ref_beta_fit_size, x[0], 1, false, 0);
}
static ref_array size_of_beta_b(const ref_array *x) {
    return ref_array_fold(ref_beta_fit_size, x[0], 1, true, 1);
}

#define MEAN_CALL(id) .call = id, .reference = ref_of_first_mean, .scale = size_of_first_mean, .n = 1
#define SAMPLE(from, to) .x = {{.shape = {2, {7, 3}}, .lo = from, .hi = to}}
#define COLUMNS .large = {{2, {8192, 64}}}

/*
 * Bounds are those of the headers; 16 for logarithms of densities. Sums of at most 8 terms: log2 n + 2 = 5, and the terms'
 * own 3.
 */
const catalog_entry catalog_probability[] = {
    NORMAL(normal_pdf, 16),
    NORMAL(normal_log_pdf, 16),
    NORMAL(normal_cdf, 16),
    UNIFORM(uniform_pdf, 16),
    UNIFORM(uniform_log_pdf, 16),
    UNIFORM(uniform_cdf, 4),
    EXPONENTIAL(exponential_pdf, 16),
    EXPONENTIAL(exponential_log_pdf, 16),
    EXPONENTIAL(exponential_cdf, 4),
    BETA(beta_pdf),
    BETA(beta_log_pdf),
    {"beta_cdf", "gradient to x", CALL(beta_cdf, 3), REALS, .bound = 8, .gradient = true,
     .x = {IN(MATRIX, 0.1, 0.9),
           {.shape = ROW, .lo = 0.4, .hi = 4, .no_gradient = true},
           {.shape = POINT, .lo = 0.4, .hi = 4, .no_gradient = true}},
     .large = {SIZED(LARGE), SIZED(LARGE), SIZED(LARGE)}},
    {"beta_cdf", "NaN, infinities, invalid parameters", CALL(beta_cdf, 3), REALS, .bound = 8,
     .x = {STRANGE, TIES_IN(-1, 3), TIES_IN(-1, 3)}},
    BERNOULLI(bernoulli_pmf, 2),
    BERNOULLI(bernoulli_log_pmf, 4),
    BINOMIAL(binomial_pmf),
    BINOMIAL(binomial_log_pmf),
    CATEGORICAL(categorical_pmf, 0, true),
    CATEGORICAL(categorical_log_pmf, 4, false),
    {"entropy", "axis -1", CALL(entropy_last, 1), REALS, .bound = 8, .gradient = true, .x = {RATES},
     .large = {{2, {4096, 64}}}},
    {"entropy", "axis 0, zeros", CALL(entropy_first, 1), REALS, .bound = 8, .x = {WITH_ZEROS}},
    {"entropy", "over nothing", CALL(entropy_last, 1), REALS, .x = {{.shape = {2, {3, 0}}}}},
    OF_PAIR("kl_divergence", divergence),
    OF_PAIR("cross_entropy_between", cross),
    {"normal_entropy", "of standard deviations", CALL(normal_entropy, 1), REALS, .bound = 4, .gradient = true,
     .x = {IN(MATRIX, 0.5, 3)}, .large = {SIZED(LARGE)}},
    {"normal_entropy", "special values", CALL(normal_entropy, 1), REALS, .bound = 4, .x = {STRANGE}},
    {"bernoulli_entropy", "of probabilities", CALL(bernoulli_entropy, 1), REALS, .bound = 6, .gradient = true,
     .x = {IN(MATRIX, 0.1, 0.9)}, .large = {SIZED(LARGE)}},
    {"bernoulli_entropy", "0, 1 and outside", CALL(bernoulli_entropy, 1), REALS, .bound = 6,
     .x = {TIES_IN(-0.5, 1.5)}},
    {"normal_kl_divergence", "all of a shape", CALL(normal_kl_divergence, 4), REALS, .bound = 8,
     .gradient = true, .x = {IN(MATRIX, -3, 3), IN(MATRIX, 0.5, 2), IN(MATRIX, -3, 3), IN(MATRIX, 0.5, 2)},
     .large = {SIZED(LARGE), SIZED(LARGE), SIZED(LARGE), SIZED(LARGE)}},
    {"normal_kl_divergence", "broadcast, invalid parameters", CALL(normal_kl_divergence, 4), REALS,
     .bound = 8, .x = {TIES_IN(-3, 3), TIES_IN(-1, 3), IN(POINT, -3, 3), TIES_IN(-1, 3)}},
    {"normal_fit", "the mean", MEAN_CALL(normal_mean), REALS, .bound = 7, .gradient = true, SAMPLE(-3, 3),
     COLUMNS},
    {"normal_fit", "the standard deviation", .call = normal_std, .reference = ref_of_normal_std, .n = 1,
     REALS, .bound = 15, .gradient = true, SAMPLE(-3, 3)},
    {"uniform_fit", "low", .call = uniform_low, .reference = ref_of_uniform_low, .n = 1, REALS,
     .gradient = true, SAMPLE(-3, 3), COLUMNS},
    {"uniform_fit", "high", .call = uniform_high, .reference = ref_of_uniform_high, .n = 1, REALS,
     .gradient = true, SAMPLE(-3, 3)},
    {"exponential_fit", "axis 0", MEAN_CALL(exponential_mean), REALS, .bound = 7, .gradient = true,
     SAMPLE(0.1, 5), COLUMNS},
    {"bernoulli_fit", "axis 0", MEAN_CALL(bernoulli_mean), .dtypes = CATALOG_BIT(CG_F32), .bound = 7,
     .x = {{.shape = {2, {7, 3}}, .fill = CATALOG_INDEX, .lo = 0, .hi = 1}}, COLUMNS},
    {"beta_fit", "a", CALL(beta_a, 1), REALS, .bound = 64, .gradient = true, SAMPLE(0.1, 0.9), COLUMNS},
    {"beta_fit", "b", CALL(beta_b, 1), REALS, .bound = 64, .gradient = true, SAMPLE(0.1, 0.9)},
    {.name = NULL},
};
