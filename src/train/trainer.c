/* Making, asking and freeing trainers; cg_fit. */
#include "train/trainer.h"

#include "train/checkpoint.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

cg_trainer *cg_trainer_new(cg_module *module, cg_optimizer *optimizer, cg_loader *train,
                           const cg_fit_options *options) {
    if (!module || !optimizer || !options) return NULL;
    cg_device *dev = cg_module_device(module);
    cg_trainer *t = calloc(1, sizeof *t);
    if (!t) {
        CG_FAIL(&dev->error, CG_ERROR_MEMORY, "fit: out of memory");
        return NULL;
    }
    *t = (cg_trainer){.dev = dev,
                      .module = module,
                      .optimizer = optimizer,
                      .train = train,
                      .batches = cg_loader_batches(train),
                      .best = (double)NAN};
    cg_status status = cg_trainer_take_options(t, options);
    if (status == CG_OK && t->options.resume && access(t->checkpoint, F_OK) == 0)
        status = cg_trainer_load(t, t->checkpoint);
    if (status == CG_OK) return t;
    cg_trainer_free(t);
    return NULL;
}

void cg_trainer_free(cg_trainer *t) {
    if (!t) return;
    cg_sums_drop(&t->sums);
    cg_trainer_drop_kept(t);
    cg_history_free(t->history);
    free(t->callback);
    free(t->monitor);
    free(t->checkpoint);
    free(t);
}

cg_history *cg_fit(cg_module *module, cg_optimizer *optimizer, cg_loader *train, cg_fit_options options) {
    cg_history *history = NULL;
    cg_trainer *t = cg_trainer_new(module, optimizer, train, &options);
    if (t && cg_trainer_run(t) == CG_OK) {
        history = t->history;
        t->history = NULL;
    }
    cg_trainer_free(t);
    return history;
}

cg_module *cg_trainer_module(const cg_trainer *t) { return t ? t->module : NULL; }

cg_optimizer *cg_trainer_optimizer(const cg_trainer *t) { return t ? t->optimizer : NULL; }

const cg_history *cg_trainer_history(const cg_trainer *t) { return t ? t->history : NULL; }

int cg_trainer_epoch(const cg_trainer *t) { return t ? t->history->n : 0; }

int cg_trainer_epochs(const cg_trainer *t) { return t ? t->options.epochs : 0; }

int64_t cg_trainer_batch(const cg_trainer *t) { return t ? t->batch : 0; }

int64_t cg_trainer_batches(const cg_trainer *t) { return t ? t->batches : 0; }

cg_tensor *cg_trainer_loss(const cg_trainer *t) { return t ? t->batch_loss : NULL; }

cg_stop cg_trainer_stop_reason(const cg_trainer *t) { return t ? t->stop : CG_STOP_NONE; }

cg_fit_counts cg_trainer_counts(const cg_trainer *t) { return t ? t->counts : (cg_fit_counts){0}; }
