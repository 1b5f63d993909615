#include "train/history.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

cg_history *cg_history_new(int n_metrics, const char *const *metric) {
    cg_history *history = calloc(1, sizeof *history);
    if (!history) return NULL;
    history->best = -1;
    for (int i = 0; i < n_metrics; i++) {
        history->metric[i] = strdup(metric[i]);
        if (!history->metric[i]) {
            cg_history_free(history);
            return NULL;
        }
        history->n_metrics++;
    }
    return history;
}

bool cg_history_append(cg_history *history, const cg_epoch *epoch) {
    if (history->n == history->room) {
        int room = history->room ? 2 * history->room : 16;
        cg_epoch *grown = realloc(history->epoch, (size_t)room * sizeof *grown);
        if (!grown) return false;
        history->epoch = grown;
        history->room = room;
    }
    history->epoch[history->n++] = *epoch;
    return true;
}

cg_epoch cg_epoch_empty(void) {
    const double none = (double)NAN;
    cg_epoch epoch = {.loss = none, .validation_loss = none, .lr = none, .seconds = none};
    for (int i = 0; i < CG_MAX_METRICS; i++) epoch.metric[i] = epoch.validation_metric[i] = none;
    return epoch;
}

int cg_history_epochs(const cg_history *history) { return history ? history->n : 0; }

const cg_epoch *cg_history_epoch(const cg_history *history, int i) {
    return history && i >= 0 && i < history->n ? &history->epoch[i] : NULL;
}

int cg_history_metrics(const cg_history *history) { return history ? history->n_metrics : 0; }

const char *cg_history_metric_name(const cg_history *history, int i) {
    return history && i >= 0 && i < history->n_metrics ? history->metric[i] : NULL;
}

int cg_history_best(const cg_history *history) { return history ? history->best : -1; }

cg_stop cg_history_stop_reason(const cg_history *history) { return history ? history->stop : CG_STOP_NONE; }

const char *cg_stop_name(cg_stop stop) {
    static const char *const names[] = {"running",  "epochs",      "target", "patience",
                                        "callback", "interrupted", "error"};
    return (int)stop >= 0 && stop <= CG_STOP_ERROR ? names[stop] : "unknown";
}

double *cg_history_value(const cg_history *history, cg_epoch *epoch, const char *name) {
    static const char prefix[] = "validation_";
    if (strcmp(name, "loss") == 0) return &epoch->loss;
    if (strcmp(name, "validation_loss") == 0) return &epoch->validation_loss;
    for (int i = 0; i < history->n_metrics; i++) {
        if (strcmp(name, history->metric[i]) == 0) return &epoch->metric[i];
        if (strncmp(name, prefix, sizeof prefix - 1) == 0 &&
            strcmp(name + sizeof prefix - 1, history->metric[i]) == 0)
            return &epoch->validation_metric[i];
    }
    return NULL;
}

cg_history *cg_history_copy(const cg_history *history) {
    if (!history) return NULL;
    cg_error *err = cg_error_of_thread();
    *err = (cg_error){0};
    cg_history *copy = cg_history_new(history->n_metrics, (const char *const *)history->metric);
    bool ok = copy != NULL;
    for (int i = 0; ok && i < history->n; i++) ok = cg_history_append(copy, &history->epoch[i]);
    if (!ok) {
        cg_history_free(copy);
        CG_FAIL(err, CG_ERROR_MEMORY, "history_copy: out of memory");
        return NULL;
    }
    copy->best = history->best;
    copy->stop = history->stop;
    return copy;
}

void cg_history_free(cg_history *history) {
    if (!history) return;
    for (int i = 0; i < history->n_metrics; i++) free(history->metric[i]);
    free(history->epoch);
    free(history);
}
