/* One step: all parameters of a dtype in one request, but those whose gradient is a pending product. */
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

/* Whether parameter i is part of the step of `dtype`. */
static bool takes_part(const cg_optimizer *o, int i, cg_dtype dtype) {
    const cg_tensor *x = cg_parameter(o->module, i, NULL);
    return gradient_of(o, i) && x->storage->dtype == dtype && cg_numel(x) > 0;
}

/* Computes what still has to read the old parameters or states. */
static cg_status force_readers(const cg_optimizer *o, cg_dtype dtype) {
    for (int i = 0; i < o->n; i++) {
        if (!takes_part(o, i, dtype)) continue;
        if (cg_force_readers(cg_parameter(o->module, i, NULL)->storage)) return o->dev->error.code;
        for (int k = 0; k < o->update->n_states; k++)
            if (cg_force_readers(o->slot[i].state[k]->storage)) return o->dev->error.code;
    }
    return CG_OK;
}

/* The operands of parameter x with gradient g. */
static cg_status fill_segment(const cg_optimizer *o, const cg_optimizer_slot *slot, cg_tensor *x,
                              cg_tensor *g, cg_segment *segment) {
    cg_tensor *dense = cg_tensor_dense(g);
    if (!dense) return o->dev->error.code;
    *segment = (cg_segment){.n = cg_numel(x)};
    segment->in[CG_STEP_PARAMETER] = segment->out[0] = cg_tensor_operand(x);
    segment->in[CG_STEP_GRADIENT] = cg_tensor_operand(dense);
    for (int k = 0; k < o->update->n_states; k++)
        segment->in[CG_STEP_STATE + k] = segment->out[1 + k] = cg_tensor_operand(slot->state[k]);
    return CG_OK;
}

void cg_step_slot_constants(const cg_optimizer *o, const cg_optimizer_slot *slot, const cg_program *p,
                            const uint8_t name[CG_MAX_CONSTS], cg_scalar *consts) {
    cg_scalar all[CG_MAX_CONSTS];
    cg_step_constants(o, slot, (cg_dtype)p->type, all);
    for (int c = 0; c < p->n_consts; c++) consts[c] = all[name[c]];
}

/* Where all are alike they share their constants. */
void cg_step_request_constants(const cg_optimizer *o, const uint8_t name[CG_MAX_CONSTS], const int *index,
                               cg_segment *segment, cg_map_many_request *r) {
    r->own_consts = o->grouped;
    for (int s = 0; s < r->n_segments; s++) {
        cg_step_slot_constants(o, &o->slot[index[s]], r->program, name, segment[s].consts);
        r->own_consts = r->own_consts || o->slot[index[s]].t != o->slot[index[0]].t;
    }
    memcpy(r->consts, segment[0].consts, sizeof r->consts);
}

/* What comes next is a request of this step: notes it where a recording is being made. */
static cg_status record_many(cg_optimizer *o, int n, bool *recorded) {
    if (!o->dev->hw->recording) return CG_OK;
    const bool first = !*recorded;
    *recorded = true;
    return cg_step_record_many(o, n, o->index, first);
}

void cg_step_count(cg_optimizer *o, int i) {
    cg_parameter(o->module, i, NULL)->storage->version++;
    for (int k = 0; k < o->update->n_states; k++) o->slot[i].state[k]->storage->version++;
    o->slot[i].t++;
}

/* Steps the parameter and forgets its gradient: should another fail, it is not stepped again. */
static cg_status step_product(cg_optimizer *o, int i, const cg_program *program,
                              const uint8_t name[CG_MAX_CONSTS], bool *recorded) {
    cg_tensor *x = cg_parameter(o->module, i, NULL);
    if (o->dev->hw->recording) {
        if (cg_step_record_product(o, i, !*recorded) != CG_OK) return o->dev->error.code;
        *recorded = true;
    }
    const cg_status status = cg_step_product(o, i, x, gradient_of(o, i), program, name);
    if (status != CG_OK) return status;
    cg_step_count(o, i);
    cg_zero_grad(x);
    return CG_OK;
}

/*
 * The parameters of `dtype` that have a gradient, into o->index: those of one request from the front, with their segments,
 * and those whose gradient is a pending product from the end. All memory that gradients need is had here.
 */
static cg_status sort_out(cg_optimizer *o, cg_dtype dtype, int *n_segments, int *n_products) {
    cg_status status = CG_OK;
    for (int i = 0; i < o->n && status == CG_OK; i++) {
        if (!takes_part(o, i, dtype)) continue;
        cg_tensor *x = cg_parameter(o->module, i, NULL), *g = gradient_of(o, i);
        if (cg_step_takes_product(x, g)) {
            o->index[o->n - ++*n_products] = i;
            continue;
        }
        o->index[*n_segments] = i;
        status = fill_segment(o, &o->slot[i], x, g, &o->segment[(*n_segments)++]);
    }
    return status;
}

/*
 * One request for all parameters of `dtype` that have a gradient, and one for each whose gradient is a pending product.
 * *recorded: a request of this step is part of a recording.
 */
static cg_status step_dtype(cg_optimizer *o, cg_dtype dtype, bool *recorded) {
    cg_program program;
    uint8_t name[CG_MAX_CONSTS];
    cg_map_many_request r = {.program = &program, .segment = o->segment};
    int n_products = 0;
    cg_step_program(o, dtype, &program, name);
    cg_status status = force_readers(o, dtype);
    if (status == CG_OK) status = sort_out(o, dtype, &r.n_segments, &n_products);
    for (int k = 1; k <= n_products && status == CG_OK; k++)
        status = step_product(o, o->index[o->n - k], &program, name, recorded);
    if (status != CG_OK || r.n_segments == 0) return status;
    cg_step_request_constants(o, name, o->index, o->segment, &r);
    status = record_many(o, r.n_segments, recorded);
    if (status == CG_OK) status = cg_hw_map_many(o->dev->hw, &r);
    for (int s = 0; s < r.n_segments && status == CG_OK; s++) cg_step_count(o, o->index[s]);
    return status;
}

/* What has no elements was no part of a request. */
static void finish_step(cg_optimizer *o) {
    for (int i = 0; i < o->n; i++)
        if (gradient_of(o, i) && cg_numel(cg_parameter(o->module, i, NULL)) == 0) cg_step_count(o, i);
    cg_module_zero_grad(o->module);
    o->t++;
}

cg_status cg_optimizer_step(cg_optimizer *o) {
    if (!o) return CG_ERROR_ARGUMENT;
    cg_status status = check_parameters(o);
    if (status != CG_OK) return status;
    cg_scope *scope = cg_scope_begin(o->dev);
    if (!scope) return o->dev->error.code;
    bool recorded = false;
    status = step_dtype(o, CG_F32, &recorded);
    if (status == CG_OK) status = step_dtype(o, CG_F64, &recorded);
    if (status == CG_OK) finish_step(o);
    cg_scope_end(scope);
    return status;
}
