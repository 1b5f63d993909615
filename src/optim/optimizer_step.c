/* One step: all parameters of a dtype in one request. */
#include "optim/optimizer.h"

#include <string.h>

#include "clgrad/autograd.h"
#include "core/shape.h"
#include "nn/module.h"
#include "tensor/deferral.h"

/* Whether parameter i takes part, and with which gradient. */
static cg_tensor *gradient_of(const cg_optimizer *o, int i) {
    return o->slot[i].frozen ? NULL : cg_grad_of(cg_parameter(o->module, i, NULL));
}

/* Whether the module still has the parameters that the optimizer was made for. */
static cg_status check_parameters(const cg_optimizer *o) {
    if (cg_parameter_count(o->module) != o->n)
        return CG_FAIL(&o->dev->error, CG_ERROR_STATE,
                       "%s: the module has %d parameters, %d when it was made", o->kind,
                       cg_parameter_count(o->module), o->n);
    for (int i = 0; i < o->n; i++) {
        const char *name;
        const cg_tensor *x = cg_parameter(o->module, i, &name), *state = o->slot[i].state[0];
        if (!x) return o->dev->error.code; /* no memory for the list; it is there from here on */
        if (!state || (state->storage->dtype == x->storage->dtype && cg_dims_equal(&state->shape, &x->shape)))
            continue;
        return CG_FAIL(&o->dev->error, CG_ERROR_STATE, "%s: %s is %s %s, %s %s when the optimizer was made",
                       o->kind, name, cg_dtype_name(x->storage->dtype), CG_SHAPE_STR(&x->shape),
                       cg_dtype_name(state->storage->dtype), CG_SHAPE_STR(&state->shape));
    }
    return CG_OK;
}

/* The operands of parameter x with gradient g. What still has to read the old x or states is computed first. */
static cg_status fill_segment(const cg_optimizer *o, const cg_optimizer_slot *slot, cg_tensor *x,
                              cg_tensor *g, cg_segment *segment) {
    cg_tensor *dense = cg_tensor_dense(g);
    if (!dense || cg_force_readers(x->storage)) return o->dev->error.code;
    for (int k = 0; k < o->update->n_states; k++)
        if (cg_force_readers(slot->state[k]->storage)) return o->dev->error.code;
    *segment = (cg_segment){.n = cg_numel(x)};
    segment->in[CG_STEP_PARAMETER] = segment->out[0] = cg_tensor_operand(x);
    segment->in[CG_STEP_GRADIENT] = cg_tensor_operand(dense);
    for (int k = 0; k < o->update->n_states; k++)
        segment->in[CG_STEP_STATE + k] = segment->out[1 + k] = cg_tensor_operand(slot->state[k]);
    return CG_OK;
}

/* The program's constants for a parameter, out of the named ones. */
static void fill_constants(const cg_optimizer *o, const cg_optimizer_slot *slot, const cg_program *p,
                           const uint8_t *name, cg_scalar *consts) {
    cg_scalar all[CG_MAX_CONSTS];
    cg_step_constants(o, slot, all);
    for (int c = 0; c < p->n_consts; c++) consts[c] = all[name[c]];
}

/* Where all are alike they share their constants. */
void cg_step_request_constants(const cg_optimizer *o, const uint8_t name[CG_MAX_CONSTS], const int *index,
                               cg_segment *segment, cg_map_many_request *r) {
    r->own_consts = o->grouped;
    for (int s = 0; s < r->n_segments; s++) {
        fill_constants(o, &o->slot[index[s]], r->program, name, segment[s].consts);
        r->own_consts = r->own_consts || o->slot[index[s]].t != o->slot[index[0]].t;
    }
    memcpy(r->consts, segment[0].consts, sizeof r->consts);
}

/* One request for all parameters of `dtype` that have a gradient; `last`: no other dtype follows. */
static cg_status step_dtype(cg_optimizer *o, cg_dtype dtype, bool last) {
    cg_program program;
    uint8_t name[CG_MAX_CONSTS];
    cg_map_many_request r = {.program = &program, .segment = o->segment};
    cg_step_program(o, dtype, &program, name);
    for (int i = 0; i < o->n; i++) {
        cg_tensor *x = cg_parameter(o->module, i, NULL), *g = gradient_of(o, i);
        if (!g || x->storage->dtype != dtype || cg_numel(x) == 0) continue;
        o->index[r.n_segments] = i;
        const cg_status status = fill_segment(o, &o->slot[i], x, g, &o->segment[r.n_segments++]);
        if (status != CG_OK) return status;
    }
    if (r.n_segments == 0) return CG_OK;
    cg_step_request_constants(o, name, o->index, o->segment, &r);
    const cg_status status = o->dev->hw->recording ? cg_step_record(o, &r, o->index, last) : CG_OK;
    return status == CG_OK ? cg_hw_map_many(o->dev->hw, &r) : status;
}

void cg_step_count(cg_optimizer *o, int i) {
    cg_parameter(o->module, i, NULL)->storage->version++;
    for (int k = 0; k < o->update->n_states; k++) o->slot[i].state[k]->storage->version++;
    o->slot[i].t++;
}

static void finish_step(cg_optimizer *o) {
    for (int i = 0; i < o->n; i++)
        if (gradient_of(o, i)) cg_step_count(o, i);
    cg_module_zero_grad(o->module);
    o->t++;
}

/* Whether step_dtype has anything to do. */
static bool has_gradient(const cg_optimizer *o, cg_dtype dtype) {
    for (int i = 0; i < o->n; i++) {
        const cg_tensor *x = cg_parameter(o->module, i, NULL);
        if (gradient_of(o, i) && x->storage->dtype == dtype && cg_numel(x) > 0) return true;
    }
    return false;
}

cg_status cg_optimizer_step(cg_optimizer *o) {
    if (!o) return CG_ERROR_ARGUMENT;
    cg_status status = check_parameters(o);
    if (status != CG_OK) return status;
    cg_scope *scope = cg_scope_begin(o->dev);
    if (!scope) return o->dev->error.code;
    const bool both = has_gradient(o, CG_F64);
    status = step_dtype(o, CG_F32, !both);
    if (status == CG_OK && both) status = step_dtype(o, CG_F64, true);
    if (status == CG_OK) finish_step(o);
    cg_scope_end(scope);
    return status;
}
