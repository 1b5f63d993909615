#include "ops/op.h"

#include "core/env.h"

int cg_op_axis(const char *op, const cg_tensor *x, int axis) {
    int i = cg_axis_normalize(axis, x->shape.rank);
    if (i < 0)
        CG_FAIL(&x->storage->dev->error, CG_ERROR_ARGUMENT, "%s: axis %d is out of range for shape %s", op,
                axis, CG_SHAPE_STR(&x->shape));
    return i;
}

bool cg_op_same_device(const char *op, cg_device *dev, int n, cg_tensor *const *x) {
    for (int i = 0; i < n; i++) {
        if (!x[i] || x[i]->storage->dev == dev) continue;
        CG_FAIL(&dev->error, CG_ERROR_DEVICE_MISMATCH, "%s: operand %d %s lives on %s, another on %s", op, i,
                CG_SHAPE_STR(&x[i]->shape), x[i]->storage->dev->hw->info.id, dev->hw->info.id);
        return false;
    }
    return true;
}

cg_status cg_op_read(const char *op, cg_tensor *x, void *data, size_t bytes) {
    if (!x) return CG_ERROR_ARGUMENT;
    cg_device *dev = x->storage->dev;
    if (cg_env_int("CLGRAD_CHECK", 0) >= 2)
        return CG_FAIL(&dev->error, CG_ERROR_STATE,
                       "%s: needs values on the host, which CLGRAD_CHECK=2 forbids", op);
    dev->hw->stats.round_trips++;
    return cg_to_host(x, data, bytes);
}

cg_tensor *cg_op_real(cg_tensor *x) {
    return !x || cg_dtype_is_float(x->storage->dtype) ? x : cg_cast(x, CG_F32);
}
