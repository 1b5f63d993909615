/*
 * The steps of softmax over one row, for ITEMS neighbouring work-items that share it: work-item `lane` has the
 * vectors lane, lane + ITEMS, .. of W elements.
 *
 *   CPU style  ITEMS = GROUP = 1, KEEP = 0: the row is read three times; exp(x - max) waits in the output
 *   GPU style  GROUP work-items a work-group. With KEEP = k > 0 a work-item keeps its k vectors in registers and
 *              the row is read once; with KEEP = 0 it is read three times and exp computed twice. The row is a
 *              whole number of vectors.
 *
 * A file defines NEEDS_EXP before: 1 for results exp(x - max) factor, 0 for (x - max) - factor or none. NaN in a
 * row, +inf, and a row of -inf only give a NaN sum, and so NaN everywhere.
 */
#ifndef ITEMS
#define ITEMS 1
#define GROUP 1
#define KEEP 0
#define ALIGNED_ROWS 0
#endif
#define STORES_EXP (NEEDS_EXP && ITEMS == 1 && KEEP == 0)
#define BLOCK 64 /* vectors added one after the other; sums of blocks are added on their own */
#define LOWEST (-T_INF)

FN TS first_lane(T v) {
#if W == 1
    return v;
#else
    return v.s0;
#endif
}

FN TS lane_max(T v) {
    TS m[W];
    VSTORE(v, m);
    for (int reach = W / 2; reach > 0; reach /= 2)
        for (int l = 0; l < reach; l++)
            m[l] = m[l + reach] > m[l] ? m[l + reach] : m[l];
    return m[0];
}

FN TS lane_sum(T v) {
    TS s[W];
    VSTORE(v, s);
    for (int reach = W / 2; reach > 0; reach /= 2)
        for (int l = 0; l < reach; l++)
            s[l] += s[l + reach];
    return s[0];
}

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
    return VLOAD(p);
#endif
}

FN void row_store(T v, __global TS *p) {
#if ALIGNED_ROWS
    *(__global T *)p = v;
#else
    VSTORE(v, p);
#endif
}

/* the last n < W elements of a row, then -inf: exp(-inf) = 0 changes no sum and -inf no maximum */
FN T tail_load(const __global TS *p, const int n) {
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

FN T larger(T a, T b) { return b > a ? b : a; }

/* The largest element that is not NaN. */
FN TS row_max(const __global TS *x, const INDEX cols, const int lane, T *kept, __local TS *share) {
    const INDEX full = cols / W;
    T m = LOWEST;
#if KEEP
#pragma unroll
    for (int i = 0; i < KEEP; i++) {
        const INDEX v = lane + i * ITEMS;
        kept[i] = LOWEST;
        if (v < full) kept[i] = row_load(x + v * W);
        m = larger(m, kept[i]);
    }
#else
    (void)kept;
    T n = LOWEST;
    INDEX v = lane;
    for (; v + ITEMS < full; v += 2 * ITEMS) {
        m = larger(m, row_load(x + v * W));
        n = larger(n, row_load(x + (v + ITEMS) * W));
    }
    if (v < full) m = larger(m, row_load(x + v * W));
    m = larger(m, n);
    if (ITEMS == 1 && cols % W) m = larger(m, tail_load(x + full * W, (int)(cols % W)));
#endif
    return row_combine(lane_max(m), 1, share);
}

/* The sum of exp(x - max); in CPU style the terms go to out. */
FN TS row_sum(const __global TS *x, __global TS *out, const INDEX cols, const int lane, const TS max, T *kept,
              __local TS *share) {
    const INDEX full = cols / W;
    T sum = C(0.0);
#if KEEP
    (void)x;
#pragma unroll
    for (int i = 0; i < KEEP; i++) {
        const T e = t_exp(kept[i] - max);
        sum += e;
        if (NEEDS_EXP) kept[i] = e;
    }
#else
    (void)kept;
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
        const T e = t_exp(tail_load(x + full * W, (int)(cols % W)) - max);
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
FN void row_write(const __global TS *x, __global TS *out, const INDEX cols, const int lane, const TS max,
                  const TS factor, const T *kept) {
    const INDEX full = cols / W;
#if KEEP
    (void)x;
#pragma unroll
    for (int i = 0; i < KEEP; i++) {
        const INDEX v = lane + i * ITEMS;
        if (v < full) row_store(NEEDS_EXP ? kept[i] * factor : (kept[i] - max) - factor, out + v * W);
    }
#else
    (void)kept;
    const __global TS *from = STORES_EXP ? out : x;
    for (INDEX v = lane; v < full; v += ITEMS)
        row_store(row_result(row_load(from + v * W), max, factor), out + v * W);
    if (ITEMS == 1 && cols % W)
        tail_store(row_result(tail_load(from + full * W, (int)(cols % W)), max, factor), out + full * W,
                   (int)(cols % W));
#endif
}
