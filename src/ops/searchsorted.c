/* Places in sorted rows. */
#include "ops/order.h"

static bool check_rows(const cg_tensor *sorted, const cg_tensor *values) {
    int rank = sorted->shape.rank;
    bool fits = rank == 1 || (rank > 1 && rank == values->shape.rank);
    for (int i = 0; fits && i < rank - 1; i++) fits = sorted->shape.dim[i] == values->shape.dim[i];
    if (fits) return true;
    CG_FAIL(&sorted->storage->dev->error, CG_ERROR_SHAPE,
            "searchsorted: expected sorted (n), or (..., n) with values (..., m), got %s and %s",
            CG_SHAPE_STR(&sorted->shape), CG_SHAPE_STR(&values->shape));
    return false;
}

cg_tensor *cg_searchsorted(cg_tensor *sorted, cg_tensor *values, bool right) {
    if (!sorted || !values || !cg_op_same_device("searchsorted", sorted->storage->dev, 1, &values) ||
        !check_rows(sorted, values))
        return NULL;
    cg_dtype dtype = cg_dtype_compute(cg_dtype_promote(sorted->storage->dtype, values->storage->dtype));
    cg_tensor *rows = cg_op_cast(sorted, dtype), *v = cg_op_cast(values, dtype);
    return rows && v ? cg_order_search("searchsorted", rows, v, right) : NULL;
}
