/* What users call to walk: cg_backward and cg_grad. */
#include "autograd/walk.h"
#include "clgrad/manipulation.h"
#include "core/shape.h"

/* The seed as asked for, or 1. */
static cg_tensor *seed_of(const char *op, cg_tensor *y, cg_tensor *seed) {
    cg_device *dev = y->storage->dev;
    if (!seed && cg_numel(y) == 1) return cg_ones(dev, y->storage->dtype, y->shape);
    if (!seed)
        CG_FAIL(&dev->error, CG_ERROR_SHAPE, "%s: expected one element, got shape %s", op,
                CG_SHAPE_STR(&y->shape));
    else if (seed->storage->dev != dev)
        CG_FAIL(&dev->error, CG_ERROR_DEVICE_MISMATCH, "%s: the seed lives on another device than the result",
                op);
    else if (!cg_dims_equal(&seed->shape, &y->shape))
        CG_FAIL(&dev->error, CG_ERROR_SHAPE, "%s: seed has shape %s, the result %s", op,
                CG_SHAPE_STR(&seed->shape), CG_SHAPE_STR(&y->shape));
    else if (seed->storage->dtype != y->storage->dtype)
        CG_FAIL(&dev->error, CG_ERROR_DTYPE, "%s: seed is %s, the result %s", op,
                cg_dtype_name(seed->storage->dtype), cg_dtype_name(y->storage->dtype));
    else
        return seed;
    return NULL;
}

static cg_status check_recorded(const cg_tensor *y, const char *op) {
    if (y->record) return CG_OK;
    return CG_FAIL(&y->storage->dev->error, CG_ERROR_GRADIENT,
                   "%s: %s depends on nothing that requires a gradient", op, CG_SHAPE_STR(&y->shape));
}

/* --- backward ------------------------------------------------------------------------------------------------- */

static cg_status gather_all(cg_walk *w, cg_scope *user) {
    cg_status status = CG_OK;
    const int depth = w->dev->no_grad;
    w->dev->no_grad = w->create_graph ? 0 : depth + 1;
    for (cg_visit *visit = w->order; visit && status == CG_OK; visit = visit->next)
        if (visit->target && visit->arrived)
            status = cg_gather(visit->node, &visit->arrived, w->create_graph ? user : NULL);
    w->dev->no_grad = depth;
    return status;
}

cg_status cg_backward_with(cg_tensor *y, cg_backward_options options) {
    if (!y) return CG_ERROR_ARGUMENT;
    cg_walk w = {.dev = y->storage->dev,
                 .create_graph = options.create_graph,
                 .retain_graph = options.retain_graph,
                 .all = true};
    cg_status status = check_recorded(y, "backward");
    if (status) return status;
    cg_scope *user = w.dev->innermost, *scope = cg_scope_begin(w.dev);
    cg_tensor *seed = scope ? seed_of("backward", y, options.seed) : NULL;
    status = seed ? cg_walk_collect(&w, cg_node_of(y)) : w.dev->error.code;
    if (status == CG_OK) status = cg_walk_run(&w, seed);
    if (status == CG_OK) status = gather_all(&w, user);
    cg_walk_end(&w);
    if (scope) cg_scope_drop(scope);
    return status;
}

cg_status cg_backward(cg_tensor *y) { return cg_backward_with(y, (cg_backward_options){0}); }

/* --- grad ----------------------------------------------------------------------------------------------------- */

/* The gradient of one input in the innermost scope. */
static cg_tensor *take_result(const cg_grad_request *r, cg_walk *w, int i) {
    cg_tensor *x = r->x[i];
    const cg_visit *visit = x->record ? cg_node_of(x)->visit : NULL;
    cg_tensor *arrived = visit && visit->walk == w ? visit->arrived : NULL;
    if (!arrived && r->unused_is_zero) return cg_zeros_like(x);
    if (!arrived) {
        CG_FAIL(&w->dev->error, CG_ERROR_GRADIENT, "%s: the result does not depend on input %d %s", r->op, i,
                CG_SHAPE_STR(&x->shape));
        return NULL;
    }
    cg_tensor *out = cg_tensor_alias(arrived);
    if (out && arrived->record) {
        out->record = arrived->record;
        out->record->refs++;
    }
    return out;
}

static cg_status walk_to_inputs(const cg_grad_request *r, cg_walk *w, cg_tensor **out) {
    cg_status status = CG_OK;
    cg_tensor *seed = seed_of(r->op, r->y, r->seed);
    if (!seed) return w->dev->error.code;
    for (int i = 0; i < r->n; i++) {
        cg_visit *visit = r->x[i]->record ? cg_walk_visit(w, cg_node_of(r->x[i])) : NULL;
        if (visit)
            visit->target = true;
        else if (r->x[i]->record)
            return w->dev->error.code;
    }
    cg_node *root = cg_node_of(r->y);
    if (root) status = cg_walk_collect(w, root);
    if (root && status == CG_OK) status = cg_walk_run(w, seed);
    for (int i = 0; i < r->n && status == CG_OK; i++) {
        out[i] = take_result(r, w, i);
        if (!out[i]) status = w->dev->error.code;
    }
    return status;
}

cg_status cg_grad_do(const cg_grad_request *r, cg_tensor **out) {
    for (int i = 0; i < r->n; i++) out[i] = NULL;
    if (!r->y) return CG_ERROR_ARGUMENT;
    for (int i = 0; i < r->n; i++)
        if (!r->x[i]) return CG_ERROR_ARGUMENT;
    cg_walk w = {.dev = r->y->storage->dev, .create_graph = r->create_graph, .retain_graph = r->retain_graph};
    cg_status status = CG_OK;
    if (!r->unused_is_zero) status = check_recorded(r->y, r->op);
    for (int i = 0; i < r->n && status == CG_OK && !r->unused_is_zero; i++)
        status = check_recorded(r->x[i], r->op);
    if (status == CG_OK) status = walk_to_inputs(r, &w, out);
    cg_walk_end(&w);
    for (int i = 0; i < r->n && status; i++) out[i] = NULL;
    return status;
}

cg_status cg_grad(cg_tensor *y, cg_tensor *seed, int n, cg_tensor *const *x, bool create_graph,
                  cg_tensor **out) {
    const cg_grad_request r = {
        .op = "grad", .y = y, .seed = seed, .n = n, .x = x, .create_graph = create_graph};
    return cg_grad_do(&r, out);
}
