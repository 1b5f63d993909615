/* What all optimizers share: making one, its states, access to it. */
#include "optim/optimizer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "nn/module.h"

/* --- options ------------------------------------------------------------------------------------------------ */

static cg_status check_option(const cg_optimizer *o, const char *name, double value, double below) {
    if (value >= 0 && isfinite(value) && value < below) return CG_OK;
    if (isfinite(below))
        return CG_FAIL(&o->dev->error, CG_ERROR_ARGUMENT, "%s: %s is %g; expected 0 or more, below %g",
                       o->kind, name, value, below);
    return CG_FAIL(&o->dev->error, CG_ERROR_ARGUMENT, "%s: %s is %g; expected 0 or more, and finite", o->kind,
                   name, value);
}

static cg_status take_options(cg_optimizer *o, cg_common_options common, const cg_option *option) {
    cg_status status = check_option(o, "lr", common.lr, INFINITY);
    if (status == CG_OK) status = check_option(o, "weight_decay", common.weight_decay, INFINITY);
    if (status == CG_OK) status = check_option(o, "l1", common.l1, INFINITY);
    o->lr = common.lr;
    o->weight_decay = common.weight_decay;
    o->l1 = common.l1;
    o->decoupled = common.decoupled;
    for (int k = 0; k < o->update->n_options && status == CG_OK; k++) {
        o->option[k] = cg_option_or(option[k].value, option[k].usual);
        o->below[k] = option[k].below;
        status = check_option(o, o->update->option[k], o->option[k], option[k].below);
    }
    return status;
}

/* --- states --------------------------------------------------------------------------------------------------- */

static cg_status make_state(cg_optimizer *o, const char *path, const cg_tensor *x, cg_optimizer_slot *slot,
                            int k, double start) {
    const char *name = o->update->state[k];
    const size_t bytes = strlen(path) + 1 + strlen(name) + 1;
    char *full = malloc(bytes);
    if (!full) return CG_FAIL(&o->dev->error, CG_ERROR_MEMORY, "%s: out of host memory", o->kind);
    snprintf(full, bytes, "%s.%s", path, name);
    slot->state[k] = cg_retain(cg_eval(cg_full(o->dev, x->storage->dtype, x->shape, start)));
    o->state[o->n_state++] = (cg_named_tensor){full, slot->state[k]};
    return slot->state[k] ? CG_OK : o->dev->error.code;
}

static cg_status make_slots(cg_optimizer *o, double start) {
    for (int i = 0; i < o->n; i++) {
        const char *path;
        const cg_tensor *x = cg_parameter(o->module, i, &path);
        cg_optimizer_slot *slot = &o->slot[i];
        if (!x) return o->dev->error.code;
        *slot = (cg_optimizer_slot){.lr_factor = 1, .weight_decay = o->weight_decay, .l1 = o->l1};
        for (int k = 0; k < o->update->n_states; k++) {
            const cg_status status = make_state(o, path, x, slot, k, start);
            if (status != CG_OK) return status;
        }
    }
    return CG_OK;
}

cg_optimizer *cg_optimizer_new(cg_module *module, const char *kind, const cg_update *update,
                               cg_common_options common, const cg_option *option, double start) {
    if (!module) return NULL;
    cg_device *dev = module->dev;
    cg_optimizer *o = calloc(1, sizeof *o);
    const size_t n = (size_t)cg_parameter_count(module);
    if (o) {
        *o = (cg_optimizer){.dev = dev, .module = module, .kind = kind, .update = update, .n = (int)n};
        o->slot = calloc(n + 1, sizeof *o->slot);
        o->state = calloc(n * (size_t)update->n_states + 1, sizeof *o->state);
        o->segment = calloc(n + 1, sizeof *o->segment);
        o->index = calloc(n + 1, sizeof *o->index);
    }
    const bool room = o && o->slot && o->state && o->segment && o->index;
    cg_scope *scope = room ? cg_scope_begin(dev) : NULL;
    if (!scope) CG_FAIL(&dev->error, CG_ERROR_MEMORY, "%s: out of host memory", kind);
    const bool ok = scope && take_options(o, common, option) == CG_OK && make_slots(o, start) == CG_OK;
    cg_scope_end(scope);
    if (ok) return o;
    cg_optimizer_free(o);
    return NULL;
}

void cg_optimizer_free(cg_optimizer *o) {
    if (!o) return;
    for (int i = 0; i < o->n_state; i++) {
        free((char *)o->state[i].name);
        cg_release(o->state[i].tensor);
    }
    cg_step_forget(o);
    free(o->state);
    free(o->slot);
    free(o->segment);
    free(o->index);
    free(o->settings);
    free(o);
}

/* --- access ----------------------------------------------------------------------------------------------------- */

const char *cg_optimizer_kind(const cg_optimizer *o) { return o ? o->kind : NULL; }

double cg_optimizer_lr(const cg_optimizer *o) { return o ? o->lr : 0; }

void cg_optimizer_set_lr(cg_optimizer *o, double lr) {
    if (!o) return;
    cg_hw_record_refuse(o->dev->hw, "a learning rate is set within it: schedules are for between replays");
    o->lr = lr;
}

double cg_optimizer_momentum(const cg_optimizer *o) {
    return o && o->update->momentum >= 0 ? o->option[o->update->momentum] : 0;
}

cg_status cg_optimizer_set_momentum(cg_optimizer *o, double momentum) {
    if (!o) return CG_ERROR_ARGUMENT;
    if (o->update->momentum < 0)
        return CG_FAIL(&o->dev->error, CG_ERROR_ARGUMENT, "optimizer_set_momentum: %s was made without one",
                       o->kind);
    const cg_status status = check_option(o, "momentum", momentum, 1);
    if (status == CG_OK) o->option[o->update->momentum] = momentum;
    return status;
}

int64_t cg_optimizer_steps(const cg_optimizer *o) { return o ? o->t : 0; }

void cg_optimizer_set_steps(cg_optimizer *o, int64_t steps) {
    if (!o) return;
    o->t = steps < 0 ? 0 : steps < CG_MAX_STEPS ? steps : CG_MAX_STEPS;
    for (int i = 0; i < o->n; i++) o->slot[i].t = o->t;
}

void cg_optimizer_zero_grad(cg_optimizer *o) {
    if (o) cg_module_zero_grad(o->module);
}

int cg_optimizer_state_count(const cg_optimizer *o) { return o ? o->n_state : 0; }

cg_tensor *cg_optimizer_state(const cg_optimizer *o, int i, const char **name) {
    if (!o) return NULL;
    if (i < 0 || i >= o->n_state) {
        CG_FAIL(&o->dev->error, CG_ERROR_ARGUMENT, "optimizer_state: %d of %d states", i, o->n_state);
        return NULL;
    }
    if (name) *name = o->state[i].name;
    return o->state[i].tensor;
}
