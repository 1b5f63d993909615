/*
 * Results that need not be kept. An operation may say how its result is had from its inputs once more. Where these
 * are kept anyway, or can be had again themselves, a node that reads the result leans on the one that made it: the backward
 * pass computes it when its turn comes. It comes before the other's turn, which lets go of what it keeps after that.
 * Before what such a result is made of is written in place, the result is stored after all, for those that lean on it.
 * One that several lean on is computed once for those whose turns are near each other: no longer than that is it there
 * beside what it is made of.
 */
#include "autograd/node.h"
#include "core/shape.h"
#include "tensor/deferral.h"

enum {
    LONGEST_WAY = 8, /* computing again costs time at each step of it */
    NEAR = 8         /* visits for which a result stays for the next that leans on it */
};

static cg_status check_inputs(const cg_node *node, unsigned but) {
    for (int i = 0; i < node->n; i++)
        if (node->saved[i] && !(but & CG_KEEP(i)) && node->saved[i]->storage->version != node->version[i])
            return CG_FAIL(&node->dev->error, CG_ERROR_STATE,
                           "backward: %s needs its input %d %s, which was written in place since",
                           node->rule->name, i, CG_SHAPE_STR(&node->shape[i]));
    return CG_OK;
}

static cg_status check_result(const cg_node *node) {
    if (node->saved_out && node->saved_out->storage->version != node->version_out)
        return CG_FAIL(&node->dev->error, CG_ERROR_STATE,
                       "backward: %s needs its result %s, which was written in place since", node->rule->name,
                       CG_SHAPE_STR(&node->shape_out));
    return CG_OK;
}

cg_status cg_node_check_versions(const cg_node *node) {
    const cg_status status = check_inputs(node, node->lent);
    return status == CG_OK ? check_result(node) : status;
}

/* --- shared by several -------------------------------------------------------------------------------------------- */

void cg_shared_forget(cg_device *dev) {
    cg_release(dev->shared.result);
    dev->shared.result = NULL;
    dev->shared.made_by = NULL;
}

/* A node that no other leans on any more, or that has changed, shares nothing. */
static void share_no_more(const cg_node *node) {
    if (node->dev->shared.made_by == node) cg_shared_forget(node->dev);
}

static void share(cg_node *node, cg_tensor *out) {
    cg_shared_forget(node->dev);
    node->dev->shared = (cg_shared){.made_by = node, .result = cg_retain(out), .visits = NEAR};
}

/* Formulas stay with those that read them: stored for others they would cost what they are to save. */
void cg_shared_visited(cg_device *dev) {
    if (!dev->shared.result) return;
    if (dev->shared.result->storage->expr || dev->shared.visits-- == 0) cg_shared_forget(dev);
}

/* --- while an operation is recorded ------------------------------------------------------------------------------- */

/*
 * Whether the node that made x gives the values that x has, which was not written since. Those from before a checkpoint's
 * function do not: it is run again when they may be gone.
 */
static bool gives_result(const cg_tensor *x) {
    const cg_node *node = cg_node_of(x);
    if (!node || node->serial <= node->dev->lean_after || x->storage->version != node->version_out)
        return false;
    return node->way > 0 ? node->way < LONGEST_WAY
                         : node->saved_out && node->saved_out->storage == x->storage;
}

static void lean(cg_node *node, int i) {
    node->leans |= CG_KEEP(i);
    node->input[i]->leaning++;
}

bool cg_lean(cg_node *node, int i, const cg_tensor *x) {
    if (!gives_result(x) || node->input[i]->way == 0) return false;
    lean(node, i);
    return true;
}

static bool has_input(const cg_node *node, int i) { return node->saved[i] || node->leans & CG_KEEP(i); }

/* What only the result is made of: kept without being guarded as what a rule reads is, or leaned on. */
static void borrow(cg_node *node, int i, cg_tensor *x, bool kept) {
    node->lent |= CG_KEEP(i);
    if (!kept) {
        lean(node, i);
        return;
    }
    node->saved[i] = cg_retain(x);
    node->version[i] = x->storage->version;
}

static cg_status store_results(cg_storage *s);

/* The node is among those that are asked before a storage is written. */
static void join(cg_node *node, int way) {
    cg_device *dev = node->dev;
    node->way = way;
    node->next_again = dev->again;
    node->at_again = &dev->again;
    if (dev->again) dev->again->at_again = &node->next_again;
    dev->again = node;
    dev->store_results = store_results;
    for (int i = 0; i < node->n; i++)
        if (node->saved[i]) node->saved[i]->storage->results++;
}

