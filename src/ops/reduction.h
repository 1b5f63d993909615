/* What the reductions share: axes, the request to the backend, the shape of the result. */
#ifndef CLGRAD_OPS_REDUCTION_H
#define CLGRAD_OPS_REDUCTION_H

#include "ops/op.h"

/* A set of axes as a bit mask over the rank of x; false and an error naming `op` if it is none. */
bool cg_reduction_mask(const char *op, const cg_tensor *x, cg_axis_set axes, unsigned *mask);

/* The mask as a set of axes. */
cg_axis_set cg_reduction_axes(unsigned mask);

/* The shape left when the axes in mask are reduced. */
cg_dims cg_reduction_shape(const cg_dims *shape, unsigned mask, bool keepdims);

/* The number of elements behind each result. */
int64_t cg_reduction_count(const cg_dims *shape, unsigned mask);

/* order: the kept axes, then the reduced ones; returns how many are kept. */
int cg_reduction_order(const cg_dims *shape, unsigned mask, int order[CG_MAX_RANK]);

/* Whether there is something to choose from; an error naming `op` if not. */
bool cg_reduction_not_empty(const char *op, const cg_tensor *x, unsigned mask);

/*
 * Reduces x over the axes in mask, computing in `type` (i64 indices for ARGMAX, ARGMIN) and storing `dtype`.
 * A pending x is computed within the reduction. Not recorded.
 */
cg_tensor *cg_reduction(const char *op, cg_reduce_kind kind, cg_tensor *x, cg_dtype type, cg_dtype dtype,
                        unsigned mask, bool keepdims);

/* g of the reduced shape, with the reduced axes put back as length 1: ready to broadcast to x. */
cg_tensor *cg_reduction_unreduce(cg_tensor *g, const cg_dims *shape, unsigned mask);

/*
 * The values of an operation that is computed as a composition but has a rule of its own: between the two
 * nothing is recorded, and the temporaries go at the end. `result` stays pending if it is.
 */
cg_scope *cg_values_begin(cg_device *dev);
cg_tensor *cg_values_end(cg_scope *scope, cg_tensor *result);

/*
 * x less its mean over the axes in mask, x real. The mean is taken of the distances to the first element and kept
 * as a sum of two numbers, so that a mean that is large beside the deviations costs no digits:
 *     mean = x0 + mean(x - x0) = m + r,   d = (x - m) - r,   |error of d| <= 2 u |d| + (log2 n + 4) u mean|x - x0|
 * Equal elements give exactly 0. Gradient g - mean(g), the same projection.
 */
cg_tensor *cg_centred(cg_tensor *x, unsigned mask);

/* `values`, which are x less its mean however they were computed, as a function of x. */
cg_tensor *cg_centred_record(cg_tensor *values, cg_tensor *x, unsigned mask);

/* m and r of above, keepdims. x has elements. Not recorded. */
void cg_centre_parts(cg_tensor *x, unsigned mask, cg_tensor **m, cg_tensor **lost);

/* The mean m of above, keepdims; equal elements give exactly themselves. x has elements. Not recorded. */
cg_tensor *cg_centre(cg_tensor *x, unsigned mask);

#endif
