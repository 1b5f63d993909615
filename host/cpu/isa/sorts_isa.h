/*
 * Sorting by radix: elements become unsigned keys of 32 bits (f32, i32, u8, bool) or 64 (f64, i64) that order as they do,
 * equal elements getting equal keys, NaN the largest key in either direction.
 */
#ifndef CLGRAD_HOST_CPU_ISA_SORTS_ISA_H
#define CLGRAD_HOST_CPU_ISA_SORTS_ISA_H

#include "core/dtype.h"

/* What a row's keys have in common, for several parts of it: begins as {0, ~0, false}. */
typedef struct cg_key_span {
    uint64_t any, all; /* bits set in some key, in every key */
    bool special;      /* there is a NaN or a -0, whose own bits a key does not tell */
} cg_key_span;

/* keys[i] = the key of x[i], i < n. */
typedef void cg_sort_keys(const void *x, void *keys, ptrdiff_t n, bool descending, cg_key_span *span);

/* x[i] = the element of keys[i], specials aside. x may be keys if they are of one size. */
typedef void cg_sort_elements(const void *keys, void *x, ptrdiff_t n, bool descending);

typedef struct cg_sorts_isa {
    cg_sort_keys *keys[CG_DTYPE_COUNT];
    /* 32-bit keys in the upper half of 64 bits, the place (first + i) in the lower half. */
    void (*pack)(const uint32_t *keys, uint64_t *pairs, ptrdiff_t n, uint32_t first);
    void (*unpack)(const uint64_t *pairs, uint32_t *keys, ptrdiff_t n);
    cg_sort_elements *elements[CG_DTYPE_COUNT];
} cg_sorts_isa;

enum { CG_RANK_MOST = 192 };

/* rank[i] = the place of word[i] in order, equal ones in the order they are in; n <= CG_RANK_MOST. */
typedef void cg_rank_words(const void *word, ptrdiff_t n, int32_t *rank);

typedef struct cg_ranks_isa {
    cg_rank_words *rank_32, *rank_64;
} cg_ranks_isa;

#endif
