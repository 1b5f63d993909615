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
 * Errors, of all: CG_ERROR_SHAPE, with the shapes, for what is not square where that is needed, has rank 0 or 1 where a
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
 * x with a x = b, for square a: a (..., N, N); b (N), a vector only if it has one axis, or (..., N, R) -> x like b. By
 * LU factorization, checked: two round trips. Gradient: solves with the same factors, g_b = a^-T g, g_a = -g_b x^T.
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
 * (..., M, R) -> x (N) or (..., N, R). By the singular value decomposition, checked (NaN and infinities are errors
 * here): one round trip. Singular values up to rcond times the largest count as 0; rcond < 0 is eps max(M, N), eps = 2
 * u.
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
 * x with a x = b, or a^T x = b where `transposed`, for the lu and p of a by cg_lu_factor. b as in cg_solve. No round
 * trip.
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
 * The sign of the determinant (-1, 0, 1) and the logarithm of its size: (..., N, N) -> (...) each, where det itself
 * might leave the range of the dtype. 0 and -infinity where a is singular; 1 and 0 for N = 0; NaN in both for NaN. No
 * round trip. Gradient of logabsdet: g a^-T, two round trips, CG_ERROR_ARGUMENT where a is singular. sign has none: it
 * does not change.
 */
CG_API cg_status cg_slogdet(cg_tensor *a, cg_tensor **sign, cg_tensor **logabsdet);

/* --- Orthogonal factors, eigenvalues, singular values --------------------------------------------------------- */

/*
 * COMMON RULES of what follows. a is (..., M, N): each matrix of the last two axes by itself; (..., N, N) where square
 * matrices are said. dtypes: f32, f64; integers and bool become f32. Matrices without elements are allowed where nothing
 * else is said. A result pointer may be NULL; on an error all results are NULL. K = min(M, N), u the unit roundoff.
 *
 * THE RULE OF SIGNS. An eigenvector or singular vector is determined up to its sign (its phase, where it is complex).
 * Here, of its entries whose modulus is at least half the largest one's, the first is real and positive. So every
 * device gives the same vectors, up to rounding, where eigenvalues or singular values are distinct; those of equal ones
 * are any basis of their space.
 *
 * Eigenvalues and singular values wait for the device once, to learn whether they were found (a round trip). Errors:
 * CG_ERROR_SHAPE unless there are matrices (square ones where said), CG_ERROR_ARGUMENT where a matrix holds NaN or
 * infinities or the iteration did not converge: the message names the matrix.
 */

/* What cg_qr gives: Q (M, K) and R (K, N); Q (M, M) and R (M, N); R (K, N) alone. */
typedef enum cg_qr_mode { CG_QR_REDUCED, CG_QR_COMPLETE, CG_QR_R } cg_qr_mode;

/*
 * A = Q R, Q with orthonormal columns, R upper triangular, by Householder's reflections, whose signs R keeps: as in
 * LAPACK and NumPy its diagonal may be negative. NaN spreads. With CG_QR_R *q becomes NULL.
 * Error: |A - Q R| and |Q^T Q - I| at most a modest multiple of M u |A| and M u.
 * Gradient (Liao and others 2019) where the first K columns are independent, else not finite; none for CG_QR_COMPLETE
 * with M > N (CG_ERROR_GRADIENT), whose last columns of Q are any basis. Errors: CG_ERROR_SHAPE, CG_ERROR_ARGUMENT for
 * another mode.
 */
CG_API cg_status cg_qr(cg_tensor *a, cg_qr_mode mode, cg_tensor **q, cg_tensor **r);

/*
 * A v = w v of symmetric matrices: w (..., N) ascending, v (..., N, N) orthonormal in columns, signed by the rule. Only
 * the lower triangle is read: whether the upper one agrees is not looked at.
 * Error: of w at most a modest multiple of N u |A|; of a vector the same divided by its eigenvalue's distance to the
 * next.
 * Gradient through w: V diag(dw) V^T. Through v: V F V^T, F_ij = (V^T dv - dv^T V)_ij / (2 (w_j - w_i)). Both are
 * symmetric: right for symmetric A, as of a function of (A + A^T) / 2. Where eigenvalues are equal, losses of w alone
 * that treat them alike have right first gradients; through v the gradient is infinite or NaN there, since no
 * derivative by way of v exists (not even for V f(w) V^T, whose own does), and close to there it is large.
 */
CG_API cg_status cg_eigh(cg_tensor *a, cg_tensor **w, cg_tensor **v);

/* The eigenvalues of cg_eigh alone, (..., N), ascending: faster where no gradient is wanted. Gradient. As cg_eigh. */
CG_API cg_tensor *cg_eigvalsh(cg_tensor *a);

/*
 * A v = w v of square matrices, complex numbers as pairs of real tensors
 * (docs/decisions/0016-complex-results-as-pairs.md): w = wr + i wi (..., N), v = vr + i vi (..., N, N) in columns of
 * norm 1, with the phase of the rule. Conjugate pairs are adjacent, the one with positive imaginary part first; the
 * order is LAPACK's otherwise. A matrix that has fewer independent eigenvectors (a defective one) gives some of them
 * twice, up to rounding.
 * Error: |A v - w v| at most a modest multiple of N u |A|. No gradient: asking for one is CG_ERROR_GRADIENT.
 */
