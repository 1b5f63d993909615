/* New tensors: constants, ranges, host data. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/shape.h"
#include "tensor/context.h"
#include "tensor/deferral.h"

/* A constant needs no memory until somebody asks for it, and none at all as an operand. */
static cg_tensor *constant(cg_device *dev, const char *op, cg_dtype dtype, cg_dims shape, double value) {
    int64_t numel;
    if (!dev || cg_tensor_check(dev, op, dtype, &shape, &numel)) return NULL;
    cg_leaf leaf = {0};
    if (cg_dtype_is_float(dtype))
        leaf.constant.f = value;
    else if (dtype == CG_BOOL)
        leaf.constant.i = value != 0;
    else
        leaf.constant.i = value >= -0x1p63 && value < 0x1p63 ? (int64_t)value : 0;
    return cg_defer(dev, CG_EXPR_COPY, cg_dtype_compute(dtype), dtype, &shape, 1, &leaf);
}

cg_tensor *cg_zeros(cg_device *dev, cg_dtype dtype, cg_dims shape) {
    return constant(dev, "zeros", dtype, shape, 0);
}

cg_tensor *cg_ones(cg_device *dev, cg_dtype dtype, cg_dims shape) {
    return constant(dev, "ones", dtype, shape, 1);
}

cg_tensor *cg_full(cg_device *dev, cg_dtype dtype, cg_dims shape, double value) {
    return constant(dev, "full", dtype, shape, value);
}

cg_tensor *cg_empty(cg_device *dev, cg_dtype dtype, cg_dims shape) {
    return dev ? cg_tensor_make(dev, "empty", dtype, &shape) : NULL;
}

cg_tensor *cg_zeros_like(const cg_tensor *x) { return cg_full_like(x, 0); }

cg_tensor *cg_ones_like(const cg_tensor *x) { return cg_full_like(x, 1); }

cg_tensor *cg_full_like(const cg_tensor *x, double value) {
    return x ? constant(x->storage->dev, "full_like", x->storage->dtype, x->shape, value) : NULL;
}

static cg_tensor *from_host(cg_device *dev, const char *op, cg_dtype dtype, cg_dims shape, const void *data) {
    if (!dev) return NULL;
    cg_tensor *x = cg_tensor_make(dev, op, dtype, &shape);
    if (!x) return NULL;
    size_t bytes = (size_t)x->storage->numel * cg_dtype_size(dtype);
    if (!data && bytes) {
        CG_FAIL(&dev->error, CG_ERROR_ARGUMENT, "%s: no data for shape %s", op, CG_SHAPE_STR(&shape));
        return NULL;
    }
    if (dev->hw->recording && bytes) /* which is refused below: here the operation is known */
        CG_FAIL(&dev->error, CG_ERROR_STATE, "%s: a recording cannot copy numbers from the host", op);
    return cg_hw_upload(dev->hw, x->storage->buffer, 0, data, bytes) ? NULL : x;
}

cg_tensor *cg_from_host(cg_device *dev, cg_dtype dtype, cg_dims shape, const void *data) {
    return from_host(dev, "from_host", dtype, shape, data);
}

cg_tensor *cg_from_f32(cg_device *dev, cg_dims shape, const float *data) {
    return from_host(dev, "from_f32", CG_F32, shape, data);
}

cg_tensor *cg_from_f64(cg_device *dev, cg_dims shape, const double *data) {
    return from_host(dev, "from_f64", CG_F64, shape, data);
}

cg_tensor *cg_from_i32(cg_device *dev, cg_dims shape, const int32_t *data) {
    return from_host(dev, "from_i32", CG_I32, shape, data);
}

cg_tensor *cg_from_i64(cg_device *dev, cg_dims shape, const int64_t *data) {
    return from_host(dev, "from_i64", CG_I64, shape, data);
}

cg_tensor *cg_from_u8(cg_device *dev, cg_dims shape, const uint8_t *data) {
    return from_host(dev, "from_u8", CG_U8, shape, data);
}

/* --- host memory itself --------------------------------------------------------------------------------- */

static cg_status wrap_buffer(cg_storage *s, void *data, size_t bytes) {
    if (bytes == 0) return cg_storage_allocate(s); /* nothing to share */
    s->buffer = cg_hw_wrap(s->dev->hw, data, bytes);
    s->wrapped = true;
    return s->buffer ? CG_OK : s->dev->error.code;
}

cg_tensor *cg_wrap_host(cg_device *dev, cg_dtype dtype, cg_dims shape, void *data,
                        void (*release)(void *context), void *context) {
    int64_t numel;
    if (!dev || cg_tensor_check(dev, "wrap_host", dtype, &shape, &numel)) return NULL;
    size_t size = cg_dtype_size(dtype);
    if (numel && (!data || (uintptr_t)data % size)) {
        CG_FAIL(&dev->error, CG_ERROR_ARGUMENT, "wrap_host: %s for %s %s",
                data ? "unaligned data" : "no data", cg_dtype_name(dtype), CG_SHAPE_STR(&shape));
        return NULL;
    }
    cg_storage *s = cg_storage_new(dev, dtype, numel);
    if (!s) return NULL;
    cg_tensor *x = wrap_buffer(s, data, (size_t)numel * size) ? NULL : cg_tensor_new(s, &shape, NULL, 0);
    if (x) { /* from here on the memory is the tensor's */
        s->release = release;
        s->context = context;
    }
    cg_storage_release(s);
    return x;
}

