/*
 * The loops of normalization for one T. A file includes this once, after elementary_c.h and with CG_NORM_TABLE, the name
 * of the table.
 *
 * Sums: CHUNK elements go to SUMS partial sums, element i to sum i % SUMS in order, which a tree adds; the chunks are added
 * in double. No value depends on the width of a vector.
 */
#include "host/cpu/isa.h"
#include "host/cpu/isa/simd.h"

/* The results may be the operands, but no element needs another one's result. */
#if defined(__clang__)
#define CG_IN_PLACE _Pragma("clang loop vectorize(assume_safety)")
#else
#define CG_IN_PLACE _Pragma("GCC ivdep")
#endif

enum { SUMS = 2048 / CG_BITS, CHUNK = 16 * SUMS };

FN double add_up(T *s) {
    for (int half = SUMS / 2; half > 0; half /= 2)
        for (int i = 0; i < half; i++) s[i] += s[i + half];
    return (double)s[0];
}

/* The sum of TERM(i) over 0 <= i < n; TERM reads what is in scope. */
#define CG_SUM(result, n, TERM)                                                                              \
    for (ptrdiff_t from = 0; from < (n); from += CHUNK) {                                                    \
        const ptrdiff_t end = (n)-from < CHUNK ? (n) : from + CHUNK;                                         \
        T s[SUMS] = {0};                                                                                     \
        ptrdiff_t at = from;                                                                                 \
        for (; at + SUMS <= end; at += SUMS)                                                                 \
            for (int j = 0; j < SUMS; j++) s[j] += TERM(at + j);                                             \
        for (int j = 0; at + j < end; j++) s[j] += TERM(at + j);                                             \
        (result) += add_up(s);                                                                               \
    }

#define FROM_FIRST(i) (x[i] - x0)
#define SQUARE(i) ((x[i] - m - lost) * (x[i] - m - lost))
#define PLAIN_SQUARE(i) (x[i] * x[i])

/* mean = x0 + mean(x - x0) as the sum m + lost, by Knuth's two-sum. */
static cg_row_moments mean_of(const T *x, ptrdiff_t n) {
    const T x0 = x[0];
    double sum = 0;
    CG_SUM(sum, n, FROM_FIRST)
    const T from = (T)(sum / (double)n), m = x0 + from, part = m - x0;
    return (cg_row_moments){.mean = (double)m, .lost = (double)((x0 - (m - part)) + (from - part))};
}

static void write_row(const T *x, const T *w, const T *b, const cg_row_moments *r, T *out, ptrdiff_t n) {
    const T m = (T)r->mean, lost = (T)r->lost, rstd = (T)r->rstd;
    if (w && b) {
        CG_IN_PLACE for (ptrdiff_t i = 0; i < n; i++) out[i] = (x[i] - m - lost) * rstd * w[i] + b[i];
    } else if (w) {
        CG_IN_PLACE for (ptrdiff_t i = 0; i < n; i++) out[i] = (x[i] - m - lost) * rstd * w[i];
    } else if (b) {
        CG_IN_PLACE for (ptrdiff_t i = 0; i < n; i++) out[i] = (x[i] - m - lost) * rstd + b[i];
    } else {
        CG_IN_PLACE for (ptrdiff_t i = 0; i < n; i++) out[i] = (x[i] - m - lost) * rstd;
    }
}

static cg_row_moments forward(const void *data, const void *weight, const void *bias, bool centre,
                              double epsilon, void *out, ptrdiff_t n) {
    const T *x = data;
    cg_row_moments r = {0};
    double sum = 0;
    if (centre) {
        r = mean_of(x, n);
        const T m = (T)r.mean, lost = (T)r.lost;
        CG_SUM(sum, n, SQUARE)
    } else {
        CG_SUM(sum, n, PLAIN_SQUARE)
    }
    r.var = (double)(T)(sum / (double)n);
    r.rstd = (double)(T)(1 / __builtin_sqrt(r.var + (double)(T)epsilon));
    write_row(x, weight, bias, &r, out, n);
    return r;
}

#define Z(i) ((x[i] - m - lost) * rstd)
#define PLAIN_G(i) (g[i])
#define PLAIN_GZ(i) (g[i] * Z(i))
#define WEIGHTED_G(i) (g[i] * w[i])
#define WEIGHTED_GZ(i) (g[i] * w[i] * Z(i))

static void backward(const void *gradient, const void *data, const void *weight, bool centre,
                     const cg_row_moments *r, void *result, ptrdiff_t n) {
    const T *g = gradient, *x = data, *w = weight;
    T *dx = result;
    const T m = (T)r->mean, lost = (T)r->lost, rstd = (T)r->rstd;
    double sum = 0, sum_z = 0;
    if (w) {
        if (centre) CG_SUM(sum, n, WEIGHTED_G)
        CG_SUM(sum_z, n, WEIGHTED_GZ)
    } else {
        if (centre) CG_SUM(sum, n, PLAIN_G)
        CG_SUM(sum_z, n, PLAIN_GZ)
    }
    const T mean = (T)(sum / (double)n), mean_z = (T)(sum_z / (double)n);
    if (w) {
        CG_IN_PLACE for (ptrdiff_t i = 0; i < n; i++) dx[i] = (g[i] * w[i] - mean - Z(i) * mean_z) * rstd;
    } else {
        CG_IN_PLACE for (ptrdiff_t i = 0; i < n; i++) dx[i] = (g[i] - mean - Z(i) * mean_z) * rstd;
    }
}

extern const cg_norm_isa CG_NORM_TABLE;
const cg_norm_isa CG_NORM_TABLE = {.forward = forward, .backward = backward};
