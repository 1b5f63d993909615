/* The cross-entropy of a logit. */
#include "ops/logit_loss.h"

#include "ops/reduction.h"

/* One softplus, of -|x|: neither tail cancels. */
static cg_tensor *values(cg_tensor *x, cg_tensor *t) {
    return cg_add(cg_softplus(cg_neg(cg_abs(x))), cg_mul(x, cg_sub(cg_gt(x, 0), t)));
}

/* sigmoid(x) - t, which would cancel where t is 1. */
static cg_tensor *slope(cg_tensor *x, cg_tensor *t) {
    return cg_sub(cg_mul(cg_sub(1, t), cg_sigmoid(x)), cg_mul(t, cg_sigmoid(cg_neg(x))));
}

static void logit_loss_backward(const cg_rule_call *call, cg_tensor **dx) {
    cg_tensor *x = call->x[0], *t = call->x[1], *g = call->g;
    if (call->wanted[0]) dx[0] = cg_mul(g, slope(x, t));
    if (call->wanted[1]) dx[1] = cg_neg(cg_mul(g, x));
}

static const cg_rule logit_loss_rule = {"binary_cross_entropy_with_logits", logit_loss_backward};

cg_tensor *cg_logit_loss(cg_tensor *x, cg_tensor *t) {
    cg_scope *scope = x && t ? cg_values_begin(x->storage->dev) : NULL;
    if (!scope) return NULL;
    cg_tensor *out = cg_values_end(scope, values(x, t));
    return cg_record_op(out, &logit_loss_rule, 2, (cg_tensor *[]){x, t}, CG_KEEP(0) | CG_KEEP(1), NULL);
}
