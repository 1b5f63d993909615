/*
 * The key of each element of an index (outer, n_index, inner): the row-major place of its target in (outer, axis, inner),
 * or outer axis inner, the last, if the index is out of range. A negative index counts from the end. A work-item
 * has per_item elements.
 */
#include "prelude.h"

#ifndef KEY_BITS
#define KEY_BITS 32
#define INDEX_BYTES 8
#endif
#if KEY_BITS == 32
#define KEY uint
#else
#define KEY ulong
#endif
#if INDEX_BYTES == 4
typedef int index_type;
#else
typedef long index_type;
#endif

__kernel void scatter_keys(const INDEX total, const INDEX n_index, const INDEX axis, const INDEX inner,
                           const INDEX per_item, const ulong none, const __global index_type *index,
                           const INDEX index_offset, __global KEY *key) {
    const INDEX first = (INDEX)get_global_id(0) * per_item, last = min(first + per_item, total);
    for (INDEX e = first; e < last; e++) {
        const INDEX row = divide(e, inner), o = divide(row, n_index);
        long at = (long)index[index_offset + e];
        if (at < 0) at += (long)axis;
        ulong k = none;
        if (at >= 0 && at < (long)axis) k = (ulong)(((long)o * axis + at) * inner + (e - row * inner));
        key[e] = (KEY)k;
    }
}
