/*
 * to[i] = number first + i of a stream of whole numbers (philox.h), whose words are looked at as they are: T plays no
 * part. KIND: 0 i32, 1 i64, 2 bool with probability `range` / 2^64. A work-item makes blocks_each blocks: 4 elements
 * each, 2 of i64.
 */
#include "prelude.h"
#include "elementary.h"
#include "philox.h"

#ifndef KIND
#define KIND 0
#endif
#if KIND == 0
#define ELEMENT uint
#define PER_BLOCK 4
#elif KIND == 1
#define ELEMENT ulong
#define PER_BLOCK 2
#else
#define ELEMENT uchar
#define PER_BLOCK 4
#endif

/* The word of element j; PoCL keeps an array that is indexed like this in memory. */
FN uint word(const philox_words w, int j) { return j == 0 ? w.w0 : (j == 1 ? w.w1 : (j == 2 ? w.w2 : w.w3)); }

/* The number of element j and what is left over of its word; true if that is enough. */
FN bool number(const philox_words w, int j, ulong range, ulong reject, ulong *high) {
    ulong low;
#if KIND == 1
    *high = philox_product(philox_long(word(w, 2 * j), word(w, 2 * j + 1)), range, &low);
#else
    const ulong product = word(w, j) * range;
    *high = product >> 32;
    low = product & 0xFFFFFFFFu;
#endif
    return low >= reject;
}

__kernel void random_words(const long n, const long first, const long blocks_each, const uint seed_lo,
                           const uint seed_hi, const uint stream_lo, const uint stream_hi, const ulong range,
                           const ulong reject, const long low, __global ELEMENT *to, const long to_offset) {
    const ulong first_block = (ulong)first / PER_BLOCK;
    for (long i = 0; i < blocks_each; i++) {
        const ulong block = first_block + (ulong)((long)get_global_id(0) * blocks_each + i);
        const long at = (long)(block * PER_BLOCK - (ulong)first); /* in `to`; below 0 in the first block */
        if (at >= n) return;
        const uint lo = (uint)block, hi = (uint)(block >> 32);
        const philox_words w = philox_block(lo, hi, stream_lo, stream_hi, seed_lo, seed_hi);
        for (int j = 0; j < PER_BLOCK; j++) {
            if (at + j < 0 || at + j >= n) continue;
#if KIND == 2
            const uint upper = (uint)(range >> 32);
            bool chosen = word(w, j) < upper;
            if (word(w, j) == upper)
                chosen = word(philox_block(lo, hi, stream_lo, PHILOX_ATTEMPT(stream_hi, 1), seed_lo, seed_hi), j) <
                         (uint)range;
            to[to_offset + at + j] = chosen;
#else
            ulong high;
            bool enough = number(w, j, range, reject, &high);
            for (uint t = 1; !enough && t < PHILOX_ATTEMPTS; t++)
                enough = number(philox_block(lo, hi, stream_lo, PHILOX_ATTEMPT(stream_hi, t), seed_lo, seed_hi), j,
                                range, reject, &high);
            to[to_offset + at + j] = (ELEMENT)((ulong)low + high);
#endif
        }
    }
}
