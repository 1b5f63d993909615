/* Grid and random search: train.h. */
#include "train/search.h"

#include "core/error.h"
#include "random/random_host.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The generator's streams: of values, of the trials' seeds, of which points of a grid are tried. */
enum { VALUE_STREAM = 0x73726368, SEED_STREAM, PICK_STREAM };

/* What both kinds of search work on. */
typedef struct plan {
    const char *op;
    int n;
    const cg_hyperparameter *space;
    cg_trial_function *function;
    void *context;
    cg_search_options options;
    cg_error *err;
} plan;

#define REFUSE(p, ...) (CG_FAIL((p)->err, CG_ERROR_ARGUMENT, __VA_ARGS__), false)

static bool check_range(const plan *p, const cg_hyperparameter *h) {
    if (!isfinite(h->low) || !isfinite(h->high) || h->low > h->high || (h->log && h->low <= 0) ||
        h->steps < 0)
        return REFUSE(p, "%s: '%.60s' from %g to %g in %d steps%s is no range", p->op, h->name, h->low,
                      h->high, h->steps, h->log ? ", logarithmic," : "");
    if (h->whole && (h->low != floor(h->low) || h->high != floor(h->high) || h->high - h->low > 0x1p52))
        return REFUSE(p, "%s: '%.60s' from %g to %g has no whole ends", p->op, h->name, h->low, h->high);
    return true;
}

static bool check(const plan *p) {
    if (p->n < 1 || !p->space || !p->function)
        return REFUSE(p, "%s: expected at least one hyperparameter and a trial function", p->op);
    if (p->options.budget < 0) return REFUSE(p, "%s: a budget of %d trials", p->op, p->options.budget);
    for (int i = 0; i < p->n; i++) {
        const cg_hyperparameter *h = &p->space[i];
        if (!h->name || !*h->name || strpbrk(h->name, ",\r\n"))
            return REFUSE(p, "%s: hyperparameter %d has no name that can be used", p->op, i);
        for (int k = 0; k < i; k++)
            if (strcmp(h->name, p->space[k].name) == 0)
                return REFUSE(p, "%s: two hyperparameters are called '%.60s'", p->op, h->name);
        if (h->n < 0 || (h->n > 0 && !h->values))
            return REFUSE(p, "%s: '%.60s' has no values", p->op, h->name);
        if (h->n == 0 && !check_range(p, h)) return false;
    }
    return true;
}

/* The point at `share` in [0, 1] of a range. */
static double between(double low, double high, bool log_scale, double share) {
    return log_scale ? low * pow(high / low, share) : low + (high - low) * share;
}

static double within(const cg_hyperparameter *h, double x) {
    return fmin(fmax(h->whole ? round(x) : x, h->low), h->high);
}

/* A draw, from a share that is even in [0, 1): whole numbers are equally likely. */
static double drawn(const cg_hyperparameter *h, double share) {
    const double more = h->whole ? 0.5 : 0;
    return within(h, between(h->low - more, h->high + more, h->log && h->low > more, share));
}

/* --- Points of a grid --------------------------------------------------------------------------------------------- */

enum { GRID_STEPS = 5 };

static int64_t steps_of(const cg_hyperparameter *h) { return h->steps ? h->steps : GRID_STEPS; }

/* Whether the steps are enough for every whole number of the range. */
static bool covered(const cg_hyperparameter *h) {
    return h->whole && h->high - h->low + 1 <= (double)steps_of(h);
}

/* Step i of a range, not rounded yet. */
static double step_at(const cg_hyperparameter *h, int64_t i) {
    const int64_t last = steps_of(h) - 1;
    return between(h->low, h->high, h->log, last > 0 ? (double)i / (double)last : 0);
}

/*
 * Steps that are even in the logarithm grow: the first ones may be closer than 1, so that whole numbers repeat and none
 * is left out; from one step on they differ. That step, by bisection.
 */
