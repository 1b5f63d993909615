/*
 * Batches of random numbers of one T. A file includes this once, after elementary_c.h and with
 * CG_PHILOX_TABLE, the name of the table.
 */
#include "host/cpu/isa/philox_words.h"
#include "kernels/gamma.h"

enum { PAIRS = 64 / CG_BITS, PER_BLOCK = 2 * PAIRS };

#if CG_BITS == 32
#define CG_STEP PHILOX_STEP24
FN T uniform_of(const batch_words *v, int j, int b) { return philox_u24(v->w[j][b]); }
#else
#define CG_STEP PHILOX_STEP53
FN T uniform_of(const batch_words *v, int j, int b) { return philox_u53(v->w[2 * j][b], v->w[2 * j + 1][b]); }
#endif

/* out[b PER_BLOCK + j] = value[j][b] scale + shift. */
static void store(const cg_random_request *r, T value[PER_BLOCK][BATCH], T *out) {
    const T scale = (T)r->scale, shift = (T)r->shift;
    for (int b = 0; b < BATCH; b++) {
        for (int j = 0; j < PER_BLOCK; j++) out[b * PER_BLOCK + j] = value[j][b] * scale + shift;
    }
}

static void uniform_batch(const cg_random_request *r, uint64_t block, void *out) {
    batch_words v;
    T value[PER_BLOCK][BATCH];
    make_words(r, block, 0, &v);
    for (int j = 0; j < PER_BLOCK; j++) {
        for (int b = 0; b < BATCH; b++) value[j][b] = uniform_of(&v, j, b);
    }
    store(r, value, out);
}

static void exponential_batch(const cg_random_request *r, uint64_t block, void *out) {
    batch_words v;
    T value[PER_BLOCK][BATCH];
    make_words(r, block, 0, &v);
    for (int j = 0; j < PER_BLOCK; j++) {
        for (int b = 0; b < BATCH; b++) value[j][b] = philox_exponential(uniform_of(&v, j, b));
    }
    store(r, value, out);
}

static void normal_batch(const cg_random_request *r, uint64_t block, void *out) {
    batch_words v;
    T value[PER_BLOCK][BATCH];
    make_words(r, block, 0, &v);
    for (int j = 0; j < PER_BLOCK; j += 2) {
        for (int b = 0; b < BATCH; b++) {
            T radius = philox_radius(uniform_of(&v, j, b), CG_STEP), angle = uniform_of(&v, j + 1, b);
            value[j][b] = radius * t_cos2pi(angle);
            value[j + 1][b] = radius * t_sin2pi(angle);
        }
    }
    store(r, value, out);
}

/* --- gamma: the elements of a batch that are not yet taken attempt together --------------------------------------- */

typedef struct gamma_batch_state {
    int left;
    uint32_t waiting[BATCH]; /* their numbers in the batch; of the first `left` */
    T y[BATCH], boost[BATCH];
} gamma_batch_state;

/* One attempt of those that wait; who is refused goes on waiting. */
static void gamma_attempt(const cg_random_request *r, uint64_t block, uint32_t t, gamma_batch_state *s) {
    const uint32_t lo = (uint32_t)block, hi = (uint32_t)(block >> 32);
    const uint32_t stream_lo = (uint32_t)r->stream, stream_hi = (uint32_t)(r->stream >> 32);
    const uint32_t seed_lo = (uint32_t)r->seed, seed_hi = (uint32_t)(r->seed >> 32);
    const T d = (T)r->gamma.d, c = (T)r->gamma.c;
    T y[BATCH], boost[BATCH], margin[BATCH];
    for (int i = 0; i < s->left; i++) {
        gamma_numbers g =
            gamma_draw(lo + s->waiting[i], hi, stream_lo, stream_hi, seed_lo, seed_hi, t);
        y[i] = c * g.x;
        boost[i] = g.boost;
        margin[i] = gamma_margin(y[i], g.u, d);
    }
    int left = 0;
    for (int i = 0; i < s->left; i++) {
        const uint32_t b = s->waiting[i];
        s->y[b] = y[i];
        s->boost[b] = boost[i];
        s->waiting[left] = b;
        left += !(margin[i] > 0);
    }
    s->left = left;
}

static void gamma_batch(const cg_random_request *r, uint64_t block, void *out) {
    gamma_batch_state s = {.left = BATCH};
    T *to = out;
    for (uint32_t b = 0; b < BATCH; b++) s.waiting[b] = b;
    for (uint32_t t = 0; s.left && t < GAMMA_ATTEMPTS; t++) gamma_attempt(r, block, t, &s);
    const T d = (T)r->gamma.d, log_d = (T)r->gamma.log_d, power = (T)r->gamma.power;
    const T scale = (T)r->scale, shift = (T)r->shift;
    if (r->kind == CG_RANDOM_LOG_GAMMA) {
        for (int b = 0; b < BATCH; b++) to[b] = gamma_logarithm(s.y[b], s.boost[b], log_d, power);
    } else if (power > 0) {
        for (int b = 0; b < BATCH; b++) to[b] = gamma_value(s.y[b], s.boost[b], d, power) * scale + shift;
    } else {
        for (int b = 0; b < BATCH; b++) to[b] = gamma_value(s.y[b], s.boost[b], d, 0) * scale + shift;
    }
}

extern const cg_philox_isa CG_PHILOX_TABLE;
const cg_philox_isa CG_PHILOX_TABLE = {
    .uniform = uniform_batch, .normal = normal_batch, .exponential = exponential_batch, .gamma = gamma_batch};
