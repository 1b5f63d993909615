/*
 * The walk: from a result back to its targets, each node once, after the gradients of all its consumers have
 * arrived. The temporaries of a rule are released at once; results stay pending where they can, so that
 * elementwise gradients of neighbouring operations fuse.
 */
#include <stdlib.h>

#include "autograd/node.h"
#include "clgrad/manipulation.h"
#include "clgrad/ops.h"
#include "clgrad/reduce.h"
#include "core/shape.h"
#include "tensor/deferral.h"

typedef struct walk {
    cg_device *dev;
    cg_node *all; /* every node seen, consumers before producers */
    bool create_graph;
} walk;

/* --- order ------------------------------------------------------------------------------------------------ */

typedef struct frame {
    cg_node *node;
    int i;
} frame;

typedef struct stack {
    frame *frame;
    size_t count, room;
} stack;

static bool push(stack *s, cg_node *node) {
    if (s->count == s->room) {
        size_t room = s->room ? 2 * s->room : 64;
        frame *grown = realloc(s->frame, room * sizeof *grown);
        if (!grown) return false;
        s->frame = grown;
        s->room = room;
    }
    node->seen = true;
    s->frame[s->count++] = (frame){.node = node};
    return true;
}

/* Depth first, without recursion; a node joins the list when all it depends on has: so the list is in order. */
static cg_status collect(walk *w, cg_node *root) {
    stack s = {0};
    bool ok = push(&s, root);
    while (ok && s.count) {
        frame *top = &s.frame[s.count - 1];
        cg_node *node = top->node;
        if (top->i < node->n) {
            cg_node *input = node->input[top->i++];
            if (input && !input->seen) ok = push(&s, input);
            continue;
        }
        node->needed = node->target;
        for (int i = 0; i < node->n; i++)
            if (node->input[i] && node->input[i]->needed) node->needed = true;
        node->next = w->all;
        w->all = node;
        s.count--;
    }
    /* What is still on the stack was marked, but is not in the list that gets cleared. */
    for (size_t i = 0; i < s.count; i++) s.frame[i].node->seen = false;
    free(s.frame);
    return ok ? CG_OK : CG_FAIL(&w->dev->error, CG_ERROR_MEMORY, "backward: out of host memory for the walk");
}

static void clear(walk *w) {
    for (cg_node *node = w->all, *next; node; node = next) {
        next = node->next;
        cg_release(node->arrived);
        node->arrived = NULL;
        node->seen = node->needed = node->target = false;
        node->next = NULL;
    }
    w->all = NULL;
}

/* --- one node --------------------------------------------------------------------------------------------- */

static cg_status check_versions(const cg_node *node) {
    for (int i = 0; i < node->n; i++)
        if (node->saved[i] && node->saved[i]->storage->version != node->version[i])
            return CG_FAIL(&node->dev->error, CG_ERROR_STATE,
                           "backward: %s needs its input %d %s, which was written in place since",
                           node->rule->name, i, CG_SHAPE_STR(&node->shape[i]));
    if (node->saved_out && node->saved_out->storage->version != node->version_out)
        return CG_FAIL(&node->dev->error, CG_ERROR_STATE,
                       "backward: %s needs its result %s, which was written in place since", node->rule->name,
                       CG_SHAPE_STR(&node->shape_out));
    return CG_OK;
}

/* The kept result with its own record, for rules in terms of the result that are recorded in turn. */
static cg_tensor *saved_result(cg_node *node, bool create_graph) {
    if (!node->saved_out || !create_graph) return node->saved_out;
    cg_tensor *out = cg_tensor_alias(node->saved_out);
    if (!out) return NULL;
    out->record = &node->record;
    node->record.refs++;
    return out;
}

