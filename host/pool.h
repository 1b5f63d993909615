/*
 * The buffer pool both backends use: freed memory is kept by size class and given out again.
 *
 * A size is rounded up to a class (sixteen per power of two, 256 bytes at least), and a block of a class a little
 * wider will do: so a steady training step finds every buffer in the pool. What a raw allocation refuses is tried once more after a trim.
 * Statistics are kept in hw->stats: bytes_in_use and bytes_peak, of requests; bytes_reserved, of classes; device_allocs,
 * pool_hits.
 */
#ifndef CLGRAD_HOST_POOL_H
#define CLGRAD_HOST_POOL_H

#include "host/backend.h"

/* What the pool needs to know of a block; a backend's cg_buffer starts with it. */
typedef struct cg_block {
    struct cg_block *next; /* in the free list of its class */
    size_t bytes;          /* of the class */
    size_t asked;          /* of the request */
    bool wrapped;          /* the caller's memory: in no pool */
    /*
     * How often recordings name it (recorded_work.h), and the number of that within which it was given out, else 0: once it is
     * freed, it is only given to that one, while that is made.
     */
    bool released;
    int pins;
    uint64_t made_in;
} cg_block;

enum { CG_POOL_CLASSES = 896 };

typedef struct cg_pool {
    cg_hw *hw;
    cg_block *(*raw_alloc)(cg_hw *hw, size_t bytes); /* NULL if refused; sets no error */
    void (*raw_free)(cg_hw *hw, cg_block *block);
    uint64_t limit_bytes; /* the most to reserve; 0 for no limit */
    cg_block *free_list[CG_POOL_CLASSES];
} cg_pool;

/* A block of at least `bytes`; NULL and CG_ERROR_DEVICE_MEMORY with the figures if there is none. */
cg_block *cg_pool_alloc(cg_pool *pool, size_t bytes);

/* Takes a block back. */
void cg_pool_free(cg_pool *pool, cg_block *block);

/* Frees every kept block. */
void cg_pool_trim(cg_pool *pool);

#endif
