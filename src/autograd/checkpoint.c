/*
 * Checkpoints: f(x) whose record is one node that knows how to compute f again.
 *
 * The first run is recorded, to learn which nodes made before it f reaches: those of x, and of parameters and other results
 * that f uses without being given them. These become the inputs of the one node, and the record of the run is dropped. The
 * backward pass runs f again, walks that record as far as these nodes, and hands on what arrives there.
 */
#include <stdlib.h>

#include "autograd/walk.h"
#include "core/shape.h"

/* A tensor that f reads, kept until f has been run again. */
typedef struct kept {
    cg_tensor *x;
    uint64_t version;
} kept;

struct cg_again {
    cg_function *f;
    void *context;
    uint64_t seed, stream; /* the generator's state before the first run */
    int n;                 /* arguments */
    kept *argument;
    int n_used; /* others that the record of the first run kept and that were there before it */
    kept *used;
};

bool cg_checkpoint_recomputing(const cg_device *dev) { return dev && dev->recomputing > 0; }

void cg_again_free(cg_again *again) {
    if (!again) return;
    for (int i = 0; i < again->n; i++) cg_unkeep(&again->argument[i].x);
    for (int i = 0; i < again->n_used; i++) cg_unkeep(&again->used[i].x);
    free(again->argument);
    free(again->used);
    free(again);
}

static void take(kept *slot, cg_tensor *x) {
    cg_keep(&slot->x, x);
    slot->version = x->storage->version;
}

/* --- the first run --------------------------------------------------------------------------------------------- */

static cg_again *again_new(cg_device *dev, cg_function *f, void *context, int n, cg_tensor *const *x) {
    cg_again *again = calloc(1, sizeof *again);
    kept *argument = calloc(n > 0 ? (size_t)n : 1, sizeof *argument);
    if (!again || !argument) {
        free(again);
        free(argument);
        CG_FAIL(&dev->error, CG_ERROR_MEMORY, "checkpoint: out of host memory");
        return NULL;
    }
    *again = (cg_again){.f = f,
                        .context = context,
                        .seed = dev->seed,
                        .stream = dev->next_stream,
                        .n = n,
                        .argument = argument};
    for (int i = 0; i < n; i++) take(&argument[i], x[i]);
    return again;
}

/* A kept value whose record is from before the run, into *slot if there is one; counts it. */
static void note(const cg_walk *w, cg_tensor *x, kept *slot, int *count) {
    if (!x || !x->record || cg_node_of(x)->serial >= w->first) return;
    if (slot) take(&slot[*count], x);
    ++*count;
}

/* All such values of the nodes of the run. */
static int note_all(const cg_walk *w, kept *slot) {
    int count = 0;
    for (const cg_visit *visit = w->order; visit; visit = visit->next) {
        const cg_node *node = visit->node;
        const cg_again *nested = node->again;
        if (node->serial < w->first) continue;
        for (int i = 0; i < CG_RULE_INPUTS; i++) note(w, node->saved[i], slot, &count);
        for (int i = 0; nested && i < nested->n; i++) note(w, nested->argument[i].x, slot, &count);
        for (int i = 0; nested && i < nested->n_used; i++) note(w, nested->used[i].x, slot, &count);
    }
    return count;
}

static cg_status keep_used(const cg_walk *w, cg_again *again) {
    const int n = note_all(w, NULL);
    again->used = calloc(n ? (size_t)n : 1, sizeof *again->used);
    if (!again->used) return CG_FAIL(&w->dev->error, CG_ERROR_MEMORY, "checkpoint: out of host memory");
    again->n_used = note_all(w, again->used);
    return CG_OK;
}

/* The nodes outside become the inputs. */
static cg_status link_inputs(const cg_walk *w, cg_node *node) {
    int n = 0;
    for (const cg_visit *visit = w->order; visit; visit = visit->next) {
        if (visit->node->serial < w->first)
            n++;
        else if (!visit->node->n)
            return CG_FAIL(
                &w->dev->error, CG_ERROR_STATE,
                "checkpoint: the function makes a leaf, whose gradient nobody could see: make it outside");
    }
    if (n > CG_RULE_INPUTS) {
        node->input = calloc((size_t)n, sizeof(cg_node *));
        if (!node->input) {
            node->input = node->few;
            return CG_FAIL(&w->dev->error, CG_ERROR_MEMORY, "checkpoint: out of host memory");
        }
    }
    for (const cg_visit *visit = w->order; visit; visit = visit->next) {
        if (visit->node->serial >= w->first) continue;
        node->input[node->n++] = visit->node;
        visit->node->record.refs++;
    }
    return CG_OK;
}

