/* Learning curves: train.h, at cg_history_plot. */
#include "train/history.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_CURVES = 2 * (CG_MAX_METRICS + 1) };

/* The curves of a picture while it is made: one column of numbers for each, after that of the epochs. */
typedef struct curves {
    const cg_history *history;
    double *column;
    int n;
    cg_curve curve[MAX_CURVES];
    char label[MAX_CURVES][64];
} curves;

/* Adds the curve called `what`, unless it was not measured in any epoch. */
static void add(curves *c, const char *kind, const char *what, size_t offset) {
    const cg_history *h = c->history;
    double *y = c->column + (size_t)(c->n + 1) * (size_t)h->n;
    bool any = false;
    for (int i = 0; i < h->n; i++) {
        memcpy(&y[i], (const char *)&h->epoch[i] + offset, sizeof *y);
        any = any || isfinite(y[i]);
    }
    if (!any) return;
    snprintf(c->label[c->n], sizeof c->label[c->n], "%s %s", kind, what);
    c->curve[c->n] = (cg_curve){c->label[c->n], h->n, c->column, y};
    c->n++;
}

cg_status cg_history_plot(const cg_history *history, const char *path, cg_plot_options options) {
    cg_error *err = cg_error_of_thread();
    *err = (cg_error){0};
    if (!history || history->n == 0)
        return CG_FAIL(err, CG_ERROR_ARGUMENT, "history_plot: there is no epoch to show");
    curves c = {.history = history};
    c.column = calloc((size_t)(MAX_CURVES + 1) * (size_t)history->n, sizeof *c.column);
    if (!c.column) return CG_FAIL(err, CG_ERROR_MEMORY, "history_plot: out of memory");
    for (int i = 0; i < history->n; i++) c.column[i] = i + 1;
    add(&c, "training", "loss", offsetof(cg_epoch, loss));
    add(&c, "validation", "loss", offsetof(cg_epoch, validation_loss));
    for (int i = 0; i < history->n_metrics; i++) {
        const size_t at = (size_t)i * sizeof(double);
        add(&c, "training", history->metric[i], offsetof(cg_epoch, metric) + at);
        add(&c, "validation", history->metric[i], offsetof(cg_epoch, validation_metric) + at);
    }
    if (!options.x_label) options.x_label = "epoch";
    cg_status status = cg_plot_svg(path, c.n, c.curve, options);
    free(c.column);
    return status;
}
