/*
 * Shapes: views, joining, splitting, padding, repeating, triangles.
 *
 * Views share memory where NumPy's do: no copy, nothing runs. Every operation takes every dtype and gives it back,
 * takes tensors of any rank and of size 0 where its own text does not say otherwise, and moves bits as they are.
 * Gradients of every order go through all of them.
 *
 * Errors, of all: NULL (or the code, for those that give several tensors), CG_ERROR_ARGUMENT for an axis that is not
 * there, CG_ERROR_SHAPE for shapes that do not fit or a result of more than 2^63 bytes.
 */
#ifndef CLGRAD_MANIPULATION_H
#define CLGRAD_MANIPULATION_H

#include "reduce.h"
#include "tensor.h"

CG_BEGIN_DECLS

/* --- Views ---------------------------------------------------------------------------------------------------- */

/*
 * Swaps two axes: (..., M, ..., N, ...) -> (..., N, ..., M, ...). A view. Listing 8.3 of the pseudocode paper calls
 * axis 0 "row-wise"; as in NumPy, axis 0 counts the rows. Gradient: swapped back.
 */
CG_API cg_tensor *cg_transpose(cg_tensor *x, int axis_a, int axis_b);

/*
 * Axis i of the result is axis axes[i] of x; axes holds cg_rank(x) different axes. A view. Gradient: permuted back.
 * Errors: CG_ERROR_ARGUMENT for axes that are no permutation.
 */
CG_API cg_tensor *cg_permute(cg_tensor *x, const int *axes);

/*
 * Moves axis `from` to place `to`, the others keeping their order: (A, B, C) from 0 to 2 is (B, C, A). A view.
 * Gradient: moved back.
 */
CG_API cg_tensor *cg_moveaxis(cg_tensor *x, int from, int to);

/*
 * The same elements, row-major, in another shape of the same size; one dim may be -1, which is what is left. A view
 * where the strides allow it, else a copy. Gradient: in x's shape. Errors: CG_ERROR_SHAPE naming both shapes.
 */
CG_API cg_tensor *cg_reshape(cg_tensor *x, cg_dims shape);

/* Axes first..last made one: (A, B, C) from 1 to 2 is (A, B C). As cg_reshape; a scalar becomes (1). */
CG_API cg_tensor *cg_flatten(cg_tensor *x, int first, int last);

/* Removes axis `axis`. A view. Gradient: put back. Errors: CG_ERROR_SHAPE unless it has length 1. */
CG_API cg_tensor *cg_squeeze(cg_tensor *x, int axis);

/* Inserts an axis of length 1 so that it is axis `axis` of the result, of rank 8 at most. A view. Gradient. */
CG_API cg_tensor *cg_unsqueeze(cg_tensor *x, int axis);

/*
 * Broadcasts to `shape` by NumPy's rules, without a copy (stride 0). Gradient: the sum over what was broadcast.
 * Errors: CG_ERROR_SHAPE where x does not broadcast to it.
 */
CG_API cg_tensor *cg_expand(cg_tensor *x, cg_dims shape);

/* No bound given for start or stop of a slice. */
#define CG_SLICE_OPEN INT64_MAX

/*
 * x[..., start:stop:step, ...] along `axis` as NumPy does: negative bounds count from the end, bounds beyond
 * the ends are cut, CG_SLICE_OPEN is Python's missing bound, step may be negative. A view. Gradient: g there, else 0.
 * Errors: CG_ERROR_ARGUMENT for step 0.
 */
CG_API cg_tensor *cg_slice(cg_tensor *x, int axis, int64_t start, int64_t stop, int64_t step);

/* The order of elements reversed along each of `axes`. A view (negative strides). Gradient: flipped back. */
CG_API cg_tensor *cg_flip(cg_tensor *x, cg_axis_set axes);

/*
 * The diagonal x[j, j + offset] of two axes, which is put last: (..., M, ..., N, ...) -> (..., n), offset < 0 below the
 * main one; empty beyond the corners. A view, as NumPy's. Gradient: g there, else 0. Errors: CG_ERROR_ARGUMENT where
 * both axes are the same, CG_ERROR_SHAPE for rank 0 or 1.
 */
CG_API cg_tensor *cg_diagonal(cg_tensor *x, int64_t offset, int axis1, int axis2);

/*
 * Cuts x along `axis` into `sections` equal parts, as numpy.split: out[0..sections-1], all NULL on an error. Views.
 * Gradient through each. Errors: CG_ERROR_SHAPE where the axis does not divide evenly, CG_ERROR_ARGUMENT for
 * sections < 1.
 */
CG_API cg_status cg_split(cg_tensor *x, int sections, int axis, cg_tensor **out);

/*
 * The same for an axis that need not divide: as numpy.array_split, the first (length mod sections) parts are one
 * longer than the others, and parts may be empty.
 */
CG_API cg_status cg_array_split(cg_tensor *x, int sections, int axis, cg_tensor **out);

/*
 * Cuts x along `axis` into n parts of sizes[0..n-1], as torch.split with a list: out[0..n-1], all NULL on an error.
 * Views. Gradient. Errors: CG_ERROR_SHAPE unless the sizes are 0 or more and add up to the axis.
 */
CG_API cg_status cg_split_sizes(cg_tensor *x, int n, const int64_t *sizes, int axis, cg_tensor **out);

