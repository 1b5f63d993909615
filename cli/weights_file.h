/* Weights with the description of the network they belong to: what clgrad train writes and clgrad predict reads. */
#ifndef CLGRAD_CLI_WEIGHTS_FILE_H
#define CLGRAD_CLI_WEIGHTS_FILE_H

#include <clgrad/clgrad.h>

/* A network and the data it was trained on, as metadata of the file. */
typedef struct weights_about {
    char model[256]; /* for cg_model */
    cg_dims sample;
    int64_t classes;
    double test_share; /* and seed: which samples were held back, where the folder has no test set */
    uint64_t seed;
} weights_about;

/* Writes parameters, buffers and description, whole or not at all. Errors: on cg_error_message(NULL). */
cg_status weights_save(const char *path, const cg_module *net, const weights_about *about);

/* Reads the description, and makes the network with its weights, out of training mode. NULL: says what fails. */
cg_module *weights_load(const char *path, cg_device *dev, weights_about *about);

#endif
