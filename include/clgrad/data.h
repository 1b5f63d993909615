/*
 * Data sets on the host and mini-batches of them on a device.
 */
#ifndef CLGRAD_DATA_H
#define CLGRAD_DATA_H

#include "tensor.h"

CG_BEGIN_DECLS

/* Images and labels in host memory. Freed by cg_dataset_free. */
typedef struct cg_dataset cg_dataset;

/*
 * Reads an IDX file (MNIST's format: magic 00 00 type rank, big-endian dims, row-major data) of type u8
 * into a new u8 array of shape `shape`; free() it. Errors: NULL, and cg_error_message(NULL) names the file
 * and what is wrong: magic, truncated, longer than its header says, too large.
 */
CG_API uint8_t *cg_idx_read(const char *path, cg_dims *shape);

/* Writes a u8 array as an IDX file, whole or not at all. Errors: CG_ERROR_IO, on cg_error_message(NULL). */
CG_API cg_status cg_idx_write(const char *path, cg_dims shape, const uint8_t *data);

/*
 * A data set from IDX files of images (N, ...) and labels (N): pixels become floats in [0, 1] by x / 255,
 * rows of D = product of the image's dims. Errors: NULL with cg_error_message(NULL).
 */
CG_API cg_dataset *cg_dataset_from_idx(const char *images, const char *labels);

/*
 * Looks in a folder for IDX files as MNIST names them ("train-images-idx3-ubyte", "t10k-labels-idx1-ubyte",
 * also with dots, also without a prefix) and reads them: train and test from a pair each; from one pair
 * alone, every k-th sample (k = round(1 / test_share)) goes to the test set in an order shuffled by `seed`.
 * Errors: CG_ERROR_IO naming the folder and what was looked for, on cg_error_message(NULL).
 */
CG_API cg_status cg_dataset_open(const char *folder, double test_share, uint64_t seed, cg_dataset **train,
                                 cg_dataset **test);

/* Number of samples, of features of a sample, and of classes (largest label + 1). 0 for NULL. */
CG_API int64_t cg_dataset_samples(const cg_dataset *set);
/* The number of features of a sample. */
CG_API int64_t cg_dataset_features(const cg_dataset *set);
/* The number of classes: largest label + 1. */
CG_API int64_t cg_dataset_classes(const cg_dataset *set);

/* Sample i: its features and its label, in the data set's memory. */
CG_API const float *cg_dataset_sample(const cg_dataset *set, int64_t i, int *label);

/* Frees a data set. NULL is allowed. */
CG_API void cg_dataset_free(cg_dataset *set);

/*
 * Mini-batches of a data set held on a device: uploaded once, shuffled anew in each epoch, gathered on the
 * device, so that no step waits for the host. It may outlive the data set.
 */
typedef struct cg_loader cg_loader;

/* batch > 0; shuffle takes its order from the device's generator (cg_seed). Errors: NULL. */
CG_API cg_loader *cg_loader_new(cg_device *dev, const cg_dataset *set, int64_t batch, bool shuffle);

/*
 * The next batch: *x (B, D) f32 and *labels (B) i32, owned by the innermost scope. false at the end of the
 * epoch (the next call begins a new one) or on an error. The last batch of an epoch may be smaller.
 */
CG_API bool cg_loader_next(cg_loader *loader, cg_tensor **x, cg_tensor **labels);

/* The number of batches in an epoch. */
CG_API int64_t cg_loader_batches(const cg_loader *loader);

/* Frees a loader. NULL is allowed. */
CG_API void cg_loader_free(cg_loader *loader);

/* The share of rows of logits (N, C) whose largest entry is at labels (N): a scalar f32, no gradient. */
CG_API cg_tensor *cg_accuracy(cg_tensor *logits, cg_tensor *labels);

CG_END_DECLS
#endif
