/* The best epoch: which it is, its values, and whether training should end for it. */
#include "train/trainer.h"

#include "clgrad/autograd.h"
#include "clgrad/manipulation.h"
#include "clgrad/ops.h"
#include "tensor/exchange.h"

#include <math.h>
#include <stdlib.h>

int cg_trainer_tensors(const cg_trainer *t) {
    return cg_parameter_count(t->module) + cg_module_buffer_count(t->module);
}

cg_tensor *cg_trainer_tensor(const cg_trainer *t, int i, const char **name) {
    const int parameters = cg_parameter_count(t->module);
    return i < parameters ? cg_parameter(t->module, i, name)
                          : cg_module_buffer(t->module, i - parameters, name);
}

void cg_trainer_drop_kept(cg_trainer *t) {
    for (int i = 0; i < t->n_kept; i++) cg_release(t->kept[i]);
    free(t->kept);
    t->kept = NULL;
    t->n_kept = 0;
}

/* Room for the values, filled with what they are now. */
static cg_status begin_keeping(cg_trainer *t) {
    const int n = cg_trainer_tensors(t);
    t->kept = calloc((size_t)n + 1, sizeof(cg_tensor *));
    if (!t->kept) return CG_FAIL(&t->dev->error, CG_ERROR_MEMORY, "fit: out of memory for the best weights");
    for (; t->n_kept < n; t->n_kept++) {
        t->kept[t->n_kept] = cg_retain(cg_clone(cg_trainer_tensor(t, t->n_kept, NULL)));
        if (!t->kept[t->n_kept]) return t->dev->error.code;
    }
    return CG_OK;
}

/* Keeps what the values are now, in place of what was kept. */
static cg_status keep(cg_trainer *t) {
    cg_scope *scope = cg_scope_begin(t->dev);
    cg_no_grad_begin(t->dev);
    cg_status status = scope ? CG_OK : t->dev->error.code;
    if (status == CG_OK && !t->kept) {
        status = begin_keeping(t);
        if (status != CG_OK) cg_trainer_drop_kept(t);
    } else {
        for (int i = 0; i < t->n_kept && status == CG_OK; i++)
            status = cg_assign(t->kept[i], cg_detach(cg_trainer_tensor(t, i, NULL)));
    }
    cg_no_grad_end(t->dev);
    cg_scope_end(scope);
    return status;
}

cg_status cg_trainer_swap_best(cg_trainer *t) {
    cg_tensor **own = calloc((size_t)t->n_kept + 1, sizeof(cg_tensor *));
    if (!own) return CG_FAIL(&t->dev->error, CG_ERROR_MEMORY, "fit: out of memory for the best weights");
    for (int i = 0; i < t->n_kept; i++) own[i] = cg_trainer_tensor(t, i, NULL);
    const cg_status status = cg_exchange_values(t->dev, t->n_kept, own, t->kept);
    if (status == CG_OK) t->swapped = !t->swapped;
    free(own);
    return status;
}

static double watched(const cg_trainer *t, int epoch) {
    return *cg_history_value(t->history, &t->history->epoch[epoch], t->monitor);
}

cg_status cg_trainer_note_best(cg_trainer *t) {
    const double now = watched(t, t->history->n - 1), margin = t->options.min_delta;
    const bool better = isnan(t->best) ? !isnan(now)
                        : t->falls     ? now < t->best - margin
                                       : now > t->best + margin;
    if (t->options.plateau) cg_plateau_step(t->options.plateau, t->optimizer, now);
    if (!better) return CG_OK;
    t->best = now;
    t->history->best = t->history->n - 1;
    return t->options.restore_best ? keep(t) : CG_OK;
}

cg_stop cg_trainer_verdict(const cg_trainer *t) {
    const int n = t->history->n;
    const cg_fit_options *o = &t->options;
    if (n > 0) {
        const double now = watched(t, n - 1);
        if (o->target != 0 && (t->falls ? now < o->target : now > o->target)) return CG_STOP_TARGET;
        if (o->patience > 0 && n - 1 - t->history->best >= o->patience) return CG_STOP_PATIENCE;
    }
    return n >= o->epochs ? CG_STOP_EPOCHS : CG_STOP_NONE;
}
