/*
 * C = epilogue(A B) for GPUs where C is small, thin or has any strides: a work-group computes SR rows of NX
 * columns, and ITEMS / NX work-items share the depth of each column; their sums are added as a tree.
 *
 *   A (batch, M, K)  element (i, p) at i a_row + p a_col
 *   B (batch, K, N)  element (p, j) at p b_row + j b_col
 *   C (batch, M, N)  the output of program.h, whose v0 is the element of the product; W = 1
 *
 * Neighbouring work-items take neighbouring columns, or with ALONG_DEPTH (b_row = 1) neighbouring steps of
 * the depth, so that B is read in whole lines. The host defines SR, NX, ITEMS (powers of 2) and ALONG_DEPTH.
 */
#define EPILOGUE
#include "prelude.h"
#include "program.h"
#include "hooks.h"
#include "matmul_operand.h"

#ifndef ITEMS
#define ITEMS 64
#define NX 16
#define SR 4
#define ALONG_DEPTH 0
#endif
#define SHARES (ITEMS / NX)

/* Group (x, y, batch - first_batch): rows y SR.., columns x NX... */
__kernel __attribute__((reqd_work_group_size(ITEMS, 1, 1))) void
matmul_skinny(const INDEX n, const INDEX k, const INDEX first_batch, MATRIX_PARAMS, const INDEX a_col,
              const INDEX b_col PROGRAM_DIMS PROGRAM_PARAMS) {
    __local TS part[SR * ITEMS];
    const INDEX batch = first_batch + (INDEX)get_group_id(2);
    MATRIX_START(batch)
    const int item = (int)get_local_id(0);
    const int x = ALONG_DEPTH ? item / SHARES : item % NX, share = ALONG_DEPTH ? item % SHARES : item / NX;
    const INDEX i0 = (INDEX)get_group_id(1) * SR, col = (INDEX)get_group_id(0) * NX + x;
    TS sum[SR];
    INDEX row[SR]; /* beyond the edge the last row stands in */
#pragma unroll
    for (int i = 0; i < SR; i++) {
        sum[i] = 0;
        row[i] = a_at + min(i0 + i, m - 1) * a_row;
    }
    const __global TS *from = b + b_at + min(col, n - 1) * b_col;
    for (INDEX p = share; p < k; p += SHARES) {
        const TS y = from[p * b_row];
#pragma unroll
        for (int i = 0; i < SR; i++)
            sum[i] = INNER_STEP(fma, a[row[i] + p * a_col], y, sum[i]);
    }
#pragma unroll
    for (int i = 0; i < SR; i++)
        part[(i * NX + x) * SHARES + share] = sum[i];
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int reach = SHARES / 2; reach > 0; reach /= 2) {
        if (share < reach)
#pragma unroll
            for (int i = 0; i < SR; i++) {
                const int at = (i * NX + x) * SHARES + share;
                part[at] += part[at + reach];
            }
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    for (int e = item; e < SR * NX; e += ITEMS) {
        const INDEX i = i0 + e / NX, j = (INDEX)get_group_id(0) * NX + e % NX;
        if (i >= m || j >= n) continue;
        PROGRAM_START
#if N_OUTER
        PROGRAM_OUTER(batch)
#endif
        PROGRAM_LOOP(i)
        const T v0 = part[e * SHARES];
        PROGRAM_VALUES
        PROGRAM_LOAD(j)
        PROGRAM_BODY
        PROGRAM_STORE(j)
    }
}
