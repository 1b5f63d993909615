/* Products of matrices. */
#ifndef CLGRAD_LINALG_H
#define CLGRAD_LINALG_H

#include "tensor.h"

CG_BEGIN_DECLS

/*
 * The matrix product c[i, j] = sum_k a[i, k] b[k, j]: (..., M, K) x (..., K, N) -> (..., M, N). Batch axes
 * broadcast; the inner dimensions must agree (they never broadcast, whatever section 8.13 of the pseudocode
 * paper says). A vector (K) on the left is a row, on the right a column, and its axis is dropped from the
 * result. Transposed operands (cg_transpose) cost no copy.
 * dtypes: f32, f64 (others are promoted to f32). Gradient: g b^T and a^T g.
 * Error: at most (K + 2) u (|a| |b|). Errors: CG_ERROR_SHAPE where inner dimensions or batches do not fit,
 * or an operand is a scalar.
 */
CG_API cg_tensor *cg_matmul(cg_tensor *a, cg_tensor *b);

/*
 * The affine map y = x w + b: x (..., I), w (I, O), b (O) or NULL for none -> (..., O), the bias added as
 * the product is stored. dtypes as cg_matmul. Gradient to x, w and b. PyTorch keeps w as (O, I): pass
 * cg_transpose(w, 0, 1) then. Errors: CG_ERROR_SHAPE.
 */
CG_API cg_tensor *cg_linear(cg_tensor *x, cg_tensor *w, cg_tensor *b);

CG_END_DECLS
#endif
