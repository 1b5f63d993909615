/* The options of a training: what they may be, and copies of what they point to. */
#include "train/trainer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define REFUSE(t, ...) CG_FAIL(&(t)->dev->error, CG_ERROR_ARGUMENT, "fit: " __VA_ARGS__)

static cg_status check_numbers(const cg_trainer *t, const cg_fit_options *o) {
    if (o->epochs < 1) return REFUSE(t, "epochs is %d, expected 1 or more", o->epochs);
    if (o->accumulate < 0) return REFUSE(t, "accumulate is %d batches", o->accumulate);
    if (o->patience < 0 || o->save_every < 0)
        return REFUSE(t, "patience is %d, save_every %d; 0 is the least", o->patience, o->save_every);
    if (!(o->clip_norm >= 0) || !(o->clip_value >= 0) || !(o->min_delta >= 0))
        return REFUSE(t, "clip_norm is %g, clip_value %g, min_delta %g; 0 is the least", o->clip_norm,
                      o->clip_value, o->min_delta);
    if (!isfinite(o->target)) return REFUSE(t, "target is %g", o->target);
    if ((o->save_every || o->resume) && !o->checkpoint)
        return REFUSE(t, "save_every and resume need a checkpoint file");
    if (o->schedule && o->plateau) return REFUSE(t, "a schedule and a plateau contend for the lr");
    if ((o->n_metrics && !o->metrics) || (o->n_callbacks && !o->callbacks) || o->n_callbacks < 0)
        return REFUSE(t, "%d metrics, %d callbacks, but none given", o->n_metrics, o->n_callbacks);
    if (o->n_metrics < 0 || o->n_metrics > CG_MAX_METRICS)
        return REFUSE(t, "%d metrics, at most %d are possible", o->n_metrics, CG_MAX_METRICS);
    return CG_OK;
}

static cg_status take_loss(cg_trainer *t, const cg_fit_options *o) {
    if (o->loss && o->loss_function) return REFUSE(t, "a loss by name and by function; one is enough");
    t->loss_function =
        o->loss_function ? o->loss_function : cg_loss_named(o->loss ? o->loss : "cross_entropy");
    t->loss_context = o->loss_context;
    if (t->loss_function) return CG_OK;
    return REFUSE(t, "unknown loss '%.60s', expected one of %s", o->loss, CG_LOSS_NAMES);
}

/* Names are columns of a table, and tell one metric from the other. */
static cg_status check_metric_name(const cg_trainer *t, const cg_fit_options *o, int i) {
    const char *name = o->metrics[i].name;
    if (!name || !*name || strpbrk(name, ",\r\n") || strcmp(name, "loss") == 0 ||
        strstr(name, "validation_") == name)
        return REFUSE(t, "metric %d has no name that can be used: %.60s", i, name ? name : "NULL");
    for (int k = 0; k < i; k++)
        if (strcmp(name, o->metrics[k].name) == 0) return REFUSE(t, "two metrics are called '%.60s'", name);
    return CG_OK;
}

static cg_status take_metrics(cg_trainer *t, const cg_fit_options *o) {
    const char *name[CG_MAX_METRICS];
    for (int i = 0; i < o->n_metrics; i++) {
        t->metric[i] = o->metrics[i];
        const cg_status status = check_metric_name(t, o, i);
        if (status != CG_OK) return status;
        name[i] = o->metrics[i].name;
        if (!t->metric[i].function && !cg_metric_named(&t->metric[i]))
            return REFUSE(t, "unknown metric '%.60s', expected one of %s, or a function", name[i],
                          CG_METRIC_NAMES);
    }
    t->history = cg_history_new(o->n_metrics, name);
    if (!t->history) return CG_FAIL(&t->dev->error, CG_ERROR_MEMORY, "fit: out of memory");
    for (int i = 0; i < o->n_metrics; i++) t->metric[i].name = t->history->metric[i];
    return CG_OK;
}

/* What is watched must be measured; whether it falls is the metric's to say. */
static cg_status check_monitor(cg_trainer *t) {
    const cg_fit_options *o = &t->options;
    static const char prefix[] = "validation_";
    const bool of_validation = strncmp(t->monitor, prefix, sizeof prefix - 1) == 0;
    const char *what = t->monitor + (of_validation ? sizeof prefix - 1 : 0);
    if (of_validation && !o->validation)
        return REFUSE(t, "'%.60s' is watched, but there is no validation", t->monitor);
    t->falls = true;
    if (strcmp(what, "loss") == 0) return CG_OK;
    for (int i = 0; i < o->n_metrics; i++) {
        if (strcmp(what, t->metric[i].name) != 0) continue;
        t->falls = t->metric[i].falls;
        if (!of_validation && o->metrics_on_validation_only)
            return REFUSE(t, "'%.60s' is watched, but metrics are measured on validation only", what);
        return CG_OK;
    }
    return REFUSE(t, "'%.60s' is watched, but it is neither a loss nor a metric", t->monitor);
}

static char *copy_of(const char *text) { return text ? strdup(text) : NULL; }

cg_status cg_trainer_take_options(cg_trainer *t, const cg_fit_options *o) {
    if (!t->train == !o->source) return REFUSE(t, "expected either a training loader or a source of batches");
    cg_status status = check_numbers(t, o);
    if (status == CG_OK) status = take_loss(t, o);
    if (status == CG_OK) status = take_metrics(t, o);
    if (status != CG_OK) return status;
    t->options = *o;
    if (t->options.accumulate == 0) t->options.accumulate = 1;
    t->monitor = copy_of(o->monitor ? o->monitor : o->validation ? "validation_loss" : "loss");
    t->checkpoint = copy_of(o->checkpoint);
    t->callback = malloc((size_t)o->n_callbacks * sizeof *t->callback + 1);
    if (!t->monitor || !t->callback || (o->checkpoint && !t->checkpoint))
        return CG_FAIL(&t->dev->error, CG_ERROR_MEMORY, "fit: out of memory");
    if (o->n_callbacks) memcpy(t->callback, o->callbacks, (size_t)o->n_callbacks * sizeof *t->callback);
    for (int i = 0; i < o->n_callbacks; i++)
        if (!t->callback[i].function) return REFUSE(t, "callback %d has no function", i);
    return check_monitor(t);
}
