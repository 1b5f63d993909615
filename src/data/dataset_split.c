/* Data sets divided: by shares, by folds, and the order that both and the loaders go by. */
#include "data/dataset.h"

#include "random/random_host.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void cg_shuffle_order(int64_t *order, int64_t n, uint64_t seed, uint64_t stream) {
    for (int64_t i = 0; i < n; i++) order[i] = i;
    for (int64_t i = n - 1; i > 0; i--) {
        int64_t j = (int64_t)(cg_random_double(seed, stream, (uint64_t)i) * (double)(i + 1));
        int64_t kept = order[i];
        order[i] = order[j];
        order[j] = kept;
    }
}

int64_t *cg_shuffled_order(int64_t n, uint64_t seed, uint64_t stream) {
    int64_t *order = malloc((size_t)n * sizeof *order + 1);
    if (order) cg_shuffle_order(order, n, seed, stream);
    return order;
}

/*
 * Samples on their way into parts. They come in `order`; those of one group (a class where the division is stratified,
 * else all) are divided by themselves: of the `size[g]` samples of group g, `seen[g]` have had their part.
 */
typedef struct division {
    const cg_dataset *set;
    int64_t n_groups;
    int64_t *order, *size, *seen;
    int *part; /* of order[i] */
} division;

static int64_t group_of(const division *d, int64_t sample) {
    return d->n_groups > 1 ? *(const int32_t *)cg_dataset_target(d->set, sample) : 0;
}

static void end_division(division *d) {
    free(d->order);
    free(d->size);
    free(d->seen);
    free(d->part);
}

static cg_status begin_division(division *d, const cg_dataset *set, uint64_t seed, bool stratified,
                                bool in_order, cg_error *err) {
    *d = (division){.set = set, .n_groups = stratified ? set->classes : 1};
    const int64_t n = set->samples;
    d->order = cg_shuffled_order(n, seed, CG_ORDER_SPLIT);
    d->size = calloc((size_t)d->n_groups + 1, sizeof *d->size);
    d->seen = calloc((size_t)d->n_groups + 1, sizeof *d->seen);
    d->part = calloc((size_t)n + 1, sizeof *d->part);
    if (!d->order || !d->size || !d->seen || !d->part)
        return CG_FAIL(err, CG_ERROR_MEMORY, "dataset: out of memory to divide %lld samples", (long long)n);
    for (int64_t i = 0; in_order && i < n; i++) d->order[i] = i;
    for (int64_t i = 0; i < n; i++) d->size[group_of(d, i)]++;
    return CG_OK;
}

/* The samples whose part is `part`, or with `others` all that have another one. */
static cg_dataset *collect(const division *d, int part, bool others, cg_error *err) {
    int64_t *index = malloc((size_t)d->set->samples * sizeof *index + 1), n = 0;
    if (!index) {
        CG_FAIL(err, CG_ERROR_MEMORY, "dataset: out of memory to divide it");
        return NULL;
    }
    for (int64_t i = 0; i < d->set->samples; i++)
        if ((d->part[i] == part) != others) index[n++] = d->order[i];
    cg_dataset *result = cg_dataset_part(d->set, n, index, err);
    free(index);
    return result;
}

/* --- Shares --------------------------------------------------------------------------------------------------- */

enum { TRAIN, VALIDATION, TEST, PARTS };

static int64_t whole_share(double share, int64_t n) { return (int64_t)floor(share * (double)n + 0.5); }

/* The first of a group train, then come those that validate, the last ones test. Counts each part. */
static void divide_by_shares(division *d, const cg_dataset_split_options *o, int64_t count[PARTS]) {
    for (int64_t i = 0; i < d->set->samples; i++) {
        int64_t g = group_of(d, d->order[i]), j = d->seen[g]++, n = d->size[g];
        int64_t n_test = whole_share(o->test, n), n_validation = whole_share(o->validation, n);
        d->part[i] = j >= n - n_test ? TEST : j >= n - n_test - n_validation ? VALIDATION : TRAIN;
        count[d->part[i]]++;
    }
}

