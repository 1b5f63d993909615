/*
 * The loops over windows for one T. A file includes this once, after elementary_c.h and with CG_WINDOWS_TABLE, the name
 * of the table.
 */
#include <string.h>

#include "host/cpu/isa.h"
#include "host/cpu/isa/simd.h"

#if CG_BITS == 32
typedef int32_t place;
#else
typedef int64_t place;
#endif
typedef place places __attribute__((vector_size(CG_VEC_BYTES)));

/* n elements that are `step` apart: whole vectors and a part of one, as rows are short. */
static inline __attribute__((always_inline)) void copy_row(T *to, const T *from, ptrdiff_t n,
                                                           ptrdiff_t step) {
    if (step != 1) {
        for (ptrdiff_t j = 0; j < n; j++) to[j] = from[j * step];
        return;
    }
    ptrdiff_t j = 0;
    for (; j + LANES <= n; j += LANES) vec_store(to + j, vec_load(from + j));
    if (j < n) vec_store_part(to + j, vec_first(n - j), vec_load_part(from + j, vec_first(n - j)));
}

static void pad(void *to, const void *from, const cg_window_rows *r, ptrdiff_t left, ptrdiff_t right,
                ptrdiff_t step) {
    T *restrict out = to;
    const T *restrict in = from;
    for (ptrdiff_t i = 0; i < r->rows; i++, out += r->to_row, in += r->from_row) {
        for (ptrdiff_t j = 0; j < left; j++) out[j] = 0;
        if (step == 2)
            copy_row(out + left, in, r->n, 2);
        else
            copy_row(out + left, in, r->n, step);
        for (ptrdiff_t j = 0; j < right; j++) out[left + r->n + j] = 0;
    }
}

static void add_value(void *to, const void *from, const cg_window_rows *r, double number) {
    T *restrict out = to;
    const T *restrict in = from;
    const T value = (T)number;
    for (ptrdiff_t i = 0; i < r->rows; i++, out += r->to_row, in += r->from_row)
        for (ptrdiff_t j = 0; j < r->n; j++) out[j] = in[j] + value;
}

/* --- Windows side by side, one in each lane --------------------------------------------------------------------- */

/* The lanes 0, 2, ... of a and 1, 3, ... of b. */
FN vec every_other(vec a, vec b) {
#if CG_VEC_BYTES * 8 / CG_BITS == 16
    return __builtin_shufflevector(a, b, 0, 2, 4, 6, 8, 10, 12, 14, 17, 19, 21, 23, 25, 27, 29, 31);
#elif CG_VEC_BYTES * 8 / CG_BITS == 8
    return __builtin_shufflevector(a, b, 0, 2, 4, 6, 9, 11, 13, 15);
#elif CG_VEC_BYTES * 8 / CG_BITS == 4
    return __builtin_shufflevector(a, b, 0, 2, 5, 7);
#else
    return __builtin_shufflevector(a, b, 0, 3);
#endif
}

/* x[0], x[step], ... x[(n - 1) step], and no element behind it is read; the other lanes are 0. */
FN vec load_apart(const T *x, ptrdiff_t step, ptrdiff_t n) {
    if (step == 1) return n == LANES ? vec_load(x) : vec_load_part(x, vec_first(n));
    if (step == 2 && n == LANES) return every_other(vec_load(x), vec_load(x + LANES - 1));
    T lane[LANES] = {0};
    for (ptrdiff_t j = 0; j < n; j++) lane[j] = x[j * step];
    return vec_load(lane);
}

FN void store_lanes(T *y, vec v, ptrdiff_t n) {
    if (n == LANES)
        vec_store(y, v);
    else
        vec_store_part(y, vec_first(n), v);
}

/* Without branches: which element is the largest is not foreseen. */
FN void take_larger(vec *most, places *where, vec here, place at) {
#if CG_VEC_BYTES == 64 && CG_BITS == 32
    const __mmask16 number = _mm512_cmp_ps_mask((__m512)*most, (__m512)*most, _CMP_ORD_Q);
    const __mmask16 take = _mm512_mask_cmp_ps_mask(number, (__m512)here, (__m512)*most, _CMP_NLE_UQ);
    *most = (vec)_mm512_mask_mov_ps((__m512)*most, take, (__m512)here);
    *where = (places)_mm512_mask_set1_epi32((__m512i)*where, take, at);
#elif CG_VEC_BYTES == 64
    const __mmask8 number = _mm512_cmp_pd_mask((__m512d)*most, (__m512d)*most, _CMP_ORD_Q);
    const __mmask8 take = _mm512_mask_cmp_pd_mask(number, (__m512d)here, (__m512d)*most, _CMP_NLE_UQ);
    *most = (vec)_mm512_mask_mov_pd((__m512d)*most, take, (__m512d)here);
    *where = (places)_mm512_mask_set1_epi64((__m512i)*where, take, at);
#else
    const places take = ~(places)(here <= *most) & (places)(*most == *most), all = at - (places){0};
    *most = (vec)((take & (places)here) | (~take & (places)*most));
    *where = (take & all) | (~take & *where);
#endif
}

