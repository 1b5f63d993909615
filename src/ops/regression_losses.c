/* Losses of the difference between a prediction and its target. */
#include "ops/losses.h"

static cg_tensor *difference(const char *op, cg_tensor *y, cg_tensor *target) {
    cg_tensor *x[] = {y, target};
    return cg_loss_operands(op, 2, x) ? cg_sub(x[0], x[1]) : NULL;
}

cg_tensor *cg_mae_loss(cg_tensor *y, cg_tensor *target, cg_reduction reduction) {
    return cg_loss_finish(cg_abs(difference("mae_loss", y, target)), reduction);
}

cg_tensor *cg_mse_loss(cg_tensor *y, cg_tensor *target, cg_reduction reduction) {
    return cg_loss_finish(cg_square(difference("mse_loss", y, target)), reduction);
}

cg_tensor *cg_huber_loss(cg_tensor *y, cg_tensor *target, cg_reduction reduction, double delta) {
    cg_tensor *d = difference("huber_loss", y, target);
    if (!d) return NULL;
    if (!(delta > 0)) {
        CG_FAIL(&d->storage->dev->error, CG_ERROR_ARGUMENT, "huber_loss: delta is above 0, not %g", delta);
        return NULL;
    }
    return cg_loss_finish(cg_huber(d, delta), reduction);
}

cg_tensor *cg_smooth_l1_loss(cg_tensor *y, cg_tensor *target, cg_reduction reduction, double beta) {
    cg_tensor *d = difference("smooth_l1_loss", y, target);
    if (!d) return NULL;
    if (!(beta >= 0)) {
        CG_FAIL(&d->storage->dev->error, CG_ERROR_ARGUMENT, "smooth_l1_loss: beta is 0 or more, not %g",
                beta);
        return NULL;
    }
    return cg_loss_finish(cg_smooth_l1(d, beta), reduction);
}
