/* LU factorization by partial pivoting, and its factors as results. */
#include "linalg/linear_system.h"
#include "linalg/lu.h"
#include "ops/reduction.h"

#include <stdlib.h>

#include "clgrad/sorting.h"

/* --- Factors and permutations ----------------------------------------------------------------------------------- */

static int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

cg_lu_values cg_lu_of(const char *op, cg_tensor *a) {
    cg_lu_values values = {0};
    if (!a) return values;
    const int64_t m = cg_size(a, -2), n = cg_size(a, -1);
    const cg_factor_plan plan = {.op = op, .kind = CG_WORK_LU, .part = {{2, {m, n}}}, .pivots = true};
    const cg_factors f = cg_factor(&plan, a);
    values.lu = cg_factor_result(&plan, f.packed, 0);
    values.pivots = f.pivots;
    values.info = f.info;
    return values;
}

/* The exchanges of `count` matrices carried out on 0, 1, 2, ... */
static void exchange(const int32_t *pivots, int64_t count, int64_t k, int64_t rows, int64_t *p) {
    for (int64_t b = 0; b < count; b++, p += rows, pivots += k) {
        for (int64_t i = 0; i < rows; i++) p[i] = i;
        for (int64_t i = 0; i < k; i++) {
            const int64_t j = pivots[i], other = p[i];
            if (j < i || j >= rows)
                continue; /* not a row: of a backend in error, and no reason to leave memory */
            p[i] = p[j];
            p[j] = other;
        }
    }
}

cg_tensor *cg_lu_permutation(const char *op, cg_tensor *pivots, int64_t rows) {
    if (!pivots) return NULL;
    cg_device *dev = pivots->storage->dev;
    cg_dims shape = pivots->shape;
    const int64_t k = shape.dim[shape.rank - 1];
    int64_t count;
    shape.dim[shape.rank - 1] = rows;
    if (cg_tensor_check(dev, op, CG_I64, &shape, &count)) return NULL;
    count = rows ? count / rows : 0;
    const size_t bytes = (size_t)(count * k) * sizeof(int32_t);
    int32_t *from = malloc(bytes + 1);
    int64_t *to = malloc((size_t)(count * rows) * sizeof *to + 1);
    cg_tensor *p = NULL;
    if (!from || !to)
        CG_FAIL(&dev->error, CG_ERROR_MEMORY, "%s: out of host memory for %lld rows", op,
                (long long)(count * rows));
    else if (bytes == 0 || cg_op_read(op, pivots, from, bytes) == CG_OK) {
        exchange(from, count, k, rows, to);
        p = cg_from_host(dev, CG_I64, shape, to);
    }
    free(from);
    free(to);
    return p;
}

cg_tensor *cg_lu_inverse_permutation(cg_tensor *p) { return cg_argsort(p, -1, false); }

/* p (..., N) as row numbers of x, whose matrices lie behind each other: N is added for each matrix before. */
static cg_tensor *rows_of_stack(cg_tensor *p, const cg_dims *batch, int64_t n) {
    cg_dims shape = *batch;
    shape.dim[shape.rank++] = n;
    const int64_t count = cg_shape_numel(*batch);
    cg_tensor *matrix = cg_reshape(cg_expand(p, shape), cg_shape(count, n));
    cg_tensor *first = cg_arange(p->storage->dev, CG_I64, 0, (double)count * (double)n, (double)n);
    return cg_reshape(cg_add(matrix, cg_unsqueeze(first, 1)), cg_shape(count * n));
}

cg_tensor *cg_lu_rows(cg_tensor *x, cg_tensor *p) {
    if (!x || !p) return NULL;
    const int64_t n = cg_size(x, -2), r = cg_size(x, -1);
    cg_dims each = p->shape, batch;
    each.dim[--each.rank] = 0;
    if (!cg_broadcast_shapes(cg_matmul_batch(x), each, &batch)) return NULL;
    cg_dims shape = batch;
    shape.dim[shape.rank++] = n;
    shape.dim[shape.rank++] = r;
    const int64_t count = cg_shape_numel(batch);
    if (cg_numel(p) == n) /* one permutation for all */
        return cg_reshape(cg_index_select(x, -2, cg_flatten(p, 0, -1)), shape);
    if (n == 0 || r == 0 || count == 0) return cg_expand(x, shape);
    if (cg_numel(x) == n * r) { /* one matrix for all */
        x = cg_reshape(x, cg_shape(n, r));
        return cg_reshape(cg_index_select(x, 0, cg_flatten(p, 0, -1)), shape);
    }
    x = cg_reshape(cg_expand(x, shape), cg_shape(count * n, r));
    return cg_reshape(cg_index_select(x, 0, rows_of_stack(p, &batch, n)), shape);
}

/* --- The gradient ------------------------------------------------------------------------------------------------ */

/* Rows r0.., columns c0.. of matrices. */
static cg_tensor *block(cg_tensor *x, int64_t r0, int64_t r1, int64_t c0, int64_t c1) {
    return cg_slice(cg_slice(x, -2, r0, r1, 1), -1, c0, c1, 1);
}

static cg_tensor *flip(cg_tensor *x) { return cg_transpose(x, -1, -2); }

/* The part of packed factors below the diagonal, with ones on it. */
static cg_tensor *unit_lower(cg_tensor *x) {
    if (!x) return NULL;
    cg_device *dev = x->storage->dev;
    cg_tensor *row = cg_unsqueeze(cg_arange(dev, CG_I64, 0, (double)cg_size(x, -2), 1), 1);
    cg_tensor *diagonal = cg_eq(row, cg_arange(dev, CG_I64, 0, (double)cg_size(x, -1), 1));
    return cg_where(diagonal, 1.0, cg_tril(x, -1));
}

