/*
 * Shapes: views, joining, splitting, padding, triangles. Views share memory where NumPy's do; gradient through all.
 */
#ifndef CLGRAD_MANIPULATION_H
#define CLGRAD_MANIPULATION_H

#include "tensor.h"

CG_BEGIN_DECLS

/* --- Views: no copy where NumPy makes none; gradient through all of them ------------------------------------ */

/* Swaps two axes: (..., M, ..., N, ...) -> (..., N, ..., M, ...). Listing 8.3 of the pseudocode paper calls
 * axis 0 "row-wise"; as in NumPy, axis 0 counts the rows. */
CG_API cg_tensor *cg_transpose(cg_tensor *x, int axis_a, int axis_b);

/* Axis i of the result is axis axes[i] of x; axes holds cg_rank(x) different axes. */
CG_API cg_tensor *cg_permute(cg_tensor *x, const int *axes);

/* The same elements, row-major, in another shape; one dim may be -1. A view where the strides allow it. */
CG_API cg_tensor *cg_reshape(cg_tensor *x, cg_dims shape);

/* Axes first..last made one. */
CG_API cg_tensor *cg_flatten(cg_tensor *x, int first, int last);

/* Removes axis `axis`, which must have length 1. */
CG_API cg_tensor *cg_squeeze(cg_tensor *x, int axis);

/* Inserts an axis of length 1 so that it is axis `axis` of the result. */
CG_API cg_tensor *cg_unsqueeze(cg_tensor *x, int axis);

/* Broadcasts to `shape` without a copy (stride 0). Gradient: the sum over what was broadcast. */
CG_API cg_tensor *cg_expand(cg_tensor *x, cg_dims shape);

/* No bound given for start or stop of a slice. */
#define CG_SLICE_OPEN INT64_MAX

/*
 * x[..., start:stop:step, ...] along `axis` as NumPy does: negative bounds count from the end, bounds beyond
 * the ends are cut, CG_SLICE_OPEN is Python's missing bound, step may be negative. Gradient: the rest is 0.
 */
CG_API cg_tensor *cg_slice(cg_tensor *x, int axis, int64_t start, int64_t stop, int64_t step);

/* The same elements row-major without gaps: x itself if they are already, else a copy. Gradient. */
CG_API cg_tensor *cg_contiguous(cg_tensor *x);

/* A copy of x with memory of its own. Gradient. */
CG_API cg_tensor *cg_clone(cg_tensor *x);

CG_END_DECLS
#endif
