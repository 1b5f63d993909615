/* Storages and tensors as objects. */
#include <stdlib.h>
#include <string.h>

#include "core/shape.h"
#include "tensor/context.h"
#include "tensor/deferral.h"

cg_storage *cg_storage_new(cg_device *dev, cg_dtype dtype, int64_t numel) {
    cg_storage *s = cg_slab_take(&dev->storages, sizeof *s);
    if (!s) {
        CG_FAIL(&dev->error, CG_ERROR_MEMORY, "tensor: out of host memory");
        return NULL;
    }
    *s = (cg_storage){.refs = 1, .dev = dev, .dtype = dtype, .numel = numel};
    return s;
}

cg_status cg_storage_allocate(cg_storage *s) {
    s->buffer = cg_hw_alloc(s->dev->hw, (size_t)s->numel * cg_dtype_size(s->dtype));
    return s->buffer ? CG_OK : s->dev->error.code;
}

void cg_storage_release(cg_storage *s) {
    if (!s || --s->refs > 0) return;
    cg_device *dev = s->dev;
    cg_expr_drop(s);
    if (s->release) cg_hw_sync(dev->hw); /* its owner may free or overwrite the memory at once */
    cg_hw_free(dev->hw, s->buffer);
    if (s->release) s->release(s->context);
    cg_slab_give(&dev->storages, s);
}

cg_tensor *cg_tensor_new(cg_storage *s, const cg_dims *shape, const int64_t *stride, int64_t offset) {
    cg_tensor *x = cg_slab_take(&s->dev->tensors, sizeof *x);
    if (!x) {
        CG_FAIL(&s->dev->error, CG_ERROR_MEMORY, "tensor: out of host memory");
        return NULL;
    }
    x->refs = 1;
    x->shape = *shape;
    x->offset = offset;
    x->record = NULL;
    if (stride) {
        memcpy(x->stride, stride, sizeof x->stride);
    } else {
        memset(x->stride, 0, sizeof x->stride);
        cg_dims_strides(shape, x->stride);
    }
    if (!cg_scope_adopt(s->dev, x)) {
        cg_slab_give(&s->dev->tensors, x);
        return NULL;
    }
    x->storage = cg_storage_retain(s);
    return x;
}

cg_status cg_tensor_check(cg_device *dev, const char *op, cg_dtype dtype, const cg_dims *shape,
                          int64_t *numel) {
    if (!cg_dtype_valid(dtype))
        return CG_FAIL(&dev->error, CG_ERROR_DTYPE, "%s: %d is not a dtype", op, (int)dtype);
    if (!cg_dims_valid(shape, cg_dtype_size(dtype), numel))
        return CG_FAIL(
            &dev->error, CG_ERROR_SHAPE,
            "%s: shape %s is not possible: rank 0 to %d, no negative dimension, less than 2^63 bytes", op,
            CG_SHAPE_STR(shape), CG_MAX_RANK);
    if (dtype == CG_F64 && !dev->hw->info.has_f64)
        return CG_FAIL(&dev->error, CG_ERROR_DTYPE, "%s: device %s (%s) has no f64", op, dev->hw->info.id,
                       dev->hw->info.name);
    return CG_OK;
}

cg_tensor *cg_tensor_make(cg_device *dev, const char *op, cg_dtype dtype, const cg_dims *shape) {
    int64_t numel;
    if (cg_tensor_check(dev, op, dtype, shape, &numel)) return NULL;
    cg_storage *s = cg_storage_new(dev, dtype, numel);
    if (!s) return NULL;
    cg_tensor *x = cg_storage_allocate(s) ? NULL : cg_tensor_new(s, shape, NULL, 0);
    cg_storage_release(s);
    return x;
}

cg_tensor *cg_tensor_alias(const cg_tensor *x) {
    return cg_tensor_new(x->storage, &x->shape, x->stride, x->offset);
}

bool cg_is_contiguous(const cg_tensor *x) {
    if (!x) return false;
    int64_t step = 1;
    for (int i = x->shape.rank - 1; i >= 0; i--) {
        if (x->shape.dim[i] == 0) return true;
        if (x->shape.dim[i] != 1 && x->stride[i] != step) return false;
        step *= x->shape.dim[i];
    }
    return true;
}

cg_operand cg_tensor_operand(const cg_tensor *x) {
    cg_operand o = {.buffer = x->storage->buffer, .dtype = x->storage->dtype, .offset = x->offset};
    memcpy(o.stride, x->stride, sizeof o.stride);
    return o;
}

cg_device *cg_device_of_any(int n, cg_tensor *const *x) {
    for (int i = 0; i < n; i++)
        if (x[i]) return x[i]->storage->dev;
    return NULL;
}

/* --- questions ------------------------------------------------------------------------------------------ */

cg_device *cg_device_of(const cg_tensor *x) { return x ? x->storage->dev : NULL; }

cg_dtype cg_dtype_of(const cg_tensor *x) { return x ? x->storage->dtype : CG_F32; }

int cg_rank(const cg_tensor *x) { return x ? x->shape.rank : -1; }

int64_t cg_size(const cg_tensor *x, int axis) {
    int i = x ? cg_axis_normalize(axis, x->shape.rank) : -1;
    return i < 0 ? 0 : x->shape.dim[i];
}

int64_t cg_numel(const cg_tensor *x) { return x ? cg_dims_numel(&x->shape) : 0; }

cg_dims cg_shape_get(const cg_tensor *x) { return x ? x->shape : (cg_dims){.rank = -1}; }

int64_t cg_stride(const cg_tensor *x, int axis) {
    int i = x ? cg_axis_normalize(axis, x->shape.rank) : -1;
    return i < 0 ? 0 : x->stride[i];
}
