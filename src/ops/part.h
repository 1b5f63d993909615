/*
 * Results that are put together from parts: a new tensor, and views of it that take their values one by one.
 * What pads, joins, or undoes a view is made of these.
 */
#ifndef CLGRAD_OPS_PART_H
#define CLGRAD_OPS_PART_H

#include "ops/op.h"

/* A new tensor full of `value`, with memory. */
cg_tensor *cg_part_fill(cg_device *dev, cg_dtype dtype, const cg_dims *shape, double value);

/*
 * Writes x into `part`, a view of a new tensor, of x's shape: one launch, in which a pending x is computed and
 * converted. Not recorded.
 */
cg_status cg_part_write(cg_tensor *part, cg_tensor *x);

/* The view of x that the attributes describe. */
typedef cg_tensor *cg_part_view(const cg_tensor *x, const cg_attributes *at);

/* Zeros of `shape` with g written where the view is: the gradient of a view, whose own gradient is `rule`. */
cg_tensor *cg_part_scatter(cg_tensor *g, const cg_dims *shape, cg_part_view *view, const cg_attributes *at,
                           const cg_rule *rule);

#endif
