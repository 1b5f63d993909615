#include "tensor/view.h"

#include <string.h>

#include "core/shape.h"

cg_tensor *cg_view_permute(const cg_tensor *x, const int *axes) {
    cg_dims shape = {.rank = x->shape.rank};
    int64_t stride[CG_MAX_RANK] = {0};
    for (int i = 0; i < shape.rank; i++) {
        shape.dim[i] = x->shape.dim[axes[i]];
        stride[i] = x->stride[axes[i]];
    }
    return cg_view(x, &shape, stride, x->offset);
}

cg_tensor *cg_view_expand(const cg_tensor *x, const cg_dims *shape) {
    int64_t stride[CG_MAX_RANK] = {0};
    int shift = shape->rank - x->shape.rank;
    for (int i = 0; i < x->shape.rank; i++)
        stride[i + shift] = x->shape.dim[i] == 1 && shape->dim[i + shift] != 1 ? 0 : x->stride[i];
    return cg_view(x, shape, stride, x->offset);
}

/*
 * Walks both shapes from the last axis. A run of old axes that lie behind each other without gaps
 * (stride[i] = stride[i+1] dim[i+1]) can be cut anew; new axes must fill whole runs.
 */
bool cg_view_reshape_strides(const cg_tensor *x, const cg_dims *shape, int64_t stride[CG_MAX_RANK]) {
    memset(stride, 0, CG_MAX_RANK * sizeof *stride);
    if (cg_is_contiguous(x)) {
        cg_dims_strides(shape, stride);
        return true;
    }
    int old = x->shape.rank - 1, new = shape->rank - 1;
    while (old >= 0) {
        if (x->shape.dim[old] == 1) {
            old--;
            continue;
        }
        int64_t run = x->shape.dim[old], step = x->stride[old];
        for (old--; old >= 0 && (x->shape.dim[old] == 1 || x->stride[old] == run * step); old--)
            run *= x->shape.dim[old];
        int64_t filled = 1;
        for (; new >= 0 && (filled < run || shape->dim[new] == 1); new --) {
            stride[new] = step * filled;
            filled *= shape->dim[new];
        }
        if (filled != run) return false;
    }
    return true;
}
