/* Rows picked by index, and labels as rows of zeros and ones. */
#include "clgrad/linalg.h"
#include "ops/op.h"

cg_tensor *cg_one_hot(cg_tensor *labels, int64_t classes, cg_dtype dtype) {
    if (!labels) return NULL;
    cg_device *dev = labels->storage->dev;
    if (labels->shape.rank != 1 || cg_dtype_is_float(labels->storage->dtype) || classes < 0) {
        CG_FAIL(&dev->error, CG_ERROR_SHAPE,
                "one_hot: expected integer labels (N) and classes >= 0, got %s %s and %lld",
                cg_dtype_name(labels->storage->dtype), CG_SHAPE_STR(&labels->shape), (long long)classes);
        return NULL;
    }
    cg_tensor *classes_row = cg_arange(dev, CG_I64, 0, (double)classes, 1);
    return cg_cast(cg_eq(cg_unsqueeze(labels, 1), classes_row), dtype);
}

/* x (.., A, ..) picked by index (n): dx = one_hot(index, A)^T g, with the axis in front. */
static void index_select_backward(const cg_rule_call *call, cg_tensor **dx) {
    int axis = (int)call->attributes->i[0];
    int64_t length = call->shape[0].dim[axis];
    cg_tensor *index = cg_where(cg_lt(call->x[1], 0), cg_add(call->x[1], length), call->x[1]);
    cg_tensor *pick = cg_one_hot(index, length, call->dtype[0]);
    cg_tensor *g = cg_transpose(call->g, 0, axis);
    cg_dims front = cg_shape_get(g);
    cg_tensor *flat = cg_reshape(g, cg_shape(cg_size(g, 0), cg_size(g, 0) ? cg_numel(g) / cg_size(g, 0) : 0));
    front.dim[0] = length;
    dx[0] = cg_transpose(cg_reshape(cg_matmul(cg_transpose(pick, 0, 1), flat), front), 0, axis);
}

static const cg_rule index_select_rule = {"index_select", index_select_backward};

static bool check_index(const cg_tensor *x, const cg_tensor *index) {
    cg_dtype dtype = index->storage->dtype;
    if (index->shape.rank == 1 && (dtype == CG_I32 || dtype == CG_I64)) return true;
    CG_FAIL(&x->storage->dev->error, CG_ERROR_SHAPE,
            "index_select: expected an i32 or i64 index (n), got %s %s", cg_dtype_name(dtype),
            CG_SHAPE_STR(&index->shape));
    return false;
}

static cg_tensor *gather(cg_tensor *x, int axis, cg_tensor *index) {
    cg_device *dev = x->storage->dev;
    cg_tensor *src = cg_tensor_dense(x), *picks = cg_tensor_dense(index);
    cg_dims shape = x->shape;
    shape.dim[axis] = cg_numel(index);
    cg_tensor *out = cg_tensor_make(dev, "index_select", x->storage->dtype, &shape);
    if (!src || !picks || !out) return NULL;
    cg_gather_request r = {.dtype = x->storage->dtype,
                           .outer = 1,
                           .axis = x->shape.dim[axis],
                           .inner = 1,
                           .n_index = shape.dim[axis],
                           .src = cg_tensor_operand(src),
                           .index = cg_tensor_operand(picks),
                           .out = cg_tensor_operand(out)};
    for (int i = 0; i < axis; i++) r.outer *= shape.dim[i];
    for (int i = axis + 1; i < shape.rank; i++) r.inner *= shape.dim[i];
    return cg_hw_gather(dev->hw, &r) ? NULL : out;
}

cg_tensor *cg_index_select(cg_tensor *x, int axis, cg_tensor *index) {
    if (!x || !index || !cg_op_same_device("index_select", x->storage->dev, 1, &index) ||
        !check_index(x, index))
        return NULL;
    int a = cg_op_axis("index_select", x, axis);
    if (a < 0) return NULL;
    cg_tensor *input[] = {x, index};
    return cg_record_op(gather(x, a, index), &index_select_rule, 2, input, CG_KEEP(1),
                        &(cg_attributes){.i = {a}});
}