/* In the shape and dtype of the input: the sum over what was broadcast, the conversion undone. */
static cg_tensor *fit(cg_tensor *dx, const cg_node *node, int i) {
    if (!cg_dims_equal(&dx->shape, &node->shape[i])) dx = cg_sum_to(dx, node->shape[i]);
    return dx && dx->storage->dtype != node->dtype[i] ? cg_cast(dx, node->dtype[i]) : dx;
}

static cg_status deliver(cg_node *to, cg_tensor *dx) {
    cg_tensor *sum = to->arrived ? cg_add(to->arrived, dx) : dx;
    if (!sum) return to->dev->error.code;
    cg_retain(sum);
    cg_release(to->arrived);
    to->arrived = sum;
    return CG_OK;
}

static cg_status run_rule(walk *w, cg_node *node) {
    cg_rule_call call = {
        .dev = w->dev, .g = node->arrived, .create_graph = w->create_graph, .attributes = &node->attributes};
    call.out = saved_result(node, w->create_graph);
    for (int i = 0; i < node->n; i++) {
        call.x[i] = node->saved[i];
        call.shape[i] = node->shape[i];
        call.dtype[i] = node->dtype[i];
        call.wanted[i] = node->input[i] && node->input[i]->needed;
    }
    cg_tensor *dx[CG_RULE_INPUTS] = {0};
    node->rule->backward(&call, dx);
    for (int i = 0; i < node->n; i++) {
        if (!call.wanted[i]) continue;
        if (!dx[i])
            return CG_FAIL(&w->dev->error, CG_ERROR_GRADIENT,
                           "backward: %s has no gradient for its input %d %s", node->rule->name, i,
                           CG_SHAPE_STR(&node->shape[i]));
        cg_tensor *fitted = fit(dx[i], node, i);
        cg_status status = fitted ? deliver(node->input[i], fitted) : w->dev->error.code;
        if (status) return status;
    }
    return CG_OK;
}

static cg_status visit(walk *w, cg_node *node) {
    if (!node->rule || !node->needed || !node->arrived) return CG_OK;
    if (node->released)
        return CG_FAIL(&w->dev->error, CG_ERROR_STATE,
                       "backward: the record of %s was released by an earlier backward pass",
                       node->rule->name);
    cg_status status = check_versions(node);
    if (status) return status;
    cg_scope *scope = cg_scope_begin(w->dev);
    if (!scope) return w->dev->error.code;
    status = run_rule(w, node);
    cg_scope_drop(scope);
    if (!w->create_graph) cg_node_release_saved(node);
    if (!node->target && !w->create_graph) {
        cg_release(node->arrived);
        node->arrived = NULL;
    }
    return status;
}

/* Runs the walk from y with gradient `seed`; targets are marked. Gradients are left in node->arrived. */
static cg_status run(walk *w, cg_tensor *y, cg_tensor *seed) {
    cg_node *root = cg_node_of(y);
    cg_status status = deliver(root, seed);
    for (cg_node *node = w->all; node && status == CG_OK; node = node->next) status = visit(w, node);
    return status;
}

/* --- what users call ---------------------------------------------------------------------------------------- */

static cg_tensor *default_seed(cg_tensor *y, const char *op) {
    if (cg_numel(y) == 1) return cg_ones(y->storage->dev, y->storage->dtype, y->shape);
    CG_FAIL(&y->storage->dev->error, CG_ERROR_SHAPE, "%s: expected one element, got shape %s", op,
            CG_SHAPE_STR(&y->shape));
    return NULL;
}

static cg_status check_recorded(const cg_tensor *y, const char *op) {
    if (y->record) return CG_OK;
    return CG_FAIL(&y->storage->dev->error, CG_ERROR_GRADIENT,
                   "%s: %s depends on nothing that requires a gradient", op, CG_SHAPE_STR(&y->shape));
}

