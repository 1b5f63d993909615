/* Recording: nodes, leaves, kept values. */
#include <stdlib.h>
#include <string.h>

#include "autograd/anomaly.h"
#include "autograd/node.h"
#include "core/shape.h"
#include "tensor/deferral.h"

static void destroy_node(cg_record *record);

cg_node *cg_node_new(cg_device *dev, const cg_rule *rule) {
    cg_node *node = cg_slab_take(&dev->nodes, sizeof *node);
    if (!node) {
        CG_FAIL(&dev->error, CG_ERROR_MEMORY, "%s: out of host memory for the record",
                rule ? rule->name : "leaf");
        return NULL;
    }
    memset(node, 0, sizeof *node);
    node->record = (cg_record){.refs = 1, .destroy = destroy_node};
    node->dev = dev;
    node->serial = ++dev->serial;
    node->rule = rule;
    node->input = node->few;
    return node;
}

void cg_keep(cg_tensor **slot, cg_tensor *x) {
    *slot = cg_retain(x);
    x->storage->saved++;
}

void cg_unkeep(cg_tensor **slot) {
    if (!*slot) return;
    (*slot)->storage->saved--;
    cg_release(*slot);
    *slot = NULL;
}

void cg_node_release_saved(cg_node *node) {
    cg_node_leave(node);
    for (int i = 0; i < CG_RULE_INPUTS; i++) cg_unkeep(&node->saved[i]);
    cg_node_unlean(node, node->leans);
    cg_unkeep(&node->saved_out);
    cg_again_free(node->again);
    node->again = NULL;
    node->released = true;
}

/*
 * Destroying a node releases its inputs, which may destroy theirs, ... A record can be as long as a training
 * run, so the outermost call works through a list instead of descending.
 */
static _Thread_local cg_node *doomed;
static _Thread_local bool destroying;

static void destroy_node(cg_record *record) {
    cg_node *node = (cg_node *)record;
    node->next = doomed;
    doomed = node;
    if (destroying) return;
    destroying = true;
    while (doomed) {
        node = doomed;
        doomed = node->next;
        cg_watch_ends(node);
        cg_node_release_saved(node);
        cg_gathered_release(node);
        cg_hooks_release(node);
        for (int i = 0; i < node->n; i++) cg_record_release(node->input[i] ? &node->input[i]->record : NULL);
        if (node->input != node->few) free(node->input);
        cg_slab_give(&node->dev->nodes, node);
    }
    destroying = false;
}

bool cg_recording(cg_device *dev, int n, cg_tensor *const *input) {
    if (dev->no_grad) return false;
    for (int i = 0; i < n; i++)
        if (input[i] && input[i]->record) return true;
    return false;
}

static void record_input(cg_node *node, int i, cg_tensor *x, bool kept) {
    node->shape[i] = x->shape;
    node->dtype[i] = x->storage->dtype;
    if (x->record) {
        node->input[i] = cg_node_of(x);
        x->record->refs++;
    }
    if (!kept || cg_lean(node, i, x)) return;
    cg_keep(&node->saved[i], x);
    node->version[i] = x->storage->version;
}

cg_tensor *cg_record_op_again(cg_tensor *out, const cg_rule *rule, cg_result_again *again, int n,
                              cg_tensor *const *input, unsigned kept, const cg_attributes *attributes) {
    if (!out || !cg_anomaly_pass(out, rule->name, n, input)) return NULL;
    if (!cg_recording(out->storage->dev, n, input)) return out;
    cg_node *node = cg_node_new(out->storage->dev, rule);
    if (!node) return NULL;
    node->n = n;
    node->shape_out = out->shape;
    node->version_out = out->storage->version;
    node->result_again = again;
    if (attributes) node->attributes = *attributes;
    for (int i = 0; i < n; i++)
        if (input[i]) record_input(node, i, input[i], (kept & CG_KEEP(i)) != 0);
    node->reads_out = (kept & CG_KEEP_OUT) != 0;
    if (!cg_lean_on_inputs(node, n, input, kept) && node->reads_out) {
        cg_tensor *alias = cg_tensor_alias(out);
        if (!alias) {
            cg_record_release(&node->record);
            return NULL;
        }
        cg_keep(&node->saved_out, alias);
    }
    out->record = &node->record;
    return out;
}

cg_tensor *cg_record_op(cg_tensor *out, const cg_rule *rule, int n, cg_tensor *const *input, unsigned kept,
                        const cg_attributes *attributes) {
    return cg_record_op_again(out, rule, NULL, n, input, kept, attributes);
}

void cg_no_gradient(const cg_rule_call *call, cg_tensor **dx) { (void)call, (void)dx; }

static void identity_backward(const cg_rule_call *call, cg_tensor **dx) { dx[0] = call->g; }

static const cg_rule identity_rule = {"identity", identity_backward};

cg_tensor *cg_identity(cg_tensor *x) {
    return x ? cg_record_op(cg_tensor_alias(x), &identity_rule, 1, &x, CG_KEEP_NOTHING, NULL) : NULL;
}

/* --- leaves and switches ---------------------------------------------------------------------------------- */

cg_tensor *cg_require_grad(cg_tensor *x, bool wanted) {
    if (!x) return NULL;
    cg_device *dev = x->storage->dev;
    cg_node *node = cg_node_of(x);
    if (node && node->rule) {
        CG_FAIL(&dev->error, CG_ERROR_STATE, "require_grad: %s is the result of %s, not a leaf",
                CG_SHAPE_STR(&x->shape), node->rule->name);
        return NULL;
    }
    if (wanted && !cg_dtype_is_float(x->storage->dtype)) {
        CG_FAIL(&dev->error, CG_ERROR_DTYPE, "require_grad: %s has no gradient, only f32 and f64 have",
                cg_dtype_name(x->storage->dtype));
        return NULL;
    }
    if (wanted == (node != NULL)) return x;
    if (wanted) {
        node = cg_node_new(dev, NULL);
        if (!node) return NULL;
        x->record = &node->record;
    } else {
        cg_record_release(x->record);
        x->record = NULL;
    }
    return x;
}

bool cg_requires_grad(const cg_tensor *x) { return x && x->record; }

cg_tensor *cg_detach(cg_tensor *x) { return x ? cg_tensor_alias(x) : NULL; }

void cg_no_grad_begin(cg_device *dev) {
    if (dev) dev->no_grad++;
}

void cg_no_grad_end(cg_device *dev) {
    if (dev && dev->no_grad) dev->no_grad--;
}
