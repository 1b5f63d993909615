/*
 * C = epilogue(A B) in f32 by the matrix units of a GPU (warp_matrix.h): a work-group computes a BM x BN tile of C, each
 * of its WM x WN warps a part of it. Slices of depth BK go to local memory by asynchronous copies, STAGES - 1 ahead of
 * the one that is multiplied.
 *
 *   A (batch, M, K)  element (i, p) at i a_row + p a_col
 *   B (batch, K, N)  element (p, j) at p b_row + j b_col
 *   C (batch, M, N)  the output of program.h, whose v0 is the element of the product; W = 2
 *
 * KIND is how an element enters the units:
 *   3  f32 as the sum of two tf32: a b is a_high b_high + a_high b_low + a_low b_high, with an error of 2^-22. The units
 *      add with truncation, so no sum stays in them for longer than 8 steps: the sums over the depth are additions of
 *      f32. What is not finite is computed again in f32, since the lower part of an infinity is none.
 *   1  tf32, 11 bits, rounded    2  bf16, 8 bits, rounded
 * The host defines KIND, BM, BN, BK, WM, WN, STAGES, A_WAY and B_WAY (matmul_slice.h), SPLIT.
 */
#define EPILOGUE
#ifndef W
#define W 2
#endif
#include "prelude.h"
#include "program.h"
#include "hooks.h"
#include "matmul_operand.h"
#include "matmul_slice.h"
#include "warp_matrix.h"

#ifndef KIND
#define KIND 3
#define BM 128
#define BN 128
#define BK 16
#define WM 2
#define WN 4
#define STAGES 2
#define A_WAY 1
#define B_WAY 2
#endif
#define ITEMS (WM * WN * 32)
#define MT (BM / WM / 16) /* tiles of 16 rows of a warp */
#define NT (BN / WN / 8)  /* tiles of 8 columns, an even number */

/*
 * A slice in local memory is [across][along] where neighbours lie along the depth, else [along][across]; the rows are
 * padded so that the 8 x 4 places a fragment is read from lie in 32 banks.
 */
#define ROW(way, size) ((way) < 2 ? BK + 4 : (size) + 8)
#define SLICE(way, size) ((way) < 2 ? (size) * (BK + 4) : BK * ((size) + 8))
#define ROW_A ROW(A_WAY, BM)
#define ROW_B ROW(B_WAY, BN)

/* Starts the copy of a slice of X: element (across, along) at across s_across + along s_along, 0 outside. */
INLINE void copy_slice(const int way, const int size, const int item, const __global float *x,
                       const INDEX s_across, const INDEX s_along, const INDEX n_across, const INDEX n_along,
                       __local float *slice WARP_PARAM) {
    UNROLL
    for (int e = item; e < size * BK / 4; e += ITEMS) {
        const INDEX across = ACROSS(way, size, e), along = ALONG(way, size, e);
        const INDEX step = STEP_OF(way, s_across, s_along);
        const int left = (int)clamp(COUNT_OF(way, across, along, n_across, n_along), (INDEX)0, (INDEX)4);
        const __global float *from = left > 0 ? x + across * s_across + along * s_along : x;
        __local float *to = slice + (way < 2 ? across * ROW(way, size) + along : along * ROW(way, size) + across);
        if (way == 1 || way == 2) {
            COPY16(to, from, 4 * left);
        } else {
            UNROLL
            for (int i = 0; i < 4; i++)
                COPY4(to + i, i < left ? from + i * step : x, i < left ? 4 : 0);
        }
    }
}

/* The fragments of A of a warp for 8 steps of the depth; slice: at its first row and step */
INLINE void load_a(const __local float *slice, const int lane, uint r[MT][4] WARP_PARAM) {
    const int g = lane / 4, q = lane % 4;
    (void)g;
    (void)q;
    UNROLL
    for (int i = 0; i < MT; i++) {
#if A_WAY < 2
        LOAD_FRAGMENT(r[i], slice + (16 * i + lane % 16) * ROW_A + lane / 16 * 4);
#else
        UNROLL
        for (int x = 0; x < 4; x++)
            r[i][x] = as_uint(slice[(q + x / 2 * 4) * ROW_A + 16 * i + g + x % 2 * 8]);
#endif
    }
}

/* The same of B. */
INLINE void load_b(const __local float *slice, const int lane, uint r[NT][2] WARP_PARAM) {
    const int g = lane / 4, q = lane % 4;
    (void)g;
    (void)q;
#if B_WAY < 2
    UNROLL
    for (int j = 0; j < NT; j += 2) {
        uint both[4];
        LOAD_FRAGMENT(both, slice + (8 * j + lane / 16 * 8 + lane % 8) * ROW_B + lane / 8 % 2 * 4);
        r[j][0] = both[0];
        r[j][1] = both[1];
        r[j + 1][0] = both[2];
        r[j + 1][1] = both[3];
    }
#else
    UNROLL
    for (int j = 0; j < NT; j++)
        UNROLL
        for (int x = 0; x < 2; x++)
            r[j][x] = as_uint(slice[(q + 4 * x) * ROW_B + 8 * j + g]);
#endif
}