/* Adds what arrived at each leaf to what it has gathered; computed now, so that it holds on to nothing else. */
static cg_status gather_leaves(walk *w) {
    for (cg_node *node = w->all; node; node = node->next) {
        if (node->rule || !node->arrived) continue;
        cg_tensor *sum = cg_eval(node->grad ? cg_add(node->grad, node->arrived) : node->arrived);
        if (!sum) return w->dev->error.code;
        cg_retain(sum);
        cg_release(node->grad);
        node->grad = sum;
    }
    return CG_OK;
}

static cg_status backward_in_scope(walk *w, cg_tensor *y) {
    cg_tensor *seed = default_seed(y, "backward");
    if (!seed) return w->dev->error.code;
    cg_status status = collect(w, cg_node_of(y));
    if (status) return status;
    for (cg_node *node = w->all; node; node = node->next) node->needed = true; /* every leaf is a target */
    status = run(w, y, seed);
    return status ? status : gather_leaves(w);
}

cg_status cg_backward(cg_tensor *y) {
    if (!y) return CG_ERROR_ARGUMENT;
    walk w = {.dev = y->storage->dev};
    cg_status status = check_recorded(y, "backward");
    if (status) return status;
    cg_scope *scope = cg_scope_begin(w.dev);
    if (!scope) return w.dev->error.code;
    cg_no_grad_begin(w.dev);
    status = backward_in_scope(&w, y);
    clear(&w);
    cg_no_grad_end(w.dev);
    cg_scope_drop(scope);
    return status;
}

static cg_status take_results(walk *w, int n, cg_tensor *const *x, cg_tensor **out) {
    for (int i = 0; i < n; i++) {
        cg_tensor *arrived = cg_node_of(x[i])->arrived;
        if (!arrived)
            return CG_FAIL(&w->dev->error, CG_ERROR_GRADIENT,
                           "grad: the result does not depend on input %d %s", i, CG_SHAPE_STR(&x[i]->shape));
        out[i] = cg_tensor_alias(arrived);
        if (!out[i]) return w->dev->error.code;
        out[i]->record = arrived->record;
        if (out[i]->record) out[i]->record->refs++;
    }
    return CG_OK;
}

static cg_status grad_walk(walk *w, cg_tensor *y, cg_tensor *seed, int n, cg_tensor *const *x,
                           cg_tensor **out) {
    for (int i = 0; i < n; i++) cg_node_of(x[i])->target = true;
    cg_status status = collect(w, cg_node_of(y));
    if (status == CG_OK) status = run(w, y, seed);
    if (status == CG_OK) status = take_results(w, n, x, out);
    for (int i = 0; i < n; i++) cg_node_of(x[i])->target = false;
    clear(w);
    return status;
}

cg_status cg_grad(cg_tensor *y, cg_tensor *seed, int n, cg_tensor *const *x, bool create_graph,
                  cg_tensor **out) {
    for (int i = 0; i < n; i++) out[i] = NULL;
    if (!y) return CG_ERROR_ARGUMENT;
    for (int i = 0; i < n; i++)
        if (!x[i]) return CG_ERROR_ARGUMENT;
    walk w = {.dev = y->storage->dev, .create_graph = create_graph};
    cg_status status = check_recorded(y, "grad");
    for (int i = 0; i < n && status == CG_OK; i++) status = check_recorded(x[i], "grad");
    if (status) return status;
    if (!seed) seed = default_seed(y, "grad");
    if (!seed) return w.dev->error.code;
    if (!cg_dims_equal(&seed->shape, &y->shape))
        return CG_FAIL(&w.dev->error, CG_ERROR_SHAPE, "grad: seed has shape %s, the result %s",
                       CG_SHAPE_STR(&seed->shape), CG_SHAPE_STR(&y->shape));
    int depth = w.dev->no_grad;
    w.dev->no_grad = create_graph ? 0 : depth + 1;
    status = grad_walk(&w, y, seed, n, x, out);
    w.dev->no_grad = depth;
    if (status)
        for (int i = 0; i < n; i++) out[i] = NULL;
    return status;
}
