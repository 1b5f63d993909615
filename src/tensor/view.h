/* Views as pure geometry: shape, strides, offset. The operations in src/ops/views.c check, record and name them. */
#ifndef CLGRAD_TENSOR_VIEW_H
#define CLGRAD_TENSOR_VIEW_H

#include "tensor/context.h"

/* A view of x's storage with another geometry. */
static inline cg_tensor *cg_view(const cg_tensor *x, const cg_dims *shape, const int64_t *stride,
                                 int64_t offset) {
    return cg_tensor_new(x->storage, shape, stride, offset);
}

/* x with the axes in the order axes[]; a permutation. */
cg_tensor *cg_view_permute(const cg_tensor *x, const int *axes);

/* x broadcast to shape, which x's shape must broadcast to. */
cg_tensor *cg_view_expand(const cg_tensor *x, const cg_dims *shape);

/* Strides that show x's elements, row-major, in another shape of the same size; false if only a copy can. */
bool cg_view_reshape_strides(const cg_tensor *x, const cg_dims *shape, int64_t stride[CG_MAX_RANK]);

#endif
