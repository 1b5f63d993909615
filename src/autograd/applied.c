/* See applied.h. */
#include "autograd/applied.h"

#include <stdlib.h>

#include "clgrad/ops.h"
#include "clgrad/reduce.h"
#include "core/shape.h"

static cg_tensor *stand_in(cg_tensor *x, bool create_graph) {
    return create_graph && x->record ? cg_identity(x) : cg_require_grad(cg_detach(x), true);
}

static cg_status call(cg_applied *t, cg_function *f, void *context, cg_tensor *const *x, bool create_graph) {
    t->x = calloc((size_t)t->n, sizeof(cg_tensor *));
    if (!t->x) return CG_FAIL(&t->dev->error, CG_ERROR_MEMORY, "%s: out of host memory", t->op);
    t->dev->no_grad = 0;
    for (int i = 0; i < t->n; i++) {
        t->x[i] = stand_in(x[i], create_graph);
        if (!t->x[i]) return t->dev->error.code;
    }
    cg_status before = t->dev->error.code;
    t->y = f(context, t->n, t->x);
    if (t->y) return CG_OK;
    return before == CG_OK && t->dev->error.code
               ? t->dev->error.code
               : CG_FAIL(&t->dev->error, CG_ERROR_ARGUMENT, "%s: the function gave no result", t->op);
}

cg_status cg_applied_begin(cg_applied *t, const char *op, cg_function *f, void *context, int n,
                           cg_tensor *const *x, bool create_graph) {
    *t = (cg_applied){.op = op, .n = n};
    if (!f || n < 1 || !x) return CG_ERROR_ARGUMENT;
    for (int i = 0; i < n; i++)
        if (!x[i]) return CG_ERROR_ARGUMENT;
    t->dev = x[0]->storage->dev;
    t->no_grad = t->dev->no_grad;
    t->scope = cg_scope_begin(t->dev);
    return t->scope ? call(t, f, context, x, create_graph) : t->dev->error.code;
}

cg_status cg_applied_check_scalar(const cg_applied *t) {
    if (cg_numel(t->y) == 1) return CG_OK;
    return CG_FAIL(&t->dev->error, CG_ERROR_SHAPE, "%s: expected one element, got shape %s", t->op,
                   CG_SHAPE_STR(&t->y->shape));
}

cg_status cg_applied_check_vectors(const cg_applied *t, cg_tensor *const *v) {
    for (int i = 0; i < t->n; i++) {
        if (!v[i]) return CG_ERROR_ARGUMENT;
        if (v[i]->storage->dev != t->dev)
            return CG_FAIL(&t->dev->error, CG_ERROR_DEVICE_MISMATCH, "%s: vector %d lives on another device",
                           t->op, i);
        if (!cg_dims_equal(&v[i]->shape, &t->x[i]->shape))
            return CG_FAIL(&t->dev->error, CG_ERROR_SHAPE, "%s: vector %d has shape %s, its input %s", t->op,
                           i, CG_SHAPE_STR(&v[i]->shape), CG_SHAPE_STR(&t->x[i]->shape));
        if (v[i]->storage->dtype != t->x[i]->storage->dtype)
            return CG_FAIL(&t->dev->error, CG_ERROR_DTYPE, "%s: vector %d is %s, its input %s", t->op, i,
                           cg_dtype_name(v[i]->storage->dtype), cg_dtype_name(t->x[i]->storage->dtype));
    }
    return CG_OK;
}

cg_tensor *cg_applied_dot(const cg_applied *t, cg_tensor *const *a, cg_tensor *const *b) {
    cg_tensor *sum = NULL;
    for (int i = 0; i < t->n; i++) {
        cg_tensor *part = cg_sum(cg_mul(a[i], b[i]), CG_ALL_AXES, false);
        sum = i ? cg_add(sum, part) : part;
    }
    return sum;
}

/* Computed, and moved to the scope around `scope`, which is the innermost and about to end. */
static cg_status hand_over(cg_device *dev, cg_scope *scope, cg_tensor *x) {
    if (!cg_eval(x)) return dev->error.code;
    dev->innermost = scope->outer;
    const bool adopted = cg_scope_adopt(dev, x);
    dev->innermost = scope;
    if (!adopted) return dev->error.code;
    cg_retain(x);
    return CG_OK;
}

/* A tensor of its own, so that no result is handed over twice. */
static cg_status result(const cg_applied *t, cg_tensor **x, bool recorded) {
    cg_tensor *mine = *x;
    *x = cg_tensor_alias(mine);
    if (!*x) return t->dev->error.code;
    if (recorded && mine->record) {
        (*x)->record = mine->record;
        mine->record->refs++;
    }
    return hand_over(t->dev, t->scope, *x);
}

cg_status cg_applied_end(cg_applied *t, cg_status status, bool create_graph, int count, cg_tensor **out,
                         cg_tensor **y) {
    if (y) *y = t->y;
    if (t->scope)
        while (t->dev->innermost != t->scope) cg_scope_end(t->dev->innermost);
    for (int i = 0; i < count && status == CG_OK; i++) status = result(t, &out[i], create_graph);
    if (y && status == CG_OK) status = result(t, y, create_graph);
    for (int i = 0; i < count && status; i++) out[i] = NULL;
    if (y && status) *y = NULL;
    if (t->scope) {
        cg_scope_drop(t->scope);
        t->dev->no_grad = t->no_grad;
    }
    free(t->x);
    return status;
}
