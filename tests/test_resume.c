/* A training that was stopped goes on as if it had not been: bit for bit, with everything made anew. */
#include "support/device_test.h"
#include "support/files.h"
#include "support/fitting.h"

#include <string.h>

static cg_tensor *hits(void *context, cg_tensor *output, cg_tensor *target) {
    (void)context;
    return cg_accuracy(output, target);
}

/* Said to be better when smaller, so that an early epoch is the best, and the plateau has something to do. */
static const cg_metric metrics[] = {{.name = "hits", .function = hits, .falls = true}};

/* Dropout, shuffling of both sets, metrics, clipping, best weights: all that has a state. */
static cg_fit_options all_of_it(const fitting *f, cg_plateau *plateau) {
    *plateau = cg_plateau_start((cg_plateau_options){.factor = 0.5, .patience = -1});
    return (cg_fit_options){.epochs = 6,
                            .validation = f->validation,
                            .n_metrics = 1,
                            .metrics = metrics,
                            .monitor = "hits",
                            .clip_norm = 0.5,
                            .plateau = plateau,
                            .restore_best = true};
}

/* Trains until so many batches are done, leaving a checkpoint. */
static void stop_after(cg_device *dev, int batches, const char *path) {
    fitting f;
    cg_plateau plateau;
    alarm_clock clock = {0, batches};
    const cg_callback callback = {ring, &clock};
    if (!fitting_begin(&f, dev, 6)) return;
    cg_fit_options o = all_of_it(&f, &plateau);
    o.checkpoint = path;
    o.interrupt = &clock.flag;
    o.n_callbacks = 1;
    o.callbacks = &callback;
    cg_history *h = cg_fit(f.net, f.optimizer, f.train, o);
    CHECK_MSG(cg_history_stop_reason(h) == CG_STOP_INTERRUPTED, "%s", cg_error_message(dev));
    cg_history_free(h);
    fitting_end(&f);
}

/* Goes on from there with everything made from another seed: what matters is in the file. */
static cg_history *go_on(fitting *f, cg_device *dev, const char *path) {
    cg_plateau plateau;
    if (!fitting_begin(f, dev, 77)) return NULL;
    cg_fit_options o = all_of_it(f, &plateau);
    o.checkpoint = path;
    o.resume = true;
    cg_history *h = cg_fit(f->net, f->optimizer, f->train, o);
    CHECK_MSG(h != NULL, "%s", cg_error_message(dev));
    return h;
}

CPU_TEST(resume, the_same_bits) {
    fitting a, b;
    cg_plateau plateau;
    if (!fitting_begin(&a, dev, 6)) return;
    cg_history *straight = cg_fit(a.net, a.optimizer, a.train, all_of_it(&a, &plateau));
    if (!CHECK_MSG(straight != NULL, "%s", cg_error_message(dev))) return;
    CHECK(cg_history_best(straight) < 2 && cg_optimizer_lr(a.optimizer) < 0.01);
    static const int stops[] = {1, 3 * FIT_BATCHES,
                                4 * FIT_BATCHES - 2}; /* the second is the end of an epoch */
    const char *path = test_path("run.safetensors");
    for (int i = 0; i < 3; i++) {
        check_case("stopped after %d batches", stops[i]);
        stop_after(dev, stops[i], path);
        cg_history *h = go_on(&b, dev, path);
        if (!h) return;
        check_same_history(straight, h);
        check_same_parameters(a.net, b.net);
        CHECK(cg_history_best(h) == cg_history_best(straight) && cg_history_stop_reason(h) == CG_STOP_EPOCHS);
        cg_history_free(h);
        fitting_end(&b);
    }
    CHECK(count_files() == 1);
    cg_history_free(straight);
    fitting_end(&a);
    remove_test_folder();
}

