/* The insides of a data set. */
#ifndef CLGRAD_DATA_DATASET_H
#define CLGRAD_DATA_DATASET_H

#include "clgrad/data.h"
#include "core/error.h"

#include <stdatomic.h>

/* What the parts of a data set share. */
typedef struct cg_samples {
    atomic_int references;
    float *x;        /* (samples, features) */
    void *target;    /* (samples) of target_bytes */
    int64_t n_names; /* class names; 0 where there are none */
    char **name;
} cg_samples;

struct cg_dataset {
    cg_samples *memory;
    int64_t samples, features, classes;
    cg_dims shape, target_shape; /* of a sample */
    cg_dtype target_dtype;       /* CG_I32: labels; CG_F32: values */
    size_t target_bytes;         /* of a sample */
    int64_t *index;              /* which of the samples in memory; NULL: all, in order */
};

/* A set of so many samples, to be filled (zeros); NULL and an error without memory, or where a shape is none. */
cg_dataset *cg_dataset_new(int64_t samples, const cg_dims *shape, cg_dtype target_dtype,
                           const cg_dims *target_shape, cg_error *err);

/* The labels of a new set of labels, to be filled. */
int32_t *cg_dataset_labels(cg_dataset *set);

/* Sets `classes` from the labels. */
void cg_dataset_count_classes(cg_dataset *set);

/* Copies the names of n classes into a new set. */
cg_status cg_dataset_name_classes(cg_dataset *set, int64_t n, const char *const *name, cg_error *err);

/* cg_dataset_subset that reports to err; index NULL: all samples. */
cg_dataset *cg_dataset_part(const cg_dataset *set, int64_t n, const int64_t *index, cg_error *err);

/*
 * 0..n-1 in an order that depends on (seed, stream) alone (Fisher and Yates): in new memory, NULL without it, or in
 * order[0..n-1]. Streams: CG_ORDER_SPLIT, and CG_ORDER_EPOCH + epoch.
 */
int64_t *cg_shuffled_order(int64_t n, uint64_t seed, uint64_t stream);
void cg_shuffle_order(int64_t *order, int64_t n, uint64_t seed, uint64_t stream);
#define CG_ORDER_SPLIT UINT64_C(0xd1f1de000000)
#define CG_ORDER_EPOCH UINT64_C(0xe90c00000000)

#endif
