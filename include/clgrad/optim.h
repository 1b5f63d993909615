/*
 * Optimizers: one step updates every parameter of a module in one kernel launch (on OpenCL, where a kernel's
 * arguments are limited, one for each 32 parameter tensors, or 4 at worst; on the CPU one more for each whose gradient is
 * still a product to be computed), in place, without waiting for the device. Groups of parameters with their own step size or weight decay take part in the same launch.
 *
 *     cg_optimizer *adam = cg_adamw(net, (cg_adam_options){.lr = 3e-4});
 *     cg_optimizer_group(adam, "*.bias", (cg_optimizer_group_options){.no_decay = true});
 *     cg_backward(loss);
 *     cg_clip_grad_norm(net, 1.0, 2, NULL);
 *     cg_optimizer_step(adam);
 *
 * g is the gradient of parameter p, t = 1, 2, ... counts the steps in which that parameter had one. Before the
 * formulas below, every optimizer forms
 *     g = g + weight_decay p + l1 sign(p)             weight decay as L2 penalty (PyTorch's weight_decay), L1 penalty
 * and with `decoupled` weight decay instead (Loshchilov, Hutter 2019: AdamW)
 *     g = g + l1 sign(p),  and  p = p - lr weight_decay p  beside the step.
 *
 * A module must outlive its optimizers. Options that make no sense (negative, not finite, beta >= 1) are
 * CG_ERROR_ARGUMENT. Where 0 stands for another default, 1e-30 has the effect of 0. docs/optimizers.md tells more.
 */
#ifndef CLGRAD_OPTIM_H
#define CLGRAD_OPTIM_H

#include "io.h"
#include "nn.h"

CG_BEGIN_DECLS

/* The way from gradients to the next parameters, with its state. Freed by cg_optimizer_free. */
typedef struct cg_optimizer cg_optimizer;

/* Options of SGD; lr must be given, the rest may be 0. */
typedef struct cg_sgd_options {
    double lr;           /* step size */
    double momentum;     /* mu */
    bool nesterov;       /* needs momentum, and no dampening */
    double weight_decay; /* lambda */
    double l1;           /* factor of the L1 penalty */
    bool decoupled;      /* weight decay beside the gradient */
    double dampening;    /* tau */
} cg_sgd_options;

/*
 * Stochastic gradient descent, as PyTorch's SGD (Sutskever et al. 2013):
 *     v = mu v + (1 - tau) g   (v = g at t = 1)       p = p - lr v,  with Nesterov p = p - lr (g + mu v)
 * Without momentum p = p - lr g. State: momentum (v), where mu is not 0.
 */
CG_API cg_optimizer *cg_sgd(cg_module *module, cg_sgd_options options);

/* Options of Adam and AdamW; a 0 stands for the usual value given here. */
typedef struct cg_adam_options {
    double lr;           /* 0.001 */
    double beta1;        /* 0.9 */
    double beta2;        /* 0.999 */
    double epsilon;      /* 1e-8 */
    double weight_decay; /* 0 for cg_adam, 0.01 for cg_adamw */
    double l1;           /* 0 */
    bool decoupled;      /* weight decay beside the gradient; always so for cg_adamw */
    bool amsgrad;        /* the largest v so far in place of v (Reddi, Kale, Kumar 2018) */
} cg_adam_options;

/*
 * Adam (Kingma, Ba 2015), algorithm 1:
 *     m = beta1 m + (1 - beta1) g        v = beta2 v + (1 - beta2) g^2        with amsgrad w = max(w, v), else w = v
 *     p = p - lr (m / (1 - beta1^t)) / (sqrt(w / (1 - beta2^t)) + epsilon)
 * Listing 45 of the pseudocode paper subtracts from the gradient and puts epsilon under the root.
 * State: exp_avg (m), exp_avg_sq (v), with amsgrad max_exp_avg_sq (w).
 */
CG_API cg_optimizer *cg_adam(cg_module *module, cg_adam_options options);

/* AdamW (Loshchilov, Hutter 2019), algorithm 2: cg_adam with decoupled weight decay, 0.01 unless given. */
CG_API cg_optimizer *cg_adamw(cg_module *module, cg_adam_options options);

/* Options of RMSProp; a 0 stands for the usual value given here. */
typedef struct cg_rmsprop_options {
    double lr;           /* 0.01 */
    double alpha;        /* 0.99 */
    double epsilon;      /* 1e-8 */
    double momentum;     /* 0 */
    bool centered;       /* divides by the deviation of g in place of its root mean square (Graves 2013) */
    double weight_decay; /* 0 */
    double l1;           /* 0 */
    bool decoupled;      /* weight decay beside the gradient */
} cg_rmsprop_options;

