/*
 * How a kernel uses a program (program.h): its parameters, the position of each operand, loads and stores.
 *
 *   __kernel void k(const INDEX n PROGRAM_DIMS PROGRAM_PARAMS)
 *   PROGRAM_START            INDEX in<k>_at, out<k>_at = the operand's offset
 *   PROGRAM_OUTER(n)         moves them by the outer axes, n = the row-major number over those
 *   PROGRAM_LOOP(n)          by the loop axes
 *   PROGRAM_LOAD(j), PROGRAM_LOAD_SOME(j, n)     T v<k> = W lanes from j on along the inner axis, or n of them
 *   PROGRAM_STORE(j), PROGRAM_STORE_SOME(j, n)   stores the outputs that the program stores itself
 *   PROGRAM_RUN(j, n)        all of it for n <= W elements from j on: values, loads, body, stores
 *   PROGRAM_WALK(j0, end, step)   the same for the W elements from j0, j0 + step, ... on, those before end
 * A load declares its values: open a block around it. Host side: cg_arg_program (host/opencl/launch.c).
 */
#define HOOK_STRIDE_IN(d, k) , const INDEX in##k##_s##d
#define HOOK_STRIDE_OUT(d, k) , const INDEX out##k##_s##d
#define HOOK_IN(k, a)                                                                                        \
    , const __global IN##k(stored) *in##k, const INDEX in##k##_o EACH_AXIS(HOOK_STRIDE_IN, k)
#define HOOK_OUT(k, a)                                                                                       \
    , __global OUT##k(stored) *out##k, const INDEX out##k##_o EACH_AXIS(HOOK_STRIDE_OUT, k)
#define HOOK_IN_STEP(k, a) , const INDEX in##k##_step
#define HOOK_IN_ROWS(k, a) , const INDEX in##k##_step, const INDEX in##k##_row
#define HOOK_OUT_STEP(k, a) , const INDEX out##k##_step
#define HOOK_CONST(k, a) , const TS c##k
#define PROGRAM_PARAMS                                                                                       \
    EACH_INPUT(HOOK_IN, )                                                                                    \
    EACH_OUTPUT(HOOK_OUT, )                                                                                  \
    EACH_STRIDED(HOOK_IN_STEP, )                                                                             \
    EACH_ROWS(HOOK_IN_ROWS, ) EACH_OUT_STRIDED(HOOK_OUT_STEP, ) EACH_CONST(HOOK_CONST, )

#define HOOK_DIM(d, a) , const INDEX dim##d
#define PROGRAM_DIMS EACH_AXIS(HOOK_DIM, )

#define HOOK_START_IN(k, a) INDEX in##k##_at = in##k##_o; (void)in##k##_at;
#define HOOK_START_OUT(k, a) INDEX out##k##_at = out##k##_o; (void)out##k##_at;
#define PROGRAM_START EACH_INPUT(HOOK_START_IN, ) EACH_OUTPUT(HOOK_START_OUT, )

