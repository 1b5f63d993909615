/*
 * Between elements and keys of a sort: unsigned numbers that are in the order of the elements, -0 with 0, NaN last.
 *
 *   float    the bits, negative ones all inverted, the others with the sign set; NaN: all ones
 *   integer  the sign bit inverted
 *   u8, bool as they are
 * descending: the key inverted, but for NaN, whose key no number has. DTYPE says what the elements are; they are only
 * moved as bits, so there need be no doubles. A work-item has per_item elements.
 */
#include "prelude.h"

#ifndef DTYPE
#define DTYPE CG_F32
#endif

#if DTYPE == CG_U8 || DTYPE == CG_BOOL
#define ELEMENT uchar
#define KEY uint
#elif DTYPE == CG_F32 || DTYPE == CG_I32
#define ELEMENT uint
#define KEY uint
#define SIGN 0x80000000u
#define INFINITE 0x7f800000u
#else
#define ELEMENT ulong
#define KEY ulong
#define SIGN 0x8000000000000000ul
#define INFINITE 0x7ff0000000000000ul
#endif
#define ALL_ONES (~(KEY)0)
#define IS_FLOAT (DTYPE == CG_F32 || DTYPE == CG_F64)

FN KEY key_of(const ELEMENT bits, const int descending) {
#if IS_FLOAT
    if ((bits & ~SIGN) > INFINITE) return ALL_ONES;
    const KEY b = bits == SIGN ? 0 : bits, k = b & SIGN ? ~b : b | SIGN;
    return descending ? ~k : k;
#elif defined SIGN
    return descending ? ~(bits ^ SIGN) : bits ^ SIGN;
#else
    return descending ? 255u - bits : bits;
#endif
}

/* The bits of an element from its key, where they can be told: not of zeros and NaN. */
FN ELEMENT bits_of(const KEY key, const int descending) {
#if IS_FLOAT
    const KEY k = descending ? ~key : key;
    return k & SIGN ? k & ~SIGN : ~k;
#elif defined SIGN
    return (descending ? ~key : key) ^ SIGN;
#else
    return (ELEMENT)(descending ? 255u - key : key);
#endif
}

FN bool tells_bits(const KEY key, const int descending) {
#if IS_FLOAT
    return key != ALL_ONES && key != (descending ? ~SIGN : SIGN);
#else
    return true;
#endif
}

/* has_copy: the elements themselves too, for where the source is overwritten later. */
__kernel void sort_keys(const INDEX total, const INDEX per_item, const int descending, const int has_copy,
                        const __global ELEMENT *src, const INDEX src_offset, __global KEY *key,
                        __global ELEMENT *copy) {
    const INDEX first = (INDEX)get_global_id(0) * per_item, last = min(first + per_item, total);
    for (INDEX e = first; e < last; e++) {
        const ELEMENT bits = src[src_offset + e];
        key[e] = key_of(bits, descending);
        if (has_copy) copy[e] = bits;
    }
}

/* Sorted keys and places to what is asked for. src is seldom read: keys are in order in memory, places are not. */
__kernel void sort_finish(const INDEX total, const INDEX n, const INDEX per_item, const int descending,
                          const int has_values, const int has_index, const __global ELEMENT *src,
                          const INDEX src_offset, const __global KEY *key, const __global INDEX *place,
                          __global ELEMENT *values, const INDEX values_offset, __global long *index,
                          const INDEX index_offset) {
    const INDEX first = (INDEX)get_global_id(0) * per_item, last = min(first + per_item, total);
    for (INDEX e = first; e < last; e++) {
        const INDEX at = place[e];
        if (has_index) index[index_offset + e] = (long)at;
        if (has_values) {
            const KEY k = key[e];
            ELEMENT bits = bits_of(k, descending);
            if (!tells_bits(k, descending)) bits = src[src_offset + e - e % n + at];
            values[values_offset + e] = bits;
        }
    }
}
