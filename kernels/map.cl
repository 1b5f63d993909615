/*
 * out[row][j] = program(in[row][j]): the rows are the outer axes, j runs along the inner axis.
 *
 * A row is cut into `chunks` chunks of `chunk` elements (a multiple of W); work-item g does the chunks
 * g per_item .. (g + 1) per_item - 1 of all rows * chunks. GPU style: chunk = W, per_item = 1, so neighbouring
 * items touch neighbouring memory. CPU style: long chunks, or many short rows, one after the other.
 */
#include "prelude.h"
#include "program.h"
#include "hooks.h"

__kernel void map(const INDEX rows, const INDEX inner, const INDEX chunk, const INDEX chunks,
                  const INDEX per_item PROGRAM_DIMS PROGRAM_PARAMS) {
    const INDEX first = (INDEX)get_global_id(0) * per_item;
    const INDEX last = min(first + per_item, rows * chunks);
    for (INDEX unit = first; unit < last; unit++) {
        PROGRAM_START
#if N_OUTER
        const INDEX row = divide(unit, chunks);
        const INDEX begin = (unit - row * chunks) * chunk;
        PROGRAM_OUTER(row)
#else
        const INDEX begin = unit * chunk;
#endif
        const INDEX end = min(begin + chunk, inner);
        for (INDEX j = begin; j < end; j += W) {
            PROGRAM_VALUES
            if (j + W <= end)
                { PROGRAM_LOAD(j) }
            else
                PROGRAM_LOAD_SOME(j, end - j)
            PROGRAM_BODY
            if (j + W <= end)
                { PROGRAM_STORE(j) }
            else
                PROGRAM_STORE_SOME(j, end - j)
        }
    }
}
