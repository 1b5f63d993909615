/*
 * to[i] = number first + i of a stream of gamma variates (gamma.h) times scale plus shift, or their logarithms where
 * `logarithm` is not 0. A work-item makes the elements from its number on, `items` apart.
 */
#include "prelude.h"
#include "elementary.h"
#include "trigonometry.h"
#include "philox.h"
#include "gamma.h"

/* The numbers of attempt t. */
FN void draw(uint lo, uint hi, uint stream_lo, uint stream_hi, uint seed_lo, uint seed_hi, uint t, TS *x, TS *u,
             TS *boost) {
#if TYPE == CG_F64
    const philox_words v = philox_block(lo, hi, stream_lo, PHILOX_ATTEMPT(stream_hi, 2 * t), seed_lo, seed_hi);
    const philox_words w = philox_block(lo, hi, stream_lo, PHILOX_ATTEMPT(stream_hi, 2 * t + 1), seed_lo, seed_hi);
    *x = gamma_normal(philox_u53(v.w0, v.w1), philox_u53(v.w2, v.w3));
    *u = philox_u53(w.w0, w.w1) + GAMMA_STEP;
    *boost = philox_u53(w.w2, w.w3) + GAMMA_STEP;
#else
    const philox_words v = philox_block(lo, hi, stream_lo, PHILOX_ATTEMPT(stream_hi, t), seed_lo, seed_hi);
    *x = gamma_normal(philox_u24(v.w0), philox_u24(v.w1));
    *u = philox_u24(v.w2) + GAMMA_STEP;
    *boost = philox_u24(v.w3) + GAMMA_STEP;
#endif
}

__kernel void random_gamma(const long n, const long first, const long items, const uint seed_lo, const uint seed_hi,
                           const uint stream_lo, const uint stream_hi, const TS scale, const TS shift, const TS d,
                           const TS c, const TS log_d, const TS power, const int logarithm, __global TS *to,
                           const long to_offset) {
    for (long i = (long)get_global_id(0); i < n; i += items) {
        const ulong block = (ulong)first + (ulong)i;
        TS y = C(0.0), boost = C(1.0);
        bool taken = false;
        for (uint t = 0; !taken && t < GAMMA_ATTEMPTS; t++) {
            TS x, u;
            draw((uint)block, (uint)(block >> 32), stream_lo, stream_hi, seed_lo, seed_hi, t, &x, &u, &boost);
            y = c * x;
            taken = gamma_margin(y, u, d) > C(0.0);
        }
        to[to_offset + i] = logarithm ? gamma_logarithm(y, boost, log_d, power)
                                      : gamma_value(y, boost, d, power) * scale + shift;
    }
}
