/* Adagrad (Duchi, Hazan, Singer 2011). */
#include <math.h>

#include "core/rows.h"
#include "optim/optimizer.h"

enum { SUM = CG_STEP_STATE };
enum { LR_DECAY, INITIAL, EPSILON, OPTIONS };
enum { EPSILON_ADDED = CG_STEP_OWN };

/* s = s + g^2;  step = g / (sqrt(s) + epsilon) */
static int push_step(const cg_optimizer *o, cg_program *p, int g) {
    (void)o;
    const int s = cg_program_push(p, CG_ROW_add, SUM, cg_program_push(p, CG_ROW_square, g, 0, 0), 0);
    p->output[1] = (uint8_t)s;
    const int root = cg_program_push(p, CG_ROW_sqrt, s, 0, 0);
    const int below = cg_program_push(p, CG_ROW_add, root, cg_step_const(p, EPSILON_ADDED), 0);
    return cg_program_push(p, CG_ROW_div, g, below, 0);
}

static void constants(const cg_optimizer *o, int64_t t, cg_scalar *c) {
    c[CG_STEP_LR].f /= 1 + (double)(t - 1) * o->option[LR_DECAY];
    c[EPSILON_ADDED].f = o->option[EPSILON];
}

static const cg_update update = {.n_states = 1,
                                 .n_options = OPTIONS,
                                 .state = {"sum"},
                                 .option = {"lr_decay", "initial_accumulator", "epsilon"},
                                 .momentum = -1,
                                 .step = push_step,
                                 .constants = constants};

cg_optimizer *cg_adagrad(cg_module *module, cg_adagrad_options a) {
    const cg_option option[OPTIONS] = {[LR_DECAY] = {a.lr_decay, 0, INFINITY},
                                       [INITIAL] = {a.initial_accumulator, 0, INFINITY},
                                       [EPSILON] = {a.epsilon, 1e-10, INFINITY}};
    const cg_common_options common = {cg_option_or(a.lr, 0.01), a.weight_decay, a.l1, a.decoupled};
    return cg_optimizer_new(module, "adagrad", &update, common, option, a.initial_accumulator);
}
