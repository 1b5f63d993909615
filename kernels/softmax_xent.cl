/*
 * Cross-entropy of softmax with its gradient: max and sum as in softmax.cl,
 *
 *   loss[r]    = (max - x[r][label[r]]) + log(sum)
 *   grad[r][c] = exp(x[r][c] - max) / sum - (c == label[r])        (with GRAD)
 *
 * x and grad are contiguous (rows, cols); grad may be x. A label outside [0, cols) gives NaN in its row.
 * LABEL is the dtype of the labels: i32, i64 or u8.
 */
#include "prelude.h"
#include "elementary.h"

#ifndef LABEL
#define LABEL CG_I32
#define GRAD 1
#endif
#define NEEDS_EXP GRAD
#include "softmax_row.h"

#if LABEL == CG_I64
typedef long label_type;
#elif LABEL == CG_U8
typedef uchar label_type;
#else
typedef int label_type;
#endif

/* A work-item has `rows_each` rows (GPU style: 1, which ITEMS of them share). */
__kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void
softmax_xent(const INDEX rows, const INDEX cols, const INDEX rows_each, const __global TS *x,
             const INDEX x_offset, const __global label_type *labels, const INDEX labels_offset,
             __global TS *loss, const INDEX loss_offset, __global TS *grad, const INDEX grad_offset) {
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
        __global TS *to = grad + grad_offset + own * cols;
        const long label = (long)labels[labels_offset + own];
        const bool valid = label >= 0 && label < (long)cols;
        /* read before grad, which may be x, is written */
        const TS chosen = valid ? from[label] : first_lane(T_NAN);
        const TS max = row_max(from, cols, lane, whole, kept, share);
        const TS sum = row_sum(from, to, cols, lane, whole, max, kept, share);
        if (live && lane == 0) loss[loss_offset + row] = (max - chosen) + first_lane(t_log((T)(sum)));
#if GRAD
#if ITEMS > 1
        barrier(CLK_GLOBAL_MEM_FENCE); /* everyone has read before grad, which may be x, is written */
#endif
        if (live) {
            row_write(from, to, cols, lane, whole, max, valid ? (TS)1 / sum : chosen, kept);
            /* by the work-item that wrote it */
            if (valid && lane == (int)(label / W % ITEMS)) to[label] -= (TS)1;
        }
#endif
    }
}
