/*
 * The loops of attention for one T. A file includes this once, after elementary_c.h and with CG_ATTENTION_TABLE, the
 * name of the table.
 */
#include "host/cpu/isa.h"

static void scale_scores(void *scores, double scale, ptrdiff_t n) {
    T *s = scores;
    const T factor = (T)scale;
    for (ptrdiff_t i = 0; i < n; i++) s[i] *= factor;
}

FN T masked(T s, T factor, T mask) { return mask == -T_INF ? -T_INF : s * factor + mask; }
FN T seen_or_not(T s, T factor, uint8_t seen) { return seen ? s * factor : -T_INF; }

static void mask_scores(void *scores, double scale, const void *mask, ptrdiff_t stride, ptrdiff_t n) {
    T *restrict s = scores;
    const T *restrict m = mask;
    const T factor = (T)scale;
    if (stride == 1)
        for (ptrdiff_t i = 0; i < n; i++) s[i] = masked(s[i], factor, m[i]);
    else
        for (ptrdiff_t i = 0; i < n; i++) s[i] = masked(s[i], factor, m[i * stride]);
}

static void mask_scores_by_bytes(void *scores, double scale, const uint8_t *mask, ptrdiff_t stride,
                                 ptrdiff_t n) {
    T *restrict s = scores;
    const T factor = (T)scale;
    if (stride == 1)
        for (ptrdiff_t i = 0; i < n; i++) s[i] = seen_or_not(s[i], factor, mask[i]);
    else
        for (ptrdiff_t i = 0; i < n; i++) s[i] = seen_or_not(s[i], factor, mask[i * stride]);
}

static void accumulate(void *result, double scale, const void *term, ptrdiff_t n) {
    T *restrict o = result;
    const T *restrict t = term;
    const T factor = (T)scale;
    for (ptrdiff_t i = 0; i < n; i++) o[i] = o[i] * factor + t[i];
}

static void slope(void *gradient, const void *weight, double row_delta, double scale, ptrdiff_t n) {
    T *restrict ds = gradient;
    const T *restrict p = weight;
    const T delta = (T)row_delta, factor = (T)scale;
    for (ptrdiff_t i = 0; i < n; i++) ds[i] = p[i] * (ds[i] - delta) * factor;
}

extern const cg_attention_isa CG_ATTENTION_TABLE;
const cg_attention_isa CG_ATTENTION_TABLE = {.scale = scale_scores,
                                             .mask = mask_scores,
                                             .mask_bytes = mask_scores_by_bytes,
                                             .accumulate = accumulate,
                                             .slope = slope};
