/*
 * Batches of random numbers of one T. A file includes this once, after elementary_c.h and with
 * CG_PHILOX_TABLE, the name of the table. Words are made for all blocks first, a word of all blocks side by
 * side, so that both halves of the work vectorise.
 */
#include "host/cpu/isa.h"
#include "kernels/philox.h"

enum { BATCH = CG_PHILOX_BATCH, PAIRS = 64 / CG_BITS, PER_BLOCK = 2 * PAIRS };

typedef struct batch_words {
    uint32_t w[4][BATCH];
} batch_words;

static void make_words(uint64_t seed, uint64_t stream, uint64_t block, batch_words *out) {
    const uint32_t lo = (uint32_t)block, hi = (uint32_t)(block >> 32);
    const uint32_t stream_lo = (uint32_t)stream, stream_hi = (uint32_t)(stream >> 32);
    const uint32_t seed_lo = (uint32_t)seed, seed_hi = (uint32_t)(seed >> 32);
    for (uint32_t b = 0; b < BATCH; b++) {
        philox_words v = philox_block(lo + b, hi, stream_lo, stream_hi, seed_lo, seed_hi);
        out->w[0][b] = v.w0;
        out->w[1][b] = v.w1;
        out->w[2][b] = v.w2;
        out->w[3][b] = v.w3;
    }
}

#if CG_BITS == 32
#define CG_STEP PHILOX_STEP24
FN T uniform_of(const batch_words *v, int j, int b) { return philox_u24(v->w[j][b]); }
#else
#define CG_STEP PHILOX_STEP53
FN T uniform_of(const batch_words *v, int j, int b) { return philox_u53(v->w[2 * j][b], v->w[2 * j + 1][b]); }
#endif

/* out[b PER_BLOCK + j] = value[j][b]. */
static void interleave(T value[PER_BLOCK][BATCH], T *out) {
    for (int b = 0; b < BATCH; b++) {
        for (int j = 0; j < PER_BLOCK; j++) out[b * PER_BLOCK + j] = value[j][b];
    }
}

static void uniform_batch(uint64_t seed, uint64_t stream, uint64_t block, void *out) {
    batch_words v;
    T value[PER_BLOCK][BATCH];
    make_words(seed, stream, block, &v);
    for (int j = 0; j < PER_BLOCK; j++) {
        for (int b = 0; b < BATCH; b++) value[j][b] = uniform_of(&v, j, b);
    }
    interleave(value, out);
}

static void normal_batch(uint64_t seed, uint64_t stream, uint64_t block, void *out) {
    batch_words v;
    T value[PER_BLOCK][BATCH];
    make_words(seed, stream, block, &v);
    for (int j = 0; j < PER_BLOCK; j += 2) {
        for (int b = 0; b < BATCH; b++) {
            T r = philox_radius(uniform_of(&v, j, b), CG_STEP), angle = uniform_of(&v, j + 1, b);
            value[j][b] = r * t_cos2pi(angle);
            value[j + 1][b] = r * t_sin2pi(angle);
        }
    }
    interleave(value, out);
}

extern const cg_philox_isa CG_PHILOX_TABLE;
const cg_philox_isa CG_PHILOX_TABLE = {
    .per_block = PER_BLOCK, .uniform = uniform_batch, .normal = normal_batch};
