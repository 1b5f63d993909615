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

__kernel void reduce_columns(const INDEX tasks, const INDEX inner, const INDEX blocks, const INDEX outers,
                             const INDEX reduced, const INDEX per_segment, const INDEX segment_step,
                             const INDEX out_step, const INDEX per_item INDICES_PARAM PROGRAM_DIMS PROGRAM_PARAMS) {
    const INDEX first_task = (INDEX)get_global_id(0) * per_item, last_task = min(first_task + per_item, tasks);
    for (INDEX task = first_task; task < last_task; task++) {
        const INDEX row = divide(task, blocks), segment = divide(row, outers), outer = row - segment * outers;
        const INDEX column = (task - row * blocks) * (COLS * W);
        const INDEX first = segment * per_segment, last = min(first + per_segment, reduced);
        lanes total[COLS], block[COLS];
#pragma unroll
        for (int c = 0; c < COLS; c++)
            total[c] = block[c] = lanes_identity();
        for (INDEX start = first; start < last; start += BLOCK) {
            const INDEX stop = min(start + BLOCK, last);
            for (INDEX r = start; r < stop; r++) {
                PROGRAM_START
                PROGRAM_OUTER(outer)
                PROGRAM_LOOP(r)
#pragma unroll
                for (int c = 0; c < COLS; c++) {
                    const INDEX j = column + c * W;
                    PROGRAM_VALUES
                    if (j + W <= inner)
                        { PROGRAM_LOAD(j) }
                    else
                        PROGRAM_LOAD_SOME(j, inner - j)
                    PROGRAM_BODY
                    lanes term;
                    term.value = OUT0_VALUE;
#if IS_ARG
                    term.index = (I)((IS)(r - first));
#endif
                    block[c] = lanes_add(block[c], term);
                }
            }
#pragma unroll
            for (int c = 0; c < COLS; c++) {
                total[c] = lanes_add(total[c], block[c]);
                block[c] = lanes_identity();
            }
        }
        PROGRAM_START
        PROGRAM_OUTER(outer)
#pragma unroll
        for (int c = 0; c < COLS; c++) {
            const INDEX j = column + c * W, at = out0_at + segment * segment_step + j * out_step;
#if IS_ARG
            TS value[W];
            IS index[W];
            VSTORE(total[c].value, value);
            VSTORE(total[c].index, index);
            for (int l = 0; l < W && j + l < inner; l++) {
                single result;
                result.value = value[l];
                result.index = index[l] == NO_INDEX ? LONG_MAX : (long)first + index[l];
                STORE_SINGLE(at + l * out_step, result)
            }
#else
            OUT0(store_some)(out0 + at, out_step, inner - j, total[c].value);
#endif
        }
    }
}