/*
 * RMSProp (Hinton 2012, lecture 6e), as PyTorch's:
 *     v = alpha v + (1 - alpha) g^2        d = sqrt(v) + epsilon
 *     centered: a = alpha a + (1 - alpha) g,  d = sqrt(max(v - a^2, 0)) + epsilon
 *     p = p - lr g / d,  with momentum  b = momentum b + g / d,  p = p - lr b
 * State: square_avg (v), centered grad_avg (a), with momentum momentum (b).
 */
CG_API cg_optimizer *cg_rmsprop(cg_module *module, cg_rmsprop_options options);

/* Options of Adagrad; a 0 stands for the usual value given here. */
typedef struct cg_adagrad_options {
    double lr;                  /* 0.01 */
    double lr_decay;            /* 0 */
    double initial_accumulator; /* 0: where s starts */
    double epsilon;             /* 1e-10 */
    double weight_decay;        /* 0 */
    double l1;                  /* 0 */
    bool decoupled;             /* weight decay beside the gradient */
} cg_adagrad_options;

/*
 * Adagrad (Duchi, Hazan, Singer 2011), as PyTorch's:
 *     s = s + g^2        p = p - lr / (1 + (t - 1) lr_decay) g / (sqrt(s) + epsilon)
 * State: sum (s). Decoupled weight decay uses lr without lr_decay.
 */
CG_API cg_optimizer *cg_adagrad(cg_module *module, cg_adagrad_options options);

/*
 * One step from the gradients that cg_backward gathered; a parameter without one, or frozen, is left as it is. Then
 * the gradients are forgotten. Does not wait for the device. Errors: CG_ERROR_STATE where the module has other
 * parameters (number, shape, dtype) than when the optimizer was made; what the device reports. After an error some
 * parameters may have been stepped, without their gradients from then on; the others are as they were, and a further call
 * steps them.
 */
CG_API cg_status cg_optimizer_step(cg_optimizer *optimizer);

/* Forgets the gradients of all parameters without a step, as cg_module_zero_grad does. */
CG_API void cg_optimizer_zero_grad(cg_optimizer *optimizer);

/* The kind: "sgd", "adam", "adamw", "rmsprop" or "adagrad"; NULL for NULL. */
CG_API const char *cg_optimizer_kind(const cg_optimizer *optimizer);

/* The step size now. */
CG_API double cg_optimizer_lr(const cg_optimizer *optimizer);

/* Sets the step size, for schedules (schedule.h); the groups' follow in proportion. */
CG_API void cg_optimizer_set_lr(cg_optimizer *optimizer, double lr);

/* The momentum of SGD and RMSProp, beta1 of Adam and AdamW; 0 for Adagrad. */
CG_API double cg_optimizer_momentum(const cg_optimizer *optimizer);

/*
 * Sets it, for one-cycle schedules. Errors: CG_ERROR_ARGUMENT outside [0, 1), for Adagrad, and for an optimizer made
 * without momentum, which has no state for it.
 */
CG_API cg_status cg_optimizer_set_momentum(cg_optimizer *optimizer, double momentum);

/* The number of calls of cg_optimizer_step that succeeded, those before a resumed checkpoint included. */
CG_API int64_t cg_optimizer_steps(const cg_optimizer *optimizer);

/* Sets that number, and the count t of every parameter: as if that many steps had been done, 0 to 2^53. */
CG_API void cg_optimizer_set_steps(cg_optimizer *optimizer, int64_t steps);

/* Frees an optimizer. NULL is allowed. */
CG_API void cg_optimizer_free(cg_optimizer *optimizer);

/* --- Groups of parameters --------------------------------------------------------------------------------- */

/* What a group does otherwise than the rest; zero is no difference. */
typedef struct cg_optimizer_group_options {
    double lr_factor;    /* its step size is lr_factor times cg_optimizer_lr; 0 for 1 */
    double lr;           /* or given: lr_factor becomes lr / cg_optimizer_lr; not both */
    double weight_decay; /* in place of the optimizer's; 0: the optimizer's */
    double l1;           /* the same for the L1 penalty */
    bool no_decay;       /* neither weight decay nor L1 penalty */
    bool frozen;         /* not updated; its gradients are forgotten with the others */
} cg_optimizer_group_options;

