/*
 * A long row of words by quicksort and all threads: the words are split into few buckets, by splitters from a sample, and
 * every bucket is sorted by one thread.
 */
#ifndef CLGRAD_HOST_CPU_SORT_BUCKETS_H
#define CLGRAD_HOST_CPU_SORT_BUCKETS_H

#include "host/cpu/isa.h"

#include <stdbool.h>

enum { CG_SORT_PART = 1024 }; /* words that are made at a time */

typedef struct cg_sort_buckets {
    const cg_quicksort_isa *quick;
    int64_t n;
    size_t word;  /* bytes */
    void *words;  /* n, which get the result */
    uint64_t cut; /* words equal in these bits, of 64, share a bucket; all bits: any two may be parted */
    void *ctx;    /* of the functions: */
    /* Makes the words [begin, begin + n) of the row, n <= CG_SORT_PART. Called more than once for each. */
    void (*make)(void *ctx, int64_t begin, int64_t n, void *words, int thread);
    /* All words have been made once, none is written yet. */
    void (*made)(void *ctx);
    /* The words [begin, end) are where they belong. */
    void (*done)(void *ctx, int64_t begin, int64_t end);
} cg_sort_buckets;

void cg_sort_in_buckets(const cg_sort_buckets *b);

/*
 * Brings the first k words of 64 bits to where they belong; behind them is anything. `made` is not called, and it
 * may be called inside a loop body. False if k is not few, or a sample misled it: then the row is to be sorted.
 */
bool cg_sort_first(const cg_sort_buckets *b, int64_t k);

#endif
