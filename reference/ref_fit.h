/* How well a sample fits a distribution: distribution functions in long double, and the two classical tests. */
#ifndef CLGRAD_REF_FIT_H
#define CLGRAD_REF_FIT_H

#include <stdint.h>

/* The distribution function of the standard normal, of gamma(a) and of beta(a, b). */
long double ref_fit_normal(long double x);
long double ref_fit_gamma(long double a, long double x);
long double ref_fit_beta(long double a, long double b, long double x);

/* The binomial probability of k of n. */
long double ref_fit_binomial(int64_t n, long double p, int64_t k);

/*
 * Kolmogorov and Smirnov: the probability that n numbers of the distribution are at least as far from it as these, whose
 * distribution function is `at`, sorted ascending.
 */
long double ref_fit_kolmogorov(int64_t n, const long double *at);

/*
 * Pearson: the probability that counts of `cells` cells are at least as far from n probability[i] as these. Neighbouring
 * cells are joined until 5 are expected in each.
 */
long double ref_fit_pearson(int64_t cells, const int64_t *count, const long double *probability);

#endif