bool cg_lean_on_inputs(cg_node *node, int n, cg_tensor *const *input, unsigned kept) {
    if (!node->result_again) return false;
    for (int i = 0; i < n; i++)
        if (input[i] && !has_input(node, i) && !(kept & CG_KEEP_AGAIN(i)) && !gives_result(input[i]))
            return false;
    int way = 0;
    for (int i = 0; i < n; i++) {
        if (input[i] && !has_input(node, i)) borrow(node, i, input[i], (kept & CG_KEEP_AGAIN(i)) != 0);
        if (node->leans & CG_KEEP(i) && node->input[i]->way > way) way = node->input[i]->way;
    }
    join(node, way + 1);
    return true;
}

void cg_node_unlean(cg_node *node, unsigned which) {
    for (int i = 0; i < CG_RULE_INPUTS; i++) {
        if (!(node->leans & which & CG_KEEP(i))) continue;
        cg_node *on = node->input[i];
        if (--on->leaning > 0) continue;
        share_no_more(on);
        if (on->released) cg_unkeep(&on->saved_out);
    }
    node->leans &= ~which;
}

void cg_node_leave(cg_node *node) {
    if (node->way == 0) return;
    node->way = 0;
    share_no_more(node);
    *node->at_again = node->next_again;
    if (node->next_again) node->next_again->at_again = node->at_again;
    for (int i = 0; i < node->n; i++) {
        if (!node->saved[i]) continue;
        node->saved[i]->storage->results--;
        if (!(node->lent & CG_KEEP(i))) continue;
        cg_release(node->saved[i]);
        node->saved[i] = NULL;
    }
    cg_node_unlean(node, node->lent);
    node->lent = 0;
}

/* --- in the backward pass ----------------------------------------------------------------------------------------- */

cg_tensor *cg_node_input(cg_node *node, int i, bool recorded) {
    if (!(node->leans & CG_KEEP(i))) return node->saved[i];
    cg_tensor *result = cg_node_result(node->input[i]);
    if (!result || !recorded) return result;
    cg_tensor *x = cg_tensor_alias(result);
    if (!x) return NULL;
    x->record = &node->input[i]->record;
    x->record->refs++;
    return x;
}

cg_tensor *cg_node_result(cg_node *node) {
    if (check_result(node)) return NULL;
    if (node->saved_out || node->way == 0) return node->saved_out;
    if (check_inputs(node, 0)) return NULL;
    if (node->dev->shared.made_by == node) {
        node->dev->shared.visits = NEAR;
        return cg_tensor_alias(
            node->dev->shared.result); /* which another may take the place of while this is read */
    }
    cg_rule_call call = {.dev = node->dev, .shape_out = node->shape_out, .attributes = &node->attributes};
    for (int i = 0; i < node->n; i++) {
        call.x[i] = cg_node_input(node, i, false);
        call.shape[i] = node->shape[i];
        call.dtype[i] = node->dtype[i];
        if (!call.x[i] && node->leans & CG_KEEP(i)) return NULL;
    }
    cg_no_grad_begin(node->dev);
    cg_tensor *out = node->result_again(&call);
    cg_no_grad_end(node->dev);
    if (out && node->leaning > 1) share(node, out);
    return out;
}

cg_status cg_node_let_go(cg_node *node) {
    cg_tensor *out = node->leaning > 0 ? cg_eval(cg_node_result(node)) : NULL;
    if (node->leaning > 0 && !out) return node->dev->error.code;
    if (out) cg_keep(&out, out);
    cg_node_release_saved(node);
    node->saved_out = out;
    if (out) node->version_out = out->storage->version;
    return CG_OK;
}

/* --- before what results are made of is written ------------------------------------------------------------------- */

static bool is_made_of(const cg_node *node, const cg_storage *s) {
    for (int i = 0; i < node->n; i++)
        if (node->saved[i] && node->saved[i]->storage == s) return true;
    return false;
}

static cg_status store_result(cg_node *node) {
    cg_tensor *out = cg_eval(cg_node_result(node));
    if (!out) return node->dev->error.code;
    if (!node->saved_out) cg_keep(&node->saved_out, out);
    node->version_out = out->storage->version;
    return CG_OK;
}

/* Stores what others lean on and s is part of, or the rule itself reads; nobody is to lean on it from now on. */
static cg_status store_results(cg_storage *s) {
    cg_scope *scope = cg_scope_begin(s->dev);
    cg_status status = scope ? CG_OK : s->dev->error.code;
    while (s->results > 0 && status == CG_OK) {
        cg_node *node = s->dev->again;
        while (!is_made_of(node, s)) node = node->next_again;
        if (node->leaning > 0 || node->reads_out) status = store_result(node);
        if (status == CG_OK) cg_node_leave(node);
    }
    cg_shared_forget(s->dev);
    if (scope) cg_scope_drop(scope);
    return status;
}
