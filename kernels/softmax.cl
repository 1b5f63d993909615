/*
 * out[r][c] = exp(x[r][c] - max) / sum, or with LOG (x[r][c] - max) - log(sum), where max and sum are those
 * of the row: sum = sum over c of exp(x[r][c] - max). x and out are contiguous (rows, cols); out may be x.
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
        /* beyond the end a work-item goes along to the barriers with the first row of its group */
        const bool live = row < rows;
        const bool whole = i + 1 < rows_each && row + 1 < rows; /* the next row is this work-item's too */
        const INDEX own = live ? row : (INDEX)get_group_id(0) * (GROUP / ITEMS);
        const __global TS *from = x + x_offset + own * cols;
        __global TS *to = out + out_offset + own * cols;
        const TS max = row_max(from, cols, lane, whole, kept, share);
        const TS sum = row_sum(from, to, cols, lane, whole, max, kept, share);
        const TS factor = LOG ? first_lane(t_log((T)(sum))) : (TS)1 / sum;
#if ITEMS > 1
        barrier(CLK_GLOBAL_MEM_FENCE); /* everyone has read before the output, which may be x, is written */
#endif
        if (live) row_write(from, to, cols, lane, whole, max, factor, kept);
    }
}
