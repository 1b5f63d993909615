#include "trainer.h"

#include "interrupt.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>

enum { TEST_BATCH = 1024 };

/* What a training holds on its device. */
typedef struct trainer {
    cg_device *dev;
    train_run *run;
    cg_optimizer *optimizer;
    cg_loader *train, *test;
    cg_tensor *loss_sum, *hit_sum; /* over the samples of the epoch so far; they stay on the device */
    progress_view *view;
} trainer;

static cg_module *make_network(cg_device *dev, const train_settings *s, const cg_dataset *train) {
    int64_t sizes[TRAIN_MAX_HIDDEN + 2];
    int n = 0;
    sizes[n++] = cg_dataset_features(train);
    for (int i = 0; i < s->n_hidden; i++) sizes[n++] = s->hidden[i];
    sizes[n++] = cg_dataset_classes(train);
    return cg_mlp(dev, n, sizes, s->activation);
}

static cg_optimizer *make_optimizer(cg_module *net, const train_settings *s) {
    if (s->adam) return cg_adam(net, (cg_adam_options){.lr = s->lr});
    return cg_sgd(net, (cg_sgd_options){.lr = s->lr, .momentum = 0.9});
}

/* *sum += mean * count, on the device: nothing waits for the value. */
static void add_to_sum(cg_tensor **sum, cg_tensor *mean, int64_t count) {
    cg_tensor *part = cg_mul(mean, (double)count);
    cg_tensor *next = cg_retain(*sum ? cg_add(*sum, part) : part);
    cg_release(*sum);
    *sum = next;
}

/* The mean behind a sum over `samples`, which is forgotten. Waits for the device. */
static double take_mean(cg_tensor **sum, int64_t samples) {
    double value = NAN;
    if (*sum && cg_item(*sum, &value) == CG_OK) value /= (double)samples;
    cg_release(*sum);
    *sum = NULL;
    return value;
}

/* One step; false at the end of the epoch or on an error, which the device then holds. */
static bool train_step(trainer *t) {
    cg_scope *scope = cg_scope_begin(t->dev);
    cg_tensor *x, *labels;
    bool more = cg_loader_next(t->train, &x, &labels);
    if (more) {
        cg_tensor *logits = cg_forward(t->run->net, x);
        cg_tensor *loss = cg_cross_entropy(logits, labels, CG_MEAN);
        cg_no_grad_begin(t->dev);
        add_to_sum(&t->loss_sum, loss, cg_size(x, 0));
        add_to_sum(&t->hit_sum, cg_accuracy(logits, labels), cg_size(x, 0));
        cg_no_grad_end(t->dev);
        cg_backward(loss);
        cg_optimizer_step(t->optimizer);
    }
    cg_scope_end(scope);
    return more && cg_error_code(t->dev) == CG_OK;
}

static void count_step(train_counts *counts, const cg_device_stats *before, const cg_device_stats *after,
                       bool first_epoch) {
    uint64_t allocs = after->device_allocs - before->device_allocs;
    counts->steps++;
    counts->launches += after->launches - before->launches;
    counts->host_syncs += after->host_syncs - before->host_syncs;
    *(first_epoch ? &counts->first_allocs : &counts->later_allocs) += allocs;
}

/* All steps of an epoch. */
static void train_epoch_steps(trainer *t, int epoch) {
    int64_t steps = cg_loader_batches(t->train);
    for (int64_t step = 1;; step++) {
        cg_device_stats before = cg_device_statistics(t->dev);
        if (interrupted() || !train_step(t)) return;
        cg_device_stats after = cg_device_statistics(t->dev);
        count_step(&t->run->counts, &before, &after, epoch == 0);
        progress_step(t->view, epoch, step, steps);
    }
}

static double test_accuracy(trainer *t, const cg_dataset *test) {
    cg_tensor *hits = NULL;
    cg_no_grad_begin(t->dev);
    for (bool more = true; more && cg_error_code(t->dev) == CG_OK;) {
        cg_scope *scope = cg_scope_begin(t->dev);
        cg_tensor *x, *labels;
        more = cg_loader_next(t->test, &x, &labels);
        if (more) add_to_sum(&hits, cg_accuracy(cg_forward(t->run->net, x), labels), cg_size(x, 0));
        cg_scope_end(scope);
    }
    cg_no_grad_end(t->dev);
    return take_mean(&hits, cg_dataset_samples(test));
}

static void __attribute__((format(printf, 2, 3))) fail(train_run *run, const char *format, ...) {
    va_list args;
    va_start(args, format);
    run->outcome = TRAIN_FAILED;
    vsnprintf(run->message, sizeof run->message, format, args);
    va_end(args);
}

/* One epoch into the history; false if it was not finished, and run->outcome says why. */
static bool run_epoch(trainer *t, int epoch, const cg_dataset *train, const cg_dataset *test) {
    double begun = bar_clock();
    train_epoch *result = &t->run->history[epoch];
    train_epoch_steps(t, epoch);
    if (!interrupted() && cg_error_code(t->dev) == CG_OK) {
        result->loss = take_mean(&t->loss_sum, cg_dataset_samples(train));
        result->train_accuracy = take_mean(&t->hit_sum, cg_dataset_samples(train));
        result->test_accuracy = test_accuracy(t, test);
    }
    result->seconds = bar_clock() - begun;
    if (cg_error_code(t->dev) != CG_OK)
        fail(t->run, "%s", cg_error_message(t->dev));
    else if (interrupted())
        t->run->outcome = TRAIN_INTERRUPTED;
    else if (!isfinite(result->loss))
        fail(t->run, "the loss is no number any more: try a smaller --lr");
    else
        return true;
    return false;
}

train_run train_prepare(cg_device *dev, const train_settings *settings, const cg_dataset *train) {
    train_run run = {.outcome = TRAIN_DONE};
    cg_seed(dev, settings->seed);
    run.net = make_network(dev, settings, train);
    if (!run.net) fail(&run, "%s", cg_error_message(dev));
    run.bad_settings = !run.net && cg_error_code(dev) == CG_ERROR_ARGUMENT;
    return run;
}

static bool begin(trainer *t, const train_settings *settings, const cg_dataset *train,
                  const cg_dataset *test) {
    t->run->history = calloc((size_t)settings->epochs, sizeof *t->run->history);
    t->optimizer = make_optimizer(t->run->net, settings);
    t->train = cg_loader_new(t->dev, train, settings->batch, true);
    t->test = cg_loader_new(t->dev, test, TEST_BATCH, false);
    if (t->run->history && t->optimizer && t->train && t->test) return true;
    fail(t->run, "%s", t->run->history ? cg_error_message(t->dev) : "out of memory");
    return false;
}

void train_on(train_run *run, cg_device *dev, const train_settings *settings, const cg_dataset *train,
              const cg_dataset *test, progress_view *view) {
    trainer t = {.dev = dev, .run = run, .view = view};
    if (run->outcome == TRAIN_DONE && begin(&t, settings, train, test)) {
        double begun = bar_clock();
        for (; run->epochs < settings->epochs && run_epoch(&t, run->epochs, train, test); run->epochs++)
            progress_epoch(view, run->epochs, &run->history[run->epochs]);
        run->seconds = bar_clock() - begun;
        progress_end(view);
    }
    cg_release(t.loss_sum);
    cg_release(t.hit_sum);
    cg_optimizer_free(t.optimizer);
    cg_loader_free(t.train);
    cg_loader_free(t.test);
    run->stats = cg_device_statistics(dev);
}

void train_run_free(train_run *run) {
    cg_module_free(run->net);
    free(run->history);
    *run = (train_run){.outcome = TRAIN_FAILED};
}
