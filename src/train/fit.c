/* The loop over epochs and batches: train.h, at cg_trainer_run. */
#include "train/trainer.h"

#include "clgrad/autograd.h"
#include "clgrad/ops.h"
#include "clgrad/random.h"

#include <math.h>
#include <time.h>

static double clock_seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Calls all callbacks; false if one of them wants an end. */
static bool call(cg_trainer *t, cg_fit_event event) {
    bool go_on = true;
    for (int i = 0; i < t->options.n_callbacks; i++)
        if (!t->callback[i].function(t->callback[i].context, t, event)) go_on = false;
    return go_on;
}

static bool interrupted(const cg_trainer *t) { return t->options.interrupt && *t->options.interrupt; }

/* --- A step ------------------------------------------------------------------------------------------------------- */

static cg_status schedule(cg_trainer *t) {
    const cg_fit_options *o = &t->options;
    if (!o->schedule) return CG_OK;
    return cg_schedule_apply(*o->schedule, t->optimizer,
                             o->schedule_epochs ? t->history->n : cg_optimizer_steps(t->optimizer));
}

/* Ends a group of batches: the optimizer's step. */
static cg_status update(cg_trainer *t) {
    const cg_fit_options *o = &t->options;
    cg_status status = schedule(t);
    if (status == CG_OK && o->clip_value > 0) status = cg_clip_grad_value(t->module, o->clip_value);
    if (status == CG_OK && o->clip_norm > 0) status = cg_clip_grad_norm(t->module, o->clip_norm, 2, NULL);
    if (status == CG_OK) status = cg_optimizer_step(t->optimizer);
    t->in_group = 0;
    return status;
}

static cg_status train_batch(cg_trainer *t, cg_tensor *x, cg_tensor *target) {
    const cg_fit_options *o = &t->options;
    cg_tensor *output = cg_forward(t->module, x);
    cg_tensor *loss = cg_trainer_batch_loss(t, output, target);
    if (!loss) return t->dev->error.code;
    cg_status status = cg_sums_add(&t->sums, t, loss, output, target, !o->metrics_on_validation_only);
    if (status == CG_OK) status = cg_backward(o->accumulate > 1 ? cg_mul(loss, 1.0 / o->accumulate) : loss);
    if (status != CG_OK) return status;
    t->batch++;
    if (++t->in_group == o->accumulate) status = update(t);
    t->batch_loss = loss;
    if (status == CG_OK && !call(t, CG_FIT_BATCH_END)) t->end_wanted = true;
    t->batch_loss = NULL;
    return status;
}

static bool next_batch(cg_trainer *t, cg_tensor **x, cg_tensor **target) {
    *x = *target = NULL;
    if (t->train) return cg_loader_next(t->train, x, target);
    return t->options.source(t->options.source_context, x, target) && *x;
}

/* One batch; *more is false at the end of the epoch. */
static cg_status step(cg_trainer *t, bool *more) {
    cg_scope *scope = cg_scope_begin(t->dev);
    if (!scope) return t->dev->error.code;
    cg_tensor *x, *target;
    *more = next_batch(t, &x, &target);
    cg_status status = t->dev->error.code;
    if (status == CG_OK && *more) status = train_batch(t, x, target);
    if (status == CG_OK && !*more && t->in_group > 0) status = update(t); /* the last group */
    cg_scope_end(scope);
    return status != CG_OK ? status : t->dev->error.code;
}

static void count_steps(cg_trainer *t, const cg_device_stats *before, int64_t batches) {
    const cg_device_stats after = cg_device_statistics(t->dev);
    const uint64_t allocs = after.device_allocs - before->device_allocs;
    t->counts.steps += (uint64_t)batches;
    t->counts.launches += after.launches - before->launches;
    t->counts.host_syncs += after.host_syncs - before->host_syncs;
    *(t->epochs_here == 0 ? &t->counts.first_allocs : &t->counts.later_allocs) += allocs;
}

/* --- An epoch ----------------------------------------------------------------------------------------------------- */

/* The batches of an epoch that are left. Ends early, with t->stop set, between two steps of the optimizer. */
static cg_status run_batches(cg_trainer *t) {
    const cg_device_stats before = cg_device_statistics(t->dev);
    const int64_t begun = t->batch;
    cg_status status = CG_OK;
    for (bool more = true; more && status == CG_OK;) {
        if (t->in_group == 0) {
            if (t->end_wanted) t->stop = CG_STOP_CALLBACK;
            if (interrupted(t)) t->stop = CG_STOP_INTERRUPTED;
            if (t->stop != CG_STOP_NONE) break;
        }
        status = step(t, &more);
    }
    count_steps(t, &before, t->batch - begun);
    return status;
}

