/*
 * Tensors: creation, transfer, views, scopes, printing.
 *
 * A tensor is a typed view (shape, strides, offset) of memory on a device. Operations return a new tensor or
 * NULL; given NULL they return NULL and leave the device's first error alone, so that one check at the end
 * of a formula is enough.
 *
 * OWNERSHIP, the one rule: a tensor belongs to the scope that was innermost when it was made, and is
 * released when that scope ends. cg_retain keeps it beyond; each cg_retain needs one cg_release.
 *
 * Sizes, strides and indices are int64_t and count elements; bytes are size_t; an axis is an int, and a
 * negative one counts from the end.
 */
#ifndef CLGRAD_TENSOR_H
#define CLGRAD_TENSOR_H

#include "device.h"

CG_BEGIN_DECLS

enum { CG_MAX_RANK = 8 };

/* Element types; f64 needs a device that has it. bool is one byte, 0 or 1. */
typedef enum cg_dtype { CG_F32, CG_F64, CG_I32, CG_I64, CG_U8, CG_BOOL } cg_dtype;

typedef struct cg_tensor cg_tensor;
typedef struct cg_scope cg_scope;

/* A shape by value: dim[0..rank-1]. Made by cg_shape(2, 3); cg_shape() is the shape of a scalar. */
typedef struct cg_dims {
    int rank; /* 0 to CG_MAX_RANK; anything else is reported by the operation that is given it */
    int64_t dim[CG_MAX_RANK];
} cg_dims;

/* The shape dim[0..rank-1]; a rank above CG_MAX_RANK gives an invalid shape (rank -1). */
CG_API cg_dims cg_shape_of(int rank, const int64_t *dim);

#ifdef __cplusplus
CG_END_DECLS
template <class... N> inline cg_dims cg_shape(N... n) {
    const int64_t dim[sizeof...(N) + 1] = {static_cast<int64_t>(n)..., 0};
    return cg_shape_of(static_cast<int>(sizeof...(N)), dim);
}
CG_BEGIN_DECLS
#else
/* cg_shape(2, 3) is the shape (2, 3). */
#define cg_shape(...)                                                                                        \
    cg_shape_of((int)(sizeof((int64_t[]){0, __VA_ARGS__}) / sizeof(int64_t)) - 1,                            \
                &((int64_t[]){0, __VA_ARGS__})[1])
#endif

/* --- Scopes ------------------------------------------------------------------------------------------- */

/* Opens a scope on the device. Ends with cg_scope_end, inner scopes first. Errors: NULL without memory. */
CG_API cg_scope *cg_scope_begin(cg_device *dev);

/*
 * Ends a scope: releases every tensor made in it. One that is kept beyond (cg_retain, a gradient, a module)
 * is computed now if it was still pending, but for a gradient that an optimizer's step may compute. An inner scope left open is ended with it. NULL is allowed.
 */
CG_API void cg_scope_end(cg_scope *scope);

/* Ends a scope, but hands `result` to the scope around it; returns result. For functions that return one. */
CG_API cg_tensor *cg_scope_return(cg_scope *scope, cg_tensor *result);

/* Keeps a tensor beyond its scope. Returns it. NULL gives NULL. */
CG_API cg_tensor *cg_retain(cg_tensor *x);

/* Lets go of a tensor kept by cg_retain. NULL is allowed. */
CG_API void cg_release(cg_tensor *x);

/* --- Creation ----------------------------------------------------------------------------------------- */

/* All zeros. shape as given. Errors: CG_ERROR_SHAPE (bad or too large), CG_ERROR_DTYPE (f64 not there). */
CG_API cg_tensor *cg_zeros(cg_device *dev, cg_dtype dtype, cg_dims shape);

/* All ones. Errors: as cg_zeros. */
CG_API cg_tensor *cg_ones(cg_device *dev, cg_dtype dtype, cg_dims shape);

/* All `value`, converted to dtype. Errors: as cg_zeros. */
CG_API cg_tensor *cg_full(cg_device *dev, cg_dtype dtype, cg_dims shape, double value);

/*
 * Memory without values: whatever it holds until it is written (cg_copy_from_host). Reading it before is no error, but
 * its elements may be anything, NaN included. Errors: as cg_zeros, and CG_ERROR_DEVICE_MEMORY.
 */
CG_API cg_tensor *cg_empty(cg_device *dev, cg_dtype dtype, cg_dims shape);

/* Zeros of x's shape and dtype, on its device. x is not read, and gets no gradient. */
CG_API cg_tensor *cg_zeros_like(const cg_tensor *x);

/* Ones of x's shape and dtype. As cg_zeros_like. */
CG_API cg_tensor *cg_ones_like(const cg_tensor *x);

/* `value`, converted to x's dtype, in x's shape. As cg_zeros_like. */
CG_API cg_tensor *cg_full_like(const cg_tensor *x, double value);

/* The (n, n) identity. Errors: as cg_zeros. */
CG_API cg_tensor *cg_eye(cg_device *dev, cg_dtype dtype, int64_t n);

/*
 * start, start + step, ... below stop (above it for step < 0): x[i] = start + i step, evaluated in double,
 * shape (max(0, ceil((stop - start) / step))). Errors: step 0 or not finite, as cg_zeros.
 */
CG_API cg_tensor *cg_arange(cg_device *dev, cg_dtype dtype, double start, double stop, double step);

/* n values from start to stop inclusive, evenly spaced, shape (n); n = 1 gives start. Errors: n < 0. */
CG_API cg_tensor *cg_linspace(cg_device *dev, cg_dtype dtype, double start, double stop, int64_t n);

