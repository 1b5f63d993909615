/*
 * C = epilogue(A B) for devices that are CPUs: one work-item, alone in its group, computes a block of C with
 * vectors of W elements along a row.
 *
 *   A (batch, M, K)  element (i, p) at i a_row + p a_col
 *   B (batch, K, N)  element (p, j) at p b_row + j, or packed by matmul_pack.cl: panels of NR columns
 *   C (batch, M, N)  the output of program.h, whose v0 is the element of the product
 *
 * The depth is cut into slabs of KC. Sums within a slab stay in registers, those of all slabs are added in
 * local memory: the error grows with KC + K / KC rounding steps instead of K, and what a slab reads of A and
 * B stays in the second-level cache.
 *
 * Packing A was tried for every stride and lost; packing B pays only where its columns are not neighbours.
 * The host defines MR x NV, the tile in registers (rows x vectors), KC and B_PACKED.
 */
#define EPILOGUE
#include "prelude.h"
#include "program.h"
#include "hooks.h"
#include "matmul_operand.h"

#ifndef MR
#define MR 12
#define NV 2
#define KC 256
#define B_PACKED 0
#endif
#define NR (NV * W)
#define INLINE static inline __attribute__((always_inline)) /* the counts of rows and vectors are constants */
#define PART (MR > 4 ? 4 : 1) /* rows of the tiles at the lower edge */

/* What a tile knows of its slab. */
typedef struct {
    INDEX a_row, a_col, b_row;
    int depth;
    int safe;  /* steps in which a whole vector may be read at the right edge: it ends in later rows of B */
    int lanes; /* columns that exist of the vector at the right edge */
    int first; /* the first slab stores, the others add */
    int sum_row; /* in vectors */
} slab;

/* acc[i][v] += A[i][p] B[p][v] for `depth` steps p; row[i]: offsets of the rows of A */
INLINE void steps(const int rows, const int vectors, const __global TS *a, const INDEX *row,
                  const INDEX a_col, const __global TS *b, const INDEX b_row, const int depth, T *acc) {
    for (int p = 0; p < depth; p++) {
        T x[NV];
#pragma unroll
        for (int v = 0; v < vectors; v++)
            x[v] = VLOAD(b + v * W);
#pragma unroll
        for (int i = 0; i < rows; i++) {
            const T y = (T)(a[row[i]]);
#pragma unroll
            for (int v = 0; v < vectors; v++)
                acc[i * NV + v] = INNER_STEP(FMA, y, x[v], acc[i * NV + v]);
        }
        a += a_col;
        b += b_row;
    }
}

/* sum (+)= A B over one slab for rows x vectors; of the rows `live` are real, the others repeat the last */
INLINE void tile(const int rows, const int vectors, const int live, const slab s, const __global TS *a,
                 const __global TS *b, __local T *sum) {
    T acc[MR * NV];
    INDEX row[MR];
#pragma unroll
    for (int i = 0; i < rows; i++) {
        row[i] = (rows == live ? i : min(i, live - 1)) * s.a_row;
#pragma unroll
        for (int v = 0; v < vectors; v++)
            acc[i * NV + v] = C(0.0);
    }
    steps(rows, vectors, a, row, s.a_col, b, s.b_row, s.safe, acc);
    for (int i = 0; i < live; i++) /* not unrolled: that halves the time to compile, and costs nothing here */
        for (int v = 0; v < vectors; v++) {
            __local T *to = sum + i * s.sum_row + v;
            *to = s.first ? acc[i * NV + v] : *to + acc[i * NV + v];
        }
}

/* The same for all rows of a group. */
INLINE void column(const int vectors, const int rows, const slab s, const __global TS *a,
                   const __global TS *b, __local T *sum) {
    int i = 0;
    for (; i + MR <= rows; i += MR)
        tile(MR, vectors, MR, s, a + i * s.a_row, b, sum + i * s.sum_row);
    a += i * s.a_row;
#if MR > 1
    for (; i < rows; i += PART) {
        tile(PART, vectors, min(PART, rows - i), s, a, b, sum + i * s.sum_row);
        a += PART * s.a_row;
    }
#endif
}

