/* Softmax and its logarithm along an axis. */
#include "ops/op.h"

static void softmax_backward(const cg_rule_call *call, cg_tensor **dx) {
    cg_tensor *y = call->out, *gy = cg_mul(call->g, y);
    dx[0] = cg_sub(gy, cg_mul(y, cg_sum(gy, cg_axes((int)call->attributes->i[0]), true)));
}

static const cg_rule softmax_rule = {"softmax", softmax_backward};

static void log_softmax_backward(const cg_rule_call *call, cg_tensor **dx) {
    cg_tensor *total = cg_sum(call->g, cg_axes((int)call->attributes->i[0]), true);
    dx[0] = cg_sub(call->g, cg_mul(cg_exp(call->out), total));
}

static const cg_rule log_softmax_rule = {"log_softmax", log_softmax_backward};

/* Rows of a dense matrix; another axis than the last is brought there and back by views. */
static cg_tensor *softmax_values(const cg_tensor *x, int axis, bool log) {
    int last = x->shape.rank - 1, order[CG_MAX_RANK];
    for (int i = 0; i <= last; i++) order[i] = i == axis ? last : i == last ? axis : i;
    cg_tensor *moved = axis == last ? cg_tensor_alias(x) : cg_view_permute(x, order);
    cg_tensor *in = moved ? cg_tensor_dense(moved) : NULL;
    cg_tensor *out = in ? cg_tensor_make(x->storage->dev, "softmax", x->storage->dtype, &in->shape) : NULL;
    if (!out) return NULL;
    int64_t cols = in->shape.dim[last];
    cg_softmax_request r = {.log = log,
                            .dtype = x->storage->dtype,
                            .rows = cols ? cg_numel(in) / cols : 0,
                            .cols = cols,
                            .x = cg_tensor_operand(in),
                            .out = cg_tensor_operand(out)};
    if (cg_hw_softmax(x->storage->dev->hw, &r)) return NULL;
    return axis == last ? out : cg_view_permute(out, order);
}

static cg_tensor *softmax_along(const cg_rule *rule, cg_tensor *input, int axis, bool log) {
    cg_tensor *x = cg_op_real(input);
    if (!x) return NULL;
    if (x->shape.rank == 0) x = cg_unsqueeze(x, 0);
    int a = x ? cg_op_axis(rule->name, x, axis) : -1;
    if (a < 0) return NULL;
    cg_tensor *out =
        cg_record_op(softmax_values(x, a, log), rule, 1, &x, CG_KEEP_OUT, &(cg_attributes){.i = {a}});
    return input->shape.rank == 0 ? cg_squeeze(out, 0) : out;
}

cg_tensor *cg_softmax(cg_tensor *x, int axis) { return softmax_along(&softmax_rule, x, axis, false); }

cg_tensor *cg_log_softmax(cg_tensor *x, int axis) { return softmax_along(&log_softmax_rule, x, axis, true); }
