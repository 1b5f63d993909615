/*
 * Shapes, from the definitions: each element of a result is looked up by its index. Axes count from 0.
 */
#ifndef CLGRAD_REFERENCE_REF_MANIPULATION_H
#define CLGRAD_REFERENCE_REF_MANIPULATION_H

#include "reference/ref_array.h"

ref_array ref_reshape(ref_array x, int rank, const int64_t *shape);
ref_array ref_permute(ref_array x, const int *axes);
ref_array ref_expand(ref_array x, int rank, const int64_t *shape);

/* `count` elements along an axis, from `first` by `step`. */
ref_array ref_slab(ref_array x, int axis, int64_t first, int64_t step, int64_t count);

/* Element j of the last axis is x[.., j + max(-offset, 0) on axis a, j + max(offset, 0) on axis b, ..]. */
ref_array ref_diagonal(ref_array x, int64_t offset, int a, int b);

/* The last axis on diagonal `offset` of a matrix of zeros. */
ref_array ref_diag_embed(ref_array x, int64_t offset);

/* out[j] = x[j - before], or value. */
ref_array ref_pad(ref_array x, const int64_t *before, const int64_t *shape, long double value);

ref_array ref_concat(int n, const ref_array *x, int axis);
ref_array ref_tile(ref_array x, int n, const int64_t *reps);
ref_array ref_repeat(ref_array x, int64_t repeats, int axis);
ref_array ref_roll(ref_array x, int64_t shift, int axis);

/* x[i, j] where j - i <= k (upper: >= k), else 0, over the last two axes. */
ref_array ref_triangle(ref_array x, int64_t k, bool upper);

#endif
