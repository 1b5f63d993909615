/* Diagonals and triangles of matrices. */
#include "ops/part.h"

#include <string.h>

/* --- diagonal: a view; its gradient writes through the same view ---------------------------------------------- */

enum { AT_OFFSET, AT_ROW, AT_COLUMN };

static cg_tensor *diagonal_with(cg_tensor *x, const cg_attributes *at);

static int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

/* Element j of the new last axis is x[j, j + offset], or x[j - offset, j] for offset < 0. */
static cg_tensor *diagonal_view(const cg_tensor *x, const cg_attributes *at) {
    int64_t offset = at->i[AT_OFFSET];
    int row = (int)at->i[AT_ROW], column = (int)at->i[AT_COLUMN];
    int64_t rows = x->shape.dim[row], columns = x->shape.dim[column];
    int64_t n = offset >= 0 ? smaller(rows, columns - offset) : smaller(rows + offset, columns);
    cg_dims shape = {0};
    int64_t stride[CG_MAX_RANK] = {0}, start = x->offset;
    for (int i = 0; i < x->shape.rank; i++) {
        if (i == row || i == column) continue;
        shape.dim[shape.rank] = x->shape.dim[i];
        stride[shape.rank++] = x->stride[i];
    }
    shape.dim[shape.rank] = n > 0 ? n : 0;
    stride[shape.rank++] = x->stride[row] + x->stride[column];
    if (n > 0) start += offset >= 0 ? offset * x->stride[column] : -offset * x->stride[row];
    return cg_view(x, &shape, stride, start);
}

static void diagonal_scatter_backward(const cg_rule_call *call, cg_tensor **dx) {
    dx[0] = diagonal_with(call->g, call->attributes);
}

static const cg_rule diagonal_scatter_rule = {"diag_embed", diagonal_scatter_backward};

static void diagonal_backward(const cg_rule_call *call, cg_tensor **dx) {
    dx[0] =
        cg_part_scatter(call->g, &call->shape[0], diagonal_view, call->attributes, &diagonal_scatter_rule);
}

static const cg_rule diagonal_rule = {"diagonal", diagonal_backward};

static cg_tensor *diagonal_with(cg_tensor *x, const cg_attributes *at) {
    return cg_record_op(diagonal_view(x, at), &diagonal_rule, 1, &x, CG_KEEP_NOTHING, at);
}

/* Whether x has two axes for the matrices of `op`. */
static bool is_matrix(const char *op, const cg_tensor *x) {
    if (x->shape.rank >= 2) return true;
    CG_FAIL(&x->storage->dev->error, CG_ERROR_SHAPE, "%s: expected two axes or more, got %s", op,
            CG_SHAPE_STR(&x->shape));
    return false;
}

/* Beyond the corners every diagonal is as empty as the one there. */
static int64_t clip(int64_t k, int64_t low, int64_t high) { return k < low ? low : k > high ? high : k; }

cg_tensor *cg_diagonal(cg_tensor *x, int64_t offset, int axis1, int axis2) {
    if (!x || !is_matrix("diagonal", x)) return NULL;
    int a = cg_op_axis("diagonal", x, axis1), b = cg_op_axis("diagonal", x, axis2);
    if (a < 0 || b < 0) return NULL;
    if (a == b) {
        CG_FAIL(&x->storage->dev->error, CG_ERROR_ARGUMENT, "diagonal: axes %d and %d of %s are the same",
                axis1, axis2, CG_SHAPE_STR(&x->shape));
        return NULL;
    }
    return diagonal_with(x, &(cg_attributes){.i = {clip(offset, -x->shape.dim[a], x->shape.dim[b]), a, b}});
}

