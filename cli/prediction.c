#include "prediction.h"

#include <stdlib.h>

enum { BATCH = 1024 };

/* The next batch into p, from sample `at` on; the number of samples, 0 at the end or on an error. */
static int64_t predict_batch(prediction *p, cg_module *net, cg_loader *loader, int64_t at) {
    cg_tensor *x, *labels;
    if (!cg_loader_next(loader, &x, &labels)) return 0;
    cg_tensor *probability = cg_softmax(cg_forward(net, x), -1);
    cg_tensor *best = cg_cast(cg_argmax(probability, cg_axes(-1), false), CG_I32);
    cg_tensor *most = cg_max(probability, cg_axes(-1), false);
    const int64_t n = cg_size(x, 0);
    if (cg_to_host(best, p->best + at, (size_t)n * sizeof *p->best) != CG_OK ||
        cg_to_host(most, p->probability + at, (size_t)n * sizeof *p->probability) != CG_OK)
        return 0;
    return n;
}

cg_status prediction_of(prediction *p, cg_module *net, const cg_dataset *set) {
    cg_device *dev = cg_module_device(net);
    *p = (prediction){.samples = cg_dataset_samples(set)};
    p->best = calloc((size_t)p->samples + 1, sizeof *p->best);
    p->probability = calloc((size_t)p->samples + 1, sizeof *p->probability);
    if (!p->best || !p->probability) return CG_ERROR_MEMORY;
    cg_loader *loader = cg_loader_new(dev, set, BATCH, false);
    const bool training = cg_module_training(net);
    cg_module_train(net, false);
    cg_no_grad_begin(dev);
    for (int64_t at = 0, n = loader ? 1 : 0; n > 0; at += n) {
        cg_scope *scope = cg_scope_begin(dev);
        n = scope ? predict_batch(p, net, loader, at) : 0;
        cg_scope_end(scope);
    }
    cg_no_grad_end(dev);
    cg_module_train(net, training);
    cg_loader_free(loader);
    return cg_error_code(dev);
}

double prediction_accuracy(const prediction *p, const cg_dataset *set) {
    int64_t hits = 0;
    for (int64_t i = 0; i < p->samples; i++) {
        int label;
        (void)cg_dataset_sample(set, i, &label);
        hits += label == p->best[i];
    }
    return (double)hits / (double)p->samples;
}

void prediction_free(prediction *p) {
    free(p->best);
    free(p->probability);
    *p = (prediction){0};
}
