/* The insides of a training. */
#ifndef CLGRAD_TRAIN_TRAINER_H
#define CLGRAD_TRAIN_TRAINER_H

#include "tensor/context.h"
#include "train/history.h"

/* Sums over the samples of an epoch so far, of loss and metrics; they stay on the device. */
typedef struct cg_sums {
    cg_tensor *sum[1 + CG_MAX_METRICS]; /* NULL: nothing yet, or not measured */
    double samples;
} cg_sums;

struct cg_trainer {
    cg_device *dev;
    cg_module *module;
    cg_optimizer *optimizer;
    cg_loader *train; /* NULL: the source of the options */
    cg_fit_options options;
    cg_metric metric[CG_MAX_METRICS]; /* names are the history's */
    cg_callback *callback;
    char *monitor, *checkpoint; /* copies of what the options name */
    cg_batch_function *loss_function;
    void *loss_context;

    cg_history *history;
    bool falls;       /* whether the watched value is better when smaller */
    double best;      /* the watched value of the best epoch; NaN: none yet */
    cg_tensor **kept; /* values of the best epoch, as cg_trainer_tensors counts them; NULL: none */
    int n_kept;
    bool swapped; /* the module has the kept values, and they its own */

    /* The epoch that runs. */
    int64_t batch, batches; /* done, and in an epoch (0: not known) */
    int in_group;           /* batches since the last step of the optimizer */
    cg_sums sums;
    double seconds;                    /* that it took in earlier runs */
    uint64_t epoch_seed, epoch_stream; /* the generator at its beginning, for a source */
    bool epoch_begun, ran, end_wanted; /* end_wanted: a callback said so */
    cg_tensor *batch_loss;             /* during a callback */
    cg_stop stop;
    cg_fit_counts counts;
    int epochs_here; /* finished by this trainer, loaded ones not counted */
};

/* --- options (trainer_options.c) ----------------------------------------------------------------------------- */

/* Checks and copies options; on an error the device holds it. */
cg_status cg_trainer_take_options(cg_trainer *t, const cg_fit_options *options);

/* --- values of a module (kept.c) ------------------------------------------------------------------------------ */

/* The number of parameters and buffers of the module, and tensor i of them: parameters first. */
int cg_trainer_tensors(const cg_trainer *t);
cg_tensor *cg_trainer_tensor(const cg_trainer *t, int i, const char **name);

/* Takes note of the epoch that the history has got: best epoch and, where asked for, its values. */
cg_status cg_trainer_note_best(cg_trainer *t);

/*
 * Module and kept values change places, which t->swapped notes: the module has the best ones after a run, and its own
 * again before another one, and while it is saved.
 */
cg_status cg_trainer_swap_best(cg_trainer *t);

/* Forgets them. */
void cg_trainer_drop_kept(cg_trainer *t);

/* Whether training should end after the last epoch of the history: CG_STOP_NONE, EPOCHS, TARGET or PATIENCE. */
cg_stop cg_trainer_verdict(const cg_trainer *t);

/* --- sums (sums.c) ---------------------------------------------------------------------------------------------- */

/* Adds mean loss and metrics of a batch. Metrics are not asked for where loss alone is wanted. */
cg_status cg_sums_add(cg_sums *sums, const cg_trainer *t, cg_tensor *loss, cg_tensor *output,
                      cg_tensor *target, bool metrics);

/* Means into *loss and metric[0..], waiting for the device; the sums are forgotten. NaN for what was not measured. */
cg_status cg_sums_take(cg_sums *sums, double *loss, double *metric);

void cg_sums_drop(cg_sums *sums);

/* The loss of a batch, checked to be one number: NULL and an error. */
cg_tensor *cg_trainer_batch_loss(const cg_trainer *t, cg_tensor *output, cg_tensor *target);

/* --- batch functions by name (batch_functions.c) --------------------------------------------------------------- */

/* The loss called `name`, whose context is not used; NULL: there is none. */
cg_batch_function *cg_loss_named(const char *name);

/* Fills in function and context of a metric that has a name alone; false if the name is unknown. */
bool cg_metric_named(cg_metric *metric);

/* The names there are, for messages. */
#define CG_LOSS_NAMES "cross_entropy, mse, mae, huber, binary_cross_entropy"
#define CG_METRIC_NAMES "accuracy, top_K"

#endif
