/* Why a training ends: callbacks, interrupts, targets, patience, errors; and what it leaves. */
#include "support/device_test.h"
#include "support/fitting.h"

#include <math.h>
#include <string.h>

/* Writes down each event, and ends the training at the n-th of a kind. */
typedef struct watch {
    char events[512];
    cg_fit_event end_at;
    int n, seen; /* n = 0: never */
} watch;

static bool note(void *context, cg_trainer *t, cg_fit_event event) {
    watch *w = context;
    static const char letters[] = "B(.)E";
    const size_t at = strlen(w->events);
    if (at + 1 < sizeof w->events) w->events[at] = letters[event];
    CHECK((cg_trainer_loss(t) != NULL) == (event == CG_FIT_BATCH_END));
    CHECK(cg_trainer_batches(t) == FIT_BATCHES && cg_trainer_epochs(t) == 2);
    CHECK(event != CG_FIT_BATCH_END || cg_trainer_batch(t) >= 1);
    CHECK(event != CG_FIT_EPOCH_END || cg_trainer_epoch(t) == cg_history_epochs(cg_trainer_history(t)));
    return !(w->n > 0 && event == w->end_at && ++w->seen == w->n);
}

static bool agree(void *context, cg_trainer *t, cg_fit_event event) {
    (void)t;
    (void)event;
    ++*(int *)context;
    return true;
}

