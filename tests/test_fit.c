#include "support/device_test.h"
#include "support/fitting.h"

#include <math.h>
#include <string.h>

static const cg_metric accuracy = {.name = "accuracy"};

/* What cg_fit should do, by hand: two epochs. */
static void two_epochs_by_hand(fitting *f, double loss[2]) {
    for (int epoch = 0; epoch < 2; epoch++) {
        double sum = 0;
        for (bool more = true; more;) {
            cg_scope *scope = cg_scope_begin(f->dev);
            cg_tensor *x, *labels;
            double mean;
            more = cg_loader_next(f->train, &x, &labels);
            if (more) {
                cg_tensor *e = cg_cross_entropy(cg_forward(f->net, x), labels, CG_MEAN);
                CHECK(cg_item(e, &mean) == CG_OK);
                sum += mean * (double)cg_size(x, 0);
                CHECK(cg_backward(e) == CG_OK && cg_optimizer_step(f->optimizer) == CG_OK);
            }
            cg_scope_end(scope);
        }
        loss[epoch] = sum / FIT_SAMPLES;
    }
}

DEVICE_TEST_ONCE(fit, does_what_a_loop_by_hand_does) {
    fitting a, b;
    double loss[2];
    if (!fitting_begin(&a, dev, 3)) return;
    cg_history *history = cg_fit(a.net, a.optimizer, a.train, (cg_fit_options){.epochs = 2});
    if (!CHECK_MSG(history != NULL, "%s", cg_error_message(dev)) || !fitting_begin(&b, dev, 3)) return;
    two_epochs_by_hand(&b, loss);
    check_same_parameters(a.net, b.net);
    CHECK(cg_history_epochs(history) == 2 && cg_history_stop_reason(history) == CG_STOP_EPOCHS);
    for (int i = 0; i < 2; i++) {
        const cg_epoch *e = cg_history_epoch(history, i);
        CHECK_MSG(fabs(e->loss - loss[i]) < 1e-6 && e->lr == 0.02 && e->seconds > 0,
                  "epoch %d: %.9g, by hand %.9g", i, e->loss, loss[i]);
        CHECK(isnan(e->validation_loss) && isnan(e->metric[0]));
    }
    cg_history_free(history);
    fitting_end(&a);
    fitting_end(&b);
}

/* Loss and metrics of the validation set, as the module gives them out of training mode. */
CPU_TEST(fit, measures_the_validation_set) {
    const cg_metric metrics[] = {{.name = "accuracy"}, {.name = "top_2"}};
    fitting f;
    if (!fitting_begin(&f, dev, 5)) return;
    cg_module_train(f.net, false);
    cg_history *history = cg_fit(
        f.net, f.optimizer, f.train,
        (cg_fit_options){.epochs = 30, .validation = f.validation, .n_metrics = 2, .metrics = metrics});
    const cg_epoch *last = cg_history_epoch(history, 29);
    if (!CHECK_MSG(last != NULL, "%s", cg_error_message(dev))) return;
    CHECK(!cg_module_training(f.net));
    cg_loader *all = fitting_loader(dev, true, FIT_HELD_BACK, false);
    cg_tensor *x, *labels;
    double loss = 0, one = 0, two = 0;
    CHECK(cg_loader_next(all, &x, &labels));
    cg_tensor *y = cg_forward(f.net, x);
    CHECK(cg_item(cg_cross_entropy(y, labels, CG_MEAN), &loss) == CG_OK &&
          cg_item(cg_accuracy(y, labels), &one) == CG_OK &&
          cg_item(cg_top_k_accuracy(y, labels, 2), &two) == CG_OK);
    CHECK_MSG(fabs(loss - last->validation_loss) < 1e-6, "%.9g, by hand %.9g", last->validation_loss, loss);
    CHECK(fabs(one - last->validation_metric[0]) < 1e-6 && fabs(two - last->validation_metric[1]) < 1e-6);
    CHECK(last->metric[0] > 0.5 && last->metric[1] >= last->metric[0] && isnan(last->metric[2]));
    CHECK(last->loss < cg_history_epoch(history, 0)->loss && last->validation_metric[0] > 0.8);
    CHECK(!strcmp(cg_history_metric_name(history, 1), "top_2") && cg_history_metrics(history) == 2);
    cg_loader_free(all);
    cg_history_free(history);
    fitting_end(&f);
}

