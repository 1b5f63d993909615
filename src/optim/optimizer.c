#include "optim/optimizer.h"

#include <stdlib.h>

#include "clgrad/autograd.h"
#include "core/shape.h"
#include "nn/module.h"
#include "tensor/deferral.h"

static cg_status make_states(cg_optimizer *o) {
    for (int i = 0; i < o->n; i++) {
        const cg_tensor *x = cg_parameter(o->module, i, NULL);
        if (!x) return o->dev->error.code;
        for (int k = 0; k < o->update->n_states; k++) {
            o->state[i][k] = cg_retain(cg_eval(cg_zeros(o->dev, x->storage->dtype, x->shape)));
            if (!o->state[i][k]) return o->dev->error.code;
        }
    }
    return CG_OK;
}

cg_optimizer *cg_optimizer_new(cg_module *module, const cg_update *update) {
    if (!module) return NULL;
    cg_device *dev = module->dev;
    cg_optimizer *o = calloc(1, sizeof *o);
    size_t n = (size_t)cg_parameter_count(module);
    if (o) {
        *o = (cg_optimizer){.dev = dev, .module = module, .update = update, .n = (int)n};
        o->state = calloc(n + 1, sizeof *o->state);
        o->segment = calloc(n + 1, sizeof *o->segment);
    }
    cg_scope *scope = o && o->state && o->segment ? cg_scope_begin(dev) : NULL;
    if (!scope) CG_FAIL(&dev->error, CG_ERROR_MEMORY, "%s: out of host memory", update->name);
    bool ok = scope && make_states(o) == CG_OK;
    cg_scope_end(scope);
    if (ok) return o;
    cg_optimizer_free(o);
    return NULL;
}

void cg_optimizer_free(cg_optimizer *o) {
    if (!o) return;
    for (int i = 0; o->state && i < o->n; i++)
        for (int k = 0; k < o->update->n_states; k++) cg_release(o->state[i][k]);
    free(o->state);
    free(o->segment);
    free(o);
}

double cg_optimizer_lr(const cg_optimizer *o) { return o ? o->lr : 0; }

void cg_optimizer_set_lr(cg_optimizer *o, double lr) {
    if (o) o->lr = lr;
}

/* The operands of parameter x with gradient g. What still has to read the old x is computed first. */
static cg_status fill_segment(const cg_optimizer *o, int i, cg_tensor *x, cg_tensor *g, cg_segment *segment) {
    cg_tensor *dense = cg_tensor_dense(g);
    if (!dense || cg_force_readers(x->storage)) return o->dev->error.code;
    *segment = (cg_segment){.n = cg_numel(x)};
    segment->in[0] = segment->out[0] = cg_tensor_operand(x);
    segment->in[1] = cg_tensor_operand(dense);
    for (int k = 0; k < o->update->n_states; k++)
        segment->in[2 + k] = segment->out[1 + k] = cg_tensor_operand(o->state[i][k]);
    return CG_OK;
}

/* One request for all parameters of `dtype` that have a gradient. */
static cg_status step_dtype(cg_optimizer *o, cg_dtype dtype) {
    int n = 0;
    for (int i = 0; i < o->n; i++) {
        cg_tensor *x = cg_parameter(o->module, i, NULL), *g = cg_grad_of(x);
        if (!g || x->storage->dtype != dtype || cg_numel(x) == 0) continue;
        cg_status status = fill_segment(o, i, x, g, &o->segment[n++]);
        if (status) return status;
    }
    if (n == 0) return CG_OK;
    cg_program program = {.type = (uint8_t)dtype};
    o->update->program(o, &program);
    cg_map_many_request r = {.program = &program, .n_segments = n, .segment = o->segment};
    o->update->constants(o, o->t + 1, r.consts);
    return cg_hw_map_many(o->dev->hw, &r);
}

static void finish_step(cg_optimizer *o) {
    for (int i = 0; i < o->n; i++) {
        cg_tensor *x = cg_parameter(o->module, i, NULL);
        if (cg_grad_of(x)) x->storage->version++;
        cg_zero_grad(x);
    }
    o->t++;
}

cg_status cg_optimizer_step(cg_optimizer *o) {
    if (!o) return CG_ERROR_ARGUMENT;
    if (cg_parameter_count(o->module) != o->n)
        return CG_FAIL(&o->dev->error, CG_ERROR_STATE,
                       "%s: the module has %d parameters, %d when it was made", o->update->name,
                       cg_parameter_count(o->module), o->n);
    if (o->n && !cg_parameter(o->module, 0, NULL))
        return o->dev->error.code; /* the list is there from here on */
    cg_scope *scope = cg_scope_begin(o->dev);
    if (!scope) return o->dev->error.code;
    cg_status status = step_dtype(o, CG_F32);
    if (status == CG_OK) status = step_dtype(o, CG_F64);
    if (status == CG_OK) finish_step(o);
    cg_scope_end(scope);
    return status;
}
