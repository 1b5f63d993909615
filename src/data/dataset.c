/* Data sets in host memory: samples, targets, names, parts that share them. */
#include "data/dataset.h"

#include "core/dtype.h"
#include "core/shape.h"
#include "io/array_host.h"

#include <stdlib.h>
#include <string.h>

static cg_samples *new_samples(int64_t values, int64_t target_bytes) {
    cg_samples *memory = calloc(1, sizeof *memory);
    if (!memory) return NULL;
    atomic_init(&memory->references, 1);
    memory->x = calloc((size_t)values + 1, sizeof *memory->x); /* no size of 0, which may give NULL */
    memory->target = calloc((size_t)target_bytes + 1, 1);
    if (memory->x && memory->target) return memory;
    free(memory->x);
    free(memory->target);
    free(memory);
    return NULL;
}

static void drop_samples(cg_samples *memory) {
    if (!memory || atomic_fetch_sub(&memory->references, 1) != 1) return;
    for (int64_t i = 0; i < memory->n_names; i++) free(memory->name[i]);
    free(memory->name);
    free(memory->x);
    free(memory->target);
    free(memory);
}

/* (samples, ...) of a sample's shape; false where memory cannot hold it. */
static bool whole_shape(int64_t samples, const cg_dims *shape, size_t element, int64_t *numel) {
    cg_dims whole = {.rank = shape->rank + 1, .dim = {samples}};
    if (shape->rank < 0 || shape->rank >= CG_MAX_RANK) return false;
    memcpy(whole.dim + 1, shape->dim, (size_t)shape->rank * sizeof shape->dim[0]);
    return cg_dims_valid(&whole, element, numel);
}

cg_dataset *cg_dataset_new(int64_t samples, const cg_dims *shape, cg_dtype target_dtype,
                           const cg_dims *target_shape, cg_error *err) {
    int64_t values, targets;
    const size_t element = cg_dtype_size(target_dtype);
    if (!whole_shape(samples, shape, sizeof(float), &values) ||
        !whole_shape(samples, target_shape, element, &targets)) {
        CG_FAIL(err, CG_ERROR_SHAPE, "dataset: %lld samples of %s with targets of %s are too large",
                (long long)samples, CG_SHAPE_STR(shape), CG_SHAPE_STR(target_shape));
        return NULL;
    }
    cg_dataset *set = calloc(1, sizeof *set);
    cg_samples *memory = set ? new_samples(values, targets * (int64_t)element) : NULL;
    if (!memory) {
        free(set);
        CG_FAIL(err, CG_ERROR_MEMORY, "dataset: out of memory for %lld samples of %s", (long long)samples,
                CG_SHAPE_STR(shape));
        return NULL;
    }
    *set = (cg_dataset){.memory = memory,
                        .samples = samples,
                        .features = cg_dims_numel(shape),
                        .shape = *shape,
                        .target_shape = *target_shape,
                        .target_dtype = target_dtype,
                        .target_bytes = (size_t)cg_dims_numel(target_shape) * element};
    return set;
}

int32_t *cg_dataset_labels(cg_dataset *set) { return set->memory->target; }

void cg_dataset_count_classes(cg_dataset *set) {
    const int32_t *label = set->memory->target;
    int32_t largest = -1;
    for (int64_t i = 0; i < set->samples; i++)
        if (label[i] > largest) largest = label[i];
    set->classes = (int64_t)largest + 1;
}

cg_status cg_dataset_name_classes(cg_dataset *set, int64_t n, const char *const *name, cg_error *err) {
    cg_samples *memory = set->memory;
    memory->name = calloc((size_t)n + 1, sizeof *memory->name);
    for (int64_t i = 0; memory->name && i < n && (memory->name[i] = strdup(name[i])); i++) memory->n_names++;
    return memory->n_names == n && memory->name
               ? CG_OK
               : CG_FAIL(err, CG_ERROR_MEMORY, "dataset: out of memory for %lld names", (long long)n);
}

cg_dataset *cg_dataset_part(const cg_dataset *set, int64_t n, const int64_t *index, cg_error *err) {
    cg_dataset *part = malloc(sizeof *part);
    const bool listed = index || set->index;
    int64_t *own = listed ? malloc((size_t)n * sizeof *own + 1) : NULL;
    if (!part || (listed && !own)) {
        free(part);
        free(own);
        CG_FAIL(err, CG_ERROR_MEMORY, "dataset: out of memory for a part of %lld samples", (long long)n);
        return NULL;
    }
    for (int64_t i = 0; listed && i < n; i++) {
        const int64_t sample = index ? index[i] : i;
        own[i] = set->index ? set->index[sample] : sample;
    }
    *part = *set;
    part->samples = n;
    part->index = own;
    atomic_fetch_add(&set->memory->references, 1);
    return part;
}

cg_dataset *cg_dataset_subset(const cg_dataset *set, int64_t n, const int64_t *index) {
    cg_error *err = cg_error_of_thread();
    *err = (cg_error){0};
    if (!set) return NULL;
    bool valid = n >= 0 && (n == 0 || index);
    int64_t bad = n;
    for (int64_t i = 0; valid && i < n; i++)
        if (index[i] < 0 || index[i] >= set->samples) {
            valid = false;
            bad = index[i];
        }
    if (valid) return cg_dataset_part(set, n, index ? index : &bad, err); /* an empty list is one, too */
    CG_FAIL(err, CG_ERROR_ARGUMENT, "subset: of %lld samples: there is no %lld", (long long)set->samples,
            (long long)bad);
    return NULL;
}

int64_t cg_dataset_samples(const cg_dataset *set) { return set ? set->samples : 0; }

cg_dims cg_dataset_sample_shape(const cg_dataset *set) { return set ? set->shape : (cg_dims){.rank = -1}; }

int64_t cg_dataset_features(const cg_dataset *set) { return set ? set->features : 0; }

cg_dtype cg_dataset_target_dtype(const cg_dataset *set) { return set ? set->target_dtype : CG_I32; }

cg_dims cg_dataset_target_shape(const cg_dataset *set) {
    return set ? set->target_shape : (cg_dims){.rank = -1};
}

int64_t cg_dataset_classes(const cg_dataset *set) { return set ? set->classes : 0; }

const char *cg_dataset_class_name(const cg_dataset *set, int64_t k) {
    return set && k >= 0 && k < set->memory->n_names ? set->memory->name[k] : NULL;
}

static int64_t place_of(const cg_dataset *set, int64_t i) { return set->index ? set->index[i] : i; }

const void *cg_dataset_target(const cg_dataset *set, int64_t i) {
    if (!set || i < 0 || i >= set->samples) return NULL;
    return (const char *)set->memory->target + (size_t)place_of(set, i) * set->target_bytes;
}

const float *cg_dataset_sample(const cg_dataset *set, int64_t i, int *label) {
    if (!set || i < 0 || i >= set->samples) return NULL;
    if (label) *label = set->target_dtype == CG_I32 ? *(const int32_t *)cg_dataset_target(set, i) : -1;
    return set->memory->x + place_of(set, i) * set->features;
}

void cg_dataset_free(cg_dataset *set) {
    if (!set) return;
    drop_samples(set->memory);
    free(set->index);
    free(set);
}
