/*
 * Stable sorts of rows of n unsigned keys, with the places they came from: key, place (rows, n).
 *
 * sort_rank, for short rows: an element's place is the number of those that come before it.
 *
 * sort_count, sort_scatter: one pass over DIGIT_BITS bits from `shift` on. A group of any size does a block of a row: each
 * work-item `each` neighbours. How often each digit is in each block goes to table (row, digit, block); the running
 * sum over all of that, made between the two, says where the block's first element of each digit goes.
 *   CPU style  a group is one work-item with a large block, DIGIT_BITS 8
 *   GPU style  DIGIT_BITS 4, each 16
 */
#include "prelude.h"

#ifndef KEY_BITS
#define KEY_BITS 32
#endif
#ifndef DIGIT_BITS
#define DIGIT_BITS 4
#endif
#if KEY_BITS == 32
#define KEY uint
#else
#define KEY ulong
#endif
#define DIGITS (1 << DIGIT_BITS)

/* A work-item has per_item of all `total` elements. */
__kernel void sort_rank(const INDEX total, const INDEX n, const INDEX per_item, const __global KEY *key,
                        __global KEY *key_out, __global INDEX *place_out) {
    const INDEX first = (INDEX)get_global_id(0) * per_item, last = min(first + per_item, total);
    INDEX row = divide(first, n) * n;
    for (INDEX e = first; e < last; e++) {
        if (e - row == n) row += n;
        const KEY k = key[e];
        const __global KEY *other = key + row;
        const int i = (int)(e - row);
        int before = 0;
        for (int j = 0; j < i; j++)
            before += other[j] <= k;
        for (int j = i + 1; j < (int)n; j++)
            before += other[j] < k;
        key_out[row + before] = k;
        place_out[row + before] = i;
    }
}

FN int digit_of(const KEY key, const int shift) { return (int)(key >> shift) & (DIGITS - 1); }

/*
 * count[digit][work-item] = how many elements of the block come before the first of this digit and work-item: first each
 * work-item counts its own, then all counts are added up in the order in which they lie. share: a place each.
 */
FN void count_block(const __global KEY *key, const INDEX begin, const INDEX end, const int shift,
                    __local ushort *count, __local int *share) {
    const int item = (int)get_local_id(0), items = (int)get_local_size(0);
    for (int d = 0; d < DIGITS; d++)
        count[d * items + item] = 0;
    for (INDEX e = begin; e < end; e++)
        count[digit_of(key[e], shift) * items + item]++;
    barrier(CLK_LOCAL_MEM_FENCE);
    __local ushort *own = count + item * DIGITS;
    int sum = 0;
    for (int k = 0; k < DIGITS; k++)
        sum += own[k];
    share[item] = sum;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int reach = 1; reach < items; reach *= 2) {
        if (item >= reach) sum += share[item - reach];
        barrier(CLK_LOCAL_MEM_FENCE);
        share[item] = sum;
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    int before = item > 0 ? share[item - 1] : 0;
    for (int k = 0; k < DIGITS; k++) {
        const int n = own[k];
        own[k] = (ushort)before;
        before += n;
    }
    barrier(CLK_LOCAL_MEM_FENCE);
}

__kernel void sort_count(const INDEX n, const INDEX blocks, const INDEX each, const int shift,
                         const __global KEY *key, __global INDEX *table, __local ushort *count,
                         __local int *share) {
    const int item = (int)get_local_id(0), items = (int)get_local_size(0);
    const INDEX group = (INDEX)get_group_id(0), row = divide(group, blocks), block = group - row * blocks;
    const INDEX start = block * items * each, stop = min(start + items * each, n);
    const INDEX begin = min(start + item * each, stop), end = min(begin + each, stop);
    count_block(key, row * n + begin, row * n + end, shift, count, share);
    for (int d = item; d < DIGITS; d += items) {
        const INDEX next = d + 1 < DIGITS ? (INDEX)count[(d + 1) * items] : stop - start;
        table[(row * DIGITS + d) * blocks + block] = next - count[d * items];
    }
}

/* table: sums up to and with each entry. first_pass: places are not there yet, and counted here. */
__kernel void sort_scatter(const INDEX n, const INDEX blocks, const INDEX each, const int shift,
                           const __global KEY *key, const __global INDEX *table, __local ushort *count,
                           __local int *share, const int first_pass, const __global INDEX *place,
                           __global KEY *key_out, __global INDEX *place_out) {
    __local INDEX base[DIGITS];
    const int item = (int)get_local_id(0), items = (int)get_local_size(0);
    const INDEX group = (INDEX)get_group_id(0), row = divide(group, blocks), block = group - row * blocks;
    const INDEX start = block * items * each, stop = min(start + items * each, n);
    const INDEX begin = min(start + item * each, stop), end = min(begin + each, stop);
    count_block(key, row * n + begin, row * n + end, shift, count, share);
    for (int d = item; d < DIGITS; d += items) {
        const INDEX at = (row * DIGITS + d) * blocks + block;
        base[d] = (at > 0 ? table[at - 1] : 0) - count[d * items];
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    for (INDEX e = row * n + begin; e < row * n + end; e++) {
        const KEY k = key[e];
        const int d = digit_of(k, shift), c = d * items + item;
        const INDEX to = base[d] + count[c];
        count[c]++;
        key_out[to] = k;
        place_out[to] = first_pass ? e - row * n : place[e];
    }
}
