/* What operations by index share: the check of the index, and the request that picks. */
#ifndef CLGRAD_OPS_INDEX_H
#define CLGRAD_OPS_INDEX_H

#include "ops/op.h"

/* Whether index is i32 or i64 and, for rank >= 0, of that rank; an error naming `op` if not. */
bool cg_index_check(const char *op, const cg_tensor *index, int rank);

/*
 * x picked by index along `axis`: an index (n) for the whole axis, or (along) one for each element, whose shape agrees
 * with x's but for the axis. Out of range gives NaN or 0. Not recorded.
 */
cg_tensor *cg_index_gather(const char *op, cg_tensor *x, int axis, cg_tensor *index, bool along);

/* A copy of x with src added where index says: what gather picks from, in return. Same dtype. Not recorded. */
cg_tensor *cg_index_scatter_add(const char *op, cg_tensor *x, int axis, cg_tensor *index, cg_tensor *src,
                                bool along);

/* g where index is in range for an axis of `length`, else 0: index broadcasts to g. */
cg_tensor *cg_index_in_range(cg_tensor *index, int64_t length, cg_tensor *g);

#endif
