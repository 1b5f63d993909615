/* Adam (Kingma, Ba 2015), algorithm 1. */
#include <math.h>

#include "core/rows.h"
#include "optim/optimizer.h"

enum { P, G, M, V }; /* inputs */
enum { STEP, ONE_MINUS_BETA1, ONE_MINUS_BETA2, V_SCALE, EPSILON, DECAY, CONSTANTS };

/*
 *     g' = g + decay p
 *     m  = m + (1 - beta1) (g' - m)        v = v + (1 - beta2) (g'^2 - v)
 *     p  = p - lr / (1 - beta1^t) m / (sqrt(v / (1 - beta2^t)) + epsilon)
 */
static void program(const cg_optimizer *o, cg_program *p) {
    p->n_inputs = 4;
    p->n_consts = CONSTANTS;
    const int first = cg_program_const(p, 0);
    int g = G; /* without decay two rows less, a sixth of the step */
    if (o->options.adam.weight_decay != 0)
        g = cg_program_push(p, CG_ROW_add, G, cg_program_push(p, CG_ROW_mul, P, first + DECAY, 0), 0);
    int m = cg_program_push(p, CG_ROW_lerp, M, g, first + ONE_MINUS_BETA1);
    int v = cg_program_push(p, CG_ROW_lerp, V, cg_program_push(p, CG_ROW_square, g, 0, 0),
                            first + ONE_MINUS_BETA2);
    int root = cg_program_push(p, CG_ROW_sqrt, cg_program_push(p, CG_ROW_mul, v, first + V_SCALE, 0), 0, 0);
    int ratio =
        cg_program_push(p, CG_ROW_div, m, cg_program_push(p, CG_ROW_add, root, first + EPSILON, 0), 0);
    p->output[0] =
        (uint8_t)cg_program_push(p, CG_ROW_sub, P, cg_program_push(p, CG_ROW_mul, ratio, first + STEP, 0), 0);
    p->output[1] = (uint8_t)m;
    p->output[2] = (uint8_t)v;
    p->n_outputs = 3;
}

static void constants(const cg_optimizer *o, int64_t t, cg_scalar *c) {
    const cg_adam_options *a = &o->options.adam;
    c[STEP].f = o->lr / (1 - pow(a->beta1, (double)t));
    c[ONE_MINUS_BETA1].f = 1 - a->beta1;
    c[ONE_MINUS_BETA2].f = 1 - a->beta2;
    c[V_SCALE].f = 1 / (1 - pow(a->beta2, (double)t));
    c[EPSILON].f = a->epsilon;
    c[DECAY].f = a->weight_decay;
}

static const cg_update update = {"adam", 2, program, constants};

cg_optimizer *cg_adam(cg_module *module, cg_adam_options options) {
    cg_optimizer *o = cg_optimizer_new(module, &update);
    if (!o) return NULL;
    if (options.lr == 0) options.lr = 0.001;
    if (options.beta1 == 0) options.beta1 = 0.9;
    if (options.beta2 == 0) options.beta2 = 0.999;
    if (options.epsilon == 0) options.epsilon = 1e-8;
    o->lr = options.lr;
    o->options.adam = options;
    return o;
}