#if KIND == 3
/* high = tf32 of what it was, low = tf32 of the rest */
INLINE void split(uint *high, uint *low) {
    const float x = as_float(*high);
    *high = ROUND_TF32(x);
    *low = ROUND_TF32(x - as_float(*high));
}

INLINE void multiply_8(const __local float *a, const __local float *b, const int lane,
                       float sum[MT][NT][4] WARP_PARAM) {
    uint a_high[MT][4], a_low[MT][4], b_high[NT][2], b_low[NT][2];
    load_a(a, lane, a_high WARP_PASS);
    load_b(b, lane, b_high WARP_PASS);
    UNROLL
    for (int i = 0; i < MT; i++)
        UNROLL
        for (int x = 0; x < 4; x++)
            split(&a_high[i][x], &a_low[i][x]);
    UNROLL
    for (int j = 0; j < NT; j++)
        UNROLL
        for (int x = 0; x < 2; x++)
            split(&b_high[j][x], &b_low[j][x]);
    const float zero[4] = {0, 0, 0, 0};
    UNROLL
    for (int i = 0; i < MT; i++) { /* NT sums at once, so that none waits for the one before */
        float c[NT][4];
        UNROLL
        for (int j = 0; j < NT; j++)
            MMA_TF32(c[j], a_low[i], b_high[j], zero);
        UNROLL
        for (int j = 0; j < NT; j++)
            MMA_TF32(c[j], a_high[i], b_low[j], c[j]);
        UNROLL
        for (int j = 0; j < NT; j++)
            MMA_TF32(c[j], a_high[i], b_high[j], c[j]);
        UNROLL
        for (int j = 0; j < NT; j++)
            UNROLL
            for (int x = 0; x < 4; x++)
                sum[i][j][x] += c[j][x];
    }
}
#elif KIND == 1
INLINE void multiply_8(const __local float *a, const __local float *b, const int lane,
                       float sum[MT][NT][4] WARP_PARAM) {
    uint x[MT][4], y[NT][2];
    load_a(a, lane, x WARP_PASS);
    load_b(b, lane, y WARP_PASS);
    UNROLL
    for (int i = 0; i < MT; i++)
        UNROLL
        for (int e = 0; e < 4; e++)
            x[i][e] = ROUND_TF32(as_float(x[i][e]));
    UNROLL
    for (int j = 0; j < NT; j++)
        UNROLL
        for (int e = 0; e < 2; e++)
            y[j][e] = ROUND_TF32(as_float(y[j][e]));
    UNROLL
    for (int i = 0; i < MT; i++)
        UNROLL
        for (int j = 0; j < NT; j++)
            MMA_TF32(sum[i][j], x[i], y[j], sum[i][j]);
}
#else
/* A register holds steps q and q + 4, of the first or of the second 8. */
INLINE void multiply_16(const __local float *a, const __local float *b, const int lane,
                        float sum[MT][NT][4] WARP_PARAM) {
    uint x[2][MT][4], y[2][NT][2], pairs[MT][4];
    UNROLL
    for (int h = 0; h < 2; h++) {
        load_a(a + 8 * h * (A_WAY < 2 ? 1 : ROW_A), lane, x[h] WARP_PASS);
        load_b(b + 8 * h * (B_WAY < 2 ? 1 : ROW_B), lane, y[h] WARP_PASS);
    }
    UNROLL
    for (int i = 0; i < MT; i++)
        UNROLL
        for (int e = 0; e < 4; e++)
            pairs[i][e] = PACK_BF16(as_float(x[e / 2][i][e % 2 + 2]), as_float(x[e / 2][i][e % 2]));
    UNROLL
    for (int j = 0; j < NT; j++) {
        uint pair[2];
        UNROLL
        for (int e = 0; e < 2; e++)
            pair[e] = PACK_BF16(as_float(y[e][j][1]), as_float(y[e][j][0]));
        UNROLL
        for (int i = 0; i < MT; i++)
            MMA_BF16(sum[i][j], pairs[i], pair, sum[i][j]);
    }
}
#endif

INLINE void multiply_slice(const __local float *a, const __local float *b, const int lane,
                           float sum[MT][NT][4] WARP_PARAM) {
#if KIND == 2
    UNROLL
    for (int p = 0; p < BK; p += 16)
        multiply_16(a + p * (A_WAY < 2 ? 1 : ROW_A), b + p * (B_WAY < 2 ? 1 : ROW_B), lane, sum WARP_PASS);
#else
    UNROLL
    for (int p = 0; p < BK; p += 8)
        multiply_8(a + p * (A_WAY < 2 ? 1 : ROW_A), b + p * (B_WAY < 2 ? 1 : ROW_B), lane, sum WARP_PASS);
#endif
}

