/* Eigenvalues and eigenvectors of symmetric matrices. */
#include "linalg/columns.h"

/* --- the plan --------------------------------------------------------------------------------------------------- */

enum { W, V };

static cg_factor_plan plan_of(const char *op, const cg_dims *shape, bool vectors) {
    const int64_t n = shape->dim[shape->rank - 1];
    cg_factor_plan plan = {.op = op, .kind = CG_WORK_EIGH, .part[W] = {1, {n}}};
    if (vectors) plan.part[V] = (cg_factor_part){2, {n, n}};
    return plan;
}

/* --- the gradient ----------------------------------------------------------------------------------------------- */

enum { A, PACKED, INPUTS };

/* W and V of the recorded call, as functions of A where that is needed. */
static bool factors_of(const cg_rule_call *call, cg_tensor **w, cg_tensor **v) {
    if (call->create_graph) return cg_eigh(call->x[A], w, v) == CG_OK;
    const cg_factor_plan plan = plan_of("eigh", &call->shape[A], true);
    *w = cg_factor_result(&plan, call->x[PACKED], W);
    *v = cg_factor_result(&plan, call->x[PACKED], V);
    return *w && *v;
}

/* dA = V diag(g) V^T. */
static void values_backward(const cg_rule_call *call, cg_tensor **dx) {
    cg_tensor *w, *v;
    if (factors_of(call, &w, &v)) dx[A] = cg_matmul(cg_scaled_columns(v, call->g), cg_flipped(v));
}

/* dA = V F V^T, F_ij = (V^T g - g^T V)_ij / (2 (w_j - w_i)), 0 on the diagonal. */
static void vectors_backward(const cg_rule_call *call, cg_tensor **dx) {
    const cg_factor_plan plan = plan_of("eigh", &call->shape[A], true);
    cg_tensor *w, *v, *g = cg_factor_result(&plan, call->g, V);
    if (!factors_of(call, &w, &v)) return;
    cg_tensor *turn = cg_mul(cg_skew(cg_matmul(cg_flipped(v), g)), 0.5);
    cg_tensor *distance = cg_off_diagonal(cg_sub(cg_unsqueeze(w, -2), cg_unsqueeze(w, -1)));
    dx[A] = cg_matmul(v, cg_matmul(cg_div(turn, distance), cg_flipped(v)));
}

static const cg_rule values_rule = {"eigh (eigenvalues)", values_backward},
                     vectors_rule = {"eigh (eigenvectors)", vectors_backward};

/* --- the operations ----------------------------------------------------------------------------------------------- */

/* Not recorded; NULL on an error. */
static cg_tensor *packed_results(const cg_factor_plan *plan, cg_tensor *a) {
    const cg_factors f = cg_factor(plan, a);
    return f.packed && cg_factor_succeeded(plan->op, a, f.info, CG_FACTOR_NOT_CONVERGED, false) ? f.packed
                                                                                                : NULL;
}

/* `values`, made of packed, as a function of a. */
static cg_tensor *recorded(cg_tensor *values, const cg_rule *rule, cg_tensor *a, cg_tensor *packed) {
    cg_tensor *input[INPUTS] = {a, packed};
    return cg_record_op(values, rule, INPUTS, input, CG_KEEP(A) | CG_KEEP(PACKED), NULL);
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
    cg_tensor *values = recorded(cg_factor_result(&plan, packed, W), &values_rule, a, packed);
    cg_tensor *vectors = cg_factor_result(&plan, recorded(cg_detach(packed), &vectors_rule, a, packed), V);
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
    cg_tensor *packed = packed_results(&plan, a);
    return recorded(cg_factor_result(&plan, packed, W), &values_rule, a, packed);
}
