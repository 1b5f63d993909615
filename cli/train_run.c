#include "train_run.h"

#include "cli.h"
#include "interrupt.h"
#include "prediction.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>

enum { TEST_BATCH = 1024, QUEUE = 4 };

const char *const train_optimizer_names[] = {"adam", "adamw", "sgd", "rmsprop", "adagrad", NULL};
const char *const train_schedule_names[] = {"constant",  "step",    "exponential", "cosine",
                                            "one-cycle", "plateau", NULL};

/* --- data ---------------------------------------------------------------------------------------------------- */

int train_data_open(train_data *data, const char *folder, const train_settings *s) {
    *data = (train_data){0};
    cg_dataset *all = NULL;
    if (cg_dataset_open(folder, s->test_share, s->seed, &all, &data->test) != CG_OK)
        return cli_fail("%s", cg_error_message(NULL));
    if (s->validation == 0) {
        data->train = all;
        return CLI_OK;
    }
    const cg_dataset_split_options split = {.validation = s->validation, .seed = s->seed, .stratified = true};
    const cg_status status = cg_dataset_split(all, split, &data->train, &data->validation, NULL);
    cg_dataset_free(all);
    if (status == CG_OK) return CLI_OK;
    train_data_free(data);
    return cli_fail("%s", cg_error_message(NULL));
}

void train_data_free(train_data *data) {
    cg_dataset_free(data->train);
    cg_dataset_free(data->validation);
    cg_dataset_free(data->test);
    *data = (train_data){0};
}

/* --- what a training consists of ----------------------------------------------------------------------------- */

/* What a training holds on its device. */
typedef struct parts {
    cg_optimizer *optimizer;
    cg_loader *train, *held; /* to train on, and to measure each epoch on */
    cg_schedule schedule;
    cg_plateau plateau;
} parts;

static cg_optimizer *make_optimizer(cg_module *net, const train_settings *s) {
    switch (s->optimizer) {
    case OPTIMIZER_ADAM:
        return cg_adam(net, (cg_adam_options){.lr = s->lr, .weight_decay = s->weight_decay});
    case OPTIMIZER_ADAMW:
        return cg_adamw(net, (cg_adam_options){.lr = s->lr, .weight_decay = s->weight_decay});
    case OPTIMIZER_SGD:
        return cg_sgd(net, (cg_sgd_options){.lr = s->lr, .momentum = 0.9, .weight_decay = s->weight_decay});
    case OPTIMIZER_RMSPROP:
        return cg_rmsprop(net, (cg_rmsprop_options){.lr = s->lr, .weight_decay = s->weight_decay});
    case OPTIMIZER_ADAGRAD:
        return cg_adagrad(net, (cg_adagrad_options){.lr = s->lr, .weight_decay = s->weight_decay});
    }
    return NULL;
}

/* The schedule over all steps; false for those that have none. */
static bool make_schedule(cg_schedule *schedule, const train_settings *s, int64_t steps) {
    switch (s->schedule) {
    case SCHEDULE_STEP:
        *schedule = cg_step_schedule(s->lr, (steps + 2) / 3, 0.1);
        return true;
    case SCHEDULE_EXPONENTIAL:
        *schedule = cg_exponential_schedule(s->lr, pow(0.01, 1.0 / (double)steps));
        return true;
    case SCHEDULE_COSINE:
        *schedule = cg_cosine_schedule(s->lr, 0, steps);
        return true;
    case SCHEDULE_ONE_CYCLE:
        *schedule = cg_one_cycle_schedule(s->lr, steps, (cg_one_cycle_options){.keep_momentum = true});
        return true;
    case SCHEDULE_CONSTANT:
    case SCHEDULE_PLATEAU:
        break;
    }
    return false;
}

/* Batches to train on: changed as they are used where that is wanted, else uploaded once. */
static cg_loader *make_loader(cg_device *dev, const train_settings *s, const cg_dataset *set) {
    cg_loader_options o = {.batch = s->batch, .shuffle = true};
    const augmentation *a = &s->augmentation;
    if ((a->shift > 0 || a->rotate > 0) && cg_dataset_sample_shape(set).rank == 3) {
        o.queue = QUEUE;
        o.transform = augment_sample;
        o.context = (void *)a; /* it is only read */
    }
    return cg_loader_new_with(dev, set, o);
}

static bool make_parts(parts *p, train_run *run, cg_device *dev, const train_settings *s,
                       const train_data *data) {
    p->optimizer = make_optimizer(run->net, s);
    p->train = make_loader(dev, s, data->train);
    p->held = cg_loader_new(dev, data->validation ? data->validation : data->test, TEST_BATCH, false);
    return p->optimizer && p->train && p->held;
}

