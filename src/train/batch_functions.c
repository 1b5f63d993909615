/* Losses and metrics by name. */
#include "train/trainer.h"

#include "clgrad/loss.h"
#include "clgrad/metrics.h"

#include <stdlib.h>
#include <string.h>

static cg_tensor *cross_entropy(void *context, cg_tensor *output, cg_tensor *target) {
    (void)context;
    return cg_cross_entropy(output, target, CG_MEAN);
}

static cg_tensor *mse(void *context, cg_tensor *output, cg_tensor *target) {
    (void)context;
    return cg_mse_loss(output, target, CG_MEAN);
}

static cg_tensor *mae(void *context, cg_tensor *output, cg_tensor *target) {
    (void)context;
    return cg_mae_loss(output, target, CG_MEAN);
}

static cg_tensor *huber(void *context, cg_tensor *output, cg_tensor *target) {
    (void)context;
    return cg_huber_loss(output, target, CG_MEAN, 1);
}

static cg_tensor *binary_cross_entropy(void *context, cg_tensor *output, cg_tensor *target) {
    (void)context;
    return cg_binary_cross_entropy_with_logits(output, target, CG_MEAN, (cg_binary_cross_entropy_options){0});
}

cg_batch_function *cg_loss_named(const char *name) {
    static const struct {
        const char *name;
        cg_batch_function *function;
    } losses[] = {{"cross_entropy", cross_entropy},
                  {"mse", mse},
                  {"mae", mae},
                  {"huber", huber},
                  {"binary_cross_entropy", binary_cross_entropy}};
    for (size_t i = 0; i < sizeof losses / sizeof *losses; i++)
        if (strcmp(name, losses[i].name) == 0) return losses[i].function;
    return NULL;
}

static cg_tensor *accuracy(void *context, cg_tensor *output, cg_tensor *target) {
    (void)context;
    return cg_accuracy(output, target);
}

/* k is the context itself. */
static cg_tensor *top_k(void *context, cg_tensor *output, cg_tensor *target) {
    return cg_top_k_accuracy(output, target, (int64_t)(intptr_t)context);
}

bool cg_metric_named(cg_metric *metric) {
    static const char prefix[] = "top_";
    if (strcmp(metric->name, "accuracy") == 0) {
        metric->function = accuracy;
    } else if (strncmp(metric->name, prefix, sizeof prefix - 1) == 0) {
        char *end;
        const char *digits = metric->name + sizeof prefix - 1;
        const long k = strtol(digits, &end, 10);
        if (*digits < '1' || *digits > '9' || *end || k > INT32_MAX) return false;
        metric->function = top_k;
        metric->context = (void *)(intptr_t)k;
    } else {
        return false;
    }
    metric->falls = false;
    return true;
}