CPU_TEST(fit_stops, callbacks) {
    static const struct {
        cg_fit_event end_at;
        int n;
        const char *events;
        cg_stop stop;
        int epochs;
    } cases[] = {{CG_FIT_BEGIN, 0, "B(......)(......)E", CG_STOP_EPOCHS, 2},
                 {CG_FIT_BEGIN, 1, "BE", CG_STOP_CALLBACK, 0},
                 {CG_FIT_EPOCH_BEGIN, 2, "B(......)(E", CG_STOP_CALLBACK, 1},
                 {CG_FIT_BATCH_END, 2, "B(..E", CG_STOP_CALLBACK, 0},
                 {CG_FIT_BATCH_END, 6, "B(......E", CG_STOP_CALLBACK, 0},
                 {CG_FIT_EPOCH_END, 1, "B(......)E", CG_STOP_CALLBACK, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        watch w = {.end_at = cases[i].end_at, .n = cases[i].n};
        int second = 0;
        const cg_callback callbacks[] = {{note, &w}, {agree, &second}};
        const cg_fit_options o = {.epochs = 2, .n_callbacks = 2, .callbacks = callbacks};
        fitting f;
        check_case("case %zu", i);
        if (!fitting_begin(&f, dev, 1)) return;
        cg_trainer *t = cg_trainer_new(f.net, f.optimizer, f.train, &o);
        CHECK_MSG(cg_trainer_run(t) == CG_OK, "%s", cg_error_message(dev));
        CHECK_MSG(!strcmp(w.events, cases[i].events), "'%s', expected '%s'", w.events, cases[i].events);
        CHECK(second == (int)strlen(w.events) && cg_trainer_stop_reason(t) == cases[i].stop);
        CHECK(cg_history_stop_reason(cg_trainer_history(t)) == cases[i].stop);
        CHECK(cg_trainer_epoch(t) == cases[i].epochs && cg_trainer_module(t) == f.net);
        CHECK(cg_trainer_optimizer(t) == f.optimizer);
        cg_trainer_free(t);
        fitting_end(&f);
    }
}

/* In the middle of an accumulation a wish to end waits for the step. */
CPU_TEST(fit_stops, between_two_steps) {
    watch w = {.end_at = CG_FIT_BATCH_END, .n = 3};
    const cg_callback callback = {note, &w};
    fitting f;
    if (!fitting_begin(&f, dev, 1)) return;
    cg_history *h =
        cg_fit(f.net, f.optimizer, f.train,
               (cg_fit_options){.epochs = 2, .accumulate = 2, .n_callbacks = 1, .callbacks = &callback});
    CHECK_MSG(!strcmp(w.events, "B(....E"), "'%s'", w.events);
    CHECK(h && cg_optimizer_steps(f.optimizer) == 2);
    cg_history_free(h);
    fitting_end(&f);
}

/* --- early ends --------------------------------------------------------------------------------------------------- */

/* Keeps the first parameter of each epoch. */
typedef struct keeper {
    cg_tensor *value[16];
    int n;
} keeper;

static bool keep(void *context, cg_trainer *t, cg_fit_event event) {
    keeper *k = context;
    if (event == CG_FIT_EPOCH_END)
        k->value[k->n++] = cg_retain(cg_detach(cg_clone(cg_parameter(cg_trainer_module(t), 0, NULL))));
    return true;
}

typedef struct scene {
    const char *what;
    double value[6]; /* of the watched metric, epoch by epoch */
    cg_fit_options o;
    bool falls;
    cg_stop stop;
    int epochs, best, weights; /* the epoch whose weights the module ends with */
} scene;

static void run_scene(cg_device *dev, const scene *s) {
    script lines = {dev, s->value, 0};
    keeper kept = {.n = 0};
    const cg_metric metric = {.name = "s", .function = scripted, .context = &lines, .falls = s->falls};
    const cg_callback callback = {keep, &kept};
    cg_fit_options o = s->o;
    fitting f;
    check_case("%s", s->what);
    if (!fitting_begin(&f, dev, 1)) return;
    o.validation = fitting_loader(dev, true, FIT_HELD_BACK, false);
    o.epochs = 6;
    o.n_metrics = 1;
    o.metrics = &metric;
    o.metrics_on_validation_only = true;
    o.monitor = "validation_s";
    o.n_callbacks = 1;
    o.callbacks = &callback;
    cg_history *h = cg_fit(f.net, f.optimizer, f.train, o);
    CHECK_MSG(h != NULL, "%s", cg_error_message(dev));
    CHECK_MSG(cg_history_stop_reason(h) == s->stop && cg_history_epochs(h) == s->epochs, "%s after %d epochs",
              cg_stop_name(cg_history_stop_reason(h)), cg_history_epochs(h));
    CHECK_MSG(cg_history_best(h) == s->best, "the best is %d", cg_history_best(h));
    if (s->weights < kept.n) check_same_bits(cg_parameter(f.net, 0, NULL), kept.value[s->weights]);
    for (int i = 0; i < kept.n; i++) cg_release(kept.value[i]);
    cg_history_free(h);
    cg_loader_free(o.validation);
    fitting_end(&f);
}

CPU_TEST(fit_stops, early_ends_and_best_weights) {
    const double none = (double)NAN;
    const scene scenes[] = {
        {"all epochs", {5, 4, 3, 2, 3, 4}, {0}, true, CG_STOP_EPOCHS, 6, 3, 5},
        {"the best weights", {5, 4, 3, 2, 3, 4}, {.restore_best = true}, true, CG_STOP_EPOCHS, 6, 3, 3},
        {"the first of equals", {5, 2, 2, 2, 3, 4}, {.restore_best = true}, true, CG_STOP_EPOCHS, 6, 1, 1},
        {"a target", {5, 4, 3, 2, 3, 4}, {.target = 3.5}, true, CG_STOP_TARGET, 3, 2, 2},
        {"a target above", {5, 6, 7, 8, 9, 9}, {.target = 6.5}, false, CG_STOP_TARGET, 3, 2, 2},
        {"a target not passed", {5, 4, 3, 3, 3, 3}, {.target = 3}, true, CG_STOP_EPOCHS, 6, 2, 5},
        {"patience",
         {5, 4, 4, 4, 1, 0},
         {.patience = 2, .restore_best = true},
         true,
         CG_STOP_PATIENCE,
         4,
         1,
         1},
        {"patience that is kept up", {5, 4, 4, 3, 3, 2}, {.patience = 2}, true, CG_STOP_EPOCHS, 6, 5, 5},
        {"min_delta",
         {5, 4.5, 3.9, 3.5, 2.8, 0},
         {.patience = 2, .min_delta = 1},
         true,
         CG_STOP_EPOCHS,
         6,
         5,
         5},
        {"min_delta, patience",
         {5, 4.5, 4.2, 3.9, 1, 0},
         {.patience = 2, .min_delta = 1},
         true,
         CG_STOP_PATIENCE,
         3,
         0,
         2},
        {"a rising metric", {1, 2, 1, 1, 9, 9}, {.patience = 2}, false, CG_STOP_PATIENCE, 4, 1, 3},
        {"no number at first",
         {none, 3, none, 2, 4, 5},
         {.restore_best = true},
         true,
         CG_STOP_EPOCHS,
         6,
         3,
         3},
        {"no number at all",
         {none, none, none, none, none, none},
         {.patience = 3},
         true,
         CG_STOP_PATIENCE,
         3,
         -1,
         2},
    };
    for (size_t i = 0; i < sizeof scenes / sizeof *scenes; i++) run_scene(dev, &scenes[i]);
}

/* What is watched where nothing is said: the validation loss, without validation the training loss. */
CPU_TEST(fit_stops, watches_the_loss) {
    for (int validation = 0; validation < 2; validation++) {
        fitting f;
        if (!fitting_begin(&f, dev, 1)) return;
        cg_history *h = cg_fit(
            f.net, f.optimizer, f.train,
            (cg_fit_options){.epochs = 40, .target = 0.5, .validation = validation ? f.validation : NULL});
        const cg_epoch *last = cg_history_epoch(h, cg_history_epochs(h) - 1),
                       *before = cg_history_epoch(h, cg_history_epochs(h) - 2);
        CHECK(cg_history_stop_reason(h) == CG_STOP_TARGET);
        if (CHECK(last && before)) {
            CHECK((validation ? last->validation_loss : last->loss) < 0.5);
            CHECK((validation ? before->validation_loss : before->loss) >= 0.5);
        }
        cg_history_free(h);
        fitting_end(&f);
    }
}

/* --- interrupts --------------------------------------------------------------------------------------------------- */

/* A trainer goes on where it was interrupted, best weights restored in between or not: as if nothing had been. */
CPU_TEST(fit_stops, interrupt_and_go_on) {
    fitting a, b;
    cg_fit_options o = {.epochs = 4, .restore_best = true, .accumulate = 2};
    if (!fitting_begin(&a, dev, 6)) return;
    o.validation = a.validation;
    cg_history *straight = cg_fit(a.net, a.optimizer, a.train, o);
    if (!fitting_begin(&b, dev, 6)) return;
    alarm_clock clock = {0, 2 * FIT_BATCHES + 3};
    const cg_callback callback = {ring, &clock};
    o.validation = b.validation;
    o.interrupt = &clock.flag;
    o.n_callbacks = 1;
    o.callbacks = &callback;
    cg_trainer *t = cg_trainer_new(b.net, b.optimizer, b.train, &o);
    CHECK(cg_trainer_run(t) == CG_OK && cg_trainer_stop_reason(t) == CG_STOP_INTERRUPTED);
    CHECK_MSG(cg_trainer_epoch(t) == 2 && cg_trainer_batch(t) == 4, "epoch %d, batch %lld",
              cg_trainer_epoch(t), (long long)cg_trainer_batch(t));
    for (int i = 0; i < 2; i++) /* it is still set */
        CHECK(cg_trainer_run(t) == CG_OK && cg_trainer_stop_reason(t) == CG_STOP_INTERRUPTED);
    clock.flag = 0;
    CHECK(cg_trainer_run(t) == CG_OK && cg_trainer_stop_reason(t) == CG_STOP_EPOCHS);
    check_same_history(straight, cg_trainer_history(t));
    check_same_parameters(a.net, b.net);
    check_case("what has ended does not go on");
    CHECK(cg_trainer_run(t) == CG_ERROR_STATE);
    check_error(dev, CG_ERROR_STATE, "ended", "epochs", NULL);
    cg_trainer_free(t);
    cg_history_free(straight);
    fitting_end(&a);
    fitting_end(&b);
}

/* --- errors ------------------------------------------------------------------------------------------------------- */

CPU_TEST(fit_stops, a_loss_that_is_no_number) {
    fitting f;
    if (!fitting_begin(&f, dev, 1)) return;
    cg_optimizer *wild = cg_sgd(f.net, (cg_sgd_options){.lr = 1e30});
    const cg_fit_options o = {.epochs = 5};
    cg_trainer *t = cg_trainer_new(f.net, wild, f.train, &o);
    CHECK(cg_trainer_run(t) == CG_ERROR_NAN);
    check_error(dev, CG_ERROR_NAN, "the loss of epoch ", " is NaN", NULL);
    CHECK(cg_trainer_stop_reason(t) == CG_STOP_ERROR && cg_trainer_run(t) == CG_ERROR_STATE);
    check_error(dev, CG_ERROR_STATE, "error", NULL);
    CHECK(cg_trainer_save(t, "/nowhere") == CG_ERROR_STATE);
    check_error(dev, CG_ERROR_STATE, "trainer_save", NULL);
    cg_trainer_free(t);
    cg_optimizer_free(wild);
    fitting_end(&f);
}

static cg_tensor *nothing(void *context, cg_tensor *output, cg_tensor *target) {
    (void)context;
    (void)output;
    (void)target;
    return NULL;
}

static cg_tensor *output_itself(void *context, cg_tensor *output, cg_tensor *target) {
    (void)context;
    (void)target;
    return output;
}

/* Fails at the second batch, when the first has left its gradients. */
static cg_tensor *fails_later(void *context, cg_tensor *output, cg_tensor *target) {
    return ++*(int *)context == 2 ? NULL : cg_cross_entropy(output, target, CG_MEAN);
}

static bool empty_source(void *context, cg_tensor **x, cg_tensor **target) {
    (void)context;
    *x = *target = NULL;
    return false;
}

static void refused(fitting *f, cg_loader *train, cg_fit_options o, cg_status code, const char *part) {
    check_case("%s", part);
    CHECK_FAILS(f->dev, cg_fit(f->net, f->optimizer, train, o), code, part);
}

CPU_TEST(fit_stops, refused_options) {
    const cg_metric two[] = {{.name = "accuracy"}, {.name = "accuracy"}}, comma = {.name = "a,b"},
                    unknown = {.name = "f1"}, zero = {.name = "top_0"}, loss = {.name = "loss"},
                    unnamed = {.function = nothing}, long_k = {.name = "top_3x"};
    const cg_schedule s = cg_constant_schedule(1);
    cg_plateau p = cg_plateau_start((cg_plateau_options){0});
    const cg_callback none = {0};
    fitting f;
    if (!fitting_begin(&f, dev, 1)) return;
    const struct {
        cg_fit_options o;
        const char *part;
    } cases[] = {{{0}, "epochs is 0"},
                 {{.epochs = 1, .accumulate = -1}, "accumulate is -1"},
                 {{.epochs = 1, .patience = -1}, "patience is -1"},
                 {{.epochs = 1, .save_every = -2}, "save_every -2"},
                 {{.epochs = 1, .clip_norm = -1}, "clip_norm is -1"},
                 {{.epochs = 1, .clip_value = (double)NAN}, "clip_value nan"},
                 {{.epochs = 1, .min_delta = -1}, "min_delta -1"},
                 {{.epochs = 1, .target = (double)INFINITY}, "target is inf"},
                 {{.epochs = 1, .save_every = 1}, "need a checkpoint"},
                 {{.epochs = 1, .resume = true}, "need a checkpoint"},
                 {{.epochs = 1, .schedule = &s, .plateau = &p}, "contend for the lr"},
                 {{.epochs = 1, .n_metrics = 1}, "none given"},
                 {{.epochs = 1, .n_callbacks = 1}, "none given"},
                 {{.epochs = 1, .n_metrics = 9, .metrics = two}, "at most 8"},
                 {{.epochs = 1, .n_metrics = 2, .metrics = two}, "two metrics are called 'accuracy'"},
                 {{.epochs = 1, .n_metrics = 1, .metrics = &comma}, "a,b"},
                 {{.epochs = 1, .n_metrics = 1, .metrics = &loss}, "no name that can be used: loss"},
                 {{.epochs = 1, .n_metrics = 1, .metrics = &unnamed}, "NULL"},
                 {{.epochs = 1, .n_metrics = 1, .metrics = &unknown}, "unknown metric 'f1'"},
                 {{.epochs = 1, .n_metrics = 1, .metrics = &zero}, "unknown metric 'top_0'"},
                 {{.epochs = 1, .n_metrics = 1, .metrics = &long_k}, "unknown metric 'top_3x'"},
                 {{.epochs = 1, .loss = "cosine"}, "unknown loss 'cosine', expected one of cross_entropy"},
                 {{.epochs = 1, .loss = "mse", .loss_function = nothing}, "one is enough"},
                 {{.epochs = 1, .monitor = "validation_loss"}, "there is no validation"},
                 {{.epochs = 1, .monitor = "accuracy"}, "neither a loss nor a metric"},
                 {{.epochs = 1,
                   .monitor = "accuracy",
                   .n_metrics = 1,
                   .metrics = two,
                   .validation = f.validation,
                   .metrics_on_validation_only = true},
                  "measured on validation only"},
                 {{.epochs = 1, .n_callbacks = 1, .callbacks = &none}, "callback 0 has no function"},
                 {{.epochs = 1, .source = empty_source}, "either a training loader or a source"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        refused(&f, f.train, cases[i].o, CG_ERROR_ARGUMENT, cases[i].part);
    refused(&f, NULL, (cg_fit_options){.epochs = 1}, CG_ERROR_ARGUMENT,
            "either a training loader or a source");
    CHECK(cg_fit(NULL, f.optimizer, f.train, (cg_fit_options){.epochs = 1}) == NULL);
    CHECK(cg_trainer_new(f.net, f.optimizer, f.train, NULL) == NULL &&
          cg_trainer_run(NULL) == CG_ERROR_ARGUMENT);
    CHECK(cg_trainer_epoch(NULL) == 0 && cg_trainer_epochs(NULL) == 0 && !cg_trainer_module(NULL));
    cg_trainer_free(NULL);
    fitting_end(&f);
}

CPU_TEST(fit_stops, errors_of_a_step) {
    const cg_metric wrong = {.name = "wrong", .function = output_itself},
                    none = {.name = "none", .function = nothing};
    fitting f;
    if (!fitting_begin(&f, dev, 1)) return;
    refused(&f, f.train, (cg_fit_options){.epochs = 1, .loss_function = nothing}, CG_ERROR_ARGUMENT,
            "the loss gave no tensor");
    refused(&f, f.train, (cg_fit_options){.epochs = 1, .loss_function = output_itself}, CG_ERROR_SHAPE,
            "the loss is f32 with 24 elements");
    refused(&f, f.train, (cg_fit_options){.epochs = 1, .n_metrics = 1, .metrics = &wrong}, CG_ERROR_SHAPE,
            "wrong is f32 with 24 elements");
    refused(&f, f.train, (cg_fit_options){.epochs = 1, .n_metrics = 1, .metrics = &none}, CG_ERROR_ARGUMENT,
            "none gave no tensor");
    refused(&f, NULL, (cg_fit_options){.epochs = 1, .source = empty_source}, CG_ERROR_ARGUMENT,
            "an epoch without a batch");
    int calls = 0;
    refused(
        &f, f.train,
        (cg_fit_options){.epochs = 1, .accumulate = 3, .loss_function = fails_later, .loss_context = &calls},
        CG_ERROR_ARGUMENT, "the loss gave no tensor");
    check_case("no gradient is left by a step that failed");
    CHECK(calls == 2);
    CHECK(cg_grad_of(cg_parameter(f.net, 0, NULL)) == NULL && cg_module_training(f.net));
    fitting_end(&f);
}
