/*
 * Probability: densities, masses and distribution functions, information, maximum likelihood.
 *
 * COMMON RULES. x (or k) and the parameters are tensors or numbers, as in ops.h: at least one is a tensor, shapes
 * broadcast, the result is f64 if a tensor is, else f32, and NaN goes in and comes out. Work is deferred and fused. A
 * logarithm of a density is summed to a log-likelihood: cg_sum(cg_normal_log_pdf(x, mean, std), CG_ALL_AXES, false).
 * Outside the support a density is 0 and its logarithm -inf; there the gradient is 0. Parameters live on the device:
 * invalid ones are no error, they give NaN, as SciPy does.
 * Gradients of every order go to x and to all parameters, unless said otherwise: k, labels and counts are whole numbers
 * and have none (CG_ERROR_GRADIENT for one that wants a gradient).
 * Bounds: u is the unit roundoff of the result's dtype, L the sum of the absolute values of the terms of the formula's
 * logarithm. Error of a log_pdf or log_pmf at most 16 u L, of a pdf or pmf 16 u (1 + L) result, unless said otherwise.
 * Errors, of all: CG_ERROR_SHAPE where shapes do not broadcast, CG_ERROR_DEVICE_MISMATCH, CG_ERROR_ARGUMENT without a
 * tensor; the message names the operation.
 */
#ifndef CLGRAD_PROBABILITY_H
#define CLGRAD_PROBABILITY_H

#include "reduce.h"
#include "special.h"

CG_BEGIN_DECLS

/* --- Normal: mean, standard deviation std > 0 --------------------------------------------------------------- */

/* exp(-z^2 / 2) / (std sqrt(2 pi)), z = (x - mean) / std. */
CG_API cg_tensor *cg_normal_pdf(cg_arg x, cg_arg mean, cg_arg std);

/* -z^2 / 2 - log(std) - log(2 pi) / 2, z = (x - mean) / std. */
CG_API cg_tensor *cg_normal_log_pdf(cg_arg x, cg_arg mean, cg_arg std);

/*
 * The probability of a value up to x: erfc(-z / sqrt(2)) / 2, z = (x - mean) / std, which keeps its digits in the lower
 * tail, as far as the dtype has numbers. Error at most 8 u (1 + z^2) result.
 */
CG_API cg_tensor *cg_normal_cdf(cg_arg x, cg_arg mean, cg_arg std);

/* --- Uniform on [low, high], low < high ----------------------------------------------------------------------- */

/* 1 / (high - low) for low <= x <= high (both ends belong to it, as in SciPy). */
CG_API cg_tensor *cg_uniform_pdf(cg_arg x, cg_arg low, cg_arg high);

/* -log(high - low) for low <= x <= high. */
CG_API cg_tensor *cg_uniform_log_pdf(cg_arg x, cg_arg low, cg_arg high);

/* (x - low) / (high - low), cut to [0, 1]. Error at most 4 u result. */
CG_API cg_tensor *cg_uniform_cdf(cg_arg x, cg_arg low, cg_arg high);

/* --- Exponential: mean scale > 0, rate 1 / scale, on x >= 0 ----------------------------------------------------- */

/* exp(-x / scale) / scale. */
CG_API cg_tensor *cg_exponential_pdf(cg_arg x, cg_arg scale);

/* -x / scale - log(scale). */
CG_API cg_tensor *cg_exponential_log_pdf(cg_arg x, cg_arg scale);

/* -expm1(-x / scale). Error at most 4 u result. */
CG_API cg_tensor *cg_exponential_cdf(cg_arg x, cg_arg scale);

/* --- Beta: a, b > 0, on 0 <= x <= 1 ----------------------------------------------------------------------------- */

/* x^(a-1) (1-x)^(b-1) / B(a, b). Infinite at an end where its power is negative. */
CG_API cg_tensor *cg_beta_pdf(cg_arg x, cg_arg a, cg_arg b);

/* (a-1) log(x) + (b-1) log(1-x) - log Gamma(a) - log Gamma(b) + log Gamma(a + b). */
CG_API cg_tensor *cg_beta_log_pdf(cg_arg x, cg_arg a, cg_arg b);

/* betainc(a, b, x), 0 below 0 and 1 above 1. Error as betainc. Gradient to x alone: none to a and b. */
CG_API cg_tensor *cg_beta_cdf(cg_arg x, cg_arg a, cg_arg b);

/* --- Bernoulli: k is 0 or 1, p in [0, 1] the probability of 1 ----------------------------------------------------- */

