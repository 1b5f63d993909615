/* Grids of coordinates. */
#include "ops/op.h"

/* The vectors' lengths; a number counts as a vector of one. False and an error if an input is neither. */
static bool grid_shape(int n, cg_tensor *const *x, cg_dims *shape) {
    *shape = (cg_dims){.rank = n};
    for (int i = 0; i < n; i++) {
        if (x[i]->shape.rank > 1) {
            CG_FAIL(&x[0]->storage->dev->error, CG_ERROR_SHAPE, "meshgrid: input %d is %s: expected a vector",
                    i, CG_SHAPE_STR(&x[i]->shape));
            return false;
        }
        shape->dim[i] = cg_numel(x[i]);
    }
    return true;
}

cg_status cg_meshgrid(int n, cg_tensor *const *x, cg_meshgrid_order order, cg_tensor **out) {
    for (int i = 0; i < n; i++) out[i] = NULL;
    for (int i = 0; i < n; i++)
        if (!x[i]) return CG_ERROR_ARGUMENT;
    if (n < 1) { /* no vectors, no device to keep the error on */
        cg_error *err = cg_error_of_thread();
        *err = (cg_error){0};
        return CG_FAIL(err, CG_ERROR_ARGUMENT, "meshgrid: expected 1 to %d vectors, got %d", CG_MAX_RANK, n);
    }
    cg_device *dev = x[0]->storage->dev;
    if (n > CG_MAX_RANK)
        return CG_FAIL(&dev->error, CG_ERROR_ARGUMENT, "meshgrid: expected 1 to %d vectors, got %d",
                       CG_MAX_RANK, n);
    cg_dims shape;
    if (!cg_op_same_device("meshgrid", dev, n, x) || !grid_shape(n, x, &shape)) return dev->error.code;
    cg_tensor *grid[CG_MAX_RANK];
    for (int i = 0; i < n; i++) {
        cg_dims column = {.rank = n};
        for (int a = 0; a < n; a++) column.dim[a] = a == i ? shape.dim[i] : 1;
        grid[i] = cg_expand(cg_reshape(x[i], column), shape);
        if (order == CG_XY && n > 1) grid[i] = cg_transpose(grid[i], 0, 1);
        if (!grid[i]) return dev->error.code;
    }
    for (int i = 0; i < n; i++) out[i] = grid[i];
    return CG_OK;
}
