/* RMSProp (Hinton 2012, lecture 6e), centered (Graves 2013), with momentum. */
#include <math.h>

#include "core/rows.h"
#include "optim/optimizer.h"

enum { SQUARE = CG_STEP_STATE };
enum { ALPHA, EPSILON, MOMENTUM, OPTIONS };
enum { ONE_MINUS_ALPHA = CG_STEP_OWN, EPSILON_ADDED, MU };

/* v = v + (1 - alpha) (g^2 - v);  d = sqrt(v) + epsilon;  the ratio g / d. The mean of g is state `mean`, 0 for none. */
static int push_ratio(cg_program *p, int g, int mean) {
    const int share = cg_step_const(p, ONE_MINUS_ALPHA);
    const int square = cg_program_push(p, CG_ROW_square, g, 0, 0);
    const int v = cg_step_state(p, cg_program_push(p, CG_ROW_lerp, SQUARE, square, share), false);
    int spread = v;
    p->output[1] = (uint8_t)v;
    if (mean) {
        const int a = cg_step_state(p, cg_program_push(p, CG_ROW_lerp, mean, g, share), true);
        p->output[2] = (uint8_t)a;
        spread = cg_program_push(p, CG_ROW_sub, v, cg_program_push(p, CG_ROW_square, a, 0, 0), 0);
        spread = cg_program_push(p, CG_ROW_maximum, spread, cg_step_const(p, CG_STEP_ZERO), 0);
    }
    const int root = cg_program_push(p, CG_ROW_sqrt, spread, 0, 0);
    const int below = cg_program_push(p, CG_ROW_add, root, cg_step_const(p, EPSILON_ADDED), 0);
    return cg_program_push(p, CG_ROW_div, g, below, 0);
}

/* b = momentum b + ratio, in the last state */
static int push_momentum(cg_program *p, int b, int ratio) {
    const int kept = cg_program_push(p, CG_ROW_mul, b, cg_step_const(p, MU), 0);
    const int sum = cg_step_state(p, cg_program_push(p, CG_ROW_add, kept, ratio, 0), true);
    p->output[b - CG_STEP_STATE + 1] = (uint8_t)sum;
    return sum;
}

static int push_plain_step(const cg_optimizer *o, cg_program *p, int g) {
    (void)o;
    return push_ratio(p, g, 0);
}

static int push_centered_step(const cg_optimizer *o, cg_program *p, int g) {
    (void)o;
    return push_ratio(p, g, SQUARE + 1);
}

static int push_momentum_step(const cg_optimizer *o, cg_program *p, int g) {
    (void)o;
    return push_momentum(p, SQUARE + 1, push_ratio(p, g, 0));
}

static int push_centered_momentum_step(const cg_optimizer *o, cg_program *p, int g) {
    (void)o;
    return push_momentum(p, SQUARE + 2, push_ratio(p, g, SQUARE + 1));
}

static void constants(const cg_optimizer *o, int64_t t, cg_scalar *c) {
    (void)t;
    c[ONE_MINUS_ALPHA].f = 1 - o->option[ALPHA];
    c[EPSILON_ADDED].f = o->option[EPSILON];
    c[MU].f = o->option[MOMENTUM];
}

#define RMSPROP(function, momentum_option, states, ...)                                                      \
    {                                                                                                        \
        .n_states = states, .n_options = OPTIONS, .state = {__VA_ARGS__},                                    \
        .option = {"alpha", "epsilon", "momentum"}, .momentum = momentum_option, .step = function,           \
        .constants = constants                                                                               \
    }
static const cg_update updates[2][2] = {
    /* [centered][momentum] */
    {RMSPROP(push_plain_step, -1, 1, "square_avg"),
     RMSPROP(push_momentum_step, MOMENTUM, 2, "square_avg", "momentum")},
    {RMSPROP(push_centered_step, -1, 2, "square_avg", "grad_avg"),
     RMSPROP(push_centered_momentum_step, MOMENTUM, 3, "square_avg", "grad_avg", "momentum")}};

cg_optimizer *cg_rmsprop(cg_module *module, cg_rmsprop_options r) {
    const cg_option option[OPTIONS] = {[ALPHA] = {r.alpha, 0.99, 1},
                                       [EPSILON] = {r.epsilon, 1e-8, INFINITY},
                                       [MOMENTUM] = {r.momentum, 0, 1}};
    const cg_common_options common = {cg_option_or(r.lr, 0.01), r.weight_decay, r.l1, r.decoupled};
    return cg_optimizer_new(module, "rmsprop", &updates[r.centered][r.momentum != 0], common, option, 0);
}
