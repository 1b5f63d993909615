/* Arrays in host memory: array.h. */
#include "io/array_host.h"

#include "core/dtype.h"
#include "core/shape.h"
#include "tensor/context.h"

#include <math.h>
#include <stdlib.h>

cg_status cg_array_make(cg_array *array, cg_dtype dtype, cg_dims shape, const char *what, cg_error *err) {
    int64_t numel;
    *array = (cg_array){.shape = {.rank = -1}};
    if (!cg_dtype_valid(dtype)) return CG_FAIL(err, CG_ERROR_DTYPE, "%s: no dtype %d", what, (int)dtype);
    if (!cg_dims_valid(&shape, cg_dtype_size(dtype), &numel))
        return CG_FAIL(err, CG_ERROR_SHAPE, "%s: shape %s is none or too large", what, CG_SHAPE_STR(&shape));
    void *data = calloc((size_t)numel + 1, cg_dtype_size(dtype)); /* no size of 0, which may give NULL */
    if (!data)
        return CG_FAIL(err, CG_ERROR_MEMORY, "%s: out of memory for %s %s", what, cg_dtype_name(dtype),
                       CG_SHAPE_STR(&shape));
    *array = (cg_array){.dtype = dtype, .shape = shape, .data = data};
    return CG_OK;
}

cg_status cg_array_new(cg_array *array, cg_dtype dtype, cg_dims shape) {
    cg_error *err = cg_error_of_thread();
    *err = (cg_error){0};
    return cg_array_make(array, dtype, shape, "array_new", err);
}

bool cg_array_valid(const cg_array *array, int64_t *numel) {
    return array && cg_dtype_valid(array->dtype) &&
           cg_dims_valid(&array->shape, cg_dtype_size(array->dtype), numel) && (*numel == 0 || array->data);
}

int64_t cg_array_numel(const cg_array *array) {
    int64_t numel;
    return cg_array_valid(array, &numel) ? numel : 0;
}

double cg_array_get(const cg_array *array, int64_t i) {
    if (i < 0 || i >= cg_array_numel(array)) return (double)NAN;
    switch (array->dtype) {
    case CG_F32:
        return (double)((const float *)array->data)[i];
    case CG_F64:
        return ((const double *)array->data)[i];
    case CG_I32:
        return ((const int32_t *)array->data)[i];
    case CG_I64:
        return (double)((const int64_t *)array->data)[i];
    case CG_U8:
    case CG_BOOL:
        break;
    }
    return ((const uint8_t *)array->data)[i];
}

void cg_array_free(cg_array *array) {
    if (!array) return;
    free(array->data);
    *array = (cg_array){.shape = {.rank = -1}};
}

cg_tensor *cg_from_array(cg_device *dev, const cg_array *array) {
    int64_t numel;
    if (!dev || !array) return NULL;
    if (cg_array_valid(array, &numel)) return cg_from_host(dev, array->dtype, array->shape, array->data);
    CG_FAIL(&dev->error, CG_ERROR_ARGUMENT, "from_array: an array without a valid shape, dtype or data");
    return NULL;
}

cg_status cg_to_array(const cg_tensor *x, cg_array *array) {
    *array = (cg_array){.shape = {.rank = -1}};
    if (!x) return CG_ERROR_ARGUMENT;
    cg_error *err = &x->storage->dev->error;
    if (cg_array_make(array, cg_dtype_of(x), x->shape, "to_array", err) != CG_OK) return err->code;
    cg_status status =
        cg_to_host(x, array->data, (size_t)cg_array_numel(array) * cg_dtype_size(array->dtype));
    if (status != CG_OK) cg_array_free(array);
    return status;
}
