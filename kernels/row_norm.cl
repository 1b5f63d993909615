/*
 * Normalization of the rows of contiguous (rows, cols), and its gradient:
 *
 *   out = (x - mean) rstd weight + bias     rstd = 1 / sqrt(var + epsilon)      CENTRE 0: the mean counts as 0
 *   dx = (gw - mean(gw) - z mean(gw z)) rstd     z = (x - mean) rstd     gw = g weight
 *   moments (4, rows): m, lost, rstd, var; the mean is m + lost = x0 + mean(x - x0), by Knuth's two-sum
 *
 * ITEMS neighbouring work-items share a row: work-item `lane` has the vectors lane, lane + ITEMS, .. of W elements, and of
 * what is left at the end every ITEMS-th element.
 *   CPU style  ITEMS = GROUP = 1: work-items have whole rows     GPU style  one row a work-group, ITEMS = GROUP
 * WEIGHT, BIAS: whether there is one. A sum adds BLOCK vectors in a row; the blocks' sums are added with what rounding loses.
 * KEEP > 0, up to BLOCK: a row has at most KEEP GROUP vectors, and a work-item reads its own once.
 */
#include "prelude.h"
#include "lanes.h"

#ifndef GROUP
#define GROUP 1
#define CENTRE 1
#define WEIGHT 1
#define BIAS 1
#endif
#ifndef KEEP
#define KEEP 0
#endif
#define BLOCK 8

/* the vector at p, which ALIGNED makes one access of 16 bytes */
#if ALIGNED
#define VECTOR(p) (*(const __global T *)(p))
#define PUT_VECTOR(v, p) (*(__global T *)(p) = (v))
#else
#define VECTOR(p) GLOAD(p)
#define PUT_VECTOR(v, p) GSTORE(v, p)
#endif

/* the vector of a row at c, its number `step` of this work-item */
#if KEEP
#define ROW(x) x##_kept[step]
#define KEEP_ROW(x)                                                                                          \
    T x##_kept[KEEP];                                                                                        \
    _Pragma("unroll") for (int step = 0; step < KEEP; step++) if (lane + step * GROUP < full)                \
        x##_kept[step] = VECTOR(x + (lane + step * GROUP) * W);
#else
#define ROW(x) VECTOR(x + c)
#define KEEP_ROW(x)
#endif

/* The sum of v over the work-items of a row, for all of them. */
FN TS row_total(TS v, __local TS *share) {
#if GROUP == 1
    (void)share;
    return v;
#else
    const int item = (int)get_local_id(0);
    share[item] = v;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int reach = GROUP / 2; reach > 0; reach /= 2) {
        if (item < reach) share[item] += share[item + reach];
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    const TS total = share[0];
    barrier(CLK_LOCAL_MEM_FENCE);
    return total;
#endif
}

/* Runs STATEMENT of each vector of this work-item. */
#if KEEP
#define EACH_VECTOR(STATEMENT)                                                                               \
    _Pragma("unroll") for (int step = 0; step < KEEP; step++) {                                              \
        const INDEX c = (lane + step * GROUP) * W;                                                           \
        if (c < full * W) {                                                                                  \
            STATEMENT;                                                                                       \
        }                                                                                                    \
    }
#else
#define EACH_VECTOR(STATEMENT)                                                                               \
    for (INDEX vector = lane; vector < full; vector += GROUP) {                                              \
        const INDEX c = vector * W;                                                                          \
        STATEMENT;                                                                                           \
    }
#endif

/* added + rest = the sum of TERM, an expression of vectors at element c */
#if KEEP
#define ADD_VECTORS(TERM) EACH_VECTOR(added += TERM)
#else
#define ADD_VECTORS(TERM)                                                                                    \
    for (INDEX from = lane; from < full; from += BLOCK * GROUP) {                                            \
        T part = C(0.0);                                                                                     \
        const INDEX end = min(full, from + BLOCK * GROUP);                                                   \
        for (INDEX vector = from; vector < end; vector += GROUP) {                                           \
            const INDEX c = vector * W;                                                                      \
            part += TERM;                                                                                    \
        }                                                                                                    \
        const T next = added + part, back = next - added;                                                    \
        rest += (added - (next - back)) + (part - back);                                                     \
        added = next;                                                                                        \
    }
#endif

/* total = the sum over the row of TERM and of ONE, the same of one element. */
#define ROW_SUM(total, TERM, ONE)                                                                            \
    {                                                                                                        \
        T added = C(0.0), rest = C(0.0);                                                                     \
        ADD_VECTORS(TERM)                                                                                    \
        TS tail = 0;                                                                                         \
        for (INDEX c = full * W + lane; c < cols; c += GROUP)                                                \
            tail += ONE;                                                                                     \
        total = row_total(lane_sum(added + rest) + tail, share);                                             \
    }

