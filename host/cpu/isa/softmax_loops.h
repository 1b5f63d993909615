/*
 * The loops of softmax and cross-entropy for one T. A file includes this once, after elementary_c.h and
 * with CG_SOFTMAX_TABLE, the name of the table.
 *
 * Sums: CHUNK elements go to SUMS partial sums, element i to sum i % SUMS in order, which a tree adds;
 * the chunks are added in double. No value depends on the width of a vector.
 */
#include "host/cpu/isa.h"
#include "host/cpu/isa/simd.h"

#include "host/cpu/isa/exp_lanes.h"

#include <stdbool.h>

/* out may be x, but no element needs another one's result. */
#if defined(__clang__)
#define CG_IN_PLACE _Pragma("clang loop vectorize(assume_safety)")
#else
#define CG_IN_PLACE _Pragma("GCC ivdep")
#endif

enum { SUMS = 2048 / CG_BITS, CHUNK = 16 * SUMS };

static double row_max(const void *data, ptrdiff_t n) {
    const T *x = data;
    const vec lowest = vec_all(-T_INF);
    if (n < LANES) return (double)vec_largest(vec_load_filled(lowest, x, vec_first(n)));
    vec m[4] = {lowest, lowest, lowest, lowest};
    ptrdiff_t i = 0;
    for (; i + 4 * LANES <= n; i += 4 * LANES) {
        CG_UNROLL for (int v = 0; v < 4; v++) m[v] = vec_max(vec_load(x + i + v * LANES), m[v]);
    }
    for (; i + LANES <= n; i += LANES) m[0] = vec_max(vec_load(x + i), m[0]);
    m[1] = vec_max(vec_load(x + n - LANES), m[1]); /* some twice, which changes no maximum */
    return (double)vec_largest(vec_max(vec_max(m[0], m[1]), vec_max(m[2], m[3])));
}

/*
 * out = exp(x - m), s += out: a vector of each, with the bits of t_exp. x - m is at most 0 but for rounding, so only the
 * lower end of the range of exp needs care, and one instruction does that where what is made of a comparison takes four.
 */
FN void exp_sum_lanes(T *s, const T *x, T m, T *out) {
    const vec e = vec_exp_below(vec_max(vec_all(T_EXP_MIN), vec_load(x) - vec_all(m)));
    vec_store(out, e);
    vec_store(s, vec_load(s) + e);
}

/* At most CHUNK elements; out may be NULL. */
static double chunk_exp_sum(const T *x, T m, T *out, ptrdiff_t n) {
    T s[SUMS] = {0}, unwanted[LANES], padded[LANES];
    ptrdiff_t i = 0, j = 0;
    for (; i + SUMS <= n; i += SUMS) {
        for (j = 0; j < SUMS; j += LANES) exp_sum_lanes(s + j, x + i + j, m, out ? out + i + j : unwanted);
    }
    for (j = 0; i + LANES <= n; i += LANES, j += LANES) {
        exp_sum_lanes(s + j, x + i, m, out ? out + i : unwanted);
    }
    if (i < n) { /* filled up with -inf, whose exp adds nothing */
        vec_store(padded, vec_load_filled(vec_all(-T_INF), x + i, vec_first(n - i)));
        exp_sum_lanes(s + j, padded, m, padded);
        if (out) vec_store_part(out + i, vec_first(n - i), vec_load(padded));
    }
    for (int half = SUMS / 2; half >= LANES; half /= 2) {
        for (int lane = 0; lane < half; lane++) s[lane] += s[lane + half];
    }
    return (double)vec_sum(vec_load(s));
}

static double row_exp_sum(const void *data, double max, void *result, ptrdiff_t n) {
    const T *x = data;
    T *out = result;
    double sum = 0.0;
    for (ptrdiff_t i = 0; i < n; i += CHUNK) {
        ptrdiff_t part = n - i < CHUNK ? n - i : CHUNK;
        sum += chunk_exp_sum(x + i, (T)max, out ? out + i : NULL, part);
    }
    return sum;
}

static void row_scale(const void *data, double factor, void *result, ptrdiff_t n) {
    const T *x = data;
    T *out = result;
    const T f = (T)factor;
    CG_IN_PLACE for (ptrdiff_t i = 0; i < n; i++) out[i] = x[i] * f;
}

static void row_log_shift(const void *data, double max, double log_sum, void *result, ptrdiff_t n) {
    const T *x = data;
    T *out = result;
    const T m = (T)max, l = (T)log_sum;
    CG_IN_PLACE for (ptrdiff_t i = 0; i < n; i++) out[i] = (x[i] - m) - l;
}

static double log_of(double x) { return (double)t_log((T)x); }

/* --- Short rows, LANES of them side by side ----------------------------------------------------------------------- */

enum { MOST_VECS = SUMS / LANES }; /* of a short row */
_Static_assert(SUMS * sizeof(T) == CG_SOFTMAX_SHORT, "an element of a short row is a partial sum");