/* L^-T X. */
static cg_tensor *behind_lower(cg_tensor *square, cg_tensor *x) {
    return cg_triangular(square, x, CG_LOWER | CG_UNIT_DIAGONAL | CG_TRANSPOSED);
}

/* X U^-T. */
static cg_tensor *before_upper(cg_tensor *square, cg_tensor *x) {
    return flip(cg_triangular(square, flip(x), CG_UPPER));
}

/*
 * Of A = P L U with L = [L1; L2] and U = [U1 U2], where L1 and U1 are square and at most one of L2 and U2 is there:
 *     dA1 = L1^-T (tril(L1^T gL1 - gU2 U2^T, -1) + triu(gU1 U1^T - L2^T gL2)) U1^-T
 * beside it L1^-T gU2, or below it gL2 U1^-T, and the rows go back to where P took them from.
 */
static void lu_backward(const cg_rule_call *call, cg_tensor **dx) {
    if (call->attributes->i[0]) {
        CG_FAIL(&call->dev->error, CG_ERROR_GRADIENT,
                "lu: no gradient at %s, whose U has a 0 on the diagonal", CG_SHAPE_STR(&call->shape[0]));
        return;
    }
    cg_tensor *g = call->g, *lu = call->out;
    const int64_t m = cg_size(g, -2), n = cg_size(g, -1), k = smaller(m, n);
    cg_tensor *square = block(lu, 0, k, 0, k), *part = block(g, 0, k, 0, k), *other = NULL;
    cg_tensor *below = cg_matmul(flip(unit_lower(square)), cg_tril(part, -1));
    cg_tensor *above = cg_matmul(cg_triu(part, 0), flip(cg_triu(square, 0)));
    if (n > k) {
        other = block(g, 0, k, k, n);
        below = cg_sub(below, cg_matmul(other, flip(block(lu, 0, k, k, n))));
        other = behind_lower(square, other);
    } else if (m > k) {
        other = block(g, k, m, 0, k);
        above = cg_sub(above, cg_matmul(flip(block(lu, k, m, 0, k)), other));
        other = before_upper(square, other);
    }
    cg_tensor *da = behind_lower(square, cg_add(cg_tril(below, -1), cg_triu(above, 0)));
    da = before_upper(square, da);
    if (m != n && !other) return;
    if (other) da = cg_concat(2, (cg_tensor *[]){da, other}, n > k ? -1 : -2);
    dx[0] = cg_lu_rows(da, cg_lu_inverse_permutation(call->x[1]));
}

static const cg_rule lu_rule = {"lu", lu_backward};

/* The packed factors as a function of a. A gradient divides by the diagonal of U: whether it can is found now. */
static cg_tensor *record_factors(const char *op, cg_tensor *a, const cg_lu_values *f, cg_tensor *p) {
    uint8_t singular = 0;
    if (!p) return NULL;
    if (cg_recording(a->storage->dev, 1, &a) && cg_numel(a) > 0 &&
        cg_op_read(op, cg_any(f->info, CG_ALL_AXES, false), &singular, sizeof singular) != CG_OK)
        return NULL;
    cg_tensor *input[] = {a, p};
    return cg_record_op(f->lu, &lu_rule, 2, input, CG_KEEP(1) | CG_KEEP_OUT,
                        &(cg_attributes){.i = {singular}});
}

/* --- What users call ---------------------------------------------------------------------------------------------- */

cg_status cg_lu(cg_tensor *a, cg_tensor **p, cg_tensor **l, cg_tensor **u) {
    if (p) *p = NULL;
    if (l) *l = NULL;
    if (u) *u = NULL;
    if (!a) return CG_ERROR_ARGUMENT;
    cg_device *dev = a->storage->dev;
    cg_tensor *x = cg_factor_matrices("lu", a, false);
    const cg_lu_values f = cg_lu_of("lu", x);
    if (!f.lu) return dev->error.code;
    const int64_t m = cg_size(x, -2), k = smaller(m, cg_size(x, -1));
    cg_tensor *rows = cg_lu_permutation("lu", f.pivots, m), *packed = record_factors("lu", x, &f, rows);
    if (!packed) return dev->error.code;
    /* row i of L U is row rows[i] of a: P has its ones at (rows[i], i) */
    cg_tensor *exchanges = p ? flip(cg_one_hot(rows, m, x->storage->dtype)) : NULL;
    cg_tensor *lower = l ? unit_lower(cg_slice(packed, -1, 0, k, 1)) : NULL;
    cg_tensor *upper = u ? cg_triu(cg_slice(packed, -2, 0, k, 1), 0) : NULL;
    if ((p && !exchanges) || (l && !lower) || (u && !upper)) return dev->error.code;
    if (p) *p = exchanges;
    if (l) *l = lower;
    if (u) *u = upper;
    return CG_OK;
}

cg_status cg_lu_factor(cg_tensor *a, cg_tensor **lu, cg_tensor **p) {
    *lu = *p = NULL;
    if (!a) return CG_ERROR_ARGUMENT;
    cg_device *dev = a->storage->dev;
    cg_tensor *x = cg_factor_matrices("lu_factor", a, true);
    const cg_lu_values f = cg_lu_of("lu_factor", x);
    if (!f.lu || !cg_factor_succeeded("lu_factor", x, f.info, "is singular", true)) return dev->error.code;
    cg_tensor *rows = cg_lu_permutation("lu_factor", f.pivots, cg_size(x, -1)), *input[] = {x, rows};
    cg_tensor *packed = rows ? cg_record_op(f.lu, &lu_rule, 2, input, CG_KEEP(1) | CG_KEEP_OUT, NULL) : NULL;
    if (!packed) return dev->error.code;
    *lu = packed;
    *p = rows;
    return CG_OK;
}