/* The order of the first two axes of a grid. */
typedef enum cg_meshgrid_order {
    CG_IJ, /* x[0] runs along axis 0, x[1] along axis 1, ... */
    CG_XY  /* x[0] runs along axis 1, x[1] along axis 0: NumPy's default, for pictures */
} cg_meshgrid_order;

/*
 * Grids of coordinates from n vectors (N_i) (or scalars): out[i] is (N_0, N_1, ...) with x[i] along axis i; CG_XY swaps
 * the first two axes of all. Views with stride 0. 1 <= n <= 8. out is all NULL on an error. Gradient: the sum over
 * the other axes. Errors: CG_ERROR_SHAPE for an input of rank 2 or more, CG_ERROR_ARGUMENT for n.
 */
CG_API cg_status cg_meshgrid(int n, cg_tensor *const *x, cg_meshgrid_order order, cg_tensor **out);

/* --- Copies --------------------------------------------------------------------------------------------------- */

/* The same elements row-major without gaps: x itself if they are already, else a copy. Gradient. */
CG_API cg_tensor *cg_contiguous(cg_tensor *x);

/* A copy of x with memory of its own. Gradient. */
CG_API cg_tensor *cg_clone(cg_tensor *x);

/*
 * x with before[i] elements of `value` put in front of axis i and after[i] behind it: out[j] = x[j - before], or
 * `value` where there is no such element. Negative widths cut that many away; a result without any new element is a
 * view. before, after: cg_rank(x) widths each. `value` is converted to x's dtype as cg_full does. Gradient: g where
 * x is. Errors: CG_ERROR_SHAPE where more is cut away than there is.
 */
CG_API cg_tensor *cg_pad(cg_tensor *x, const int64_t *before, const int64_t *after, double value);

/*
 * x brought to `shape` of the same rank: each axis is cut at its end, or lengthened there with `value`. Section 9.2 of
 * the pseudocode paper. As cg_pad with before = 0. Errors: CG_ERROR_SHAPE for a shape of another rank.
 */
CG_API cg_tensor *cg_pad_or_trim(cg_tensor *x, cg_dims shape, double value);

/*
 * n tensors behind each other along an axis that they have: shapes agree on all other axes. The result has the
 * promoted dtype. Each is computed, converted and written to its place in one pass. Gradient: each its slice of g.
 * Errors: CG_ERROR_SHAPE naming both shapes; CG_ERROR_ARGUMENT (on the thread) for n < 1.
 */
CG_API cg_tensor *cg_concat(int n, cg_tensor *const *x, int axis);

/*
 * n tensors of the same shape behind each other along a new axis, which is axis `axis` of the result. As cg_concat.
 * Errors: also CG_ERROR_ARGUMENT for rank 8.
 */
CG_API cg_tensor *cg_stack(int n, cg_tensor *const *x, int axis);

/*
 * x repeated reps[i] times along axis i, as a whole: [1, 2] twice is [1, 2, 1, 2]. As numpy.tile: where reps or x is the
 * shorter, it gets 1s in front. Gradient: the sum over the copies. Errors: CG_ERROR_SHAPE for a negative count,
 * CG_ERROR_ARGUMENT for n outside [0, 8].
 */
CG_API cg_tensor *cg_tile(cg_tensor *x, int n, const int64_t *reps);

/*
 * Each element `repeats` times along `axis`: [1, 2] twice is [1, 1, 2, 2]. numpy.repeat with one count, which is
 * torch.repeat_interleave. Gradient: the sum over the copies. Errors: CG_ERROR_SHAPE for a negative count.
 */
CG_API cg_tensor *cg_repeat(cg_tensor *x, int64_t repeats, int axis);

/* The elements moved up by `shift` along `axis`, those beyond the end to the front. Gradient: rolled back. */
CG_API cg_tensor *cg_roll(cg_tensor *x, int64_t shift, int axis);

/* --- Triangles and diagonals (..., M, N), batched ----------------------------------------------------------------- */

/*
 * The lower triangle: x[i, j] where j - i <= k, else 0 (whatever stands there, NaN included). k = 0 is the main
 * diagonal and all below. Gradient: the same triangle of g. Errors: CG_ERROR_SHAPE for rank 0 or 1.
 */
CG_API cg_tensor *cg_tril(cg_tensor *x, int64_t k);

/* The upper triangle: x[i, j] where j - i >= k, else 0. As cg_tril. */
CG_API cg_tensor *cg_triu(cg_tensor *x, int64_t k);

/*
 * As numpy.diag: a vector (n) becomes a matrix (n + |k|, n + |k|) with it on diagonal k and 0 elsewhere; of a matrix
 * diagonal k is taken, a view. Gradient. Errors: CG_ERROR_SHAPE for any other rank.
 */
CG_API cg_tensor *cg_diag(cg_tensor *x, int64_t k);

/* Each last axis (..., n) on diagonal k of a matrix (..., n + |k|, n + |k|) of zeros. Gradient: the diagonal of g. */
CG_API cg_tensor *cg_diag_embed(cg_tensor *x, int64_t k);

/*
 * The sum of the main diagonal, sum_i x[i, i]: (..., M, N) -> (...). For a matrix this is numpy.trace; of more axes it
 * takes the last two, as everything for matrices here does (numpy.trace takes the first two). dtype and error as
 * cg_sum. Gradient: g on the diagonal. Errors: CG_ERROR_SHAPE for rank 0 or 1.
 */
CG_API cg_tensor *cg_trace(cg_tensor *x);

CG_END_DECLS
#endif
