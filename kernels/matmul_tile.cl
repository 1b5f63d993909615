/*
 * C = epilogue(A B) for GPUs: a work-group computes a BM x BN tile of C, a work-item TM x TN of it. Slices of
 * depth BK of A and B go through local memory, two slices deep: while one is multiplied the next is on its
 * way in registers, with one barrier a slice.
 *
 *   A (batch, M, K)  element (i, p) at i a_row + p a_col
 *   B (batch, K, N)  element (p, j) at p b_row + j b_col
 *   C (batch, M, N)  the output of program.h, whose v0 is the element of the product; W = 4
 *
 * In local memory both slices are [p][i] and [p][j], so that a work-item reads 4 neighbours at once.
 * The host defines BM, BN, BK, TX and TY (work-items across and down), A_WAY and B_WAY (matmul_slice.h), SPLIT.
 */
#define EPILOGUE
#ifndef W
#define W 4
#endif
#include "prelude.h"
#include "program.h"
#include "hooks.h"
#include "matmul_operand.h"

#ifndef BM
#define BM 64
#define BN 64
#define BK 8
#define TX 16
#define TY 8
#define A_WAY 1
#define B_WAY 2
#endif
#define ITEMS (TX * TY)
#define TM (BM / TY)
#define TN (BN / TX)
#define ROW_A (BM + 4) /* padded against bank conflicts of the transposing store */
#define ROW_B (BN + 4)
#define FETCH_A (BM * BK / 4 / ITEMS) /* vectors a work-item fetches of a slice */
#define FETCH_B (BN * BK / 4 / ITEMS)
#include "matmul_slice.h"

typedef GLUE(TS, 4) V4;

/*
 * Fetches vectors of a slice of X (A or the transpose of B): element (across, along) at across s_across +
 * along s_along, 0 outside (n_across, n_along).
 */
INLINE void fetch(const int way, const int size, const int count, const int item, const __global TS *x,
                  const INDEX s_across, const INDEX s_along, const INDEX n_across, const INDEX n_along,
                  V4 *r) {
#pragma unroll
    for (int i = 0; i < count; i++) {
        const int e = item + i * ITEMS;
        const INDEX across = ACROSS(way, size, e), along = ALONG(way, size, e);
        const __global TS *from = x + across * s_across + along * s_along;
        const INDEX step = STEP_OF(way, s_across, s_along);
        const INDEX left = COUNT_OF(way, across, along, n_across, n_along);
        r[i] = (V4)(0);
        if (left >= 4 && (way == 1 || way == 2))
            r[i] = *(const __global V4 *)from;
        else {
            if (left > 0) r[i].x = from[0];
            if (left > 1) r[i].y = from[step];
            if (left > 2) r[i].z = from[2 * step];
            if (left > 3) r[i].w = from[3 * step];
        }
    }
}

/* Puts them into local memory: slice[along][across]. */
INLINE void put(const int way, const int size, const int row, const int count, const int item, const V4 *r,
                __local TS *slice) {
#pragma unroll
    for (int i = 0; i < count; i++) {
        const int e = item + i * ITEMS;
        __local TS *to = slice + ALONG(way, size, e) * row + ACROSS(way, size, e);
        if (way >= 2)
            *(__local V4 *)to = r[i];
        else {
            to[0] = r[i].x;
            to[row] = r[i].y;
            to[2 * row] = r[i].z;
            to[3 * row] = r[i].w;
        }
    }
}

/* acc[i][j] += a[p][i] b[p][j] over one slice */
INLINE void multiply(const __local TS *a, const __local TS *b, V4 *acc) {
#pragma unroll
    for (int p = 0; p < BK; p++) {
        V4 x[TM / 4], y[TN / 4];
#pragma unroll
        for (int i = 0; i < TM / 4; i++)
            x[i] = *(const __local V4 *)(a + p * ROW_A + i * 4 * TY);
#pragma unroll
        for (int j = 0; j < TN / 4; j++)
            y[j] = *(const __local V4 *)(b + p * ROW_B + j * 4 * TX);
#pragma unroll
        for (int i = 0; i < TM / 4; i++)
#pragma unroll
            for (int j = 0; j < TN / 4; j++) {
                V4 *c = acc + i * 4 * (TN / 4) + j;
                c[0 * (TN / 4)] = INNER_STEP(fma, (V4)(x[i].x), y[j], c[0 * (TN / 4)]);
                c[1 * (TN / 4)] = INNER_STEP(fma, (V4)(x[i].y), y[j], c[1 * (TN / 4)]);
                c[2 * (TN / 4)] = INNER_STEP(fma, (V4)(x[i].z), y[j], c[2 * (TN / 4)]);
                c[3 * (TN / 4)] = INNER_STEP(fma, (V4)(x[i].w), y[j], c[3 * (TN / 4)]);
            }
    }
}

