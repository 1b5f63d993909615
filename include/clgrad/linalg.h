/*
 * Linear algebra: products, systems of equations, factorizations, determinants.
 *
 * COMMON RULES. A matrix is the last two axes, a vector the last one; the axes before them are a batch, and batches
 * broadcast as NumPy's do. f32 and f64 keep their dtype, integers become f32, two dtypes are promoted. An operation with
 * several results gives a status; a result that is not wanted is passed as NULL, and on an error all are NULL.
 *
 * Round trips: where an operation says "checked", it reads from the device whether its factorization went well, and a
 * matrix for which it did not is an error. A NaN is no error in itself: it spreads into the results.
 *
 * Gradients of any order exist unless it is said otherwise. u is the unit roundoff; bounds are of first order in u.
 *
 * Errors of all: CG_ERROR_SHAPE, with the shapes, for what is not square where that is needed, has rank 0 or 1 where a
 * matrix is needed, or does not fit; CG_ERROR_DEVICE_MISMATCH. "checked": CG_ERROR_ARGUMENT, which names the matrix of
 * the batch and the row.
 */
#ifndef CLGRAD_LINALG_H
#define CLGRAD_LINALG_H

#include "tensor.h"

CG_BEGIN_DECLS

/* --- Products ---------------------------------------------------------------------------------------------------- */

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

/*
 * The product of vectors sum_i a[i] b[i]: (..., N), (..., N) -> (...), along the last axis as numpy.vecdot. Integers and
 * bool give i64, exactly. Gradient: g b and g a. Error: at most (log2 N + 3) u sum |a b|.
 */
CG_API cg_tensor *cg_dot(cg_tensor *a, cg_tensor *b);

/* The matrix of products a[i] b[j]: (..., M), (..., N) -> (..., M, N). dtypes, gradient and rounding as cg_mul. */
CG_API cg_tensor *cg_outer(cg_tensor *a, cg_tensor *b);

/* --- Systems of equations ---------------------------------------------------------------------------------------- */

/*
 * x with a x = b, for square a: a (..., N, N); b (N), a vector only if it has one axis, or (..., N, R) -> x like b. By LU
 * factorization, checked: two round trips. Gradient: solves with the same factors, g_b = a^-T g, g_a = -g_b x^T.
 * Error: |x - exact| <= (3 N + 1) u |a^-1| P |L| |U| |x|. Errors: a is singular (a 0 on the diagonal of U).
 */
CG_API cg_tensor *cg_solve(cg_tensor *a, cg_tensor *b);

/* a^-1: (..., N, N). Checked as cg_solve, whose bound holds for each column. Gradient: -a^-T g a^-T. */
CG_API cg_tensor *cg_inverse(cg_tensor *a);

/* What cg_solve_triangular reads of a; flags are joined by |. */
typedef enum cg_triangle {
    CG_UPPER = 0,
    CG_LOWER = 1,
    CG_UNIT_DIAGONAL = 2, /* the diagonal counts as 1 and is not read */
    CG_TRANSPOSED = 4     /* a^T x = b is solved; the triangle is a's */
} cg_triangle;

/*
 * x with a x = b, or a^T x = b, where a is the upper or lower triangle of a: the other one is not read. Shapes as
 * cg_solve. No round trip: a 0 on the diagonal is no error but gives infinities or NaN. Gradient: another such solve; to
 * a for the part that is read. Error: |x - exact| <= N u |a^-1| |a| |x|. Errors: CG_ERROR_ARGUMENT for other flags.
 */
CG_API cg_tensor *cg_solve_triangular(cg_tensor *a, cg_tensor *b, unsigned flags);

