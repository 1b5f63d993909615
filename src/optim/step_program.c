/* The program of a step: weight decay and penalties around what a kind of optimizer does. */
#include <float.h>

#include "core/rows.h"
#include "optim/optimizer.h"

typedef struct wanted_terms {
    bool decay, l1;
} wanted_terms;

static wanted_terms find_terms(const cg_optimizer *o) {
    wanted_terms w = {false, false};
    for (int i = 0; i < o->n; i++) {
        w.decay = w.decay || o->slot[i].weight_decay != 0;
        w.l1 = w.l1 || o->slot[i].l1 != 0;
    }
    return w;
}

/* g + weight_decay p + l1 sign(p) */
static int push_gradient(const cg_optimizer *o, cg_program *p, wanted_terms w) {
    int g = CG_STEP_GRADIENT;
    if (w.decay && !o->decoupled) {
        const int decay =
            cg_program_push(p, CG_ROW_mul, CG_STEP_PARAMETER, cg_step_const(p, CG_STEP_DECAY), 0);
        g = cg_program_push(p, CG_ROW_add, g, decay, 0);
    }
    if (w.l1) {
        const int sign = cg_program_push(p, CG_ROW_sign, CG_STEP_PARAMETER, 0, 0);
        const int pull = cg_program_push(p, CG_ROW_mul, sign, cg_step_const(p, CG_STEP_L1), 0);
        g = cg_program_push(p, CG_ROW_add, g, pull, 0);
    }
    return g;
}

int cg_step_state(cg_program *p, int value, bool is_signed) {
    const int size = is_signed ? cg_program_push(p, CG_ROW_abs, value, 0, 0) : value;
    const int normal = cg_program_push(p, CG_ROW_ge, size, cg_step_const(p, CG_STEP_NORMAL), 0);
    return cg_program_push(p, CG_ROW_mul, value, normal, 0); /* NaN times 0 is NaN */
}

/* p - lr step, from p - (lr weight_decay) p in one rounding where weight decay is decoupled */
static int push_update(const cg_optimizer *o, cg_program *p, wanted_terms w, int step) {
    int from = CG_STEP_PARAMETER;
    if (w.decay && o->decoupled)
        from = cg_program_push(p, CG_ROW_lerp, from, cg_step_const(p, CG_STEP_ZERO),
                               cg_step_const(p, CG_STEP_DECAY));
    const int scaled = cg_program_push(p, CG_ROW_mul, step, cg_step_const(p, CG_STEP_LR), 0);
    return cg_program_push(p, CG_ROW_sub, from, scaled, 0);
}

/* Keeps the constants that are read; all of them were there while the rows were made. */
static void drop_unread_constants(cg_program *p, uint8_t name[CG_MAX_CONSTS]) {
    const int first = p->n_inputs, rows = first + p->n_consts;
    bool read[CG_MAX_VALUES] = {false};
    uint8_t number[CG_MAX_VALUES];
    for (int k = 0; k < p->n_instrs; k++)
        for (int s = 0; s < cg_rows[p->instr[k].row].arity; s++) read[p->instr[k].src[s]] = true;
    int n = 0;
    for (int v = 0; v < cg_program_values(p); v++) {
        const bool constant = v >= first && v < rows;
        if (constant && read[v]) name[n] = (uint8_t)(v - first);
        number[v] = (uint8_t)(v < first ? v : constant ? first + n : v - rows + first + n);
        n += constant && read[v];
    }
    p->n_consts = (uint8_t)n;
    for (int k = 0; k < p->n_instrs; k++)
        for (int s = 0; s < cg_rows[p->instr[k].row].arity; s++)
            p->instr[k].src[s] = number[p->instr[k].src[s]];
    for (int j = 0; j < p->n_outputs; j++) p->output[j] = number[p->output[j]];
}

void cg_step_program(const cg_optimizer *o, cg_dtype type, cg_program *p, uint8_t name[CG_MAX_CONSTS]) {
    const wanted_terms w = find_terms(o);
    *p = (cg_program){.type = (uint8_t)type,
                      .n_inputs = (uint8_t)(CG_STEP_STATE + o->update->n_states),
                      .n_consts = CG_MAX_CONSTS,
                      .n_outputs = (uint8_t)(1 + o->update->n_states)};
    const int step = o->update->step(o, p, push_gradient(o, p, w));
    p->output[0] = (uint8_t)push_update(o, p, w, step);
    drop_unread_constants(p, name);
}

void cg_step_constants(const cg_optimizer *o, const cg_optimizer_slot *slot, cg_dtype type,
                       cg_scalar c[CG_MAX_CONSTS]) {
    const double lr = o->lr * slot->lr_factor;
    for (int i = 0; i < CG_MAX_CONSTS; i++) c[i].f = 0;
    c[CG_STEP_LR].f = lr;
    c[CG_STEP_DECAY].f = o->decoupled ? lr * slot->weight_decay : slot->weight_decay;
    c[CG_STEP_L1].f = slot->l1;
    c[CG_STEP_NORMAL].f = type == CG_F64 ? DBL_MIN : (double)FLT_MIN;
    o->update->constants(o, slot->t + 1, c);
}
