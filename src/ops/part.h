/*
 * Results that are put together from parts: a new tensor, and views of it that take their values one by one.
 * What pads, joins, or undoes a view is made of these two.
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

#endif