/* The same on every device, for what needs few kernels: in the middle of an epoch, with dropout and an order. */
DEVICE_TEST_ONCE(small_resume, on_any_device) {
    char path[256];
    snprintf(path, sizeof path, "%s", test_path("run.safetensors"));
    alarm_clock clock = {0, FIT_BATCHES + 2};
    const cg_callback callback = {ring, &clock};
    cg_history *history[3];
    cg_module *net[3];
    for (int i = 0; i < 3; i++) { /* straight, stopped, gone on */
        fitting f;
        const cg_fit_options o = {.epochs = 2,
                                  .restore_best = true,
                                  .checkpoint = i > 0 ? path : NULL,
                                  .resume = i == 2,
                                  .interrupt = i == 1 ? &clock.flag : NULL,
                                  .n_callbacks = i == 1,
                                  .callbacks = &callback};
        if (!fitting_begin(&f, dev, i == 2 ? 9 : 6)) return;
        history[i] = cg_fit(f.net, f.optimizer, f.train, o);
        CHECK_MSG(cg_history_epochs(history[i]) == (i == 1 ? 1 : 2), "%s", cg_error_message(dev));
        net[i] = f.net;
        f.net = NULL;
        fitting_end(&f);
    }
    check_same_history(history[0], history[2]);
    check_same_parameters(net[0], net[2]);
    for (int i = 0; i < 3; i++) {
        cg_history_free(history[i]);
        cg_module_free(net[i]);
    }
    remove_test_folder();
}

/* The epochs in a checkpoint; -1: there is none. */
static int epochs_saved(const char *path) {
    cg_safetensors *file = cg_safetensors_open(path);
    const char *history = cg_safetensors_metadata(file, "history");
    int n = -1;
    for (; history && *history; history++) n += *history == '\n';
    cg_safetensors_close(file);
    return n;
}

/* When an epoch begins the checkpoint has those up to the last second one. */
static bool look(void *context, cg_trainer *t, cg_fit_event event) {
    const int done = cg_trainer_epoch(t);
    if (event == CG_FIT_EPOCH_BEGIN)
        CHECK_MSG(epochs_saved(context) == (done < 2 ? -1 : done - done % 2), "epoch %d: %d are saved", done,
                  epochs_saved(context));
    return true;
}

CPU_TEST(resume, save_every) {
    char path[256];
    snprintf(path, sizeof path, "%s", test_path("run.safetensors"));
    const cg_callback callback = {look, path};
    fitting f;
    if (!fitting_begin(&f, dev, 6)) return;
    cg_history *h = cg_fit(
        f.net, f.optimizer, f.train,
        (cg_fit_options){
            .epochs = 5, .checkpoint = path, .save_every = 2, .n_callbacks = 1, .callbacks = &callback});
    CHECK(h != NULL && epochs_saved(path) == 5);
    cg_history_free(h);
    fitting_end(&f);
    remove_test_folder();
}

/* A training that is at its end ends at once, with its weights; with more epochs it goes on. */
CPU_TEST(resume, a_training_that_has_ended) {
    const char *path = test_path("run.safetensors");
    fitting a, b;
    cg_fit_options o = {.epochs = 2, .checkpoint = path, .resume = true}; /* there is no such file yet */
    if (!fitting_begin(&a, dev, 6)) return;
    cg_history *first = cg_fit(a.net, a.optimizer, a.train, o);
    if (!CHECK_MSG(first != NULL, "%s", cg_error_message(dev)) || !fitting_begin(&b, dev, 8)) return;
    cg_history *again = cg_fit(b.net, b.optimizer, b.train, o);
    check_same_history(first, again);
    check_same_parameters(a.net, b.net);
    cg_history_free(again);
    fitting_end(&b);
    if (!fitting_begin(&b, dev, 8)) return;
    o.epochs = 3;
    again = cg_fit(b.net, b.optimizer, b.train, o);
    CHECK(cg_history_epochs(again) == 3 && cg_optimizer_steps(b.optimizer) == 3 * FIT_BATCHES);
    cg_history_free(again);
    cg_history_free(first);
    fitting_end(&a);
    fitting_end(&b);
    remove_test_folder();
}

/* What is saved when the best weights are back in the module is the training all the same, to the last bit. */
CPU_TEST(resume, saved_after_its_end) {
    const char *path = test_path("end.safetensors"), *later = test_path("later.safetensors");
    cg_plateau plateau;
    fitting f;
    if (!fitting_begin(&f, dev, 6)) return;
    cg_fit_options o = all_of_it(&f, &plateau);
    o.checkpoint = path;
    cg_trainer *t = cg_trainer_new(f.net, f.optimizer, f.train, &o);
    CHECK(cg_trainer_run(t) == CG_OK && cg_history_best(cg_trainer_history(t)) < 2);
    cg_tensor *best = cg_clone(cg_detach(cg_parameter(f.net, 0, NULL)));
    CHECK(cg_trainer_save(t, later) == CG_OK);
    check_same_bits(best, cg_parameter(f.net, 0, NULL));
    size_t n = 0, m = 1;
    const void *a = read_file(path, &n), *b = read_file(later, &m);
    CHECK(n > 0 && n == m && memcmp(a, b, n) == 0);
    cg_trainer_free(t);
    fitting_end(&f);
    remove_test_folder();
}

