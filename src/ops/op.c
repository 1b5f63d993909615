#include "ops/op.h"

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

cg_tensor *cg_op_real(cg_tensor *x) {
    return !x || cg_dtype_is_float(x->storage->dtype) ? x : cg_cast(x, CG_F32);
}
