/*
 * Optimizers: one step updates every parameter of a module in one kernel launch (one per 60 or so parameter
 * tensors on OpenCL), in place, without waiting for the device.
 */
#ifndef CLGRAD_OPTIM_H
#define CLGRAD_OPTIM_H

#include "nn.h"

CG_BEGIN_DECLS

typedef struct cg_optimizer cg_optimizer;

/* Options of SGD; lr must be given, the rest may be 0. */
typedef struct cg_sgd_options {
    double lr;           /* step size */
    double momentum;     /* mu: v = mu v + g */
    bool nesterov;       /* use g + mu v in place of v */
    double weight_decay; /* g = g + weight_decay p, before all else */
} cg_sgd_options;

/* p = p - lr v, v = momentum v + g (v = g at the first step), as PyTorch. The module must outlive it. */
CG_API cg_optimizer *cg_sgd(cg_module *module, cg_sgd_options options);

/* Options of Adam; a 0 stands for the usual value given here. */
typedef struct cg_adam_options {
    double lr;           /* 0.001 */
    double beta1;        /* 0.9 */
    double beta2;        /* 0.999 */
    double epsilon;      /* 1e-8 */
    double weight_decay; /* 0; g = g + weight_decay p */
} cg_adam_options;

/*
 * Adam (Kingma, Ba 2015), algorithm 1:
 *     m = beta1 m + (1 - beta1) g        v = beta2 v + (1 - beta2) g^2
 *     p = p - lr (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)
 * Listing 45 of the pseudocode paper subtracts from the gradient and puts epsilon under the root.
 * The module must outlive the optimizer.
 */
CG_API cg_optimizer *cg_adam(cg_module *module, cg_adam_options options);

/*
 * One step from the gradients that cg_backward gathered; a parameter without one is left as it is. Then the
 * gradients are forgotten.
 */
CG_API cg_status cg_optimizer_step(cg_optimizer *optimizer);

/* The step size now. */
CG_API double cg_optimizer_lr(const cg_optimizer *optimizer);

/* Sets the step size, for schedules. */
CG_API void cg_optimizer_set_lr(cg_optimizer *optimizer, double lr);

/* Frees an optimizer. NULL is allowed. */
CG_API void cg_optimizer_free(cg_optimizer *optimizer);

CG_END_DECLS
#endif
