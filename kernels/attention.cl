/*
 * Attention without stored scores, forward and backward:
 *
 *   score = scale q k^T + mask    p = exp(score - lse)    out = p v
 *   ds = p (g v^T - delta)        dq = scale ds k         dk = scale ds^T q        dv = p^T g
 *
 *   q (batch, queries, D)  k (batch, keys, D)  v (batch, keys, E)  rows x_row apart, batch (b0, b1) at b0 x_b0 + b1 x_b1
 *   mask (batch, queries, keys), any strides: MASK 0 none, 1 bytes (0 hides), 2 T (-inf hides); CAUSAL: key s > query t is hidden
 *   out, g (batch, queries, E), lse, delta (batch, queries), dq, dk, dv contiguous
 *
 * A work-item has W queries (dkv: W keys), one in each lane of its vectors, and walks the rows of the other side, STEP at a
 * time; every lane meets the same row, so that nothing is added across lanes.
 *   CPU style  GROUP = 1: wide vectors, rows are read where they are
 *   GPU style  W = 1: GROUP work-items read rows together, TILE at a time, into local memory
 * forward keeps the largest score so far, m, and the sum and the product scaled by it (an online softmax).
 */
#include "prelude.h"
#include "elementary.h"

#ifndef D
#define D 4
#define E 4
#define STEP 4
#define TILE 32
#define GROUP 1
#define MASK 0
#define CAUSAL 0
#endif
#ifndef WANT_DK /* dkv alone: which of the two are wanted */
#define WANT_DK 1
#define WANT_DV 1
#endif

#if MASK == 1
typedef uchar MASK_TYPE;
#else
typedef TS MASK_TYPE;
#endif

#define MATRIX(x) const __global TS *x, const INDEX x##_at, const INDEX x##_b0, const INDEX x##_b1, const INDEX x##_row
#define PARAMS                                                                                               \
    const INDEX first_batch, const INDEX queries, const INDEX keys, const INDEX heads, const TS scale,          \
        MATRIX(q), MATRIX(k), MATRIX(v),                                                                        \
        const __global MASK_TYPE *mask, const INDEX mask_at, const INDEX mask_b0, const INDEX mask_b1,          \
        const INDEX mask_q, const INDEX mask_k
#define KERNEL __kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void

/* The batch of a work-item, counted from first_batch, and where its matrices begin. */
#define START                                                                                                \
    const INDEX batch = first_batch + (INDEX)get_global_id(1);                                                  \
    const INDEX b0 = divide(batch, heads), b1 = batch - b0 * heads;                                             \
    const INDEX first = (INDEX)get_global_id(0) * W;                                                           \
    const __global TS *q_rows = q + q_at + b0 * q_b0 + b1 * q_b1, *k_rows = k + k_at + b0 * k_b0 + b1 * k_b1;     \
    const __global TS *v_rows = v + v_at + b0 * v_b0 + b1 * v_b1;                                               \
    const __global MASK_TYPE *masks = mask + mask_at + b0 * mask_b0 + b1 * mask_b1

/* --- rows in lanes ---------------------------------------------------------------------------------------------- */

/* x[i] = element i of rows first.. in the lanes; past the end the last row again. */
FN void load_lanes(T *x, const int n, const __global TS *rows, const INDEX step, const INDEX first, const INDEX end) {
    for (int i = 0; i < n; i++) {
        TS lane[W];
        for (int l = 0; l < W; l++)
            lane[l] = rows[min(first + l, end - 1) * step + i];
        x[i] = VLOAD(lane);
    }
}

FN void store_lanes(const T *x, const int n, __global TS *rows, const INDEX first, const INDEX end) {
    for (int i = 0; i < n; i++) {
        TS lane[W];
        VSTORE(x[i], lane);
        for (int l = 0; l < W; l++)
            if (first + l < end) rows[(first + l) * n + i] = lane[l];
    }
}

/* --- rows that all lanes meet ----------------------------------------------------------------------------------- */

#if GROUP > 1
/* Rows from.. from + TILE - 1 of n elements into local memory; 0 past the end. */
FN void fetch_rows(__local TS *tile, const int n, const __global TS *rows, const INDEX step, const INDEX from,
                   const INDEX end) {
    for (int i = (int)get_local_id(0); i < TILE * n; i += GROUP) {
        const INDEX row = from + i / n;
        tile[i] = row < end ? rows[row * step + i % n] : (TS)0;
    }
}
#define ROW_A(j) (tile_a + (j) * D)
#define ROW_B(j) (tile_b + (j) * E)
typedef const __local TS *ROW;
#define STAGE(a, a_step, b, b_step, from, end)                                                               \
    barrier(CLK_LOCAL_MEM_FENCE);                                                                              \
    fetch_rows(tile_a, D, a, a_step, from, end);                                                               \
    fetch_rows(tile_b, E, b, b_step, from, end);                                                               \
    barrier(CLK_LOCAL_MEM_FENCE)
#else
typedef const __global TS *ROW;
#endif

