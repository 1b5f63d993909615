/*
 * Factorizations of a stack of small matrices, each entirely in local memory, in one launch (host/backend.h says what
 * they give). A unit is a team of TEAM work-items that share a matrix: in the CPU style one, with a group of its own; in the
 * GPU style a work-group, or, for many tiny matrices, each work-item of a group by itself. A unit does `each` matrices.
 *
 * KIND says which factorization is wanted; without it all are there. Bit j of `wanted` is set where result j is.
 */
#include "prelude.h"

#ifndef GROUP
#define GROUP 1
#define TEAM 1
#endif
#define LU 0
#define CHOLESKY 1
#define QR 2
#define EIGH 3
#define EIG 4
#define SVD 5
#ifdef KIND
#define HAS(kind) (KIND == kind)
#else
#define HAS(kind) 1
#endif

#include "factor_small.h"

/* Where result j of matrix b begins. */
#define RESULT(type, j)                                                                                      \
    (wanted >> j & 1 ? out##j + (out##j##_offset + b * out##j##_step) : (__global type *)0)

#define OUTPUT(type, j) __global type *out##j, const long out##j##_offset, const long out##j##_step

/* `work` has work_step elements for each unit of the group. */
#define FACTOR(name, result_1, call)                                                                         \
    __kernel __attribute__((reqd_work_group_size(GROUP, 1, 1))) void name(                                   \
        const INDEX batch, const INDEX each, const INDEX m, const INDEX n, const int full, const int wanted, \
        const __global TS *stack, const long stack_offset, OUTPUT(TS, 0), OUTPUT(result_1, 1), OUTPUT(TS, 2), \
        OUTPUT(TS, 3), __global int *info, const long info_offset, const INDEX work_step, __local TS *memory) { \
        const INDEX unit = (INDEX)(TEAM > 1 ? get_group_id(0) : get_global_id(0));                           \
        __local TS *work = memory + (TEAM > 1 ? 0 : (INDEX)get_local_id(0) * work_step);                     \
        for (long b = (long)unit * each, end = min(b + each, (long)batch); b < end; b++) {                   \
            const __global TS *a = stack + stack_offset + b * m * n;                                         \
            int result = 0;                                                                                  \
            call;                                                                                            \
            if (ALONE) info[info_offset + b] = result;                                                       \
            SYNC;                                                                                            \
        }                                                                                                    \
    }

#if HAS(LU)
FACTOR(lu, int, result = lu_small(m, n, a, RESULT(TS, 0), RESULT(int, 1), work))
#endif
#if HAS(CHOLESKY)
FACTOR(cholesky, TS, result = cholesky_small(n, a, RESULT(TS, 0), work))
#endif
#if HAS(QR)
FACTOR(qr, TS, qr_small(m, n, full, a, RESULT(TS, 0), RESULT(TS, 1), work))
#endif
#if HAS(EIGH)
FACTOR(eigh, TS, result = eigh_small(n, a, RESULT(TS, 0), RESULT(TS, 1), work))
#endif
#if HAS(EIG)
FACTOR(eig, TS, result = eig_small(n, a, RESULT(TS, 0), RESULT(TS, 1), RESULT(TS, 2), RESULT(TS, 3), work))
#endif
#if HAS(SVD)
FACTOR(svd, TS, result = svd_small(m, n, full, a, RESULT(TS, 0), RESULT(TS, 1), RESULT(TS, 2), work))
#endif
