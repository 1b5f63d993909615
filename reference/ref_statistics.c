#include "reference/ref_statistics.h"

#include "reference/scratch.h"

#include <math.h>

ref_array ref_array_fold(ref_fold *fold, ref_array x, unsigned axes, bool keepdims, double parameter) {
    ref_array out = ref_array_reduce(REF_SUM, x, axes, keepdims); /* for its shape */
    ref_array kept = ref_array_reduce(REF_SUM, x, axes, true);
    int64_t n = out.n ? x.n / out.n : 0, *filled = scratch((size_t)out.n * sizeof *filled);
    long double *behind = scratch((size_t)x.n * sizeof *behind);
    for (int64_t i = 0; i < x.n; i++) {
        int64_t o = ref_broadcast(i, x.rank, x.shape, kept.rank, kept.shape);
        behind[o * n + filled[o]++] = x.v[i];
    }
    for (int64_t o = 0; o < out.n; o++) out.v[o] = fold(n, behind + o * n, parameter);
    return out;
}

long double ref_product(int64_t n, const long double *x, double unused) {
    long double product = 1;
    (void)unused;
    for (int64_t i = 0; i < n; i++) product *= x[i];
    return product;
}

long double ref_count_nonzero(int64_t n, const long double *x, double unused) {
    long double count = 0;
    (void)unused;
    for (int64_t i = 0; i < n; i++) count += x[i] != 0;
    return count;
}

long double ref_any(int64_t n, const long double *x, double unused) {
    return ref_count_nonzero(n, x, unused) > 0;
}

long double ref_all(int64_t n, const long double *x, double unused) {
    return ref_count_nonzero(n, x, unused) == (long double)n;
}

static long double largest(int64_t n, const long double *x, bool absolute) {
    long double most = absolute ? 0 : -(long double)INFINITY;
    for (int64_t i = 0; i < n; i++) {
        long double v = absolute ? fabsl(x[i]) : x[i];
        if (v > most || isnan(v)) most = v;
        if (isnan(v)) break;
    }
    return most;
}

long double ref_logsumexp(int64_t n, const long double *x, double unused) {
    long double m = largest(n, x, false), sum = 0;
    (void)unused;
    if (isinf(m) || isnan(m)) return m;
    for (int64_t i = 0; i < n; i++) sum += expl(x[i] - m);
    return m + logl(sum);
}

long double ref_mean(int64_t n, const long double *x, double unused) {
    long double sum = 0;
    (void)unused;
    for (int64_t i = 0; i < n; i++) sum += x[i];
    return sum / (long double)n;
}

long double ref_var(int64_t n, const long double *x, double ddof) {
    long double mean = ref_mean(n, x, 0), sum = 0, divisor = (long double)n - ddof;
    for (int64_t i = 0; i < n; i++) sum += (x[i] - mean) * (x[i] - mean);
    return sum / (divisor > 0 ? divisor : 0);
}

long double ref_std(int64_t n, const long double *x, double ddof) { return sqrtl(ref_var(n, x, ddof)); }

long double ref_norm(int64_t n, const long double *x, double p) {
    long double sum = 0, least = (long double)INFINITY;
    if (p == 0) return ref_count_nonzero(n, x, 0);
    if (isinf(p) && p > 0) return largest(n, x, true);
    for (int64_t i = 0; i < n; i++) {
        sum += powl(fabsl(x[i]), p);
        if (fabsl(x[i]) < least || isnan(x[i])) least = fabsl(x[i]);
    }
    return isinf(p) ? least : powl(sum, 1 / (long double)p);
}

static long double moment(int64_t n, const long double *x, int k) {
    long double mean = ref_mean(n, x, 0), sum = 0;
    for (int64_t i = 0; i < n; i++) sum += powl(x[i] - mean, k);
    return sum / (long double)n;
}

long double ref_skewness(int64_t count, const long double *x, double unbiased) {
    long double n = (long double)count, g = moment(count, x, 3) / powl(moment(count, x, 2), 1.5L);
    return unbiased != 0 ? g * sqrtl(n * (n - 1)) / (n - 2) : g;
}

long double ref_kurtosis(int64_t count, const long double *x, double unbiased) {
    long double n = (long double)count, g = moment(count, x, 4) / powl(moment(count, x, 2), 2) - 3;
    return unbiased != 0 ? (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * g + 6) : g;
}

long double ref_sem(int64_t n, const long double *x, double ddof) {
    return ref_std(n, x, ddof) / sqrtl((long double)n);
}

