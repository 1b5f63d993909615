/* Matrix products and the affine map. */
#include "ops/matmul.h"

#include <string.h>

#include "core/rows.h"
#include "tensor/deferred_product.h"

/* --- the request ------------------------------------------------------------------------------------------ */

/* The matrices of x, whose batch axes are broadcast to `batch` axes in front. x must not be pending. */
static cg_matrix matrix_of(const cg_tensor *x, const cg_dims *batch) {
    int rank = x->shape.rank, lead = rank - 2;
    cg_matrix m = {.buffer = x->storage->buffer,
                   .offset = x->offset,
                   .row = x->stride[rank - 2],
                   .col = x->stride[rank - 1]};
    for (int i = 0; i < lead; i++) m.batch[batch->rank - lead + i] = x->shape.dim[i] == 1 ? 0 : x->stride[i];
    return m;
}

/* A new result of a (..., M, K), b (..., K, N), and the request for it; batch: the broadcast batch axes. */
static cg_tensor *begin_product(const char *op, cg_tensor *a, cg_tensor *b, const cg_dims *batch,
                                cg_matmul_request *r) {
    if (cg_force(a->storage) || cg_force(b->storage)) return NULL;
    cg_dims shape = *batch;
    int64_t m = cg_size(a, -2), k = cg_size(a, -1), n = cg_size(b, -1);
    shape.dim[shape.rank++] = m;
    shape.dim[shape.rank++] = n;
    cg_tensor *out = cg_tensor_make(a->storage->dev, op, a->storage->dtype, &shape);
    if (!out) return NULL;
    *r = (cg_matmul_request){.dtype = a->storage->dtype, .m = m, .n = n, .k = k, .batch_rank = batch->rank};
    memcpy(r->batch, batch->dim, sizeof r->batch);
    r->a = matrix_of(a, batch);
    r->b = matrix_of(b, batch);
    r->c = matrix_of(out, batch);
    return out;
}

/* bias (N) or NULL, the same real dtype. Pending. */
static cg_tensor *product(const char *op, cg_tensor *a, cg_tensor *b, cg_tensor *bias, const cg_dims *batch) {
    int64_t numel;
    if (cg_force(a->storage) || cg_force(b->storage) || (bias && cg_force(bias->storage))) return NULL;
    struct cg_pending_product p = {
        .m = cg_size(a, -2), .k = cg_size(a, -1), .n = cg_size(b, -1), .batch_rank = batch->rank};
    cg_dims shape = *batch;
    shape.dim[shape.rank++] = p.m;
    shape.dim[shape.rank++] = p.n;
    if (cg_tensor_check(a->storage->dev, op, a->storage->dtype, &shape, &numel)) return NULL;
    memcpy(p.batch, batch->dim, sizeof p.batch);
    p.a = matrix_of(a, batch);
    p.b = matrix_of(b, batch);
    return cg_defer_product(&p, &shape, a, b, bias);
}

cg_tensor *cg_matmul_inner(const char *op, cg_inner inner, cg_tensor *a, cg_tensor *b, const cg_dims *batch,
                           const cg_program *epilogue) {
    cg_matmul_request r;
    cg_tensor *out = begin_product(op, a, b, batch, &r);
    if (!out) return NULL;
    r.inner = inner;
    r.epilogue = epilogue;
    return cg_hw_matmul(a->storage->dev->hw, &r) ? NULL : out;
}

/* --- matmul ------------------------------------------------------------------------------------------------ */

/*
 * The gradient of the right operand, most often weights. Computed now, unless what it is made of takes less memory than it
 * would: pending, it holds x and the gradient g till an optimizer's step computes it on the way (decision 30).
 */
static cg_tensor *right_gradient(cg_tensor *x, cg_tensor *g) {
    cg_tensor *dx = cg_matmul(cg_transpose(x, -1, -2), g);
    return dx && cg_product_stays(dx) ? dx : cg_eval(dx);
}

static void matmul_backward(const cg_rule_call *call, cg_tensor **dx) {
    if (call->wanted[1]) dx[1] = right_gradient(call->x[0], call->g);
    if (call->wanted[0]) dx[0] = cg_matmul(call->g, cg_transpose(call->x[1], -1, -2));
}

static const cg_rule matmul_rule = {"matmul", matmul_backward};

cg_dims cg_matmul_batch(const cg_tensor *x) {
    cg_dims batch = x->shape;
    batch.rank -= 2;
    batch.dim[batch.rank] = batch.dim[batch.rank + 1] = 0;
    return batch;
}

