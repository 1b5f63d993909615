/*
 * An optimizer is an update rule as a program over (parameter, gradient, states...): elementwise, in place,
 * run for all parameters in one request to the backend.
 */
#ifndef CLGRAD_OPTIM_OPTIMIZER_H
#define CLGRAD_OPTIM_OPTIMIZER_H

#include "clgrad/optim.h"
#include "tensor/context.h"

enum { CG_MAX_STATES = 2 };

/*
 * The program of an update has inputs parameter, gradient, state 0, ...; outputs parameter, state 0, ...; and
 * the constants that `constants` fills in anew for step t = 1, 2, ...
 */
typedef struct cg_update {
    const char *name;
    int n_states;
    void (*program)(const cg_optimizer *o, cg_program *p);
    void (*constants)(const cg_optimizer *o, int64_t t, cg_scalar *c);
} cg_update;

struct cg_optimizer {
    cg_device *dev;
    cg_module *module;
    const cg_update *update;
    int n;                              /* parameters */
    cg_tensor *(*state)[CG_MAX_STATES]; /* zeros like each parameter */
    cg_segment *segment;                /* room for a request */
    int64_t t;                          /* steps done */
    double lr;
    union {
        cg_sgd_options sgd;
        cg_adam_options adam;
    } options;
};

/* A new optimizer with zero states; options and lr are the caller's to set. */
cg_optimizer *cg_optimizer_new(cg_module *module, const cg_update *update);

#endif
