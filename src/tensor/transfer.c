/* Between host and device, and between devices. */
#include "core/shape.h"
#include "tensor/context.h"
#include "tensor/deferral.h"

#include <stdlib.h>

/* Runs the copy in a scope of its own, so that it leaves no temporary behind. */
static cg_status download_dense(cg_tensor *x, void *data, size_t bytes) {
    cg_device *dev = x->storage->dev;
    cg_scope *scope = cg_scope_begin(dev);
    cg_tensor *dense = scope ? cg_tensor_dense(x) : NULL;
    cg_status status = dev->error.code;
    if (dense)
        status = cg_hw_download(dev->hw, data, dense->storage->buffer,
                                (size_t)dense->offset * cg_dtype_size(dense->storage->dtype), bytes);
    if (scope) cg_scope_drop(scope);
    return dense ? status : status ? status : CG_ERROR_MEMORY;
}

cg_status cg_to_host(const cg_tensor *x, void *data, size_t bytes) {
    if (!x) return CG_ERROR_ARGUMENT;
    cg_device *dev = x->storage->dev;
    size_t needed = (size_t)cg_numel(x) * cg_dtype_size(x->storage->dtype);
    if (bytes != needed || (!data && needed))
        return CG_FAIL(&dev->error, CG_ERROR_ARGUMENT, "to_host: %s %s takes %zu bytes, room given for %zu",
                       cg_dtype_name(x->storage->dtype), CG_SHAPE_STR(&x->shape), needed, data ? bytes : 0);
    if (needed == 0) return CG_OK;
    if (dev->hw->recording) /* which is refused below: here the operation is known */
        CG_FAIL(&dev->error, CG_ERROR_STATE, "to_host: a recording cannot copy numbers to the host");
    return download_dense((cg_tensor *)x, data, bytes); /* computing a pending value is not a change of x */
}

cg_status cg_item(const cg_tensor *x, double *value) {
    if (!x) return CG_ERROR_ARGUMENT;
    if (cg_numel(x) != 1)
        return CG_FAIL(&x->storage->dev->error, CG_ERROR_SHAPE, "item: expected one element, got shape %s",
                       CG_SHAPE_STR(&x->shape));
    union {
        float f32;
        double f64;
        int32_t i32;
        int64_t i64;
        uint8_t u8;
    } v;
    cg_dtype dtype = x->storage->dtype;
    cg_status status = cg_to_host(x, &v, cg_dtype_size(dtype));
    if (status) return status;
    *value = dtype == CG_F32   ? (double)v.f32
             : dtype == CG_F64 ? v.f64
             : dtype == CG_I32 ? (double)v.i32
             : dtype == CG_I64 ? (double)v.i64
                               : (double)v.u8;
    return CG_OK;
}

cg_status cg_copy_from_host(cg_tensor *x, const void *data, size_t bytes) {
    if (!x) return CG_ERROR_ARGUMENT;
    cg_device *dev = x->storage->dev;
    size_t size = cg_dtype_size(x->storage->dtype), needed = (size_t)cg_numel(x) * size;
    if (bytes != needed || (!data && needed))
        return CG_FAIL(&dev->error, CG_ERROR_ARGUMENT,
                       "copy_from_host: %s %s takes %zu bytes, %zu were given",
                       cg_dtype_name(x->storage->dtype), CG_SHAPE_STR(&x->shape), needed, data ? bytes : 0);
    if (!cg_is_contiguous(x))
        return CG_FAIL(&dev->error, CG_ERROR_SHAPE, "copy_from_host: %s is not row-major without gaps",
                       CG_SHAPE_STR(&x->shape));
    if (x->storage->saved)
        return CG_FAIL(&dev->error, CG_ERROR_STATE, "copy_from_host: %s is still needed by a gradient",
                       CG_SHAPE_STR(&x->shape));
    if (cg_force(x->storage) || cg_force_readers(x->storage)) return dev->error.code;
    x->storage->version++;
    if (dev->hw->recording && bytes) /* which is refused below: here the operation is known */
        CG_FAIL(&dev->error, CG_ERROR_STATE, "copy_from_host: a recording cannot copy numbers from the host");
    return cg_hw_upload(dev->hw, x->storage->buffer, (size_t)x->offset * size, data, bytes);
}

cg_tensor *cg_to_device(const cg_tensor *x, cg_device *dev) {
    if (!x || !dev) return NULL;
    size_t bytes = (size_t)cg_numel(x) * cg_dtype_size(x->storage->dtype);
    void *data = malloc(bytes ? bytes : 1);
    if (!data) {
        CG_FAIL(&dev->error, CG_ERROR_MEMORY, "to_device: out of host memory for %zu bytes", bytes);
        return NULL;
    }
    cg_tensor *copy = NULL;
    cg_status status = cg_to_host(x, data, bytes);
    if (status)
        CG_FAIL(&dev->error, status, "to_device: %s", cg_error_message(x->storage->dev));
    else
        copy = cg_from_host(dev, x->storage->dtype, x->shape, data);
    free(data);
    return copy;
}

cg_tensor *cg_tensor_dense(cg_tensor *x) {
    if (cg_force(x->storage)) return NULL;
    if (cg_is_contiguous(x)) return x;
    cg_leaf leaf = cg_leaf_of(x, &x->shape);
    cg_dtype dtype = x->storage->dtype;
    return cg_eval(
        cg_defer(x->storage->dev, CG_EXPR_COPY, cg_dtype_compute(dtype), dtype, &x->shape, 1, &leaf));
}
