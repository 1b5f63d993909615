/* How far a training is, on stderr: a bar on a terminal, a line per epoch anywhere. */
#ifndef CLGRAD_CLI_PROGRESS_H
#define CLGRAD_CLI_PROGRESS_H

#include "bar.h"

#include <clgrad/clgrad.h>

typedef struct progress_view {
    const char *label; /* what stands before the bar */
    const char *held;  /* what the samples are called that each epoch is measured on: "test", "validation" */
    bar bar;
    bool lines; /* each finished epoch leaves a line */
} progress_view;

/* Silent: nothing is shown at all. lines false: only a bar, which is gone at the end. */
progress_view progress_begin(const char *label, const char *held, bool silent, bool lines);

/* A cg_fit_callback whose context is a progress_view. */
bool progress_event(void *context, cg_trainer *trainer, cg_fit_event event);

/* Removes the bar. */
void progress_end(progress_view *p);

#endif
