/* How far a training is, on stderr: a bar on a terminal, a line per epoch anywhere. */
#ifndef CLGRAD_CLI_PROGRESS_H
#define CLGRAD_CLI_PROGRESS_H

#include "bar.h"

#include <stdint.h>

/* What came out of an epoch. */
typedef struct train_epoch {
    double loss, train_accuracy; /* means over the samples, each taken before the step it served */
    double test_accuracy;        /* after the epoch */
    double seconds;              /* testing included */
} train_epoch;

typedef struct progress_view {
    const char *label; /* what stands before the bar */
    int epochs;
    bar bar;
    bool lines; /* each finished epoch leaves a line */
} progress_view;

/* Silent: nothing is shown at all. lines false: only a bar, which is gone at the end. */
progress_view progress_begin(const char *label, int epochs, bool silent, bool lines);

/* Draws the bar after `step` of `steps` in `epoch` (from 0 on), at most ten times a second. */
void progress_step(progress_view *p, int epoch, int64_t step, int64_t steps);

/* Ends epoch number `epoch` (from 0 on). */
void progress_epoch(progress_view *p, int epoch, const train_epoch *result);

/* Removes the bar. */
void progress_end(progress_view *p);

#endif
