/* Reduce on plateau: schedule.h. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "clgrad/schedule.h"
#include "core/exact_text.h"

cg_plateau cg_plateau_start(cg_plateau_options options) {
    if (options.factor == 0) options.factor = 0.1;
    if (options.epsilon == 0) options.epsilon = 1e-8;
    options.patience = options.patience == 0 ? 10 : options.patience < 0 ? 0 : options.patience;
    options.threshold = options.threshold == 0 ? 1e-4 : options.threshold < 0 ? 0 : options.threshold;
    return (cg_plateau){.options = options, .best = options.maximize ? -INFINITY : INFINITY};
}

static bool is_better(const cg_plateau *p, double metric) {
    const double threshold = p->options.threshold;
    if (p->options.maximize)
        return metric > (p->options.absolute ? p->best + threshold : p->best * (1 + threshold));
    return metric < (p->options.absolute ? p->best - threshold : p->best * (1 - threshold));
}

double cg_plateau_lr(cg_plateau *p, double metric, double lr) {
    if (!p) return lr;
    if (is_better(p, metric)) {
        p->best = metric;
        p->bad = 0;
    } else {
        p->bad++;
    }
    if (p->cooling > 0) {
        p->cooling--;
        p->bad = 0;
    }
    if (p->bad <= p->options.patience) return lr;
    p->cooling = p->options.cooldown;
    p->bad = 0;
    const double reduced = fmax(lr * p->options.factor, p->options.min_lr);
    return lr - reduced > p->options.epsilon ? reduced : lr;
}

bool cg_plateau_step(cg_plateau *p, cg_optimizer *optimizer, double metric) {
    if (!p || !optimizer) return false;
    const double lr = cg_optimizer_lr(optimizer), next = cg_plateau_lr(p, metric, lr);
    cg_optimizer_set_lr(optimizer, next);
    return next != lr;
}

void cg_plateau_to_text(const cg_plateau *p, char text[CG_PLATEAU_TEXT]) {
    char best[CG_EXACT_TEXT];
    cg_exact_text(p->best, best);
    snprintf(text, CG_PLATEAU_TEXT, "best %s bad %" PRId64 " cooling %" PRId64, best, p->bad, p->cooling);
}

bool cg_plateau_from_text(cg_plateau *p, const char *text) {
    cg_plateau read;
    int end = 0;
    if (!p || !text) return false;
    const int n = sscanf(text, "best %la bad %" SCNd64 " cooling %" SCNd64 "%n", &read.best, &read.bad,
                         &read.cooling, &end);
    if (n != 3 || text[end] != '\0' || read.bad < 0 || read.cooling < 0 || isnan(read.best)) return false;
    p->best = read.best;
    p->bad = read.bad;
    p->cooling = read.cooling;
    return true;
}
