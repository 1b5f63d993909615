/* The walk: see walk.h. Results stay pending where they can, so that gradients of neighbouring operations fuse. */
#include <stdlib.h>
#include <string.h>

#include "autograd/anomaly.h"
#include "autograd/walk.h"
#include "clgrad/manipulation.h"
#include "clgrad/ops.h"
#include "clgrad/reduce.h"
#include "core/shape.h"

/* --- order ------------------------------------------------------------------------------------------------ */

typedef struct frame {
    cg_visit *visit;
    int i;
} frame;

enum { FEW_FRAMES = 64 };

typedef struct stack {
    frame *frame; /* few, or memory of its own where a record is deeper */
    size_t count, room;
    frame few[FEW_FRAMES];
} stack;

cg_visit *cg_walk_visit(cg_walk *w, cg_node *node) {
    if (node->visit && node->visit->walk == w) return node->visit;
    cg_visit *visit = cg_slab_take(&w->dev->visits, sizeof *visit);
    if (!visit) {
        CG_FAIL(&w->dev->error, CG_ERROR_MEMORY, "backward: out of host memory for the walk");
        return NULL;
    }
    *visit = (cg_visit){.node = node, .walk = w, .outer = node->visit, .next_made = w->made};
    node->visit = w->made = visit;
    return visit;
}

static bool push(cg_walk *w, stack *s, cg_node *node) {
    cg_visit *visit = cg_walk_visit(w, node);
    if (!visit) return false;
    if (s->count == s->room) {
        const size_t room = 2 * s->room;
        const bool first = s->frame == s->few;
        frame *grown = realloc(first ? NULL : s->frame, room * sizeof *grown);
        if (!grown) {
            CG_FAIL(&w->dev->error, CG_ERROR_MEMORY, "backward: out of host memory for the walk");
            return false;
        }
        if (first) memcpy(grown, s->few, sizeof s->few);
        s->frame = grown;
        s->room = room;
    }
    visit->seen = true;
    s->frame[s->count++] = (frame){.visit = visit};
    return true;
}

/* Whether the walk goes on behind a node. */
static bool inside(const cg_walk *w, const cg_node *node) { return node->serial >= w->first; }

static bool leads_on(const cg_walk *w, const cg_node *node) {
    for (int i = 0; i < node->n && inside(w, node); i++) {
        const cg_visit *input = node->input[i] ? node->input[i]->visit : NULL;
        if (input && (input->target || input->leads)) return true;
    }
    return false;
}

/* Depth first, without recursion; a node joins the list when all it depends on has: so the list is in order. */
cg_status cg_walk_collect(cg_walk *w, cg_node *root) {
    stack s;
    s.frame = s.few;
    s.count = 0;
    s.room = FEW_FRAMES;
    w->root = root;
    root->record.refs++;
    bool ok = push(w, &s, root);
    while (ok && s.count) {
        frame *top = &s.frame[s.count - 1];
        cg_visit *visit = top->visit;
        cg_node *node = visit->node;
        if (top->i < node->n && inside(w, node)) {
            cg_node *input = node->input[top->i++];
            if (input && !(input->visit && input->visit->walk == w && input->visit->seen))
                ok = push(w, &s, input);
            continue;
        }
        if (w->all && (!node->n || node->retain_grad)) visit->target = true;
        visit->leads = leads_on(w, node);
        visit->next = w->order;
        w->order = visit;
        s.count--;
    }
    if (s.frame != s.few) free(s.frame);
    return ok ? CG_OK : w->dev->error.code;
}

void cg_walk_end(cg_walk *w) {
    for (cg_visit *visit = w->made, *next; visit; visit = next) {
        next = visit->next_made;
        visit->node->visit = visit->outer;
        cg_release(visit->arrived);
        cg_slab_give(&w->dev->visits, visit);
    }
    w->made = w->order = NULL;
    cg_shared_forget(w->dev);
    if (w->root) cg_record_release(&w->root->record);
    w->root = NULL;
}

/* --- one node --------------------------------------------------------------------------------------------- */

