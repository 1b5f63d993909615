/* Stochastic gradient descent with momentum (Sutskever et al. 2013). */
#include <math.h>

#include "core/rows.h"
#include "nn/module.h"
#include "optim/optimizer.h"

enum { V = CG_STEP_STATE };
enum { MOMENTUM, NESTEROV, DAMPENING, OPTIONS };
enum { MU = CG_STEP_OWN, SHARE /* of g in v: 1 - dampening */ };

static int push_plain(const cg_optimizer *o, cg_program *p, int g) {
    (void)o, (void)p;
    return g;
}

/* v = momentum v + share g;  step = v, or for Nesterov g + momentum v */
static int push_momentum(const cg_optimizer *o, cg_program *p, int g) {
    const int mu = cg_step_const(p, MU);
    const int kept = cg_program_push(p, CG_ROW_mul, V, mu, 0);
    int added = g;
    if (o->option[DAMPENING] != 0) added = cg_program_push(p, CG_ROW_mul, g, cg_step_const(p, SHARE), 0);
    const int v = cg_step_state(p, cg_program_push(p, CG_ROW_add, kept, added, 0), true);
    p->output[1] = (uint8_t)v;
    if (o->option[NESTEROV] == 0) return v;
    return cg_program_push(p, CG_ROW_add, g, cg_program_push(p, CG_ROW_mul, v, mu, 0), 0);
}

static void no_constants(const cg_optimizer *o, int64_t t, cg_scalar *c) { (void)o, (void)t, (void)c; }

static void constants(const cg_optimizer *o, int64_t t, cg_scalar *c) {
    c[MU].f = o->option[MOMENTUM];
    c[SHARE].f = t == 1 ? 1 : 1 - o->option[DAMPENING]; /* v = g at first, as PyTorch */
}

static const cg_update plain = {.momentum = -1, .step = push_plain, .constants = no_constants};
static const cg_update with_momentum = {.n_states = 1,
                                        .n_options = OPTIONS,
                                        .state = {"momentum"},
                                        .option = {"momentum", "nesterov", "dampening"},
                                        .momentum = MOMENTUM,
                                        .step = push_momentum,
                                        .constants = constants};

cg_optimizer *cg_sgd(cg_module *module, cg_sgd_options s) {
    if (module &&
        ((s.nesterov && (s.momentum == 0 || s.dampening != 0)) || (s.dampening != 0 && s.momentum == 0))) {
        CG_FAIL(&module->dev->error, CG_ERROR_ARGUMENT,
                "sgd: momentum %g, dampening %g%s; dampening needs momentum, nesterov needs momentum and no "
                "dampening",
                s.momentum, s.dampening, s.nesterov ? ", nesterov" : "");
        return NULL;
    }
    const cg_option option[OPTIONS] = {[MOMENTUM] = {s.momentum, 0, 1},
                                       [NESTEROV] = {s.nesterov, 0, INFINITY},
                                       [DAMPENING] = {s.dampening, 0, INFINITY}};
    const cg_common_options common = {s.lr, s.weight_decay, s.l1, s.decoupled};
    return cg_optimizer_new(module, "sgd", s.momentum != 0 ? &with_momentum : &plain, common, option, 0);
}
