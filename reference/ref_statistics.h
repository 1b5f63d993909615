/* Reductions that are more than a running sum: each gets the elements behind a result in row-major order. */
#ifndef CLGRAD_REFERENCE_REF_STATISTICS_H
#define CLGRAD_REFERENCE_REF_STATISTICS_H

#include "reference/ref_array.h"

/* A number from n elements; parameter is p, ddof or nothing. */
typedef long double ref_fold(int64_t n, const long double *x, double parameter);

/* The fold of the axes whose bit is set, kept as 1 where keepdims. */
ref_array ref_array_fold(ref_fold *fold, ref_array x, unsigned axes, bool keepdims, double parameter);

long double ref_product(int64_t n, const long double *x, double unused);
long double ref_any(int64_t n, const long double *x, double unused);
long double ref_all(int64_t n, const long double *x, double unused);
long double ref_count_nonzero(int64_t n, const long double *x, double unused);
long double ref_logsumexp(int64_t n, const long double *x, double unused);
long double ref_mean(int64_t n, const long double *x, double unused);
long double ref_var(int64_t n, const long double *x, double ddof);
long double ref_std(int64_t n, const long double *x, double ddof);
long double ref_norm(int64_t n, const long double *x, double p);

/* m3 / m2^(3/2) and m4 / m2^2 - 3 of the central moments, unbiased where that is not 0; std / sqrt(n). */
long double ref_skewness(int64_t n, const long double *x, double unbiased);
long double ref_kurtosis(int64_t n, const long double *x, double unbiased);
long double ref_sem(int64_t n, const long double *x, double ddof);

/* sum(w x) / sum(w), w broadcasting to x; size: sum|w x| / |sum w|. A sum of 0 gives NaN. */
ref_array ref_average(ref_array x, ref_array w, unsigned axes, bool keepdims, bool size);

/* Covariance of the rows of x (V, n), each observation weighted by w (n); size: of absolute terms. */
ref_array ref_cov_weighted(ref_array x, ref_array w, double ddof, bool size);

/* Covariance of the rows of x (V, n) or (n); size: of absolute deviations. One variable gives rank 0. */
ref_array ref_cov(ref_array x, double ddof, bool size);

/* Their correlation, cut to [-1, 1]. */
ref_array ref_corrcoef(ref_array x);

/* (x - mean) / std over the axes, a std of 0 counting as 1; and lo + (x - min) / (max - min) (hi - lo). */
ref_array ref_zscore(ref_array x, unsigned axes, double ddof);
ref_array ref_minmax(ref_array x, unsigned axes, double lo, double hi);

#endif
