#include "random/random_host.h"

#define CG_BITS 64
#include "core/elementary_c.h"
#include "kernels/philox.h"
#include "kernels/binomial.h"

double cg_random_double(uint64_t seed, uint64_t stream, uint64_t i) {
    uint64_t block = i / 2;
    philox_words w = philox_block((uint32_t)block, (uint32_t)(block >> 32), (uint32_t)stream,
                                  (uint32_t)(stream >> 32), (uint32_t)seed, (uint32_t)(seed >> 32));
    return i % 2 ? philox_u53(w.w2, w.w3) : philox_u53(w.w0, w.w1);
}

uint64_t cg_random_seed(uint64_t seed, uint64_t stream) {
    const uint32_t stream_hi = PHILOX_ATTEMPT((uint32_t)(stream >> 32), PHILOX_ATTEMPTS - 1);
    philox_words w = philox_block(0, 0, (uint32_t)stream, stream_hi, (uint32_t)seed, (uint32_t)(seed >> 32));
    return philox_long(w.w0, w.w1);
}

cg_random_gamma cg_random_gamma_of(double a) {
    const double d = (a < 1 ? a + 1 : a) - 1.0 / 3;
    return (cg_random_gamma){.d = d, .c = 1 / (3 * sqrt(d)), .log_d = t_log(d), .power = a < 1 ? 1 / a : 0};
}

/* Hoermann's constants of the hat, as functions of the standard deviation. */
static void set_hat(cg_random_binomial *s) {
    const double deviation = sqrt(s->mean * (1 - s->p));
    s->b = 1.15 + 2.53 * deviation;
    s->a = -0.0873 + 0.0248 * s->b + 0.01 * s->p;
    s->c = s->mean + 0.5;
    s->quick = 0.92 - 4.2 / s->b;
    s->alpha = (2.83 + 5.1 / s->b) * deviation;
    s->base = 0.91893853320467278 - binomial_stirling(s->n); /* log(2 pi) / 2 */
    s->top = binomial_log(t_floor((s->n + 1) * s->p), s->n, s->p, s->mean, s->base);
}

cg_random_binomial cg_random_binomial_of(double n, double p) {
    cg_random_binomial s = {.n = n, .p = p > 0.5 ? 1 - p : p, .flip = p > 0.5};
    s.mean = n * s.p;
    s.inversion = s.mean < 10;
    s.odds = s.p / (1 - s.p);
    s.none = t_exp(n * t_log1p(-s.p));
    if (!s.inversion) set_hat(&s);
    return s;
}
