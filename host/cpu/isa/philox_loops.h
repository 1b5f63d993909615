/*
 * Batches of random numbers of one T. A file includes this once, after elementary_c.h and with
 * CG_PHILOX_TABLE, the name of the table.
 */
#include "host/cpu/isa/philox_words.h"
#include "kernels/gamma.h"

enum { PAIRS = 64 / CG_BITS, PER_BLOCK = 2 * PAIRS, NUMBERS = BATCH * PER_BLOCK };

#if CG_BITS == 32
#define CG_STEP PHILOX_STEP24
typedef uint32_t word;
FN T uniform_at(const batch_words *v, int j, int b) { return philox_u24(v->w[j][b]); }
FN T uniform_of(word w) { return philox_u24(w); }
#else
#define CG_STEP PHILOX_STEP53
typedef uint64_t word;
FN T uniform_at(const batch_words *v, int j, int b) { return philox_u53(v->w[2 * j][b], v->w[2 * j + 1][b]); }

/*
 * philox_u53 without a conversion from 64 bits, which few processors have for vectors: both halves of the 53 bits are put
 * under an exponent that makes them whole numbers, and the exponents' own values are taken off. Every step is exact.
 */
FN T uniform_of(word w) {
    const word bits = w >> 11;
    const T low = AS_T((bits & 0xFFFFFFFFu) | UINT64_C(0x4330000000000000)); /* 2^52 + low */
    const T high = AS_T((bits >> 32) | UINT64_C(0x4530000000000000));        /* 2^84 + 2^32 high */
    return ((high - (0x1p84 + 0x1p52)) + low) * 0x1p-53;
}
#endif

/* The words of a batch as wide as T, in the order of the stream; little-endian, as OpenCL devices and their hosts are. */
typedef union stream_words {
    uint32_t half[4 * BATCH];
    word of[NUMBERS];
} stream_words;

static void uniform_batch(const cg_random_request *r, uint64_t block, void *out) {
    const T scale = (T)r->scale, shift = (T)r->shift;
    stream_words v;
    T *to = out;
    make_stream(r, block, v.half);
    for (int i = 0; i < NUMBERS; i++) to[i] = uniform_of(v.of[i]) * scale + shift;
}

static void exponential_batch(const cg_random_request *r, uint64_t block, void *out) {
    const T scale = (T)r->scale, shift = (T)r->shift;
    stream_words v;
    T *to = out;
    make_stream(r, block, v.half);
    for (int i = 0; i < NUMBERS; i++) to[i] = philox_exponential(uniform_of(v.of[i])) * scale + shift;
}

static void normal_batch(const cg_random_request *r, uint64_t block, void *out) {
    const T scale = (T)r->scale, shift = (T)r->shift;
    batch_words v;
    T value[PER_BLOCK][BATCH], *to = out;
    make_batch(r, block, &v);
    for (int j = 0; j < PER_BLOCK; j += 2) {
        for (int b = 0; b < BATCH; b++) {
            T radius = philox_radius(uniform_at(&v, j, b), CG_STEP), angle = uniform_at(&v, j + 1, b);
            value[j][b] = radius * t_cos2pi(angle) * scale + shift;
            value[j + 1][b] = radius * t_sin2pi(angle) * scale + shift;
        }
    }
    for (int b = 0; b < BATCH; b++) {
        for (int j = 0; j < PER_BLOCK; j++) to[b * PER_BLOCK + j] = value[j][b];
    }
}

/* --- gamma: the elements of a batch that are not yet taken attempt together --------------------------------------- */

typedef struct gamma_batch_state {
    int left;
    uint32_t waiting[BATCH]; /* their numbers in the batch; of the first `left` */
    T y[BATCH], boost[BATCH];
} gamma_batch_state;

typedef struct gamma_numbers {
    T x[BATCH], u[BATCH], boost[BATCH];
} gamma_numbers;

/* What one attempt of those that wait draws: see gamma.h. */
static void gamma_numbers_of(const cg_random_request *r, uint64_t block, uint32_t t,
                             const gamma_batch_state *s, gamma_numbers *of) {
    const uint32_t hi = (uint32_t)(block >> 32);
    const int n = s->left;
    uint32_t lo[BATCH];
    batch_words v;
    for (int i = 0; i < BATCH; i++) lo[i] = (uint32_t)block + s->waiting[i];
#if CG_BITS == 64
    batch_words w;
    make_words(r, hi, lo, n, 2 * t, &v);
    make_words(r, hi, lo, n, 2 * t + 1, &w);
    for (int i = 0; i < n; i++) {
        of->x[i] = gamma_normal(uniform_at(&v, 0, i), uniform_at(&v, 1, i));
        of->u[i] = uniform_at(&w, 0, i) + CG_STEP;
        of->boost[i] = uniform_at(&w, 1, i) + CG_STEP;
    }
#else
    make_words(r, hi, lo, n, t, &v);
    for (int i = 0; i < n; i++) {
        of->x[i] = gamma_normal(uniform_at(&v, 0, i), uniform_at(&v, 1, i));
        of->u[i] = uniform_at(&v, 2, i) + CG_STEP;
        of->boost[i] = uniform_at(&v, 3, i) + CG_STEP;
    }
#endif
}

/* One attempt; who is refused goes on waiting. */
static void gamma_attempt(const cg_random_request *r, uint64_t block, uint32_t t, gamma_batch_state *s) {
    const T d = (T)r->gamma.d, c = (T)r->gamma.c;
    const int n = s->left;
    gamma_numbers g;
    T y[BATCH], margin[BATCH];
    gamma_numbers_of(r, block, t, s, &g);
    for (int i = 0; i < n; i++) {
        y[i] = c * g.x[i];
        margin[i] = gamma_margin(y[i], g.u[i], d);
    }
    int left = 0;
    for (int i = 0; i < n; i++) {
        const uint32_t b = s->waiting[i];
        s->y[b] = y[i];
        s->boost[b] = g.boost[i];
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