static void free_parts(parts *p) {
    cg_optimizer_free(p->optimizer);
    cg_loader_free(p->train);
    cg_loader_free(p->held);
}

/* --- training ------------------------------------------------------------------------------------------------ */

static void __attribute__((format(printf, 2, 3))) fail(train_run *run, const char *format, ...) {
    va_list args;
    va_start(args, format);
    run->outcome = TRAIN_FAILED;
    vsnprintf(run->message, sizeof run->message, format, args);
    va_end(args);
}

train_run train_prepare(cg_device *dev, const train_settings *s, const train_data *data) {
    train_run run = {.outcome = TRAIN_DONE};
    cg_seed(dev, s->seed);
    run.net = cg_model(dev, s->model, cg_dataset_sample_shape(data->train), cg_dataset_classes(data->train));
    if (run.net) return run;
    fail(&run, "%s", cg_error_message(dev));
    run.bad_settings = cg_error_code(dev) == CG_ERROR_ARGUMENT || cg_error_code(dev) == CG_ERROR_SHAPE;
    return run;
}

/* Takes what came out of a trainer that has run. */
static void conclude(train_run *run, cg_trainer *t, cg_status status, const char *checkpoint, bool saves) {
    cg_device *dev = cg_module_device(run->net);
    if (status != CG_OK) {
        fail(run, "%s", cg_error_message(dev));
        return;
    }
    run->saved = saves;
    run->history = cg_history_copy(cg_trainer_history(t));
    if (!run->history) fail(run, "%s", cg_error_message(NULL));
    run->counts = cg_trainer_counts(t);
    if (!run->history || cg_trainer_stop_reason(t) != CG_STOP_INTERRUPTED) return;
    run->outcome = TRAIN_INTERRUPTED;
    if (!checkpoint || saves) return;
    run->saved = cg_trainer_save(t, checkpoint) == CG_OK;
    if (!run->saved) fail(run, "%s", cg_error_message(dev));
}

static void fit(train_run *run, parts *p, const train_settings *s, const train_data *data,
                const char *checkpoint, progress_view *view) {
    static const cg_metric accuracy = {.name = "accuracy"};
    const cg_callback progress = {progress_event, view};
    const bool saves = checkpoint && (s->save_every > 0 || s->resume);
    p->plateau = cg_plateau_start((cg_plateau_options){.factor = 0.5, .patience = 5});
    const cg_fit_options o = {
        .epochs = s->epochs,
        .validation = p->held,
        .n_metrics = 1,
        .metrics = &accuracy,
        .schedule =
            make_schedule(&p->schedule, s, s->epochs * cg_loader_batches(p->train)) ? &p->schedule : NULL,
        .plateau = s->schedule == SCHEDULE_PLATEAU ? &p->plateau : NULL,
        .clip_norm = s->clip,
        .monitor = data->validation ? "validation_loss" : "loss",
        .patience = s->patience,
        .restore_best = s->patience > 0 || data->validation,
        .n_callbacks = 1,
        .callbacks = &progress,
        .interrupt = interrupt_flag(),
        .checkpoint = saves ? checkpoint : NULL,
        .save_every = saves ? s->save_every : 0,
        .resume = s->resume};
    const double begun = bar_clock();
    cg_trainer *t = cg_trainer_new(run->net, p->optimizer, p->train, &o);
    const cg_status status = t ? cg_trainer_run(t) : cg_error_code(cg_module_device(run->net));
    run->seconds = bar_clock() - begun;
    progress_end(view);
    conclude(run, t, status, checkpoint, saves);
    cg_trainer_free(t);
}

static void test(train_run *run, const train_data *data) {
    prediction p;
    const cg_status status = prediction_of(&p, run->net, data->test);
    if (status != CG_OK)
        fail(run, "%s",
             *cg_error_message(cg_module_device(run->net)) ? cg_error_message(cg_module_device(run->net))
                                                           : cg_status_meaning(status));
    else
        run->test_accuracy = prediction_accuracy(&p, data->test);
    prediction_free(&p);
}

void train_on(train_run *run, cg_device *dev, const train_settings *settings, const train_data *data,
              const char *checkpoint, progress_view *view) {
    parts p = {0};
    if (run->outcome == TRAIN_DONE) {
        if (make_parts(&p, run, dev, settings, data))
            fit(run, &p, settings, data, checkpoint, view);
        else
            fail(run, "%s", cg_error_message(dev));
    }
    run->stats = cg_device_statistics(dev); /* of the training: what the test builds is not in its seconds */
    if (run->outcome == TRAIN_DONE) test(run, data);
    free_parts(&p);
}

void train_run_free(train_run *run) {
    cg_module_free(run->net);
    cg_history_free(run->history);
    *run = (train_run){.outcome = TRAIN_FAILED};
}
