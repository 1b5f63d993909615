/* P A = L U of a stack of matrices, kept for what is made of it: solutions, inverses, determinants. */
#ifndef CLGRAD_LINALG_LU_H
#define CLGRAD_LINALG_LU_H

#include "linalg/factor.h"

/* The values of a factorization; not recorded. */
typedef struct cg_lu_values {
    cg_tensor *lu;     /* (..., M, N): U on and above the diagonal, L below; NULL on an error */
    cg_tensor *pivots; /* i32 (..., min(M, N)): LAPACK's exchanges, counted from 0 */
    cg_tensor *info;   /* i32 (...): 0, or i + 1 where U[i, i] is the first 0 */
} cg_lu_values;

/* Factors what cg_factor_matrices gave. */
cg_lu_values cg_lu_of(const char *op, cg_tensor *a);

/* The exchanges as a permutation, i64 (..., rows): row i of P A is row p[i] of A. A round trip. */
cg_tensor *cg_lu_permutation(const char *op, cg_tensor *pivots, int64_t rows);

/* out[..., i, :] = x[..., p[..., i], :], batch axes broadcast; memory of its own. Recorded. */
cg_tensor *cg_lu_rows(cg_tensor *x, cg_tensor *p);

/* p^-1: x = rows(rows(x, p), inverse(p)). */
cg_tensor *cg_lu_inverse_permutation(cg_tensor *p);

/*
 * A^-1 b, or A^-T b, from the factors of A: recorded as a function of a and b, whose gradient solves with the same
 * factors. b (..., N, R).
 */
cg_tensor *cg_lu_solve_with(cg_tensor *a, cg_tensor *b, cg_tensor *lu, cg_tensor *p, bool transposed);

#endif