/* out[i] = the sum of the lanes of v[i], as vec_sum adds them, or their largest one: 2 log LANES steps for all of them. */
FN void lanes_together(vec v[LANES], bool largest, T *out) {
    CG_UNROLL for (int count = LANES; count > 1; count /= 2) {
        CG_UNROLL for (int i = 0; i < count / 2; i++) {
            const vec a = v[i], b = v[i + count / 2], low = vec_zip_low(a, b), high = vec_zip_high(a, b);
            v[i] = largest ? vec_max(low, high) : low + high;
        }
    }
    vec_store(out, v[0]);
}

FN vec load_of_row(const T *x, ptrdiff_t n) {
    return n >= LANES ? vec_load(x) : vec_load_filled(vec_all(-T_INF), x, vec_first(n));
}

/* The largest elements of `rows` <= LANES rows, in max; a row of NaN alone has -inf. */
FN void short_max(const T *x, ptrdiff_t rows, ptrdiff_t n, T *max) {
    vec m[LANES];
    for (ptrdiff_t i = 0; i < LANES; i++) {
        m[i] = vec_all(-T_INF);
        for (ptrdiff_t j = 0; i < rows && j < n; j += LANES)
            m[i] = vec_max(load_of_row(x + i * n + j, n - j), m[i]);
    }
    lanes_together(m, true, max);
}

/* The partial sums of one row meet as in chunk_exp_sum; what a row does not have counts as 0. */
FN vec short_row_exp(const T *x, ptrdiff_t n, T m, T *out) {
    vec s[MOST_VECS];
    T padded[LANES], e[LANES] = {0};
    CG_UNROLL for (int k = 0; k < MOST_VECS; k++) {
        const ptrdiff_t at = k * LANES;
        s[k] = vec_all(0);
        if (at >= n) continue;
        vec_store(padded, load_of_row(x + at, n - at));
        vec_store(e, s[k]);
        exp_sum_lanes(e, padded, m, padded);
        s[k] = vec_load(e);
        if (!out) continue;
        if (n - at >= LANES)
            vec_store(out + at, s[k]);
        else
            vec_store_part(out + at, vec_first(n - at), s[k]);
    }
    CG_UNROLL for (int half = MOST_VECS / 2; half > 0; half /= 2) {
        CG_UNROLL for (int k = 0; k < half; k++) s[k] += s[k + half];
    }
    return s[0];
}

static void short_exp_sum(const void *data, ptrdiff_t rows, ptrdiff_t n, void *result, void *max, void *sum) {
    for (ptrdiff_t first = 0; first < rows; first += LANES) {
        const ptrdiff_t count = rows - first < LANES ? rows - first : LANES;
        const T *x = (const T *)data + first * n;
        T *out = result ? (T *)result + first * n : NULL, *m = (T *)max + first;
        vec s[LANES];
        short_max(x, count, n, m);
        for (ptrdiff_t i = 0; i < LANES; i++)
            s[i] = i < count ? short_row_exp(x + i * n, n, m[i], out ? out + i * n : NULL) : vec_all(1);
        lanes_together(s, false, (T *)sum + first);
    }
}

static void short_scale(const void *data, ptrdiff_t rows, ptrdiff_t n, const void *sum, void *result) {
    const T *x = data, *s = sum;
    T *out = result, factor[CG_SOFTMAX_ROWS];
    for (int i = 0; i < CG_SOFTMAX_ROWS; i++) factor[i] = 1 / s[i];
    for (ptrdiff_t i = 0; i < rows; i++, x += n, out += n)
        CG_IN_PLACE for (ptrdiff_t j = 0; j < n; j++) out[j] = x[j] * factor[i];
}

static void short_log_shift(const void *data, ptrdiff_t rows, ptrdiff_t n, const void *max,
                            const void *log_sum, void *result) {
    const T *x = data, *m = max, *l = log_sum;
    T *out = result;
    for (ptrdiff_t i = 0; i < rows; i++, x += n, out += n)
        CG_IN_PLACE for (ptrdiff_t j = 0; j < n; j++) out[j] = (x[j] - m[i]) - l[i];
}

static void short_log(const void *sum, void *log_sum) {
    const T *s = sum;
    T *l = log_sum;
    for (int i = 0; i < CG_SOFTMAX_ROWS; i++) l[i] = t_log(s[i]);
}

extern const cg_softmax_isa CG_SOFTMAX_TABLE;
const cg_softmax_isa CG_SOFTMAX_TABLE = {.max = row_max,
                                         .exp_sum = row_exp_sum,
                                         .scale = row_scale,
                                         .log_shift = row_log_shift,
                                         .log = log_of,
                                         .short_exp_sum = short_exp_sum,
                                         .short_scale = short_scale,
                                         .short_log_shift = short_log_shift,
                                         .short_log = short_log};