/*
 * Gives all parameters whose dotted path matches `pattern` (fnmatch: * any text, dots too, ? one character, [ab] one
 * of them), such as "*.bias" or "1.*", these options. A later call replaces all that an earlier one gave a parameter.
 * Errors: CG_ERROR_ARGUMENT where nothing matches, or for options that make no sense; nothing has changed then.
 */
CG_API cg_status cg_optimizer_group(cg_optimizer *optimizer, const char *pattern,
                                    cg_optimizer_group_options options);

/* The same for n parameters by their index as in cg_parameter. */
CG_API cg_status cg_optimizer_group_of(cg_optimizer *optimizer, int n, const int *index,
                                       cg_optimizer_group_options options);

/* --- State ------------------------------------------------------------------------------------------------- */

/*
 * Writes all that the optimizer has gathered to a safetensors file, whole or not at all: the states named
 * "<path>.<state>" ("1.weight.exp_avg"), and as metadata "optimizer" the text of cg_optimizer_settings. Waits for the
 * values. Errors: CG_ERROR_IO with the path and the reason.
 */
CG_API cg_status cg_optimizer_save(const cg_optimizer *optimizer, const char *path);

/*
 * Reads what cg_optimizer_save wrote: training goes on bit for bit as it would have without a stop. The file must be of
 * the same kind and variant (amsgrad, centered, with momentum or without), with each state in its shape and dtype and
 * nothing else; lr, options and groups become the file's.
 * Errors: CG_ERROR_IO, CG_ERROR_FORMAT; nothing has changed then.
 */
CG_API cg_status cg_optimizer_load(cg_optimizer *optimizer, const char *path);

/* The number of state tensors: states of the kind times parameters. */
CG_API int cg_optimizer_state_count(const cg_optimizer *optimizer);

/*
 * State tensor i, 0 <= i < cg_optimizer_state_count, and in *name, if not NULL, its name as in the file. Both belong to
 * the optimizer. For a checkpoint that holds more than an optimizer.
 */
CG_API cg_tensor *cg_optimizer_state(const cg_optimizer *optimizer, int i, const char **name);

/*
 * Kind, steps, lr, options and groups as one line of JSON: with the state tensors all that there is to save. Belongs to
 * the optimizer, valid until the next call for it. NULL and an error without memory.
 */
CG_API const char *cg_optimizer_settings(cg_optimizer *optimizer);

/*
 * cg_optimizer_load from a file that holds more: the states are found as prefix + name ("optimizer." +
 * "1.weight.exp_avg"), the settings as metadata prefix + "optimizer"; whatever else the file holds is ignored. Errors:
 * as cg_optimizer_load.
 */
CG_API cg_status cg_optimizer_load_from(cg_optimizer *optimizer, const cg_safetensors *file,
                                        const char *prefix);

/* --- Gradients before the step ----------------------------------------------------------------------------- */

/*
 * The p-norm of all gradients of a module taken as one vector, (sum |g|^p)^(1/p), p > 0, INFINITY for the largest |g|:
 * shape (), f64 where a parameter is, else f32. 0 where there are no gradients. Does not wait for the device; nothing
 * is recorded.
 */
CG_API cg_tensor *cg_grad_norm(const cg_module *module, double p);

/*
 * Scales all gradients by min(1, max_norm / (n + 1e-6)), n their p-norm, as PyTorch's clip_grad_norm_ (Pascanu, Mikolov,
 * Bengio 2013). The factor stays on the device: nothing waits. *total, if not NULL, gets n as of cg_grad_norm, owned by
 * the innermost scope. Gradients that are shared or views are replaced, never written into.
 * Errors: CG_ERROR_ARGUMENT for max_norm < 0 or p <= 0.
 */
CG_API cg_status cg_clip_grad_norm(cg_module *module, double max_norm, double p, cg_tensor **total);

/* Limits every element of every gradient to [-limit, limit]. Does not wait. Errors: CG_ERROR_ARGUMENT, limit < 0. */
CG_API cg_status cg_clip_grad_value(cg_module *module, double limit);

/* --- Penalties as terms of a loss ---------------------------------------------------------------------------- */

/*
 * sum |p| over all parameters that want a gradient: shape (), f64 where a parameter is, else f32. Gradient: sign(p).
 * Added to a loss with factor l1 it has the effect of the option l1, but shows in the loss.
 */
CG_API cg_tensor *cg_l1_penalty(const cg_module *module);

/*
 * sum p^2, as cg_l1_penalty. Gradient: 2 p, so weight_decay is the factor 2 of this term with factor weight_decay / 2.
 */
CG_API cg_tensor *cg_l2_penalty(const cg_module *module);

CG_END_DECLS
#endif
