/* Losses of two classes. */
#include "ops/logit_loss.h"
#include "ops/losses.h"

cg_tensor *cg_hinge_loss(cg_tensor *y, cg_tensor *target, cg_reduction reduction) {
    cg_tensor *x[] = {y, target};
    if (!cg_loss_operands("hinge_loss", 2, x)) return NULL;
    return cg_loss_finish(cg_relu(cg_sub(1, cg_mul(x[0], x[1]))), reduction);
}

/* Not broadcast: (N, 1) against (N) would silently be N x N losses, a common slip. */
static bool check_same_shape(const char *op, const cg_tensor *y, const cg_tensor *target) {
    if (cg_dims_equal(&y->shape, &target->shape)) return true;
    CG_FAIL(&y->storage->dev->error, CG_ERROR_SHAPE,
            "%s: prediction %s and target %s must have the same shape", op, CG_SHAPE_STR(&y->shape),
            CG_SHAPE_STR(&target->shape));
    return false;
}

cg_tensor *cg_binary_cross_entropy(cg_tensor *p, cg_tensor *target, cg_reduction reduction) {
    const char *op = "binary_cross_entropy";
    cg_tensor *x[] = {p, target};
    if (!p || !target || !check_same_shape(op, p, target) || !cg_loss_operands(op, 2, x)) return NULL;
    cg_tensor *positive = cg_mul(x[1], cg_loss_log(x[0]));
    cg_tensor *negative = cg_mul(cg_sub(1, x[1]), cg_loss_log1m(x[0]));
    return cg_loss_finish(cg_neg(cg_add(positive, negative)), reduction);
}

/* --- from logits ------------------------------------------------------------------------------------------------ */

static bool check_weight(const char *op, const char *which, const cg_tensor *x, const cg_tensor *weight) {
    cg_dims common;
    if (!weight ||
        (cg_broadcast_shapes(x->shape, weight->shape, &common) && cg_dims_equal(&common, &x->shape)))
        return true;
    CG_FAIL(&x->storage->dev->error, CG_ERROR_SHAPE, "%s: %s %s does not broadcast to the losses %s", op,
            which, CG_SHAPE_STR(&weight->shape), CG_SHAPE_STR(&x->shape));
    return false;
}

static cg_tensor *weighted(cg_tensor *x, cg_tensor *t, cg_tensor *positive) {
    return cg_add(cg_mul(cg_mul(t, cg_softplus(cg_neg(x))), positive), cg_mul(cg_sub(1, t), cg_softplus(x)));
}

cg_tensor *cg_binary_cross_entropy_with_logits(cg_tensor *x, cg_tensor *target, cg_reduction reduction,
                                               cg_binary_cross_entropy_options options) {
    const char *op = "binary_cross_entropy_with_logits";
    if (!x || !target || !check_same_shape(op, x, target) ||
        !check_weight(op, "pos_weight", x, options.pos_weight) ||
        !check_weight(op, "weight", x, options.weight))
        return NULL;
    cg_tensor *in[4] = {x, target};
    int n = 2, pos = options.pos_weight ? n++ : 0, all = options.weight ? n++ : 0;
    if (pos) in[pos] = options.pos_weight;
    if (all) in[all] = options.weight;
    if (!cg_loss_operands(op, n, in)) return NULL;
    cg_tensor *loss = pos ? weighted(in[0], in[1], in[pos]) : cg_logit_loss(in[0], in[1]);
    return cg_loss_finish(all ? cg_mul(loss, in[all]) : loss, reduction);
}
