/* What a network makes of samples. */
#ifndef CLGRAD_CLI_PREDICTION_H
#define CLGRAD_CLI_PREDICTION_H

#include <clgrad/clgrad.h>

/* The most probable class of each sample, with its probability. Freed by prediction_free. */
typedef struct prediction {
    int64_t samples;
    int32_t *best;
    float *probability;
} prediction;

/*
 * All samples of a set, out of training mode, which the module is in again after it. On an error the device holds it,
 * or, for a lack of memory, prediction_of gives CG_ERROR_MEMORY.
 */
cg_status prediction_of(prediction *p, cg_module *net, const cg_dataset *set);

/* The share of samples whose label was predicted. */
double prediction_accuracy(const prediction *p, const cg_dataset *set);

void prediction_free(prediction *p);

#endif
