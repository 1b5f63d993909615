/* Losses: single elements or rows first, then what becomes of them. */
#include "clgrad/loss.h"
#include "ops/op.h"

static cg_tensor *finish(cg_tensor *loss, cg_reduction reduction) {
    if (reduction == CG_MEAN) return cg_mean(loss, CG_ALL_AXES, false);
    return reduction == CG_SUM ? cg_sum(loss, CG_ALL_AXES, false) : loss;
}

cg_tensor *cg_mse_loss(cg_tensor *y, cg_tensor *target, cg_reduction reduction) {
    return finish(cg_square(cg_sub(cg_op_real(y), target)), reduction);
}

/* --- softmax and cross-entropy -------------------------------------------------------------------------------- */

/*
 * Inputs: logits, labels, and softmax(logits) - one_hot(labels) as the forward pass formed it. Only where the
 * gradient is to be differentiated again is it composed anew, from the logits.
 */
static void cross_entropy_backward(const cg_rule_call *call, cg_tensor **dx) {
    cg_tensor *difference = call->x[2];
    if (call->create_graph) {
        cg_tensor *hot = cg_one_hot(call->x[1], call->shape[0].dim[1], call->dtype[0]);
        difference = cg_sub(cg_softmax(call->x[0], 1), hot);
    }
    dx[0] = cg_mul(difference, cg_unsqueeze(call->g, 1));
}

static const cg_rule cross_entropy_rule = {"cross_entropy", cross_entropy_backward};

static bool check_cross_entropy(const cg_tensor *logits, const cg_tensor *labels) {
    cg_error *err = &logits->storage->dev->error;
    if (logits->shape.rank != 2 || labels->shape.rank != 1 || logits->shape.dim[0] != labels->shape.dim[0]) {
        CG_FAIL(err, CG_ERROR_SHAPE, "cross_entropy: expected logits (N, C) and labels (N), got %s and %s",
                CG_SHAPE_STR(&logits->shape), CG_SHAPE_STR(&labels->shape));
        return false;
    }
    if (cg_dtype_is_float(labels->storage->dtype) || labels->storage->dtype == CG_BOOL) {
        CG_FAIL(err, CG_ERROR_DTYPE, "cross_entropy: labels are u8, i32 or i64, not %s",
                cg_dtype_name(labels->storage->dtype));
        return false;
    }
    return true;
}

/* The loss of each row, and in input[2] its gradient, if that will be wanted. */
static cg_tensor *cross_entropy_rows(cg_tensor **input) {
    cg_device *dev = input[0]->storage->dev;
    cg_tensor *x = cg_tensor_dense(input[0]), *labels = cg_tensor_dense(input[1]);
    cg_dims rows = cg_shape(input[0]->shape.dim[0]);
    cg_tensor *loss = cg_tensor_make(dev, "cross_entropy", input[0]->storage->dtype, &rows);
    if (!x || !labels || !loss) return NULL;
    cg_softmax_xent_request r = {.dtype = x->storage->dtype,
                                 .rows = x->shape.dim[0],
                                 .cols = x->shape.dim[1],
                                 .x = cg_tensor_operand(x),
                                 .label = cg_tensor_operand(labels),
                                 .loss = cg_tensor_operand(loss)};
    if (cg_recording(dev, 1, input)) {
        input[2] = cg_tensor_make(dev, "cross_entropy", x->storage->dtype, &x->shape);
        if (!input[2]) return NULL;
        r.grad = cg_tensor_operand(input[2]);
    }
    return cg_hw_softmax_xent(dev->hw, &r) ? NULL : loss;
}

cg_tensor *cg_cross_entropy(cg_tensor *logits, cg_tensor *labels, cg_reduction reduction) {
    if (!logits || !labels || !cg_op_same_device("cross_entropy", logits->storage->dev, 1, &labels) ||
        !check_cross_entropy(logits, labels))
        return NULL;
    cg_tensor *input[3] = {cg_op_real(logits), labels, NULL};
    if (!input[0]) return NULL;
    cg_tensor *loss = cross_entropy_rows(input);
    unsigned keep = CG_KEEP(0) | CG_KEEP(1) | CG_KEEP(2);
    return finish(cg_record_op(loss, &cross_entropy_rule, 3, input, keep, NULL), reduction);
}
