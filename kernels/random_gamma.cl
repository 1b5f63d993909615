/*
 * to[i] = number first + i of a stream of gamma variates (gamma.h) times scale plus shift, or their logarithms where
 * `logarithm` is not 0. A work-item makes the elements from its number on, `items` apart.
 */
#include "prelude.h"
#include "elementary.h"
#include "trigonometry.h"
#include "philox.h"
#include "gamma.h"

__kernel void random_gamma(const long n, const long first, const long items, const uint seed_lo, const uint seed_hi,
                           const uint stream_lo, const uint stream_hi, const TS scale, const TS shift, const TS d,
                           const TS c, const TS log_d, const TS power, const int logarithm, __global TS *to,
                           const long to_offset) {
    for (long i = (long)get_global_id(0); i < n; i += items) {
        const ulong block = (ulong)first + (ulong)i;
        TS y = C(0.0), boost = C(1.0);
        bool taken = false;
        for (uint t = 0; !taken && t < GAMMA_ATTEMPTS; t++) {
            const gamma_numbers g =
                gamma_draw((uint)block, (uint)(block >> 32), stream_lo, stream_hi, seed_lo, seed_hi, t);
            y = c * g.x;
            boost = g.boost;
            taken = gamma_margin(y, g.u, d) > C(0.0);
        }
        to[to_offset + i] = logarithm ? gamma_logarithm(y, boost, log_d, power)
                                      : gamma_value(y, boost, d, power) * scale + shift;
    }
}
