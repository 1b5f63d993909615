/*
 * The words of a batch of blocks, word j of all blocks side by side, so that this and what is made of them vectorises.
 * Include after elementary_c.h.
 */
#ifndef CLGRAD_HOST_CPU_ISA_PHILOX_WORDS_H
#define CLGRAD_HOST_CPU_ISA_PHILOX_WORDS_H

#include "host/backend.h"
#include "host/cpu/isa.h"
#include "kernels/philox.h"

enum { BATCH = CG_PHILOX_BATCH };

typedef struct batch_words {
    uint32_t w[4][BATCH];
} batch_words;

/* The blocks from `block` on of one attempt; kinds without attempts have only attempt 0. */
static inline void make_words(const cg_random_request *r, uint64_t block, uint32_t attempt,
                              batch_words *out) {
    const uint32_t lo = (uint32_t)block, hi = (uint32_t)(block >> 32);
    const uint32_t stream_lo = (uint32_t)r->stream;
    const uint32_t stream_hi = PHILOX_ATTEMPT((uint32_t)(r->stream >> 32), attempt);
    const uint32_t seed_lo = (uint32_t)r->seed, seed_hi = (uint32_t)(r->seed >> 32);
    for (uint32_t b = 0; b < BATCH; b++) {
        philox_words v = philox_block(lo + b, hi, stream_lo, stream_hi, seed_lo, seed_hi);
        out->w[0][b] = v.w0;
        out->w[1][b] = v.w1;
        out->w[2][b] = v.w2;
        out->w[3][b] = v.w3;
    }
}

/* The words of one block, for the few elements that are drawn again. */
static inline void one_block(const cg_random_request *r, uint64_t block, uint32_t attempt, uint32_t w[4]) {
    const uint32_t stream_hi = PHILOX_ATTEMPT((uint32_t)(r->stream >> 32), attempt);
    philox_words v = philox_block((uint32_t)block, (uint32_t)(block >> 32), (uint32_t)r->stream, stream_hi,
                                  (uint32_t)r->seed, (uint32_t)(r->seed >> 32));
    w[0] = v.w0;
    w[1] = v.w1;
    w[2] = v.w2;
    w[3] = v.w3;
}

#endif
