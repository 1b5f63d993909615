/*
 * out[r][c] = exp(x[r][c] - max) / sum, or with LOG (x[r][c] - max) - log(sum), where max and sum are those of the
 * row: sum = sum over c of exp(x[r][c] - max). x and out are contiguous (rows, cols); out may be x.
 */
#include "prelude.h"
#include "elementary.h"

#ifndef LOG
#define LOG 0
#endif
#define NEEDS_EXP (!LOG)
#include "softmax_row.h"

/* A work-item has `rows_each` rows (GPU style: 1, which ITEMS of them share). */
__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void
softmax(const INDEX rows, const INDEX cols, const INDEX rows_each, const __global TS *x, const INDEX x_offset,
        __global TS *out, const INDEX out_offset) {
    __local TS share[GROUP];
    T kept[KEEP + 1];
    const INDEX unit = (INDEX)get_global_id(0) / ITEMS;
    const int lane = (int)(get_local_id(0) % ITEMS);
    for (INDEX i = 0; i < rows_each; i++) {
        const INDEX row = unit * rows_each + i;
        if (ITEMS == 1 && row >= rows) break;
        const bool live = row < rows; /* the others go along to the barriers */
        const __global TS *from = x + x_offset + (live ? row : 0) * cols;
        __global TS *to = out + out_offset + (live ? row : 0) * cols;
        const TS max = row_max(from, cols, lane, kept, share);
        const TS sum = row_sum(from, to, cols, lane, max, kept, share);
        const TS factor = LOG ? first_lane(t_log((T)(sum))) : (TS)1 / sum;
        if (live) row_write(from, to, cols, lane, max, factor, kept);
    }
}
