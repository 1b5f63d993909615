#include "data/dataset.h"

#include "random/random_host.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The generator's stream for splits: the same seed elsewhere gives other numbers. */
enum { SPLIT_STREAM = 0x73706c74 };

typedef struct keyed_index {
    double key;
    int64_t index;
} keyed_index;

static int compare_keys(const void *a, const void *b) {
    const keyed_index *x = a, *y = b;
    if (x->key != y->key) return x->key < y->key ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

/* 0..n-1 sorted by random keys: a sample's key depends on the seed and its number alone. */
static keyed_index *shuffled(int64_t n, uint64_t seed) {
    keyed_index *order = malloc((size_t)n * sizeof *order + 1);
    if (!order) return NULL;
    for (int64_t i = 0; i < n; i++)
        order[i] = (keyed_index){.key = cg_random_double(seed, SPLIT_STREAM, (uint64_t)i), .index = i};
    qsort(order, (size_t)n, sizeof *order, compare_keys);
    return order;
}

static void copy_sample(cg_dataset *to, int64_t at, const cg_dataset *from, int64_t index) {
    memcpy(to->x + at * to->features, from->x + index * from->features, (size_t)to->features * sizeof *to->x);
    to->label[at] = from->label[index];
}

cg_status cg_dataset_divide(const cg_dataset *all, double share, uint64_t seed, cg_dataset **train,
                            cg_dataset **test, cg_error *err) {
    *train = *test = NULL;
    if (!(share > 0 && share <= 0.5))
        return CG_FAIL(err, CG_ERROR_ARGUMENT, "dataset: a test share of %g; above 0, at most 0.5 is allowed",
                       share);
    double every = round(1 / share);
    if (every > (double)all->samples)
        return CG_FAIL(err, CG_ERROR_ARGUMENT,
                       "dataset: of %lld samples, a test share of %g leaves none to test on",
                       (long long)all->samples, share);
    int64_t k = (int64_t)every, n_test = all->samples / k;
    keyed_index *order = shuffled(all->samples, seed);
    if (!order) return CG_FAIL(err, CG_ERROR_MEMORY, "dataset: out of memory to divide it");
    *train = cg_dataset_new(all->samples - n_test, all->features, err);
    *test = *train ? cg_dataset_new(n_test, all->features, err) : NULL;
    if (*test) {
        int64_t at[2] = {0, 0};
        for (int64_t i = 0; i < all->samples; i++) {
            bool to_test = i % k == k - 1;
            copy_sample(to_test ? *test : *train, at[to_test]++, all, order[i].index);
        }
        (*train)->classes = (*test)->classes = all->classes;
    }
    free(order);
    if (*test) return CG_OK;
    cg_dataset_free(*train);
    *train = NULL;
    return err->code;
}
