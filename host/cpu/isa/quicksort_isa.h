/* Sorting unsigned words in place by vectorised quicksort; what has no instruction for it has no tables. */
#ifndef CLGRAD_HOST_CPU_ISA_QUICKSORT_ISA_H
#define CLGRAD_HOST_CPU_ISA_QUICKSORT_ISA_H

#include <stddef.h>
#include <stdint.h>

/* A long row is first split: bucket b < buckets - 1 has the words below splitter b that no bucket before it has. */
enum { CG_SORT_BUCKETS = 16, CG_SORT_SPLITTERS = CG_SORT_BUCKETS - 1 };

typedef struct cg_quicksort_isa {
    /* So many words of 64 bits of which 32 make up the order are sorted faster than by radix, with half the passes. */
    int64_t most_packed;
    /* Not stable: only for words of which equal ones are the same. */
    void (*sort)(void *words, ptrdiff_t n);
    /* count[b] += the words below splitter b; the splitters ascend, and there are 4 buckets or CG_SORT_BUCKETS. */
    void (*count)(const void *words, ptrdiff_t n, int buckets, const void *splitters, int64_t *count);
    /* Copies the words of bucket b to to[at[b]] and behind, and moves at[b] behind them. */
    void (*scatter)(const void *words, ptrdiff_t n, int buckets, const void *splitters, void *to,
                    int64_t *at);
    /* Copies the words below `*limit` to `to`, in their order, and returns how many they are. */
    ptrdiff_t (*below)(const void *words, ptrdiff_t n, const void *limit, void *to);
} cg_quicksort_isa;

#endif