/* (..., n) -> (..., n + |k|, n + |k|). */
static cg_tensor *embed(const char *op, cg_tensor *x, int64_t k) {
    int last = x->shape.rank - 1;
    cg_device *dev = x->storage->dev;
    cg_dims shape = x->shape;
    int64_t side = 0, numel;
    bool possible = last >= 0 && last + 1 < CG_MAX_RANK && k > INT64_MIN &&
                    !__builtin_add_overflow(shape.dim[last], k < 0 ? -k : k, &side);
    if (!possible) {
        CG_FAIL(&dev->error, CG_ERROR_SHAPE, "%s: %s on diagonal %lld: expected (..., n) of rank 1 to %d", op,
                CG_SHAPE_STR(&x->shape), (long long)k, CG_MAX_RANK - 1);
        return NULL;
    }
    shape.rank++;
    shape.dim[last] = shape.dim[last + 1] = side;
    if (cg_tensor_check(dev, op, x->storage->dtype, &shape, &numel)) return NULL;
    return cg_part_scatter(x, &shape, diagonal_view, &(cg_attributes){.i = {k, last, last + 1}},
                           &diagonal_scatter_rule);
}

cg_tensor *cg_diag_embed(cg_tensor *x, int64_t k) { return x ? embed("diag_embed", x, k) : NULL; }

cg_tensor *cg_diag(cg_tensor *x, int64_t k) {
    if (!x) return NULL;
    if (x->shape.rank == 1) return embed("diag", x, k);
    if (x->shape.rank == 2) return cg_diagonal(x, k, 0, 1);
    CG_FAIL(&x->storage->dev->error, CG_ERROR_SHAPE, "diag: expected a vector or a matrix, got %s",
            CG_SHAPE_STR(&x->shape));
    return NULL;
}

cg_tensor *cg_trace(cg_tensor *x) {
    if (!x || !is_matrix("trace", x)) return NULL;
    return cg_sum(cg_diagonal(x, 0, -2, -1), cg_axes(-1), false);
}

/* --- triangles ------------------------------------------------------------------------------------------------ */

static cg_tensor *triangle(cg_tensor *x, int64_t k, bool upper);

static void tril_backward(const cg_rule_call *call, cg_tensor **dx) {
    dx[0] = triangle(call->g, call->attributes->i[0], false);
}

static void triu_backward(const cg_rule_call *call, cg_tensor **dx) {
    dx[0] = triangle(call->g, call->attributes->i[0], true);
}

static const cg_rule tril_rule = {"tril", tril_backward}, triu_rule = {"triu", triu_backward};

/* The type of x for row and column numbers where it is exact for them, so that all is one program; else i64. */
static cg_dtype counting_type(const cg_tensor *x, int64_t rows, int64_t columns) {
    cg_dtype type = cg_dtype_compute(x->storage->dtype);
    int64_t most = type == CG_F32 ? 1 << 23 : type == CG_I32 ? 1 << 30 : INT64_C(1) << 52;
    return rows < most && columns < most ? type : CG_I64;
}

/* x where column - row <= k (upper: >= k), else 0: kept elements keep their bits, NaN included. */
static cg_tensor *triangle(cg_tensor *x, int64_t k, bool upper) {
    int rank = x->shape.rank;
    int64_t rows = x->shape.dim[rank - 2], columns = x->shape.dim[rank - 1];
    cg_device *dev = x->storage->dev;
    cg_dtype type = counting_type(x, rows, columns);
    cg_tensor *row = cg_unsqueeze(cg_arange(dev, type, 0, (double)rows, 1), 1);
    cg_tensor *distance = cg_sub(cg_arange(dev, type, 0, (double)columns, 1), row);
    cg_tensor *kept = upper ? cg_ge(distance, k) : cg_le(distance, k);
    cg_tensor *out = cg_where(kept, cg_detach(x), cg_zeros(dev, x->storage->dtype, cg_shape()));
    return cg_record_op(out, upper ? &triu_rule : &tril_rule, 1, &x, CG_KEEP_NOTHING,
                        &(cg_attributes){.i = {k}});
}

cg_tensor *cg_tril(cg_tensor *x, int64_t k) {
    if (!x || !is_matrix("tril", x)) return NULL;
    int rank = x->shape.rank;
    return triangle(x, clip(k, -x->shape.dim[rank - 2], x->shape.dim[rank - 1]), false);
}

cg_tensor *cg_triu(cg_tensor *x, int64_t k) {
    if (!x || !is_matrix("triu", x)) return NULL;
    int rank = x->shape.rank;
    return triangle(x, clip(k, -x->shape.dim[rank - 2], x->shape.dim[rank - 1]), true);
}
