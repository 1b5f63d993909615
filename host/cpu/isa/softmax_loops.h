/*
 * The loops of softmax and cross-entropy for one T. A file includes this once, after elementary_c.h and
 * with CG_SOFTMAX_TABLE, the name of the table.
 *
 * Sums: CHUNK elements go to SUMS partial sums, element i to sum i % SUMS in order, which a tree adds;
 * the chunks are added in double. No value depends on the width of a vector.
 */
#include "host/cpu/isa.h"
#include "host/cpu/isa/simd.h"

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

/* p 2^n in place, n whole, p near 1: t_k_scale with one rounding, where there is an instruction that does it. */
FN vec vec_scale(vec p, vec n) {
#if CG_VEC_BYTES == 64 && CG_BITS == 32
    return (vec)_mm512_scalef_ps((__m512)p, (__m512)n);
#elif CG_VEC_BYTES == 64
    return (vec)_mm512_scalef_pd((__m512d)p, (__m512d)n);
#else
    for (int j = 0; j < LANES; j++) p[j] = t_k_scale(p[j], n[j] + T_MAGIC);
    return p;
#endif
}

/*
 * out = exp(x - m), s += out: a vector of each, with the bits of t_exp. x - m is at most 0 but for rounding, so only the
 * lower end of the range of exp needs care, and one instruction does that where what is made of a comparison takes four.
 */
FN void exp_sum_lanes(T *s, const T *x, T m, T *out) {
    T a[LANES], p[LANES], n[LANES];
    vec_store(a, vec_max(vec_all(T_EXP_MIN), vec_load(x) - vec_all(m)));
    for (int j = 0; j < LANES; j++) {
        T low, t, r = t_k_exp_reduce(a[j], &low, &t);
        p[j] = C(1.0) + t_k_expm1_small(r, low);
        n[j] = t - T_MAGIC;
    }
    const vec e = vec_scale(vec_load(p), vec_load(n));
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

extern const cg_softmax_isa CG_SOFTMAX_TABLE;
const cg_softmax_isa CG_SOFTMAX_TABLE = {
    .max = row_max, .exp_sum = row_exp_sum, .scale = row_scale, .log_shift = row_log_shift, .log = log_of};
