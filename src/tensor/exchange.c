#include "tensor/exchange.h"

#include "core/shape.h"
#include "tensor/deferral.h"

cg_status cg_exchange_values(cg_device *dev, int n, cg_tensor *const *a, cg_tensor *const *b) {
    if (dev->hw->recording) {
        cg_hw_record_refuse(dev->hw, "tensors exchange their memory within it");
        return CG_ERROR_STATE;
    }
    for (int i = 0; i < 2 * n; i++) { /* what can fail, before anything has changed */
        cg_tensor *x = i < n ? a[i] : b[i - n];
        if (!cg_eval(x) || cg_force_readers(x->storage) != CG_OK) return dev->error.code;
        if (cg_hw_is_recorded(x->storage->buffer))
            return CG_FAIL(
                &dev->error, CG_ERROR_STATE,
                "%s is part of a recording, which would go on with its old memory: free that first",
                CG_SHAPE_STR(&x->shape));
    }
    for (int i = 0; i < n; i++) {
        cg_storage *x = a[i]->storage, *y = b[i]->storage;
        cg_buffer *buffer = x->buffer;
        x->buffer = y->buffer;
        y->buffer = buffer;
        x->version++;
        y->version++;
    }
    return CG_OK;
}