/* A first epoch that began in the middle is shorter; those after it are not. */
CPU_TEST(resume, a_first_epoch_that_began_in_the_middle) {
    const char *path = test_path("run.safetensors");
    fitting a, b;
    cg_fit_options o = {.epochs = 1, .checkpoint = path, .resume = true};
    if (!fitting_begin(&a, dev, 6)) return;
    cg_tensor *x, *target;
    CHECK(cg_loader_next(a.train, &x, &target));
    cg_history *first = cg_fit(a.net, a.optimizer, a.train, o);
    CHECK(cg_optimizer_steps(a.optimizer) == FIT_BATCHES - 1);
    if (!CHECK_MSG(first != NULL, "%s", cg_error_message(dev)) || !fitting_begin(&b, dev, 8)) return;
    o.epochs = 2;
    cg_history *again = cg_fit(b.net, b.optimizer, b.train, o);
    CHECK_MSG(cg_history_epochs(again) == 2, "%s", cg_error_message(dev));
    CHECK(cg_optimizer_steps(b.optimizer) == 2 * FIT_BATCHES - 1);
    cg_history_free(again);
    cg_history_free(first);
    fitting_end(&a);
    fitting_end(&b);
    remove_test_folder();
}

/* --- a source ----------------------------------------------------------------------------------------------------- */

/* Twenty points in five batches, in an order that is drawn when an epoch begins, each moved a little when it is used. */
typedef struct points {
    cg_device *dev;
    int at;
    cg_tensor *order;
} points;

static bool next_points(void *context, cg_tensor **x, cg_tensor **target) {
    points *p = context;
    const int64_t batch = p->at++ % 6;
    if (batch == 5) return false;
    if (batch == 0) {
        cg_release(p->order);
        p->order = cg_retain(cg_permutation(p->dev, 20));
    }
    cg_tensor *all = cg_reshape(cg_linspace(p->dev, CG_F32, -2, 1, 40), cg_shape(20, 2));
    cg_tensor *some = cg_index_select(all, 0, cg_slice(p->order, 0, 4 * batch, 4 * batch + 4, 1));
    *x = cg_add(some, cg_normal(p->dev, CG_F32, cg_shape(4, 2), 0, 0.1));
    *target = cg_cast(cg_gt(cg_sum(some, cg_axes(1), false), 0), CG_I32);
    return true;
}

CPU_TEST(resume, a_source) {
    const char *path = test_path("run.safetensors");
    cg_history *history[2] = {NULL, NULL};
    fitting f;
    for (int i = 0; i < 3; i++) { /* straight, stopped, gone on */
        points source = {dev, 0, NULL};
        alarm_clock clock = {0, i == 1 ? 13 : -1};
        const cg_callback callback = {ring, &clock};
        const cg_fit_options o = {.epochs = 4,
                                  .source = next_points,
                                  .source_context = &source,
                                  .checkpoint = i > 0 ? path : NULL,
                                  .resume = i == 2,
                                  .interrupt = &clock.flag,
                                  .n_callbacks = 1,
                                  .callbacks = &callback};
        if (!fitting_begin(&f, dev, i == 2 ? 9 : 6)) return;
        cg_history *h = cg_fit(f.net, f.optimizer, NULL, o);
        CHECK_MSG(h != NULL, "%s", cg_error_message(dev));
        CHECK(cg_history_epochs(h) == (i == 1 ? 2 : 4));
        if (i == 1)
            cg_history_free(h);
        else
            history[i / 2] = h;
        cg_release(source.order);
        fitting_end(&f);
    }
    check_same_history(history[0], history[1]);
    cg_history_free(history[0]);
    cg_history_free(history[1]);
    remove_test_folder();
}

/* --- files that do not fit ---------------------------------------------------------------------------------------- */

