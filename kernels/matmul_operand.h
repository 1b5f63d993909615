/*
 * What the kernels of the matrix product share: where the matrices of a batch start. The axes are those of
 * program.h: the batch axes (outer), M (loop) and N (inner).
 *
 *   MATRIX_PARAMS     a, b and for both the offset, the strides of the batch axes and, in M's place, the
 *                     stride of a row: of A from i to i + 1, of B from p to p + 1
 *   MATRIX_START(n)   INDEX a_at, b_at = offsets of matrix number n of A and of B; a_row, b_row; m
 *   INNER_STEP(fma, x, y, sum)   sum + x y, or where the host defines SQUARED_DISTANCE sum + (x - y)^2
 */
#ifdef SQUARED_DISTANCE
#define INNER_STEP(fma, x, y, sum) fma((x) - (y), (x) - (y), sum)
#else
#define INNER_STEP(fma, x, y, sum) fma(x, y, sum)
#endif

#define MATRIX_STRIDE(d, a) , const INDEX a_s##d, const INDEX b_s##d
#define MATRIX_PARAMS                                                                                        \
    const __global TS *a, const INDEX a_offset, const __global TS *b,                                        \
        const INDEX b_offset EACH_AXIS(MATRIX_STRIDE, )

#define MATRIX_ROW_A(d, a) a_s##d
#define MATRIX_ROW_B(d, a) b_s##d
#define MATRIX_DIM(d, a) dim##d

#define MATRIX_AXIS(d, a)                                                                                    \
    {                                                                                                        \
        const INDEX quotient = divide(rest, dim##d), coordinate = rest - quotient * dim##d;                  \
        a_at += coordinate * a_s##d;                                                                         \
        b_at += coordinate * b_s##d;                                                                         \
        rest = quotient;                                                                                     \
    }
#define MATRIX_AXIS_FIRST(d, a)                                                                              \
    {                                                                                                        \
        a_at += rest * a_s##d;                                                                               \
        b_at += rest * b_s##d;                                                                               \
    }
#define MATRIX_START(n)                                                                                      \
    const INDEX a_row = LOOP_FIRST(MATRIX_ROW_A, ), b_row = LOOP_FIRST(MATRIX_ROW_B, );                      \
    const INDEX m = LOOP_FIRST(MATRIX_DIM, );                                                                \
    INDEX a_at = a_offset, b_at = b_offset;                                                                  \
    {                                                                                                        \
        INDEX rest = n;                                                                                      \
        OUTER_INNER(MATRIX_AXIS, )                                                                           \
        OUTER_FIRST(MATRIX_AXIS_FIRST, )                                                                     \
        (void)rest;                                                                                          \
    }
