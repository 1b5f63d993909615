/*
 * What host/opencl/program_text.c writes for a program, here for out0 = in0 over one inner axis. The host puts
 * its own text in the place of this file; it serves to compile a kernel file by itself, and as the description:
 *
 *   EACH_INPUT(X, a)    X(k, a) for each input k that is loaded; EACH_FIXED, EACH_UNIT, EACH_STRIDED those of
 *                       them whose inner stride is 0, 1, any other; EACH_ROWS those to which the inner axis is
 *                       two axes in one, rows of `period` elements
 *   EACH_OUTPUT(X, a)   the same for outputs that are stored; EACH_OUT_UNIT, EACH_OUT_STRIDED
 *   EACH_CONST(X, a)    constants
 *   EACH_AXIS(X, a)     X(d, a) for each axis d but the inner one, outermost first
 *   OUTER_INNER(X, a)   the outer axes but the outermost, from the inside out; OUTER_FIRST(X, a) the outermost
 *   LOOP_INNER, LOOP_FIRST   the same for the loop axes
 *   N_OUTER, N_LOOP     how many there are
 *   IN<k>(f), OUT<k>(f) f_<dtype> of an operand (operand.h)
 *   OUT<k>_VALUE        the value of an output, v<number>
 *   PROGRAM_BODY        from T v0, v1, ... (inputs) and c0, c1, ... (constants) computes all other values
 */
#include "prelude.h"

#define STORED_AS CG_F32
#include "operand.h"

/* With EPILOGUE defined: out0 = v0 + in1, v0 being given by the kernel, with one loop axis (matmul) */
#ifdef EPILOGUE
#define EACH_INPUT(X, a) X(1, a)
#define EACH_UNIT(X, a) X(1, a)
#define EACH_AXIS(X, a) X(0, a)
#define LOOP_FIRST(X, a) X(0, a)
#define N_LOOP 1
#define IN1(f) f##_f32
#define OUT0_VALUE v2
#define PROGRAM_BODY const T v2 = v0 + v1;
#else
#define EACH_INPUT(X, a) X(0, a)
#define EACH_UNIT(X, a) X(0, a)
#define EACH_AXIS(X, a)
#define LOOP_FIRST(X, a)
#define N_LOOP 0
#define IN0(f) f##_f32
#define OUT0_VALUE v0
#define PROGRAM_BODY
#endif
#define EACH_FIXED(X, a)
#define EACH_STRIDED(X, a)
#define EACH_ROWS(X, a)
#define EACH_OUTPUT(X, a) X(0, a)
#define EACH_OUT_UNIT(X, a) X(0, a)
#define EACH_OUT_STRIDED(X, a)
#define EACH_CONST(X, a)
#define OUTER_INNER(X, a)
#define OUTER_FIRST(X, a)
#define LOOP_INNER(X, a)
#define N_OUTER 0
#define OUT0(f) f##_f32
