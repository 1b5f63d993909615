/*
 * Packs B for matmul_block.cl: to[batch][j / NR][p][j % NR] = B[batch][p][j], 0 for columns j >= N. B is (K,
 * N), element (p, j) at p b_row + j b_col. Group (panel, chunk of KC rows, batch), one work-item each.
 */
#include "prelude.h"

#ifndef NV
#define NV 2
#define KC 256
#endif
#define NR (NV * W)

/* Transposes W x W elements: log2(W) perfect shuffles of the W vectors. */
#if W > 1
FN void transpose(T *r) {
    for (int stage = 1; stage < W; stage *= 2) {
        T mixed[W];
#pragma unroll
        for (int i = 0; i < W / 2; i++) {
            const T x = r[i], y = r[i + W / 2];
            mixed[2 * i].even = x.lo;
            mixed[2 * i].odd = y.lo;
            mixed[2 * i + 1].even = x.hi;
            mixed[2 * i + 1].odd = y.hi;
        }
#pragma unroll
        for (int i = 0; i < W; i++)
            r[i] = mixed[i];
    }
}
#else
FN void transpose(T *r) { (void)r; }
#endif

/* W columns of `depth` rows where neighbours lie along the depth (b_row = 1) */
APART void pack_transposed(const int depth, const __global TS *b, const INDEX b_col, __global TS *to) {
    int p = 0;
    for (; p + W <= depth; p += W) {
        T r[W];
#pragma unroll
        for (int j = 0; j < W; j++)
            r[j] = GLOAD(b + j * b_col + p);
        transpose(r);
#pragma unroll
        for (int q = 0; q < W; q++)
            GSTORE(r[q], to + (p + q) * NR);
    }
    for (; p < depth; p++)
        for (int j = 0; j < W; j++)
            to[p * NR + j] = b[j * b_col + p];
}

/* W columns of which the first `lanes` exist, any strides */
APART void pack_any(const int depth, const int lanes, const __global TS *b, const INDEX b_row, const INDEX b_col,
                 __global TS *to) {
    for (int p = 0; p < depth; p++)
        for (int j = 0; j < W; j++)
            to[p * NR + j] = j < lanes ? b[p * b_row + j * b_col] : (TS)0;
}

__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void
matmul_pack(const INDEX n, const INDEX k, const __global TS *b, const INDEX b_offset, const INDEX b_row,
            const INDEX b_col, const INDEX b_batch, __global TS *to, const INDEX to_offset,
            const INDEX to_batch) {
    const INDEX j0 = (INDEX)get_group_id(0) * NR, p0 = (INDEX)get_group_id(1) * KC;
    const INDEX batch = (INDEX)get_group_id(2);
    const int depth = (int)min((INDEX)KC, k - p0);
    b += b_offset + batch * b_batch + p0 * b_row + j0 * b_col;
    to += to_offset + batch * to_batch + j0 * k + p0 * NR;
    for (int v = 0; v < NV; v++) {
        const int lanes = (int)clamp(n - j0 - v * W, (INDEX)0, (INDEX)W);
        const __global TS *from = b + v * W * b_col;
        if (lanes == W && b_col == 1)
            for (int p = 0; p < depth; p++)
                GSTORE(GLOAD(from + p * b_row), to + p * NR + v * W);
        else if (lanes == W && b_row == 1)
            pack_transposed(depth, from, b_col, to + v * W);
        else
            pack_any(depth, lanes, from, b_row, b_col, to + v * W);
    }
}
