/* Whole matrices of derivatives, a row for each element of what is differentiated. */
#include <stdlib.h>

#include "autograd/applied.h"
#include "clgrad/manipulation.h"
#include "clgrad/ops.h"
#include "core/shape.h"

typedef struct rows {
    const cg_applied *t;
    cg_tensor *y; /* what is differentiated */
    bool create_graph, unused_is_zero;
    int64_t count;    /* elements of y */
    cg_tensor **row;  /* row[j count + i]: dy_i / dx_j */
    cg_tensor **some; /* room for the derivatives of one element */
} rows;

/* y.shape + x.shape. */
static cg_status joined_shape(const cg_applied *t, const cg_tensor *y, const cg_tensor *x, cg_dims *shape) {
    *shape = y->shape;
    if (y->shape.rank + x->shape.rank > CG_MAX_RANK)
        return CG_FAIL(&t->dev->error, CG_ERROR_SHAPE, "%s: %s by %s has more than %d axes", t->op,
                       CG_SHAPE_STR(&y->shape), CG_SHAPE_STR(&x->shape), CG_MAX_RANK);
    for (int i = 0; i < x->shape.rank; i++) shape->dim[shape->rank++] = x->shape.dim[i];
    return CG_OK;
}

/* 1 at element i of y's shape, 0 elsewhere. */
static cg_tensor *unit(const rows *r, int64_t i) {
    cg_tensor *place = cg_arange(r->t->dev, CG_I64, 0, (double)r->count, 1);
    return cg_reshape(cg_cast(cg_eq(place, i), r->y->storage->dtype), r->y->shape);
}

static cg_status make_rows(rows *r) {
    const cg_applied *t = r->t;
    for (int64_t i = 0; i < r->count; i++) {
        const cg_grad_request g = {.op = t->op,
                                   .y = r->y,
                                   .seed = unit(r, i),
                                   .n = t->n,
                                   .x = t->x,
                                   .create_graph = r->create_graph,
                                   .retain_graph = true,
                                   .unused_is_zero = r->unused_is_zero};
        cg_status status = g.seed ? cg_grad_do(&g, r->some) : t->dev->error.code;
        for (int j = 0; j < t->n && status == CG_OK; j++) {
            r->row[j * r->count + i] = cg_eval(r->some[j]);
            if (!r->some[j]) status = t->dev->error.code;
        }
        if (status) return status;
    }
    return CG_OK;
}

static cg_status join_rows(rows *r, cg_tensor **out) {
    for (int j = 0; j < r->t->n; j++) {
        cg_dims shape;
        cg_status status = joined_shape(r->t, r->y, r->t->x[j], &shape);
        if (status) return status;
        out[j] = r->count ? cg_reshape(cg_stack((int)r->count, r->row + j * r->count, 0), shape)
                          : cg_zeros(r->t->dev, r->t->x[j]->storage->dtype, shape);
        if (!out[j]) return r->t->dev->error.code;
    }
    return CG_OK;
}

/* out[j] = dy / dx_j for every stand-in. */
static cg_status derivatives(rows *r, cg_tensor **out) {
    const cg_applied *t = r->t;
    cg_dims shape;
    cg_status status = CG_OK;
    r->count = cg_numel(r->y);
    for (int j = 0; j < t->n && status == CG_OK; j++) status = joined_shape(t, r->y, t->x[j], &shape);
    if (status == CG_OK && r->count > INT32_MAX)
        status = CG_FAIL(&t->dev->error, CG_ERROR_SHAPE, "%s: %s has too many elements", t->op,
                         CG_SHAPE_STR(&r->y->shape));
    if (status) return status;
    r->row = calloc((size_t)(t->n * r->count) + 1, sizeof(cg_tensor *));
    r->some = calloc((size_t)t->n, sizeof(cg_tensor *));
    status = r->row && r->some ? make_rows(r)
                               : CG_FAIL(&t->dev->error, CG_ERROR_MEMORY, "%s: out of host memory", t->op);
    if (status == CG_OK) status = join_rows(r, out);
    free(r->row);
    free(r->some);
    return status;
}

cg_status cg_jacobian(cg_function *f, void *context, int n, cg_tensor *const *x, bool create_graph,
                      cg_tensor **out) {
    cg_applied t;
    cg_status status = cg_applied_begin(&t, "jacobian", f, context, n, x, create_graph);
    if (status == CG_OK) {
        rows r = {.t = &t, .y = t.y, .create_graph = create_graph};
        status = derivatives(&r, out);
    }
    return cg_applied_end(&t, status, create_graph, n, out, NULL);
}

static cg_status hessian_of(const cg_applied *t, bool create_graph, cg_tensor **g, cg_tensor **out) {
    const cg_grad_request r = {.op = t->op, .y = t->y, .n = t->n, .x = t->x, .create_graph = true};
    cg_status status = cg_applied_check_scalar(t);
    if (status == CG_OK) status = cg_grad_do(&r, g);
    for (int i = 0; i < t->n && status == CG_OK; i++) {
        rows second = {.t = t, .y = g[i], .create_graph = create_graph, .unused_is_zero = true};
        status = derivatives(&second, out + (ptrdiff_t)i * t->n);
    }
    return status;
}

cg_status cg_hessian(cg_function *f, void *context, int n, cg_tensor *const *x, bool create_graph,
                     cg_tensor **out) {
    cg_applied t;
    cg_tensor **g = n > 0 ? calloc((size_t)n, sizeof(cg_tensor *)) : NULL;
    cg_status status = cg_applied_begin(&t, "hessian", f, context, n, x, create_graph);
    if (status == CG_OK && !g)
        status = CG_FAIL(&t.dev->error, CG_ERROR_MEMORY, "hessian: out of host memory");
    if (status == CG_OK) status = hessian_of(&t, create_graph, g, out);
    free(g);
    return cg_applied_end(&t, status, create_graph, n > 0 ? n * n : 0, out, NULL);
}
