/* What every operation needs: checks that name it, and the record. */
#ifndef CLGRAD_OPS_OP_H
#define CLGRAD_OPS_OP_H

#include "autograd/tape.h"
#include "clgrad/activations.h"
#include "clgrad/indexing.h"
#include "clgrad/manipulation.h"
#include "clgrad/ops.h"
#include "clgrad/reduce.h"
#include "clgrad/special.h"
#include "core/shape.h"
#include "tensor/deferral.h"
#include "tensor/view.h"

/* axis of x as 0..rank-1; -1 and an error naming `op` if there is no such axis. */
int cg_op_axis(const char *op, const cg_tensor *x, int axis);

/* Whether all tensors (NULL is none) live on dev; an error naming `op` if not. */
bool cg_op_same_device(const char *op, cg_device *dev, int n, cg_tensor *const *x);

/*
 * The elements of a contiguous x on the host, for an operation that cannot go on without them (the size of its
 * result, say). This is a round trip: counted, shown in the table of operations, and an error under CLGRAD_CHECK=2.
 */
cg_status cg_op_read(const char *op, cg_tensor *x, void *data, size_t bytes);

/* x as f32 or f64: itself, or converted to f32. */
cg_tensor *cg_op_real(cg_tensor *x);

/* x converted to the real dtype `dtype`. */
static inline cg_tensor *cg_op_cast(cg_tensor *x, cg_dtype dtype) {
    return x && x->storage->dtype == dtype ? x : cg_cast(x, dtype);
}

#endif
