/* Special functions in long double, by series that converge and recurrences, without regard to time. */
#ifndef CLGRAD_REFERENCE_REF_SPECIAL_H
#define CLGRAD_REFERENCE_REF_SPECIAL_H

/* log |Gamma(x)| */
long double ref_lgamma(long double x);

/* Its derivative; NaN at -1, -2, ... */
long double ref_digamma(long double x);

/* The sum of (q + k)^-s for s > 1, q > 0; inf at s = 1 and q = 0, NaN below. */
long double ref_zeta(long double s, long double q);

/* (-1)^(n+1) n! zeta(n + 1, x), or digamma for n = 0. */
long double ref_polygamma(int n, long double x);

/* I_x(a, b); NaN unless a, b > 0 and 0 <= x <= 1. */
long double ref_betainc(long double a, long double b, long double x);

/*
 * What its error is measured against: 1 + the sizes of the logarithms that its first factor is made of, times the part
 * that is computed (1 - I beyond (a + 1) / (a + b + 2)), and I.
 */
long double ref_betainc_size(long double a, long double b, long double x);

/* log B(a, b), and the sum of the sizes of its three parts. */
long double ref_lbeta(long double a, long double b);
long double ref_lbeta_size(long double a, long double b);

#endif
