/*
 * Orthogonal factors, eigenvalues and singular values of small matrices (..., M, N), by the plainest method that is good to
 * long double: Householder, Jacobi. Vectors are signed by the rule of decision 13.
 */
#ifndef CLGRAD_REFERENCE_REF_DECOMPOSITIONS_H
#define CLGRAD_REFERENCE_REF_DECOMPOSITIONS_H

#include "reference/ref_array.h"

typedef enum ref_part { REF_Q, REF_R, REF_W, REF_V, REF_U, REF_S, REF_VH } ref_part;

/* Q (M, K) or R (K, N); complete: (M, M), (M, N). As LAPACK: a column with nothing below the diagonal is left alone. */
ref_array ref_qr(ref_array x, bool complete, ref_part part);

/* W (N) ascending or V (N, N) of symmetric x, by Jacobi's rotations. */
ref_array ref_eigh(ref_array x, ref_part part);

/* U (M, K), S (K) descending or VH (K, N), by rotating columns until they are orthogonal. A column of U for s = 0 is 0. */
ref_array ref_svd(ref_array x, ref_part part);

/* The sum over singular values s > cut max(s), but at most k of them, of f(s) u v^T; (M, N). */
ref_array ref_svd_sum(ref_array x, long double cut, int64_t k, long double (*f)(long double));

/* The last two axes exchanged. */
ref_array ref_flipped(ref_array x);

/* The product of each matrix with its partner of the same batch. */
ref_array ref_products(ref_array x, ref_array y);

/* For each value of a sorted last axis the distance to the nearest other, infinite for one alone. */
ref_array ref_gaps(ref_array values);

/* NumPy's ord: the norm of each matrix, (...). */
typedef enum ref_norm_kind {
    REF_FRO,
    REF_NUC,
    REF_1,
    REF_NEG_1,
    REF_2,
    REF_NEG_2,
    REF_INF,
    REF_NEG_INF
} ref_norm_kind;
ref_array ref_matrix_norm(ref_array x, ref_norm_kind kind);

#endif
