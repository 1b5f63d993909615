/* Shapes: checked products, row-major strides, broadcasting, axes, text. The one place where sizes multiply. */
#ifndef CLGRAD_CORE_SHAPE_H
#define CLGRAD_CORE_SHAPE_H

#include "clgrad/tensor.h"

/*
 * Whether a shape is one that memory can hold: rank and dims in range, the product of the non-zero dims and
 * its bytes without overflow (a zero dim must not hide an overflow in the rest). Gives the element count.
 */
bool cg_dims_valid(const cg_dims *shape, size_t element_bytes, int64_t *numel);

/* The product of the dims of a valid shape. */
int64_t cg_dims_numel(const cg_dims *shape);

/* Makes an axis `factor` >= 0 times as long; false if that overflows. */
bool cg_dims_scale(cg_dims *shape, int axis, int64_t factor);

/* The products of the dims before and after an axis of a valid shape: it is (outer, dim, inner) in memory. */
void cg_dims_around(const cg_dims *shape, int axis, int64_t *outer, int64_t *inner);

/* The largest size of a layer (inputs, outputs, ...): small multiples of it, and products of two, are numbers. */
#define CG_SIZE_LIMIT (INT64_C(1) << 31)

bool cg_dims_equal(const cg_dims *a, const cg_dims *b);

/* Row-major strides of a valid shape. */
void cg_dims_strides(const cg_dims *shape, int64_t stride[CG_MAX_RANK]);

/* axis in [-rank, rank) to [0, rank); -1 if out of range. */
int cg_axis_normalize(int axis, int rank);

/* "(2, 3)", "(4,)" and "()", as NumPy writes them. buf has room for CG_SHAPE_TEXT bytes; returns buf. */
enum { CG_SHAPE_TEXT = 200 };
const char *cg_dims_text(const cg_dims *shape, char *buf);

/* cg_dims_text with a buffer of its own, for messages: valid until the end of the enclosing block. */
#define CG_SHAPE_STR(shape) cg_dims_text((shape), (char[CG_SHAPE_TEXT]){0})

#endif