/* A name for messages: the walk asks for node->again first. */
static const cg_rule checkpoint_rule = {"checkpoint", cg_no_gradient};

/* The node that stands for the record behind y, all of whose nodes from `first` on are of this run. */
static cg_node *make_node(cg_device *dev, cg_tensor *y, uint64_t first, cg_again *again) {
    cg_walk w = {.dev = dev, .first = first};
    cg_node *node = cg_node_new(dev, &checkpoint_rule);
    if (!node) {
        cg_again_free(again);
        return NULL;
    }
    node->again = again;
    node->shape_out = y->shape;
    cg_status status = cg_walk_collect(&w, cg_node_of(y));
    if (status == CG_OK) status = link_inputs(&w, node);
    if (status == CG_OK) status = keep_used(&w, again);
    cg_walk_end(&w);
    if (status == CG_OK) return node;
    cg_record_release(&node->record);
    return NULL;
}

/* f's result with the one node in place of its record, computed, so that nothing of the run stays. */
static cg_tensor *replace_record(cg_device *dev, cg_tensor *y, uint64_t first, cg_again *again) {
    cg_tensor *out = cg_tensor_alias(y);
    cg_node *node = out ? make_node(dev, y, first, again) : NULL;
    if (!out) cg_again_free(again);
    if (!node) return NULL;
    cg_record_release(y->record);
    y->record = NULL;
    out->record = &node->record;
    return cg_eval(out);
}

static bool same_device(cg_device *dev, int n, cg_tensor *const *x) {
    for (int i = 0; i < n; i++) {
        if (x[i]->storage->dev == dev) continue;
        CG_FAIL(&dev->error, CG_ERROR_DEVICE_MISMATCH, "checkpoint: input %d lives on another device", i);
        return false;
    }
    return true;
}

cg_tensor *cg_checkpoint(cg_function *f, void *context, int n, cg_tensor *const *x) {
    for (int i = 0; i < n; i++)
        if (!x[i]) return NULL;
    if (!f || n < 1) return NULL;
    cg_device *dev = x[0]->storage->dev;
    if (!same_device(dev, n, x)) return NULL;
    cg_scope *scope = cg_scope_begin(dev);
    if (!scope) return NULL;
    const uint64_t first = dev->serial + 1, lean_after = dev->lean_after;
    cg_again *again = again_new(dev, f, context, n, x);
    dev->lean_after = dev->serial;
    cg_tensor *y = again ? f(context, n, x) : NULL;
    dev->lean_after = lean_after;
    if (y && y->record && cg_node_of(y)->serial >= first)
        y = replace_record(dev, y, first, again);
    else
        cg_again_free(again);
    return cg_scope_return(scope, y);
}

/* --- the second run -------------------------------------------------------------------------------------------- */

static cg_status check_kept(cg_device *dev, int n, const kept *slot, const char *what) {
    for (int i = 0; i < n; i++)
        if (slot[i].x->storage->version != slot[i].version)
            return CG_FAIL(&dev->error, CG_ERROR_STATE,
                           "backward: checkpoint needs %s %s, which was written in place since", what,
                           CG_SHAPE_STR(&slot[i].x->shape));
    return CG_OK;
}

static cg_tensor *run_again(cg_device *dev, const cg_again *again) {
    const uint64_t seed = dev->seed, stream = dev->next_stream, lean_after = dev->lean_after;
    const int no_grad = dev->no_grad;
    cg_tensor **x = calloc((size_t)again->n, sizeof(cg_tensor *));
    if (!x) {
        CG_FAIL(&dev->error, CG_ERROR_MEMORY, "checkpoint: out of host memory");
        return NULL;
    }
    for (int i = 0; i < again->n; i++) x[i] = again->argument[i].x;
    dev->seed = again->seed;
    dev->next_stream = again->stream;
    dev->no_grad = 0;
    dev->lean_after = dev->serial; /* as in the first run */
    dev->recomputing++;
    cg_tensor *y = again->f(again->context, again->n, x);
    dev->recomputing--;
    dev->lean_after = lean_after;
    dev->no_grad = no_grad;
    dev->seed = seed;
    dev->next_stream = stream;
    free(x);
    return y;
}