/* A copy of host memory, row-major, shape as given: the host memory is free again on return. */
CG_API cg_tensor *cg_from_host(cg_device *dev, cg_dtype dtype, cg_dims shape, const void *data);

/* cg_from_host with CG_F32. */
CG_API cg_tensor *cg_from_f32(cg_device *dev, cg_dims shape, const float *data);

/* cg_from_host with CG_F64. */
CG_API cg_tensor *cg_from_f64(cg_device *dev, cg_dims shape, const double *data);

/* cg_from_host with CG_I32. */
CG_API cg_tensor *cg_from_i32(cg_device *dev, cg_dims shape, const int32_t *data);

/* cg_from_host with CG_I64. */
CG_API cg_tensor *cg_from_i64(cg_device *dev, cg_dims shape, const int64_t *data);

/* cg_from_host with CG_U8. */
CG_API cg_tensor *cg_from_u8(cg_device *dev, cg_dims shape, const uint8_t *data);

/*
 * A tensor over host memory, row-major, without a copy where the device can reach it (the CPU backend can; an OpenCL
 * device may keep a copy of its own and use that). `data` must be aligned to its elements.
 *
 * OWNERSHIP: from this call on the memory belongs to the tensor and its views, until release(context) is called, once:
 * when the last of them is gone, on the thread that let go of it, after waiting for the work that uses the memory.
 * release may be NULL, for memory that outlives the device. It must not use the device. Where this call fails, release
 * is not called.
 *
 * WHO SEES WRITES: in between nobody else may write to the memory, and what the library writes (cg_copy_from_host, an
 * optimizer's step) is in it for certain only after release; read it with cg_to_host until then.
 *
 * Errors: as cg_zeros; CG_ERROR_ARGUMENT for no or unaligned data; CG_ERROR_DEVICE_MEMORY.
 */
CG_API cg_tensor *cg_wrap_host(cg_device *dev, cg_dtype dtype, cg_dims shape, void *data,
                               void (*release)(void *context), void *context);

/* --- Questions (a NULL tensor has rank -1, size 0, numel 0) ---------------------------------------------- */

/* The device a tensor lives on; NULL for NULL. */
CG_API cg_device *cg_device_of(const cg_tensor *x);

/* The element type. CG_F32 for NULL. */
CG_API cg_dtype cg_dtype_of(const cg_tensor *x);

/* The number of axes. */
CG_API int cg_rank(const cg_tensor *x);

/* The length along `axis`; 0 if there is no such axis. */
CG_API int64_t cg_size(const cg_tensor *x, int axis);

/* The number of elements: the product of the shape; 1 for a scalar. */
CG_API int64_t cg_numel(const cg_tensor *x);

/*
 * The product of a shape: the number of parameters of a tensor that has it; 1 for (). -1 where there is no such shape:
 * rank not 0 to 8, a negative dim, or a product over the non-zero dims of 2^63 or more.
 */
CG_API int64_t cg_shape_numel(cg_dims shape);

/* The shape by value. */
CG_API cg_dims cg_shape_get(const cg_tensor *x);

/* The distance in elements between neighbours along `axis`; 0 for a broadcast or missing axis. */
CG_API int64_t cg_stride(const cg_tensor *x, int axis);

/* Whether the elements lie row-major without gaps. */
CG_API bool cg_is_contiguous(const cg_tensor *x);

/* The size of an element in bytes. */
CG_API size_t cg_dtype_size(cg_dtype dtype);

/* "f32", "f64", "i32", "i64", "u8" or "bool". */
CG_API const char *cg_dtype_name(cg_dtype dtype);

/*
 * Whether two shapes broadcast by NumPy's rules (aligned at the last axis, equal or 1), and to what:
 * (3, 1) and (4) give (3, 4). `result` may be NULL. Returns false if they do not.
 */
CG_API bool cg_broadcast_shapes(cg_dims a, cg_dims b, cg_dims *result);

/* --- Transfer ------------------------------------------------------------------------------------------- */

/*
 * Copies the elements row-major to host memory and waits for them. `bytes` is the room there, and must be
 * cg_numel(x) * cg_dtype_size: anything else is CG_ERROR_ARGUMENT. Nothing is written on an error.
 */
CG_API cg_status cg_to_host(const cg_tensor *x, void *data, size_t bytes);

/*
 * The value of a tensor with one element, as double (an i64 beyond 2^53 is rounded). Waits for it. Errors:
 * CG_ERROR_SHAPE for any other number of elements.
 */
CG_API cg_status cg_item(const cg_tensor *x, double *value);

/*
 * Overwrites the elements of x, in place, with row-major host memory of exactly its size in bytes. Work that
 * still has to read the old values is done first. Errors: size, x needed by a gradient to come.
 */
CG_API cg_status cg_copy_from_host(cg_tensor *x, const void *data, size_t bytes);

/* A copy on another device (or the same), same dtype, row-major. No gradient flows through it. */
CG_API cg_tensor *cg_to_device(const cg_tensor *x, cg_device *dev);

/* Computes x now if it is still pending; does not wait for the device. Returns x, NULL on an error. */
CG_API cg_tensor *cg_eval(cg_tensor *x);

/*
 * Prints a tensor as NumPy does, with its shape and dtype: long axes are shortened. Waits for the values.
 * Errors: CG_ERROR_IO if the stream takes no text.
 */
CG_API cg_status cg_print(FILE *stream, const cg_tensor *x);

CG_END_DECLS
#endif