static int64_t crowded_steps(const cg_hyperparameter *h) {
    int64_t from = 0, to = h->whole && h->log ? steps_of(h) - 1 : 0;
    while (from < to) {
        const int64_t middle = from + (to - from) / 2;
        if (step_at(h, middle + 1) - step_at(h, middle) >= 1)
            to = middle;
        else
            from = middle + 1;
    }
    return from;
}

/* The points of the crowded steps: each whole number up to the last of them, once. */
static int64_t crowded_points(const cg_hyperparameter *h) {
    return h->whole && h->log ? (int64_t)(within(h, step_at(h, crowded_steps(h))) - h->low) + 1 : 1;
}

static int64_t points(const cg_hyperparameter *h) {
    if (h->n > 0) return h->n;
    if (h->low == h->high) return 1;
    if (covered(h)) return (int64_t)(h->high - h->low) + 1;
    return crowded_points(h) + steps_of(h) - 1 - crowded_steps(h);
}

static double point(const cg_hyperparameter *h, int64_t i) {
    if (h->n > 0) return h->values[i];
    if (covered(h) || i < crowded_points(h)) return h->low + (double)i;
    return within(h, step_at(h, i - crowded_points(h) + 1 + crowded_steps(h)));
}

/* Combination number `index`, the last hyperparameter changing fastest. */
static void combination(const plan *p, int64_t index, double *value) {
    for (int i = p->n - 1; i >= 0; i--) {
        value[i] = point(&p->space[i], index % points(&p->space[i]));
        index /= points(&p->space[i]);
    }
}

/* --- Trials ------------------------------------------------------------------------------------------------------- */

static cg_search *new_search(const plan *p, int64_t room) {
    cg_search *s = calloc(1, sizeof *s);
    if (s) {
        *s = (cg_search){.n = p->n, .maximize = p->options.maximize};
        s->name = calloc((size_t)p->n, sizeof *s->name);
        s->trial = calloc((size_t)room, sizeof *s->trial);
        s->value = calloc((size_t)room * (size_t)p->n, sizeof *s->value);
    }
    bool ok = s && s->name && s->trial && s->value;
    for (int i = 0; ok && i < p->n; i++) ok = (s->name[i] = strdup(p->space[i].name)) != NULL;
    if (ok) return s;
    cg_search_free(s);
    CG_FAIL(p->err, CG_ERROR_MEMORY, "%s: out of memory for %lld trials", p->op, (long long)room);
    return NULL;
}

/* Makes the next trial, whose values stand there already. */
static void run_trial(const plan *p, cg_search *s) {
    const int k = s->trials++;
    cg_trial *t = &s->trial[k];
    struct timespec begun, ended;
    *t = (cg_trial){.number = k, .score = (double)NAN, .value = s->value + (size_t)k * (size_t)s->n};
    clock_gettime(CLOCK_MONOTONIC, &begun);
    t->status = p->function(p->context, t->value,
                            (uint64_t)(cg_random_double(p->options.seed, SEED_STREAM, (uint64_t)k) * 0x1p53),
                            &t->score);
    clock_gettime(CLOCK_MONOTONIC, &ended);
    t->seconds = (double)(ended.tv_sec - begun.tv_sec) + 1e-9 * (double)(ended.tv_nsec - begun.tv_nsec);
    if (t->status != CG_OK) t->score = (double)NAN;
}

static bool interrupted(const plan *p) { return p->options.interrupt && *p->options.interrupt; }

static int compare(const cg_trial *a, const cg_trial *b, double sign) {
    if (isnan(a->score) != isnan(b->score)) return isnan(a->score) ? 1 : -1;
    if (sign * a->score != sign * b->score && !isnan(a->score))
        return sign * a->score < sign * b->score ? -1 : 1;
    return a->number < b->number ? -1 : 1;
}

static int rising(const void *a, const void *b) { return compare(a, b, 1); }
static int falling(const void *a, const void *b) { return compare(a, b, -1); }

