/*
 * The vocabulary of the factorizations of small matrices, beside that of elementary.h or prelude.h for one lane: one
 * text for C11 and OpenCL C 1.2.
 *
 * A matrix is the work of a team of TEAM work-items: one in C and in the CPU style, a work-group in the GPU style.
 * Every element is computed by one work-item, and in an order that does not depend on TEAM. A scalar that steers (a
 * norm, a shift) is computed by all work-items alike, from what lies in the team's memory. So all go the same way, meet
 * at the same barriers, and a matrix gets the same bits for every size of the team, in C too.
 *
 *   SPACE                  qualifier of the memory that matrices are worked on in: a team's own, __local
 *   GLOBAL                 qualifier of operands and results
 *   EACH(i, begin, end)    for (...): the numbers from begin to end - 1 that are this work-item's
 *   EACH_PAIR(i, i_begin, i_end, j, j_begin, j_end)    the same of pairs; j is the inner one; begin <= end
 *   ALONE                  whether this work-item is the one that does what one must do
 *   SYNC                   all have got here, and see what the others have written
 */
#ifndef TEAM_H
#define TEAM_H

#ifdef __OPENCL_C_VERSION__
#ifndef TEAM
#define TEAM 1
#endif
#define SPACE __local
#define GLOBAL __global
#else
#include <stdbool.h>
#include <stddef.h>
#define TEAM 1
#define SPACE
#define GLOBAL
typedef ptrdiff_t INDEX;
#endif

#if TEAM > 1
#define LANE ((INDEX)get_local_id(0))
#define ALONE (LANE == 0)
#define SYNC barrier(CLK_LOCAL_MEM_FENCE)
#define EACH(i, begin, end) for (INDEX i = (begin) + LANE; i < (end); i += TEAM)
#define EACH_PAIR(i, i_begin, i_end, j, j_begin, j_end)                                                      \
    for (INDEX pair_ = LANE, width_ = (j_end) - (j_begin); pair_ < ((i_end) - (i_begin)) * width_;           \
         pair_ += TEAM)                                                                                      \
        for (INDEX once_ = 1, i = (i_begin) + divide(pair_, width_), j = (j_begin) + pair_ % width_; once_;  \
             once_ = 0)
#else
#define ALONE 1
#define SYNC ((void)0)
#define EACH(i, begin, end) for (INDEX i = (begin); i < (end); i++)
#define EACH_PAIR(i, i_begin, i_end, j, j_begin, j_end)                                                      \
    for (INDEX i = (i_begin); i < (i_end); i++)                                                              \
        for (INDEX j = (j_begin); j < (j_end); j++)
#endif

#if CG_BITS == 64
#define EPSILON C(2.220446049250313e-16) /* from 1 to the next number */
#define MANTISSA CU(52)
#define EXPONENTS CU(2047)
#else
#define EPSILON C(1.1920928955078125e-07)
#define MANTISSA CU(23)
#define EXPONENTS CU(255)
#endif

#define INFINITE AS_T(EXPONENTS << MANTISSA)

#include "factor_sizes.h"

/* A power of two s with s x in [1, 4) for normal x; 1 / s is one too. Any other x gives some power of two. */
FN T power_below(T x) {
    const U e = (AS_U(x) >> MANTISSA) & EXPONENTS, most = EXPONENTS - CU(2);
    const U opposite = e < most ? EXPONENTS - CU(1) - e : CU(1);
    return AS_T((opposite < most ? opposite : most) << MANTISSA);
}

/* |x| with the sign of s, that of a zero too */
FN T with_sign(T x, T s) { return AS_U(s) >> CU(CG_BITS - 1) ? -FABS(x) : FABS(x); }

/* sqrt(a^2 + b^2), scaled by a power of two so that the larger square neither overflows nor underflows */
FN T length_of(T a, T b) {
    const T s = power_below(MOST(FABS(a), FABS(b))), x = a * s, y = b * s;
    return SQRT(x * x + y * y) / s;
}

/* The Euclidean norm of x[0 .. n). */
FN T norm_of(const SPACE T *x, INDEX n) {
    T most = C(0.0), sum = C(0.0);
    for (INDEX i = 0; i < n; i++) {
        const T size = FABS(x[i]);
        most = size > most ? size : most;
    }
    const T s = power_below(most);
    for (INDEX i = 0; i < n; i++)
        sum += (x[i] * s) * (x[i] * s);
    return SQRT(sum) / s;
}

/* The largest modulus in an (m, n) matrix, infinity where an element is not finite; room has n places. */
FN T largest_of(const SPACE T *a, INDEX step, INDEX m, INDEX n, SPACE T *room) {
    EACH(j, 0, n) {
        T most = C(0.0);
        for (INDEX i = 0; i < m; i++) {
            const T size = FABS(a[i + j * step]);
            most = size <= most ? most : size < INFINITE ? size : INFINITE; /* NaN compares as false */
        }
        room[j] = most;
    }
    SYNC;
    T most = C(0.0);
    for (INDEX j = 0; j < n; j++)
        most = room[j] > most ? room[j] : most;
    SYNC;
    return most;
}

#endif
