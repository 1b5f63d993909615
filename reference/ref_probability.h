/* Densities, probabilities and information in long double, from their definitions. v holds x (or k) and parameters. */
#ifndef CLGRAD_REFERENCE_REF_PROBABILITY_H
#define CLGRAD_REFERENCE_REF_PROBABILITY_H

#include "reference/ref_array.h"

typedef long double ref_density(const long double *v);

/* f of the elements of n arrays that broadcast, n at most 4. */
ref_array ref_array_each(int n, const ref_array *x, ref_density *f);

/* The logarithm of a density or mass: -inf outside the support, NaN for invalid parameters. */
ref_density ref_normal_log, ref_uniform_log, ref_exponential_log, ref_beta_log, ref_bernoulli_log,
    ref_binomial_log;

/* 1 + the sum of the sizes of its terms; 1 outside. */
ref_density ref_normal_size, ref_uniform_size, ref_exponential_size, ref_beta_size, ref_bernoulli_size,
    ref_binomial_size;

/* The probability of a value up to x. */
ref_density ref_normal_cdf, ref_uniform_cdf, ref_exponential_cdf, ref_beta_cdf;

/* p log(q) and p log(p / q), 0 for p = 0. */
long double ref_p_log_q(long double p, long double q);
long double ref_p_log_p_over_q(long double p, long double q);

/* The divergence of N(v0, v1) from N(v2, v3), and 1 + the sizes of its terms. */
ref_density ref_normal_divergence, ref_normal_divergence_size;

/* a (or with second b) of greatest likelihood for n elements, and how far 1 ulp of its equations moves it. */
long double ref_beta_fit(int64_t n, const long double *x, double second);
long double ref_beta_fit_size(int64_t n, const long double *x, double second);

#endif