static cg_tensor *not_recorded(void *context, cg_tensor *output, cg_tensor *target) {
    (void)target;
    ++*(int *)context;
    cg_tensor *mean = cg_mean(output, CG_ALL_AXES, false);
    CHECK(!cg_requires_grad(mean));
    return mean;
}

CPU_TEST(fit, metrics_are_not_recorded) {
    int calls = 0;
    const cg_metric metric = {.name = "m", .function = not_recorded, .context = &calls};
    fitting f;
    if (!fitting_begin(&f, dev, 5)) return;
    cg_history *history = cg_fit(f.net, f.optimizer, f.train,
                                 (cg_fit_options){.epochs = 1, .n_metrics = 1, .metrics = &metric});
    CHECK(history != NULL && calls == FIT_BATCHES);
    cg_history_free(history);
    fitting_end(&f);
}

CPU_TEST(fit, metrics_on_validation_only) {
    fitting f;
    if (!fitting_begin(&f, dev, 5)) return;
    cg_history *history = cg_fit(f.net, f.optimizer, f.train,
                                 (cg_fit_options){.epochs = 1,
                                                  .validation = f.validation,
                                                  .n_metrics = 1,
                                                  .metrics = &accuracy,
                                                  .metrics_on_validation_only = true});
    const cg_epoch *e = cg_history_epoch(history, 0);
    CHECK(e && isnan(e->metric[0]) && e->validation_metric[0] >= 0);
    cg_history_free(history);
    fitting_end(&f);
}

/* --- steps -------------------------------------------------------------------------------------------------------- */

/* One epoch of plain descent over all points in order. */
static bool descend(fitting *f, cg_device *dev, int64_t batch, cg_fit_options options) {
    *f = (fitting){.dev = dev};
    cg_seed(dev, 8);
    f->train = fitting_loader(dev, false, batch, false);
    f->net = cg_linear_module(dev, 2, 3, CG_INIT_XAVIER);
    f->optimizer = cg_sgd(f->net, (cg_sgd_options){.lr = 0.5});
    options.epochs = 1;
    cg_history *history = cg_fit(f->net, f->optimizer, f->train, options);
    const bool ok = CHECK_MSG(history != NULL, "%s", cg_error_message(dev));
    cg_history_free(history);
    return ok;
}

/* 44 samples in batches of 4, eleven to a step, make the mean gradient of the whole; a batch of 22 the halves'. */
CPU_TEST(fit, accumulates_batches) {
    fitting whole, parts, halves;
    if (!descend(&whole, dev, 44, (cg_fit_options){0}) ||
        !descend(&parts, dev, 4, (cg_fit_options){.accumulate = 11}) ||
        !descend(&halves, dev, 22, (cg_fit_options){0}))
        return;
    double same = 1, other = 0;
    cg_tensor *w = cg_parameter(whole.net, 0, NULL);
    CHECK(cg_item(cg_max(cg_abs(cg_sub(w, cg_parameter(parts.net, 0, NULL))), CG_ALL_AXES, false), &same) ==
          CG_OK);
    CHECK(cg_item(cg_max(cg_abs(cg_sub(w, cg_parameter(halves.net, 0, NULL))), CG_ALL_AXES, false), &other) ==
          CG_OK);
    CHECK_MSG(same < 1e-6 && other > 1e-3, "differences %g, %g", same, other);
    CHECK(cg_optimizer_steps(parts.optimizer) == 1 && cg_optimizer_steps(halves.optimizer) == 2);
    fitting_end(&whole);
    fitting_end(&parts);
    fitting_end(&halves);
    check_case("a last group that is smaller makes a step too");
    if (!descend(&parts, dev, 4, (cg_fit_options){.accumulate = 4})) return;
    CHECK(cg_optimizer_steps(parts.optimizer) == 3);
    fitting_end(&parts);
}

/* The norm and the largest element of how far one step has moved the parameters. */
static void moved(fitting *f, cg_device *dev, cg_fit_options options, double *norm, double *largest) {
    double square = 0;
    *largest = 0;
    if (!descend(f, dev, 44, options)) return;
    cg_seed(dev, 8);
    cg_loader *order = fitting_loader(dev, false, 44, false);
    cg_module *before = cg_linear_module(dev, 2, 3, CG_INIT_XAVIER);
    for (int i = 0; i < 2; i++) {
        double s = 0, m = 0;
        cg_tensor *d = cg_sub(cg_parameter(f->net, i, NULL), cg_parameter(before, i, NULL));
        CHECK(cg_item(cg_sum(cg_square(d), CG_ALL_AXES, false), &s) == CG_OK &&
              cg_item(cg_max(cg_abs(d), CG_ALL_AXES, false), &m) == CG_OK);
        square += s;
        *largest = fmax(*largest, m);
    }
    *norm = sqrt(square) / 0.5;
    *largest /= 0.5;
    cg_module_free(before);
    cg_loader_free(order);
    fitting_end(f);
}

