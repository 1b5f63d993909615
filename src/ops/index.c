#include "ops/index.h"

bool cg_index_check(const char *op, const cg_tensor *index, int rank) {
    cg_dtype dtype = index->storage->dtype;
    if ((dtype == CG_I32 || dtype == CG_I64) && (rank < 0 || index->shape.rank == rank)) return true;
    CG_FAIL(&index->storage->dev->error, CG_ERROR_SHAPE, "%s: expected an i32 or i64 index%s, got %s %s", op,
            rank == 1 ? " (n)" : "", cg_dtype_name(dtype), CG_SHAPE_STR(&index->shape));
    return false;
}

cg_tensor *cg_index_gather(const char *op, cg_tensor *x, int axis, cg_tensor *index, bool along) {
    cg_device *dev = x->storage->dev;
    cg_tensor *src = cg_tensor_dense(x), *picks = cg_tensor_dense(index);
    cg_dims shape = x->shape;
    shape.dim[axis] = along ? index->shape.dim[axis] : cg_numel(index);
    cg_tensor *out = cg_tensor_make(dev, op, x->storage->dtype, &shape);
    if (!src || !picks || !out) return NULL;
    cg_gather_request r = {.along = along,
                           .dtype = x->storage->dtype,
                           .axis = x->shape.dim[axis],
                           .n_index = shape.dim[axis],
                           .src = cg_tensor_operand(src),
                           .index = cg_tensor_operand(picks),
                           .out = cg_tensor_operand(out)};
    cg_dims_around(&shape, axis, &r.outer, &r.inner);
    return cg_hw_gather(dev->hw, &r) ? NULL : out;
}

cg_tensor *cg_index_scatter_add(const char *op, cg_tensor *x, int axis, cg_tensor *index, cg_tensor *src,
                                bool along) {
    cg_device *dev = x->storage->dev;
    cg_dtype dtype = x->storage->dtype;
    if (dtype == CG_U8 || dtype == CG_BOOL) {
        CG_FAIL(&dev->error, CG_ERROR_DTYPE, "%s: %s cannot be added to, only f32, f64, i32 and i64", op,
                cg_dtype_name(dtype));
        return NULL;
    }
    cg_tensor *out = cg_clone(cg_detach(x)), *from = cg_tensor_dense(src), *picks = cg_tensor_dense(index);
    if (!out || !from || !picks) return NULL;
    cg_scatter_add_request r = {.along = along,
                                .dtype = dtype,
                                .axis = x->shape.dim[axis],
                                .n_index = src->shape.dim[axis],
                                .src = cg_tensor_operand(from),
                                .index = cg_tensor_operand(picks),
                                .out = cg_tensor_operand(out)};
    cg_dims_around(&x->shape, axis, &r.outer, &r.inner);
    return cg_hw_scatter_add(dev->hw, &r) ? NULL : out;
}

cg_tensor *cg_index_in_range(cg_tensor *index, int64_t length, cg_tensor *g) {
    cg_tensor *inside = cg_mul(cg_ge(index, -length), cg_lt(index, length));
    return g ? cg_where(inside, g, cg_zeros(g->storage->dev, g->storage->dtype, cg_shape())) : NULL;
}
