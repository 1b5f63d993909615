/*
 * Reductions with the lanes along the last reduced axis. Outer axes: the kept ones; loop axes and inner axis: the
 * reduced ones.
 *
 * What is reduced for one kept index is cut into units: for each index of the loop axes, `chunks` chunks of
 * `chunk` elements of the inner axis. A task is one of `segments` runs of per_segment units of one kept index:
 *     out[kept, segment] = reduction of its units
 * Within a unit each lane adds at most BLOCK terms; sums of units go up in blocks of BLOCK again, so that the error
 * is that of a tree. CPU style: a work-item does per_item tasks. GPU style: ITEMS work-items do one.
 */
#include "prelude.h"
#include "program.h"
#include "hooks.h"
#include "reduce_fold.h"

__kernel void reduce_rows(const INDEX tasks, const INDEX inner, const INDEX chunk, const INDEX chunks,
                          const INDEX units, const INDEX segments, const INDEX per_segment,
                          const INDEX per_item INDICES_PARAM PROGRAM_DIMS PROGRAM_PARAMS) {
#if ITEMS > 1
    __local TS group_value[GROUP];
    __local long group_index[GROUP];
    (void)per_item;
    const INDEX first_task = (INDEX)(get_global_id(0) / ITEMS), last_task = first_task + 1;
    const INDEX item = (INDEX)(get_local_id(0) & (ITEMS - 1));
#else
    const INDEX first_task = (INDEX)get_global_id(0) * per_item, last_task = min(first_task + per_item, tasks);
    const INDEX item = 0;
#endif
    for (INDEX task = first_task; task < last_task; task++) {
        const INDEX kept = divide(task, segments), segment = task - kept * segments;
        const INDEX first = segment * per_segment;
        const INDEX last = task < tasks ? min(first + per_segment, units) : first; /* beyond: nothing, but barriers */
        const long base = (long)divide(first, chunks) * inner + (long)(first - divide(first, chunks) * chunks) * chunk;
        lanes total = lanes_identity(), block = lanes_identity();
        for (INDEX unit = first; unit < last; unit++) {
            const INDEX loop = divide(unit, chunks);
            const INDEX begin = (unit - loop * chunks) * chunk, end = min(begin + chunk, inner);
            lanes sum = lanes_identity();
            PROGRAM_START
            PROGRAM_OUTER(kept)
            PROGRAM_LOOP(loop)
            for (INDEX j = begin + item * W; j < end; j += ITEMS * W) {
                PROGRAM_VALUES
                if (j + W <= end)
                    { PROGRAM_LOAD(j) }
                else
                    PROGRAM_LOAD_SOME(j, end - j)
                PROGRAM_BODY
                const I index = (I)((IS)((long)loop * inner + j - base));
                sum = lanes_add(sum, lanes_of(OUT0_VALUE, index, end - j));
            }
            block = lanes_add(block, sum);
            if (((unit - first) & (BLOCK - 1)) == BLOCK - 1) {
                total = lanes_add(total, block);
                block = lanes_identity();
            }
        }
        single result = lanes_to_single(lanes_add(total, block), base);
#if ITEMS > 1
        result = items_to_single(result, group_value, group_index);
#endif
        if (item == 0 && task < tasks) {
            PROGRAM_START
            PROGRAM_OUTER(kept)
            STORE_SINGLE(out0_at + segment, result)
        }
    }
}
