/*
 * The words of a batch of blocks. Include after elementary_c.h.
 *
 * A block takes one lane of 64 bits, of which only the lower half counts: the one multiplication that every x86
 * processor has takes just those, and its product is what a round wants in two words. No word is moved between lanes
 * before the last round. Elsewhere the same loops are made of what the compiler has.
 */
#ifndef CLGRAD_HOST_CPU_ISA_PHILOX_WORDS_H
#define CLGRAD_HOST_CPU_ISA_PHILOX_WORDS_H

#include "host/isa_requests.h"
#include "host/cpu/isa.h"
#include "kernels/philox.h"

#if defined(__AVX512F__)
#include <immintrin.h>
#define CG_WIDE_BYTES 64
#elif defined(__AVX2__)
#include <immintrin.h>
#define CG_WIDE_BYTES 32
#elif defined(__SSE2__)
#include <emmintrin.h>
#define CG_WIDE_BYTES 16
#else
#define CG_WIDE_BYTES 16
#endif

#if defined(__clang__)
#define CG_ROUNDS _Pragma("clang loop unroll(full)")
#else
#define CG_ROUNDS _Pragma("GCC unroll 10")
#endif

enum { BATCH = CG_PHILOX_BATCH, WIDE = CG_WIDE_BYTES / 8, GROUP = CG_WIDE_BYTES == 64 ? 4 : 2 };

typedef uint64_t wide __attribute__((vector_size(CG_WIDE_BYTES)));
typedef uint64_t wide_memory __attribute__((vector_size(CG_WIDE_BYTES), aligned(4), may_alias));

/* The products of the lower halves. */
FN wide wide_product(wide a, wide b) {
#if defined(__AVX512F__)
    return (wide)_mm512_mul_epu32((__m512i)a, (__m512i)b);
#elif defined(__AVX2__)
    return (wide)_mm256_mul_epu32((__m256i)a, (__m256i)b);
#elif defined(__SSE2__)
    return (wide)_mm_mul_epu32((__m128i)a, (__m128i)b);
#else
    return (a & 0xFFFFFFFFu) * (b & 0xFFFFFFFFu);
#endif
}

/* The lower halves of a and, above them, those of b. */
FN wide wide_pair(wide a, wide b) { return (a & 0xFFFFFFFFu) | b << 32; }

/* What all blocks of a stream share: the keys of the rounds, and the counter's last two words. */
typedef struct stream_keys {
    uint64_t seed_lo[10], seed_hi[10], stream_lo, stream_hi;
} stream_keys;

static inline stream_keys keys_of(const cg_random_request *r, uint32_t attempt) {
    stream_keys k;
    uint32_t lo = (uint32_t)r->seed, hi = (uint32_t)(r->seed >> 32);
    for (int round = 0; round < 10; round++, lo += 0x9E3779B9u, hi += 0xBB67AE85u) {
        k.seed_lo[round] = lo;
        k.seed_hi[round] = hi;
    }
    k.stream_lo = (uint32_t)r->stream;
    k.stream_hi = PHILOX_ATTEMPT((uint32_t)(r->stream >> 32), attempt);
    return k;
}

typedef struct wide_words {
    wide w[4];
} wide_words;

FN wide_words wide_round(wide_words c, wide seed_lo, wide seed_hi) {
    const wide p = wide_product(c.w[0], (wide){0} + 0xD2511F53u);
    const wide q = wide_product(c.w[2], (wide){0} + 0xCD9E8D57u);
    return (wide_words){{q >> 32 ^ c.w[1] ^ seed_lo, q, p >> 32 ^ c.w[3] ^ seed_hi, p}};
}

/*
 * philox_block for a block in each lane of lo[0], .., whose upper halves do not count. GROUP vectors of them in turn, as
 * many as the registers hold: each round waits for the one before.
 */
FN void wide_blocks(const stream_keys *k, const wide lo[GROUP], wide hi, wide_words c[GROUP]) {
    const wide none = {0};
    CG_ROUNDS for (int g = 0; g < GROUP; g++) c[g] =
        (wide_words){{lo[g], hi, none + k->stream_lo, none + k->stream_hi}};
    CG_ROUNDS for (int round = 0; round < 10; round++) {
        const wide seed_lo = none + k->seed_lo[round], seed_hi = none + k->seed_hi[round];
        CG_ROUNDS for (int g = 0; g < GROUP; g++) c[g] = wide_round(c[g], seed_lo, seed_hi);
    }
}