/* Loss and metrics on the validation set. */
static cg_status validate(cg_trainer *t, cg_epoch *e) {
    cg_sums sums = {0};
    cg_status status = CG_OK;
    cg_module_train(t->module, false);
    cg_no_grad_begin(t->dev);
    for (bool more = true; more && status == CG_OK;) {
        cg_scope *scope = cg_scope_begin(t->dev);
        cg_tensor *x, *target;
        more = scope && cg_loader_next(t->options.validation, &x, &target);
        status = t->dev->error.code;
        if (more && status == CG_OK) {
            cg_tensor *output = cg_forward(t->module, x), *loss = cg_trainer_batch_loss(t, output, target);
            status = loss ? cg_sums_add(&sums, t, loss, output, target, true) : t->dev->error.code;
        }
        cg_scope_end(scope);
    }
    cg_no_grad_end(t->dev);
    cg_module_train(t->module, true);
    if (status == CG_OK) status = cg_sums_take(&sums, &e->validation_loss, e->validation_metric);
    cg_sums_drop(&sums);
    return status;
}

/* Notes where the epoch begins, so that it can be resumed. */
static bool begin_epoch(cg_trainer *t) {
    t->epoch_begun = true;
    t->batch = 0;
    t->seconds = 0;
    cg_seed_get(t->dev, &t->epoch_seed, &t->epoch_stream);
    return call(t, CG_FIT_EPOCH_BEGIN);
}

/* All batches are done: the row of the history. */
static cg_status end_epoch(cg_trainer *t, double begun) {
    cg_epoch e = cg_epoch_empty();
    cg_status status = CG_OK;
    if (t->batch == 0) return CG_FAIL(&t->dev->error, CG_ERROR_ARGUMENT, "fit: an epoch without a batch");
    e.lr = cg_optimizer_lr(t->optimizer);
    status = cg_sums_take(&t->sums, &e.loss, e.metric);
    if (status == CG_OK && t->options.validation) status = validate(t, &e);
    e.seconds = t->seconds + clock_seconds() - begun;
    if (status != CG_OK) return status;
    if (!cg_history_append(t->history, &e))
        return CG_FAIL(&t->dev->error, CG_ERROR_MEMORY, "fit: out of memory");
    if (!t->train) t->batches = t->batch; /* of a loader's epochs the first may begin in the middle */
    t->batch = 0;
    t->epoch_begun = false;
    t->epochs_here++;
    if (!isfinite(e.loss))
        return CG_FAIL(&t->dev->error, CG_ERROR_NAN,
                       "fit: the loss of epoch %d is %s: a smaller lr or clip_norm may help", t->history->n,
                       isnan(e.loss) ? "NaN" : "infinite");
    return cg_trainer_note_best(t);
}

static cg_status save_if_due(cg_trainer *t, bool end) {
    const int every = t->options.save_every;
    const bool due = end || (every > 0 && t->history->n % every == 0);
    return t->checkpoint && due ? cg_trainer_save(t, t->checkpoint) : CG_OK;
}

/* One epoch, or what is left of it. */
static cg_status run_epoch(cg_trainer *t) {
    const double begun = clock_seconds();
    if (!t->epoch_begun && !begin_epoch(t)) t->end_wanted = true;
    cg_status status = run_batches(t);
    if (status != CG_OK) return status;
    if (t->stop != CG_STOP_NONE) {
        t->seconds += clock_seconds() - begun;
        return CG_OK;
    }
    status = end_epoch(t, begun);
    if (status != CG_OK) return status;
    if (!call(t, CG_FIT_EPOCH_END)) t->end_wanted = true;
    t->stop = cg_trainer_verdict(t);
    if (t->end_wanted) t->stop = CG_STOP_CALLBACK;
    if (t->stop == CG_STOP_NONE) status = save_if_due(t, false);
    return status;
}

/* --- A run -------------------------------------------------------------------------------------------------------- */

static cg_status run(cg_trainer *t) {
    cg_status status = t->swapped ? cg_trainer_swap_best(t) : CG_OK;
    t->end_wanted = !call(t, CG_FIT_BEGIN);
    t->stop = t->end_wanted ? CG_STOP_CALLBACK : t->epoch_begun ? CG_STOP_NONE : cg_trainer_verdict(t);
    while (t->stop == CG_STOP_NONE && status == CG_OK) status = run_epoch(t);
    if (status == CG_OK) status = t->dev->error.code;
    if (status == CG_OK) status = save_if_due(t, true);
    if (status == CG_OK && t->kept) status = cg_trainer_swap_best(t);
    if (status == CG_OK) (void)call(t, CG_FIT_END);
    return status;
}

cg_status cg_trainer_run(cg_trainer *t) {
    if (!t) return CG_ERROR_ARGUMENT;
    const bool may_go_on =
        t->stop == CG_STOP_NONE || t->stop == CG_STOP_INTERRUPTED || t->stop == CG_STOP_CALLBACK;
    if (!may_go_on)
        return CG_FAIL(&t->dev->error, CG_ERROR_STATE, "fit: the training has ended: %s",
                       cg_stop_name(t->stop));
    if (t->dev->error.code != CG_OK) return t->dev->error.code; /* nothing after it could be trusted */
    const bool training = cg_module_training(t->module);
    cg_module_train(t->module, true);
    t->ran = true;
    const cg_status status = run(t);
    cg_module_train(t->module, training);
    if (status != CG_OK) {
        t->stop = CG_STOP_ERROR;
        cg_module_zero_grad(t->module);
        cg_sums_drop(&t->sums);
    }
    t->history->stop = t->stop;
    return status;
}
