/* QR decompositions. */
#include "linalg/columns.h"

/* --- the plan --------------------------------------------------------------------------------------------------- */

enum { Q, R };

static int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

static cg_factor_plan plan_of(const cg_dims *shape, bool full, bool with_q) {
    const int64_t m = shape->dim[shape->rank - 2], n = shape->dim[shape->rank - 1],
                  side = full ? m : smaller(m, n);
    cg_factor_plan plan = {.op = "qr", .kind = CG_WORK_QR, .full = full, .part[R] = {2, {side, n}}};
    if (with_q) plan.part[Q] = (cg_factor_part){2, {m, side}};
    return plan;
}

/* --- the gradient ----------------------------------------------------------------------------------------------- */

/*
 * Of A = Q R with a square R, of which dq, dr are the gradients (Liao, Liu, Wang, Xiang 2019):
 *     dA = (dq + Q S) R^-T,   S = tril(M) + tril(M, -1)^T,   M = R dr^T - dq^T Q
 */
static cg_tensor *square_gradient(cg_tensor *q, cg_tensor *r, cg_tensor *dq, cg_tensor *dr) {
    cg_tensor *m = cg_sub(cg_matmul(r, cg_flipped(dr)), cg_matmul(cg_flipped(dq), q));
    cg_tensor *s = cg_add(cg_tril(m, 0), cg_flipped(cg_tril(m, -1)));
    cg_tensor *b = cg_add(dq, cg_matmul(q, s));
    return cg_flipped(cg_solve_triangular(r, cg_flipped(b), CG_UPPER));
}

/* A wide A = [X Y] has R = [U V], X = Q U and Y = Q V: V = Q^T Y brings its gradient to Y and to Q. */
static void qr_backward(const cg_rule_call *call, cg_tensor **dx) {
    const cg_factor_plan plan = plan_of(&call->shape[0], false, true);
    cg_tensor *q = cg_factor_result(&plan, call->out, Q), *r = cg_factor_result(&plan, call->out, R);
    cg_tensor *dq = cg_factor_result(&plan, call->g, Q), *dr = cg_factor_result(&plan, call->g, R);
    const int64_t m = plan.part[R].dim[0], n = plan.part[R].dim[1];
    if (m == n) {
        dx[0] = square_gradient(q, r, dq, dr);
        return;
    }
    cg_tensor *dv = cg_slice(dr, -1, m, n, 1), *y = cg_matmul(q, cg_slice(r, -1, m, n, 1));
    dq = cg_add(dq, cg_matmul(y, cg_flipped(dv)));
    cg_tensor *part[] = {square_gradient(q, cg_first_columns(r, m), dq, cg_first_columns(dr, m)),
                         cg_matmul(q, dv)};
    dx[0] = cg_concat(2, part, -1);
}

static const cg_rule qr_rule = {"qr", qr_backward};

/* The columns of Q beyond those of A are any basis: no function of A. */
static const cg_rule complete_rule = {"qr (complete, more rows than columns)", cg_factor_no_gradient};

/* --- the operation ------------------------------------------------------------------------------------------------ */

cg_status cg_qr(cg_tensor *input, cg_qr_mode mode, cg_tensor **q, cg_tensor **r) {
    if (q) *q = NULL;
    if (r) *r = NULL;
    if (!input) return CG_ERROR_ARGUMENT;
    cg_device *dev = input->storage->dev;
    if (mode != CG_QR_REDUCED && mode != CG_QR_COMPLETE && mode != CG_QR_R)
        return CG_FAIL(&dev->error, CG_ERROR_ARGUMENT, "qr of %s: there is no mode %d",
                       CG_SHAPE_STR(&input->shape), (int)mode);
    cg_tensor *a = cg_factor_matrices("qr", input, false);
    if (!a) return dev->error.code;
    if (mode == CG_QR_R) q = NULL;
    const bool full = mode == CG_QR_COMPLETE && cg_size(a, -2) > cg_size(a, -1);
    const cg_factor_plan plan = plan_of(&a->shape, full, q || cg_recording(dev, 1, &a));
    cg_tensor *packed = cg_record_op(cg_factor_complete(&plan, a).packed, full ? &complete_rule : &qr_rule, 1,
                                     &a, CG_KEEP_OUT, NULL);
    cg_tensor *first = q ? cg_factor_result(&plan, packed, Q) : packed;
    cg_tensor *second = r ? cg_factor_result(&plan, packed, R) : packed;
    if (!first || !second) return dev->error.code;
    if (q) *q = first;
    if (r) *r = second;
    return CG_OK;
}
