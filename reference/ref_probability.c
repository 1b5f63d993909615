#include "reference/ref_probability.h"

#include <math.h>
#include <stdbool.h>

#include "reference/ref_special.h"

static const long double pi = 3.141592653589793238462643383279502884L;
#define NOT_A_NUMBER ((long double)NAN)
#define INFINITE ((long double)INFINITY)

ref_array ref_array_each(int n, const ref_array *x, ref_density *f) {
    int rank = 0;
    int64_t shape[REF_MAX_RANK];
    for (int i = 0; i < n; i++) rank = x[i].rank > rank ? x[i].rank : rank;
    for (int a = 0; a < rank; a++) {
        shape[a] = 1;
        for (int i = 0; i < n; i++) {
            int own = a - (rank - x[i].rank);
            if (own >= 0 && x[i].shape[own] != 1) shape[a] = x[i].shape[own];
        }
    }
    ref_array out = ref_array_new(rank, shape);
    for (int64_t k = 0; k < out.n; k++) {
        long double v[4];
        for (int i = 0; i < n; i++) v[i] = x[i].v[ref_broadcast(k, rank, shape, x[i].rank, x[i].shape)];
        out.v[k] = f(v);
    }
    return out;
}

/* NaN for a NaN among v[0 .. n-1] or where the parameters are not valid, else -inf outside, else the terms. */
static bool settled(int n, const long double *v, bool valid, bool inside, long double *result) {
    *result = -INFINITE;
    for (int i = 0; i < n; i++)
        if (isnan(v[i])) valid = false;
    if (!valid) *result = NOT_A_NUMBER;
    return !valid || !inside;
}

/* --- normal, uniform, exponential ----------------------------------------------------------------------------- */

static long double z_of(const long double *v) { return (v[0] - v[1]) / v[2]; }

long double ref_normal_log(const long double *v) {
    long double r, z = z_of(v);
    if (settled(3, v, v[2] > 0, true, &r)) return r;
    return -z * z / 2 - logl(v[2]) - logl(2 * pi) / 2;
}

long double ref_normal_size(const long double *v) {
    long double z = z_of(v);
    return isfinite(z) && v[2] > 0 ? 2 + z * z / 2 + fabsl(logl(v[2])) : 1;
}

long double ref_normal_cdf(const long double *v) {
    long double r;
    return settled(3, v, v[2] > 0, true, &r) ? r : erfcl(-z_of(v) / sqrtl(2)) / 2;
}

long double ref_uniform_log(const long double *v) {
    long double r;
    if (settled(3, v, v[2] > v[1], v[0] >= v[1] && v[0] <= v[2], &r)) return r;
    return -logl(v[2] - v[1]);
}

long double ref_uniform_size(const long double *v) { return v[2] > v[1] ? 1 + fabsl(logl(v[2] - v[1])) : 1; }

long double ref_uniform_cdf(const long double *v) {
    long double r;
    if (settled(3, v, v[2] > v[1], true, &r)) return r;
    return v[0] <= v[1] ? 0 : v[0] >= v[2] ? 1 : (v[0] - v[1]) / (v[2] - v[1]);
}

long double ref_exponential_log(const long double *v) {
    long double r;
    return settled(2, v, v[1] > 0, v[0] >= 0, &r) ? r : -v[0] / v[1] - logl(v[1]);
}

long double ref_exponential_size(const long double *v) {
    return v[1] > 0 && isfinite(v[0]) ? 1 + fabsl(v[0] / v[1]) + fabsl(logl(v[1])) : 1;
}

long double ref_exponential_cdf(const long double *v) {
    long double r;
    if (settled(2, v, v[1] > 0, true, &r)) return r;
    return v[0] < 0 ? 0 : -expm1l(-v[0] / v[1]);
}

/* --- beta -------------------------------------------------------------------------------------------------------- */

/* y log(x), 0 for y = 0 */
static long double weighted_log(long double y, long double x) { return y == 0 ? 0 : y * logl(x); }

long double ref_beta_log(const long double *v) {
    long double r;
    if (settled(3, v, v[1] > 0 && v[2] > 0, v[0] >= 0 && v[0] <= 1, &r)) return r;
    return weighted_log(v[1] - 1, v[0]) + weighted_log(v[2] - 1, 1 - v[0]) - ref_lbeta(v[1], v[2]);
}

long double ref_beta_size(const long double *v) {
    if (!(v[1] > 0 && v[2] > 0 && v[0] > 0 && v[0] < 1)) return 1;
    return 1 + fabsl((v[1] - 1) * logl(v[0])) + fabsl((v[2] - 1) * logl(1 - v[0])) +
           ref_lbeta_size(v[1], v[2]);
}

