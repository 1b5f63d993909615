/*
 * A walk: from a result back through its record, each node once, after the gradients of all its consumers have arrived.
 * Walks nest: a hook or the function of a checkpoint may walk nodes that a walk around it has not finished with. So
 * what a walk knows of a node is not in the node but in a visit, and a node points at that of the innermost walk.
 */
#ifndef CLGRAD_AUTOGRAD_WALK_H
#define CLGRAD_AUTOGRAD_WALK_H

#include "autograd/node.h"

typedef struct cg_walk {
    cg_device *dev;
    bool create_graph, retain_graph; /* as in cg_backward_options; the first implies the second */
    bool all;                        /* every leaf is a target, and every result whose gradient is gathered */
    uint64_t first;  /* nodes with a smaller serial are targets or nothing: the walk ends there */
    cg_node *root;   /* retained */
    cg_visit *order; /* every node reached, consumers before producers */
    cg_visit *made;  /* every visit */
} cg_walk;

struct cg_visit {
    cg_node *node;
    const cg_walk *walk;
    cg_visit *outer; /* of the same node, in the walk around this one */
    bool seen;       /* the walk has reached it */
    bool target;     /* the gradient is wanted here */
    bool leads;      /* to a target behind it */
    cg_tensor
        *arrived; /* the sum of the gradients that have arrived, then what the hooks made of it; retained */
    cg_visit *next, *next_made;
};

/* The visit of a node, new if there is none; NULL and an error without memory. */
cg_visit *cg_walk_visit(cg_walk *w, cg_node *node);

/* Finds every node behind `root` and their order. Once per walk. */
cg_status cg_walk_collect(cg_walk *w, cg_node *root);

/* Walks from the root, whose gradient is `seed`, through what was collected. What arrived at targets stays in their visits. */
cg_status cg_walk_run(cg_walk *w, cg_tensor *seed);

/* Adds dx to what has arrived at a node. */
cg_status cg_walk_deliver(cg_walk *w, cg_node *to, cg_tensor *dx);

/* Ends the walk: its visits go. */
void cg_walk_end(cg_walk *w);

/* checkpoint.c: what run_rule is for others. */
cg_status cg_again_run(cg_walk *w, cg_node *node, cg_tensor *g);

/*
 * cg_grad with all its choices. op: who is named in errors. unused_is_zero: an x_j that y does not depend on gets zeros.
 */
typedef struct cg_grad_request {
    const char *op;
    cg_tensor *y, *seed;
    int n;
    cg_tensor *const *x;
    bool create_graph, retain_graph, unused_is_zero;
} cg_grad_request;

cg_status cg_grad_do(const cg_grad_request *r, cg_tensor **out);

#endif