/* p for k = 1, 1 - p for k = 0. Gradient to p. */
CG_API cg_tensor *cg_bernoulli_pmf(cg_arg k, cg_arg p);

/* k log(p) + (1 - k) log(1 - p), 0 for a certain k. Gradient to p. */
CG_API cg_tensor *cg_bernoulli_log_pmf(cg_arg k, cg_arg p);

/* --- Binomial: k successes of n trials, each with probability p in [0, 1] ------------------------------------------ */

/* n! / (k! (n-k)!) p^k (1-p)^(n-k) for whole k from 0 to n. n is whole and >= 0, else NaN. Gradient to p. */
CG_API cg_tensor *cg_binomial_pmf(cg_arg k, cg_arg n, cg_arg p);

/*
 * log Gamma(n+1) - log Gamma(k+1) - log Gamma(n-k+1) + k log(p) + (n-k) log(1-p). Gradient to p. For large n the terms
 * are large beside their sum: see L above; f64 keeps what f32 does not.
 */
CG_API cg_tensor *cg_binomial_log_pmf(cg_arg k, cg_arg n, cg_arg p);

/* --- Categorical: labels 0 .. C-1, probabilities along the last axis ------------------------------------------------ */

/*
 * p[..., label]: labels of any integer dtype (...), p (..., C), whose leading axes broadcast to the labels' -> (...). p
 * is taken as it stands, not divided by its sum. A label outside [0, C) gives 0. Gradient to p. Exact.
 * Errors: CG_ERROR_DTYPE for labels that are not whole, CG_ERROR_SHAPE.
 */
CG_API cg_tensor *cg_categorical_pmf(cg_tensor *labels, cg_tensor *p);

/* log(p[..., label]); -inf for a label outside [0, C). As categorical_pmf; from logits, cg_cross_entropy is better. */
CG_API cg_tensor *cg_categorical_log_pmf(cg_tensor *labels, cg_tensor *p);

/* --- Information, in nats -------------------------------------------------------------------------------------------- */

/*
 * The entropy -sum p log(p) of the distributions along `axis` (of C numbers), 0 log 0 = 0. p is taken as it stands, not
 * divided by its sum; a negative p gives NaN. FLOAT. Gradient -(log(p) + 1), 0 at p = 0. Error (log2 C + 5) u sum
 * |terms|.
 */
CG_API cg_tensor *cg_entropy(cg_tensor *p, int axis);

/*
 * The Kullback-Leibler divergence sum p log(p / q) along `axis`; terms with p = 0 are 0, one with q = 0 alone gives inf.
 * p and q broadcast. Gradient to both: log(p / q) + 1 (0 at p = 0) and -p / q. Error (log2 C + 6) u (sum |terms| + sum
 * p). cg_kl_div_loss takes log-probabilities and sums over everything.
 */
CG_API cg_tensor *cg_kl_divergence(cg_tensor *p, cg_tensor *q, int axis);

/*
 * The cross-entropy -sum p log(q) along `axis`, 0 log 0 = 0: entropy(p) + kl_divergence(p, q). p and q broadcast.
 * Gradient to both. Error as entropy. The losses of loss.h take logits, labels and weights.
 */
CG_API cg_tensor *cg_cross_entropy_between(cg_tensor *p, cg_tensor *q, int axis);

/* The entropy of a normal distribution, log(std) + log(2 pi e) / 2; NaN unless std > 0. Error 4 u (|log(std)| + 2). */
CG_API cg_tensor *cg_normal_entropy(cg_tensor *std);

/*
 * The divergence of N(mean1, std1) from N(mean2, std2): (r^2 + d^2 - 1) / 2 - log(r), r = std1 / std2,
 * d = (mean1 - mean2) / std2. Error 8 u (r^2 + d^2 + 1 + |log(r)|).
 */
CG_API cg_tensor *cg_normal_kl_divergence(cg_arg mean1, cg_arg std1, cg_arg mean2, cg_arg std2);

/* The entropy of a Bernoulli distribution, -p log(p) - (1-p) log(1-p); 0 at 0 and 1, NaN outside. Error 6 u result. */
CG_API cg_tensor *cg_bernoulli_entropy(cg_tensor *p);

/* --- Maximum likelihood ---------------------------------------------------------------------------------------------- */

/*
 * Each takes a sample x, the elements over `axes`, and gives the parameters under which it is most probable; with
 * keepdims, reduced axes stay with length 1. FLOAT. They are functions of statistics, with gradients of every order to
 * x. Sums are in f64 as statistics.h says. No elements give NaN.
 */