/* Runs STATEMENT of a vector at each c, and OTHER of an element. */
#define ROW_EACH(STATEMENT, OTHER)                                                                           \
    EACH_VECTOR(STATEMENT)                                                                                   \
    for (INDEX c = full * W + lane; c < cols; c += GROUP) {                                                  \
        OTHER;                                                                                               \
    }

#if WEIGHT
#define SCALED(v) ((v) * VECTOR(weight + c))
#define SCALED_ONE(v) ((v) * weight[c])
#else
#define SCALED(v) (v)
#define SCALED_ONE(v) (v)
#endif
#if BIAS
#define MOVED(v) ((v) + VECTOR(bias + c))
#define MOVED_ONE(v) ((v) + bias[c])
#else
#define MOVED(v) (v)
#define MOVED_ONE(v) (v)
#endif
#if CENTRE
#define FROM_MEAN(v) ((v) - m - lost)
#else
#define FROM_MEAN(v) (v)
#endif
#define KERNEL __kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void

KERNEL row_norm(const INDEX rows, const INDEX cols, const TS epsilon, const __global TS *x_all, const INDEX x_at,
                const __global TS *weight_all, const INDEX weight_at, const __global TS *bias_all, const INDEX bias_at,
                __global TS *out_all, const INDEX out_at, __global TS *moments, const INDEX moments_at) {
    __local TS share[GROUP];
    const INDEX row = (INDEX)get_group_id(0), lane = (INDEX)get_local_id(0), full = cols / W;
    const __global TS *x = x_all + x_at + row * cols;
    __global TS *out = out_all + out_at + row * cols;
#if WEIGHT
    const __global TS *weight = weight_all + weight_at;
#endif
#if BIAS
    const __global TS *bias = bias_all + bias_at;
#endif
    TS m = 0, lost = 0, sum;
    KEEP_ROW(x)
#if CENTRE
    const TS first = x[0];
    ROW_SUM(sum, ROW(x) - first, x[c] - first)
    const TS away = sum / (TS)cols;
    m = first + away;
    const TS part = m - first;
    lost = (first - (m - part)) + (away - part);
#endif
    ROW_SUM(sum, FROM_MEAN(ROW(x)) * FROM_MEAN(ROW(x)), FROM_MEAN(x[c]) * FROM_MEAN(x[c]))
    const TS var = sum / (TS)cols, rstd = (TS)1 / sqrt(var + epsilon);
    ROW_EACH(PUT_VECTOR(MOVED(SCALED(FROM_MEAN(ROW(x)) * rstd)), out + c),
             out[c] = MOVED_ONE(SCALED_ONE(FROM_MEAN(x[c]) * rstd)))
    if (lane > 0) return;
    __global TS *own = moments + moments_at + row;
    own[0] = m;
    own[rows] = lost;
    own[2 * rows] = rstd;
    own[3 * rows] = var;
}

KERNEL row_norm_grad(const INDEX rows, const INDEX cols, const __global TS *g_all, const INDEX g_at,
                     const __global TS *x_all, const INDEX x_at, const __global TS *weight_all, const INDEX weight_at,
                     const __global TS *moments, const INDEX moments_at, __global TS *dx_all, const INDEX dx_at) {
    __local TS share[GROUP];
    const INDEX row = (INDEX)get_group_id(0), lane = (INDEX)get_local_id(0), full = cols / W;
    const __global TS *g = g_all + g_at + row * cols, *x = x_all + x_at + row * cols;
    const __global TS *own = moments + moments_at + row;
    __global TS *dx = dx_all + dx_at + row * cols;
#if WEIGHT
    const __global TS *weight = weight_all + weight_at;
#endif
#if CENTRE
    const TS m = own[0], lost = own[rows];
#endif
    const TS rstd = own[2 * rows];
    TS sum = 0, along;
    KEEP_ROW(g)
    KEEP_ROW(x)
#if CENTRE
    ROW_SUM(sum, SCALED(ROW(g)), SCALED_ONE(g[c]))
#endif
    ROW_SUM(along, SCALED(ROW(g)) * (FROM_MEAN(ROW(x)) * rstd),
            SCALED_ONE(g[c]) * (FROM_MEAN(x[c]) * rstd))
    const TS mean = sum / (TS)cols, mean_z = along / (TS)cols;
    ROW_EACH(PUT_VECTOR((SCALED(ROW(g)) - mean - FROM_MEAN(ROW(x)) * rstd * mean_z) * rstd, dx + c),
             dx[c] = (SCALED_ONE(g[c]) - mean - FROM_MEAN(x[c]) * rstd * mean_z) * rstd)
}