/*
 * Least squares: of all x that make |a x - b| smallest, the one of smallest norm, x = a^+ b. a (..., M, N), b (M) or
 * (..., M, R) -> x (N) or (..., N, R). By the singular value decomposition, checked (NaN and infinities are errors here):
 * one round trip. Singular values up to rcond times the largest count as 0; rcond < 0 is eps max(M, N), eps = 2 u.
 *   residuals  (R) for each matrix, one number for a vector b: sum (a x - b)^2 over the rows. NumPy leaves them out
 *              where the rank is below N or M <= N; here they are always there.
 *   rank       i64, a number for each matrix
 *   s          (min(M, N)) for each matrix, descending
 * Gradient of x and residuals to a and b while the rank stays what it is; s has none (CG_ERROR_GRADIENT).
 */
CG_API cg_status cg_lstsq(cg_tensor *a, cg_tensor *b, double rcond, cg_tensor **x, cg_tensor **residuals,
                          cg_tensor **rank, cg_tensor **s);

/* --- LU and Cholesky --------------------------------------------------------------------------------------------- */

/*
 * a = p l u by partial pivoting, K = min(M, N): a (..., M, N) -> the permutation matrix p (..., M, M), l (..., M, K)
 * lower with diagonal 1, u (..., K, N) upper. A singular a is no error. Needs the exchanges on the host: one round trip
 * (two where it is recorded). Gradient through l and u, for every shape; CG_ERROR_GRADIENT where u has a 0 on its
 * diagonal.
 */
CG_API cg_status cg_lu(cg_tensor *a, cg_tensor **p, cg_tensor **l, cg_tensor **u);

/*
 * The same for a square a in the form for cg_lu_solve: lu (..., N, N) has u on and above the diagonal and l below; row i
 * of l u is row p[i] of a, p i64 (..., N). (SciPy's lu_factor gives the exchanges instead.) Checked: two round trips.
 * Gradient through lu. Errors: a is singular.
 */
CG_API cg_status cg_lu_factor(cg_tensor *a, cg_tensor **lu, cg_tensor **p);

/*
 * x with a x = b, or a^T x = b where `transposed`, for the lu and p of a by cg_lu_factor. b as in cg_solve. No round trip.
 * Gradient to lu and b. Errors: CG_ERROR_SHAPE where lu and p are no pair.
 */
CG_API cg_tensor *cg_lu_solve(cg_tensor *lu, cg_tensor *p, cg_tensor *b, bool transposed);

/*
 * The lower triangular L with a = L L^T, for symmetric positive definite a (..., N, N), of which the lower triangle is
 * read. Checked: one round trip. Gradient: as if a had been (a + a^T) / 2, and so symmetric. Errors: a is not positive
 * definite (NaN included).
 */
CG_API cg_tensor *cg_cholesky(cg_tensor *a);

/* x with L L^T x = b, for a lower triangular L as cg_cholesky gives it. b as in cg_solve. No round trip. Gradient. */
CG_API cg_tensor *cg_cholesky_solve(cg_tensor *l, cg_tensor *b);

/* --- Determinants ------------------------------------------------------------------------------------------------ */

/*
 * The determinant: (..., N, N) -> (...); 1 for N = 0, 0 where a is singular. By LU factorization, without a round trip.
 * The product of the diagonal is taken by logarithms where it might leave the range of the dtype on the way.
 * Error: |det - exact| <= 2 N u |det| (1 + trace(|a^-1| P |L| |U|)). Gradient: the cofactors g det a^-T, by a solve with
 * the same factors; by singular values where a is singular, and there CG_ERROR_GRADIENT for the gradient of that. The
 * gradient takes two round trips.
 */
CG_API cg_tensor *cg_det(cg_tensor *a);

/*
 * The sign of the determinant (-1, 0, 1) and the logarithm of its size: (..., N, N) -> (...) each, where det itself might
 * leave the range of the dtype. 0 and -infinity where a is singular; 1 and 0 for N = 0; NaN in both for NaN. No round
 * trip. Gradient of logabsdet: g a^-T, two round trips, CG_ERROR_ARGUMENT where a is singular. sign has none: it does not
 * change.
 */
CG_API cg_status cg_slogdet(cg_tensor *a, cg_tensor **sign, cg_tensor **logabsdet);

CG_END_DECLS
#endif