/* --- ranges ----------------------------------------------------------------------------------------------- */

/* Stores `value` as element i of a host array of `dtype`. */
static void store(void *data, cg_dtype dtype, int64_t i, double value) {
    switch (dtype) {
    case CG_F32:
        ((float *)data)[i] = (float)value;
        break;
    case CG_F64:
        ((double *)data)[i] = value;
        break;
    case CG_I32:
        ((int32_t *)data)[i] = (int32_t)value;
        break;
    case CG_I64:
        ((int64_t *)data)[i] = (int64_t)value;
        break;
    case CG_U8:
        ((uint8_t *)data)[i] = (uint8_t)(int32_t)value;
        break;
    case CG_BOOL:
        ((uint8_t *)data)[i] = value != 0;
        break;
    }
}

/* n values start + i step, the last one `last`, made on the host in double: exactly these values. */
static cg_tensor *ramp(cg_device *dev, const char *op, cg_dtype dtype, int64_t n, double start, double step,
                       double last) {
    cg_dims shape = cg_shape(n);
    int64_t numel;
    if (cg_tensor_check(dev, op, dtype, &shape, &numel)) return NULL;
    void *data = malloc((size_t)(n ? n : 1) * cg_dtype_size(dtype));
    if (!data) {
        CG_FAIL(&dev->error, CG_ERROR_MEMORY, "%s: out of host memory for %lld values", op, (long long)n);
        return NULL;
    }
    for (int64_t i = 0; i < n; i++) store(data, dtype, i, i == n - 1 ? last : start + (double)i * step);
    cg_tensor *x = from_host(dev, op, dtype, shape, data);
    free(data);
    return x;
}

/* Whether every value from a to b fits the dtype, so that the conversion on the host is defined. */
static bool range_fits(cg_dtype dtype, double a, double b) {
    if (cg_dtype_is_float(dtype) || dtype == CG_BOOL) return true;
    double limit = dtype == CG_I64 ? 0x1p63 : 0x1p31;
    return fabs(a) < limit && fabs(b) < limit;
}

cg_tensor *cg_arange(cg_device *dev, cg_dtype dtype, double start, double stop, double step) {
    if (!dev) return NULL;
    double n = ceil((stop - start) / step);
    if (step == 0 || !isfinite(start) || !isfinite(stop) || !isfinite(step) || n > 0x1p53 ||
        !range_fits(dtype, start, stop)) {
        CG_FAIL(&dev->error, CG_ERROR_ARGUMENT, "arange: %g to %g by %g is not a finite range of %s", start,
                stop, step, cg_dtype_name(dtype));
        return NULL;
    }
    return ramp(dev, "arange", dtype, n > 0 ? (int64_t)n : 0, start, step, start + (n - 1) * step);
}

cg_tensor *cg_linspace(cg_device *dev, cg_dtype dtype, double start, double stop, int64_t n) {
    if (!dev) return NULL;
    if (n < 0 || !isfinite(start) || !isfinite(stop) || !range_fits(dtype, start, stop)) {
        CG_FAIL(&dev->error, CG_ERROR_ARGUMENT, "linspace: %lld values from %g to %g are not possible in %s",
                (long long)n, start, stop, cg_dtype_name(dtype));
        return NULL;
    }
    return ramp(dev, "linspace", dtype, n, start, n > 1 ? (stop - start) / (double)(n - 1) : 0,
                n > 1 ? stop : start);
}

cg_tensor *cg_eye(cg_device *dev, cg_dtype dtype, int64_t n) {
    if (!dev) return NULL;
    cg_dims shape = cg_shape(n, n);
    int64_t numel;
    if (cg_tensor_check(dev, "eye", dtype, &shape, &numel)) return NULL;
    cg_tensor *x = cg_tensor_make(dev, "eye", dtype, &shape);
    if (!x) return NULL;
    /* Two maps: 0 everywhere, then 1 along the diagonal, a vector of stride n + 1. */
    cg_program fill = cg_program_constant(cg_dtype_compute(dtype));
    cg_map_request map = {.program = &fill, .rank = 1, .shape = {numel}};
    map.out[0] = (cg_operand){.buffer = x->storage->buffer, .dtype = dtype, .stride = {1}};
    if (cg_hw_map(dev->hw, &map)) return NULL;
    map.shape[0] = n;
    map.out[0].stride[0] = n + 1;
    map.consts[0] = cg_dtype_is_float(dtype) ? (cg_scalar){.f = 1} : (cg_scalar){.i = 1};
    return cg_hw_map(dev->hw, &map) ? NULL : x;
}