#define HOOK_STEP_IN(k, d) in##k##_at += coordinate * in##k##_s##d;
#define HOOK_STEP_OUT(k, d) out##k##_at += coordinate * out##k##_s##d;
#define HOOK_AXIS(d, a)                                                                                      \
    {                                                                                                        \
        const INDEX quotient = divide(rest, dim##d), coordinate = rest - quotient * dim##d;                  \
        EACH_INPUT(HOOK_STEP_IN, d)                                                                          \
        EACH_OUTPUT(HOOK_STEP_OUT, d)                                                                        \
        rest = quotient;                                                                                     \
    }
#define HOOK_AXIS_FIRST(d, a)                                                                                \
    {                                                                                                        \
        const INDEX coordinate = rest;                                                                       \
        EACH_INPUT(HOOK_STEP_IN, d)                                                                          \
        EACH_OUTPUT(HOOK_STEP_OUT, d)                                                                        \
    }
#define PROGRAM_OUTER(n)                                                                                     \
    {                                                                                                        \
        INDEX rest = n;                                                                                      \
        (void)rest;                                                                                          \
        OUTER_INNER(HOOK_AXIS, )                                                                             \
        OUTER_FIRST(HOOK_AXIS_FIRST, )                                                                       \
    }
#define PROGRAM_LOOP(n)                                                                                      \
    {                                                                                                        \
        INDEX rest = n;                                                                                      \
        (void)rest;                                                                                          \
        LOOP_INNER(HOOK_AXIS, )                                                                              \
        LOOP_FIRST(HOOK_AXIS_FIRST, )                                                                        \
    }

/* v<k> is declared for every input first, so that full and partial loads can stand in two branches */
#define HOOK_DECLARE(k, a) T v##k;
#define HOOK_LOAD_FIXED(k, j) v##k = IN##k(splat)(in##k + in##k##_at);
#define HOOK_LOAD_UNIT(k, j) v##k = IN##k(load)(in##k + in##k##_at + (j));
#define HOOK_LOAD_STRIDED(k, j) v##k = IN##k(load_some)(in##k + in##k##_at + (j)*in##k##_step, in##k##_step, W);
#define HOOK_LOAD_ROWS(k, j) v##k = IN##k(load_rows)(in##k + in##k##_at, in##k##_row, in##k##_step, period, j, W);
#define HOOK_SOME_ROWS(k, j)                                                                                 \
    v##k = IN##k(load_rows)(in##k + in##k##_at, in##k##_row, in##k##_step, period, j, hook_n);
#define HOOK_SOME_UNIT(k, j) v##k = IN##k(load_some)(in##k + in##k##_at + (j), 1, hook_n);
#define HOOK_SOME_STRIDED(k, j)                                                                              \
    v##k = IN##k(load_some)(in##k + in##k##_at + (j)*in##k##_step, in##k##_step, hook_n);
#define PROGRAM_VALUES EACH_INPUT(HOOK_DECLARE, )
#define PROGRAM_LOAD(j)                                                                                      \
    EACH_FIXED(HOOK_LOAD_FIXED, j)                                                                           \
    EACH_UNIT(HOOK_LOAD_UNIT, j) EACH_STRIDED(HOOK_LOAD_STRIDED, j) EACH_ROWS(HOOK_LOAD_ROWS, j)
#define PROGRAM_LOAD_SOME(j, n)                                                                              \
    {                                                                                                        \
        const INDEX hook_n = n;                                                                              \
        EACH_FIXED(HOOK_LOAD_FIXED, j)                                                                       \
        EACH_UNIT(HOOK_SOME_UNIT, j)                                                                         \
        EACH_STRIDED(HOOK_SOME_STRIDED, j)                                                                   \
        EACH_ROWS(HOOK_SOME_ROWS, j)                                                                         \
    }

#define HOOK_STORE_UNIT(k, j) OUT##k(store)(out##k + out##k##_at + (j), OUT##k##_VALUE);
#define HOOK_STORE_STRIDED(k, j)                                                                             \
    OUT##k(store_some)(out##k + out##k##_at + (j)*out##k##_step, out##k##_step, W, OUT##k##_VALUE);
#define HOOK_STORE_SOME_UNIT(k, j) OUT##k(store_some)(out##k + out##k##_at + (j), 1, hook_n, OUT##k##_VALUE);
#define HOOK_STORE_SOME_STRIDED(k, j)                                                                        \
    OUT##k(store_some)(out##k + out##k##_at + (j)*out##k##_step, out##k##_step, hook_n, OUT##k##_VALUE);
#define PROGRAM_STORE(j) EACH_OUT_UNIT(HOOK_STORE_UNIT, j) EACH_OUT_STRIDED(HOOK_STORE_STRIDED, j)
#define PROGRAM_STORE_SOME(j, n)                                                                             \
    {                                                                                                        \
        const INDEX hook_n = n;                                                                              \
        EACH_OUT_UNIT(HOOK_STORE_SOME_UNIT, j)                                                               \
        EACH_OUT_STRIDED(HOOK_STORE_SOME_STRIDED, j)                                                         \
    }

#define PROGRAM_RUN(j, n)                                                                                    \
    PROGRAM_VALUES                                                                                           \
    if ((n) >= W)                                                                                            \
        { PROGRAM_LOAD(j) }                                                                                  \
    else                                                                                                     \
        PROGRAM_LOAD_SOME(j, n)                                                                              \
    PROGRAM_BODY                                                                                             \
    if ((n) >= W)                                                                                            \
        { PROGRAM_STORE(j) }                                                                                 \
    else                                                                                                     \
        PROGRAM_STORE_SOME(j, n)

/* A long loop of wide vectors runs faster without the branches of a part, for which the body is then there again. */
#if W > 4
#define PROGRAM_WALK(j0, end, step)                                                                          \
    {                                                                                                        \
        INDEX hook_j = j0;                                                                                   \
        for (; hook_j + W <= end; hook_j += step) {                                                          \
            PROGRAM_VALUES                                                                                   \
            PROGRAM_LOAD(hook_j)                                                                             \
            PROGRAM_BODY                                                                                     \
            PROGRAM_STORE(hook_j)                                                                            \
        }                                                                                                    \
        if (hook_j < end) {                                                                                  \
            PROGRAM_VALUES                                                                                   \
            PROGRAM_LOAD_SOME(hook_j, end - hook_j)                                                          \
            PROGRAM_BODY                                                                                     \
            PROGRAM_STORE_SOME(hook_j, end - hook_j)                                                         \
        }                                                                                                    \
    }
#else
#define PROGRAM_WALK(j0, end, step)                                                                          \
    for (INDEX hook_j = j0; hook_j < end; hook_j += step) {                                                  \
        PROGRAM_RUN(hook_j, end - hook_j)                                                                    \
    }
#endif
