/* Cholesky's factorization, and systems solved with it. */
#include "linalg/factor.h"
#include "linalg/linear_system.h"

/* The lower triangle with its diagonal halved. */
static cg_tensor *half_lower(cg_tensor *x) { return cg_mul(cg_add(cg_tril(x, 0), cg_tril(x, -1)), 0.5); }

static cg_tensor *flip(cg_tensor *x) { return cg_transpose(x, -1, -2); }

/* dA = (S + S^T) / 2, S = L^-T half_lower(L^T g) L^-1 (Murray 2016, eq. 10). */
static void cholesky_backward(const cg_rule_call *call, cg_tensor **dx) {
    cg_tensor *l = call->out, *middle = half_lower(cg_matmul(flip(l), call->g));
    cg_tensor *left = cg_triangular(l, middle, CG_LOWER | CG_TRANSPOSED);
    cg_tensor *s = cg_triangular(l, flip(left), CG_LOWER | CG_TRANSPOSED); /* S^T */
    dx[0] = cg_mul(cg_add(s, flip(s)), 0.5);
}

static const cg_rule cholesky_rule = {"cholesky", cholesky_backward};

cg_tensor *cg_cholesky(cg_tensor *a) {
    cg_tensor *x = cg_factor_matrices("cholesky", a, true);
    if (!x) return NULL;
    const int64_t n = cg_size(x, -1);
    const cg_factor_plan plan = {.op = "cholesky", .kind = CG_WORK_CHOLESKY, .part = {{2, {n, n}}}};
    const cg_factors f = cg_factor(&plan, x);
    if (!f.packed || !cg_factor_succeeded("cholesky", x, f.info, "is not positive definite", true))
        return NULL;
    return cg_record_op(cg_factor_result(&plan, f.packed, 0), &cholesky_rule, 1, &x, CG_KEEP_OUT, NULL);
}

cg_tensor *cg_cholesky_solve(cg_tensor *l, cg_tensor *b) {
    const cg_system s = cg_system_of("cholesky_solve", l, b, true);
    cg_tensor *y = cg_triangular(s.a, s.b, CG_LOWER);
    return cg_system_result(&s, cg_triangular(s.a, y, CG_LOWER | CG_TRANSPOSED));
}
