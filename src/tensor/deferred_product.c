#include "tensor/deferred_product.h"

#include <string.h>

#include "core/shape.h"

const cg_expr *cg_product_behind(const cg_expr *e) {
    if (!e || !e->has_product || e->product) return e && e->product ? e : NULL;
    for (int i = 0; i < e->n; i++) {
        const cg_storage *s = e->leaf[i].storage;
        const cg_expr *found = s ? cg_product_behind(s->expr) : NULL;
        if (found) return found;
    }
    return NULL;
}

bool cg_product_seen_as(const cg_expr *product, const cg_dims *shape) {
    if (cg_dims_equal(&product->shape, shape)) return true;
    return product->shape.rank == 2 && shape->rank > 0 &&
           cg_dims_numel(shape) == cg_dims_numel(&product->shape) &&
           shape->dim[shape->rank - 1] == product->shape.dim[1];
}

/* The stride over the rows of the product, of strides over `shape`; false if there is none. */
static bool row_stride(const int64_t *stride, const cg_dims *shape, int64_t *row) {
    bool found = false;
    int64_t next = 0; /* what the stride of the axis before must be */
    *row = 0;
    for (int a = shape->rank - 2; a >= 0; a--) {
        if (shape->dim[a] == 1) continue;
        if (found && stride[a] != next) return false;
        if (!found) *row = stride[a];
        found = true;
        next = stride[a] * shape->dim[a];
    }
    return true;
}

bool cg_product_admits(const cg_expr *product, const cg_leaf *leaf, const cg_dims *shape) {
    int64_t row;
    if (!leaf->storage || cg_dims_equal(&product->shape, shape)) return true;
    const cg_expr *e = leaf->storage->expr;
    if (!e) return row_stride(leaf->stride, shape, &row);
    if (e->product) return true;
    for (int i = 0; i < e->n; i++)
        if (!cg_product_admits(product, &e->leaf[i], shape)) return false;
    return true;
}

bool cg_product_is_held(const cg_expr *product, cg_storage *const *done, int n) {
    int readers = 0;
    for (int i = 0; i < n; i++) {
        const cg_expr *e = done[i]->expr;
        for (int j = 0; j < e->n; j++) readers += e->leaf[j].storage == product->storage;
    }
    return product->storage->refs > readers;
}

const cg_expr *cg_product_alone(const cg_tensor *x) {
    const cg_storage *s = x->storage;
    const cg_expr *e = s->expr;
    const bool alone = e && e->product && e->n == 2 && x->refs == 1 && s->refs == 1;
    return alone && x->offset == 0 && cg_is_contiguous(x) && cg_numel(x) == s->numel ? e : NULL;
}

bool cg_product_stays(const cg_tensor *x) {
    const cg_expr *product = x->storage->dev->hw->backend->many_outputs ? cg_product_alone(x) : NULL;
    if (!product) return false;
    const cg_storage *a = product->leaf[0].storage, *b = product->leaf[1].storage;
    return !a->wrapped && !b->wrapped && a->numel + b->numel < product->storage->numel;
}

/* Row-major memory of the product's shape. */
static cg_matrix result_matrix(const struct cg_pending_product *p, cg_buffer *buffer) {
    cg_matrix c = {.buffer = buffer, .row = p->n, .col = 1};
    int64_t step = p->m * p->n;
    for (int d = p->batch_rank - 1; d >= 0; step *= p->batch[d--]) c.batch[d] = step;
    return c;
}

/* Strides over the batch axes, rows and columns of the product; false if there are none. */
static bool along_product(const cg_expr *product, const cg_operand *from, const cg_dims *shape,
                          cg_operand *to) {
    *to = *from;
    if (cg_dims_equal(&product->shape, shape)) return true;
    memset(to->stride, 0, sizeof to->stride);
    to->stride[1] = from->stride[shape->rank - 1];
    return row_stride(from->stride, shape, &to->stride[0]);
}

cg_matmul_request cg_product_request(const cg_expr *product) {
    const struct cg_pending_product *p = product->product;
    cg_matmul_request r = {.dtype = product->type,
                           .m = p->m,
                           .n = p->n,
                           .k = p->k,
                           .batch_rank = p->batch_rank,
                           .a = p->a,
                           .b = p->b};
    memcpy(r.batch, p->batch, sizeof r.batch);
    return r;
}

cg_status cg_product_run(const cg_expr *product, const cg_fused *fused, const cg_dims *shape, int n,
                         cg_storage *const *out) {
    const cg_program *program = &fused->program;
    cg_matmul_request r = cg_product_request(product);
    r.c = result_matrix(product->product, out[0]->buffer);
    if (program->n_instrs > 0 || n > 1) r.epilogue = program;
    for (int i = 1; i < program->n_inputs; i++)
        if (!along_product(product, &fused->in[i], shape, &r.in[i - 1]))
            return CG_FAIL(&out[0]->dev->error, CG_ERROR_STATE,
                           "matmul: operand %d of what follows is not along its rows", i);
    memcpy(r.consts, fused->consts, program->n_consts * sizeof *r.consts);
    for (int i = 1; i < n; i++) {
        r.more[i - 1] = (cg_operand){.buffer = out[i]->buffer, .dtype = out[i]->dtype};
        cg_dims_strides(&product->shape, r.more[i - 1].stride);
    }
    return cg_hw_matmul(out[0]->dev->hw, &r);
}
