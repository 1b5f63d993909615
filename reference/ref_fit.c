#include "reference/ref_fit.h"

#include <math.h>

long double ref_fit_normal(long double x) { return erfcl(-x / sqrtl(2)) / 2; }

/* By the series below a + 1, by the continued fraction of the rest above (Abramowitz and Stegun 6.5.29, 6.5.31). */
long double ref_fit_gamma(long double a, long double x) {
    if (!(x > 0)) return 0;
    const long double front = expl(a * logl(x) - x - lgammal(a));
    if (x < a + 1) {
        long double term = 1 / a, sum = term;
        for (int k = 1; k < 100000 && term > sum * 1e-15L; k++) sum += term *= x / (a + k);
        return front * sum;
    }
    long double tail = 0; /* from its far end inwards */
    for (int k = 60 + (int)(4 * sqrtl(a)); k >= 1; k--) tail = k * (k - a) / (x + 2 * k + 1 - a - tail);
    return 1 - front / (x + 1 - a - tail);
}

/* The continued fraction of Abramowitz and Stegun 26.5.8, from its far end inwards; it is quick below the mean. */
long double ref_fit_beta(long double a, long double b, long double x) {
    if (!(x > 0)) return 0;
    if (x >= 1) return 1;
    if (x > (a + 1) / (a + b + 2)) return 1 - ref_fit_beta(b, a, 1 - x);
    const long double front =
        expl(a * logl(x) + b * log1pl(-x) + lgammal(a + b) - lgammal(a) - lgammal(b)) / a;
    long double f = 1;
    for (int m = 20 + (int)(4 * sqrtl(fmaxl(a, b))); m >= 1; m--) {
        const long double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
        const long double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
        f = 1 + even / (1 + odd / f);
    }
    return front / (1 - (a + b) * x / ((a + 1) * f));
}

long double ref_fit_binomial(int64_t n, long double p, int64_t k) {
    const long double ways = lgammal(n + 1.0L) - lgammal(k + 1.0L) - lgammal(n - k + 1.0L);
    return expl(ways + (k ? k * logl(p) : 0) + (n - k ? (n - k) * log1pl(-p) : 0));
}

/* Kolmogorov's limit, with the correction of Stephens (1970) for finite n. */
long double ref_fit_kolmogorov(int64_t n, const long double *at) {
    long double far = 0;
    for (int64_t i = 0; i < n; i++)
        far = fmaxl(far, fmaxl(at[i] - (long double)i / n, (i + 1.0L) / n - at[i]));
    const long double root = sqrtl(n), t = (root + 0.12L + 0.11L / root) * far;
    if (t < 0.2L) return 1;
    long double sum = 0;
    for (int k = 1; k < 100; k++) sum += (k % 2 ? 2 : -2) * expl(-2 * k * k * t * t);
    return fminl(sum, 1);
}

long double ref_fit_pearson(int64_t cells, const int64_t *count, const long double *probability) {
    long double n = 0, sum = 0, seen = 0, expected = 0, rest = 1;
    int64_t joined = 0;
    for (int64_t i = 0; i < cells; i++) n += count[i];
    for (int64_t i = 0; i < cells; i++) {
        seen += count[i];
        expected += n * probability[i];
        rest -= probability[i];
        if (i < cells - 1 && (expected < 5 || n * rest < 5)) continue;
        sum += (seen - expected) * (seen - expected) / expected;
        joined++;
        seen = expected = 0;
    }
    return joined < 2 ? 1 : 1 - ref_fit_gamma((joined - 1) / 2.0L, sum / 2);
}
