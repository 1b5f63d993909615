/*
 * C = epilogue(A B) for devices that are CPUs, where both operands run along the depth (a_col = b_row = 1)
 * and A has few rows: each element of C is a dot product of W lanes, B is read once for DR rows of A, no
 * packing.
 *
 *   A (batch, M, K)  element (i, p) at i a_row + p
 *   B (batch, K, N)  element (p, j) at p + j b_col
 *   C (batch, M, N)  the output of program.h, whose v0 is the element of the product
 *
 * Each lane adds STEPS products in a register before they go to the sum, so that the error stays that of
 * short chains. The host defines DR, the rows of A taken together.
 */
#define EPILOGUE
#include "prelude.h"
#include "program.h"
#include "hooks.h"
#include "lanes.h"
#include "matmul_operand.h"

#ifndef DR
#define DR 2
#endif
#define DC 4      /* columns taken together */
#define STEPS 128 /* of W products */

/* out[i][j] = A[row[i]] . B[col[j]], i < DR, j < DC */
APART void dots(const INDEX k, const __global TS *a, const INDEX *row, const __global TS *b, const INDEX *col,
             TS *out) {
    T sum[DR * DC];
#pragma unroll
    for (int i = 0; i < DR * DC; i++)
        sum[i] = C(0.0);
    INDEX p = 0;
    while (p + W <= k) {
        T acc[DR * DC];
#pragma unroll
        for (int i = 0; i < DR * DC; i++)
            acc[i] = C(0.0);
        for (int step = 0; step < STEPS && p + W <= k; step++, p += W) {
            T x[DR];
#pragma unroll
            for (int i = 0; i < DR; i++)
                x[i] = GLOAD(a + row[i] + p);
#pragma unroll
            for (int j = 0; j < DC; j++) {
                const T y = GLOAD(b + col[j] + p);
#pragma unroll
                for (int i = 0; i < DR; i++)
                    acc[i * DC + j] = INNER_STEP(FMA, x[i], y, acc[i * DC + j]);
            }
        }
#pragma unroll
        for (int i = 0; i < DR * DC; i++)
            sum[i] += acc[i];
    }
#pragma unroll
    for (int i = 0; i < DR; i++)
#pragma unroll
        for (int j = 0; j < DC; j++) {
            TS rest = 0;
            for (INDEX q = p; q < k; q++)
                rest = INNER_STEP(fma, a[row[i] + q], b[col[j] + q], rest);
            out[i * DC + j] = lane_sum(sum[i * DC + j]) + rest;
        }
}

/* Group (x, y, batch): rows y group_rows.., columns x group_columns.. (a multiple of W). */
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void
matmul_dot(const INDEX n, const INDEX k, const int group_rows, const int group_columns, MATRIX_PARAMS,
           const INDEX b_col, __local T *sums PROGRAM_DIMS PROGRAM_PARAMS) {
    const INDEX batch = (INDEX)get_group_id(2);
    MATRIX_START(batch)
    const INDEX i0 = (INDEX)get_group_id(1) * group_rows, j0 = (INDEX)get_group_id(0) * group_columns;
    const int rows = (int)min((INDEX)group_rows, m - i0), columns = (int)min((INDEX)group_columns, n - j0);
    __local TS *sum = (__local TS *)sums;
    (void)b_row;
    for (int i = 0; i < rows; i += DR)
        for (int j = 0; j < columns; j += DC) {
            INDEX row[DR], col[DC];
            TS out[DR * DC];
            /* beyond the edge the last row and column stand in; their results are not stored */
            for (int q = 0; q < DR; q++)
                row[q] = a_at + (i0 + min(i + q, rows - 1)) * a_row;
            for (int q = 0; q < DC; q++)
                col[q] = b_at + (j0 + min(j + q, columns - 1)) * b_col;
            dots(k, a, row, b, col, out);
            for (int q = 0; q < DR && i + q < rows; q++)
                for (int l = 0; l < DC && j + l < columns; l++)
                    sum[(i + q) * group_columns + j + l] = out[q * DC + l];
        }
#define PRODUCT(i, j) sums[((i) * group_columns + (j)) / W]
#include "matmul_store.h"
}
