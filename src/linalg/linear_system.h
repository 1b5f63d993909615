/*
 * What the solvers share: the operands of A x = b, triangular solves in place, and the gradient of a matrix.
 */
#ifndef CLGRAD_LINALG_LINEAR_SYSTEM_H
#define CLGRAD_LINALG_LINEAR_SYSTEM_H

#include "clgrad/linalg.h"
#include "ops/matmul.h"
#include "ops/op.h"

/* Operands of A x = b in one real dtype: a (..., M, N), b (..., M, R). a is NULL where something is wrong. */
typedef struct cg_system {
    cg_tensor *a, *b;
    bool vector; /* b was given as (M) */
} cg_system;

/* Checks and converts the operands; an error names `op` and both shapes. Recorded. */
cg_system cg_system_of(const char *op, cg_tensor *a, cg_tensor *b, bool square);

/* x (..., N, R) as the caller of the system wants it: (..., N) where b was a vector. Recorded. */
cg_tensor *cg_system_result(const cg_system *system, cg_tensor *x);

/* b (..., N, R) as a copy with memory of its own, its batch axes stretched to the common ones with a's. */
cg_tensor *cg_system_copy(cg_tensor *a, cg_tensor *b);

/* Solves op(T) X = B in place: x (..., N, R), a copy of B's elements, holds X after. t broadcasts to its batch. */
cg_status cg_triangular_in_place(cg_tensor *t, cg_tensor *x, unsigned flags);

/* cg_solve_triangular for operands that have been checked and converted. Recorded. */
cg_tensor *cg_triangular(cg_tensor *t, cg_tensor *b, unsigned flags);

/*
 * x y^T for x (..., M, R) and y (..., N, R) of the same batch: the gradient of a stack of matrices of `shape`. Where
 * that is a single matrix, the sum over the batch, as one product without the terms.
 */
cg_tensor *cg_system_outer(const cg_dims *shape, cg_tensor *x, cg_tensor *y);

#endif