long double ref_beta_cdf(const long double *v) {
    long double r;
    if (settled(3, v, v[1] > 0 && v[2] > 0, true, &r)) return r;
    return v[0] <= 0 ? 0 : v[0] >= 1 ? 1 : ref_betainc(v[1], v[2], v[0]);
}

/* --- bernoulli, binomial -------------------------------------------------------------------------------------------- */

long double ref_bernoulli_log(const long double *v) {
    long double r;
    if (settled(2, v, v[1] >= 0 && v[1] <= 1, v[0] == 0 || v[0] == 1, &r)) return r;
    return logl(v[0] == 1 ? v[1] : 1 - v[1]);
}

long double ref_bernoulli_size(const long double *v) {
    long double r = ref_bernoulli_log(v);
    return isfinite(r) ? fabsl(r) : 1;
}

static bool is_whole(long double x) { return floorl(x) == x; }

long double ref_binomial_log(const long double *v) {
    long double k = v[0], n = v[1], p = v[2], r;
    bool valid = n >= 0 && is_whole(n) && p >= 0 && p <= 1;
    if (settled(3, v, valid, k >= 0 && k <= n && is_whole(k), &r)) return r;
    long double choices = 0;
    for (long double i = 1; i <= k; i++) choices += logl((n - k + i) / i);
    return choices + weighted_log(k, p) + weighted_log(n - k, 1 - p);
}

long double ref_binomial_size(const long double *v) {
    long double k = v[0], n = v[1], p = v[2];
    if (!isfinite(ref_binomial_log(v))) return 1;
    return 1 + ref_lgamma(n + 1) + fabsl(ref_lgamma(k + 1)) + fabsl(ref_lgamma(n - k + 1)) +
           fabsl(weighted_log(k, p)) + fabsl(weighted_log(n - k, 1 - p));
}

/* --- information ----------------------------------------------------------------------------------------------------- */

long double ref_p_log_q(long double p, long double q) { return p == 0 && !isnan(q) ? 0 : p * logl(q); }

long double ref_p_log_p_over_q(long double p, long double q) {
    if (p == 0 && !isnan(q)) return 0;
    return p * logl(p / q);
}

long double ref_normal_divergence(const long double *v) {
    if (!(v[1] > 0 && v[3] > 0)) return NOT_A_NUMBER;
    long double d = v[0] - v[2];
    return logl(v[3] / v[1]) + (v[1] * v[1] + d * d) / (2 * v[3] * v[3]) - 0.5L;
}

long double ref_normal_divergence_size(const long double *v) {
    long double r = v[1] / v[3], d = (v[0] - v[2]) / v[3];
    return v[1] > 0 && v[3] > 0 ? 1 + r * r + d * d + fabsl(logl(r)) : 1;
}

/* --- maximum likelihood ------------------------------------------------------------------------------------------------ */

/* Newton's method for the logarithms of a and b, from a = b = 1, with steps of at most 1. */
static void fit(int64_t n, const long double *x, long double *a, long double *b) {
    long double l = 0, k = 0;
    for (int64_t i = 0; i < n; i++) {
        l += logl(x[i]) / (long double)n;
        k += log1pl(-x[i]) / (long double)n;
    }
    *a = *b = 1;
    for (int step = 0; step < 200; step++) {
        long double sum = ref_digamma(*a + *b), s = ref_polygamma(1, *a + *b);
        long double f = ref_digamma(*a) - sum - l, h = ref_digamma(*b) - sum - k;
        long double p = ref_polygamma(1, *a) - s, q = ref_polygamma(1, *b) - s, det = p * q - s * s;
        *a *= expl(fmaxl(-1, fminl(1, -(q * f + s * h) / det / *a)));
        *b *= expl(fmaxl(-1, fminl(1, -(s * f + p * h) / det / *b)));
    }
}

long double ref_beta_fit(int64_t n, const long double *x, double second) {
    long double a, b;
    fit(n, x, &a, &b);
    return second != 0 ? b : a;
}

long double ref_beta_fit_size(int64_t n, const long double *x, double second) {
    long double a, b;
    fit(n, x, &a, &b);
    long double s = ref_polygamma(1, a + b), p = ref_polygamma(1, a) - s, q = ref_polygamma(1, b) - s;
    long double sizes = 1 + fabsl(ref_digamma(a)) + fabsl(ref_digamma(b)) + fabsl(ref_digamma(a + b));
    return ((second != 0 ? p : q) + s) / (p * q - s * s) * sizes + (second != 0 ? b : a);
}