/* Loading fails, and leaves parameters and optimizer as they are. */
static void does_not_load(fitting *f, const cg_fit_options *o, const char *path, cg_status code,
                          const char *part) {
    check_case("%s", part);
    cg_trainer *t = cg_trainer_new(f->net, f->optimizer, f->train, o);
    cg_tensor *before = cg_clone(cg_detach(cg_parameter(f->net, 0, NULL)));
    CHECK_MSG(t != NULL, "%s", cg_error_message(f->dev));
    CHECK(cg_trainer_load(t, path) == code);
    check_error(f->dev, code, part, NULL);
    check_same_bits(before, cg_parameter(f->net, 0, NULL));
    CHECK(cg_optimizer_steps(f->optimizer) == 0 && cg_trainer_epoch(t) == 0);
    cg_trainer_free(t);
}

CPU_TEST(resume, files_of_other_trainings) {
    const char *path = test_path("run.safetensors"), *weights = test_path("weights.safetensors");
    cg_plateau plateau = cg_plateau_start((cg_plateau_options){0});
    fitting f;
    if (!fitting_begin(&f, dev, 6)) return;
    const cg_fit_options plain = {.epochs = 2, .checkpoint = path};
    cg_history *h = cg_fit(f.net, f.optimizer, f.train, plain);
    CHECK(h != NULL && cg_module_save(f.net, weights) == CG_OK);
    cg_history_free(h);
    fitting_end(&f);

    if (!fitting_begin(&f, dev, 7)) return;
    const cg_fit_options with_metric = {.epochs = 2, .n_metrics = 1, .metrics = metrics},
                         best = {.epochs = 2, .restore_best = true},
                         with_plateau = {.epochs = 2, .plateau = &plateau};
    does_not_load(&f, &plain, test_path("none"), CG_ERROR_IO, "none");
    does_not_load(&f, &plain, weights, CG_ERROR_FORMAT,
                  "weights.safetensors': it is none of cg_trainer_save");
    does_not_load(&f, &with_metric, path, CG_ERROR_FORMAT, "other metrics");
    does_not_load(&f, &best, path, CG_ERROR_FORMAT, "no best.");
    does_not_load(&f, &with_plateau, path, CG_ERROR_FORMAT, "no plateau");
    cg_loader *train = f.train;
    f.train = fitting_loader(dev, false, 4, true);
    does_not_load(&f, &plain, path, CG_ERROR_FORMAT, "other data");
    cg_loader_free(f.train);
    f.train = train;
    cg_optimizer *adam = f.optimizer;
    f.optimizer = cg_sgd(f.net, (cg_sgd_options){.lr = 0.1});
    does_not_load(&f, &plain, path, CG_ERROR_FORMAT, "the file is of 'adam', expected 'sgd'");
    cg_optimizer_free(f.optimizer);
    f.optimizer = adam;
    fitting wide = f;
    wide.net = cg_mlp(dev, 3, (const int64_t[]){2, 7, 3}, "relu");
    wide.optimizer = cg_adam(wide.net, (cg_adam_options){0});
    does_not_load(&wide, &plain, path, CG_ERROR_FORMAT, "module.");
    cg_optimizer_free(wide.optimizer);
    cg_module_free(wide.net);

    fitting part = f;
    part.net = cg_sequential(dev);
    cg_sequential_add(part.net, cg_linear_module(dev, 2, 6, CG_INIT_HE));
    part.optimizer = cg_adam(part.net, (cg_adam_options){0});
    does_not_load(&part, &plain, path, CG_ERROR_FORMAT, "it has 4 parameters and buffers, the module 2");
    cg_optimizer_free(part.optimizer);
    cg_module_free(part.net);

    check_case("after a run");
    cg_trainer *t = cg_trainer_new(f.net, f.optimizer, f.train, &(cg_fit_options){.epochs = 1});
    CHECK(cg_trainer_run(t) == CG_OK && cg_trainer_load(t, path) == CG_ERROR_STATE);
    check_error(dev, CG_ERROR_STATE, "has run already", NULL);
    CHECK(cg_trainer_save(t, "/nowhere/x") == CG_ERROR_IO);
    check_error(dev, CG_ERROR_IO, "/nowhere/x", NULL);
    CHECK(cg_trainer_save(NULL, path) == CG_ERROR_ARGUMENT && cg_trainer_load(t, NULL) == CG_ERROR_ARGUMENT);
    cg_trainer_free(t);
    fitting_end(&f);
    remove_test_folder();
}

