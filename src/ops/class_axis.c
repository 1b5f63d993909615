/* Predictions of classes as rows, and their labels: what the losses of many classes check and rearrange. */
#include "ops/losses.h"

static bool check_shape(const char *op, const cg_tensor *x, cg_class_rows *rows) {
    int axis = x->shape.rank == 1 ? 0 : 1;
    rows->classes = x->shape.rank ? x->shape.dim[axis] : 0;
    rows->samples = cg_shape();
    for (int i = 0; i < x->shape.rank; i++)
        if (i != axis) rows->samples.dim[rows->samples.rank++] = x->shape.dim[i];
    if (rows->classes > 0) return true;
    CG_FAIL(&x->storage->dev->error, CG_ERROR_SHAPE,
            "%s: expected predictions (N, C) or (N, C, ...) with at least one class, got %s", op,
            CG_SHAPE_STR(&x->shape));
    return false;
}

static bool check_options(const char *op, const cg_tensor *x, const cg_cross_entropy_options *options,
                          int64_t classes) {
    cg_device *dev = x->storage->dev;
    cg_tensor *weight = options->weight;
    if (!(options->smoothing >= 0 && options->smoothing <= 1)) {
        CG_FAIL(&dev->error, CG_ERROR_ARGUMENT, "%s: smoothing is between 0 and 1, not %g", op,
                options->smoothing);
        return false;
    }
    if (!weight) return true;
    if (!cg_op_same_device(op, dev, 1, &weight)) return false;
    if (weight->shape.rank == 1 && weight->shape.dim[0] == classes) return true;
    CG_FAIL(&dev->error, CG_ERROR_SHAPE, "%s: expected a weight (%lld,) for the classes of %s, got %s", op,
            (long long)classes, CG_SHAPE_STR(&x->shape), CG_SHAPE_STR(&weight->shape));
    return false;
}

bool cg_class_rows_of(const char *op, cg_tensor *x, const cg_cross_entropy_options *options,
                      cg_class_rows *rows) {
    *rows = (cg_class_rows){0};
    if (!check_shape(op, x, rows) || !check_options(op, x, options, rows->classes)) return false;
    x = cg_op_real(x);
    rows->x = x ? cg_class_rows_like(x) : NULL;
    if (rows->x && options->weight) rows->weight = cg_op_cast(options->weight, x->storage->dtype);
    return rows->x && (rows->weight || !options->weight);
}

cg_tensor *cg_class_rows_like(cg_tensor *x) {
    if (x->shape.rank == 1) return cg_unsqueeze(x, 0);
    if (x->shape.rank == 2) return x;
    int order[CG_MAX_RANK] = {0}, last = x->shape.rank - 1;
    for (int i = 1; i < last; i++) order[i] = i + 1;
    order[last] = 1;
    int64_t classes = x->shape.dim[1];
    return cg_reshape(cg_permute(x, order), cg_shape(cg_numel(x) / classes, classes));
}

cg_tensor *cg_class_labels(const char *op, const cg_tensor *x, const cg_class_rows *rows, cg_tensor *labels) {
    cg_error *err = &x->storage->dev->error;
    if (!cg_op_same_device(op, x->storage->dev, 1, &labels)) return NULL;
    if (!cg_dims_equal(&labels->shape, &rows->samples)) {
        CG_FAIL(err, CG_ERROR_SHAPE, "%s: expected labels %s for predictions %s, got %s", op,
                CG_SHAPE_STR(&rows->samples), CG_SHAPE_STR(&x->shape), CG_SHAPE_STR(&labels->shape));
        return NULL;
    }
    cg_dtype dtype = labels->storage->dtype;
    if (cg_dtype_is_float(dtype) || dtype == CG_BOOL) {
        CG_FAIL(err, CG_ERROR_DTYPE, "%s: labels are u8, i32 or i64, not %s", op, cg_dtype_name(dtype));
        return NULL;
    }
    return cg_reshape(labels, cg_shape(cg_numel(labels)));
}