/* The kept result with its own record, for rules in terms of the result that are recorded in turn. */
static cg_tensor *saved_result(cg_node *node, bool create_graph) {
    cg_tensor *kept = node->reads_out ? cg_node_result(node) : NULL;
    if (!kept || !create_graph) return kept;
    cg_tensor *out = cg_tensor_alias(kept);
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

cg_status cg_walk_deliver(cg_walk *w, cg_node *to, cg_tensor *dx) {
    cg_visit *visit = cg_walk_visit(w, to);
    cg_tensor *sum = !visit ? NULL : visit->arrived ? cg_add(visit->arrived, dx) : dx;
    if (!sum) return w->dev->error.code;
    cg_retain(sum);
    cg_release(visit->arrived);
    visit->arrived = sum;
    return CG_OK;
}

static bool wanted(const cg_node *node, int i) {
    const cg_visit *input = node->input[i] ? node->input[i]->visit : NULL;
    return input && (input->target || input->leads);
}

/* What the rule sees. */
static cg_status fill_call(const cg_walk *w, cg_node *node, cg_rule_call *call) {
    call->out = saved_result(node, w->create_graph);
    if (node->reads_out && !call->out) return w->dev->error.code;
    for (int i = 0; i < node->n; i++) {
        const bool read = !(node->lent & CG_KEEP(i));
        call->x[i] = read ? cg_node_input(node, i, w->create_graph) : NULL;
        if (!call->x[i] && read && node->leans & CG_KEEP(i)) return w->dev->error.code;
        call->shape[i] = node->shape[i];
        call->dtype[i] = node->dtype[i];
        call->wanted[i] = wanted(node, i);
    }
    return CG_OK;
}

/* The gradients of the inputs, unfitted, in the innermost scope. */
static cg_status apply_rule(cg_walk *w, cg_node *node, cg_tensor *g, cg_tensor **dx) {
    cg_rule_call call = {.dev = w->dev,
                         .g = g,
                         .create_graph = w->create_graph,
                         .shape_out = node->shape_out,
                         .attributes = &node->attributes};
    w->dev->unwatched++;
    const cg_status status = fill_call(w, node, &call);
    if (status == CG_OK) node->rule->backward(&call, dx);
    w->dev->unwatched--;
    if (status != CG_OK) return status;
    for (int i = 0; i < node->n; i++)
        if (call.wanted[i] && dx[i] && !cg_anomaly_pass_gradient(&call, node->rule->name, i, dx[i]))
            return w->dev->error.code;
    return CG_OK;
}

static cg_status run_rule(cg_walk *w, cg_node *node, cg_tensor *g) {
    cg_tensor *dx[CG_RULE_INPUTS] = {0};
    cg_status before = w->dev->error.code, status = cg_node_check_versions(node);
    if (status == CG_OK) status = apply_rule(w, node, g, dx);
    for (int i = 0; i < node->n && status == CG_OK; i++) {
        if (!wanted(node, i)) continue;
        if (!dx[i] && w->dev->error.code != before)
            return w->dev->error.code; /* what the rule called failed */
        if (!dx[i])
            return CG_FAIL(&w->dev->error, CG_ERROR_GRADIENT,
                           "backward: %s has no gradient for its input %d %s", node->rule->name, i,
                           CG_SHAPE_STR(&node->shape[i]));
        cg_tensor *fitted = fit(dx[i], node, i);
        status = fitted ? cg_walk_deliver(w, node->input[i], fitted) : w->dev->error.code;
    }
    return status;
}

static cg_status go_on(cg_walk *w, cg_node *node, cg_tensor *g) {
    if (node->released)
        return CG_FAIL(&w->dev->error, CG_ERROR_STATE,
                       "backward: the record of %s was released by an earlier backward pass",
                       node->rule->name);
    return node->again ? cg_again_run(w, node, g) : run_rule(w, node, g);
}

static cg_status run_hooks(cg_visit *visit) {
    cg_tensor *g = visit->arrived;
    cg_status status = cg_hooks_run(visit->node, &g);
    if (status || g == visit->arrived) return status;
    cg_retain(g);
    cg_release(visit->arrived);
    visit->arrived = g;
    return CG_OK;
}

static cg_status visit_node(cg_walk *w, cg_visit *visit) {
    cg_node *node = visit->node;
    if (!visit->arrived || !inside(w, node) || !(visit->leads || node->hooks)) return CG_OK;
    cg_scope *scope = cg_scope_begin(w->dev);
    if (!scope) return w->dev->error.code;
    cg_status status = node->hooks ? run_hooks(visit) : CG_OK;
    if (status == CG_OK && visit->leads) status = go_on(w, node, visit->arrived);
    if (status == CG_OK && visit->leads && !w->create_graph && !w->retain_graph)
        status = cg_node_let_go(node);
    cg_shared_visited(w->dev);
    cg_scope_drop(scope);
    if (!visit->target) {
        cg_release(visit->arrived);
        visit->arrived = NULL;
    }
    return status;
}

cg_status cg_walk_run(cg_walk *w, cg_tensor *seed) {
    const int depth = w->dev->no_grad;
    w->dev->no_grad = w->create_graph ? 0 : depth + 1;
    cg_status status = cg_walk_deliver(w, w->root, seed);
    for (cg_visit *visit = w->order; visit && status == CG_OK; visit = visit->next)
        status = visit_node(w, visit);
    w->dev->no_grad = depth;
    return status;
}
