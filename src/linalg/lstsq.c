/* Least squares by the singular value decomposition. */
#include "linalg/factor.h"
#include "linalg/linear_system.h"
#include "ops/reduction.h"

#include <math.h>

static cg_tensor *flip(cg_tensor *x) { return cg_transpose(x, -1, -2); }

static int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

static cg_factor_plan svd_plan(const cg_dims *shape) {
    const int64_t m = shape->dim[shape->rank - 2], n = shape->dim[shape->rank - 1], k = smaller(m, n);
    return (cg_factor_plan){.op = "lstsq", .kind = CG_WORK_SVD, .part = {{2, {m, k}}, {1, {k}}, {2, {k, n}}}};
}

/* --- The pseudoinverse applied ------------------------------------------------------------------------------------ */

/* Which singular values count: those above rcond times the largest. */
static cg_tensor *counted(cg_tensor *s, double rcond) {
    return cg_gt(s, cg_mul(cg_slice(s, -1, 0, 1, 1), rcond));
}

/* A^+ b = V S^+ U^T b, or (A^T)^+ b = U S^+ V^T b, from the packed decomposition. */
static cg_tensor *apply_values(const cg_factor_plan *plan, cg_tensor *packed, cg_tensor *b, bool transposed,
                               double rcond) {
    cg_tensor *u = cg_factor_result(plan, packed, 0), *s = cg_factor_result(plan, packed, 1);
    cg_tensor *vh = cg_factor_result(plan, packed, 2);
    if (!u || !s || !vh) return NULL;
    cg_tensor *inverse = cg_where(counted(s, rcond), cg_reciprocal(s), cg_zeros_like(s));
    cg_tensor *inner = cg_matmul(transposed ? vh : flip(u), b);
    return cg_matmul(transposed ? u : flip(vh), cg_mul(inner, cg_unsqueeze(inverse, -1)));
}

static cg_tensor *apply(cg_tensor *a, cg_tensor *packed, cg_tensor *b, bool transposed, double rcond);

/*
 * x = P b with P = A^+, or A^T in place of A throughout. While the rank stays what it is (Golub and Pereyra 1973),
 *     db = P^T g,    dA = -db x^T + (b - A x) (P db)^T + (P^T x) (g - P A g)^T
 */
static void lstsq_backward(const cg_rule_call *call, cg_tensor **dx) {
    const bool transposed = call->attributes->i[0] != 0;
    const double rcond = call->attributes->d[0];
    cg_tensor *packed = call->x[2], *x = call->out, *g = call->g;
    cg_tensor *db = apply(call->x[0], packed, g, !transposed, rcond);
    dx[1] = db;
    if (!call->wanted[0]) return;
    cg_tensor *a = transposed ? flip(call->x[0]) : call->x[0];
    cg_tensor *rest = cg_sub(call->x[1], cg_matmul(a, x));
    cg_tensor *outside = cg_sub(g, apply(call->x[0], packed, cg_matmul(a, g), transposed, rcond));
    cg_tensor *pairs[3][2] = {{cg_neg(db), x},
                              {rest, apply(call->x[0], packed, db, transposed, rcond)},
                              {apply(call->x[0], packed, x, !transposed, rcond), outside}};
    cg_tensor *da = NULL;
    for (int i = 0; i < 3; i++) {
        const int first = transposed ? 1 : 0;
        cg_tensor *term = cg_system_outer(&call->shape[0], pairs[i][first], pairs[i][1 - first]);
        da = i ? cg_add(da, term) : term;
    }
    dx[0] = da;
}

static const cg_rule lstsq_rule = {"lstsq", lstsq_backward};

/* Recorded as a function of a and b. */
static cg_tensor *apply(cg_tensor *a, cg_tensor *packed, cg_tensor *b, bool transposed, double rcond) {
    if (!a || !packed || !b) return NULL;
    const cg_factor_plan plan = svd_plan(&a->shape);
    cg_scope *scope = cg_values_begin(a->storage->dev);
    if (!scope) return NULL;
    cg_tensor *x = cg_values_end(scope, apply_values(&plan, packed, b, transposed, rcond));
    cg_tensor *input[] = {a, b, packed};
    return cg_record_op(x, &lstsq_rule, 3, input, CG_KEEP(0) | CG_KEEP(1) | CG_KEEP(2) | CG_KEEP_OUT,
                        &(cg_attributes){.i = {transposed}, .d = {rcond}});
}

