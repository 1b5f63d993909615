/* Losses whose target is a distribution. */
#include <float.h>

#include "ops/losses.h"

/* t x, where 0 (-inf) is 0: what has no probability adds nothing, however unlikely it was thought. */
static cg_tensor *expectation(cg_tensor *t, cg_tensor *x) {
    if (!x) return NULL;
    double lowest = x->storage->dtype == CG_F32 ? -(double)FLT_MAX : -DBL_MAX;
    return cg_mul(t, cg_where(cg_eq(t, 0), cg_maximum(x, lowest), x));
}

cg_tensor *cg_kl_div_loss(cg_tensor *log_p, cg_tensor *target, cg_reduction reduction) {
    cg_tensor *x[] = {log_p, target};
    if (!cg_loss_operands("kl_div_loss", 2, x)) return NULL;
    return cg_loss_finish(cg_sub(cg_xlogy(x[1], x[1]), expectation(x[1], x[0])), reduction);
}

/* --- cross-entropy ----------------------------------------------------------------------------------------------- */

static bool check_target(const char *op, const cg_tensor *x, const cg_tensor *target,
                         const cg_cross_entropy_options *options) {
    cg_error *err = &x->storage->dev->error;
    if (!cg_dims_equal(&x->shape, &target->shape)) {
        CG_FAIL(err, CG_ERROR_SHAPE, "%s: predictions %s and the distributions %s must have the same shape",
                op, CG_SHAPE_STR(&x->shape), CG_SHAPE_STR(&target->shape));
        return false;
    }
    if (options->ignore)
        CG_FAIL(err, CG_ERROR_ARGUMENT, "%s: ignore_index needs labels, not distributions", op);
    return !options->ignore;
}

/* loss = -sum_c w[c] t[c] log_p(x)[c], t smoothed: one reduction over log_p. */
static cg_tensor *soft_loss(const char *op, cg_tensor *predictions, cg_tensor *target, cg_reduction reduction,
                            const cg_cross_entropy_options *options, cg_tensor *log_p(cg_tensor *x)) {
    cg_tensor *x[] = {predictions, target};
    cg_class_rows rows;
    if (!x[0] || !x[1] || !check_target(op, x[0], x[1], options) || !cg_loss_operands(op, 2, x) ||
        !cg_class_rows_of(op, x[0], options, &rows))
        return NULL;
    cg_tensor *t = cg_class_rows_like(x[1]);
    double s = options->smoothing;
    if (s > 0) t = cg_add(cg_mul(t, 1 - s), s / (double)rows.classes);
    cg_tensor *terms = expectation(t, log_p(rows.x));
    if (rows.weight) terms = cg_mul(terms, rows.weight);
    cg_tensor *loss = cg_loss_finish(cg_neg(cg_sum(terms, cg_axes(1), false)), reduction);
    return reduction == CG_NONE ? cg_reshape(loss, rows.samples) : loss;
}

static cg_tensor *of_logits(cg_tensor *x) { return cg_log_softmax(x, 1); }

cg_tensor *cg_cross_entropy_with_probabilities(cg_tensor *logits, cg_tensor *target, cg_reduction reduction,
                                               cg_cross_entropy_options options) {
    return soft_loss("cross_entropy_with_probabilities", logits, target, reduction, &options, of_logits);
}

cg_tensor *cg_categorical_cross_entropy(cg_tensor *p, cg_tensor *target, cg_reduction reduction,
                                        cg_cross_entropy_options options) {
    return soft_loss("categorical_cross_entropy", p, target, reduction, &options, cg_loss_log);
}
