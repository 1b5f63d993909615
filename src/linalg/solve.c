/* Systems of equations and inverses by LU factorization. */
#include "linalg/linear_system.h"
#include "linalg/lu.h"
#include "ops/reduction.h"

/* --- Solving with kept factors ----------------------------------------------------------------------------------- */

/* P A = L U: A^-1 b = U^-1 L^-1 P b and A^-T b = P^T L^-T U^-T b, each solve over the elements of the one before. */
static cg_tensor *solve_values(cg_tensor *b, cg_tensor *lu, cg_tensor *p, bool transposed) {
    const unsigned lower = CG_LOWER | CG_UNIT_DIAGONAL;
    cg_tensor *x = transposed ? cg_system_copy(lu, b) : cg_eval(cg_lu_rows(b, p));
    if (!x || cg_triangular_in_place(lu, x, transposed ? CG_UPPER | CG_TRANSPOSED : lower) ||
        cg_triangular_in_place(lu, x, transposed ? lower | CG_TRANSPOSED : CG_UPPER))
        return NULL;
    return transposed ? cg_lu_rows(x, cg_lu_inverse_permutation(p)) : x;
}

/* x = A^-1 b gives db = A^-T g and dA = -db x^T; x = A^-T b gives db = A^-1 g and dA = -x db^T. */
static void solve_backward(const cg_rule_call *call, cg_tensor **dx) {
    const bool transposed = call->attributes->i[0] != 0;
    cg_tensor *db = cg_lu_solve_with(call->x[0], call->g, call->x[2], call->x[3], !transposed);
    dx[1] = db;
    if (call->wanted[0])
        dx[0] = cg_neg(
            cg_system_outer(&call->shape[0], transposed ? call->out : db, transposed ? db : call->out));
}

static const cg_rule solve_rule = {"solve", solve_backward};

cg_tensor *cg_lu_solve_with(cg_tensor *a, cg_tensor *b, cg_tensor *lu, cg_tensor *p, bool transposed) {
    if (!a || !b || !lu || !p) return NULL;
    cg_scope *scope = cg_values_begin(a->storage->dev);
    cg_tensor *x = cg_values_end(scope, scope ? solve_values(b, lu, p, transposed) : NULL);
    cg_tensor *input[] = {a, b, lu, p};
    return cg_record_op(x, &solve_rule, 4, input, CG_KEEP(0) | CG_KEEP(2) | CG_KEEP(3) | CG_KEEP_OUT,
                        &(cg_attributes){.i = {transposed}});
}

/* --- solve, inverse ----------------------------------------------------------------------------------------------- */

/* Factors of matrices that must not be singular: values.lu is NULL on an error, else *p is there. */
static cg_lu_values regular_factors(const char *op, cg_tensor *a, cg_tensor **p) {
    cg_lu_values f = cg_lu_of(op, a);
    *p = NULL;
    if (f.lu && cg_factor_succeeded(op, a, f.info, "is singular", true))
        *p = cg_lu_permutation(op, f.pivots, cg_size(a, -1));
    if (!*p) f.lu = NULL;
    return f;
}

cg_tensor *cg_solve(cg_tensor *a, cg_tensor *b) {
    const cg_system s = cg_system_of("solve", a, b, true);
    cg_tensor *p;
    const cg_lu_values f = regular_factors("solve", s.a, &p);
    return cg_system_result(&s, cg_lu_solve_with(s.a, s.b, f.lu, p, false));
}

/* dA = -X^T g X^T, X the inverse. */
static void inverse_backward(const cg_rule_call *call, cg_tensor **dx) {
    cg_tensor *turned = cg_transpose(call->out, -1, -2);
    dx[0] = cg_neg(cg_matmul(turned, cg_matmul(call->g, turned)));
}

static const cg_rule inverse_rule = {"inverse", inverse_backward};

/* U^-1 L^-1 P. */
static cg_tensor *inverse_values(cg_tensor *a) {
    cg_tensor *p;
    const cg_lu_values f = regular_factors("inverse", a, &p);
    cg_tensor *x = cg_eval(cg_one_hot(p, cg_size(a, -1), a->storage->dtype));
    if (!x || cg_triangular_in_place(f.lu, x, CG_LOWER | CG_UNIT_DIAGONAL) ||
        cg_triangular_in_place(f.lu, x, CG_UPPER))
        return NULL;
    return x;
}

cg_tensor *cg_inverse(cg_tensor *a) {
    cg_tensor *x = cg_factor_matrices("inverse", a, true);
    cg_scope *scope = x ? cg_values_begin(x->storage->dev) : NULL;
    if (!scope) return NULL;
    return cg_record_op(cg_values_end(scope, inverse_values(x)), &inverse_rule, 1, &x, CG_KEEP_OUT, NULL);
}

/* --- Factors that the user keeps ----------------------------------------------------------------------------------- */

static bool check_permutation(const cg_tensor *lu, const cg_tensor *p) {
    cg_dims expected = lu->shape;
    expected.dim[--expected.rank] = 0;
    const cg_dtype dtype = p->storage->dtype;
    if ((dtype == CG_I64 || dtype == CG_I32) && cg_dims_equal(&expected, &p->shape)) return true;
    CG_FAIL(&lu->storage->dev->error, CG_ERROR_SHAPE,
            "lu_solve: factors %s, permutation %s %s: expected the two that lu_factor gave",
            CG_SHAPE_STR(&lu->shape), cg_dtype_name(dtype), CG_SHAPE_STR(&p->shape));
    return false;
}

cg_tensor *cg_lu_solve(cg_tensor *lu, cg_tensor *p, cg_tensor *b, bool transposed) {
    const cg_system s = cg_system_of("lu_solve", lu, b, true);
    if (!s.a || !p || !cg_op_same_device("lu_solve", lu->storage->dev, 1, &p) || !check_permutation(lu, p))
        return NULL;
    const unsigned lower = CG_LOWER | CG_UNIT_DIAGONAL;
    cg_tensor *x = transposed ? cg_triangular(s.a, s.b, CG_UPPER | CG_TRANSPOSED)
                              : cg_triangular(s.a, cg_lu_rows(s.b, p), lower);
    x = cg_triangular(s.a, x, transposed ? lower | CG_TRANSPOSED : CG_UPPER);
    return cg_system_result(&s, transposed ? cg_lu_rows(x, cg_lu_inverse_permutation(p)) : x);
}