FN void max_lanes(T *y, int64_t *index, int64_t at, const T *x, const cg_window_taps *t, ptrdiff_t step,
                  ptrdiff_t n) {
    vec most = load_apart(x, step, n);
    places where = {0};
    for (ptrdiff_t r = 0; r < t->rows; r++)
        for (ptrdiff_t s = r == 0; s < t->taps; s++) {
            const ptrdiff_t from = r * t->row_step + s * t->tap_step;
            take_larger(&most, &where, load_apart(x + from, step, n), (place)from);
        }
    store_lanes(y, most, n);
    place lane[LANES];
    memcpy(lane, &where, sizeof lane);
    for (ptrdiff_t j = 0; index && j < n; j++) index[j] = at + j * step + lane[j];
}

FN void max_windows(T *y, int64_t *index, int64_t at, const T *x, const cg_window_taps *t, ptrdiff_t step) {
    ptrdiff_t j = 0;
    for (; j + LANES <= t->n; j += LANES)
        max_lanes(y + j, index ? index + j : NULL, at + j * step, x + j * step, t, step, LANES);
    if (j < t->n) max_lanes(y + j, index ? index + j : NULL, at + j * step, x + j * step, t, step, t->n - j);
}

static void max(void *y, int64_t *index, int64_t at, const void *x, const cg_window_taps *t) {
    if (t->step == 1)
        max_windows(y, index, at, x, t, 1);
    else if (t->step == 2)
        max_windows(y, index, at, x, t, 2);
    else
        max_windows(y, index, at, x, t, t->step);
}

/* What x / divisor is by a factor, where that is exact: a division takes as long as ten products. */
typedef struct quotient {
    T divisor, factor;
    int exact; /* the divisor is a power of two */
} quotient;

static quotient quotient_of(double divisor) {
    int exponent;
    const T d = (T)divisor;
    return (quotient){d, 1 / d, __builtin_frexp((double)d, &exponent) == 0.5};
}

FN vec divide(quotient q, vec x) { return q.exact ? x * vec_all(q.factor) : x / vec_all(q.divisor); }

FN void mean_lanes(T *y, const T *x, const cg_window_taps *t, ptrdiff_t step, quotient q, ptrdiff_t n) {
    vec sum = vec_all(0);
    for (ptrdiff_t r = 0; r < t->rows; r++)
        for (ptrdiff_t s = 0; s < t->taps; s++)
            sum += load_apart(x + r * t->row_step + s * t->tap_step, step, n);
    store_lanes(y, divide(q, sum), n);
}

FN void mean_windows(T *y, const T *x, const cg_window_taps *t, ptrdiff_t step, quotient q) {
    ptrdiff_t j = 0;
    for (; j + LANES <= t->n; j += LANES) mean_lanes(y + j, x + j * step, t, step, q, LANES);
    if (j < t->n) mean_lanes(y + j, x + j * step, t, step, q, t->n - j);
}

static void mean(void *y, const void *x, const cg_window_taps *t, double divisor) {
    const quotient q = quotient_of(divisor);
    if (t->step == 1)
        mean_windows(y, x, t, 1, q);
    else if (t->step == 2)
        mean_windows(y, x, t, 2, q);
    else
        mean_windows(y, x, t, t->step, q);
}

static void spread(void *to, const void *from, ptrdiff_t n, ptrdiff_t taps, double divisor) {
    T *x = to;
    const T *y = from;
    const quotient q = quotient_of(divisor);
    ptrdiff_t j = 0;
    for (; taps == 2 && j + LANES <= n; j += LANES) {
        const vec share = divide(q, vec_load(y + j)) + vec_all(0);
        vec_store(x + 2 * j, vec_zip_low(share, share));
        vec_store(x + 2 * j + LANES, vec_zip_high(share, share));
    }
    for (; j < n; j++) {
        const T share = y[j] / q.divisor + 0;
        for (ptrdiff_t s = 0; s < taps; s++) x[j * taps + s] = share;
    }
}

extern const cg_windows_isa CG_WINDOWS_TABLE;
const cg_windows_isa CG_WINDOWS_TABLE = {
    .pad = pad, .add_value = add_value, .max = max, .mean = mean, .spread = spread};
