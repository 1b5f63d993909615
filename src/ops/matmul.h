/* What operations on two stacks of matrices share with the matrix product. */
#ifndef CLGRAD_OPS_MATMUL_H
#define CLGRAD_OPS_MATMUL_H

#include "clgrad/linalg.h"
#include "ops/op.h"

/* The batch axes of a stack of matrices: all but the last two. */
cg_dims cg_matmul_batch(const cg_tensor *x);

/* The real dtype that an operation on both is computed in. */
cg_dtype cg_matmul_dtype(const cg_tensor *a, const cg_tensor *b);

/*
 * out[i, j] = epilogue(sum_k inner(a[i, k], b[k, j])) for a (..., M, K), b (..., K, N) of the same real dtype, whose batch
 * axes broadcast to `batch`. The epilogue is a program of one input, or NULL. Not recorded.
 */
cg_tensor *cg_matmul_inner(const char *op, cg_inner inner, cg_tensor *a, cg_tensor *b, const cg_dims *batch,
                           const cg_program *epilogue);

#endif
