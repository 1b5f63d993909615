/* A node of the record, for the files of src/autograd. */
#ifndef CLGRAD_AUTOGRAD_NODE_H
#define CLGRAD_AUTOGRAD_NODE_H

#include "autograd/tape.h"

typedef struct cg_node cg_node;
typedef struct cg_visit cg_visit; /* walk.h */
typedef struct cg_again cg_again; /* checkpoint.c */

/* A function of the caller's on the way of a gradient. */
typedef struct cg_hook {
    int64_t number;
    cg_gradient_hook *call;
    void (*release)(void *context);
    void *context;
    struct cg_hook *next;
} cg_hook;

struct cg_node {
    cg_record record; /* first: a tensor points at it */
    cg_device *dev;
    uint64_t serial;     /* counts up: a node made later has a larger one */
    const cg_rule *rule; /* NULL: a leaf */
    int n;               /* inputs: of a checkpoint any number, else at most CG_RULE_INPUTS */
    cg_node **input;     /* NULL where no gradient is wanted; retained */
    cg_node *few[CG_RULE_INPUTS];
    cg_tensor *saved[CG_RULE_INPUTS]; /* kept inputs, with their own record */
    cg_tensor *saved_out;             /* the kept result, outside the record: else a circle */
    cg_result_again *result_again;    /* NULL: the result is kept by those that read it */
    int way;        /* by which it is had again: the number of results up to those that are kept, else 0 */
    bool reads_out; /* the rule reads the result */
    unsigned leans; /* CG_KEEP(i): input i is not kept, but had again from the node that made it */
    unsigned lent;  /* and only the result is made of it, kept or leaned on: the rule does not read it */
    int leaning;    /* how many nodes lean on this one so */
    cg_node *next_again, **at_again; /* of those with a way, in the device's list */
    uint64_t version[CG_RULE_INPUTS], version_out;
    cg_dims shape[CG_RULE_INPUTS], shape_out;
    cg_dtype dtype[CG_RULE_INPUTS];
    cg_attributes attributes;
    cg_again *again; /* of cg_checkpoint: how its result is computed again; the arrays above are not used */
    bool released;   /* its kept values are gone: it has been walked */

    bool retain_grad; /* a result whose gradient is gathered too */
    cg_tensor *grad;  /* what cg_backward has gathered */
    uint64_t grad_in; /* the number of the recording within which it was, else 0 */
    cg_node *watch;   /* stands for the record of `grad`, see gather.c */
    cg_node *watched; /* of such a stand-in: the node that holds the gradient */

    cg_hook *hooks;
    int hooks_running;

    cg_visit *visit; /* what the innermost walk under way knows of it */
    cg_node *next;   /* in the list of nodes to destroy */
};

static inline cg_node *cg_node_of(const cg_tensor *x) { return (cg_node *)x->record; }

cg_node *cg_node_new(cg_device *dev, const cg_rule *rule);

/* Lets go of the kept values. */
void cg_node_release_saved(cg_node *node);

/* --- result_again.c --------------------------------------------------------------------------------------------- */

/* Whether input i of a new node, which is x, need not be kept: the node leans on what made it. */
bool cg_lean(cg_node *node, int i, const cg_tensor *x);

/*
 * Whether the result of a new node, whose inputs are kept as far as its rule reads them, need not be kept; then those with
 * CG_KEEP_AGAIN are kept as well.
 */
bool cg_lean_on_inputs(cg_node *node, int n, cg_tensor *const *input, unsigned kept);

/* The node no longer leans on the inputs in `which`; what one that was walked had for it alone goes. */
void cg_node_unlean(cg_node *node, unsigned which);

/* The result is not to be had again from now on: lets go of what was there for that alone. */
void cg_node_leave(cg_node *node);

/* Input i of a node as a rule sees it; NULL if it was not kept, or with an error. `recorded`: with its record. */
cg_tensor *cg_node_input(cg_node *node, int i, bool recorded);

/* The result of a node, outside the record; NULL if its rule does not read it, or with an error. */
cg_tensor *cg_node_result(cg_node *node);

/* A node has been visited: what is shared by those that lean on one node stays for some visits, if it was stored. */
void cg_shared_visited(cg_device *dev);
void cg_shared_forget(cg_device *dev);

/* The kept values of a walked node go, but for what others lean on. On an error nothing has gone. */
cg_status cg_node_let_go(cg_node *node);

/* What was kept for the rule is as it was. Errors: it was written in place. */
cg_status cg_node_check_versions(const cg_node *node);

/* --- tape.c ------------------------------------------------------------------------------------------------------ */

/* Keeps a value that a rule reads: counted on its storage, so that it is stored when a fused program passes by. */
void cg_keep(cg_tensor **slot, cg_tensor *x);
void cg_unkeep(cg_tensor **slot);

/* The same values in the record: a result of x with the gradient g. */
cg_tensor *cg_identity(cg_tensor *x);

/* --- hooks.c ---------------------------------------------------------------------------------------------------- */

/* Runs the hooks of a node on *g, in the innermost scope; *g is what the last gave. */
cg_status cg_hooks_run(cg_node *node, cg_tensor **g);

void cg_hooks_release(cg_node *node);

/* --- gather.c --------------------------------------------------------------------------------------------------- */

/*
 * Adds *arrived (retained, released here) to what the node has gathered. `scope` is where a record of the sum lives
 * under create_graph.
 */
cg_status cg_gather(cg_node *node, cg_tensor **arrived, cg_scope *scope);

/* Lets go of the gathered gradient. */
void cg_gathered_release(cg_node *node);

/* A stand-in of gather.c is being destroyed. */
void cg_watch_ends(cg_node *watch);

/* --- checkpoint.c ----------------------------------------------------------------------------------------------- */

void cg_again_free(cg_again *again);

#endif