CG_API cg_status cg_eig(cg_tensor *a, cg_tensor **wr, cg_tensor **wi, cg_tensor **vr, cg_tensor **vi);

/* The eigenvalues of cg_eig alone. No gradient: asking for one is CG_ERROR_GRADIENT. As cg_eig. */
CG_API cg_status cg_eigvals(cg_tensor *a, cg_tensor **wr, cg_tensor **wi);

/*
 * A = U diag(s) Vh: s (..., K) descending, U (..., M, K), Vh (..., K, N), or U (..., M, M) and Vh (..., N, N) where
 * full_matrices. The rows of Vh are signed by the rule, U follows.
 * Error: of s at most a modest multiple of max(M, N) u |A|; of vectors that divided by the distance to the next one.
 * Gradient (Townsend 2016) through s: U diag(ds) Vh; through U and Vh, which divides by sums and differences of
 * singular values and, for N != M, by each of them. As in cg_eigh, at equal singular values, and at those that are 0,
 * that through s is right for losses that treat equal ones alike, and that through U and Vh infinite or NaN. (For the
 * best approximation of a rank see cg_low_rank, whose gradient meets no such division.) Full matrices that are not
 * square have one through s only; through U or Vh it is CG_ERROR_GRADIENT.
 */
CG_API cg_status cg_svd(cg_tensor *a, bool full_matrices, cg_tensor **u, cg_tensor **s, cg_tensor **vh);

/* The singular values of cg_svd alone, (..., K), descending: faster where no gradient is wanted. Gradient. As cg_svd. */
CG_API cg_tensor *cg_svdvals(cg_tensor *a);

/*
 * The generalized inverse of Moore and Penrose, (..., N, M): V diag(1 / s) U^T, without the singular values up to
 * rtol max(s). rtol < 0 stands for max(M, N) eps, eps = 2 u, as in NumPy's pinv(a, rtol=None).
 * Error: at most a modest multiple of max(M, N) u |A| |out|^2. Gradient (Golub and Pereyra 1973) for a constant rank:
 * right where the singular values left out are 0 up to rounding. Errors: as above; CG_ERROR_ARGUMENT for rtol NaN.
 */
CG_API cg_tensor *cg_pinv(cg_tensor *a, double rtol);

/*
 * The best approximation of rank k, (..., M, N), in the 2-norm and the Frobenius norm (Eckart and Young 1936): U
 * diag(s) Vh of the k largest singular values. Error: at most a modest multiple of max(M, N) u |A| s_k / (s_k -
 * s_(k+1)).
 * Gradient, which does not divide by differences of singular values on the same side of k: not finite only where s_k and
 * s_(k+1) are equal. Errors: as above; CG_ERROR_ARGUMENT unless 0 <= k <= K.
 */
CG_API cg_tensor *cg_low_rank(cg_tensor *a, int64_t k);

/* --- Norms and rank ------------------------------------------------------------------------------------------- */

/*
 * How many singular values are larger than rtol max(s), i64, (...). rtol < 0 stands for NumPy's max(M, N) eps, eps = 2
 * u. No gradient. Errors: as above; CG_ERROR_ARGUMENT for rtol NaN.
 */
CG_API cg_tensor *cg_matrix_rank(cg_tensor *a, double rtol);

/* The norms of matrices, of the elements x and the singular values s. */
typedef enum cg_matrix_norm_kind {
    CG_NORM_FRO,     /* sqrt(sum x^2), Frobenius */
    CG_NORM_NUC,     /* sum s, nuclear */
    CG_NORM_1,       /* max over columns of sum |x| */
    CG_NORM_NEG_1,   /* min over columns of sum |x| */
    CG_NORM_2,       /* max s, spectral */
    CG_NORM_NEG_2,   /* min s */
    CG_NORM_INF,     /* max over rows of sum |x| */
    CG_NORM_NEG_INF, /* min over rows of sum |x| */
} cg_matrix_norm_kind;

/*
 * A norm of each matrix, (...), or (..., 1, 1) with keepdims. Gradient: of the first of several equal maxima or minima;
 * of CG_NORM_NUC and 2 as through s of cg_svd, of CG_NORM_FRO 0 at 0. Error: of sums at most (log2 n + 12) u out, of
 * CG_NORM_NUC K times that of s. NaN spreads, but for those of s, which refuse it. Errors: CG_ERROR_ARGUMENT for
 * another kind, CG_ERROR_SHAPE for a maximum or minimum of nothing; as above.
 */
CG_API cg_tensor *cg_matrix_norm(cg_tensor *a, cg_matrix_norm_kind kind, bool keepdims);

/*
 * The condition number |A| |A^-1| in a norm, (...). CG_NORM_2 is max(s) / min(s), CG_NORM_NEG_2 its reciprocal, both for
 * any (M, N); the others take square matrices. Infinite for a singular matrix, as in NumPy (1 / 0, if elimination meets
 * an exact 0; a number of the size of 1 / u if rounding hides it), and 0 for CG_NORM_NEG_2. Error, relative: a modest
 * multiple of N u out. Gradient where it is finite. Errors: as cg_matrix_norm.
 */
CG_API cg_tensor *cg_cond(cg_tensor *a, cg_matrix_norm_kind kind);

CG_END_DECLS
#endif