CPU_TEST(fit, clips_gradients) {
    fitting f;
    double norm = 0, largest = 0;
    moved(&f, dev, (cg_fit_options){0}, &norm, &largest);
    CHECK_MSG(norm > 0.11 && largest > 0.06, "the gradient has norm %g, largest element %g", norm, largest);
    moved(&f, dev, (cg_fit_options){.clip_norm = 0.1}, &norm, &largest);
    CHECK_MSG(fabs(norm - 0.1) < 1e-5, "clipped to norm 0.1: %g", norm);
    moved(&f, dev, (cg_fit_options){.clip_value = 0.05}, &norm, &largest);
    CHECK_MSG(fabs(largest - 0.05) < 1e-6, "clipped to 0.05: %g", largest);
}

CPU_TEST(fit, follows_schedules) {
    const cg_schedule s = cg_exponential_schedule(0.1, 0.9);
    for (int epochs = 0; epochs < 2; epochs++) {
        fitting f;
        if (!fitting_begin(&f, dev, 1)) return;
        cg_history *history =
            cg_fit(f.net, f.optimizer, f.train,
                   (cg_fit_options){.epochs = 3, .schedule = &s, .schedule_epochs = epochs});
        for (int i = 0; history && i < 3; i++) {
            const double want = cg_schedule_lr(s, epochs ? i : FIT_BATCHES * (i + 1) - 1);
            CHECK_MSG(cg_history_epoch(history, i)->lr == want, "epoch %d: %.17g, expected %.17g", i,
                      cg_history_epoch(history, i)->lr, want);
        }
        CHECK(cg_history_epochs(history) == 3);
        cg_history_free(history);
        fitting_end(&f);
    }
    check_case("a schedule that cannot be");
    const cg_schedule none = {0};
    fitting f;
    if (!fitting_begin(&f, dev, 1)) return;
    CHECK_FAILS(dev, cg_fit(f.net, f.optimizer, f.train, (cg_fit_options){.epochs = 1, .schedule = &none}),
                CG_ERROR_ARGUMENT, "schedule");
    fitting_end(&f);
}

CPU_TEST(fit, reduces_the_lr_on_a_plateau) {
    const double values[] = {1, 0.5, 0.5, 0.5, 0.5, 0.5};
    script s = {dev, values, 0};
    const cg_metric metric = {.name = "s", .function = scripted, .context = &s, .falls = true};
    cg_plateau plateau = cg_plateau_start((cg_plateau_options){.factor = 0.5, .patience = 1});
    fitting f;
    if (!fitting_begin(&f, dev, 1)) return;
    cg_loader *one = fitting_loader(dev, true, FIT_HELD_BACK, false);
    cg_history *history = cg_fit(f.net, f.optimizer, f.train,
                                 (cg_fit_options){.epochs = 6,
                                                  .plateau = &plateau,
                                                  .validation = one,
                                                  .n_metrics = 1,
                                                  .metrics = &metric,
                                                  .metrics_on_validation_only = true,
                                                  .monitor = "validation_s"});
    static const double want[] = {0.02, 0.02, 0.02, 0.02, 0.01, 0.01};
    for (int i = 0; history && i < 6; i++)
        CHECK_MSG(cg_history_epoch(history, i)->lr == want[i], "epoch %d: lr %g", i,
                  cg_history_epoch(history, i)->lr);
    CHECK(cg_history_epochs(history) == 6 && cg_optimizer_lr(f.optimizer) == 0.005);
    cg_history_free(history);
    cg_loader_free(one);
    fitting_end(&f);
}

/* --- losses ------------------------------------------------------------------------------------------------------- */

static cg_tensor *twice_the_error(void *context, cg_tensor *output, cg_tensor *target) {
    ++*(int *)context;
    return cg_mul(cg_mse_loss(output, target, CG_MEAN), 2);
}

/* A source of one batch: values x, and 3 x + 1 or whether that is positive. */
typedef struct line {
    cg_device *dev;
    int at;
    bool binary;
} line;

