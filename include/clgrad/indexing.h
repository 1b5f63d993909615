/*
 * Elements picked and placed by index or by mask.
 *
 * An index is i32 or i64; a negative one counts from the end. The device does not report back: where an index is out of
 * range, picking gives NaN (0 for integers and bool), and adding leaves that element out; its gradient is then 0. A
 * mask that is not bool is compared with 0. Operations that pick take every dtype.
 *
 * Errors, of all: CG_ERROR_SHAPE for shapes that do not fit and for an index of another dtype, CG_ERROR_ARGUMENT for an
 * axis that is not there, CG_ERROR_DEVICE_MISMATCH; the result is NULL.
 */
#ifndef CLGRAD_INDEXING_H
#define CLGRAD_INDEXING_H

#include "tensor.h"

CG_BEGIN_DECLS

/* --- Picking -------------------------------------------------------------------------------------------------- */

/*
 * x[index[0]], x[index[1]], ... along `axis`: x (.., A, ..), index (n) -> (.., n, ..). Gradient to x: g added up where
 * its elements came from (cg_index_add).
 */
CG_API cg_tensor *cg_index_select(cg_tensor *x, int axis, cg_tensor *index);

/*
 * out[i] = x.flat[index[i]]: elements of x, counted row-major, in the shape of index, which may be any. As numpy.take
 * without an axis, and torch.take. Gradient to x.
 */
CG_API cg_tensor *cg_take(cg_tensor *x, cg_tensor *index);

/*
 * out[.., j, ..] = x[.., index[.., j, ..], ..]: an index of its own for each element. x (.., A, ..), index (.., n, ..)
 * -> (.., n, ..); the other axes broadcast, as in numpy.take_along_axis (torch.gather where they are equal).
 * Gradient to x.
 */
CG_API cg_tensor *cg_take_along_axis(cg_tensor *x, cg_tensor *index, int axis);

/* No row of an embedding is padding. */
#define CG_NO_PADDING INT64_MIN

/*
 * Rows of a table: weight (V, D), index (...) -> (..., D). `padding` is an index (negative: from the end) whose row
 * gets no gradient, or CG_NO_PADDING. Gradient to weight: g added up at the rows it came from, in a fixed order, but at
 * the padding. As torch.nn.functional.embedding. Errors: CG_ERROR_SHAPE also unless weight is a matrix;
 * CG_ERROR_ARGUMENT for padding out of range.
 */
CG_API cg_tensor *cg_embedding(cg_tensor *weight, cg_tensor *index, int64_t padding);

/*
 * The elements of x where mask is true, row-major: x and mask broadcast to a common shape -> (count). Gradient to x:
 * g where they came from, else 0. Needs the count on the host: one round trip.
 */
CG_API cg_tensor *cg_masked_select(cg_tensor *x, cg_tensor *mask);

/*
 * The indices of the elements that are not 0 (NaN counts as such), row-major: x of rank R -> (count, R) i64, as
 * torch.nonzero and numpy.argwhere. No gradient. Needs the count on the host: one round trip.
 */
CG_API cg_tensor *cg_nonzero(cg_tensor *x);

/* --- Placing -------------------------------------------------------------------------------------------------- */

/*
 * x with src added at indices along `axis`: out[.., index[j], ..] += src[.., j, ..]. x (.., A, ..), index (n),
 * src (.., n, ..) -> x's shape. An index may repeat; the order of additions is fixed, the same bits each time.
 * f32, f64, i32, i64, promoted. Gradient: to x g, to src g at its index. Errors: also CG_ERROR_DTYPE for u8 and bool.
 */
CG_API cg_tensor *cg_index_add(cg_tensor *x, int axis, cg_tensor *index, cg_tensor *src);

/*
 * x with src added, an index for each element: out[.., index[.., j, ..], ..] += src[.., j, ..]. index and src have one
 * shape, which is x's but for the axis. As torch.scatter_add. Otherwise as cg_index_add.
 */
CG_API cg_tensor *cg_scatter_add(cg_tensor *x, cg_tensor *index, cg_tensor *src, int axis);

/*
 * `value` (converted to x's dtype) where mask is true, else x; they broadcast. Gradient to x: g where it was kept, else
 * 0.
 */
CG_API cg_tensor *cg_masked_fill(cg_tensor *x, cg_tensor *mask, double value);

/*
 * Integers (..) -> (.., classes) of `dtype`: 1 where the label says so, else 0; a label out of range, also a negative
 * one, gives a row of 0. No gradient. Errors: CG_ERROR_SHAPE for real labels, rank 8 or classes < 0.
 */
CG_API cg_tensor *cg_one_hot(cg_tensor *labels, int64_t classes, cg_dtype dtype);

CG_END_DECLS
#endif
