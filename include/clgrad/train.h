/*
 * Training: epochs of mini-batches with validation, metrics, schedules, early stopping, exact resume, learning curves,
 * and search over hyperparameters.
 *
 *     cg_history *history = cg_fit(net, adam, train, (cg_fit_options){
 *         .epochs = 50, .validation = validation, .patience = 5, .restore_best = true,
 *         .n_metrics = 1, .metrics = &(cg_metric){"accuracy"},
 *         .n_callbacks = 1, .callbacks = &(cg_callback){cg_log_epochs, &(cg_epoch_log){stderr}}});
 *     cg_history_plot(history, "curve.svg", (cg_plot_options){0});
 *     cg_history_free(history);
 *
 * No step waits for the device: losses and metrics are summed there and read once per epoch. Nothing is printed unless
 * a callback does. docs/training.md has a complete program. Errors of what has a device are kept on it.
 */
#ifndef CLGRAD_TRAIN_H
#define CLGRAD_TRAIN_H

#include "data.h"
#include "io.h"
#include "optim.h"
#include "schedule.h"

#include <signal.h>

CG_BEGIN_DECLS

/* A training that can be interrupted, saved and gone on with. Freed by cg_trainer_free. */
typedef struct cg_trainer cg_trainer;

/* --- What is minimized and measured ----------------------------------------------------------------------------- */

/*
 * A scalar, the mean over the samples of a batch, from the module's output and the targets; `context` is the caller's.
 * A loss is recorded and differentiated, a metric is not. NULL with an error on the device ends the training.
 */
typedef cg_tensor *cg_batch_function(void *context, cg_tensor *output, cg_tensor *target);

/*
 * A metric. By name alone: "accuracy", or "top_K" such as "top_3" for the share of samples whose class is among the K
 * largest logits. With a function of the caller's the name may be any other text without comma or line break.
 */
typedef struct cg_metric {
    const char *name;            /* copied */
    cg_batch_function *function; /* NULL: known by name */
    void *context;               /* */
    bool falls;                  /* smaller is better, for what watches it */
} cg_metric;

/* The most metrics a training has. */
enum { CG_MAX_METRICS = 8 };

/* --- History ---------------------------------------------------------------------------------------------------- */

/* What came out of an epoch. What was not measured is NaN. */
typedef struct cg_epoch {
    double loss; /* mean over the samples of the training set, each taken before the step it served */
    double validation_loss; /* after the epoch */
    double metric[CG_MAX_METRICS];
    double validation_metric[CG_MAX_METRICS];
    double lr;      /* of its last step */
    double seconds; /* validation included */
} cg_epoch;

/* Why a training ended. */
typedef enum cg_stop {
    CG_STOP_NONE,        /* it has not */
    CG_STOP_EPOCHS,      /* all epochs are done */
    CG_STOP_TARGET,      /* the watched value has reached the target */
    CG_STOP_PATIENCE,    /* it got no better for as many epochs as patience allows */
    CG_STOP_CALLBACK,    /* a callback said so */
    CG_STOP_INTERRUPTED, /* the interrupt flag was set */
    CG_STOP_ERROR        /* the device holds the error */
} cg_stop;

/* The epochs of a training: one row each. Freed by cg_history_free, unless it is a trainer's. */
typedef struct cg_history cg_history;

/* The number of epochs in it. 0 for NULL. */
CG_API int cg_history_epochs(const cg_history *history);

/* Epoch i, from 0 on; NULL where there is none. Lives until the history grows or is freed. */
CG_API const cg_epoch *cg_history_epoch(const cg_history *history, int i);

/* The number of metrics. 0 for NULL. */
CG_API int cg_history_metrics(const cg_history *history);

/* The name of metric i; NULL where there is none. Lives as long as the history. */
CG_API const char *cg_history_metric_name(const cg_history *history, int i);

/*
 * The number, from 0 on, of the epoch that was best by what was watched (cg_fit_options.monitor), the first of equals;
 * -1 without one.
 */
CG_API int cg_history_best(const cg_history *history);

/* Why the training ended. CG_STOP_NONE for NULL and for one read from a file. */
CG_API cg_stop cg_history_stop_reason(const cg_history *history);

/* The name of a reason, such as "patience"; "unknown" for any other number. */
CG_API const char *cg_stop_name(cg_stop stop);