static bool line_batch(void *context, cg_tensor **x, cg_tensor **target) {
    line *l = context;
    if (l->at++ % 2) return false;
    *x = cg_reshape(cg_linspace(l->dev, CG_F32, -1, 1, 5), cg_shape(5, 1));
    *target = cg_add(cg_mul(*x, 3), 1);
    if (l->binary) *target = cg_cast(cg_gt(*target, 0), CG_F32);
    return true;
}

static double line_loss(cg_device *dev, cg_fit_options options, bool binary) {
    line source = {dev, 0, binary};
    cg_seed(dev, 2);
    cg_module *net = cg_linear_module(dev, 1, 1, CG_INIT_XAVIER);
    cg_optimizer *sgd = cg_sgd(net, (cg_sgd_options){.lr = 0.01});
    options.epochs = 1;
    options.source = line_batch;
    options.source_context = &source;
    cg_history *history = cg_fit(net, sgd, NULL, options);
    const double loss =
        CHECK_MSG(history != NULL, "%s", cg_error_message(dev)) ? cg_history_epoch(history, 0)->loss : 0;
    cg_history_free(history);
    cg_optimizer_free(sgd);
    cg_module_free(net);
    return loss;
}

CPU_TEST(fit, losses_by_name_and_by_function) {
    cg_seed(dev, 2);
    cg_module *net = cg_linear_module(dev, 1, 1, CG_INIT_XAVIER);
    line source = {dev, 0, false}, binary = {dev, 0, true};
    cg_tensor *x, *y, *b;
    if (!line_batch(&source, &x, &y) || !line_batch(&binary, &x, &b)) return;
    cg_tensor *z = cg_forward(net, x);
    const struct {
        const char *name;
        cg_tensor *loss;
        bool binary;
    } losses[] = {{"mse", cg_mse_loss(z, y, CG_MEAN), false},
                  {"mae", cg_mae_loss(z, y, CG_MEAN), false},
                  {"huber", cg_huber_loss(z, y, CG_MEAN, 1), false},
                  {"binary_cross_entropy",
                   cg_binary_cross_entropy_with_logits(z, b, CG_MEAN, (cg_binary_cross_entropy_options){0}),
                   true}};
    for (int i = 0; i < 4; i++) {
        double want = 0;
        check_case("%s", losses[i].name);
        CHECK(cg_item(losses[i].loss, &want) == CG_OK);
        const double got = line_loss(dev, (cg_fit_options){.loss = losses[i].name}, losses[i].binary);
        CHECK_MSG(fabs(got - want) < 1e-6, "%.9g, by hand %.9g", got, want);
    }
    check_case("a function");
    int calls = 0;
    double want = 0;
    CHECK(cg_item(losses[0].loss, &want) == CG_OK);
    const double got =
        line_loss(dev, (cg_fit_options){.loss_function = twice_the_error, .loss_context = &calls}, false);
    CHECK(fabs(got - 2 * want) < 1e-6 && calls == 1);
    cg_module_free(net);
}

/* --- what a step costs -------------------------------------------------------------------------------------------- */

/* Three epochs in whose steps the host waits for nothing, and which take no memory from the device but in the first. */
static void steps_are_steady(cg_device *dev, cg_fit_options o) {
    fitting f;
    if (!fitting_begin(&f, dev, 1)) return;
    cg_loader *held = fitting_loader(dev, true, 4, false);
    o.epochs = 3;
    o.validation = held;
    cg_trainer *t = cg_trainer_new(f.net, f.optimizer, f.train, &o);
    CHECK_MSG(cg_trainer_run(t) == CG_OK, "%s", cg_error_message(dev));
    const cg_fit_counts c = cg_trainer_counts(t);
    CHECK_MSG(c.steps == 3 * FIT_BATCHES && c.host_syncs == 0, "%llu waits in %llu steps",
              (unsigned long long)c.host_syncs, (unsigned long long)c.steps);
    CHECK_MSG(c.launches > c.steps && c.later_allocs == 0,
              "%llu launches, %llu allocations after the first epoch", (unsigned long long)c.launches,
              (unsigned long long)c.later_allocs);
    cg_trainer_free(t);
    cg_loader_free(held);
    fitting_end(&f);
}

DEVICE_TEST_ONCE(fit, steps_are_steady) { steps_are_steady(dev, (cg_fit_options){0}); }

CPU_TEST(fit, steps_with_metrics_and_clipping_are_steady) {
    steps_are_steady(dev, (cg_fit_options){.n_metrics = 1, .metrics = &accuracy, .clip_norm = 1});
}
