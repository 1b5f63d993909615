/*
 * The second stage of a reduction: out[kept] = combination over segments of partial[kept kept_step +
 * segment segment_step]. Values are of type T (W = 1); with KIND argmax or argmin their indices are beside them.
 * CPU style: a work-item does per_item kept indices. GPU style: ITEMS work-items do one.
 */
#include "prelude.h"
#include "program.h"
#include "hooks.h"
#include "reduce_fold.h"

#define UNUSED_INPUT(k, a) (void)in##k; /* only where this file is compiled by itself */

__kernel void reduce_combine(const INDEX kept, const INDEX segments, const INDEX kept_step, const INDEX segment_step,
                             const INDEX per_item, const __global TS *partial,
                             const __global long *partial_index PROGRAM_DIMS PROGRAM_PARAMS) {
    EACH_INPUT(UNUSED_INPUT, )
    (void)partial_index;
#if ITEMS > 1
    __local TS group_value[GROUP];
    __local long group_index[GROUP];
    (void)per_item;
    const INDEX first = (INDEX)(get_global_id(0) / ITEMS), last = first + 1;
    const INDEX item = (INDEX)(get_local_id(0) & (ITEMS - 1));
#else
    const INDEX first = (INDEX)get_global_id(0) * per_item, last = min(first + per_item, kept);
    const INDEX item = 0;
#endif
    for (INDEX k = first; k < last; k++) {
        const INDEX end = k < kept ? segments : 0; /* beyond: nothing, but the barriers */
        single result = single_identity();
        for (INDEX segment = item; segment < end; segment += ITEMS) {
            single term;
            term.value = partial[k * kept_step + segment * segment_step];
#if IS_ARG
            term.index = partial_index[k * kept_step + segment * segment_step];
#endif
            result = single_combine(result, term);
        }
#if ITEMS > 1
        result = items_to_single(result, group_value, group_index);
#endif
        if (item == 0 && k < kept) {
            PROGRAM_START
            PROGRAM_OUTER(k)
            STORE_SINGLE(out0_at, result)
        }
    }
}
