/* The insides of a history. */
#ifndef CLGRAD_TRAIN_HISTORY_H
#define CLGRAD_TRAIN_HISTORY_H

#include "clgrad/train.h"
#include "core/error.h"

struct cg_history {
    int n_metrics;
    char *metric[CG_MAX_METRICS]; /* names */
    int n, room;
    cg_epoch *epoch;
    int best; /* -1: none */
    cg_stop stop;
};

/* Without epochs; NULL without memory. */
cg_history *cg_history_new(int n_metrics, const char *const *metric);

/* Appends a copy; false without memory. */
bool cg_history_append(cg_history *history, const cg_epoch *epoch);

/* A row in which nothing was measured. */
cg_epoch cg_epoch_empty(void);

/* As CSV, for cg_text_of. */
void cg_history_print(FILE *out, const void *history);

/* Reads such text; NULL and an error, which names `where`. */
cg_history *cg_history_parse(const char *text, const char *where, cg_error *err);

/*
 * Where in an epoch the value called `name` stands: "loss", "validation_loss", a metric, "validation_" and a metric;
 * NULL: there is none.
 */
double *cg_history_value(const cg_history *history, cg_epoch *epoch, const char *name);

#endif
