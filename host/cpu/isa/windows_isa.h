/* Inner loops over windows of images: rows of padded images, and the largest element of each window. */
#ifndef CLGRAD_HOST_CPU_ISA_WINDOWS_ISA_H
#define CLGRAD_HOST_CPU_ISA_WINDOWS_ISA_H

#include <stddef.h>
#include <stdint.h>

/* `rows` rows of n elements, to and from rows that are so far apart. */
typedef struct cg_window_rows {
    ptrdiff_t rows, n, to_row, from_row;
} cg_window_rows;

typedef struct cg_windows_isa {
    /* to = from, `step` apart in a row, with `left` zeros before and `right` behind each row, which `to` has beside the n */
    void (*pad)(void *to, const void *from, const cg_window_rows *r, ptrdiff_t left, ptrdiff_t right,
                ptrdiff_t step);
    /* to = from + value */
    void (*add_value)(void *to, const void *from, const cg_window_rows *r, double value);
    /*
     * One tap of windows for which a maximum is sought: `value` and `which`, integers as wide as T, become x, from_row
     * apart and `step` apart in a row, and `tap` where which < 0 or x is larger or the first NaN.
     */
    void (*max)(void *value, void *which, const void *x, const cg_window_rows *r, ptrdiff_t step,
                ptrdiff_t tap);
    /* index[i, j] = at + i to_row_step + j step + offset[which[i, j]], contiguous */
    void (*places)(int64_t *index, const void *which, const int64_t *offset, int64_t at,
                   const cg_window_rows *r, ptrdiff_t step);
} cg_windows_isa;

#endif
