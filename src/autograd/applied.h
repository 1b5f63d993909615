/* A call of a cg_function on stand-ins for its arguments: what vjp, jvp, the Hessian and their kin begin with. */
#ifndef CLGRAD_AUTOGRAD_APPLIED_H
#define CLGRAD_AUTOGRAD_APPLIED_H

#include "autograd/walk.h"

typedef struct cg_applied {
    const char *op;
    cg_device *dev;
    cg_scope *scope; /* of all that is made */
    int n, no_grad;  /* arguments; the depth of cg_no_grad_begin outside */
    cg_tensor **x;   /* stand-ins */
    cg_tensor *y;    /* f(x) */
} cg_applied;

/*
 * Opens a scope and calls f on stand-ins for x: results of x where that is recorded and create_graph is set, else leaves.
 * Records even where the caller does not. cg_applied_end must follow, whatever the status.
 */
cg_status cg_applied_begin(cg_applied *t, const char *op, cg_function *f, void *context, int n,
                           cg_tensor *const *x, bool create_graph);

/* Whether y has one element; CG_ERROR_SHAPE naming the operation if not. */
cg_status cg_applied_check_scalar(const cg_applied *t);

/* Whether v[j] is like its partner, x_j. */
cg_status cg_applied_check_vectors(const cg_applied *t, cg_tensor *const *v);

/* sum_j <a_j, b_j>, a number. */
cg_tensor *cg_applied_dot(const cg_applied *t, cg_tensor *const *a, cg_tensor *const *b);

/*
 * Ends the scope. Of `out` (count of them) and *y (may be NULL) the results go to the scope around, or are all NULL where
 * status says so; gives the status back.
 */
cg_status cg_applied_end(cg_applied *t, cg_status status, bool create_graph, int count, cg_tensor **out,
                         cg_tensor **y);

#endif