static long double times(long double x, long double y) { return x * y; }
static long double size_times(long double x, long double y) { return fabsl(x * y); }
static long double quotient_of_sums(long double sum, long double weights) {
    return weights == 0 ? (long double)NAN : sum / weights;
}
static long double size_of_quotient(long double sum, long double weights) { return sum / fabsl(weights); }
static long double second_of(long double x, long double y) { return x * 0 + y; }

ref_array ref_average(ref_array x, ref_array w, unsigned axes, bool keepdims, bool size) {
    ref_array zeros = ref_array_like(x), all = ref_array_map2(zeros, w, second_of);
    ref_array sum =
        ref_array_reduce(REF_SUM, ref_array_map2(x, w, size ? size_times : times), axes, keepdims);
    return ref_array_map2(sum, ref_array_reduce(REF_SUM, all, axes, keepdims),
                          size ? size_of_quotient : quotient_of_sums);
}

ref_array ref_cov_weighted(ref_array x, ref_array w, double ddof, bool size) {
    int64_t variables = x.shape[0];
    ref_array c = ref_array_new(variables == 1 ? 0 : 2, (const int64_t[]){variables, variables});
    ref_array mean = ref_average(x, w, 2, false, false);
    long double sum = 0, squares = 0;
    for (int64_t k = 0; k < w.n; k++) {
        sum += w.v[k];
        squares += w.v[k] * w.v[k];
    }
    for (int64_t i = 0; i < c.n; i++) {
        const long double *a = x.v + i / variables * w.n, *b = x.v + i % variables * w.n;
        long double total = 0;
        for (int64_t k = 0; k < w.n; k++) {
            long double term = w.v[k] * (a[k] - mean.v[i / variables]) * (b[k] - mean.v[i % variables]);
            total += size ? fabsl(term) : term;
        }
        c.v[i] = total / fmaxl(sum - ddof * squares / sum, 0);
    }
    return c;
}

ref_array ref_cov(ref_array x, double ddof, bool size) {
    int64_t n = x.rank ? x.shape[x.rank - 1] : 1, variables = x.rank == 2 ? x.shape[0] : 1;
    long double divisor = (long double)n - ddof;
    ref_array c = ref_array_new(variables == 1 ? 0 : 2, (const int64_t[]){variables, variables});
    for (int64_t i = 0; i < variables; i++)
        for (int64_t j = 0; j < variables; j++) {
            const long double *a = x.v + i * n, *b = x.v + j * n;
            long double mean_a = ref_mean(n, a, 0), mean_b = ref_mean(n, b, 0), sum = 0;
            for (int64_t k = 0; k < n; k++) {
                long double product = (a[k] - mean_a) * (b[k] - mean_b);
                sum += size ? fabsl(product) : product;
            }
            c.v[i * variables + j] = sum / (divisor > 0 ? divisor : 0);
        }
    return c;
}

ref_array ref_corrcoef(ref_array x) {
    ref_array c = ref_cov(x, 0, false), r = ref_array_like(c);
    int64_t variables = c.rank ? c.shape[0] : 1;
    for (int64_t i = 0; i < c.n; i++) {
        long double di = c.v[i / variables * (variables + 1)], dj = c.v[i % variables * (variables + 1)];
        long double v = c.v[i] / sqrtl(di) / sqrtl(dj);
        r.v[i] = v > 1 ? 1 : v < -1 ? -1 : v;
    }
    return r;
}

static long double less(long double x, long double y) { return x - y; }
static long double over(long double x, long double y) { return x / (y == 0 ? 1 : y); }

/* Shifted by an element first, which changes nothing: a large mean would round even a long double. */
ref_array ref_zscore(ref_array all, unsigned axes, double ddof) {
    ref_array x = ref_array_like(all);
    for (int64_t i = 0; i < x.n; i++) x.v[i] = isfinite(all.v[0]) ? all.v[i] - all.v[0] : all.v[i];
    ref_array d = ref_array_map2(x, ref_array_fold(ref_mean, x, axes, true, 0), less);
    return ref_array_map2(d, ref_array_fold(ref_std, x, axes, true, ddof), over);
}

ref_array ref_minmax(ref_array x, unsigned axes, double lo, double hi) {
    ref_array least = ref_array_reduce(REF_MIN, x, axes, true),
              most = ref_array_reduce(REF_MAX, x, axes, true);
    ref_array y = ref_array_map2(ref_array_map2(x, least, less), ref_array_map2(most, least, less), over);
    for (int64_t i = 0; i < y.n; i++) y.v[i] = lo + y.v[i] * ((long double)hi - lo);
    return y;
}
