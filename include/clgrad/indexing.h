/* Elements picked and placed by index or by mask. */
#ifndef CLGRAD_INDEXING_H
#define CLGRAD_INDEXING_H

#include "tensor.h"

CG_BEGIN_DECLS

/*
 * x[index[0]], x[index[1]], ... along `axis`; index is (n) i32 or i64, negative ones count from the end.
 * Shape: that axis becomes n. Gradient to x. An index out of range gives NaN (0 for integers): the device
 * does not report back.
 */
CG_API cg_tensor *cg_index_select(cg_tensor *x, int axis, cg_tensor *index);

/* (N) integers -> (N, classes): 1 where the label says so, else 0; a label out of range gives a row of 0. */
CG_API cg_tensor *cg_one_hot(cg_tensor *labels, int64_t classes, cg_dtype dtype);

CG_END_DECLS
#endif
