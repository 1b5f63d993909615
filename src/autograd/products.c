/* Products of derivatives with vectors: vjp, jvp, hvp. */
#include <stdlib.h>

#include "autograd/applied.h"

cg_status cg_vjp(cg_function *f, void *context, int n, cg_tensor *const *x, cg_tensor *v, bool create_graph,
                 cg_tensor **out, cg_tensor **y) {
    cg_applied t;
    cg_status status = cg_applied_begin(&t, "vjp", f, context, n, x, create_graph);
    if (status == CG_OK) {
        const cg_grad_request r = {
            .op = "vjp", .y = t.y, .seed = v, .n = n, .x = t.x, .create_graph = create_graph};
        status = cg_grad_do(&r, out);
    }
    return cg_applied_end(&t, status, create_graph, n, out, y);
}

/*
 * sum_i <dy/dx_i, v_i>, recorded, for the stand-ins x_i and y or, where there is one, <seed, y>. NULL: the device says why.
 */
static cg_tensor *derivative_along(const cg_applied *t, cg_tensor *seed, cg_tensor *const *v) {
    cg_tensor **g = calloc((size_t)t->n, sizeof(cg_tensor *));
    if (!g) {
        CG_FAIL(&t->dev->error, CG_ERROR_MEMORY, "%s: out of host memory", t->op);
        return NULL;
    }
    const cg_grad_request r = {
        .op = t->op, .y = t->y, .seed = seed, .n = t->n, .x = t->x, .create_graph = true};
    cg_tensor *along = cg_grad_do(&r, g) == CG_OK ? cg_applied_dot(t, g, v) : NULL;
    free(g);
    return along;
}

/* With u in place of v the vector-Jacobian product is linear in u: its derivative by u, along v, is the result. */
static cg_status jvp_of(const cg_applied *t, cg_tensor *const *v, bool create_graph, cg_tensor **out) {
    cg_status status = cg_applied_check_vectors(t, v);
    if (status) return status;
    cg_tensor *u = cg_require_grad(cg_zeros_like(t->y), true);
    if (!u) return t->dev->error.code;
    cg_tensor *along = derivative_along(t, u, v);
    if (!along) return t->dev->error.code;
    const cg_grad_request r = {
        .op = "jvp", .y = along, .n = 1, .x = &u, .create_graph = create_graph, .unused_is_zero = true};
    return cg_grad_do(&r, out);
}

cg_status cg_jvp(cg_function *f, void *context, int n, cg_tensor *const *x, cg_tensor *const *v,
                 bool create_graph, cg_tensor **out, cg_tensor **y) {
    cg_applied t;
    cg_status status = cg_applied_begin(&t, "jvp", f, context, n, x, create_graph);
    if (status == CG_OK) status = jvp_of(&t, v, create_graph, out);
    return cg_applied_end(&t, status, create_graph, 1, out, y);
}

static cg_status hvp_of(const cg_applied *t, cg_tensor *const *v, bool create_graph, cg_tensor **out) {
    cg_status status = cg_applied_check_scalar(t);
    if (status == CG_OK) status = cg_applied_check_vectors(t, v);
    if (status) return status;
    cg_tensor *along = derivative_along(t, NULL, v);
    if (!along) return t->dev->error.code;
    const cg_grad_request r = {
        .op = "hvp", .y = along, .n = t->n, .x = t->x, .create_graph = create_graph, .unused_is_zero = true};
    return cg_grad_do(&r, out);
}

cg_status cg_hvp(cg_function *f, void *context, int n, cg_tensor *const *x, cg_tensor *const *v,
                 bool create_graph, cg_tensor **out, cg_tensor **y) {
    cg_applied t;
    cg_status status = cg_applied_begin(&t, "hvp", f, context, n, x, create_graph);
    if (status == CG_OK) status = hvp_of(&t, v, create_graph, out);
    return cg_applied_end(&t, status, create_graph, n, out, y);
}
