/* What the reductions share: axes, the request to the backend, the shape of the result. */
#ifndef CLGRAD_OPS_REDUCTION_H
#define CLGRAD_OPS_REDUCTION_H

#include "ops/op.h"

/* A set of axes as a bit mask over the rank of x; false and an error naming `op` if it is none. */
bool cg_reduction_mask(const char *op, const cg_tensor *x, cg_axis_set axes, unsigned *mask);

/* The shape left when the axes in mask are reduced. */
cg_dims cg_reduction_shape(const cg_dims *shape, unsigned mask, bool keepdims);

/*
 * Reduces x over the axes in mask, computing in `type` (i64 indices for ARGMAX, ARGMIN) and storing `dtype`.
 * A pending x is computed within the reduction. Not recorded.
 */
cg_tensor *cg_reduction(const char *op, cg_reduce_kind kind, cg_tensor *x, cg_dtype type, cg_dtype dtype,
                        unsigned mask, bool keepdims);

/* g of the reduced shape, with the reduced axes put back as length 1: ready to broadcast to x. */
cg_tensor *cg_reduction_unreduce(cg_tensor *g, const cg_dims *shape, unsigned mask);

#endif
