/*
 * What the factorizations share: stacks of matrices, the request to the backend, the report of what went wrong.
 *
 * A factorization has several results and the record knows one for each node. So the results of each matrix lie behind
 * each other in one tensor, `packed`, which is what is recorded; the results are views of it, whose own rules (slice,
 * reshape) bring their gradients together again in the gradient of `packed`, 0 where a result was not used.
 */
#ifndef CLGRAD_LINALG_FACTOR_H
#define CLGRAD_LINALG_FACTOR_H

#include "clgrad/linalg.h"
#include "ops/matmul.h"
#include "ops/op.h"

/* One result: its shape in each matrix, of rank 0 (not wanted), 1 or 2. */
typedef struct cg_factor_part {
    int rank;
    int64_t dim[2];
} cg_factor_part;

/* A way of factoring: what is asked of the backend. */
typedef struct cg_factor_plan {
    const char *op;
    cg_work kind; /* CG_WORK_LU, CHOLESKY, QR, EIGH, EIG or SVD */
    bool full;
    cg_factor_part part[CG_FACTORS]; /* the real results, as the request has them */
    bool pivots;                     /* LU: out[1] is wanted */
} cg_factor_plan;

/* The values of a factorization. */
typedef struct cg_factors {
    cg_tensor *packed; /* (batch axes..., elements of all parts); NULL on an error */
    cg_tensor *pivots; /* i32, (batch axes..., min(M, N)); NULL unless wanted */
    cg_tensor *info;   /* i32, (batch axes...) */
} cg_factors;

/*
 * x as f32 or f64 if it is a stack of matrices (..., M, N), square where that is asked; NULL and an error naming `op`
 * if not.
 */
cg_tensor *cg_factor_matrices(const char *op, cg_tensor *x, bool square);

/* The batch axes of a stack of matrices with dims behind them. */
cg_dims cg_factor_shape(const cg_tensor *matrices, int rank, const int64_t *dim);

/* Factors each matrix of `a`, which cg_factor_matrices gave. Not recorded. */
cg_factors cg_factor(const cg_factor_plan *plan, cg_tensor *a);

/* Result j as a view of `packed`, or of a gradient of its shape. Recorded. */
cg_tensor *cg_factor_result(const cg_factor_plan *plan, cg_tensor *packed, int j);

/*
 * Whether all went well: reads info, a round trip. If not, an error CG_ERROR_ARGUMENT that names op, the matrix and the
 * shape, then `what` ("is singular"), and the row info - 1 where info tells one.
 */
bool cg_factor_succeeded(const char *op, const cg_tensor *a, cg_tensor *info, const char *what, bool has_row);

#endif
