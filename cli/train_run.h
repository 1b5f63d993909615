/* One training of a classifier on one device. */
#ifndef CLGRAD_CLI_TRAIN_RUN_H
#define CLGRAD_CLI_TRAIN_RUN_H

#include "augment.h"
#include "progress.h"

typedef enum train_optimizer {
    OPTIMIZER_ADAM,
    OPTIMIZER_ADAMW,
    OPTIMIZER_SGD,
    OPTIMIZER_RMSPROP,
    OPTIMIZER_ADAGRAD
} train_optimizer;

typedef enum train_schedule {
    SCHEDULE_CONSTANT,
    SCHEDULE_STEP,
    SCHEDULE_EXPONENTIAL,
    SCHEDULE_COSINE,
    SCHEDULE_ONE_CYCLE,
    SCHEDULE_PLATEAU
} train_schedule;

/* Their names, in this order, up to NULL. */
extern const char *const train_optimizer_names[], *const train_schedule_names[];

/* What to train and how; 0 is "not at all" where no default is said. */
typedef struct train_settings {
    const char *model; /* for cg_model */
    train_optimizer optimizer;
    train_schedule schedule;
    double lr, weight_decay, clip;
    int epochs;
    int64_t batch;
    uint64_t seed;
    double test_share, validation;
    augmentation augmentation;
    int patience, save_every;
    bool resume;
} train_settings;

/* The samples to train on, those to choose the best epoch by (NULL: none), and those for the result. */
typedef struct train_data {
    cg_dataset *train, *validation, *test;
} train_data;

/* Reads and divides a folder. Says what fails; CLI_FAILED. */
int train_data_open(train_data *data, const char *folder, const train_settings *settings);
void train_data_free(train_data *data);

typedef enum train_outcome { TRAIN_DONE, TRAIN_INTERRUPTED, TRAIN_FAILED } train_outcome;

typedef struct train_run {
    train_outcome outcome;
    char message[1024]; /* why it failed */
    bool bad_settings;  /* it failed because the settings describe no network */
    cg_history *history;
    double test_accuracy; /* of the network as it is in the end */
    cg_fit_counts counts;
    cg_device_stats stats; /* of the device, at the end */
    double seconds;        /* of all epochs together, the building of kernels included */
    bool saved;            /* there is a checkpoint */
    cg_module *net;
} train_run;

/* Seeds the device and makes the network. To be freed by train_run_free, also after a failure. */
train_run train_prepare(cg_device *dev, const train_settings *settings, const train_data *data);

/*
 * Trains what was prepared on `dev`, until it is done or Ctrl-C is pressed. checkpoint: the file to save to and resume
 * from, NULL: none.
 */
void train_on(train_run *run, cg_device *dev, const train_settings *settings, const train_data *data,
              const char *checkpoint, progress_view *view);

void train_run_free(train_run *run);

#endif
