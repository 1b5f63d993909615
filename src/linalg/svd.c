/* Singular value decompositions. */
#include "linalg/columns.h"

/* --- the plan --------------------------------------------------------------------------------------------------- */

enum { U, S, VH, PARTS };

static int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

/* wanted: which of U, S, VH. */
static cg_factor_plan plan_of(const char *op, const cg_dims *shape, bool full, const bool wanted[PARTS]) {
    const int64_t m = shape->dim[shape->rank - 2], n = shape->dim[shape->rank - 1], k = smaller(m, n);
    const cg_factor_part part[PARTS] = {{2, {m, full ? m : k}}, {1, {k}}, {2, {full ? n : k, n}}};
    cg_factor_plan plan = {.op = op, .kind = CG_WORK_SVD, .full = full};
    for (int i = 0; i < PARTS; i++)
        if (wanted[i]) plan.part[i] = part[i];
    return plan;
}

/* --- the gradient ----------------------------------------------------------------------------------------------- */

enum { A, PACKED, INPUTS };

/* The parts that belong to the k singular values: of full matrices the first k columns of U and rows of Vh. */
typedef struct thin {
    cg_tensor *u, *s, *vh; /* vh is NULL on an error */
} thin;

static cg_factor_plan plan_of_call(const cg_rule_call *call) {
    const bool full = call->attributes->i[0] != 0, all[PARTS] = {true, true, true};
    return plan_of("svd", &call->shape[A], full, all);
}

static thin thin_parts(const cg_factor_plan *plan, cg_tensor *packed) {
    const int64_t k = plan->part[S].dim[0];
    return (thin){cg_first_columns(cg_factor_result(plan, packed, U), k), cg_factor_result(plan, packed, S),
                  cg_first_rows(cg_factor_result(plan, packed, VH), k)};
}

/* The factors of the recorded call, as functions of A where that is needed. */
static thin factors_of(const cg_rule_call *call) {
    thin x = {0};
    const cg_factor_plan plan = plan_of_call(call);
    if (!call->create_graph) return thin_parts(&plan, call->x[PACKED]);
    cg_svd(call->x[A], false, &x.u, &x.s, &x.vh);
    return x;
}

/* dA = U diag(g) Vh. */
static void values_backward(const cg_rule_call *call, cg_tensor **dx) {
    const thin x = factors_of(call);
    if (x.vh) dx[A] = cg_matmul(cg_scaled_columns(x.u, call->g), x.vh);
}

/*
 * The (k, k) matrix between U and Vh. With Ku = U^T dU - dU^T U and Kv = V^T dV - dV^T V
 *     (Ku S + S Kv)_ij / (s_j^2 - s_i^2) = ((Ku + Kv)_ij / (s_j - s_i) + (Ku - Kv)_ij / (s_j + s_i)) / 2
 * whose right side does not overflow.
 */
static cg_tensor *middle_of(const thin *x, const thin *g) {
    cg_tensor *ku = cg_skew(cg_matmul(cg_flipped(x->u), g->u));
    cg_tensor *kv = cg_skew(cg_matmul(x->vh, cg_flipped(g->vh)));
    cg_tensor *row = cg_unsqueeze(x->s, -2), *column = cg_unsqueeze(x->s, -1);
    cg_tensor *difference = cg_off_diagonal(cg_sub(row, column)), *sum = cg_off_diagonal(cg_add(row, column));
    return cg_mul(cg_add(cg_div(cg_add(ku, kv), difference), cg_div(cg_sub(ku, kv), sum)), 0.5);
}

/* dA = U middle Vh + (I - U U^T) dU S^-1 Vh + U S^-1 dVh (I - V V^T); the projections are 0 where U or V is square. */
static void vectors_backward(const cg_rule_call *call, cg_tensor **dx) {
    const cg_factor_plan plan = plan_of_call(call);
    const thin x = factors_of(call), g = thin_parts(&plan, call->g);
    const int64_t m = plan.part[U].dim[0], k = plan.part[S].dim[0], n = plan.part[VH].dim[1];
    if (!x.vh) return;
    cg_tensor *left = cg_matmul(x.u, middle_of(&x, &g));
    if (m > k) {
        cg_tensor *beyond = cg_sub(g.u, cg_matmul(x.u, cg_matmul(cg_flipped(x.u), g.u)));
        left = cg_add(left, cg_div(beyond, cg_unsqueeze(x.s, -2)));
    }
    dx[A] = cg_matmul(left, x.vh);
    if (n > k) {
        cg_tensor *beyond = cg_sub(g.vh, cg_matmul(cg_matmul(g.vh, cg_flipped(x.vh)), x.vh));
        dx[A] = cg_add(dx[A], cg_matmul(x.u, cg_div(beyond, cg_unsqueeze(x.s, -1))));
    }
}

