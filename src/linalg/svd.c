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

/* The parts that belong to the k singular values: of full matrices the first k columns of U and rows of Vh. */
typedef struct thin {
    cg_tensor *u, *s, *vh;
} thin;

static thin thin_parts(const cg_factor_plan *plan, cg_tensor *packed) {
    const int64_t k = plan->part[S].dim[0];
    return (thin){cg_first_columns(cg_factor_result(plan, packed, U), k), cg_factor_result(plan, packed, S),
                  cg_first_rows(cg_factor_result(plan, packed, VH), k)};
}

/*
 * The (k, k) matrix between U and Vh. With Ku = U^T dU - dU^T U and Kv = V^T dV - dV^T V
 *     (Ku S + S Kv)_ij / (s_j^2 - s_i^2) = ((Ku + Kv)_ij / (s_j - s_i) + (Ku - Kv)_ij / (s_j + s_i)) / 2
 * whose right side neither overflows nor divides by 0 where only turns of equal s against each other are undetermined:
 * a loss that does not see them has Ku + Kv = 0 there.
 */
static cg_tensor *middle_of(const thin *x, const thin *g) {
    cg_tensor *ku = cg_skew(cg_matmul(cg_flipped(x->u), g->u));
    cg_tensor *kv = cg_skew(cg_matmul(x->vh, cg_flipped(g->vh)));
    cg_tensor *row = cg_unsqueeze(x->s, -2), *column = cg_unsqueeze(x->s, -1);
    cg_tensor *turns = cg_add(cg_quotient(cg_add(ku, kv), cg_sub(row, column)),
                              cg_quotient(cg_sub(ku, kv), cg_add(row, column)));
    return cg_add(cg_mul(turns, 0.5), cg_diag_embed(g->s, 0));
}

/* dA = U middle Vh + (I - U U^T) dU S^-1 Vh + U S^-1 dVh (I - V V^T); the projections are 0 where U or V is square. */
static void svd_gradient(const cg_rule_call *call, bool full, cg_tensor **dx) {
    const cg_factor_plan plan = plan_of("svd", &call->shape[0], full, (const bool[]){true, true, true});
    const thin x = thin_parts(&plan, call->out), g = thin_parts(&plan, call->g);
    const int64_t k = plan.part[S].dim[0];
    cg_tensor *left = cg_matmul(x.u, middle_of(&x, &g));
    if (plan.part[U].dim[0] > k) {
        cg_tensor *beyond = cg_sub(g.u, cg_matmul(x.u, cg_matmul(cg_flipped(x.u), g.u)));
        left = cg_add(left, cg_quotient(beyond, cg_unsqueeze(x.s, -2)));
    }
    dx[0] = cg_matmul(left, x.vh);
    if (plan.part[VH].dim[1] > k) {
        cg_tensor *beyond = cg_sub(g.vh, cg_matmul(cg_matmul(g.vh, cg_flipped(x.vh)), x.vh));
        dx[0] = cg_add(dx[0], cg_matmul(x.u, cg_quotient(beyond, cg_unsqueeze(x.s, -1))));
    }
}

static void svd_backward(const cg_rule_call *call, cg_tensor **dx) { svd_gradient(call, false, dx); }

static const cg_rule svd_rule = {"svd", svd_backward};

/*
 * Full matrices: the columns of U or V that belong to no singular value are any basis, no function of A. So U and Vh have
 * a rule without a gradient, and the singular values one of their own, in which those columns have none to give.
 */
static void full_s_backward(const cg_rule_call *call, cg_tensor **dx) { svd_gradient(call, true, dx); }
static const cg_rule full_s_rule = {"svd", full_s_backward},
                     full_vectors_rule = {"svd (full U and Vh of matrices that are not square)", cg_factor_no_gradient};

/* --- the operations ----------------------------------------------------------------------------------------------- */

static cg_tensor *packed_values(const cg_factor_plan *plan, cg_tensor *a) {
    const cg_factors f = cg_factor_complete(plan, a);
    return f.packed && cg_factor_succeeded(plan->op, a, f.info, CG_FACTOR_NOT_CONVERGED, false) ? f.packed
                                                                                                  : NULL;
}

static cg_tensor *recorded(cg_tensor *packed, const cg_rule *rule, cg_tensor *a) {
    return cg_record_op(packed ? cg_detach(packed) : NULL, rule, 1, &a, CG_KEEP_OUT, NULL);
}

cg_status cg_svd(cg_tensor *input, bool full_matrices, cg_tensor **u, cg_tensor **s, cg_tensor **vh) {
    cg_tensor **const out[PARTS] = {u, s, vh};
    for (int i = 0; i < PARTS; i++)
        if (out[i]) *out[i] = NULL;
    if (!input) return CG_ERROR_ARGUMENT;
    cg_device *dev = input->storage->dev;
    cg_tensor *a = cg_factor_matrices("svd", input, false);
    if (!a) return dev->error.code;
    const bool all = cg_recording(dev, 1, &a), full = full_matrices && cg_size(a, -1) != cg_size(a, -2);
    const cg_factor_plan plan = plan_of("svd", &a->shape, full, (const bool[]){all || u, true, all || vh});
    cg_tensor *packed = packed_values(&plan, a), *part[PARTS] = {0};
    cg_tensor *values = recorded(packed, full ? &full_s_rule : &svd_rule, a);
    cg_tensor *vectors = full && values ? recorded(packed, &full_vectors_rule, a) : values;
    for (int i = 0; i < PARTS; i++)
        if (out[i] && !(part[i] = cg_factor_result(&plan, i == S ? values : vectors, i)))
            return dev->error.code;
    if (!values || !vectors) return dev->error.code;
    for (int i = 0; i < PARTS; i++)
        if (out[i]) *out[i] = part[i];
    return CG_OK;
}

cg_tensor *cg_svdvals(cg_tensor *input) {
    cg_tensor *a = cg_factor_matrices("svdvals", input, false);
    if (!a) return NULL;
    /* The gradient needs the vectors. */
    const bool all = cg_recording(a->storage->dev, 1, &a);
    const cg_factor_plan plan = plan_of("svdvals", &a->shape, false, (const bool[]){all, true, all});
    return cg_factor_result(&plan, recorded(packed_values(&plan, a), &svd_rule, a), S);
}