/* s[j] = sum_i x[i] row j [i] for STEP rows */
FN void products(const T *x, const int n, const ROW *row, T *s) {
    for (int j = 0; j < STEP; j++)
        s[j] = C(0.0);
#if GROUP > 1
#pragma unroll
#endif
    for (int i = 0; i < n; i++) {
#pragma unroll
        for (int j = 0; j < STEP; j++)
            s[j] = FMA(x[i], (T)(row[j][i]), s[j]);
    }
}

/* x[i] = x[i] factor + sum_j s[j] row j [i] */
FN void add_rows(T *x, const int n, const T factor, const T *s, const ROW *row) {
#if GROUP > 1
#pragma unroll
#endif
    for (int i = 0; i < n; i++) {
        T sum = x[i] * factor;
#pragma unroll
        for (int j = 0; j < STEP; j++)
            sum = FMA(s[j], (T)(row[j][i]), sum);
        x[i] = sum;
    }
}

/* --- scores ----------------------------------------------------------------------------------------------------- */

/* A product becomes a score: scaled, and -inf where the mask hides; lane l has its mask at l step, `lanes` of them. */
FN T masked(const T product, const TS scale, const __global MASK_TYPE *mask, const INDEX step, const INDEX lanes) {
#if MASK
    TS lane[W];
    for (int l = 0; l < W; l++) {
        const MASK_TYPE m = mask[min((INDEX)l, lanes - 1) * step];
#if MASK == 1
        lane[l] = m ? (TS)0 : -(TS)INFINITY;
#else
        lane[l] = m;
#endif
    }
    const T added = VLOAD(lane);
    return added == -(T)(T_INF) ? added : product * scale + added;
#else
    return product * scale;
#endif
}

FN T larger(const T a, const T b) { return b > a ? b : a; }

/* The scores of the lanes' queries with keys key.. key + STEP - 1; hidden past the end and behind the query. */
FN void query_scores(const T *query, const ROW *row, const TS scale, const __global MASK_TYPE *masks, const INDEX mask_q,
                     const INDEX mask_k, const INDEX first, const INDEX lanes, const INDEX key, const INDEX keys,
                     T *score) {
    products(query, D, row, score);
    const I number = (I)((IS)first) + LANE_NUMBERS;
    for (int j = 0; j < STEP; j++) {
        const INDEX s = min(key + j, keys - 1);
        score[j] = masked(score[j], scale, masks + first * mask_q + s * mask_k, mask_q, lanes);
        if (CAUSAL) score[j] = number >= (I)((IS)(key + j)) ? score[j] : -(T)(T_INF);
        if (key + j >= keys) score[j] = -(T)(T_INF);
    }
}

/* How many keys the work-items of this group look at: by causality none behind their last query. */
FN INDEX key_end(const INDEX keys) {
    return CAUSAL ? min(keys, ((INDEX)get_group_id(0) + 1) * GROUP * W) : keys;
}

#if GROUP > 1
#define LOCAL_TILES                                                                                          \
    __local TS tile_a[TILE * D], tile_b[TILE * E];
#define SET_ROWS(a, a_step, b, b_step, at, end)                                                               \
    for (int j = 0; j < STEP; j++) {                                                                           \
        row_a[j] = ROW_A((int)((at) % TILE) + j);                                                              \
        row_b[j] = ROW_B((int)((at) % TILE) + j);                                                              \
    }
#else
#define LOCAL_TILES
#define STAGE(a, a_step, b, b_step, from, end)
#define SET_ROWS(a, a_step, b, b_step, at, end)                                                               \
    for (int j = 0; j < STEP; j++) {                                                                           \
        row_a[j] = (a) + min((at) + j, (end) - 1) * (a_step);                                                  \
        row_b[j] = (b) + min((at) + j, (end) - 1) * (b_step);                                                  \
    }
#endif

/* --- kernels ---------------------------------------------------------------------------------------------------- */

KERNEL attention(PARAMS, __global TS *out, const INDEX out_at, __global TS *lse, const INDEX lse_at) {
    LOCAL_TILES
    START;
    const INDEX lanes = min((INDEX)W, max(queries - first, (INDEX)1)), safe = min(first, queries - 1);
    const INDEX end = key_end(keys);
    T query[D], sum[E], m = -(T)(T_INF), l = C(0.0);
    load_lanes(query, D, q_rows, q_row, safe, queries);
    for (int i = 0; i < E; i++)
        sum[i] = C(0.0);
    for (INDEX key = 0; key < end; key += STEP) {
        ROW row_a[STEP], row_b[STEP];
        T score[STEP];
        if (key % TILE == 0) {
            STAGE(k_rows, k_row, v_rows, v_row, key, keys);
        }
        SET_ROWS(k_rows, k_row, v_rows, v_row, key, keys)
        query_scores(query, row_a, scale, masks, mask_q, mask_k, safe, lanes, key, keys, score);
        T most = m;
        for (int j = 0; j < STEP; j++)
            most = larger(most, score[j]);
        const T shift = most == -(T)(T_INF) ? C(0.0) : most;
        const T factor = m == most ? C(1.0) : t_exp(m - most);
        l *= factor;
        for (int j = 0; j < STEP; j++) {
            score[j] = t_exp(score[j] - shift);
            l += score[j];
        }
        add_rows(sum, E, factor, score, row_b);
        m = most;
    }
    const T shift = m == -(T)(T_INF) ? C(0.0) : m, inverse = C(1.0) / l;
    for (int i = 0; i < E; i++) /* where no key was seen the sum may be anything: 0 times values that are not finite */
        sum[i] = l == C(0.0) ? C(0.0) : sum[i] * inverse;
    const T logarithm = l == C(0.0) ? (T)(T_INF) : shift + t_log(l);
    if (first >= queries) return;
    store_lanes(sum, E, out + out_at + batch * queries * E, first, queries);
    store_lanes(&logarithm, 1, lse + lse_at + batch * queries, first, queries);
}

