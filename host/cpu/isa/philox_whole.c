/* Random whole numbers and truth values. */
#define CG_BITS 64
#include "core/elementary_c.h"
#include "host/cpu/isa/philox_words.h"
#include "kernels/binomial.h"

/* --- integers: all of a batch at once, then those again whose rest was below `reject` ------------------------------ */

static uint64_t redraw(const cg_random_request *r, uint64_t block, int j, bool wide) {
    uint64_t high = 0, low = 0;
    for (uint32_t t = 1; t < PHILOX_ATTEMPTS; t++) {
        uint32_t w[4];
        one_block(r, block, t, w);
        if (wide) {
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
    const uint32_t reject = (uint32_t)r->integers.reject, first = (uint32_t)r->integers.low;
    batch_words v;
    uint32_t value[4][BATCH], rest[4][BATCH], refused = 0, *to = out;
    make_words(r, block, 0, &v);
    for (int j = 0; j < 4; j++) {
        for (int b = 0; b < BATCH; b++) {
            const uint64_t product = v.w[j][b] * range;
            value[j][b] = (uint32_t)(product >> 32);
            rest[j][b] = (uint32_t)product;
            refused |= (uint32_t)(rest[j][b] < reject);
        }
    }
    for (int j = 0; refused && j < 4; j++)
        for (int b = 0; b < BATCH; b++)
            if (rest[j][b] < reject) value[j][b] = (uint32_t)redraw(r, block + (uint64_t)b, j, false);
    for (int b = 0; b < BATCH; b++) {
        for (int j = 0; j < 4; j++) to[4 * b + j] = first + value[j][b];
    }
}

static void integers64_batch(const cg_random_request *r, uint64_t block, void *out) {
    const uint64_t range = r->integers.range, reject = r->integers.reject, first = (uint64_t)r->integers.low;
    batch_words v;
    uint64_t value[2][BATCH], rest[2][BATCH], refused = 0, *to = out;
    make_words(r, block, 0, &v);
    for (int j = 0; j < 2; j++) {
        for (int b = 0; b < BATCH; b++) {
            value[j][b] =
                philox_product(philox_long(v.w[2 * j][b], v.w[2 * j + 1][b]), range, &rest[j][b]);
            refused |= (uint64_t)(rest[j][b] < reject);
        }
    }
    for (int j = 0; refused && j < 2; j++)
        for (int b = 0; b < BATCH; b++)
            if (rest[j][b] < reject) value[j][b] = redraw(r, block + (uint64_t)b, j, true);
    for (int b = 0; b < BATCH; b++) {
        for (int j = 0; j < 2; j++) to[2 * b + j] = first + value[j][b];
    }
}

/* --- bernoulli: the upper words are compared; where they are equal, the lower ones --------------------------------- */

static void bernoulli_batch(const cg_random_request *r, uint64_t block, void *out) {
    const uint32_t upper = (uint32_t)(r->chance >> 32), lower = (uint32_t)r->chance;
    batch_words v;
    uint8_t *to = out;
    uint32_t open = 0, w[4];
    make_words(r, block, 0, &v);
    for (int b = 0; b < BATCH; b++) {
        for (int j = 0; j < 4; j++) {
            to[4 * b + j] = v.w[j][b] < upper;
            open |= (uint32_t)(v.w[j][b] == upper);
        }
    }
    for (int b = 0; open && b < BATCH; b++) {
        for (int j = 0; j < 4; j++) {
            if (v.w[j][b] != upper) continue;
            one_block(r, block + (uint64_t)b, 1, w);
            to[4 * b + j] = w[j] < lower;
        }
    }
}

/* --- binomial ------------------------------------------------------------------------------------------------------ */

static int64_t binomial_element(const cg_random_request *r, uint64_t block) {
    const cg_random_binomial *s = &r->binomial;
    double k = -1;
    for (uint32_t t = 0; k < 0 && t < PHILOX_ATTEMPTS; t++) {
        uint32_t w[4];
        one_block(r, block, t, w);
        const double u = philox_u53(w[0], w[1]), v = philox_u53(w[2], w[3]);
        k = s->inversion ? binomial_inversion(u, s->n, s->odds, s->none)
                         : binomial_btrs(u, v, s->n, s->p, s->mean, s->a, s->b, s->c, s->quick, s->alpha,
                                         s->base, s->top);
    }
    return (int64_t)(s->flip ? s->n - k : k);
}

static void binomial_batch(const cg_random_request *r, uint64_t block, void *out) {
    int64_t *to = out;
    for (int b = 0; b < BATCH; b++) to[b] = binomial_element(r, block + (uint64_t)b);
}

extern const cg_philox_whole_isa CG_ISA_NAME(cg_philox_whole);
const cg_philox_whole_isa CG_ISA_NAME(cg_philox_whole) = {.integers32 = integers32_batch,
                                                          .integers64 = integers64_batch,
                                                          .bernoulli = bernoulli_batch,
                                                          .binomial = binomial_batch};
