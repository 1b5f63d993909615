#include "reference/ref_special.h"

#include <math.h>

static const long double pi = 3.141592653589793238462643383279502884L;

/* lgamma_r would keep a sign for us; the plain one keeps it in a global nobody reads. */
long double ref_lgamma(long double x) { return lgammal(x); }

/* The Bernoulli numbers B2, B4, ..., B24. */
static const long double bernoulli[] = {
    1.0L / 6, -1.0L / 30,     1.0L / 42,      -1.0L / 30,       5.0L / 66,       -691.0L / 2730,
    7.0L / 6, -3617.0L / 510, 43867.0L / 798, -174611.0L / 330, 854513.0L / 138, -236364091.0L / 2730};
enum { BERNOULLI = sizeof bernoulli / sizeof *bernoulli };

/* psi(x) = log(x) - 1 / (2x) - sum B2k / (2k x^2k) from 30 on. */
static long double digamma_positive(long double x) {
    long double sum = 0, power = 1;
    for (; x < 30; x++) sum -= 1 / x;
    for (int k = 0; k < BERNOULLI; k++) {
        power /= x * x;
        sum -= bernoulli[k] / (2 * k + 2) * power;
    }
    return sum + logl(x) - 1 / (2 * x);
}

long double ref_digamma(long double x) {
    if (x == 0) return signbit(x) ? (long double)INFINITY : -(long double)INFINITY;
    if (x > 0 || isnan(x)) return isinf(x) ? x : digamma_positive(x);
    long double part = x - rintl(x);
    if (!(part != 0)) return (long double)NAN;
    return digamma_positive(1 - x) - pi / tanl(pi * part);
}

long double ref_zeta(long double s, long double q) {
    enum { TERMS = 60 };
    if (isnan(s) || isnan(q) || s < 1 || q < 0) return (long double)NAN;
    if (s == 1 || q == 0) return (long double)INFINITY;
    long double sum = 0, w = q + TERMS, factor = s;
    for (int k = 0; k < TERMS; k++) sum += powl(q + k, -s);
    sum += powl(w, 1 - s) / (s - 1) + powl(w, -s) / 2;
    for (int k = 1; k <= BERNOULLI; k++) { /* s (s + 1) ... (s + 2k - 2) / (2k)! w^(1 - s - 2k) */
        factor /= k == 1 ? 2 : (2 * k - 1) * 2 * k;
        sum += bernoulli[k - 1] * factor * powl(w, 1 - s - 2 * k);
        factor *= (s + 2 * k - 1) * (s + 2 * k);
    }
    return sum;
}

long double ref_polygamma(int n, long double x) {
    if (n == 0) return ref_digamma(x);
    long double y = ref_zeta(n + 1, x);
    for (int k = 2; k <= n; k++) y *= k;
    return n % 2 ? y : -y;
}

long double ref_lbeta(long double a, long double b) { return lgammal(a) + lgammal(b) - lgammal(a + b); }

long double ref_lbeta_size(long double a, long double b) {
    return fabsl(lgammal(a)) + fabsl(lgammal(b)) + fabsl(lgammal(a + b));
}

/* x^a (1 - x)^b / (a B(a, b)) (1 + sum_n (a + b) ... (a + b + n - 1) / ((a + 1) ... (a + n)) x^n), all terms positive */
static long double betainc_series(long double a, long double b, long double x, long double y) {
    long double term = 1, sum = 1;
    for (int n = 0; n < 1000000 && (term > sum * 1e-21L || (a + b + n) * x > a + 1 + n); n++) {
        term *= (a + b + n) / (a + 1 + n) * x;
        sum += term;
    }
    return expl(a * logl(x) + b * logl(y) - lgammal(a + 1) - lgammal(b) + lgammal(a + b)) * sum;
}

static int beyond(long double a, long double b, long double x) { return x * (a + b + 2) > a + 1; }

long double ref_betainc(long double a, long double b, long double x) {
    if (!(a > 0 && b > 0 && x >= 0 && x <= 1)) return (long double)NAN;
    if (x == 0 || x == 1) return x;
    return beyond(a, b, x) ? 1 - betainc_series(b, a, 1 - x, x) : betainc_series(a, b, x, 1 - x);
}

long double ref_betainc_size(long double a, long double b, long double x) {
    if (!(a > 0 && b > 0 && x > 0 && x < 1)) return 1;
    int swap = beyond(a, b, x);
    long double whole = ref_betainc(a, b, x), h = swap ? b : a, k = swap ? a : b;
    long double logs = 1 + fabsl(a * logl(x)) + fabsl(b * log1pl(-x)) + fabsl(lgammal(a + b)) +
                       fabsl(lgammal(h + 1)) + fabsl(lgammal(k));
    return logs * (swap ? 1 - whole : whole) + whole;
}
