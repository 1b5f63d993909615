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

enum { SUMS = 2048 / CG_BITS, CHUNK = 16 * SUMS, LINE = 512 / CG_BITS /* of the cache */ };

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

/* x0 + distance as the sum m + lost, by Knuth's two-sum. */
FN cg_row_moments mean_from(T x0, T distance) {
    const T m = x0 + distance, part = m - x0;
    return (cg_row_moments){.mean = (double)m, .lost = (double)((x0 - (m - part)) + (distance - part))};
}

/* mean(x - x0) */
FN T distance_from(T x0, const T *x, ptrdiff_t n) {
    double sum = 0;
    CG_SUM(sum, n, FROM_FIRST)
    return (T)(sum / (double)n);
}

/* The sum of (x - mean)^2 */
FN double squares_about(const cg_row_moments *r, const T *x, ptrdiff_t n) {
    const T m = (T)r->mean, lost = (T)r->lost;
    double sum = 0;
    CG_SUM(sum, n, SQUARE)
    return sum;
}

FN double squares_of(const T *x, ptrdiff_t n) {
    double sum = 0;
    CG_SUM(sum, n, PLAIN_SQUARE)
    return sum;
}

FN void set_var(cg_row_moments *r, double var, double epsilon) {
    r->var = (double)(T)var;
    r->rstd = (double)(T)(1 / __builtin_sqrt(r->var + (double)(T)epsilon));
}

/* The row after this one is fetched meanwhile: rows are too short for the processor to foresee them. */
FN void write_row(const T *x, const T *w, const T *b, const cg_row_moments *r, T *out, ptrdiff_t n) {
    const T m = (T)r->mean, lost = (T)r->lost, rstd = (T)r->rstd;
    for (ptrdiff_t i = 0; i < n; i += LINE) __builtin_prefetch(x + n + i);
    CG_IN_PLACE for (ptrdiff_t i = 0; i < n; i++) {
        T y = (x[i] - m - lost) * rstd;
        if (w) y *= w[i];
        out[i] = b ? y + b[i] : y;
    }
}

static cg_row_moments forward(const void *data, const void *weight, const void *bias, bool centre,
                              double epsilon, void *out, ptrdiff_t n) {
    const T *x = data;
    cg_row_moments r = {0};
    if (centre) r = mean_from(x[0], distance_from(x[0], x, n));
    set_var(&r, (centre ? squares_about(&r, x, n) : squares_of(x, n)) / (double)n, epsilon);
    if (weight && bias)
        write_row(x, weight, bias, &r, out, n);
    else if (weight)
        write_row(x, weight, NULL, &r, out, n);
    else if (bias)
        write_row(x, NULL, bias, &r, out, n);
    else
        write_row(x, NULL, NULL, &r, out, n);
    return r;
}

#define Z(i) ((x[i] - m - lost) * rstd)

FN T weighted(T slope, const T *w, ptrdiff_t i) { return w ? slope * w[i] : slope; }

/* s[j] += gw, s_z[j] += gw z of the elements from x on. */
FN void add_terms(T *s, T *s_z, const T *g, const T *x, const T *w, const T *number, ptrdiff_t count) {
    const T m = number[0], lost = number[1], rstd = number[2];
    for (ptrdiff_t j = 0; j < count; j++) {
        const T gw = weighted(g[j], w, j);
        s[j] += gw;
        s_z[j] += gw * Z(j);
    }
}

/* The sums of gw and of gw z, in the order of CG_SUM. */
FN void gradient_sums(const T *g, const T *x, const T *w, const T *number, double *sum, double *sum_z,
                      ptrdiff_t n) {
    for (ptrdiff_t from = 0; from < n; from += CHUNK) {
        const ptrdiff_t end = n - from < CHUNK ? n : from + CHUNK;
        T s[SUMS] = {0}, s_z[SUMS] = {0};
        ptrdiff_t i = from;
        for (; i + SUMS <= end; i += SUMS) add_terms(s, s_z, g + i, x + i, w ? w + i : NULL, number, SUMS);
        add_terms(s, s_z, g + i, x + i, w ? w + i : NULL, number, end - i);
        *sum += add_up(s);
        *sum_z += add_up(s_z);
    }
}

