/* Layer, RMS and group norm: rows of neighbouring elements that share a mean. */
#include "ops/standardize.h"

/* x as (rows, columns) of the last n_axes axes; NULL with an error if there are not as many. */
static cg_tensor *as_rows(const char *op, cg_tensor *x, int n_axes) {
    if (n_axes < 1 || n_axes > x->shape.rank) {
        CG_FAIL(&x->storage->dev->error, CG_ERROR_ARGUMENT, "%s: expected 1 to %d axes of %s, got %d", op,
                x->shape.rank, CG_SHAPE_STR(&x->shape), n_axes);
        return NULL;
    }
    int64_t rows = 1, columns = 1;
    for (int i = 0; i < x->shape.rank; i++)
        *(i < x->shape.rank - n_axes ? &rows : &columns) *= x->shape.dim[i];
    return cg_reshape(cg_op_real(x), cg_shape(rows, columns));
}

/* A weight or bias of the shape of x's last n_axes axes, or NULL, as (columns). False with an error. */
static bool fits_rows(const char *op, const char *what, cg_tensor *x, int n_axes, cg_dtype dtype,
                      cg_tensor **w) {
    if (!*w) return true;
    cg_dims wanted = cg_shape_of(n_axes, x->shape.dim + x->shape.rank - n_axes);
    if (!cg_dims_equal(&(*w)->shape, &wanted)) {
        CG_FAIL(&x->storage->dev->error, CG_ERROR_SHAPE, "%s: expected %s of shape %s for x %s, got %s", op,
                what, CG_SHAPE_STR(&wanted), CG_SHAPE_STR(&x->shape), CG_SHAPE_STR(&(*w)->shape));
        return false;
    }
    *w = cg_reshape(cg_op_cast(*w, dtype), cg_shape(cg_numel(*w)));
    return *w != NULL;
}

static cg_tensor *norm_of_rows(cg_standardizing how, cg_tensor *x, int n_axes, cg_tensor *weight,
                               cg_tensor *bias) {
    cg_tensor *operand[] = {weight, bias};
    if (!x || !cg_op_same_device(how.op, x->storage->dev, 2, operand) ||
        !cg_check_epsilon(how.op, x, how.epsilon))
        return NULL;
    cg_tensor *rows = as_rows(how.op, x, n_axes);
    if (!rows || !fits_rows(how.op, "a weight", x, n_axes, rows->storage->dtype, &weight) ||
        !fits_rows(how.op, "a bias", x, n_axes, rows->storage->dtype, &bias))
        return NULL;
    how.mask = 1u << 1;
    return cg_reshape(cg_standardize(&how, rows, weight, bias, NULL), x->shape);
}

cg_tensor *cg_layer_norm(cg_tensor *x, int n_axes, cg_tensor *weight, cg_tensor *bias, double epsilon) {
    cg_standardizing how = {.op = "layer_norm", .centre = true, .epsilon = epsilon};
    return norm_of_rows(how, x, n_axes, weight, bias);
}

cg_tensor *cg_rms_norm(cg_tensor *x, int n_axes, cg_tensor *weight, double epsilon) {
    cg_standardizing how = {.op = "rms_norm", .epsilon = epsilon};
    return norm_of_rows(how, x, n_axes, weight, NULL);
}
