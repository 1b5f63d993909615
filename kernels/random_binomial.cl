/*
 * to[i] = number first + i of a stream of binomial variates (binomial.h), i64; T is double. A work-item makes the
 * elements from its number on, `items` apart.
 */
#include "prelude.h"
#include "elementary.h"
#include "philox.h"
#include "binomial.h"

__kernel void random_binomial(const long n, const long first, const long items, const uint seed_lo,
                              const uint seed_hi, const uint stream_lo, const uint stream_hi, const int inversion,
                              const int flip, const TS trials, const TS p, const TS odds, const TS none, const TS mean,
                              const TS a, const TS b, const TS c, const TS quick, const TS alpha, const TS base,
                              const TS top, __global long *to, const long to_offset) {
    for (long i = (long)get_global_id(0); i < n; i += items) {
        const ulong block = (ulong)first + (ulong)i;
        TS k = C(-1.0);
        for (uint t = 0; k < C(0.0) && t < PHILOX_ATTEMPTS; t++) {
            const philox_words w = philox_block((uint)block, (uint)(block >> 32), stream_lo,
                                                PHILOX_ATTEMPT(stream_hi, t), seed_lo, seed_hi);
            const TS u = philox_u53(w.w0, w.w1), v = philox_u53(w.w2, w.w3);
            k = inversion ? binomial_inversion(u, trials, odds, none)
                          : binomial_btrs(u, v, trials, p, mean, a, b, c, quick, alpha, base, top);
        }
        to[to_offset + i] = (long)(flip ? trials - k : k);
    }
}