/*
 * Writes a CSV table, whole or not at all, with a first line of names: epoch, loss, each metric, validation_loss, each
 * validation_metric, lr, seconds. Numbers have 17 digits and are read back exactly; what was not measured is empty.
 * Errors: CG_ERROR_IO, on cg_error_message(NULL).
 */
CG_API cg_status cg_history_save(const cg_history *history, const char *path);

/*
 * Reads what cg_history_save wrote. Best epoch and reason are not in it. Errors: NULL, and cg_error_message(NULL)
 * names path, line and reason.
 */
CG_API cg_history *cg_history_load(const char *path);

/*
 * Learning curves as SVG: losses and metrics, of training and validation, over the epochs. Errors: as cg_plot_svg;
 * CG_ERROR_ARGUMENT for a history without epochs. options: a NULL x_label is "epoch".
 */
CG_API cg_status cg_history_plot(const cg_history *history, const char *path, cg_plot_options options);

/* A copy, such as of a trainer's, that outlives it. Errors: NULL with cg_error_message(NULL), without memory. */
CG_API cg_history *cg_history_copy(const cg_history *history);

/* Frees a history of cg_fit, cg_history_load or cg_history_copy. NULL is allowed. */
CG_API void cg_history_free(cg_history *history);

/* --- Callbacks -------------------------------------------------------------------------------------------------- */

/* When a callback is called. */
typedef enum cg_fit_event {
    CG_FIT_BEGIN,       /* before the first epoch of a run */
    CG_FIT_EPOCH_BEGIN, /* */
    CG_FIT_BATCH_END,   /* after a batch, and after the optimizer's step where that was its last */
    CG_FIT_EPOCH_END,   /* the history has the epoch; before its checkpoint */
    CG_FIT_END /* after the last epoch, weights restored; cg_trainer_stop_reason says why. Not after an error */
} cg_fit_event;

/*
 * Called with the caller's context; false ends the training (CG_STOP_CALLBACK): before the next step (at BATCH_END, in
 * the middle of an accumulation after it), or at once. A callback may read values, which waits for the device, or set
 * the lr.
 */
typedef bool cg_fit_callback(void *context, cg_trainer *trainer, cg_fit_event event);

/* A callback with its context. */
typedef struct cg_callback {
    cg_fit_callback *function;
    void *context;
} cg_callback;

/* The context of cg_log_epochs: zero is the default of all but the file. */
typedef struct cg_epoch_log {
    FILE *file;       /* stderr, ... */
    int every;        /* a line each so many epochs, and for the last; 1 */
    double next_draw; /* its own */
} cg_epoch_log;

/*
 * A ready callback whose context is a cg_epoch_log: a line each n-th epoch with losses, metrics, lr and seconds, the
 * reason of the end, and where the file is a terminal a bar while an epoch runs.
 */
CG_API bool cg_log_epochs(void *context, cg_trainer *trainer, cg_fit_event event);

/* --- A training ------------------------------------------------------------------------------------------------- */

/*
 * The next batch of a source other than a loader: as cg_loader_next, false at the end of an epoch. For exact resume,
 * what it gives depends only on how often it was called and on the device's generator.
 */
typedef bool cg_batch_source(void *context, cg_tensor **x, cg_tensor **target);

