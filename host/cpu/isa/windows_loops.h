/*
 * The loops over windows for one T. A file includes this once, after elementary_c.h and with CG_WINDOWS_TABLE, the name
 * of the table.
 */
#include <string.h>

#include "host/cpu/isa.h"
#include "host/cpu/isa/simd.h"

#if CG_BITS == 32
typedef int32_t tap_number;
#else
typedef int64_t tap_number;
#endif

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

/* Without branches: which element is the largest is not foreseen. */
static inline __attribute__((always_inline)) void max_row(T *restrict value, tap_number *restrict which,
                                                          const T *restrict x, ptrdiff_t n, ptrdiff_t step,
                                                          tap_number tap) {
    for (ptrdiff_t j = 0; j < n; j++) {
        const T here = x[j * step], most = value[j];
        const tap_number before = which[j];
        const tap_number larger = here <= most ? 0 : -1, number = most == most ? -1 : 0;
        const tap_number take = (larger & number) | (before >> (CG_BITS - 1));
        value[j] = take ? here : most;
        which[j] = (tap & take) | (before & ~take);
    }
}

static void max(void *value, void *which, const void *x, const cg_window_rows *r, ptrdiff_t step,
                ptrdiff_t tap) {
    T *v = value;
    tap_number *w = which, number = (tap_number)tap;
    const T *in = x;
    for (ptrdiff_t i = 0; i < r->rows; i++, v += r->to_row, w += r->to_row, in += r->from_row) {
        if (step == 1)
            max_row(v, w, in, r->n, 1, number);
        else if (step == 2)
            max_row(v, w, in, r->n, 2, number);
        else
            max_row(v, w, in, r->n, step, number);
    }
}

static void places(int64_t *index, const void *which, const int64_t *offset, int64_t at,
                   const cg_window_rows *r, ptrdiff_t step) {
    const tap_number *w = which;
    for (ptrdiff_t i = 0; i < r->rows; i++, index += r->n, w += r->n, at += r->to_row)
        for (ptrdiff_t j = 0; j < r->n; j++) index[j] = at + j * step + offset[w[j]];
}

extern const cg_windows_isa CG_WINDOWS_TABLE;
const cg_windows_isa CG_WINDOWS_TABLE = {.pad = pad, .add_value = add_value, .max = max, .places = places};
