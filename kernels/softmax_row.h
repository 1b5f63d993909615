/*
 * The steps of softmax over one row, for ITEMS neighbouring work-items that share it: work-item `lane` has
 * the vectors lane, lane + ITEMS, .. of W elements.
 *
 *   CPU style  ITEMS = GROUP = 1: work-items have whole rows
 *   GPU style  GROUP work-items a work-group; a row is a whole number of vectors
 *   KEEP       k > 0: a work-item keeps its k vectors in registers, the row is read once
 *              0: it is read three times; exp is computed twice or, in CPU style, waits in the output
 *
 * A file defines NEEDS_EXP before: 1 for results exp(x - max) factor, 0 for (x - max) - factor or none. NaN
 * in a row, +inf, and a row of -inf only give a NaN sum, and so NaN everywhere.
 */
#include "lanes.h"

#ifndef ITEMS
#define ITEMS 1
#define GROUP 1
#define KEEP 0
#define ALIGNED_ROWS 0
#endif
#define STORES_EXP (NEEDS_EXP && ITEMS == 1 && KEEP == 0)
#define BLOCK 64 /* vectors added one after the other; sums of blocks are added on their own */
#define LOWEST (-T_INF)

/* The maximum or the sum over the ITEMS work-items of a row, for all of them; share has GROUP places. */
FN TS row_combine(TS v, const int is_max, __local TS *share) {
#if ITEMS == 1
    (void)is_max;
    (void)share;
    return v;
#else
    const int item = (int)get_local_id(0), lane = item % ITEMS;
    share[item] = v;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int reach = ITEMS / 2; reach > 0; reach /= 2) {
        if (lane < reach) {
            const TS other = share[item + reach], mine = share[item];
            share[item] = is_max ? (other > mine ? other : mine) : mine + other;
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    const TS result = share[item - lane];
    barrier(CLK_LOCAL_MEM_FENCE);
    return result;
#endif
}

FN T row_load(const __global TS *p) {
#if ALIGNED_ROWS
    return *(const __global T *)p;
#else
    return GLOAD(p);
#endif
}

FN void row_store(T v, __global TS *p) {
#if ALIGNED_ROWS
    *(__global T *)p = v;
#else
    GSTORE(v, p);
#endif
}

/*
 * The last n < W elements of a row, then -inf: exp(-inf) = 0 changes no sum and -inf no maximum. whole: a
 * whole vector may be read, since the next row is there and no other work-item writes it.
 */
FN T tail_load(const __global TS *p, const int n, const bool whole) {
    if (whole) return LANE_NUMBERS < (I)((IS)n) ? GLOAD(p) : LOWEST;
    TS lane[W];
    for (int l = 0; l < W; l++)
        lane[l] = l < n ? p[l] : first_lane(LOWEST);
    return VLOAD(lane);
}

FN void tail_store(T v, __global TS *p, const int n) {
    TS lane[W];
    VSTORE(v, lane);
    for (int l = 0; l < n; l++)
        p[l] = lane[l];
}

/* vector v of a row, -inf beyond its end */
FN T vector_load(const __global TS *x, const INDEX v, const INDEX cols, const bool whole) {
    const INDEX n = cols - v * W;
    if (n >= W) return row_load(x + v * W);
    if (ITEMS == 1 && n > 0) return tail_load(x + v * W, (int)n, whole);
    return LOWEST;
}

FN void vector_store(const T value, __global TS *out, const INDEX v, const INDEX cols) {
    const INDEX n = cols - v * W;
    if (n >= W)
        row_store(value, out + v * W);
    else if (ITEMS == 1 && n > 0)
        tail_store(value, out + v * W, (int)n);
}

FN T larger(T a, T b) { return b > a ? b : a; }

/* The largest element that is not NaN. */
FN TS row_max(const __global TS *x, const INDEX cols, const int lane, const bool whole, T *kept,
                __local TS *share) {
    T m = LOWEST;
#if KEEP
#pragma unroll
    for (int i = 0; i < KEEP; i++) {
        kept[i] = vector_load(x, lane + i * ITEMS, cols, whole);
        m = larger(m, kept[i]);
    }
#else
    (void)kept;
    const INDEX full = cols / W;
    T n = LOWEST;
    INDEX v = lane;
    for (; v + ITEMS < full; v += 2 * ITEMS) {
        m = larger(m, row_load(x + v * W));
        n = larger(n, row_load(x + (v + ITEMS) * W));
    }
    if (v < full) m = larger(m, row_load(x + v * W));
    m = larger(m, n);
    if (ITEMS == 1 && cols % W) m = larger(m, tail_load(x + full * W, (int)(cols % W), whole));
#endif
    return row_combine(lane_max(m), 1, share);
}

/* The sum of exp(x - max); in CPU style the terms go to out. */
FN TS row_sum(const __global TS *x, __global TS *out, const INDEX cols, const int lane, const bool whole,
              const TS max, T *kept, __local TS *share) {
    T sum = C(0.0);
#if KEEP
    (void)x;
    (void)cols;
    (void)lane;
    (void)whole;
#pragma unroll
    for (int i = 0; i < KEEP; i++) {
        const T e = t_exp(kept[i] - max);
        sum += e;
        if (NEEDS_EXP) kept[i] = e;
    }
#else
    (void)kept;
    const INDEX full = cols / W;
    for (INDEX from = lane; from < full; from += BLOCK * ITEMS) {
        const INDEX end = min(full, from + BLOCK * ITEMS);
        T part = C(0.0);
        for (INDEX v = from; v < end; v += ITEMS) {
            const T e = t_exp(row_load(x + v * W) - max);
            if (STORES_EXP) row_store(e, out + v * W);
            part += e;
        }
        sum += part;
    }
    if (ITEMS == 1 && cols % W) {
        const T e = t_exp(tail_load(x + full * W, (int)(cols % W), whole) - max);
        if (STORES_EXP) tail_store(e, out + full * W, (int)(cols % W));
        sum += e;
    }
#endif
    (void)out;
    return row_combine(lane_sum(sum), 0, share);
}

/* One vector of the result; x as loaded, or what waits in out. */
FN T row_result(const T x, const TS max, const TS factor) {
    if (!NEEDS_EXP) return (x - max) - factor;
    return (STORES_EXP ? x : t_exp(x - max)) * factor;
}

/* out = exp(x - max) factor or (x - max) - factor */
FN void row_write(const __global TS *x, __global TS *out, const INDEX cols, const int lane, const bool whole,
                  const TS max, const TS factor, const T *kept) {
#if KEEP
    (void)x;
    (void)whole;
#pragma unroll
    for (int i = 0; i < KEEP; i++)
        vector_store(NEEDS_EXP ? kept[i] * factor : (kept[i] - max) - factor, out, lane + i * ITEMS, cols);
#else
    (void)kept;
    const INDEX full = cols / W;
    const __global TS *from = STORES_EXP ? out : x;
    for (INDEX v = lane; v < full; v += ITEMS)
        row_store(row_result(row_load(from + v * W), max, factor), out + v * W);
    if (ITEMS == 1 && cols % W)
        tail_store(row_result(tail_load(from + full * W, (int)(cols % W), whole), max, factor),
                   out + full * W, (int)(cols % W));
#endif
}