#define COLUMN(name, vectors)                                                                                \
    APART void name(const int rows, const slab s, const __global TS *a, const __global TS *b,                \
                    __local T *sum) {                                                                        \
        column(vectors, rows, s, a, b, sum);                                                                 \
    }
COLUMN(column_whole, NV)
#if NV >= 4
COLUMN(column_half, NV / 2)
#endif
#if NV > 1
COLUMN(column_single, 1)
#else
#define column_single column_whole
#endif

/* The steps at the right edge in which a whole vector may not be read: few, so one element at a time. */
APART void last_steps(const int rows, const slab s, const __global TS *a, const __global TS *b,
                   __local TS *sum) {
    for (int i = 0; i < rows; i++)
        for (int j = 0; j < s.lanes; j++) {
            TS t = sum[i * s.sum_row * W + j];
            for (int p = s.safe; p < s.depth; p++)
                t = INNER_STEP(fma, a[i * s.a_row + p * s.a_col], b[p * s.b_row + j], t);
            sum[i * s.sum_row * W + j] = t;
        }
}

/* Group (x, y, batch): rows y group_rows.., columns x group_columns.. (a multiple of NR). */
__kernel __attribute__((reqd_work_group_size(1, 1, 1))) void
matmul_block(const INDEX n, const INDEX k, const int group_rows, const int group_columns, MATRIX_PARAMS,
             const INDEX a_col, __local T *sum PROGRAM_DIMS PROGRAM_PARAMS) {
    const INDEX batch = (INDEX)get_group_id(2);
    MATRIX_START(batch)
    const INDEX i0 = (INDEX)get_group_id(1) * group_rows, j0 = (INDEX)get_group_id(0) * group_columns;
    const int rows = (int)min((INDEX)group_rows, m - i0), columns = (int)min((INDEX)group_columns, n - j0);
    a_at += i0 * a_row;
    slab s;
    s.sum_row = group_columns / W;
    s.a_row = a_row;
    s.a_col = a_col;
    const int edge = columns - columns % W; /* from here on there is no whole vector of columns */
    s.lanes = columns - edge;
    /* the vector at the edge reads up to column j0 + edge + W: beyond B in the last `unsafe` rows */
    const INDEX over = j0 + edge + W - n;
    const INDEX unsafe = B_PACKED || over <= 0 || s.lanes == 0 ? 0 : (over + b_row - 1) / b_row;
    INDEX p = 0;
    do { /* also once for k = 0, which stores zeros */
        s.depth = (int)min((INDEX)KC, k - p);
        s.first = p == 0;
        for (int j = 0; j < columns;) {
#if B_PACKED
            s.b_row = NR;
            const __global TS *from = b + b_at + (j0 + j) / NR * NR * k + p * NR + j % NR;
#else
            s.b_row = b_row;
            const __global TS *from = b + b_at + p * b_row + j0 + j;
#endif
            s.safe = s.depth;
            if (columns - j >= NR) {
                column_whole(rows, s, a + a_at + p * a_col, from, sum + j / W);
                j += NR;
            } else {
#if NV >= 4
                if (columns - j >= NV / 2 * W) {
                    column_half(rows, s, a + a_at + p * a_col, from, sum + j / W);
                    j += NV / 2 * W;
                    continue;
                }
#endif
                if (j == edge) s.safe = (int)clamp(k - unsafe - p, (INDEX)0, (INDEX)s.depth);
                column_single(rows, s, a + a_at + p * a_col, from, sum + j / W);
                if (s.safe < s.depth)
                    last_steps(rows, s, a + a_at + p * a_col, from, (__local TS *)(sum + j / W));
                j += W;
            }
        }
        p += KC;
    } while (p < k);
#define PRODUCT(i, j) sum[(i) * s.sum_row + (j) / W]
#include "matmul_store.h"
}
