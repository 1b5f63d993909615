/* The insides of a data set, and how one is divided and found in a folder. */
#ifndef CLGRAD_DATA_DATASET_H
#define CLGRAD_DATA_DATASET_H

#include "clgrad/data.h"
#include "core/error.h"

struct cg_dataset {
    int64_t samples, features, classes;
    float *x;       /* (samples, features) */
    int32_t *label; /* (samples) */
};

/* An empty frame for so many samples, to be filled; NULL and an error without memory. */
cg_dataset *cg_dataset_new(int64_t samples, int64_t features, cg_error *err);

/* Sets `classes` from the labels. */
void cg_dataset_count_classes(cg_dataset *set);

/*
 * Divides `all`: of the samples in an order shuffled by seed, every k-th goes to *test, k = round(1 / share),
 * the others to *train. Errors: a share outside (0, 0.5], fewer than k samples.
 */
cg_status cg_dataset_divide(const cg_dataset *all, double share, uint64_t seed, cg_dataset **train,
                            cg_dataset **test, cg_error *err);

#endif