static cg_search *sorted(cg_search *s) {
    qsort(s->trial, (size_t)s->trials, sizeof *s->trial, s->maximize ? falling : rising);
    return s;
}

/* --- The searches ------------------------------------------------------------------------------------------------- */

static plan begin(const char *op, int n, const cg_hyperparameter *space, cg_trial_function *function,
                  void *context, cg_search_options options) {
    plan p = {op, n, space, function, context, options, cg_error_of_thread()};
    *p.err = (cg_error){0};
    return p;
}

/* Puts x into a rising list of n numbers if it is not there; false if it is. */
static bool insert(int64_t *list, int64_t n, int64_t x) {
    int64_t from = 0, to = n;
    while (from < to) {
        const int64_t middle = from + (to - from) / 2;
        if (list[middle] < x)
            from = middle + 1;
        else
            to = middle;
    }
    if (from < n && list[from] == x) return false;
    memmove(list + from + 1, list + from, (size_t)(n - from) * sizeof *list);
    list[from] = x;
    return true;
}

/* `wanted` of the numbers below `total`, rising, each subset equally likely (Floyd's; Bentley, CACM 30(9), 1987). */
static int64_t *pick(const plan *p, int64_t wanted, int64_t total) {
    int64_t *list = malloc((size_t)wanted * sizeof *list);
    for (int64_t k = 0; list && k < wanted; k++) {
        const int64_t most = total - wanted + k;
        const double u = cg_random_double(p->options.seed, PICK_STREAM, (uint64_t)k);
        const int64_t x = (int64_t)(u * ((double)most + 1));
        if (x > most || !insert(list, k, x)) list[k] = most; /* larger than all that are there */
    }
    if (!list)
        CG_FAIL(p->err, CG_ERROR_MEMORY, "%s: out of memory for %lld trials", p->op, (long long)wanted);
    return list;
}

cg_search *cg_grid_search(int n, const cg_hyperparameter *space, cg_trial_function *trial, void *context,
                          cg_search_options options) {
    const plan p = begin("grid_search", n, space, trial, context, options);
    if (!check(&p)) return NULL;
    double product = 1;
    for (int i = 0; i < n; i++) product *= (double)points(&space[i]);
    if (product > (options.budget ? 0x1p53 : 0x1p31)) {
        CG_FAIL(p.err, CG_ERROR_ARGUMENT, "grid_search: %g combinations are too many%s", product,
                options.budget ? "" : " without a budget");
        return NULL;
    }
    const int64_t total = (int64_t)product,
                  wanted = options.budget && options.budget < total ? options.budget : total;
    cg_search *s = new_search(&p, wanted);
    int64_t *picked = s ? pick(&p, wanted, total) : NULL;
    for (int64_t k = 0; picked && k < wanted && !interrupted(&p); k++) {
        combination(&p, picked[k], s->value + (size_t)k * (size_t)n);
        run_trial(&p, s);
    }
    if (!picked) {
        cg_search_free(s);
        return NULL;
    }
    free(picked);
    return sorted(s);
}

cg_search *cg_random_search(int n, const cg_hyperparameter *space, cg_trial_function *trial, void *context,
                            cg_search_options options) {
    const plan p = begin("random_search", n, space, trial, context, options);
    if (!check(&p)) return NULL;
    if (options.budget == 0) {
        CG_FAIL(p.err, CG_ERROR_ARGUMENT, "random_search: expected a budget of trials");
        return NULL;
    }
    cg_search *s = new_search(&p, options.budget);
    for (int k = 0; s && k < options.budget && !interrupted(&p); k++) {
        double *value = s->value + (size_t)k * (size_t)n;
        for (int i = 0; i < n; i++) {
            const double u =
                cg_random_double(options.seed, VALUE_STREAM, (uint64_t)k * (uint64_t)n + (uint64_t)i);
            value[i] = space[i].n > 0 ? space[i].values[(int64_t)(u * space[i].n)] : drawn(&space[i], u);
        }
        run_trial(&p, s);
    }
    return s ? sorted(s) : NULL;
}