/* An element the plain way. */
FN float dot_of(const INDEX depth, const __global float *a, const INDEX a_col, const __global float *b,
                const INDEX b_row) {
    float sum = 0;
    for (INDEX p = 0; p < depth; p++)
        sum = fma(a[p * a_col], b[p * b_row], sum);
    return sum;
}

/* Group (x, y, batch - first_batch), x and y by GROUP_ORDER: rows y BM.., columns x BN... */
__kernel __attribute__((reqd_work_group_size(ITEMS, 1, 1))) void
matmul_mma(const INDEX n, const INDEX k, SPLIT_PARAMS const INDEX first_batch, MATRIX_PARAMS, const INDEX a_col,
           const INDEX b_col PROGRAM_DIMS PROGRAM_PARAMS) {
    __local __attribute__((aligned(128))) float slice_a[STAGES * SLICE(A_WAY, BM)];
    __local __attribute__((aligned(128))) float slice_b[STAGES * SLICE(B_WAY, BN)];
    WARP_START
    const INDEX batch = first_batch + (INDEX)get_group_id(2);
    MATRIX_START(batch)
    DEPTH_OF_PART(batch)
    GROUP_ORDER(group_x, group_y)
    const INDEX i0 = (INDEX)group_y * BM, j0 = (INDEX)group_x * BN;
    const int item = (int)get_local_id(0), lane = item % 32, warp = item / 32;
    const int warp_i = warp / WN * (BM / WM), warp_j = warp % WN * (BN / WN);
    const __global float *from_a = a + a_at + i0 * a_row;
    const __global float *from_b = b + b_at + j0 * b_col;
    const __local float *warp_a = slice_a + warp_i * (A_WAY < 2 ? ROW_A : 1);
    const __local float *warp_b = slice_b + warp_j * (B_WAY < 2 ? ROW_B : 1);
    float sum[MT][NT][4];
    UNROLL
    for (int i = 0; i < MT; i++)
        UNROLL
        for (int j = 0; j < NT; j++)
            UNROLL
            for (int x = 0; x < 4; x++)
                sum[i][j][x] = 0;

#define COPY_SLICES(stage, p)                                                                                \
    copy_slice(A_WAY, BM, item, from_a + (p)*a_col, a_row, a_col, m - i0, depth - (p),                       \
               slice_a + (stage)*SLICE(A_WAY, BM) WARP_PASS);                                                \
    copy_slice(B_WAY, BN, item, from_b + (p)*b_row, b_col, b_row, n - j0, depth - (p),                       \
               slice_b + (stage)*SLICE(B_WAY, BN) WARP_PASS);
    for (int s = 0; s < STAGES - 1; s++) {
        if (s * BK < depth) { COPY_SLICES(s, (INDEX)s * BK) }
        COPY_COMMIT;
    }
    int stage = 0, next = STAGES - 1;
    for (INDEX p = 0; p < depth; p += BK) {
#if STAGES == 2
        COPY_WAIT(0);
#else
        COPY_WAIT(1);
#endif
        barrier(CLK_LOCAL_MEM_FENCE); /* this slice is there for all, and the one before is read by all */
        const INDEX ahead = p + (STAGES - 1) * BK;
        if (ahead < depth) { COPY_SLICES(next, ahead) }
        COPY_COMMIT;
        multiply_slice(warp_a + stage * SLICE(A_WAY, BM), warp_b + stage * SLICE(B_WAY, BN), lane, sum WARP_PASS);
        stage = stage + 1 == STAGES ? 0 : stage + 1;
        next = next + 1 == STAGES ? 0 : next + 1;
    }

    UNROLL
    for (int i = 0; i < 2 * MT; i++) {
        const INDEX row = i0 + warp_i + i * 8 + lane / 4;
        if (row >= m) continue;
        PROGRAM_START
#if N_OUTER
        PROGRAM_OUTER(batch)
#endif
        PROGRAM_LOOP(row)
        UNROLL
        for (int j = 0; j < NT; j++) {
            const INDEX col = j0 + warp_j + j * 8 + lane % 4 * 2;
            if (col >= n) continue;
            const int lanes = (int)min((INDEX)W, n - col);
            T v0 = (T)(sum[i / 2][j][i % 2 * 2], sum[i / 2][j][i % 2 * 2 + 1]);
#if KIND == 3
            const __global float *of_row = a + a_at + row * a_row, *of_col = b + b_at + col * b_col;
            if (!isfinite(v0.x)) v0.x = dot_of(depth, of_row, a_col, of_col, b_row);
            if (!isfinite(v0.y) && lanes > 1) v0.y = dot_of(depth, of_row, a_col, of_col + b_col, b_row);
#endif
            PROGRAM_RUN(col, lanes)
        }
    }
}