static const cg_rule values_rule = {"svd (singular values)", values_backward},
                     vectors_rule = {"svd (singular vectors)", vectors_backward};

/* The columns of full U or V that belong to no singular value are any basis: no function of A. */
static const cg_rule full_rule = {"svd (full U and Vh of matrices that are not square)",
                                  cg_factor_no_gradient};

/* --- the operations ----------------------------------------------------------------------------------------------- */

/* Not recorded; NULL on an error. */
static cg_tensor *packed_results(const cg_factor_plan *plan, cg_tensor *a) {
    const cg_factors f = cg_factor_complete(plan, a);
    return f.packed && cg_factor_succeeded(plan->op, a, f.info, CG_FACTOR_NOT_CONVERGED, false) ? f.packed
                                                                                                : NULL;
}

/* `values`, made of packed, as a function of a. */
static cg_tensor *recorded(cg_tensor *values, const cg_rule *rule, cg_tensor *a, cg_tensor *packed,
                           bool full) {
    cg_tensor *input[INPUTS] = {a, packed};
    return cg_record_op(values, rule, INPUTS, input, CG_KEEP(A) | CG_KEEP(PACKED),
                        &(cg_attributes){.i = {full}});
}

cg_status cg_svd_of(const char *op, cg_tensor *input, bool full_matrices, cg_tensor **u, cg_tensor **s,
                    cg_tensor **vh) {
    cg_tensor **const out[PARTS] = {u, s, vh};
    for (int i = 0; i < PARTS; i++)
        if (out[i]) *out[i] = NULL;
    if (!input) return CG_ERROR_ARGUMENT;
    cg_device *dev = input->storage->dev;
    cg_tensor *a = cg_factor_matrices(op, input, false);
    if (!a) return dev->error.code;
    const bool all = cg_recording(dev, 1, &a), full = full_matrices && cg_size(a, -1) != cg_size(a, -2);
    const cg_factor_plan plan = plan_of(op, &a->shape, full, (const bool[]){all || u, true, all || vh});
    cg_tensor *packed = packed_results(&plan, a), *part[PARTS] = {0};
    cg_tensor *vectors = recorded(cg_detach(packed), full ? &full_rule : &vectors_rule, a, packed, full);
    part[S] = recorded(cg_factor_result(&plan, packed, S), &values_rule, a, packed, full);
    if (u) part[U] = cg_factor_result(&plan, vectors, U);
    if (vh) part[VH] = cg_factor_result(&plan, vectors, VH);
    if (!vectors || !part[S] || (u && !part[U]) || (vh && !part[VH])) return dev->error.code;
    for (int i = 0; i < PARTS; i++)
        if (out[i]) *out[i] = part[i];
    return CG_OK;
}

cg_tensor *cg_svdvals_of(const char *op, cg_tensor *input) {
    cg_tensor *a = cg_factor_matrices(op, input, false);
    if (!a) return NULL;
    /* The gradient needs the vectors. */
    const bool all = cg_recording(a->storage->dev, 1, &a);
    const cg_factor_plan plan = plan_of(op, &a->shape, false, (const bool[]){all, true, all});
    cg_tensor *packed = packed_results(&plan, a);
    return recorded(cg_factor_result(&plan, packed, S), &values_rule, a, packed, false);
}

cg_status cg_svd(cg_tensor *a, bool full_matrices, cg_tensor **u, cg_tensor **s, cg_tensor **vh) {
    return cg_svd_of("svd", a, full_matrices, u, s, vh);
}

cg_tensor *cg_svdvals(cg_tensor *a) { return cg_svdvals_of("svdvals", a); }