/* Normal: the mean, and the root of the mean square deviation (ddof 0). mean or std may be NULL. Errors as cg_std. */
CG_API cg_status cg_normal_fit(cg_tensor *x, cg_axis_set axes, bool keepdims, cg_tensor **mean,
                               cg_tensor **std);

/* Exponential: the scale is the mean; NaN where an x is negative. */
CG_API cg_tensor *cg_exponential_fit(cg_tensor *x, cg_axis_set axes, bool keepdims);

/* Uniform: the smallest and the largest element. low or high may be NULL. Errors: CG_ERROR_SHAPE over no elements. */
CG_API cg_status cg_uniform_fit(cg_tensor *x, cg_axis_set axes, bool keepdims, cg_tensor **low,
                                cg_tensor **high);

/* Bernoulli: p is the mean; NaN where an x is neither 0 nor 1. */
CG_API cg_tensor *cg_bernoulli_fit(cg_tensor *x, cg_axis_set axes, bool keepdims);

/*
 * Beta, of x in (0, 1): a and b solve digamma(a) - digamma(a + b) = mean log(x), digamma(b) - digamma(a + b) =
 * mean log(1 - x), by a fixed number of Newton's steps; NaN where the sample determines none (0 or 1 among it, equal
 * elements; those that are almost equal give large numbers of few digits). For estimates from 0.05 to 1000 both sides of
 * both equations agree within 64 u (1 + |digamma(a)| + |digamma(b)| + |digamma(a + b)|), u of the dtype that
 * statistics.h accumulates in. The gradient is that of the solution (implicit), not of the steps. a or b may be NULL.
 */
CG_API cg_status cg_beta_fit(cg_tensor *x, cg_axis_set axes, bool keepdims, cg_tensor **a, cg_tensor **b);

CG_END_DECLS

#ifndef __cplusplus
#define cg_normal_pdf(x, mean, std) cg_normal_pdf(CG_ARG(x), CG_ARG(mean), CG_ARG(std))
#define cg_normal_log_pdf(x, mean, std) cg_normal_log_pdf(CG_ARG(x), CG_ARG(mean), CG_ARG(std))
#define cg_normal_cdf(x, mean, std) cg_normal_cdf(CG_ARG(x), CG_ARG(mean), CG_ARG(std))
#define cg_uniform_pdf(x, low, high) cg_uniform_pdf(CG_ARG(x), CG_ARG(low), CG_ARG(high))
#define cg_uniform_log_pdf(x, low, high) cg_uniform_log_pdf(CG_ARG(x), CG_ARG(low), CG_ARG(high))
#define cg_uniform_cdf(x, low, high) cg_uniform_cdf(CG_ARG(x), CG_ARG(low), CG_ARG(high))
#define cg_exponential_pdf(x, scale) cg_exponential_pdf(CG_ARG(x), CG_ARG(scale))
#define cg_exponential_log_pdf(x, scale) cg_exponential_log_pdf(CG_ARG(x), CG_ARG(scale))
#define cg_exponential_cdf(x, scale) cg_exponential_cdf(CG_ARG(x), CG_ARG(scale))
#define cg_beta_pdf(x, a, b) cg_beta_pdf(CG_ARG(x), CG_ARG(a), CG_ARG(b))
#define cg_beta_log_pdf(x, a, b) cg_beta_log_pdf(CG_ARG(x), CG_ARG(a), CG_ARG(b))
#define cg_beta_cdf(x, a, b) cg_beta_cdf(CG_ARG(x), CG_ARG(a), CG_ARG(b))
#define cg_bernoulli_pmf(k, p) cg_bernoulli_pmf(CG_ARG(k), CG_ARG(p))
#define cg_bernoulli_log_pmf(k, p) cg_bernoulli_log_pmf(CG_ARG(k), CG_ARG(p))
#define cg_binomial_pmf(k, n, p) cg_binomial_pmf(CG_ARG(k), CG_ARG(n), CG_ARG(p))
#define cg_binomial_log_pmf(k, n, p) cg_binomial_log_pmf(CG_ARG(k), CG_ARG(n), CG_ARG(p))
#define cg_normal_kl_divergence(mean1, std1, mean2, std2)                                                    \
    cg_normal_kl_divergence(CG_ARG(mean1), CG_ARG(std1), CG_ARG(mean2), CG_ARG(std2))
#endif

#endif