KERNEL attention_dq(PARAMS, const __global TS *lse, const INDEX lse_at, const __global TS *g, const INDEX g_at,
                    const __global TS *delta, const INDEX delta_at, __global TS *dq, const INDEX dq_at) {
    LOCAL_TILES
    START;
    const INDEX lanes = min((INDEX)W, max(queries - first, (INDEX)1)), safe = min(first, queries - 1);
    const INDEX end = key_end(keys);
    T query[D], gradient[E], sum[D], log_sum, own_delta;
    load_lanes(query, D, q_rows, q_row, safe, queries);
    load_lanes(gradient, E, g + g_at + batch * queries * E, E, safe, queries);
    load_lanes(&log_sum, 1, lse + lse_at + batch * queries, 1, safe, queries);
    load_lanes(&own_delta, 1, delta + delta_at + batch * queries, 1, safe, queries);
    for (int i = 0; i < D; i++)
        sum[i] = C(0.0);
    for (INDEX key = 0; key < end; key += STEP) {
        ROW row_a[STEP], row_b[STEP];
        T score[STEP], slope[STEP];
        if (key % TILE == 0) {
            STAGE(k_rows, k_row, v_rows, v_row, key, keys);
        }
        SET_ROWS(k_rows, k_row, v_rows, v_row, key, keys)
        query_scores(query, row_a, scale, masks, mask_q, mask_k, safe, lanes, key, keys, score);
        products(gradient, E, row_b, slope);
        for (int j = 0; j < STEP; j++)
            slope[j] = t_exp(score[j] - log_sum) * (slope[j] - own_delta) * scale;
        add_rows(sum, D, C(1.0), slope, row_a);
    }
    if (first < queries) store_lanes(sum, D, dq + dq_at + batch * queries * D, first, queries);
}

KERNEL attention_dkv(PARAMS, const __global TS *lse, const INDEX lse_at, const __global TS *g, const INDEX g_at,
                     const __global TS *delta, const INDEX delta_at, __global TS *dk, const INDEX dk_at,
                     __global TS *dv, const INDEX dv_at) {
    LOCAL_TILES
    START;
    const INDEX lanes = min((INDEX)W, max(keys - first, (INDEX)1)), safe = min(first, keys - 1);
    const __global TS *g_rows = g + g_at + batch * queries * E;
    const __global TS *log_sums = lse + lse_at + batch * queries, *deltas = delta + delta_at + batch * queries;
    const I number = (I)((IS)safe) + LANE_NUMBERS;
    T key[D], value[E], sum_k[D], sum_v[E];
    load_lanes(key, D, k_rows, k_row, safe, keys);
    load_lanes(value, E, v_rows, v_row, safe, keys);
    for (int i = 0; i < D; i++)
        sum_k[i] = C(0.0);
    for (int i = 0; i < E; i++)
        sum_v[i] = C(0.0);
    /* queries before the group's first key see none of its keys */
    const INDEX start = CAUSAL ? (INDEX)get_group_id(0) * GROUP * W / TILE * TILE : 0;
    for (INDEX query = start; query < queries; query += STEP) {
        ROW row_a[STEP], row_b[STEP];
        T score[STEP], slope[STEP];
        if (query % TILE == 0) {
            STAGE(q_rows, q_row, g_rows, E, query, queries);
        }
        SET_ROWS(q_rows, q_row, g_rows, E, query, queries)
        products(key, D, row_a, score);
        products(value, E, row_b, slope);
        for (int j = 0; j < STEP; j++) {
            const INDEX t = min(query + j, queries - 1);
            T p = masked(score[j], scale, masks + t * mask_q + safe * mask_k, mask_k, lanes);
            if (CAUSAL) p = number <= (I)((IS)t) ? p : -(T)(T_INF);
            if (query + j >= queries) p = -(T)(T_INF);
            score[j] = t_exp(p - (T)(log_sums[t]));
            slope[j] = score[j] * (slope[j] - (T)(deltas[t])) * scale;
        }
        if (WANT_DK) add_rows(sum_k, D, C(1.0), slope, row_a);
        if (WANT_DV) add_rows(sum_v, E, C(1.0), score, row_b);
    }
    if (first >= keys) return;
    if (WANT_DK) store_lanes(sum_k, D, dk + dk_at + batch * keys * D, first, keys);
    if (WANT_DV) store_lanes(sum_v, E, dv + dv_at + batch * keys * E, first, keys);
}
