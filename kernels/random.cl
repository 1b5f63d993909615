/*
 * to[i] = number first + i of a stream (philox.h). A work-item makes blocks of 4 words, W at a time: 4
 * elements a block for floats, 2 for doubles. KIND: 0 uniform, 1 normal, 2 exponential; times scale plus shift.
 */
#include "prelude.h"
#include "elementary.h"
#include "trigonometry.h"

#define PHILOX_W LANES(uint)
#define PHILOX_T(w) TO_T(LANES(as_int)(w)) /* below 2^31: a conversion every device has */
#include "philox.h"

#ifndef KIND
#define KIND 0
#endif
#if TYPE == CG_F64
#define PER_BLOCK 2
#else
#define PER_BLOCK 4
#endif
#define PIECE (PER_BLOCK * W)
#if KIND == 2
#define FLAT(u) philox_exponential(u)
#else
#define FLAT(u) (u)
#endif

/* The elements of W blocks: value[j] has number j of each block. */
FN void elements(const philox_words w, T *value) {
#if TYPE == CG_F64
    const T u = philox_u53(w.w0, w.w1), v = philox_u53(w.w2, w.w3);
#if KIND != 1
    value[0] = FLAT(u);
    value[1] = FLAT(v);
#else
    const T r = philox_radius(u, PHILOX_STEP53);
    value[0] = r * t_cos2pi(v);
    value[1] = r * t_sin2pi(v);
#endif
#else
    const T a = philox_u24(w.w0), b = philox_u24(w.w1), c = philox_u24(w.w2), d = philox_u24(w.w3);
#if KIND != 1
    value[0] = FLAT(a);
    value[1] = FLAT(b);
    value[2] = FLAT(c);
    value[3] = FLAT(d);
#else
    const T r = philox_radius(a, PHILOX_STEP24), s = philox_radius(c, PHILOX_STEP24);
    value[0] = r * t_cos2pi(b);
    value[1] = r * t_sin2pi(b);
    value[2] = s * t_cos2pi(d);
    value[3] = s * t_sin2pi(d);
#endif
#endif
}

#if W == 1
FN void to_stream_order(T *value) { (void)value; }
#else
/* x0 y0 x1 y1 .. */
FN void interleave(const T x, const T y, T *low, T *high) {
    (*low).even = x.lo;
    (*low).odd = y.lo;
    (*high).even = x.hi;
    (*high).odd = y.hi;
}

/* From element j of W blocks in value[j] to the order of the stream. */
FN void to_stream_order(T *value) {
#if TYPE == CG_F64
    interleave(value[0], value[1], &value[0], &value[1]);
#else
    T a, b, c, d;
    interleave(value[0], value[2], &a, &b);
    interleave(value[1], value[3], &c, &d);
    interleave(a, c, &value[0], &value[1]);
    interleave(b, d, &value[2], &value[3]);
#endif
}
#endif

/*
 * Piece p holds the stream's elements from (first_block + p W) PER_BLOCK on; a work-item makes `pieces_each`.
 */
__kernel void random(const long n, const long first, const long pieces_each, const uint seed_lo,
                     const uint seed_hi, const uint stream_lo, const uint stream_hi, const TS scale,
                     const TS shift, __global TS *to, const long to_offset) {
    const long first_block = (long)((ulong)first / PER_BLOCK);
    for (long i = 0; i < pieces_each; i++) {
        const long block = first_block + ((long)get_global_id(0) * pieces_each + i) * W;
        /* in `to`; below 0 in the first piece */
        const long at = (long)((ulong)block * PER_BLOCK - (ulong)first);
        if (at >= n) return;
        const LANES(ulong) number = (LANES(ulong))((ulong)block) + LANES(convert_ulong)(LANE_NUMBERS);
        T value[PER_BLOCK];
        const PHILOX_W lo = LANES(convert_uint)(number), hi = LANES(convert_uint)(number >> 32);
        elements(philox_block(lo, hi, stream_lo, stream_hi, seed_lo, seed_hi), value);
        to_stream_order(value);
        TS piece[PIECE];
        for (int j = 0; j < PER_BLOCK; j++)
            VSTORE(value[j] * (T)(scale) + (T)(shift), piece + j * W);
        if (at >= 0 && at + PIECE <= n) {
#pragma unroll
            for (int j = 0; j < PIECE; j++)
                to[to_offset + at + j] = piece[j];
        } else {
            for (int j = 0; j < PIECE; j++)
                if (at + j >= 0 && at + j < n) to[to_offset + at + j] = piece[j];
        }
    }
}
