/* One training of a classifier on one device. */
#ifndef CLGRAD_CLI_TRAINER_H
#define CLGRAD_CLI_TRAINER_H

#include "progress.h"

#include <clgrad/clgrad.h>

enum { TRAIN_MAX_HIDDEN = 16 };

/* What to train and how. */
typedef struct train_settings {
    int64_t hidden[TRAIN_MAX_HIDDEN]; /* sizes of the hidden layers */
    int n_hidden;
    const char *activation;
    bool adam; /* else SGD with momentum 0.9 */
    double lr;
    int epochs;
    int64_t batch;
    uint64_t seed;
} train_settings;

/* What the training steps alone did on the device. */
typedef struct train_counts {
    uint64_t steps, launches, host_syncs;
    uint64_t first_allocs, later_allocs; /* device allocations in the first epoch and in those after it */
} train_counts;

typedef enum train_outcome { TRAIN_DONE, TRAIN_INTERRUPTED, TRAIN_FAILED } train_outcome;

typedef struct train_run {
    train_outcome outcome;
    char message[1024]; /* why it failed */
    bool bad_settings;  /* it failed because the settings describe no network */
    int epochs;         /* finished ones */
    train_epoch *history;
    train_counts counts;
    cg_device_stats stats; /* of the device, at the end */
    double seconds;        /* of all epochs together, the building of kernels included */
    cg_module *net;
} train_run;

/* Seeds the device and makes the network. To be freed by train_run_free, also after a failure. */
train_run train_prepare(cg_device *dev, const train_settings *settings, const cg_dataset *train);

/* Trains what was prepared on `dev`, until all epochs are done or Ctrl-C is pressed. */
void train_on(train_run *run, cg_device *dev, const train_settings *settings, const cg_dataset *train,
              const cg_dataset *test, progress_view *view);

void train_run_free(train_run *run);

#endif
