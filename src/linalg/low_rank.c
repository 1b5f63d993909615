/* By singular values: the best approximation of a rank, the generalized inverse, the rank. */
#include "linalg/columns.h"

#include <float.h>
#include <math.h>

#include "ops/reduction.h"

/* --- the best approximation of rank k --------------------------------------------------------------------------- */

enum { A, U, S, VH, INPUTS };

/*
 * out = U1 S1 V1^T of the k largest singular values; 2 marks the others. With r = s2 / s1 for each pair of one kept and
 * one left out, P = U1^T g V2 and Q = V1^T g^T U2,
 *     dA = U1 U1^T g + (g - U1 U1^T g) V1 V1^T + U1 X V2^T + U2 Y^T V1^T
 *     X = (r^2 P + r Q) / (1 - r^2),   Y = (r^2 Q + r P) / (1 - r^2)
 * Equal singular values on the same side of k are no harm: the gradient through U, S and V would divide by their
 * difference.
 */
static cg_tensor *low_rank_gradient(cg_tensor *g, cg_tensor *u, cg_tensor *s, cg_tensor *vh, int64_t k) {
    const int64_t all = cg_size(s, -1);
    cg_tensor *u1 = cg_first_columns(u, k), *v1h = cg_first_rows(vh, k), *v1 = cg_flipped(v1h);
    cg_tensor *kept = cg_matmul(u1, cg_matmul(cg_flipped(u1), g));
    cg_tensor *dx = cg_add(kept, cg_matmul(cg_matmul(cg_sub(g, kept), v1), v1h));
    if (k == 0 || k == all) return dx;
    cg_tensor *u2 = cg_slice(u, -1, k, all, 1), *v2h = cg_slice(vh, -2, k, all, 1);
    cg_tensor *s1 = cg_slice(s, -1, 0, k, 1), *s2 = cg_slice(s, -1, k, all, 1);
    cg_tensor *r = cg_div(cg_unsqueeze(s2, -2), cg_unsqueeze(s1, -1));
    cg_tensor *c = cg_div(r, cg_mul(cg_sub(1, r), cg_add(1, r)));
    cg_tensor *p = cg_matmul(cg_flipped(u1), cg_matmul(g, cg_flipped(v2h)));
    cg_tensor *q = cg_flipped(cg_matmul(cg_flipped(u2), cg_matmul(g, v1)));
    cg_tensor *x = cg_mul(c, cg_add(cg_mul(r, p), q)), *y = cg_mul(c, cg_add(cg_mul(r, q), p));
    dx = cg_add(dx, cg_matmul(u1, cg_matmul(x, v2h)));
    return cg_add(dx, cg_matmul(u2, cg_matmul(cg_flipped(y), v1h)));
}

/* Where the gradient is recorded in turn, the factors must be functions of A: they are computed again. */
static void low_rank_backward(const cg_rule_call *call, cg_tensor **dx) {
    cg_tensor *u = call->x[U], *s = call->x[S], *vh = call->x[VH];
    if (call->create_graph && cg_svd(call->x[A], false, &u, &s, &vh)) return;
    dx[0] = low_rank_gradient(call->g, u, s, vh, call->attributes->i[0]);
}

static const cg_rule low_rank_rule = {"low_rank", low_rank_backward};

static cg_tensor *low_rank_product(cg_tensor *const *input, int64_t k) {
    cg_tensor *s1 = cg_slice(input[S], -1, 0, k, 1);
    return cg_matmul(cg_scaled_columns(cg_first_columns(input[U], k), s1), cg_first_rows(input[VH], k));
}

cg_tensor *cg_low_rank(cg_tensor *input, int64_t k) {
    cg_tensor *x[INPUTS] = {cg_factor_matrices("low_rank", input, false)};
    if (!x[A]) return NULL;
    cg_device *dev = x[A]->storage->dev;
    const int64_t m = cg_size(x[A], -2), n = cg_size(x[A], -1);
    if (k < 0 || k > (m < n ? m : n)) {
        CG_FAIL(&dev->error, CG_ERROR_ARGUMENT, "low_rank of %s: rank %lld; expected 0 to %lld",
                CG_SHAPE_STR(&x[A]->shape), (long long)k, (long long)(m < n ? m : n));
        return NULL;
    }
    cg_no_grad_begin(dev);
    const cg_status status = cg_svd_of(low_rank_rule.name, cg_detach(x[A]), false, &x[U], &x[S], &x[VH]);
    cg_tensor *out = status ? NULL : low_rank_product(x, k);
    cg_no_grad_end(dev);
    return cg_record_op(out, &low_rank_rule, INPUTS, x, CG_KEEP(A) | CG_KEEP(U) | CG_KEEP(S) | CG_KEEP(VH),
                        &(cg_attributes){.i = {k}});
}

