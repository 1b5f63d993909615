/* Rows of a table by number. */
#include "clgrad/autograd.h"
#include "ops/index.h"

static bool check_embedding(const cg_tensor *weight, const cg_tensor *index, int64_t padding) {
    cg_error *err = &weight->storage->dev->error;
    cg_dtype dtype = index->storage->dtype;
    if (weight->shape.rank != 2 || (dtype != CG_I32 && dtype != CG_I64) || index->shape.rank == CG_MAX_RANK) {
        CG_FAIL(err, CG_ERROR_SHAPE,
                "embedding: expected weight (V, D) and an index i32 or i64 of rank 0 to %d, got %s and %s %s",
                CG_MAX_RANK - 1, CG_SHAPE_STR(&weight->shape), cg_dtype_name(dtype),
                CG_SHAPE_STR(&index->shape));
        return false;
    }
    int64_t count = weight->shape.dim[0];
    if (padding == CG_NO_PADDING || (padding >= -count && padding < count)) return true;
    CG_FAIL(err, CG_ERROR_ARGUMENT, "embedding: padding %lld is no row of weight %s", (long long)padding,
            CG_SHAPE_STR(&weight->shape));
    return false;
}

/* The same rows, but no gradient passes where the index (n) is that of the padding, counted from either end. */
static cg_tensor *without_padding(cg_tensor *rows, cg_tensor *index, int64_t count, int64_t padding) {
    int64_t row = padding < 0 ? padding + count : padding;
    cg_tensor *is_padding = cg_logical_or(cg_eq(index, row), cg_eq(index, row - count));
    return cg_where(cg_unsqueeze(is_padding, -1), cg_detach(rows), rows);
}

cg_tensor *cg_embedding(cg_tensor *weight, cg_tensor *index, int64_t padding) {
    if (!weight || !index || !cg_op_same_device("embedding", weight->storage->dev, 1, &index) ||
        !check_embedding(weight, index, padding))
        return NULL;
    cg_tensor *flat = cg_reshape(index, cg_shape(cg_numel(index)));
    cg_tensor *rows = cg_index_select(weight, 0, flat);
    if (padding != CG_NO_PADDING) rows = without_padding(rows, flat, weight->shape.dim[0], padding);
    cg_dims shape = index->shape;
    shape.dim[shape.rank++] = weight->shape.dim[1];
    return cg_reshape(rows, shape);
}
