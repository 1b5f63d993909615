/*
 * Reductions with the lanes along the last kept axis. Outer axes: the other kept ones; loop axes: the reduced ones;
 * inner axis: the last kept one, `inner` columns.
 *
 * A work-item takes COLS vectors of W columns for one outer index and one of `segments` runs of per_segment
 * reduced indices:
 *     out[outer, column, segment] = reduction over reduced indices segment per_segment ...
 * written at segment * segment_step. It does per_item such tasks; neighbouring tasks have neighbouring columns.
 */
#include "prelude.h"
#include "program.h"
#include "hooks.h"
#include "reduce_fold.h"

#ifndef COLS
#define COLS 1
#endif

/* What is stored of `count` vectors of columns from `from` on */
#if IS_ARG
#define STORE_COLUMNS(count, from)                                                                           \
    for (int c = 0; c < count; c++) {                                                                        \
        const INDEX j = from + c * W, at = out0_at + segment * segment_step + j * out_step;                  \
        TS value[W];                                                                                         \
        IS index[W];                                                                                         \
        VSTORE(total[c].value, value);                                                                       \
        VSTORE(total[c].index, index);                                                                       \
        for (int l = 0; l < W && j + l < inner; l++) {                                                       \
            single result;                                                                                   \
            result.value = value[l];                                                                         \
            result.index = index[l] == NO_INDEX ? LONG_MAX : (long)first + index[l];                         \
            STORE_SINGLE(at + l * out_step, result)                                                          \
        }                                                                                                    \
    }
#define SET_INDEX(term, r) term.index = (I)((IS)(r));
#else
#define STORE_COLUMNS(count, from)                                                                           \
    for (int c = 0; c < count; c++) {                                                                        \
        const INDEX j = from + c * W, at = out0_at + segment * segment_step + j * out_step;                  \
        OUT0(store_some)(out0 + at, out_step, inner - j, total[c].value);                                    \
    }
#define SET_INDEX(term, r)
#endif

/* Reduces `count` vectors of columns from `from` on; load: how the program's inputs get their W columns from j on */
#define REDUCE_COLUMNS(count, from, load)                                                                    \
    {                                                                                                        \
        lanes total[count], block[count];                                                                    \
        UNROLL                                                                                               \
        for (int c = 0; c < count; c++)                                                                      \
            total[c] = block[c] = lanes_identity();                                                          \
        for (INDEX start = first; start < last; start += BLOCK) {                                            \
            const INDEX stop = min(start + BLOCK, last);                                                     \
            for (INDEX r = start; r < stop; r++) {                                                           \
                PROGRAM_START                                                                                \
                PROGRAM_OUTER(outer)                                                                         \
                PROGRAM_LOOP(r)                                                                              \
                UNROLL                                                                                       \
                for (int c = 0; c < count; c++) {                                                            \
                    const INDEX j = from + c * W;                                                            \
                    PROGRAM_VALUES                                                                           \
                    load                                                                                     \
                    PROGRAM_BODY                                                                             \
                    lanes term;                                                                              \
                    term.value = OUT0_VALUE;                                                                 \
                    SET_INDEX(term, r - first)                                                               \
                    block[c] = lanes_add(block[c], term);                                                    \
                }                                                                                            \
            }                                                                                                \
            UNROLL                                                                                           \
            for (int c = 0; c < count; c++) {                                                                \
                total[c] = lanes_add(total[c], block[c]);                                                    \
                block[c] = lanes_identity();                                                                 \
            }                                                                                                \
        }                                                                                                    \
        PROGRAM_START                                                                                        \
        PROGRAM_OUTER(outer)                                                                                 \
        STORE_COLUMNS(count, from)                                                                           \
    }

__kernel void reduce_columns(const INDEX tasks, const INDEX inner, const INDEX blocks, const INDEX outers,
                             const INDEX reduced, const INDEX per_segment, const INDEX segment_step,
                             const INDEX out_step, const INDEX per_item INDICES_PARAM PROGRAM_DIMS PROGRAM_PARAMS) {
    const INDEX first_task = (INDEX)get_global_id(0) * per_item, last_task = min(first_task + per_item, tasks);
    /* at the edge one vector after the other, so that a kernel has one only that is loaded in part */
    for (INDEX task = first_task; task < last_task; task++) {
        const INDEX row = divide(task, blocks), segment = divide(row, outers), outer = row - segment * outers;
        const INDEX column = (task - row * blocks) * (COLS * W);
        const INDEX first = segment * per_segment, last = min(first + per_segment, reduced);
#if COLS > 1
        if (column + COLS * W <= inner)
            REDUCE_COLUMNS(COLS, column, PROGRAM_LOAD(j))
        else
#endif
            for (INDEX one = column; one < inner && one < column + COLS * W; one += W)
                REDUCE_COLUMNS(1, one, if (j + W <= inner) { PROGRAM_LOAD(j) } else PROGRAM_LOAD_SOME(j, inner - j))
    }
}
