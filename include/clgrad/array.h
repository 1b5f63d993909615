/*
 * Arrays in host memory: what files are read into and written from, and what data sets are made of.
 *
 * Functions without a device report on cg_error_code(NULL) and cg_error_message(NULL).
 */
#ifndef CLGRAD_ARRAY_H
#define CLGRAD_ARRAY_H

#include "tensor.h"

CG_BEGIN_DECLS

/*
 * A row-major array in host memory. What a function of the library filled in is freed by cg_array_free; one that only
 * names memory of yours, (cg_array){CG_F32, cg_shape(n, d), values}, is not.
 */
typedef struct cg_array {
    cg_dtype dtype;
    cg_dims shape;
    void *data;
} cg_array;

/* A new array of zeros. Errors: CG_ERROR_SHAPE, CG_ERROR_DTYPE, CG_ERROR_MEMORY; *array is then empty. */
CG_API cg_status cg_array_new(cg_array *array, cg_dtype dtype, cg_dims shape);

/* The number of elements: the product of the shape. 0 for NULL and an invalid shape. */
CG_API int64_t cg_array_numel(const cg_array *array);

/* Element i, counted row-major, as double (an i64 beyond 2^53 is rounded). NaN past the end. */
CG_API double cg_array_get(const cg_array *array, int64_t i);

/* Frees the elements, and makes *array empty. NULL is allowed. */
CG_API void cg_array_free(cg_array *array);

/* A tensor with a copy of the elements: cg_from_host. Owned by the innermost scope. Errors: on the device. */
CG_API cg_tensor *cg_from_array(cg_device *dev, const cg_array *array);

/* A new array with a copy of a tensor's elements. Waits for them. Errors: on its device; for NULL a status alone. */
CG_API cg_status cg_to_array(const cg_tensor *x, cg_array *array);

CG_END_DECLS
#endif
