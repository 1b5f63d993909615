/* Norms of matrices and condition numbers. */
#include "linalg/columns.h"

#include <math.h>

#include "linalg/lu.h"

/* --- norms ------------------------------------------------------------------------------------------------------ */

enum { ROWS = -2, COLUMNS = -1 };

static bool is_kind(const char *op, const cg_tensor *a, cg_matrix_norm_kind kind) {
    if ((int)kind >= CG_NORM_FRO && (int)kind <= CG_NORM_NEG_INF) return true;
    CG_FAIL(&a->storage->dev->error, CG_ERROR_ARGUMENT, "%s of %s: there is no norm %d", op,
            CG_SHAPE_STR(&a->shape), (int)kind);
    return false;
}

/* Whether there is a maximum or minimum over the axes of lengths m and n. */
static bool has_elements(const char *op, const cg_tensor *a, int64_t m, int64_t n) {
    if (m > 0 && n > 0) return true;
    CG_FAIL(&a->storage->dev->error, CG_ERROR_SHAPE, "%s of %s: the maximum or minimum of nothing", op,
            CG_SHAPE_STR(&a->shape));
    return false;
}

/* The extreme over the other axis of the sums of |x| over `axis`. */
static cg_tensor *extreme_sum(cg_tensor *a, int axis, bool largest) {
    const cg_axis_set other = cg_axes(axis == ROWS ? COLUMNS : ROWS);
    cg_tensor *sum = cg_sum(cg_abs(a), cg_axes(axis), true);
    return largest ? cg_max(sum, other, true) : cg_min(sum, other, true);
}

/* Singular value i, or their sum. */
static cg_tensor *singular_value(const char *op, cg_tensor *a, int64_t i) {
    return cg_unsqueeze(cg_slice(cg_svdvals_of(op, a), -1, i, i + 1, 1), -1);
}
static cg_tensor *singular_sum(const char *op, cg_tensor *a) {
    return cg_unsqueeze(cg_sum(cg_svdvals_of(op, a), cg_axes(-1), true), -1);
}

/* (..., 1, 1) */
static cg_tensor *norm_kept(const char *op, cg_tensor *a, cg_matrix_norm_kind kind) {
    const int64_t m = cg_size(a, ROWS), n = cg_size(a, COLUMNS), k = m < n ? m : n;
    switch (kind) {
    case CG_NORM_FRO:
        return cg_norm(a, 2, cg_axes(ROWS, COLUMNS), true);
    case CG_NORM_NUC:
        return singular_sum(op, a);
    case CG_NORM_1:
    case CG_NORM_NEG_1:
        return has_elements(op, a, 1, n) ? extreme_sum(a, ROWS, kind == CG_NORM_1) : NULL;
    case CG_NORM_INF:
    case CG_NORM_NEG_INF:
        return has_elements(op, a, m, 1) ? extreme_sum(a, COLUMNS, kind == CG_NORM_INF) : NULL;
    case CG_NORM_2:
    case CG_NORM_NEG_2:
        return has_elements(op, a, m, n) ? singular_value(op, a, kind == CG_NORM_2 ? 0 : k - 1) : NULL;
    }
    return NULL;
}

cg_tensor *cg_matrix_norm(cg_tensor *input, cg_matrix_norm_kind kind, bool keepdims) {
    cg_tensor *a = cg_factor_matrices("matrix_norm", input, false);
    if (!a || !is_kind("matrix_norm", a, kind)) return NULL;
    cg_tensor *norm = norm_kept("matrix_norm", a, kind);
    return keepdims ? norm : cg_reshape(norm, cg_matmul_batch(a));
}

/* --- condition numbers -------------------------------------------------------------------------------------------- */

/* The inverse, in which a singular matrix, unlike in cg_inverse, has infinities or NaN. */
static cg_tensor *inverse_of(cg_tensor *a) {
    const int64_t n = cg_size(a, COLUMNS);
    const cg_lu_values f = cg_lu_of("cond", a);
    cg_tensor *p = f.lu ? cg_lu_permutation("cond", f.pivots, n) : NULL;
    return cg_lu_solve_with(a, cg_eye(a->storage->dev, a->storage->dtype, n), f.lu, p, false);
}

/* The quotient or product as it comes; NaN for a singular matrix in some cases. */
static cg_tensor *cond_values(cg_tensor *a, cg_matrix_norm_kind kind) {
    const int64_t m = cg_size(a, ROWS), n = cg_size(a, COLUMNS), k = m < n ? m : n;
    cg_tensor *s = NULL, *inverse;
    switch (kind) {
    case CG_NORM_2:
    case CG_NORM_NEG_2:
        s = cg_svdvals_of("cond", a);
        cg_tensor *most = cg_slice(s, -1, 0, 1, 1), *least = cg_slice(s, -1, k - 1, k, 1);
        return cg_squeeze(kind == CG_NORM_2 ? cg_div(most, least) : cg_div(least, most), -1);
    case CG_NORM_NUC:
        s = cg_svdvals_of("cond", a);
        return cg_mul(cg_sum(s, cg_axes(-1), false), cg_sum(cg_reciprocal(s), cg_axes(-1), false));
    default:
        inverse = inverse_of(a);
        return cg_mul(cg_matrix_norm(a, kind, false), cg_matrix_norm(inverse, kind, false));
    }
}

cg_tensor *cg_cond(cg_tensor *input, cg_matrix_norm_kind kind) {
    const bool square = kind != CG_NORM_2 && kind != CG_NORM_NEG_2;
    cg_tensor *a = cg_factor_matrices("cond", input, square);
    if (!a || !is_kind("cond", a, kind) || !has_elements("cond", a, cg_size(a, ROWS), cg_size(a, COLUMNS)))
        return NULL;
    cg_tensor *cond = cond_values(a, kind);
    cg_tensor *without_nan = cg_logical_not(cg_any(cg_isnan(a), cg_axes(ROWS, COLUMNS), false));
    return cg_where(cg_logical_and(cg_isnan(cond), without_nan), (double)INFINITY, cond);
}