/* dx, and what is added to the sums over rows; `number` is that of moments, mean(gw) and mean(gw z). */
FN void write_gradient(const T *g, const T *x, const T *w, const T *number, T *dx, T *sums, ptrdiff_t n) {
    const T m = number[0], lost = number[1], rstd = number[2], mean = number[3], mean_z = number[4];
    T *sums_g = sums ? sums + n : NULL;
    for (ptrdiff_t i = 0; i < n; i += LINE) __builtin_prefetch(g + n + i), __builtin_prefetch(x + n + i);
    CG_IN_PLACE for (ptrdiff_t i = 0; i < n; i++) {
        const T slope = g[i], z = Z(i), gw = weighted(slope, w, i);
        if (sums) { /* read both first: a load from 4 KiB behind a store waits for it */
            const T along = sums[i] + slope * z, sum = sums_g[i] + slope;
            sums[i] = along;
            sums_g[i] = sum;
        }
        dx[i] = (gw - mean - z * mean_z) * rstd;
    }
}

static void backward(const void *gradient, const void *data, const void *weight, bool centre,
                     const cg_row_moments *r, void *result, void *sums, ptrdiff_t n) {
    const T *g = gradient, *x = data, *w = weight;
    T number[5] = {(T)r->mean, (T)r->lost, (T)r->rstd}; /* then mean(gw), mean(gw z) */
    double sum = 0, sum_z = 0;
    if (w)
        gradient_sums(g, x, w, number, &sum, &sum_z, n);
    else
        gradient_sums(g, x, NULL, number, &sum, &sum_z, n);
    number[3] = centre ? (T)(sum / (double)n) : 0;
    number[4] = (T)(sum_z / (double)n);
    if (w && sums)
        write_gradient(g, x, w, number, result, sums, n);
    else if (w)
        write_gradient(g, x, w, number, result, NULL, n);
    else if (sums)
        write_gradient(g, x, NULL, number, result, sums, n);
    else
        write_gradient(g, x, NULL, number, result, NULL, n);
}

/* --- Pieces ----------------------------------------------------------------------------------------------------- */

static cg_norm_piece piece(const void *data, const void *first, bool centre, ptrdiff_t n) {
    const T *x = data, x0 = *(const T *)first;
    if (!centre) return (cg_norm_piece){0, squares_of(x, n)};
    const T distance = distance_from(x0, x, n);
    const cg_row_moments r = mean_from(x0, distance);
    return (cg_norm_piece){(double)distance, squares_about(&r, x, n)};
}

static cg_row_moments moments(const void *x0, double distance, double var, double epsilon) {
    cg_row_moments r = mean_from(*(const T *)x0, (T)distance);
    set_var(&r, var, epsilon);
    return r;
}

static void piece_sums(const void *g, const void *x, const cg_row_moments *r, double *sum, ptrdiff_t n) {
    const T number[] = {(T)r->mean, (T)r->lost, (T)r->rstd};
    sum[0] = sum[1] = 0;
    gradient_sums(g, x, NULL, number, sum + 1, sum, n);
}

static void piece_backward(const void *gradient, const void *data, double weight, const cg_row_moments *r,
                           double mean, double mean_z, void *result, ptrdiff_t n) {
    const T *g = gradient, *x = data;
    const T m = (T)r->mean, lost = (T)r->lost, rstd = (T)r->rstd, w = (T)weight, a = (T)mean, b = (T)mean_z;
    T *dx = result;
    CG_IN_PLACE for (ptrdiff_t i = 0; i < n; i++) dx[i] = (g[i] * w - a - Z(i) * b) * rstd;
}

extern const cg_norm_isa CG_NORM_TABLE;
const cg_norm_isa CG_NORM_TABLE = {.forward = forward,
                                   .backward = backward,
                                   .piece = piece,
                                   .moments = moments,
                                   .piece_sums = piece_sums,
                                   .piece_backward = piece_backward};
