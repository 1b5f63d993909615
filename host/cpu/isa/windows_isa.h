/* Inner loops over windows of images: rows of padded images, and the largest element of each window. */
#ifndef CLGRAD_HOST_CPU_ISA_WINDOWS_ISA_H
#define CLGRAD_HOST_CPU_ISA_WINDOWS_ISA_H

#include <stddef.h>
#include <stdint.h>

/* `rows` rows of n elements, to and from rows that are so far apart. */
typedef struct cg_window_rows {
    ptrdiff_t rows, n, to_row, from_row;
} cg_window_rows;

/* Neighbouring windows, whose taps are: window j has the elements j step + r row_step + s tap_step from x on. */
typedef struct cg_window_taps {
    ptrdiff_t n, step, rows, row_step, taps, tap_step;
} cg_window_taps;

typedef struct cg_windows_isa {
    /* to = from, `step` apart in a row, with `left` zeros before and `right` behind each row, which `to` has beside the n */
    void (*pad)(void *to, const void *from, const cg_window_rows *r, ptrdiff_t left, ptrdiff_t right,
                ptrdiff_t step);
    /* to = from + value */
    void (*add_value)(void *to, const void *from, const cg_window_rows *r, double value);
    /* y[j] = the first NaN, else the first of the largest of window j; index[j], unless NULL: `at` + its place from x. */
    void (*max)(void *y, int64_t *index, int64_t at, const void *x, const cg_window_taps *t);
    /* y[j] = the sum of window j in the order of its taps / divisor */
    void (*mean)(void *y, const void *x, const cg_window_taps *t, double divisor);
    /* x[j taps + s] = 0 + y[j] / divisor for each of n windows and its taps */
    void (*spread)(void *x, const void *y, ptrdiff_t n, ptrdiff_t taps, double divisor);
} cg_windows_isa;

#endif
