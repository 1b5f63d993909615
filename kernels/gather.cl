/*
 * gather: out[o][j][i] = src[o][index[j]][i], gather_along: out[o][j][i] = src[o][index[o][j][i]][i]; src
 * (outer, axis, inner) and out (outer, n_index, inner) contiguous. A negative index counts from the end; one out
 * of range gives `missing`, the bits of NaN or 0.
 *
 * Bits are moved, not numbers: BYTES is the size of an element, INDEX_BYTES that of an index, VECTOR the
 * elements moved at once (1 or 4; 4 needs inner and the offsets to be multiples of 4). A row of out is cut
 * into `chunks` chunks of `chunk` elements; a work-item has per_item chunks of all.
 */
#include "prelude.h"

#ifndef BYTES
#define BYTES 4
#define INDEX_BYTES 8
#define VECTOR 1
#endif

#if BYTES == 1
#define ELEMENT uchar
#elif BYTES == 4
#define ELEMENT uint
#else
#define ELEMENT ulong
#endif
#if VECTOR == 1
typedef ELEMENT piece;
#else
typedef GLUE(ELEMENT, VECTOR) piece;
#endif

#if INDEX_BYTES == 4
typedef int index_type;
#else
typedef long index_type;
#endif

__kernel void gather(const INDEX rows, const INDEX n_index, const INDEX axis, const INDEX inner,
                     const INDEX chunk, const INDEX chunks, const INDEX per_item,
                     const __global ELEMENT *src, const INDEX src_offset, const __global index_type *index,
                     const INDEX index_offset, __global ELEMENT *out, const INDEX out_offset,
                     const ulong missing) {
    const INDEX begin = (INDEX)get_global_id(0) * per_item, end = min(begin + per_item, rows * chunks);
    const INDEX row = divide(begin, chunks);
    INDEX from = (begin - row * chunks) * chunk, o = divide(row, n_index), j = row - o * n_index;
    for (INDEX unit = begin; unit < end; unit++) {
        long at = (long)index[index_offset + j];
        if (at < 0) at += (long)axis;
        const bool valid = at >= 0 && at < (long)axis;
        const __global ELEMENT *x = src + src_offset + (o * axis + (valid ? (INDEX)at : 0)) * inner;
        __global ELEMENT *y = out + out_offset + (o * n_index + j) * inner;
        for (INDEX i = from; i < min(from + chunk, inner); i += VECTOR) {
            piece v = (piece)((ELEMENT)missing);
            if (valid) v = *(const __global piece *)(x + i);
            *(__global piece *)(y + i) = v;
        }
        from += chunk;
        if (from >= inner) {
            from = 0;
            if (++j == n_index) {
                j = 0;
                o++;
            }
        }
    }
}

/* A work-item has per_item elements of `total`. */
__kernel void gather_along(const INDEX total, const INDEX n_index, const INDEX axis, const INDEX inner,
                           const INDEX per_item, const __global ELEMENT *src, const INDEX src_offset,
                           const __global index_type *index, const INDEX index_offset, __global ELEMENT *out,
                           const INDEX out_offset, const ulong missing) {
    const INDEX begin = (INDEX)get_global_id(0) * per_item, end = min(begin + per_item, total);
    const INDEX row = divide(begin, inner);
    INDEX i = begin - row * inner, o = divide(row, n_index), j = row - o * n_index;
    for (INDEX e = begin; e < end; e++) {
        long at = (long)index[index_offset + e];
        if (at < 0) at += (long)axis;
        ELEMENT v = (ELEMENT)missing;
        if (at >= 0 && at < (long)axis) v = src[src_offset + (o * axis + (INDEX)at) * inner + i];
        out[out_offset + e] = v;
        if (++i == inner) {
            i = 0;
            if (++j == n_index) {
                j = 0;
                o++;
            }
        }
    }
}
