/* Softmax and its logarithm along an axis. */
#include "ops/op.h"

static void softmax_backward(const cg_rule_call *call, cg_tensor **dx) {
    dx[0] = cg_softmax_grad(call->out, call->g, (int)call->attributes->i[0]);
}

static const cg_rule softmax_rule = {"softmax", softmax_backward};

static void log_softmax_backward(const cg_rule_call *call, cg_tensor **dx) {
    dx[0] = cg_log_softmax_grad(call->out, call->g, (int)call->attributes->i[0]);
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

/* --- the derivatives as operations ------------------------------------------------------------------------------ */

/* The axis to sum over; y and g must have one shape. A tensor of rank 0 is a row of one element: no axis. */
static bool check_grad(const char *op, cg_tensor *y, cg_tensor *g, int axis, cg_axis_set *axes) {
    if (!y || !g || !cg_op_same_device(op, y->storage->dev, 1, &g)) return false;
    if (!cg_dims_equal(&y->shape, &g->shape)) {
        CG_FAIL(&y->storage->dev->error, CG_ERROR_SHAPE, "%s: expected g in the shape of y, got %s and %s",
                op, CG_SHAPE_STR(&y->shape), CG_SHAPE_STR(&g->shape));
        return false;
    }
    *axes = (cg_axis_set){0};
    if (y->shape.rank == 0) return true;
    *axes = (cg_axis_set){.count = 1, .axis = {cg_op_axis(op, y, axis)}};
    return axes->axis[0] >= 0;
}

cg_tensor *cg_softmax_grad(cg_tensor *y, cg_tensor *g, int axis) {
    cg_axis_set axes;
    if (!check_grad("softmax_grad", y, g, axis, &axes)) return NULL;
    cg_tensor *gy = cg_mul(g, y);
    return cg_sub(gy, cg_mul(y, cg_sum(gy, axes, true)));
}

cg_tensor *cg_log_softmax_grad(cg_tensor *y, cg_tensor *g, int axis) {
    cg_axis_set axes;
    if (!check_grad("log_softmax_grad", y, g, axis, &axes)) return NULL;
    return cg_sub(g, cg_mul(cg_exp(y), cg_sum(g, axes, true)));
}

cg_tensor *cg_softmax_jacobian(cg_tensor *y) {
    if (!y) return NULL;
    if (y->shape.rank != 1) {
        CG_FAIL(&y->storage->dev->error, CG_ERROR_SHAPE, "softmax_jacobian: expected one row (C), got %s",
                CG_SHAPE_STR(&y->shape));
        return NULL;
    }
    cg_tensor *row = cg_op_real(y), *column = cg_unsqueeze(row, 1);
    if (!column) return NULL;
    cg_tensor *unit = cg_eye(y->storage->dev, row->storage->dtype, y->shape.dim[0]);
    return cg_mul(column, cg_sub(unit, row));
}