static bool is_input(const cg_node *node, const cg_node *of) {
    for (int i = 0; i < node->n; i++)
        if (node->input[i] == of) return true;
    return false;
}

/* The second run must end at nodes of the first: a gradient that went elsewhere would be lost. */
static cg_status check_ends(const cg_walk *inner, const cg_node *node) {
    for (const cg_visit *visit = inner->order; visit; visit = visit->next)
        if (visit->node->serial < inner->first && !is_input(node, visit->node))
            return CG_FAIL(&inner->dev->error, CG_ERROR_STATE,
                           "backward: the function of a checkpoint used other tensors the second time");
    return CG_OK;
}

/* Walks the new record; dx[i] (retained) is what arrives at input i where `wanted`. */
static cg_status walk_again(cg_walk *inner, cg_node *node, cg_tensor *y, cg_tensor *g, const bool *wanted,
                            cg_tensor **dx) {
    cg_status status = CG_OK;
    for (int i = 0; i < node->n && status == CG_OK; i++) {
        if (!wanted[i]) continue;
        cg_visit *visit = cg_walk_visit(inner, node->input[i]);
        status = visit ? CG_OK : inner->dev->error.code;
        if (visit) visit->target = true;
    }
    if (status == CG_OK) status = cg_walk_collect(inner, cg_node_of(y));
    if (status == CG_OK) status = check_ends(inner, node);
    if (status == CG_OK) status = cg_walk_run(inner, g);
    for (int i = 0; i < node->n && status == CG_OK; i++) {
        if (!wanted[i]) continue;
        dx[i] = cg_retain(node->input[i]->visit->arrived);
        if (!dx[i])
            status = CG_FAIL(&inner->dev->error, CG_ERROR_STATE,
                             "backward: the function of a checkpoint did not use a tensor the second time");
    }
    return status;
}

static cg_status recompute(cg_walk *w, cg_node *node, cg_tensor *g, const bool *wanted, cg_tensor **dx) {
    const cg_again *again = node->again;
    cg_walk inner = {.dev = w->dev, .create_graph = w->create_graph, .first = w->dev->serial + 1};
    cg_status status = check_kept(w->dev, again->n, again->argument, "its input");
    if (status == CG_OK) status = check_kept(w->dev, again->n_used, again->used, "a tensor that it uses,");
    if (status) return status;
    cg_tensor *y = run_again(w->dev, again);
    if (!y) return w->dev->error.code ? w->dev->error.code : CG_ERROR_STATE;
    if (!cg_dims_equal(&y->shape, &node->shape_out))
        return CG_FAIL(&w->dev->error, CG_ERROR_SHAPE,
                       "backward: the function of a checkpoint gave %s, then %s",
                       CG_SHAPE_STR(&node->shape_out), CG_SHAPE_STR(&y->shape));
    if (!y->record)
        return CG_FAIL(
            &w->dev->error, CG_ERROR_STATE,
            "backward: the function of a checkpoint gave a result without a record the second time");
    status = walk_again(&inner, node, y, g, wanted, dx);
    cg_walk_end(&inner);
    return status;
}

cg_status cg_again_run(cg_walk *w, cg_node *node, cg_tensor *g) {
    cg_tensor **dx = calloc((size_t)node->n, sizeof(cg_tensor *));
    bool *wanted = calloc((size_t)node->n, sizeof *wanted);
    cg_status status =
        dx && wanted ? CG_OK : CG_FAIL(&w->dev->error, CG_ERROR_MEMORY, "checkpoint: out of host memory");
    for (int i = 0; i < node->n && status == CG_OK; i++)
        wanted[i] = node->input[i]->visit->target || node->input[i]->visit->leads;
    if (status == CG_OK) status = recompute(w, node, g, wanted, dx);
    for (int i = 0; i < node->n && status == CG_OK; i++)
        if (wanted[i]) status = cg_walk_deliver(w, node->input[i], dx[i]);
    for (int i = 0; i < node->n && dx; i++) cg_release(dx[i]);
    free(wanted);
    free(dx);
    return status;
}
