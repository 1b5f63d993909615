/* Groups of parameters: their own step size, decay, or none. */
#include <fnmatch.h>
#include <math.h>

#include "optim/optimizer.h"

static bool is_given(double value) { return value != 0; }

static bool is_sensible(double value) { return value >= 0 && isfinite(value); }

static cg_status check_options(const cg_optimizer *o, const cg_optimizer_group_options *g) {
    cg_error *err = &o->dev->error;
    if (!is_sensible(g->lr_factor) || !is_sensible(g->lr) || !is_sensible(g->weight_decay) ||
        !is_sensible(g->l1))
        return CG_FAIL(
            err, CG_ERROR_ARGUMENT,
            "optimizer_group: lr_factor %g, lr %g, weight_decay %g, l1 %g; expected 0 or more, and finite",
            g->lr_factor, g->lr, g->weight_decay, g->l1);
    if (is_given(g->lr) && (is_given(g->lr_factor) || o->lr == 0))
        return CG_FAIL(
            err, CG_ERROR_ARGUMENT,
            "optimizer_group: lr %g with lr_factor %g and an optimizer's lr of %g; expected one of the two, "
            "and an lr to be a multiple of",
            g->lr, g->lr_factor, o->lr);
    if (g->no_decay && (is_given(g->weight_decay) || is_given(g->l1)))
        return CG_FAIL(err, CG_ERROR_ARGUMENT, "optimizer_group: no_decay with weight_decay %g and l1 %g",
                       g->weight_decay, g->l1);
    return CG_OK;
}

static void set_options(cg_optimizer *o, int i, const cg_optimizer_group_options *g) {
    cg_optimizer_slot *slot = &o->slot[i];
    slot->lr_factor = is_given(g->lr) ? g->lr / o->lr : cg_option_or(g->lr_factor, 1);
    slot->weight_decay = g->no_decay ? 0 : cg_option_or(g->weight_decay, o->weight_decay);
    slot->l1 = g->no_decay ? 0 : cg_option_or(g->l1, o->l1);
    slot->frozen = g->frozen;
    o->grouped = true;
}

cg_status cg_optimizer_group(cg_optimizer *o, const char *pattern, cg_optimizer_group_options options) {
    if (!o || !pattern) return CG_ERROR_ARGUMENT;
    cg_status status = check_options(o, &options);
    int matches = 0;
    for (int i = 0; i < o->n && status == CG_OK; i++) {
        const char *name;
        if (!cg_parameter(o->module, i, &name)) return o->dev->error.code;
        if (fnmatch(pattern, name, 0) != 0) continue;
        set_options(o, i, &options);
        matches++;
    }
    if (status == CG_OK && matches == 0)
        status = CG_FAIL(&o->dev->error, CG_ERROR_ARGUMENT,
                         "optimizer_group: none of the %d parameters matches '%.100s'", o->n, pattern);
    return status;
}

cg_status cg_optimizer_group_of(cg_optimizer *o, int n, const int *index,
                                cg_optimizer_group_options options) {
    if (!o || n < 0 || (n > 0 && !index)) return CG_ERROR_ARGUMENT;
    const cg_status status = check_options(o, &options);
    if (status != CG_OK) return status;
    for (int i = 0; i < n; i++)
        if (index[i] < 0 || index[i] >= o->n)
            return CG_FAIL(&o->dev->error, CG_ERROR_ARGUMENT, "optimizer_group_of: %d of %d parameters",
                           index[i], o->n);
    for (int i = 0; i < n; i++) set_options(o, index[i], &options);
    return CG_OK;
}