/* --- The further results ------------------------------------------------------------------------------------------ */

/* The singular values have a gradient, but not from here: cg_svd gives it. */
static void no_gradient(const cg_rule_call *call, cg_tensor **dx) {
    (void)call;
    (void)dx;
}

static const cg_rule values_rule = {"lstsq (its singular values)", no_gradient};

/* sum (b - A x)^2 over the rows. */
static cg_tensor *squares_left(const cg_system *system, cg_tensor *x) {
    cg_tensor *rest = cg_square(cg_sub(system->b, cg_matmul(system->a, x)));
    cg_tensor *sum = cg_sum(rest, cg_axes(-2), false);
    return system->vector ? cg_squeeze(sum, -1) : sum;
}

static double cutoff(const cg_tensor *a, double rcond) {
    const int64_t m = cg_size(a, -2), n = cg_size(a, -1);
    if (rcond >= 0) return rcond;
    return (a->storage->dtype == CG_F64 ? 0x1p-52 : 0x1p-23) * (double)(m > n ? m : n);
}

/* Four results, NULL for those not wanted. */
enum { SOLUTION, RESIDUALS, RANK, VALUES, RESULTS };

static cg_status results(const cg_system *system, cg_tensor *packed, double rcond,
                         cg_tensor **const *wanted) {
    const cg_factor_plan plan = svd_plan(&system->a->shape);
    cg_device *dev = system->a->storage->dev;
    cg_tensor *got[RESULTS] = {0};
    cg_tensor *x =
        wanted[SOLUTION] || wanted[RESIDUALS] ? apply(system->a, packed, system->b, false, rcond) : NULL;
    if (wanted[SOLUTION]) got[SOLUTION] = cg_system_result(system, x);
    if (wanted[RESIDUALS] && x) got[RESIDUALS] = squares_left(system, x);
    cg_tensor *s = cg_factor_result(&plan, packed, 1);
    if (wanted[RANK] && s) got[RANK] = cg_count_nonzero(counted(s, rcond), cg_axes(-1), false);
    if (wanted[VALUES] && s) got[VALUES] = cg_clone(s);
    cg_tensor *a = system->a;
    got[VALUES] = cg_record_op(got[VALUES], &values_rule, 1, &a, CG_KEEP_NOTHING, NULL);
    for (int i = 0; i < RESULTS; i++)
        if (wanted[i] && !got[i]) return dev->error.code;
    for (int i = 0; i < RESULTS; i++)
        if (wanted[i]) *wanted[i] = got[i];
    return CG_OK;
}

cg_status cg_lstsq(cg_tensor *a, cg_tensor *b, double rcond, cg_tensor **x, cg_tensor **residuals,
                   cg_tensor **rank, cg_tensor **s) {
    cg_tensor **const wanted[RESULTS] = {x, residuals, rank, s};
    for (int i = 0; i < RESULTS; i++)
        if (wanted[i]) *wanted[i] = NULL;
    if (!a || !b) return CG_ERROR_ARGUMENT;
    cg_device *dev = a->storage->dev;
    const cg_system system = cg_system_of("lstsq", a, b, false);
    if (!system.a) return dev->error.code;
    if (isnan(rcond)) return CG_FAIL(&dev->error, CG_ERROR_ARGUMENT, "lstsq: rcond is NaN");
    const cg_factor_plan plan = svd_plan(&system.a->shape);
    const cg_factors f = cg_factor(&plan, system.a);
    if (!f.packed || !cg_factor_succeeded("lstsq", system.a, f.info,
                                          "has no singular values: the iteration did not converge", false))
        return dev->error.code;
    return results(&system, f.packed, cutoff(system.a, rcond), wanted);
}
