/* Adam (Kingma, Ba 2015), algorithm 1; AMSGrad (Reddi, Kale, Kumar 2018); AdamW (Loshchilov, Hutter 2019). */
#include <math.h>

#include "core/rows.h"
#include "optim/optimizer.h"

enum { M = CG_STEP_STATE, V, LARGEST };                                          /* states */
enum { BETA1, BETA2, EPSILON, OPTIONS };                                         /* options */
enum { ONE_MINUS_BETA1 = CG_STEP_OWN, ONE_MINUS_BETA2, V_SCALE, EPSILON_ADDED }; /* constants */

/*
 *     m = m + (1 - beta1) (g - m)        v = v + (1 - beta2) (g^2 - v)        w = v, or max(w, v)
 *     step = m / (sqrt(w / (1 - beta2^t)) + epsilon), which lr / (1 - beta1^t) multiplies
 */
static int push_step(const cg_optimizer *o, cg_program *p, int g) {
    const int m =
        cg_step_state(p, cg_program_push(p, CG_ROW_lerp, M, g, cg_step_const(p, ONE_MINUS_BETA1)), true);
    const int square = cg_program_push(p, CG_ROW_square, g, 0, 0);
    const int v = cg_step_state(
        p, cg_program_push(p, CG_ROW_lerp, V, square, cg_step_const(p, ONE_MINUS_BETA2)), false);
    int w = v;
    if (o->update->n_states == 3) {
        w = cg_program_push(p, CG_ROW_maximum, LARGEST, v, 0);
        p->output[3] = (uint8_t)w;
    }
    p->output[1] = (uint8_t)m;
    p->output[2] = (uint8_t)v;
    const int scaled = cg_program_push(p, CG_ROW_mul, w, cg_step_const(p, V_SCALE), 0);
    const int root = cg_program_push(p, CG_ROW_sqrt, scaled, 0, 0);
    const int below = cg_program_push(p, CG_ROW_add, root, cg_step_const(p, EPSILON_ADDED), 0);
    return cg_program_push(p, CG_ROW_div, m, below, 0);
}

static void constants(const cg_optimizer *o, int64_t t, cg_scalar *c) {
    const double beta1 = o->option[BETA1], beta2 = o->option[BETA2];
    c[CG_STEP_LR].f /= 1 - pow(beta1, (double)t);
    c[ONE_MINUS_BETA1].f = 1 - beta1;
    c[ONE_MINUS_BETA2].f = 1 - beta2;
    c[V_SCALE].f = 1 / (1 - pow(beta2, (double)t));
    c[EPSILON_ADDED].f = o->option[EPSILON];
}

#define ADAM(states)                                                                                         \
    {                                                                                                        \
        .n_states = states, .n_options = OPTIONS, .state = {"exp_avg", "exp_avg_sq", "max_exp_avg_sq"},      \
        .option = {"beta1", "beta2", "epsilon"}, .momentum = BETA1, .step = push_step,                       \
        .constants = constants                                                                               \
    }
static const cg_update plain = ADAM(2), amsgrad = ADAM(3);

static cg_optimizer *make(cg_module *module, const char *kind, const cg_adam_options *a) {
    const cg_option option[OPTIONS] = {[BETA1] = {a->beta1, 0.9, 1},
                                       [BETA2] = {a->beta2, 0.999, 1},
                                       [EPSILON] = {a->epsilon, 1e-8, INFINITY}};
    const cg_common_options common = {cg_option_or(a->lr, 0.001), a->weight_decay, a->l1, a->decoupled};
    return cg_optimizer_new(module, kind, a->amsgrad ? &amsgrad : &plain, common, option, 0);
}

cg_optimizer *cg_adam(cg_module *module, cg_adam_options options) { return make(module, "adam", &options); }

cg_optimizer *cg_adamw(cg_module *module, cg_adam_options options) {
    options.weight_decay = cg_option_or(options.weight_decay, 0.01);
    options.decoupled = true;
    return make(module, "adamw", &options);
}
