/* Optimizers and training. */
#include "plain/faults/faults.h"

static bool train_step(fixture *f) {
    cg_tensor *loss = cg_cross_entropy(cg_forward(f->net, f->x), f->labels, CG_MEAN);
    return cg_backward(loss) == CG_OK && cg_optimizer_step(f->optimizer) == CG_OK;
}

static bool optimizers(fixture *f) {
    cg_optimizer *o = cg_rmsprop(f->net, (cg_rmsprop_options){.centered = true, .momentum = 0.5});
    bool ok = o && cg_optimizer_group(o, "*.bias", (cg_optimizer_group_options){.frozen = true}) == CG_OK;
    ok = ok && cg_optimizer_settings(o) && cg_optimizer_settings(o);
    cg_optimizer_free(o);
    return ok;
}

static bool save_optimizer(fixture *f) { return cg_optimizer_save(f->optimizer, other_path) == CG_OK; }

static bool load_optimizer(fixture *f) { return cg_optimizer_load(f->optimizer, optimizer_path) == CG_OK; }

static bool clip_gradients(fixture *f) {
    cg_tensor *loss = cg_cross_entropy(cg_forward(f->net, f->x), f->labels, CG_MEAN), *total = NULL;
    return cg_backward(cg_add(loss, cg_l2_penalty(f->net))) == CG_OK &&
           cg_clip_grad_norm(f->net, 0.5, 2, &total) == CG_OK && cg_clip_grad_value(f->net, 0.25) == CG_OK &&
           cg_grad_norm(f->net, 2) != NULL;
}

static bool metrics(fixture *f) {
    cg_tensor *predicted = cg_argmax(f->x, cg_axes(1), false),
              *m = cg_confusion_matrix(f->labels, predicted, 4);
    return holds(m, 3) && holds(cg_add(cg_f1_score(m), cg_add(cg_precision(m), cg_recall(m))), 0) &&
           holds(cg_top_k_accuracy(f->x, f->labels, 4), 1) &&
           holds(cg_roc_auc(cg_mean(f->x, cg_axes(1), false), f->labels), 1) &&
           holds(cg_r2_score(f->x, f->x), 1);
}

/* Two epochs with everything that a training keeps: history, best weights, checkpoint. */
static bool training(fixture *f) {
    static const cg_metric accuracy = {.name = "accuracy"};
    cg_dataset *set = cg_dataset_from_idx(images_path, labels_path);
    cg_loader *batches = cg_loader_new(f->dev, set, 2, true);
    cg_module *net = cg_mlp(f->dev, 3, (const int64_t[]){2, 3, 3}, "relu");
    cg_optimizer *sgd = cg_sgd(net, (cg_sgd_options){.lr = 0.1, .momentum = 0.9});
    cg_history *history = sgd && batches ? cg_fit(net, sgd, batches,
                                                  (cg_fit_options){.epochs = 2,
                                                                   .n_metrics = 1,
                                                                   .metrics = &accuracy,
                                                                   .restore_best = true,
                                                                   .clip_norm = 1,
                                                                   .checkpoint = other_path})
                                         : NULL;
    bool ok = history && cg_history_save(history, other_path) == CG_OK;
    cg_history *copy = ok ? cg_history_copy(history) : NULL,
               *back = copy ? cg_history_load(other_path) : NULL;
    ok = copy && back && cg_history_plot(history, other_path, (cg_plot_options){0}) == CG_OK;
    cg_history_free(history);
    cg_history_free(copy);
    cg_history_free(back);
    cg_optimizer_free(sgd);
    cg_module_free(net);
    cg_loader_free(batches);
    cg_dataset_free(set);
    return ok;
}

/* A source that is not asked. */
static bool no_batch(void *context, cg_tensor **x, cg_tensor **target) {
    (void)context;
    *x = *target = NULL;
    return false;
}

static bool resume(fixture *f) {
    const cg_fit_options o = {.epochs = 3, .source = no_batch, .restore_best = true};
    cg_trainer *t = cg_trainer_new(f->net, f->optimizer, NULL, &o);
    const bool ok = t && cg_trainer_load(t, training_path) == CG_OK;
    cg_trainer_free(t);
    return ok;
}

static cg_status trial(void *context, const double *value, uint64_t seed, double *score) {
    (void)context;
    (void)seed;
    *score = value[0];
    return CG_OK;
}

static bool search(fixture *f) {
    (void)f;
    const cg_hyperparameter space = {.name = "x", .low = 0, .high = 1};
    cg_search *grid = cg_grid_search(1, &space, trial, NULL, (cg_search_options){0});
    cg_search *random =
        !grid ? NULL : cg_random_search(1, &space, trial, NULL, (cg_search_options){.budget = 3});
    const bool ok = grid && random && cg_search_save(grid, other_path) == CG_OK;
    cg_search_free(grid);
    cg_search_free(random);
    return ok;
}

const fault_scenario fault_training[] = {
    {"training step", train_step, CG_OK},
    {"optimizers", optimizers, CG_OK},
    {"save optimizer", save_optimizer, CG_ERROR_ARGUMENT},
    {"load optimizer", load_optimizer, CG_ERROR_FORMAT},
    {"clip gradients", clip_gradients, CG_OK},
    {"metrics", metrics, CG_OK},
    {"training", training, CG_ERROR_ARGUMENT},
    {"resume", resume, CG_ERROR_FORMAT},
    {"search", search, CG_OK},
    {0},
};
