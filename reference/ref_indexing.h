/*
 * Picking and placing by index, from the definitions. An index is a ref_array of whole numbers, negative ones from the
 * end; out of range picks NaN, and adds nothing.
 */
#ifndef CLGRAD_REFERENCE_REF_INDEXING_H
#define CLGRAD_REFERENCE_REF_INDEXING_H

#include "reference/ref_array.h"

/* Along an axis by an index (n). */
ref_array ref_index_select(ref_array x, int axis, ref_array index);

/* Rows of a matrix: x (V, D), index (..) -> (.., D). */
ref_array ref_embedding(ref_array x, ref_array index);

/* Row-major places, in the shape of index. */
ref_array ref_take(ref_array x, ref_array index);

/* An index for each element; x and index broadcast but for the axis. */
ref_array ref_take_along(ref_array x, ref_array index, int axis);

/* x with src added at an index (n) along the axis. */
ref_array ref_index_add(ref_array x, int axis, ref_array index, ref_array src);

/* x with src added at an index for each element. */
ref_array ref_scatter_add(ref_array x, ref_array index, ref_array src, int axis);

/* Row-major, those of x where mask is not 0; both of one shape. */
ref_array ref_masked_select(ref_array x, ref_array mask);

/* (count, rank): the indices of what is not 0. */
ref_array ref_nonzero(ref_array x);

/* (.., classes). */
ref_array ref_one_hot(ref_array labels, int64_t classes);

#endif
