#include "ops/losses.h"

bool cg_loss_operands(const char *op, int n, cg_tensor **x) {
    for (int i = 0; i < n; i++)
        if (!x[i]) return false;
    cg_device *dev = x[0]->storage->dev;
    if (!cg_op_same_device(op, dev, n, x)) return false;
    cg_dtype dtype = CG_F32;
    cg_dims shape = cg_shape();
    for (int i = 0; i < n; i++) {
        dtype = cg_dtype_promote(dtype, x[i]->storage->dtype);
        if (cg_broadcast_shapes(shape, x[i]->shape, &shape)) continue;
        CG_FAIL(&dev->error, CG_ERROR_SHAPE, "%s: shapes do not broadcast: %s and %s", op,
                CG_SHAPE_STR(&shape), CG_SHAPE_STR(&x[i]->shape));
        return false;
    }
    for (int i = 0; i < n; i++) {
        x[i] = cg_op_cast(x[i], dtype);
        if (x[i] && !cg_dims_equal(&x[i]->shape, &shape)) x[i] = cg_expand(x[i], shape);
        if (!x[i]) return false;
    }
    return true;
}

cg_tensor *cg_loss_finish(cg_tensor *loss, cg_reduction reduction) {
    if (reduction == CG_MEAN) return cg_mean(loss, CG_ALL_AXES, false);
    return reduction == CG_SUM ? cg_sum(loss, CG_ALL_AXES, false) : loss;
}

/* --- logarithms that stay finite ------------------------------------------------------------------------------ */

/*
 * Rules of their own: that of the composition would be 0 / 0 at 0, where the bound is taken. PyTorch's smallest
 * divisor, 1e-12, stands in for x.
 */
static void log_backward(const cg_rule_call *call, cg_tensor **dx) {
    dx[0] = cg_div(call->g, cg_maximum(call->x[0], 1e-12));
}

static const cg_rule log_rule = {"clamped log", log_backward};

static void log1m_backward(const cg_rule_call *call, cg_tensor **dx) {
    dx[0] = cg_neg(cg_div(call->g, cg_maximum(cg_sub(1, call->x[0]), 1e-12)));
}

static const cg_rule log1m_rule = {"clamped log1m", log1m_backward};

cg_tensor *cg_loss_log(cg_tensor *x) {
    cg_tensor *out = cg_maximum(cg_log(cg_detach(x)), -100);
    return cg_record_op(out, &log_rule, 1, &x, CG_KEEP(0), NULL);
}

cg_tensor *cg_loss_log1m(cg_tensor *x) {
    cg_tensor *out = cg_maximum(cg_log1p(cg_neg(cg_detach(x))), -100);
    return cg_record_op(out, &log1m_rule, 1, &x, CG_KEEP(0), NULL);
}