/* Group (x, y, batch - first_batch), x and y by GROUP_ORDER: rows y BM.., columns x BN... */
__kernel __attribute__((reqd_work_group_size(ITEMS, 1, 1))) void
matmul_tile(const INDEX n, const INDEX k, SPLIT_PARAMS const INDEX first_batch, MATRIX_PARAMS,
            const INDEX a_col, const INDEX b_col PROGRAM_DIMS PROGRAM_PARAMS) {
    __local __attribute__((aligned(16))) TS slice_a[2][BK * ROW_A];
    __local __attribute__((aligned(16))) TS slice_b[2][BK * ROW_B];
    const INDEX batch = first_batch + (INDEX)get_group_id(2);
    MATRIX_START(batch)
    const int item = (int)get_local_id(0);
    DEPTH_OF_PART(batch)
    GROUP_ORDER(group_x, group_y)
    const INDEX i0 = (INDEX)group_y * BM, j0 = (INDEX)group_x * BN;
    /* 32 neighbours cover 8 work-items across and 4 down: local reads without conflicts */
    const int lane = item % 32, warp = item / 32;
    const int tx = lane % 8 + 8 * (warp % (TX / 8)), ty = lane / 8 + 4 * (warp / (TX / 8));
    const __global TS *from_a = a + a_at + i0 * a_row;
    const __global TS *from_b = b + b_at + j0 * b_col;

    V4 acc[TM * (TN / 4)], next_a[FETCH_A], next_b[FETCH_B];
#pragma unroll
    for (int i = 0; i < TM * (TN / 4); i++)
        acc[i] = (V4)(0);
    fetch(A_WAY, BM, FETCH_A, item, from_a, a_row, a_col, m - i0, depth, next_a);
    fetch(B_WAY, BN, FETCH_B, item, from_b, b_col, b_row, n - j0, depth, next_b);
    put(A_WAY, BM, ROW_A, FETCH_A, item, next_a, slice_a[0]);
    put(B_WAY, BN, ROW_B, FETCH_B, item, next_b, slice_b[0]);
    barrier(CLK_LOCAL_MEM_FENCE);
    int at = 0;
    for (INDEX p = 0; p < depth; p += BK) {
        const bool more = p + BK < depth;
        if (more) {
            const INDEX q = p + BK;
            fetch(A_WAY, BM, FETCH_A, item, from_a + q * a_col, a_row, a_col, m - i0, depth - q, next_a);
            fetch(B_WAY, BN, FETCH_B, item, from_b + q * b_row, b_col, b_row, n - j0, depth - q, next_b);
        }
        multiply(slice_a[at] + ty * 4, slice_b[at] + tx * 4, acc);
        at ^= 1;
        if (more) {
            put(A_WAY, BM, ROW_A, FETCH_A, item, next_a, slice_a[at]);
            put(B_WAY, BN, ROW_B, FETCH_B, item, next_b, slice_b[at]);
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }

#pragma unroll
    for (int i = 0; i < TM; i++) {
        const INDEX row = i0 + i / 4 * 4 * TY + ty * 4 + i % 4;
        if (row >= m) continue;
        PROGRAM_START
#if N_OUTER
        PROGRAM_OUTER(batch)
#endif
        PROGRAM_LOOP(row)
#pragma unroll
        for (int j = 0; j < TN / 4; j++) {
            const INDEX col = j0 + j * 4 * TX + tx * 4;
            if (col >= n) continue;
            const int lanes = (int)min((INDEX)W, n - col);
            const T v0 = acc[i * (TN / 4) + j];
            PROGRAM_RUN(col, lanes)
        }
    }
}