/* How to train; zero is the default of each, but epochs and a loss must be given. */
typedef struct cg_fit_options {
    int epochs; /* of the whole training, those before a resume included */

    /* The loss: by name ("cross_entropy", "mse", "mae", "huber" with delta 1, "binary_cross_entropy" of logits), or: */
    const char *loss;                 /* NULL: "cross_entropy", if there is no function */
    cg_batch_function *loss_function; /* the caller's */
    void *loss_context;

    cg_batch_source *source; /* in place of the training loader, which is then NULL */
    void *source_context;
    cg_loader *validation; /* measured after each epoch, without gradient, the module out of training mode */
    int n_metrics;
    const cg_metric *metrics;
    bool metrics_on_validation_only; /* saves their work in the steps */

    const cg_schedule *schedule; /* of the lr (and momentum): t counts the optimizer's steps */
    bool schedule_epochs;        /* t counts finished epochs instead */
    cg_plateau *plateau; /* takes note of the watched value after each epoch, in place of a schedule */
    int accumulate; /* batches whose gradients one step takes, each loss divided by it; 1. A last group of an epoch
                        * that is smaller makes a smaller step */
    double clip_norm;  /* gradients are scaled to this norm at most, all together */
    double clip_value; /* each of their elements is cut to [-clip_value, clip_value], before clip_norm */

    /* What decides on the best epoch, on patience and target: "loss", "validation_loss", a metric, "validation_" and a
     * metric. NULL: validation_loss where there is validation, else loss. */
    const char *monitor;
    double target;     /* stop when it is below (above, for a metric that does not fall); 0: none */
    int patience;      /* stop after so many epochs without a new best; 0: never */
    double min_delta;  /* a new best is better by more than this */
    bool restore_best; /* at the end the module has the parameters and buffers of the best epoch */

    int n_callbacks;
    const cg_callback *callbacks;           /* called in this order */
    const volatile sig_atomic_t *interrupt; /* looked at before each step of the optimizer; not 0: stop */

    const char *checkpoint; /* a file: cg_trainer_save at the end, at an interruption and: */
    int save_every;         /* each so many epochs */
    bool resume;            /* begin from the checkpoint, if there is such a file */
} cg_fit_options;

/*
 * Trains until a reason to stop, and returns the history. Errors: NULL, and the device holds what went wrong: a loss
 * that is no number (CG_ERROR_NAN, with the epoch), options that make no sense (CG_ERROR_ARGUMENT), any error of a
 * step. The module stays in the mode (cg_module_train) that it had.
 */
CG_API cg_history *cg_fit(cg_module *module, cg_optimizer *optimizer, cg_loader *train,
                          cg_fit_options options);

/*
 * What cg_fit is made of: a trainer, whose cg_trainer_run trains. Module, optimizer, loaders, schedule and what the
 * options point to (but metrics, callbacks and texts, which are copied) must outlive it. Errors: NULL;
 * CG_ERROR_ARGUMENT for options that make no sense.
 */
CG_API cg_trainer *cg_trainer_new(cg_module *module, cg_optimizer *optimizer, cg_loader *train,
                                  const cg_fit_options *options);

/*
 * Trains until a reason to stop (CG_OK) or an error. Called again after an interruption, or a callback that
 * stopped it, it goes on where it stood, in the middle of an epoch too; after any other end it is CG_ERROR_STATE.
 */
CG_API cg_status cg_trainer_run(cg_trainer *trainer);

/*
 * Writes all that a training needs to go on bit for bit, as one safetensors file, whole or not at all: parameters,
 * buffers, the optimizer's and the schedule's state, the device's random generator, the place in the epoch, history
 * and best weights. Not from a callback at BATCH_END in the middle of an accumulation (CG_ERROR_STATE). Errors:
 * CG_ERROR_IO.
 */
CG_API cg_status cg_trainer_save(cg_trainer *trainer, const char *path);

/*
 * Takes up a training from a file of cg_trainer_save: the trainer has not run, and its module, optimizer, schedule,
 * data and options are made as before (epochs, callbacks and files may differ). The losses that follow are those of
 * the training that was not interrupted, bit for bit. Errors: CG_ERROR_IO, CG_ERROR_FORMAT for a file of another
 * training, and nothing has changed; CG_ERROR_STATE after a run.
 */
CG_API cg_status cg_trainer_load(cg_trainer *trainer, const char *path);

/* The module that is trained. */
CG_API cg_module *cg_trainer_module(const cg_trainer *trainer);

/* Its optimizer. */
CG_API cg_optimizer *cg_trainer_optimizer(const cg_trainer *trainer);

/* The finished epochs; the trainer's own. */
CG_API const cg_history *cg_trainer_history(const cg_trainer *trainer);

/* The epoch that runs, from 0 on: the number of finished ones. */
CG_API int cg_trainer_epoch(const cg_trainer *trainer);

/* The number of epochs that were asked for. */
CG_API int cg_trainer_epochs(const cg_trainer *trainer);

/* Batches done in the epoch that runs. */
CG_API int64_t cg_trainer_batch(const cg_trainer *trainer);

/* Batches in an epoch; 0 where the source does not tell: in the first epoch of a cg_batch_source. */
CG_API int64_t cg_trainer_batches(const cg_trainer *trainer);