/* The file again, with the number behind the first `key` from `from` on in its place another. */
static void write_edited(cg_device *dev, const char *path, const char *from, const char *key,
                         const char *number) {
    enum { MOST = 64, KEYS = 3 };
    static const char *const keys[KEYS] = {"history", "training", "optimizer.optimizer"};
    char *text[KEYS];
    cg_named_tensor entry[MOST];
    cg_safetensors *file = cg_safetensors_open(path);
    const int n = cg_safetensors_count(file);
    if (!CHECK(n > 0 && n <= MOST)) return;
    for (int i = 0; i < n; i++) {
        const char *name = NULL;
        CHECK(cg_safetensors_entry(file, i, &name, NULL, NULL) == CG_OK);
        char *copy = scratch(strlen(name) + 1);
        entry[i] = (cg_named_tensor){strcpy(copy, name), cg_eval(cg_safetensors_read(file, i, dev))};
    }
    for (int k = 0; k < KEYS; k++) {
        const char *old = cg_safetensors_metadata(file, keys[k]);
        text[k] = scratch(strlen(old) + 32);
        strcpy(text[k], old);
        if (k != 1) continue;
        const char *at = strstr(strstr(old, from), key) + strlen(key);
        sprintf(text[k], "%.*s%s%s", (int)(at - old), old, number, at + strspn(at, "0123456789"));
    }
    cg_safetensors_close(file);
    const char *const metadata[KEYS][2] = {{keys[0], text[0]}, {keys[1], text[1]}, {keys[2], text[2]}};
    CHECK_MSG(cg_safetensors_save(path, n, entry, KEYS, metadata) == CG_OK, "%s", cg_error_message(NULL));
}

/* Loaders count epochs to 2^31 - 1: a file of more is refused while nothing has changed. */
CPU_TEST(resume, epochs_that_no_loader_counts) {
    const char *path = test_path("run.safetensors");
    fitting f;
    for (int i = 0; i < 2; i++) {
        if (!fitting_begin(&f, dev, 6)) return;
        const cg_fit_options o = {.epochs = 2, .checkpoint = path, .validation = f.validation};
        cg_history_free(cg_fit(f.net, f.optimizer, f.train, o));
        fitting_end(&f);
        write_edited(dev, path, i ? "\"validation\":" : "\"train\":", "\"epoch\":", "2147483648");
        if (!fitting_begin(&f, dev, 7)) return;
        const cg_fit_options next = {.epochs = 2, .validation = f.validation};
        does_not_load(&f, &next, path, CG_ERROR_FORMAT, "other data");
        fitting_end(&f);
    }
    remove_test_folder();
}

static bool save_now(void *context, cg_trainer *t, cg_fit_event event) {
    const cg_status wanted = cg_trainer_batch(t) % 2 ? CG_ERROR_STATE : CG_OK;
    if (event != CG_FIT_BATCH_END) return true;
    CHECK(cg_trainer_save(t, context) == wanted);
    if (wanted != CG_OK) check_error(cg_module_device(cg_trainer_module(t)), wanted, "accumulation", NULL);
    return true;
}

/* Between two steps a callback can save; in the middle of an accumulation it cannot. */
CPU_TEST(resume, saving_from_a_callback) {
    char path[256];
    snprintf(path, sizeof path, "%s", test_path("run.safetensors"));
    const cg_callback callback = {save_now, path};
    fitting a, b;
    cg_fit_options o = {.epochs = 1, .accumulate = 2, .n_callbacks = 1, .callbacks = &callback};
    if (!fitting_begin(&a, dev, 6)) return;
    cg_history *straight = cg_fit(a.net, a.optimizer, a.train, o);
    if (!fitting_begin(&b, dev, 7)) return;
    o = (cg_fit_options){.epochs = 1, .accumulate = 2};
    cg_trainer *t = cg_trainer_new(b.net, b.optimizer, b.train, &o);
    CHECK_MSG(cg_trainer_load(t, path) == CG_OK, "%s", cg_error_message(dev));
    CHECK(cg_trainer_batch(t) == FIT_BATCHES && cg_trainer_epoch(t) == 0);
    CHECK(cg_trainer_run(t) == CG_OK);
    check_same_history(straight, cg_trainer_history(t));
    check_same_parameters(a.net, b.net);
    cg_trainer_free(t);
    cg_history_free(straight);
    fitting_end(&a);
    fitting_end(&b);
    remove_test_folder();
}
