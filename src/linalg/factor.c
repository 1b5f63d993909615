#include "linalg/factor.h"

#include <stdlib.h>

/* --- Stacks of matrices ------------------------------------------------------------------------------------- */

cg_tensor *cg_factor_matrices(const char *op, cg_tensor *x, bool square) {
    if (!x) return NULL;
    const int rank = x->shape.rank;
    if (rank < 2 || (square && x->shape.dim[rank - 2] != x->shape.dim[rank - 1])) {
        CG_FAIL(&x->storage->dev->error, CG_ERROR_SHAPE, "%s: expected %s, got %s", op,
                square ? "square matrices (..., N, N)" : "matrices (..., M, N)", CG_SHAPE_STR(&x->shape));
        return NULL;
    }
    return cg_op_real(x);
}

cg_dims cg_factor_shape(const cg_tensor *matrices, int rank, const int64_t *dim) {
    cg_dims shape = cg_matmul_batch(matrices);
    for (int i = 0; i < rank; i++) shape.dim[shape.rank++] = dim[i];
    return shape;
}

static int64_t part_numel(const cg_factor_part *part) {
    int64_t n = part->rank > 0;
    for (int i = 0; i < part->rank; i++) n *= part->dim[i];
    return n;
}

/* Where part j begins in the packed elements of a matrix; j = CG_FACTORS gives their number. */
static int64_t part_offset(const cg_factor_plan *plan, int j) {
    int64_t offset = 0;
    for (int i = 0; i < j; i++) offset += part_numel(&plan->part[i]);
    return offset;
}

/* --- Factoring ------------------------------------------------------------------------------------------------ */

static cg_factor_request request_of(const cg_factor_plan *plan, const cg_tensor *a, const cg_factors *f) {
    cg_factor_request r = {
        .dtype = a->storage->dtype, .full = plan->full, .m = cg_size(a, -2), .n = cg_size(a, -1)};
    const int64_t total = part_offset(plan, CG_FACTORS);
    r.batch = f->info->storage->numel;
    r.a = cg_tensor_operand(a);
    r.info = cg_tensor_operand(f->info);
    for (int j = 0; j < CG_FACTORS; j++) {
        if (plan->part[j].rank == 0) continue;
        r.out[j] = (cg_operand){.buffer = f->packed->storage->buffer,
                                .dtype = r.dtype,
                                .offset = part_offset(plan, j),
                                .stride = {total}};
    }
    if (f->pivots) {
        r.out[1] = cg_tensor_operand(f->pivots);
        r.out[1].stride[0] = r.m < r.n ? r.m : r.n;
    }
    return r;
}

cg_factors cg_factor(const cg_factor_plan *plan, cg_tensor *a) {
    cg_tensor *dense = a ? cg_tensor_dense(a) : NULL;
    cg_factors f = {0};
    if (!dense) return f;
    cg_device *dev = a->storage->dev;
    const int64_t total = part_offset(plan, CG_FACTORS), m = cg_size(a, -2), n = cg_size(a, -1),
                  k = m < n ? m : n;
    const cg_dims shape = cg_factor_shape(a, 1, &total), scalar = cg_matmul_batch(a),
                  vector = cg_factor_shape(a, 1, &k);
    cg_tensor *packed = cg_tensor_make(dev, plan->op, a->storage->dtype, &shape);
    f.packed = packed;
    f.info = cg_tensor_make(dev, plan->op, CG_I32, &scalar);
    if (plan->pivots) f.pivots = cg_tensor_make(dev, plan->op, CG_I32, &vector);
    f.packed = NULL;
    if (!packed || !f.info || (plan->pivots && !f.pivots)) return f;
    f.packed = packed;
    const cg_factor_request r = request_of(plan, dense, &f);
    if (cg_hw_factor(dev->hw, plan->kind, &r)) f.packed = NULL;
    return f;
}

cg_tensor *cg_factor_result(const cg_factor_plan *plan, cg_tensor *packed, int j) {
    if (!packed) return NULL;
    const int64_t begin = part_offset(plan, j);
    cg_dims shape = packed->shape;
    shape.rank--;
    for (int i = 0; i < plan->part[j].rank; i++) shape.dim[shape.rank++] = plan->part[j].dim[i];
    return cg_reshape(cg_slice(packed, -1, begin, begin + part_numel(&plan->part[j]), 1), shape);
}

/* --- What went wrong ------------------------------------------------------------------------------------------- */

bool cg_factor_succeeded(const char *op, const cg_tensor *a, cg_tensor *info, const char *what,
                         bool has_row) {
    cg_device *dev = a->storage->dev;
    const int64_t n = info->storage->numel;
    /* Nothing was factored: no matrices, or matrices without elements. */
    if (n == 0 || cg_size(a, -1) == 0 || cg_size(a, -2) == 0) return true;
    int32_t *host = malloc((size_t)n * sizeof *host);
    if (!host) {
        CG_FAIL(&dev->error, CG_ERROR_MEMORY, "%s: out of host memory for %lld numbers", op, (long long)n);
        return false;
    }
    bool good = cg_op_read(op, info, host, (size_t)n * sizeof *host) == CG_OK;
    for (int64_t i = 0; i < n && good; i++) {
        if (host[i] == 0) continue;
        good = false;
        char which[32] = "", where[32] = "";
        if (n > 1) snprintf(which, sizeof which, "matrix %lld of ", (long long)i);
        if (has_row) snprintf(where, sizeof where, ", found in row %d", (int)host[i] - 1);
        CG_FAIL(&dev->error, CG_ERROR_ARGUMENT, "%s: %s%s %s%s", op, which, CG_SHAPE_STR(&a->shape), what,
                where);
    }
    free(host);
    return good;
}
