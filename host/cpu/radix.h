/*
 * Stable radix sort, least digit first, of unsigned words: 32 bits, or 64 with or without a place beside each. Its result
 * does not depend on how the work is shared out.
 */
#ifndef CLGRAD_HOST_CPU_RADIX_H
#define CLGRAD_HOST_CPU_RADIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CG_RADIX_BLOCKS = 64, CG_RADIX_DIGITS = 256 };

/* Words and, if not NULL, the places that go with them. */
typedef struct cg_radix_words {
    void *word;
    uint32_t *place;
} cg_radix_words;

typedef struct cg_radix {
    cg_radix_words from, to; /* equally long; swapped by every pass */
    int64_t n;
    int bits; /* of a word: 32 or 64 */
    uint64_t
        varying; /* bits that differ between keys: digits without one are passed over; no other bits count */
    int64_t (*count)[CG_RADIX_DIGITS]; /* memory, one for each block */
    bool parallel;
} cg_radix;

/* The bytes of `count` for n words. */
size_t cg_radix_count_bytes(int64_t n);

/* Sorts from.word; the result is then in from, which may be what `to` was. */
void cg_radix_sort(cg_radix *r);

#endif