static cg_status check_shares(const cg_dataset *set, const cg_dataset_split_options *o, bool validates,
                              bool tests, cg_error *err) {
    if (!(o->validation >= 0 && o->test >= 0 && o->validation + o->test < 1))
        return CG_FAIL(err, CG_ERROR_ARGUMENT,
                       "split: shares %g to validate and %g to test; expected at least 0, together below 1",
                       o->validation, o->test);
    if ((o->validation > 0 && !validates) || (o->test > 0 && !tests))
        return CG_FAIL(err, CG_ERROR_ARGUMENT, "split: no place for a part whose share is not 0");
    if (o->stratified && (set->target_dtype != CG_I32 || o->in_order))
        return CG_FAIL(err, CG_ERROR_ARGUMENT, "split: stratified needs class labels and a shuffled order");
    return CG_OK;
}

static cg_status split(division *d, const cg_dataset_split_options *o, cg_dataset *part[PARTS],
                       cg_error *err) {
    const double share[PARTS] = {1, o->validation, o->test};
    int64_t count[PARTS] = {0};
    divide_by_shares(d, o, count);
    for (int k = 0; k < PARTS; k++)
        if (share[k] > 0 && count[k] == 0)
            return CG_FAIL(err, CG_ERROR_ARGUMENT,
                           "split: of %lld samples, shares of %g to validate and %g to test leave none to %s",
                           (long long)d->set->samples, o->validation, o->test,
                           ((const char *[]){"train on", "validate on", "test on"})[k]);
    for (int k = 0; k < PARTS; k++)
        if (share[k] > 0 && !(part[k] = collect(d, k, false, err))) return err->code;
    return CG_OK;
}

cg_status cg_dataset_split(const cg_dataset *set, cg_dataset_split_options options, cg_dataset **train,
                           cg_dataset **validation, cg_dataset **test) {
    cg_error *err = cg_error_of_thread();
    *err = (cg_error){0};
    cg_dataset *part[PARTS] = {NULL};
    division d = {0};
    cg_status status = set && train ? CG_OK : CG_FAIL(err, CG_ERROR_ARGUMENT, "split: no data set or place");
    if (status == CG_OK) status = check_shares(set, &options, validation, test, err);
    if (status == CG_OK)
        status = begin_division(&d, set, options.seed, options.stratified, options.in_order, err);
    if (status == CG_OK) status = split(&d, &options, part, err);
    end_division(&d);
    for (int k = 0; status != CG_OK && k < PARTS; k++) {
        cg_dataset_free(part[k]);
        part[k] = NULL;
    }
    if (train) *train = part[TRAIN];
    if (validation) *validation = part[VALIDATION];
    if (test) *test = part[TEST];
    return status;
}

/* --- Folds ---------------------------------------------------------------------------------------------------- */

/* The samples, group after group, are dealt to the folds in turn. */
static void deal(division *d, int folds) {
    int64_t before = 0;
    for (int64_t g = 0; g < d->n_groups; g++) {
        d->seen[g] = before;
        before += d->size[g];
    }
    for (int64_t i = 0; i < d->set->samples; i++)
        d->part[i] = (int)(d->seen[group_of(d, d->order[i])]++ % folds);
}

static cg_status check_fold(const cg_dataset *set, const cg_dataset_fold_options *o, cg_error *err) {
    if (!set) return CG_FAIL(err, CG_ERROR_ARGUMENT, "fold: no data set");
    if (o->folds < 2 || o->folds > set->samples || o->fold < 0 || o->fold >= o->folds)
        return CG_FAIL(err, CG_ERROR_ARGUMENT,
                       "fold: fold %d of %d of %lld samples; expected 2 folds or more, each with a sample",
                       o->fold, o->folds, (long long)set->samples);
    if (o->stratified && set->target_dtype != CG_I32)
        return CG_FAIL(err, CG_ERROR_ARGUMENT, "fold: stratified needs class labels");
    return CG_OK;
}

cg_status cg_dataset_fold(const cg_dataset *set, cg_dataset_fold_options options, cg_dataset **train,
                          cg_dataset **test) {
    cg_error *err = cg_error_of_thread();
    *err = (cg_error){0};
    *train = *test = NULL;
    division d = {0};
    cg_status status = check_fold(set, &options, err);
    if (status == CG_OK) status = begin_division(&d, set, options.seed, options.stratified, false, err);
    if (status == CG_OK) {
        deal(&d, options.folds);
        *train = collect(&d, options.fold, true, err);
        *test = *train ? collect(&d, options.fold, false, err) : NULL;
    }
    end_division(&d);
    if (*test) return CG_OK;
    cg_dataset_free(*train);
    *train = NULL;
    return err->code;
}