/* --- the generalized inverse -------------------------------------------------------------------------------------- */

/*
 * Golub and Pereyra 1973, for A of constant rank, P = pinv(A):
 *     dA = -P^T g P^T + (I - A P) g^T P P^T + P^T P g^T (I - P A)
 */
static void pinv_backward(const cg_rule_call *call, cg_tensor **dx) {
    cg_tensor *a = call->x[0], *p = call->out, *pt = cg_flipped(p), *gt = cg_flipped(call->g);
    cg_tensor *rows = cg_matmul(gt, cg_matmul(p, pt)), *columns = cg_matmul(cg_matmul(pt, p), gt);
    cg_tensor *dx0 = cg_neg(cg_matmul(pt, cg_matmul(call->g, pt)));
    dx0 = cg_add(dx0, cg_sub(rows, cg_matmul(a, cg_matmul(p, rows))));
    dx[0] = cg_add(dx0, cg_sub(columns, cg_matmul(cg_matmul(columns, p), a)));
}

static const cg_rule pinv_rule = {"pinv", pinv_backward};

/* V diag(1 / s, 0 where s is cut) U^T. */
static cg_tensor *pinv_values(cg_tensor *a, double rtol) {
    cg_tensor *u, *s, *vh;
    if (cg_svd_of("pinv", a, false, &u, &s, &vh)) return NULL;
    cg_tensor *cut = cg_mul(cg_max(s, cg_axes(-1), true), rtol);
    cg_tensor *inverse = cg_where(cg_gt(s, cut), cg_div(1, s), 0.0);
    return cg_matmul(cg_scaled_columns(cg_flipped(vh), inverse), cg_flipped(u));
}

double cg_factor_rtol(const cg_tensor *a, double rtol) {
    const int64_t m = cg_size(a, -2), n = cg_size(a, -1);
    if (rtol >= 0) return rtol;
    return (double)(m > n ? m : n) * (a->storage->dtype == CG_F64 ? DBL_EPSILON : (double)FLT_EPSILON);
}

static bool check_rtol(const char *op, const cg_tensor *a, double rtol) {
    if (!isnan(rtol)) return true;
    CG_FAIL(&a->storage->dev->error, CG_ERROR_ARGUMENT, "%s of %s: the relative tolerance is NaN", op,
            CG_SHAPE_STR(&a->shape));
    return false;
}

cg_tensor *cg_pinv(cg_tensor *input, double rtol) {
    cg_tensor *a = cg_factor_matrices("pinv", input, false);
    if (!a || !check_rtol("pinv", a, rtol)) return NULL;
    cg_device *dev = a->storage->dev;
    const int64_t m = cg_size(a, -2), n = cg_size(a, -1);
    if (cg_numel(a) == 0)
        return cg_zeros(dev, a->storage->dtype, cg_factor_shape(a, 2, (const int64_t[]){n, m}));
    cg_scope *scope = cg_values_begin(dev);
    if (!scope) return NULL;
    cg_tensor *out = cg_values_end(scope, pinv_values(a, cg_factor_rtol(a, rtol)));
    return cg_record_op(out, &pinv_rule, 1, &a, CG_KEEP(0) | CG_KEEP_OUT, NULL);
}

/* --- rank ----------------------------------------------------------------------------------------------------------- */

static cg_tensor *rank_values(cg_tensor *a, double rtol) {
    cg_tensor *s = cg_svdvals_of("matrix_rank", a), *cut = cg_mul(cg_max(s, cg_axes(-1), true), rtol);
    return cg_eval(cg_count_nonzero(cg_gt(s, cut), cg_axes(-1), false));
}

cg_tensor *cg_matrix_rank(cg_tensor *input, double rtol) {
    cg_tensor *a = cg_factor_matrices("matrix_rank", input, false);
    if (!a || !check_rtol("matrix_rank", a, rtol)) return NULL;
    cg_device *dev = a->storage->dev;
    if (cg_numel(a) == 0) return cg_zeros(dev, CG_I64, cg_matmul_batch(a));
    cg_scope *scope = cg_values_begin(dev);
    return scope ? cg_values_end(scope, rank_values(a, cg_factor_rtol(a, rtol))) : NULL;
}
