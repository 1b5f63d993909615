#include "data/dataset.h"

#include "core/shape.h"
#include "io/system_error.h"

#include <stdlib.h>

cg_dataset *cg_dataset_new(int64_t samples, int64_t features, cg_error *err) {
    const cg_dims shape = cg_shape(samples, features);
    int64_t numel;
    cg_dataset *set = cg_dims_valid(&shape, sizeof(float), &numel) ? calloc(1, sizeof *set) : NULL;
    if (set) {
        *set = (cg_dataset){.samples = samples, .features = features};
        set->x = malloc((size_t)numel * sizeof *set->x + 1);
        set->label = malloc((size_t)samples * sizeof *set->label + 1);
    }
    if (set && set->x && set->label) return set;
    cg_dataset_free(set);
    CG_FAIL(err, CG_ERROR_MEMORY, "dataset: out of memory for %lld samples of %lld features",
            (long long)samples, (long long)features);
    return NULL;
}

void cg_dataset_count_classes(cg_dataset *set) {
    int32_t largest = -1;
    for (int64_t i = 0; i < set->samples; i++)
        if (set->label[i] > largest) largest = set->label[i];
    set->classes = (int64_t)largest + 1;
}

/* Makes the data set from the two arrays that were read. */
static cg_dataset *dataset_of(const char *images_path, const uint8_t *images, const cg_dims *shape,
                              const char *labels_path, const uint8_t *labels, const cg_dims *labels_shape) {
    cg_error *err = cg_error_of_thread();
    if (shape->rank < 2 || labels_shape->rank != 1 || shape->dim[0] != labels_shape->dim[0]) {
        CG_FAIL(err, CG_ERROR_SHAPE,
                "dataset: images " CG_PATH_FORMAT " %s and labels " CG_PATH_FORMAT
                " %s do not belong together: (N, ...) and (N) are needed",
                images_path, CG_SHAPE_STR(shape), labels_path, CG_SHAPE_STR(labels_shape));
        return NULL;
    }
    cg_dims sample = {.rank = shape->rank - 1};
    for (int i = 0; i < sample.rank; i++) sample.dim[i] = shape->dim[i + 1];
    cg_dataset *set = cg_dataset_new(shape->dim[0], cg_dims_numel(&sample), err);
    if (!set) return NULL;
    for (int64_t i = 0; i < set->samples * set->features; i++) set->x[i] = (float)images[i] / 255.0f;
    for (int64_t i = 0; i < set->samples; i++) set->label[i] = labels[i];
    cg_dataset_count_classes(set);
    return set;
}

cg_dataset *cg_dataset_from_idx(const char *images, const char *labels) {
    cg_dims images_shape, labels_shape;
    cg_dataset *set = NULL;
    uint8_t *pixels = cg_idx_read(images, &images_shape);
    uint8_t *classes = pixels ? cg_idx_read(labels, &labels_shape) : NULL;
    if (classes) set = dataset_of(images, pixels, &images_shape, labels, classes, &labels_shape);
    free(pixels);
    free(classes);
    return set;
}

int64_t cg_dataset_samples(const cg_dataset *set) { return set ? set->samples : 0; }

int64_t cg_dataset_features(const cg_dataset *set) { return set ? set->features : 0; }

int64_t cg_dataset_classes(const cg_dataset *set) { return set ? set->classes : 0; }

const float *cg_dataset_sample(const cg_dataset *set, int64_t i, int *label) {
    if (!set || i < 0 || i >= set->samples) return NULL;
    if (label) *label = set->label[i];
    return set->x + i * set->features;
}

void cg_dataset_free(cg_dataset *set) {
    if (!set) return;
    free(set->x);
    free(set->label);
    free(set);
}
