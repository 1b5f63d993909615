/* Stochastic gradient descent with momentum. */
#include "core/rows.h"
#include "optim/optimizer.h"

enum { P, G, V }; /* inputs */
enum { LR, MOMENTUM, DECAY };

/* g' = g + decay p;  without momentum: p = p - lr g' */
static void plain_program(const cg_optimizer *o, cg_program *p) {
    (void)o;
    p->n_inputs = 2;
    p->n_consts = 3;
    const int lr = cg_program_const(p, LR), decay = cg_program_const(p, DECAY);
    int g = cg_program_push(p, CG_ROW_add, G, cg_program_push(p, CG_ROW_mul, P, decay, 0), 0);
    p->output[0] = (uint8_t)cg_program_push(p, CG_ROW_sub, P, cg_program_push(p, CG_ROW_mul, g, lr, 0), 0);
    p->n_outputs = 1;
}

/* v = momentum v + g';  p = p - lr v, or for Nesterov p - lr (g' + momentum v) */
static void momentum_program(const cg_optimizer *o, cg_program *p) {
    p->n_inputs = 3;
    p->n_consts = 3;
    const int lr = cg_program_const(p, LR), mu = cg_program_const(p, MOMENTUM),
              decay = cg_program_const(p, DECAY);
    int g = cg_program_push(p, CG_ROW_add, G, cg_program_push(p, CG_ROW_mul, P, decay, 0), 0);
    int v = cg_program_push(p, CG_ROW_add, cg_program_push(p, CG_ROW_mul, V, mu, 0), g, 0);
    int step = v;
    if (o->options.sgd.nesterov)
        step = cg_program_push(p, CG_ROW_add, g, cg_program_push(p, CG_ROW_mul, v, mu, 0), 0);
    p->output[0] = (uint8_t)cg_program_push(p, CG_ROW_sub, P, cg_program_push(p, CG_ROW_mul, step, lr, 0), 0);
    p->output[1] = (uint8_t)v;
    p->n_outputs = 2;
}

static void constants(const cg_optimizer *o, int64_t t, cg_scalar *c) {
    (void)t;
    c[LR].f = o->lr;
    c[MOMENTUM].f = o->options.sgd.momentum;
    c[DECAY].f = o->options.sgd.weight_decay;
}

static const cg_update plain = {"sgd", 0, plain_program, constants};
static const cg_update with_momentum = {"sgd", 1, momentum_program, constants};

cg_optimizer *cg_sgd(cg_module *module, cg_sgd_options options) {
    cg_optimizer *o = cg_optimizer_new(module, options.momentum != 0 ? &with_momentum : &plain);
    if (!o) return NULL;
    o->lr = options.lr;
    o->options.sgd = options;
    return o;
}
