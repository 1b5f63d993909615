/*
 * The C prelude of kernels/elementary.h and the headers that build on it.  Define CG_BITS (32 or 64) and include once per translation unit:
 * the vocabulary T, I, U, C, CI, CU, AS_I, AS_U, AS_T, FMA, SQRT, FABS, FN and the functions t_exp, t_log
 * and so on appear.  Compile with -ffp-contract=off; to vectorise, also with -O3 -fno-math-errno
 * -fno-trapping-math and an instruction set that has FMA (without one, fma() is a slow call with the same
 * result).
 */
#ifndef CG_ELEMENTARY_C_H
#define CG_ELEMENTARY_C_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#define FN static inline __attribute__((always_inline, unused)) /* a call would stop the vectoriser */

#if CG_BITS == 64
typedef double T;
typedef int64_t I;
typedef uint64_t U;
#define FMA(a, b, c) fma((a), (b), (c))
#define SQRT(x) sqrt(x)
#define FABS(x) fabs(x)
#elif CG_BITS == 32
typedef float T;
typedef int32_t I;
typedef uint32_t U;
#define FMA(a, b, c) fmaf((a), (b), (c))
#define SQRT(x) sqrtf(x)
#define FABS(x) fabsf(x)
#else
#error "define CG_BITS as 32 or 64"
#endif

#define C(v) ((T)v)
#define CI(v) ((I)v)
#define CU(v) ((U)v)

FN I cg_bits_i(T x) {
    I i;
    memcpy(&i, &x, sizeof i);
    return i;
}

FN U cg_bits_u(T x) {
    U u;
    memcpy(&u, &x, sizeof u);
    return u;
}

FN T cg_bits_t(U u) {
    T x;
    memcpy(&x, &u, sizeof x);
    return x;
}

#define AS_I(x) cg_bits_i(x)
#define AS_U(x) cg_bits_u(x)
#define AS_T(x) cg_bits_t((U)(x))

#include "../../kernels/elementary.h"
/* these build on it */
#include "../../kernels/arithmetic.h"
#include "../../kernels/error_function.h"
#include "../../kernels/hyperbolic.h"
#include "../../kernels/trigonometry.h"
/* these on trigonometry.h too */
#include "../../kernels/gamma_function.h"
#include "../../kernels/beta_function.h"

#endif
