/*
 * out[row][j] = program(in[row][j]): the rows are the outer axes, j runs along the inner axis.
 *
 * A row is cut into `chunks` chunks of `chunk` elements (a multiple of W); unit u is a chunk of one of the rows, and
 * a work-item does the units from its number times per_item on. GPU style: chunk = W, per_item = 1, so neighbouring
 * items touch neighbouring memory. CPU style: long chunks, or many short rows, one after the other.
 *
 * TILE > 0, for operands that run across the rows (a transposed input): a unit is a chunk of TILE rows, the loop axis
 * of the program, so that what a cache line holds of other rows is used while it is there. The last outer axis then
 * counts blocks of TILE rows, `blocks` in number, and has `length` rows in all. ITEMS work-items (TILE times TILE in
 * the GPU style) share a unit.
 */
#include "prelude.h"
#include "program.h"
#include "hooks.h"

#ifndef TILE
#define TILE 0
#endif
#ifndef ITEMS
#define ITEMS 1
#endif

__kernel void map(const INDEX rows, const INDEX inner, const INDEX chunk, const INDEX chunks, const INDEX per_item,
                  const INDEX blocks, const INDEX length, const INDEX period PROGRAM_DIMS PROGRAM_PARAMS) {
    const INDEX first = (INDEX)(get_global_id(0) / ITEMS) * per_item, last = min(first + per_item, rows * chunks);
    for (INDEX unit = first; unit < last; unit++) {
#if N_OUTER
        const INDEX row = divide(unit, chunks), begin = (unit - row * chunks) * chunk;
#else
        const INDEX row = 0, begin = unit * chunk;
#endif
        const INDEX end = min(begin + chunk, inner);
#if TILE
        const INDEX rows_left = length - (row - divide(row, blocks) * blocks) * TILE;
#if ITEMS > 1
        const INDEX item = (INDEX)(get_global_id(0) % ITEMS), j0 = begin + item % TILE, step = TILE;
        const INDEX r0 = item / TILE, r1 = min(r0 + 1, rows_left);
#else
        const INDEX j0 = begin, step = W, r0 = 0, r1 = min((INDEX)TILE, rows_left);
#endif
        for (INDEX j = j0; j < end; j += step) {
            for (INDEX r = r0; r < r1; r++) {
                PROGRAM_START
                PROGRAM_OUTER(row)
                PROGRAM_LOOP(r)
                PROGRAM_RUN(j, end - j)
            }
        }
#else
        PROGRAM_START
        PROGRAM_OUTER(row)
        PROGRAM_WALK(begin, end, W)
        (void)blocks;
        (void)length;
#endif
        (void)row;
        (void)period;
    }
}
