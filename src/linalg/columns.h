/*
 * What the factorizations into orthogonal factors share: small steps of their rules, and matrices without elements.
 *
 * Eigenvalues and the vectors that belong to them are recorded apart, as two functions of A: the gradient through the
 * values divides by nothing, that through the vectors by differences of values. Were they one, 0 / 0 would be met where
 * values are equal, and 0 would be wrong for a loss such as of V f(w) V^T, which cannot be told from a loss of w alone.
 * Rules keep the plain values of the factors; where a gradient is recorded in turn (create_graph) the factors must be
 * functions of A, and are computed again.
 */
#ifndef CLGRAD_LINALG_COLUMNS_H
#define CLGRAD_LINALG_COLUMNS_H

#include "linalg/factor.h"

/* Each matrix transposed. A view. */
static inline cg_tensor *cg_flipped(cg_tensor *x) { return cg_transpose(x, -1, -2); }

/* Column j of x times s[j], and row i of x times s[i]: x diag(s), diag(s) x. */
static inline cg_tensor *cg_scaled_columns(cg_tensor *x, cg_tensor *s) {
    return cg_mul(x, cg_unsqueeze(s, -2));
}
static inline cg_tensor *cg_scaled_rows(cg_tensor *s, cg_tensor *x) { return cg_mul(cg_unsqueeze(s, -1), x); }

/* The first k columns, or rows. Views. */
static inline cg_tensor *cg_first_columns(cg_tensor *x, int64_t k) { return cg_slice(x, -1, 0, k, 1); }
static inline cg_tensor *cg_first_rows(cg_tensor *x, int64_t k) { return cg_slice(x, -2, 0, k, 1); }

/* x - x^T. */
static inline cg_tensor *cg_skew(cg_tensor *x) { return cg_sub(x, cg_flipped(x)); }

/* What cg_factor_succeeded is to say of eigenvalues and singular values. */
#define CG_FACTOR_NOT_CONVERGED "holds NaN or infinities, or the iteration did not converge"

/* y with infinity on its diagonal: x / y is 0 there, in gradients of every order. */
cg_tensor *cg_off_diagonal(cg_tensor *y);

/* The backward of a rule that has none: with this rule a gradient that is asked for is an error, never a 0. */
void cg_factor_no_gradient(const cg_rule_call *call, cg_tensor **dx);

/* cg_svd and cg_svdvals for another operation, which errors name. */
cg_status cg_svd_of(const char *op, cg_tensor *a, bool full_matrices, cg_tensor **u, cg_tensor **s,
                    cg_tensor **vh);
cg_tensor *cg_svdvals_of(const char *op, cg_tensor *a);

/* The relative tolerance of ranks: rtol, or where it is negative max(M, N) eps. */
double cg_factor_rtol(const cg_tensor *a, double rtol);

/*
 * cg_factor, whose one result that is not empty for matrices without elements is the identity: the complete Q of (M, 0),
 * the full U or Vh. Not recorded.
 */
cg_factors cg_factor_complete(const cg_factor_plan *plan, cg_tensor *a);

#endif
