/* Determinants, and their logarithms, from LU factors. */
#include "linalg/lu.h"
#include "ops/reduction.h"

#include "clgrad/sorting.h"

/* --- Values --------------------------------------------------------------------------------------------------- */

/* The diagonal of U, an element negative once more where its row was exchanged. */
static cg_tensor *signed_diagonal(const cg_lu_values *f) {
    cg_tensor *d = cg_diagonal(f->lu, 0, -2, -1);
    cg_tensor *place = cg_arange(f->lu->storage->dev, CG_I32, 0, (double)cg_size(f->lu, -1), 1);
    return cg_where(cg_eq(f->pivots, place), d, cg_neg(d));
}

static cg_tensor *sign_of(cg_tensor *d) { return cg_prod(cg_sign(d), cg_axes(-1), false); }

static cg_tensor *logarithm_of(cg_tensor *d) { return cg_sum(cg_log(cg_abs(d)), cg_axes(-1), false); }

/*
 * The product of d. While sum |log |d|| is below the logarithm of the largest number, no product of some of them can
 * leave the range, in whatever order they are multiplied; beyond it goes by the logarithm of the product.
 */
static cg_tensor *product_of(cg_tensor *d) {
    const double most = cg_dtype_of(d) == CG_F64 ? 700 : 80;
    cg_tensor *size = cg_sum(cg_abs(cg_log(cg_abs(d))), cg_axes(-1), false);
    cg_tensor *by_logarithm = cg_mul(sign_of(d), cg_exp(logarithm_of(d)));
    return cg_where(cg_lt(size, most), cg_prod(d, cg_axes(-1), false), by_logarithm);
}

/* --- Gradients: inputs a, lu, pivots, info ----------------------------------------------------------------------- */

enum { MATRIX, FACTORS, PIVOTS, INFO };

/* A^-T, as a function of a. */
static cg_tensor *inverse_transposed(const char *op, const cg_rule_call *call) {
    const int64_t n = cg_size(call->x[FACTORS], -1);
    cg_tensor *p = cg_lu_permutation(op, call->x[PIVOTS], n),
              *one = cg_eye(call->dev, call->dtype[MATRIX], n);
    return cg_lu_solve_with(call->x[MATRIX], one, call->x[FACTORS], p, true);
}

/* g, one number for each matrix, over the elements of the matrices. */
static cg_tensor *over_matrices(cg_tensor *g) { return cg_unsqueeze(cg_unsqueeze(g, -1), -1); }

/* The product of all elements before each one along the last axis, 1 before the first. */
static cg_tensor *product_before(cg_tensor *s) {
    int64_t before[CG_MAX_RANK] = {0}, after[CG_MAX_RANK] = {0};
    before[s->shape.rank - 1] = 1;
    return cg_pad(cg_slice(cg_cumprod(s, -1), -1, 0, cg_size(s, -1) - 1, 1), before, after, 1);
}

/*
 * The matrix of cofactors, which is det A A^-T where that exists. By A = U diag(s) V^T it is
 * det U det V U diag(products of all other s) V^T for every A. Values only.
 */
static cg_tensor *cofactors(cg_tensor *a) {
    const int64_t n = cg_size(a, -1);
    const cg_factor_plan plan = {
        .op = "det", .kind = CG_WORK_SVD, .part = {{2, {n, n}}, {1, {n}}, {2, {n, n}}}};
    const cg_factors f = cg_factor(&plan, a);
    if (!f.packed || !cg_factor_succeeded("det", a, f.info, "has no singular values", false)) return NULL;
    cg_tensor *u = cg_factor_result(&plan, f.packed, 0), *s = cg_factor_result(&plan, f.packed, 1);
    cg_tensor *vh = cg_factor_result(&plan, f.packed, 2);
    if (!u || !s || !vh) return NULL;
    cg_tensor *behind = cg_flip(product_before(cg_flip(s, cg_axes(-1))), cg_axes(-1));
    cg_tensor *others =
        cg_mul(cg_mul(product_before(s), behind), cg_unsqueeze(cg_mul(cg_det(u), cg_det(vh)), -1));
    return cg_matmul(cg_mul(u, cg_unsqueeze(others, -2)), vh);
}

/* Whether some matrix is singular; false and an error if that cannot be found out. */
static bool find_singular(const cg_rule_call *call, bool *singular) {
    uint8_t any = 0;
    *singular = false;
    if (cg_numel(call->x[FACTORS]) == 0) return true;
    if (cg_op_read("det", cg_any(call->x[INFO], CG_ALL_AXES, false), &any, sizeof any) != CG_OK) return false;
    *singular = any != 0;
    return true;
}

static void det_backward(const cg_rule_call *call, cg_tensor **dx) {
    bool singular;
    if (!find_singular(call, &singular)) return;
    if (singular && call->create_graph)
        CG_FAIL(&call->dev->error, CG_ERROR_GRADIENT,
                "det: no gradient of the gradient at %s: a matrix is singular",
                CG_SHAPE_STR(&call->shape[0]));
    else if (singular)
        dx[0] = cg_mul(over_matrices(call->g), cofactors(call->x[MATRIX]));
    else
        dx[0] = cg_mul(over_matrices(cg_mul(call->g, call->out)), inverse_transposed("det", call));
}

static void slogdet_backward(const cg_rule_call *call, cg_tensor **dx) {
    if (cg_factor_succeeded("slogdet", call->x[FACTORS], call->x[INFO],
                            "is singular: the logarithm of its determinant has no gradient", true))
        dx[0] = cg_mul(over_matrices(call->g), inverse_transposed("slogdet", call));
}

static const cg_rule det_rule = {"det", det_backward}, slogdet_rule = {"slogdet", slogdet_backward};

static cg_tensor *record(cg_tensor *out, const cg_rule *rule, cg_tensor *a, const cg_lu_values *f) {
    cg_tensor *input[] = {a, f->lu, f->pivots, f->info};
    const unsigned all = CG_KEEP(MATRIX) | CG_KEEP(FACTORS) | CG_KEEP(PIVOTS) | CG_KEEP(INFO);
    return cg_record_op(out, rule, 4, input, all | CG_KEEP_OUT, NULL);
}

/* --- What users call -------------------------------------------------------------------------------------------- */

cg_tensor *cg_det(cg_tensor *a) {
    cg_tensor *x = cg_factor_matrices("det", a, true);
    const cg_lu_values f = cg_lu_of("det", x);
    cg_scope *scope = f.lu ? cg_values_begin(x->storage->dev) : NULL;
    if (!scope) return NULL;
    return record(cg_values_end(scope, product_of(signed_diagonal(&f))), &det_rule, x, &f);
}

cg_status cg_slogdet(cg_tensor *a, cg_tensor **sign, cg_tensor **logabsdet) {
    if (sign) *sign = NULL;
    if (logabsdet) *logabsdet = NULL;
    if (!a) return CG_ERROR_ARGUMENT;
    cg_device *dev = a->storage->dev;
    cg_tensor *x = cg_factor_matrices("slogdet", a, true);
    const cg_lu_values f = cg_lu_of("slogdet", x);
    if (!f.lu) return dev->error.code;
    cg_tensor *d = signed_diagonal(&f), *sign_value = sign ? sign_of(d) : NULL;
    cg_tensor *log_value = logabsdet ? logarithm_of(d) : NULL;
    log_value = record(log_value, &slogdet_rule, x, &f);
    if ((sign && !sign_value) || (logabsdet && !log_value)) return dev->error.code;
    if (sign) *sign = sign_value;
    if (logabsdet) *logabsdet = log_value;
    return CG_OK;
}