/* The operands as the caller gave them: vectors are still vectors. */
static bool check_matmul(const cg_tensor *a, const cg_tensor *b) {
    const char *wrong = NULL;
    if (a->shape.rank == 0 || b->shape.rank == 0)
        wrong = "a scalar is no matrix";
    else if (cg_size(a, -1) != cg_size(b, b->shape.rank == 1 ? 0 : -2))
        wrong = "inner dimensions differ";
    else if (a->shape.rank > 2 && b->shape.rank > 2 &&
             !cg_broadcast_shapes(cg_matmul_batch(a), cg_matmul_batch(b), NULL))
        wrong = "batch axes do not broadcast";
    if (wrong)
        CG_FAIL(&a->storage->dev->error, CG_ERROR_SHAPE, "matmul: %s: a %s, b %s", wrong,
                CG_SHAPE_STR(&a->shape), CG_SHAPE_STR(&b->shape));
    return !wrong;
}

static cg_tensor *matmul_matrices(cg_tensor *a, cg_tensor *b) {
    cg_dims batch;
    if (!a || !b || !cg_broadcast_shapes(cg_matmul_batch(a), cg_matmul_batch(b), &batch)) return NULL;
    cg_tensor *input[] = {a, b};
    return cg_record_op(product("matmul", a, b, NULL, &batch), &matmul_rule, 2, input,
                        CG_KEEP(0) | CG_KEEP(1), NULL);
}

cg_dtype cg_matmul_dtype(const cg_tensor *a, const cg_tensor *b) {
    cg_dtype dtype = cg_dtype_promote(a->storage->dtype, b->storage->dtype);
    return cg_dtype_is_float(dtype) ? dtype : CG_F32;
}

cg_tensor *cg_matmul(cg_tensor *a, cg_tensor *b) {
    if (!a || !b || !cg_op_same_device("matmul", a->storage->dev, 1, &b) || !check_matmul(a, b)) return NULL;
    bool row = a->shape.rank == 1, column = b->shape.rank == 1;
    cg_dtype dtype = cg_matmul_dtype(a, b);
    cg_tensor *left = cg_op_cast(a, dtype), *right = cg_op_cast(b, dtype);
    cg_tensor *out =
        matmul_matrices(row ? cg_unsqueeze(left, 0) : left, column ? cg_unsqueeze(right, 1) : right);
    if (column) out = cg_squeeze(out, -1);
    return row ? cg_squeeze(out, column ? -1 : -2) : out;
}

/* --- linear -------------------------------------------------------------------------------------------------- */

static void linear_backward(const cg_rule_call *call, cg_tensor **dx) {
    if (call->wanted[0]) dx[0] = cg_matmul(call->g, cg_transpose(call->x[1], 0, 1));
    if (call->wanted[1]) dx[1] = right_gradient(call->x[0], call->g);
    if (call->wanted[2]) dx[2] = cg_sum(call->g, cg_axes(0), false);
}

static const cg_rule linear_rule = {"linear", linear_backward};

static bool check_linear(cg_tensor *x, cg_tensor *w, cg_tensor *b) {
    cg_error *err = &x->storage->dev->error;
    if (x->shape.rank < 1 || w->shape.rank != 2 || cg_size(x, -1) != cg_size(w, 0)) {
        CG_FAIL(err, CG_ERROR_SHAPE, "linear: inner dimensions differ: x %s, w %s", CG_SHAPE_STR(&x->shape),
                CG_SHAPE_STR(&w->shape));
        return false;
    }
    if (b && (b->shape.rank != 1 || cg_size(b, 0) != cg_size(w, 1))) {
        CG_FAIL(err, CG_ERROR_SHAPE, "linear: the bias %s does not fit w %s", CG_SHAPE_STR(&b->shape),
                CG_SHAPE_STR(&w->shape));
        return false;
    }
    return true;
}

cg_tensor *cg_linear(cg_tensor *x, cg_tensor *w, cg_tensor *b) {
    if (!x || !w || !cg_op_same_device("linear", x->storage->dev, 2, (cg_tensor *[]){w, b}) ||
        !check_linear(x, w, b))
        return NULL;
    cg_dtype dtype = cg_matmul_dtype(x, w);
    cg_dims shape = x->shape, none = {0};
    shape.dim[shape.rank - 1] = cg_size(w, 1);
    cg_tensor *rows = cg_op_cast(x, dtype);
    if (x->shape.rank != 2)
        rows =
            cg_reshape(rows, cg_shape(cg_numel(x) / (cg_size(x, -1) ? cg_size(x, -1) : 1), cg_size(x, -1)));
    cg_tensor *input[] = {rows, cg_op_cast(w, dtype), b ? cg_op_cast(b, dtype) : NULL};
    if (!input[0] || !input[1] || (b && !input[2])) return NULL;
    cg_tensor *out = cg_record_op(product("linear", input[0], input[1], input[2], &none), &linear_rule, 3,
                                  input, CG_KEEP(0) | CG_KEEP(1), NULL);
    return x->shape.rank == 2 ? out : cg_reshape(out, shape);
}
