/* Data sets of arrays in memory: cg_dataset_from_arrays, and of what IDX files hold. */
#include "data/dataset.h"

#include "core/dtype.h"
#include "core/shape.h"
#include "io/array_host.h"
#include "io/system_error.h"

#include <stdlib.h>
#include <string.h>

/* The shape behind the first axis. */
static cg_dims sample_shape(const cg_dims *shape) { return cg_shape_of(shape->rank - 1, shape->dim + 1); }

static cg_status check_arrays(const cg_array *x, const cg_array *t, cg_error *err) {
    int64_t n;
    if (!cg_array_valid(x, &n) || !cg_array_valid(t, &n))
        return CG_FAIL(err, CG_ERROR_ARGUMENT, "dataset: an array without a valid shape, dtype or data");
    if (x->shape.rank < 1 || t->shape.rank < 1 || x->shape.dim[0] != t->shape.dim[0])
        return CG_FAIL(err, CG_ERROR_SHAPE,
                       "dataset: features %s and targets %s; expected (N, ...) of the same N",
                       CG_SHAPE_STR(&x->shape), CG_SHAPE_STR(&t->shape));
    if (t->dtype == CG_BOOL || (!cg_dtype_is_float(t->dtype) && t->shape.rank != 1))
        return CG_FAIL(err, t->dtype == CG_BOOL ? CG_ERROR_DTYPE : CG_ERROR_SHAPE,
                       "dataset: targets %s %s; expected labels (N) of i32, i64 or u8, or values (N, ...) of "
                       "f32 or f64",
                       cg_dtype_name(t->dtype), CG_SHAPE_STR(&t->shape));
    return CG_OK;
}

static void copy_values(float *to, const cg_array *from) {
    int64_t n = cg_array_numel(from);
    if (from->dtype == CG_F32)
        memcpy(to, from->data, (size_t)n * sizeof *to);
    else
        for (int64_t i = 0; i < n; i++) to[i] = (float)cg_array_get(from, i);
}

static cg_status copy_labels(cg_dataset *set, const cg_array *from, cg_error *err) {
    int32_t *label = cg_dataset_labels(set);
    for (int64_t i = 0; i < set->samples; i++) {
        double v = cg_array_get(from, i);
        if (v < 0 || v >= INT32_MAX)
            return CG_FAIL(err, CG_ERROR_ARGUMENT,
                           "dataset: sample %lld has the label %.0f; expected 0 to 2^31 - 2", (long long)i,
                           v);
        label[i] = (int32_t)v;
    }
    cg_dataset_count_classes(set);
    return CG_OK;
}

cg_dataset *cg_dataset_from_arrays(const cg_array *features, const cg_array *targets) {
    cg_error *err = cg_error_of_thread();
    *err = (cg_error){0};
    if (check_arrays(features, targets, err) != CG_OK) return NULL;
    const cg_dims shape = sample_shape(&features->shape), target_shape = sample_shape(&targets->shape);
    const bool values = cg_dtype_is_float(targets->dtype);
    cg_dataset *set =
        cg_dataset_new(features->shape.dim[0], &shape, values ? CG_F32 : CG_I32, &target_shape, err);
    if (!set) return NULL;
    copy_values(set->memory->x, features);
    if (values)
        copy_values(set->memory->target, targets);
    else if (copy_labels(set, targets, err) != CG_OK) {
        cg_dataset_free(set);
        return NULL;
    }
    return set;
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
    const bool channel = shape->rank == 3; /* one, which the file does not name */
    const cg_dims sample = channel ? cg_shape(1, shape->dim[1], shape->dim[2]) : sample_shape(shape);
    const cg_dims scalar = cg_shape();
    cg_dataset *set = cg_dataset_new(shape->dim[0], &sample, CG_I32, &scalar, err);
    if (!set) return NULL;
    for (int64_t i = 0; i < set->samples * set->features; i++) set->memory->x[i] = (float)images[i] / 255.0f;
    for (int64_t i = 0; i < set->samples; i++) cg_dataset_labels(set)[i] = labels[i];
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