/* The loss of the last batch, on the device: reading it waits. NULL but in a callback at BATCH_END. */
CG_API cg_tensor *cg_trainer_loss(const cg_trainer *trainer);

/* Why the last run ended. */
CG_API cg_stop cg_trainer_stop_reason(const cg_trainer *trainer);

/* What the steps alone, loader and callbacks included, did on the device; validation and reading are not in it. */
typedef struct cg_fit_counts {
    uint64_t steps;        /* batches */
    uint64_t launches;     /* kernels, or parallel loops */
    uint64_t host_syncs;   /* times the host waited */
    uint64_t first_allocs; /* device allocations in the first epoch of this trainer */
    uint64_t later_allocs; /* and in those after it */
} cg_fit_counts;

/* The counts of this trainer's runs so far. */
CG_API cg_fit_counts cg_trainer_counts(const cg_trainer *trainer);

/* Frees a trainer with its history. NULL is allowed. */
CG_API void cg_trainer_free(cg_trainer *trainer);

/* --- Search over hyperparameters -------------------------------------------------------------------------------- */

/* A named value to be found: one of a list, or from a range. */
typedef struct cg_hyperparameter {
    const char *name;     /* without comma or line break */
    int n;                /* the list: values[0..n-1]; 0: the range */
    const double *values; /* */
    double low, high;     /* the range, both ends possible */
    bool log;             /* evenly in the logarithm; 0 < low */
    bool whole;           /* whole numbers */
    int steps;            /* points of the range in a grid, ends included; 5; whole numbers do not repeat */
} cg_hyperparameter;

/*
 * One trial: value[i] for hyperparameter i, and a seed of its own. *score is what is minimized (or maximized). An
 * error status, or a score that is no number, makes it a failed trial, which is no reason to end the search.
 */
typedef cg_status cg_trial_function(void *context, const double *value, uint64_t seed, double *score);

/* How to search; zero is the default. */
typedef struct cg_search_options {
    int budget;                             /* trials: must be given for random search; 0 in a grid: all */
    uint64_t seed;                          /* of the values of random search, and of the trials' own seeds */
    bool maximize;                          /* larger scores are better */
    const volatile sig_atomic_t *interrupt; /* not 0: no further trial begins */
} cg_search_options;

/* A trial that was made. */
typedef struct cg_trial {
    int number;          /* from 0 on, in the order they were made */
    cg_status status;    /* of the trial function */
    double score;        /* NaN where it failed */
    double seconds;      /* it took */
    const double *value; /* of each hyperparameter; lives as long as the search */
} cg_trial;

/* Trials, the best first, the failed last. Freed by cg_search_free. */
typedef struct cg_search cg_search;

/*
 * Tries every combination, the last hyperparameter changing fastest. With a budget below their number, as many of
 * them, picked at random. Errors: NULL with cg_error_message(NULL): CG_ERROR_ARGUMENT for a space that makes no sense,
 * or above 2^31 combinations without a budget.
 */
CG_API cg_search *cg_grid_search(int n, const cg_hyperparameter *space, cg_trial_function *trial,
                                 void *context, cg_search_options options);

/*
 * Tries `budget` independent draws: trial number k depends on the seed and k alone. Source: Bergstra, Bengio, JMLR 13
 * (2012). Errors: as cg_grid_search; CG_ERROR_ARGUMENT without a budget.
 */
CG_API cg_search *cg_random_search(int n, const cg_hyperparameter *space, cg_trial_function *trial,
                                   void *context, cg_search_options options);

/* The number of trials made. 0 for NULL. */
CG_API int cg_search_trials(const cg_search *search);

/* Trial i, the best being 0; NULL where there is none. Lives as long as the search. */
CG_API const cg_trial *cg_search_trial(const cg_search *search, int i);

/* The value of the hyperparameter called `name` in trial i; NaN where there is none. */
CG_API double cg_search_value(const cg_search *search, int i, const char *name);

/*
 * Writes all trials as CSV, the best first, whole or not at all: trial, status, score, seconds, each hyperparameter.
 * Errors: CG_ERROR_IO, on cg_error_message(NULL).
 */
CG_API cg_status cg_search_save(const cg_search *search, const char *path);

/* Frees a search. NULL is allowed. */
CG_API void cg_search_free(cg_search *search);

CG_END_DECLS
#endif
