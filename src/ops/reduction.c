#include "ops/reduction.h"

#include <string.h>

cg_axis_set cg_axes_of(int count, const int *axis) {
    cg_axis_set set = {.count = count};
    if (count > CG_MAX_RANK || count < -1) return (cg_axis_set){.count = CG_MAX_RANK + 1};
    for (int i = 0; i < count; i++) set.axis[i] = axis[i];
    return set;
}

bool cg_reduction_mask(const char *op, const cg_tensor *x, cg_axis_set axes, unsigned *mask) {
    *mask = 0;
    if (axes.count == -1) {
        *mask = (1u << x->shape.rank) - 1;
        return true;
    }
    for (int i = 0; i < axes.count; i++) {
        int a = axes.count <= CG_MAX_RANK ? cg_axis_normalize(axes.axis[i], x->shape.rank) : -1;
        if (a >= 0 && !(*mask & (1u << a))) {
            *mask |= 1u << a;
            continue;
        }
        CG_FAIL(&x->storage->dev->error, CG_ERROR_ARGUMENT,
                "%s: axis %d is out of range or named twice for shape %s", op,
                axes.count <= CG_MAX_RANK ? axes.axis[i] : axes.count, CG_SHAPE_STR(&x->shape));
        return false;
    }
    return true;
}

cg_axis_set cg_reduction_axes(unsigned mask) {
    cg_axis_set axes = {0};
    for (int i = 0; i < CG_MAX_RANK; i++)
        if (mask & (1u << i)) axes.axis[axes.count++] = i;
    return axes;
}

int64_t cg_reduction_count(const cg_dims *shape, unsigned mask) {
    int64_t n = 1;
    for (int i = 0; i < shape->rank; i++)
        if (mask & (1u << i)) n *= shape->dim[i];
    return n;
}

bool cg_reduction_not_empty(const char *op, const cg_tensor *x, unsigned mask) {
    for (int i = 0; i < x->shape.rank; i++) {
        if (!(mask & (1u << i)) || x->shape.dim[i] > 0) continue;
        CG_FAIL(&x->storage->dev->error, CG_ERROR_SHAPE, "%s: no elements along axis %d of shape %s", op, i,
                CG_SHAPE_STR(&x->shape));
        return false;
    }
    return true;
}

cg_dims cg_reduction_shape(const cg_dims *shape, unsigned mask, bool keepdims) {
    cg_dims out = {0};
    for (int i = 0; i < shape->rank; i++) {
        if (!(mask & (1u << i)))
            out.dim[out.rank++] = shape->dim[i];
        else if (keepdims)
            out.dim[out.rank++] = 1;
    }
    return out;
}

int cg_reduction_order(const cg_dims *shape, unsigned mask, int order[CG_MAX_RANK]) {
    int kept = 0;
    for (int i = 0; i < shape->rank; i++)
        if (!(mask & (1u << i))) order[kept++] = i;
    int n = kept;
    for (int i = 0; i < shape->rank; i++)
        if (mask & (1u << i)) order[n++] = i;
    return kept;
}

static void reorder(const cg_dims *shape, const int *order, const cg_fused *source, cg_reduce_request *r) {
    for (int i = 0; i < shape->rank; i++) r->shape[i] = shape->dim[order[i]];
    for (int j = 0; j < source->program.n_inputs; j++) {
        r->in[j] = source->in[j];
        for (int i = 0; i < shape->rank; i++) r->in[j].stride[i] = source->in[j].stride[order[i]];
    }
    memcpy(r->consts, source->consts, sizeof r->consts);
}

/* Elements that meet in one result and are neighbours in row-major order. */
static int64_t run_of(const cg_dims *shape, unsigned mask) {
    int64_t run = 1;
    for (int i = shape->rank - 1; i >= 0 && (shape->dim[i] == 1 || mask >> i & 1); i--) run *= shape->dim[i];
    return run;
}

cg_tensor *cg_reduction(const char *op, cg_reduce_kind kind, cg_tensor *x, cg_dtype type, cg_dtype dtype,
                        unsigned mask, bool keepdims) {
    cg_device *dev = x->storage->dev;
    cg_fused source;
    if (cg_fuse(x, type, &source)) return NULL;
    cg_dims shape = cg_reduction_shape(&x->shape, mask, keepdims);
    cg_tensor *out = cg_tensor_make(dev, op, dtype, &shape);
    if (!out) return NULL;
    cg_reduce_request r = {.kind = kind, .program = &source.program, .rank = x->shape.rank};
    int order[CG_MAX_RANK];
    r.n_kept = cg_reduction_order(&x->shape, mask, order);
    reorder(&x->shape, order, &source, &r);
    if (source.program.n_instrs > 0) r.run = run_of(&x->shape, mask); /* as if its elements were stored */
    r.out = (cg_operand){.buffer = out->storage->buffer, .dtype = dtype};
    cg_dims kept = cg_reduction_shape(&x->shape, mask, false);
    cg_dims_strides(&kept, r.out.stride);
    return cg_hw_reduce(dev->hw, &r) ? NULL : out;
}

cg_tensor *cg_reduction_unreduce(cg_tensor *g, const cg_dims *shape, unsigned mask) {
    return cg_reshape(g, cg_reduction_shape(shape, mask, true));
}

cg_scope *cg_values_begin(cg_device *dev) {
    cg_scope *scope = cg_scope_begin(dev);
    if (!scope) return NULL;
    cg_no_grad_begin(dev);
    dev->unwatched++;
    return scope;
}

cg_tensor *cg_values_end(cg_scope *scope, cg_tensor *result) {
    if (!scope) return NULL;
    cg_device *dev = scope->dev;
    cg_no_grad_end(dev);
    dev->unwatched--;
    return cg_scope_hand_over(scope, result);
}
