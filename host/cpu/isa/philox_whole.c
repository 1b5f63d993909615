/* Random whole numbers and truth values. */
#define CG_BITS 64
#include "core/elementary_c.h"
#include "host/cpu/isa/philox_words.h"
#include "kernels/binomial.h"

/* --- integers: all of a batch at once, then those again whose rest was below `reject` ------------------------------ */

static uint64_t redraw(const cg_random_request *r, uint64_t block, int j, bool is_wide) {
    uint64_t high = 0, low = 0;
    for (uint32_t t = 1; t < PHILOX_ATTEMPTS; t++) {
        uint32_t w[4];
        one_block(r, block, t, w);
        if (is_wide) {
            high = philox_product(philox_long(w[2 * j], w[2 * j + 1]), r->integers.range, &low);
        } else {
            const uint64_t product = w[j] * r->integers.range;
            high = product >> 32;
            low = (uint32_t)product;
        }
        if (low >= r->integers.reject) break;
    }
    return high;
}

static void integers32_batch(const cg_random_request *r, uint64_t block, void *out) {
    const uint64_t range = r->integers.range;
    const uint32_t reject = (uint32_t)r->integers.reject, low = (uint32_t)r->integers.low;
    uint32_t w[4 * BATCH], *to = out, refused = 0;
    make_stream(r, block, w);
    for (int i = 0; i < 4 * BATCH; i++) {
        const uint64_t product = w[i] * range;
        to[i] = low + (uint32_t)(product >> 32);
        refused |= (uint32_t)((uint32_t)product < reject);
    }
    for (int i = 0; refused && i < 4 * BATCH; i++)
        if ((uint32_t)(w[i] * range) < reject)
            to[i] = low + (uint32_t)redraw(r, block + (uint64_t)i / 4, i % 4, false);
}

static void integers64_batch(const cg_random_request *r, uint64_t block, void *out) {
    const uint64_t range = r->integers.range, reject = r->integers.reject, low = (uint64_t)r->integers.low;
    union {
        uint32_t half[4 * BATCH];
        uint64_t of[2 * BATCH];
    } w;
    uint64_t rest, *to = out, refused = 0;
    make_stream(r, block, w.half);
    for (int i = 0; i < 2 * BATCH; i++) {
        to[i] = low + philox_product(w.of[i], range, &rest);
        refused |= (uint64_t)(rest < reject);
    }
    for (int i = 0; refused && i < 2 * BATCH; i++)
        if (w.of[i] * range < reject) to[i] = low + redraw(r, block + (uint64_t)i / 2, i % 2, true);
}

/* --- bernoulli: the upper words are compared; where they are equal, the lower ones --------------------------------- */

static void bernoulli_batch(const cg_random_request *r, uint64_t block, void *out) {
    const uint32_t upper = (uint32_t)(r->chance >> 32), lower = (uint32_t)r->chance;
    uint32_t w[4 * BATCH], again[4], open = 0;
    uint8_t *to = out;
    make_stream(r, block, w);
    for (int i = 0; i < 4 * BATCH; i++) {
        to[i] = w[i] < upper;
        open |= (uint32_t)(w[i] == upper);
    }
    for (int i = 0; open && i < 4 * BATCH; i++) {
        if (w[i] != upper) continue;
        one_block(r, block + (uint64_t)i / 4, 1, again);
        to[i] = again[i % 4] < lower;
    }
}

/* --- binomial ------------------------------------------------------------------------------------------------------ */

static double binomial_attempt(const cg_random_binomial *s, double u, double v) {
    if (s->inversion) return binomial_inversion(u, s->n, s->odds, s->none);
    return binomial_btrs(u, v, s->n, s->p, s->mean, s->a, s->b, s->c, s->quick, s->alpha, s->base, s->top);
}

static void binomial_batch(const cg_random_request *r, uint64_t block, void *out) {
    const cg_random_binomial *s = &r->binomial;
    int64_t *to = out;
    batch_words v;
    make_batch(r, block, &v);
    for (int b = 0; b < BATCH; b++) {
        double k = binomial_attempt(s, philox_u53(v.w[0][b], v.w[1][b]), philox_u53(v.w[2][b], v.w[3][b]));
        for (uint32_t t = 1; k < 0 && t < PHILOX_ATTEMPTS; t++) {
            uint32_t w[4];
            one_block(r, block + (uint64_t)b, t, w);
            k = binomial_attempt(s, philox_u53(w[0], w[1]), philox_u53(w[2], w[3]));
        }
        to[b] = (int64_t)(s->flip ? s->n - k : k);
    }
}

extern const cg_philox_whole_isa CG_ISA_NAME(cg_philox_whole);
const cg_philox_whole_isa CG_ISA_NAME(cg_philox_whole) = {.integers32 = integers32_batch,
                                                          .integers64 = integers64_batch,
                                                          .bernoulli = bernoulli_batch,
                                                          .binomial = binomial_batch};
