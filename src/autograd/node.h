/* A node of the record, for the files of src/autograd. */
#ifndef CLGRAD_AUTOGRAD_NODE_H
#define CLGRAD_AUTOGRAD_NODE_H

#include "autograd/tape.h"

typedef struct cg_node cg_node;

struct cg_node {
    cg_record record; /* first: a tensor points at it */
    cg_device *dev;
    const cg_rule *rule; /* NULL: a leaf */
    int n;
    cg_node *input[CG_RULE_INPUTS];   /* NULL where no gradient is wanted; retained */
    cg_tensor *saved[CG_RULE_INPUTS]; /* kept inputs, with their own record */
    cg_tensor *saved_out;             /* the kept result, outside the record: else a circle */
    uint64_t version[CG_RULE_INPUTS], version_out;
    cg_dims shape[CG_RULE_INPUTS], shape_out;
    cg_dtype dtype[CG_RULE_INPUTS];
    cg_attributes attributes;
    bool released;   /* its kept values are gone: it has been walked */
    cg_tensor *grad; /* leaf: what cg_backward has gathered */

    /* while a walk is under way */
    bool seen, needed;  /* reached by the walk; leads to a target */
    bool target;        /* the walk wants the gradient here */
    cg_tensor *arrived; /* sum of the gradients that have arrived */
    cg_node *next;      /* in the list of all nodes of the walk, or of nodes to destroy */
};

static inline cg_node *cg_node_of(const cg_tensor *x) { return (cg_node *)x->record; }

cg_node *cg_node_new(cg_device *dev, const cg_rule *rule);

/* Lets go of the kept values of a walked node. */
void cg_node_release_saved(cg_node *node);

#endif
