/* Eigenvalues and eigenvectors of symmetric matrices. */
#include "linalg/columns.h"

enum { W, V };

static cg_factor_plan plan_of(const char *op, const cg_dims *shape, bool vectors) {
    const int64_t n = shape->dim[shape->rank - 1];
    cg_factor_plan plan = {.op = op, .kind = CG_WORK_EIGH, .part[W] = {1, {n}}};
    if (vectors) plan.part[V] = (cg_factor_part){2, {n, n}};
    return plan;
}

/*
 * dA = V (diag(dw) + F) V^T, F_ij = (V^T dV - dV^T V)_ij / (2 (w_j - w_i)), 0 where that is 0 / 0. The turns within the
 * plane of equal eigenvalues, which a loss of w alone or of V f(w) V^T does not see, have a numerator of 0.
 */
static void eigh_backward(const cg_rule_call *call, cg_tensor **dx) {
    const cg_factor_plan plan = plan_of("eigh", &call->shape[0], true);
    cg_tensor *w = cg_factor_result(&plan, call->out, W), *v = cg_factor_result(&plan, call->out, V);
    cg_tensor *dw = cg_factor_result(&plan, call->g, W), *dv = cg_factor_result(&plan, call->g, V);
    cg_tensor *turn = cg_mul(cg_skew(cg_matmul(cg_flipped(v), dv)), 0.5);
    cg_tensor *distance = cg_sub(cg_unsqueeze(w, -2), cg_unsqueeze(w, -1));
    cg_tensor *middle = cg_add(cg_quotient(turn, distance), cg_diag_embed(dw, 0));
    dx[0] = cg_matmul(v, cg_matmul(middle, cg_flipped(v)));
}

static const cg_rule eigh_rule = {"eigh", eigh_backward};

static cg_tensor *packed_results(const cg_factor_plan *plan, cg_tensor *a) {
    const cg_factors f = cg_factor(plan, a);
    if (!f.packed || !cg_factor_succeeded(plan->op, a, f.info, CG_FACTOR_NOT_CONVERGED, false)) return NULL;
    return cg_record_op(f.packed, &eigh_rule, 1, &a, CG_KEEP_OUT, NULL);
}

cg_status cg_eigh(cg_tensor *input, cg_tensor **w, cg_tensor **v) {
    if (w) *w = NULL;
    if (v) *v = NULL;
    if (!input) return CG_ERROR_ARGUMENT;
    cg_device *dev = input->storage->dev;
    cg_tensor *a = cg_factor_matrices("eigh", input, true);
    if (!a) return dev->error.code;
    const cg_factor_plan plan = plan_of("eigh", &a->shape, true);
    cg_tensor *packed = packed_results(&plan, a);
    cg_tensor *values = cg_factor_result(&plan, packed, W), *vectors = cg_factor_result(&plan, packed, V);
    if (!values || !vectors) return dev->error.code;
    if (w) *w = values;
    if (v) *v = vectors;
    return CG_OK;
}

cg_tensor *cg_eigvalsh(cg_tensor *input) {
    cg_tensor *a = cg_factor_matrices("eigvalsh", input, true);
    if (!a) return NULL;
    /* The gradient needs the vectors. */
    const cg_factor_plan plan = plan_of("eigvalsh", &a->shape, cg_recording(a->storage->dev, 1, &a));
    return cg_factor_result(&plan, packed_results(&plan, a), W);
}