/* --- By word: word j of all blocks side by side -------------------------------------------------------------------- */

typedef struct batch_words {
    uint32_t w[4][BATCH];
} batch_words;

/* One attempt of the blocks (hi, lo[i]), i < n; n is rounded up to full vectors. */
static inline void make_words(const cg_random_request *r, uint32_t hi, const uint32_t lo[BATCH], int n,
                              uint32_t attempt, batch_words *out) {
    const stream_keys k = keys_of(r, attempt);
    const wide upper = (wide){0} + hi;
    for (int i = 0; i < n; i += GROUP * WIDE) {
        wide numbers[GROUP];
        wide_words c[GROUP];
        CG_ROUNDS for (int g = 0; g < GROUP; g += 2) {
            numbers[g] = *(const wide_memory *)(lo + i + g * WIDE);
            numbers[g + 1] = numbers[g] >> 32;
        }
        wide_blocks(&k, numbers, upper, c);
        CG_ROUNDS for (int g = 0; g < GROUP; g += 2) {
            CG_ROUNDS for (int j = 0; j < 4; j++) * (wide_memory *)(out->w[j] + i + g * WIDE) =
                wide_pair(c[g].w[j], c[g + 1].w[j]);
        }
    }
}

/* Of the blocks from `block` on, a multiple of the batch. */
static inline void make_batch(const cg_random_request *r, uint64_t block, batch_words *out) {
    uint32_t lo[BATCH];
    for (uint32_t b = 0; b < BATCH; b++) lo[b] = (uint32_t)block + b;
    make_words(r, (uint32_t)(block >> 32), lo, BATCH, 0, out);
}

/* --- In the order of the stream: the four words of a block one after the other ------------------------------------- */

#if CG_WIDE_BYTES == 64
#define CG_LANES_LOW(a, b) __builtin_shufflevector(a, b, 0, 8, 2, 10, 4, 12, 6, 14)
#define CG_LANES_HIGH(a, b) __builtin_shufflevector(a, b, 1, 9, 3, 11, 5, 13, 7, 15)
#define CG_LANE_BLOCKS                                                                                       \
    { 0, 4, 1, 5, 2, 6, 3, 7 }
#elif CG_WIDE_BYTES == 32
#define CG_LANES_LOW(a, b) __builtin_shufflevector(a, b, 0, 4, 2, 6)
#define CG_LANES_HIGH(a, b) __builtin_shufflevector(a, b, 1, 5, 3, 7)
#define CG_LANE_BLOCKS                                                                                       \
    { 0, 2, 1, 3 }
#else
#define CG_LANES_LOW(a, b) __builtin_shufflevector(a, b, 0, 2)
#define CG_LANES_HIGH(a, b) __builtin_shufflevector(a, b, 1, 3)
#define CG_LANE_BLOCKS                                                                                       \
    { 0, 1 }
#endif

FN void store_blocks(wide_words c, uint32_t *out) {
    const wide low = wide_pair(c.w[0], c.w[1]), high = wide_pair(c.w[2], c.w[3]);
    *(wide_memory *)out = CG_LANES_LOW(low, high);
    *(wide_memory *)(out + 2 * WIDE) = CG_LANES_HIGH(low, high);
}

/* The lanes take the blocks in that order in which pairs of words need to cross no 128 bits. */
static inline void make_stream(const cg_random_request *r, uint64_t block, uint32_t out[4 * BATCH]) {
    const stream_keys k = keys_of(r, 0);
    const wide upper = (wide){0} + (block >> 32), lanes = CG_LANE_BLOCKS;
    for (uint32_t b = 0; b < BATCH; b += GROUP * WIDE) {
        wide lo[GROUP];
        wide_words c[GROUP];
        CG_ROUNDS for (uint32_t g = 0; g < GROUP; g++) lo[g] = lanes + ((uint32_t)block + b + g * WIDE);
        wide_blocks(&k, lo, upper, c);
        CG_ROUNDS for (uint32_t g = 0; g < GROUP; g++) store_blocks(c[g], out + 4 * (b + g * WIDE));
    }
}

/* --- One block, for the few elements that are drawn again ---------------------------------------------------------- */

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
