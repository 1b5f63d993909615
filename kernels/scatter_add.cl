/*
 * out[o][key[p]][i] += src[o][place[p]][i] over the `count` sorted keys, in their order: src (outer, src_rows, inner),
 * out (outer, targets, inner). Keys from `targets` on are left out. Without has_place, place[p] = p.
 *
 * The keys are cut into `chunks` chunks of `chunk`; a task is a chunk of one o and W columns, of `blocks` blocks of
 * columns, and a work-item does per_item tasks. Equal keys are a run. The chunk in which a run begins adds its part of the
 * run to out. What a chunk has of the run that came into it from the chunk before goes to partial (outer, chunks, inner),
 * with the key to partial_key (chunks), or `targets` where no run came in. Those are keys and sources again, a `chunk`-th
 * of them, with equal keys together: the same kernel adds them up next, until there is one chunk. So no two
 * work-items ever add to the same element, and the order is always the same.
 */
#include "prelude.h"
#include "running.h"

#ifndef KEY_BITS
#define KEY_BITS 32
#endif
#if KEY_BITS == 32
#define KEY uint
#else
#define KEY ulong
#endif

__kernel void scatter_add(const INDEX tasks, const INDEX count, const INDEX chunk, const INDEX chunks,
                          const INDEX blocks, const INDEX inner, const INDEX src_rows, const INDEX per_item,
                          const long targets, const int has_place, const __global KEY *key,
                          const __global INDEX *place, const __global TS *src, const INDEX src_offset,
                          __global TS *out, const INDEX out_offset, __global TS *partial,
                          __global KEY *partial_key) {
    const INDEX first = (INDEX)get_global_id(0) * per_item, last = min(first + per_item, tasks);
    const KEY none = (KEY)targets;
    for (INDEX task = first; task < last; task++) {
        const INDEX row = divide(task, blocks), o = divide(row, chunks), c = row - o * chunks;
        const INDEX i = (task - row * blocks) * W, lanes = inner - i;
        const INDEX end = min((c + 1) * chunk, count);
        INDEX p = c * chunk;
        const bool came_in = p > 0 && key[p - 1] == key[p];
        if (chunks > 1 && o == 0 && i == 0) partial_key[c] = came_in ? key[p] : none;
        const __global TS *x = src + src_offset + o * src_rows * inner + i;
        for (bool to_partial = came_in; p < end; to_partial = false) {
            const KEY k = key[p];
            running sum = running_from((T)(IDENTITY));
            for (; p < end && key[p] == k; p++)
                if (k < none) sum = running_add(sum, load_lanes(x + (has_place ? place[p] : p) * inner, lanes));
            if (k >= none) continue;
            const T part = running_value(sum);
            if (to_partial)
                store_lanes(part, partial + (o * chunks + c) * inner + i, lanes);
            else {
                __global TS *y = out + out_offset + (INDEX)(o * targets + (long)k) * inner + i;
                store_lanes(combine(load_lanes(y, lanes), part), y, lanes);
            }
        }
    }
}
