/*
 * The end of a product whose depth was cut into parts: C = epilogue(part 0 + part 1 + ...), added in this order.
 *
 *   part (parts, batch, M, N)  contiguous, `size` elements each
 *   C (batch, M, N)            the output of program.h, whose v0 is the sum; W elements along a row for a work-item
 */
#define EPILOGUE
#include "prelude.h"
#include "program.h"
#include "hooks.h"
#include "matmul_operand.h"

/* Item (column / W, row, batch - first_batch) */
__kernel void matmul_sum(const INDEX n, const INDEX parts, const INDEX size, const INDEX first_batch,
                         const __global TS *part PROGRAM_DIMS PROGRAM_PARAMS) {
    const INDEX m = LOOP_FIRST(MATRIX_DIM, );
    const INDEX batch = first_batch + (INDEX)get_global_id(2), row = (INDEX)get_global_id(1);
    const INDEX col = (INDEX)get_global_id(0) * W;
    if (row >= m || col >= n) return;
    const int lanes = (int)min((INDEX)W, n - col);
    const __global TS *from = part + (batch * m + row) * n + col;
    T v0 = C(0.0);
    for (INDEX s = 0; s < parts; s++)
        v0 += lanes == W ? OUT0(load)(from + s * size) : OUT0(load_some)(from + s * size, 1, lanes);
    PROGRAM_START
#if N_OUTER
    PROGRAM_OUTER(batch)
#endif
    PROGRAM_LOOP(row)
    PROGRAM_RUN(col, lanes)
}
