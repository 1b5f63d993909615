/*
 * Results that need not be kept. An operation may say how its result is had from its inputs once more. Where these
 * are kept anyway, or can be had again themselves, a node that reads the result leans on the one that made it: the backward
 * pass computes it when its turn comes. It comes before the other's turn, which lets go of what it keeps after that.
 */
#include "autograd/node.h"
#include "core/shape.h"
#include "tensor/deferral.h"

/* Computing again costs time at each step of the way. */
enum { LONGEST_WAY = 8 };

cg_status cg_node_check_versions(const cg_node *node) {
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

/* --- while an operation is recorded ------------------------------------------------------------------------------- */

/*
 * Whether the node that made x gives the values that x has: it is still to be walked, and x was not written since. Those from
 * before a checkpoint's function do not: it is run again when they may be gone.
 */
static bool gives_result(const cg_tensor *x) {
    const cg_node *node = cg_node_of(x);
    return node && !node->released && x->storage->version == node->version_out &&
           node->serial > node->dev->lean_after && node->way < LONGEST_WAY &&
           (node->way > 0 || node->saved_out);
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

bool cg_lean_on_inputs(cg_node *node, int n, cg_tensor *const *input) {
    if (!node->result_again) return false;
    for (int i = 0; i < n; i++)
        if (input[i] && !has_input(node, i) && !gives_result(input[i])) return false;
    int way = 0;
    for (int i = 0; i < n; i++) {
        if (input[i] && !has_input(node, i)) lean(node, i);
        if (node->leans & CG_KEEP(i) && node->input[i]->way > way) way = node->input[i]->way;
    }
    node->way = way + 1;
    return true;
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
    if (cg_node_check_versions(node)) return NULL;
    if (node->saved_out || node->way == 0) return node->saved_out;
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
    return out;
}

cg_status cg_node_let_go(cg_node *node) {
    cg_tensor *out = node->leaning > 0 ? cg_eval(cg_node_result(node)) : NULL;
    const bool failed = node->leaning > 0 && !out;
    if (out) cg_keep(&out, out);
    cg_node_release_saved(node);
    node->saved_out = out;
    if (out) node->version_out = out->storage->version;
    return failed ? node->dev->error.code : CG_OK;
}
