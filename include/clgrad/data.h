/*
 * Data sets on the host, and mini-batches of them on a device. docs/data.md shows them at work.
 *
 * Functions without a device report on cg_error_code(NULL) and cg_error_message(NULL).
 */
#ifndef CLGRAD_DATA_H
#define CLGRAD_DATA_H

#include "array.h"
#include "csv.h"

CG_BEGIN_DECLS

/*
 * N samples in host memory. Each has features, f32 of one shape, and a target: a class label, i32 and rank 0, or values,
 * f32 of one shape. Parts of a data set (cg_dataset_split, ...) share its memory. Freed by cg_dataset_free, in any
 * order. Several threads may read one data set; the library's own reference count is atomic.
 */
typedef struct cg_dataset cg_dataset;

/* --- Where data sets come from ------------------------------------------------------------------------------- */

/*
 * Copies arrays: features (N, ...) of any dtype, converted to f32; targets (N) of i32, i64 or u8 are class labels,
 * targets (N, ...) of f32 or f64 are values. Errors, NULL: CG_ERROR_SHAPE where the two N differ or features have rank
 * 0, CG_ERROR_DTYPE, CG_ERROR_ARGUMENT for a label below 0 or beyond i32, CG_ERROR_MEMORY.
 */
CG_API cg_dataset *cg_dataset_from_arrays(const cg_array *features, const cg_array *targets);

/*
 * Reads an IDX file (MNIST's format: magic 00 00 type rank, big-endian dims, row-major data) of type u8
 * into a new u8 array of shape `shape`; free() it. Errors: NULL, and cg_error_message(NULL) names the file
 * and what is wrong: magic, truncated, longer than its header says, too large.
 */
CG_API uint8_t *cg_idx_read(const char *path, cg_dims *shape);

/* Writes a u8 array as an IDX file, whole or not at all. Errors: CG_ERROR_IO, on cg_error_message(NULL). */
CG_API cg_status cg_idx_write(const char *path, cg_dims shape, const uint8_t *data);

/*
 * A data set from IDX files of images and labels (N): x / 255 as floats in [0, 1]. Images (N, H, W) give samples
 * (1, H, W), one channel; any other (N, ...) gives (...). Errors: NULL with cg_error_message(NULL).
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

/* What a target column becomes. */
typedef enum cg_target_kind {
    CG_TARGET_AUTO,  /* a column of text: labels; one of numbers: values */
    CG_TARGET_LABEL, /* class labels: text, or whole numbers from 0 */
    CG_TARGET_VALUE  /* f32 values */
} cg_target_kind;

/* Which columns are targets; zero is the default of each. */
typedef struct cg_table_options {
    int n_targets;              /* 0: one, the last column */
    const char *const *targets; /* n_targets names of columns; or NULL, and */
    const int64_t *columns;     /* n_targets numbers of columns, negative ones from the end */
    cg_target_kind kind;
} cg_table_options;

/*
 * A data set of a table's rows: features (D), the columns that are no target, in their order; targets rank 0 for one
 * column, (n_targets) for several, which must be values. A feature column of text counts by its category's number. The
 * classes of a text target have its categories as names. Errors, NULL: CG_ERROR_ARGUMENT for a column that is not there
 * or given twice, for no feature left, for a label that is missing or no whole number from 0.
 */
CG_API cg_dataset *cg_dataset_from_table(const cg_table *table, cg_table_options options);

/* cg_csv_read and cg_dataset_from_table. */
CG_API cg_dataset *cg_dataset_from_csv(const char *path, cg_csv_options csv, cg_table_options options);

/* How a folder of pictures is read; zero is the default of each. */
typedef struct cg_image_folder_options {
    int64_t height, width; /* 0: that of the first picture */
    bool resize;           /* a picture of another size is resized (cg_image_resize), and is no error */
    bool gray;             /* (1, H, W) instead of (3, H, W) */
} cg_image_folder_options;

/*
 * A data set of pictures, as torchvision's ImageFolder: each subfolder is a class, of its name; classes and files are
 * sorted by name (as bytes). Samples (3, H, W) in [0, 1]. Files that do not end in .png, .jpg, .jpeg, .pgm or .ppm (in
 * any case), and names that begin with a dot, are passed over. Errors, NULL: CG_ERROR_IO for no subfolder or a class
 * without a picture, CG_ERROR_SHAPE for another size; those of cg_image_read.
 */
CG_API cg_dataset *cg_dataset_from_image_folder(const char *folder, cg_image_folder_options options);

/* --- What is in them (0 or NULL for NULL) -------------------------------------------------------------------- */

/* The number of samples. */
CG_API int64_t cg_dataset_samples(const cg_dataset *set);

/* The shape of a sample's features: (1, 28, 28) for MNIST. Rank -1 for NULL. */
CG_API cg_dims cg_dataset_sample_shape(const cg_dataset *set);

/* The number of features of a sample: the product of its shape. */
CG_API int64_t cg_dataset_features(const cg_dataset *set);

/* The dtype of targets: CG_I32, class labels, or CG_F32, values. CG_I32 for NULL. */
CG_API cg_dtype cg_dataset_target_dtype(const cg_dataset *set);

/* The shape of a sample's target: () for labels. Rank -1 for NULL. */
CG_API cg_dims cg_dataset_target_shape(const cg_dataset *set);

/* The number of classes: largest label + 1, of the whole set also in a part of it; 0 where targets are values. */
CG_API int64_t cg_dataset_classes(const cg_dataset *set);

/* The name of class k, where the source has names; else NULL. Lives as long as the data set. */
CG_API const char *cg_dataset_class_name(const cg_dataset *set, int64_t k);

/*
 * The features of sample i, in the data set's memory; *label, if it is not NULL, is its class, -1 where there is none.
 */
CG_API const float *cg_dataset_sample(const cg_dataset *set, int64_t i, int *label);

/* The target of sample i, in the data set's memory: one int32_t, or floats of cg_dataset_target_shape. */
CG_API const void *cg_dataset_target(const cg_dataset *set, int64_t i);

/* Frees a data set. NULL is allowed. */
CG_API void cg_dataset_free(cg_dataset *set);

/* --- Parts of them --------------------------------------------------------------------------------------------- */

/* Samples index[0..n-1] of a data set, which may repeat. Errors, NULL: CG_ERROR_ARGUMENT for one that is not there. */
CG_API cg_dataset *cg_dataset_subset(const cg_dataset *set, int64_t n, const int64_t *index);

/* How a data set is divided; zero is the default of each. */
typedef struct cg_dataset_split_options {
    double validation, test; /* shares, together below 1; 0: that part is NULL */
    uint64_t seed;           /* of the order that is divided */
    bool stratified; /* each class is divided by itself, in these shares as nearly as whole samples allow */
    bool in_order;   /* not shuffled: the first samples train, the last ones test (series in time) */
} cg_dataset_split_options;

/*
 * Divides a data set by shares, each rounded to whole samples (half up), of the whole or, stratified, of each class. The
 * same seed gives the same parts. `validation` and `test` may be NULL pointers where their share is 0. Errors, and all
 * parts are NULL: CG_ERROR_ARGUMENT for shares that are negative, reach 1 together or leave a part empty, for stratified
 * values, for stratified together with in_order.
 */
CG_API cg_status cg_dataset_split(const cg_dataset *set, cg_dataset_split_options options, cg_dataset **train,
                                  cg_dataset **validation, cg_dataset **test);

/* Which fold of a cross-validation; zero is the default of each but folds. */
typedef struct cg_dataset_fold_options {
    int folds; /* 2 or more, at most as many as there are samples */
    int fold;  /* the one that tests, from 0 */
    uint64_t seed;
    bool stratified; /* each class is spread over the folds by itself */
} cg_dataset_fold_options;

/*
 * One fold of a k-fold cross-validation: over all folds each sample is in one test set. Fold sizes differ by at most 1
 * (stratified: within each class). Errors: CG_ERROR_ARGUMENT; both parts are NULL.
 */
CG_API cg_status cg_dataset_fold(const cg_dataset *set, cg_dataset_fold_options options, cg_dataset **train,
                                 cg_dataset **test);

/* --- Mini-batches ---------------------------------------------------------------------------------------------- */

/*
 * Mini-batches of a data set on a device. It may outlive the data set. Either the set is uploaded once and batches are
 * gathered on the device, so that no step waits for the host; or it streams: another thread prepares batches ahead, and
 * they are uploaded one by one, for sets larger than the device and for changes to samples as they are used. Freed by
 * cg_loader_free.
 */
typedef struct cg_loader cg_loader;

/*
 * Changes a sample as it is used, in place: its features (of the data set's sample shape) and its target. Called on the
 * loader's thread, one sample at a time. `seed` depends on the loader's seed, the epoch and the sample alone: what is
 * random in the change should come from it. Returns false to stop with an error.
 */
typedef bool cg_transform(void *context, uint64_t seed, cg_dims shape, float *features, void *target);

/* How batches are made; zero is the default of each but batch. */
typedef struct cg_loader_options {
    int64_t batch;  /* samples of a batch, above 0 */
    bool shuffle;   /* in another order each epoch */
    bool drop_last; /* a last batch that is smaller is left out */
    uint64_t seed;  /* of the order: epoch e's depends on (seed, e) alone; 0: one of the device's generator */
    int queue;      /* 0: uploaded once; > 0: streams, up to so many batches ahead (at most 1024) */
    cg_transform *transform; /* needs queue > 0 */
    void *context;           /* of transform; must live as long as the loader */
} cg_loader_options;

/* cg_loader_new_with for a batch size and shuffle, uploaded once. */
CG_API cg_loader *cg_loader_new(cg_device *dev, const cg_dataset *set, int64_t batch, bool shuffle);

/*
 * A loader at the beginning of epoch 0. Errors, on the device, NULL: CG_ERROR_ARGUMENT for options, a transform without
 * a queue, an empty set, drop_last with a batch larger than the set; memory; CG_ERROR_MEMORY for a thread that did not
 * start.
 */
CG_API cg_loader *cg_loader_new_with(cg_device *dev, const cg_dataset *set, cg_loader_options options);

/*
 * The next batch: *x (B, sample shape) f32 and *targets, (B) i32 labels or (B, target shape) f32 values; no gradient;
 * owned by the innermost scope. false at the end of the epoch (the next call begins a new one) or on an error, which
 * the device then holds: CG_ERROR_ARGUMENT names the sample that a transform refused, and every later call fails as
 * well. The last batch of an epoch may be smaller.
 */
CG_API bool cg_loader_next(cg_loader *loader, cg_tensor **x, cg_tensor **targets);

/* The number of batches in an epoch. 0 for NULL. */
CG_API int64_t cg_loader_batches(const cg_loader *loader);

/* The number of samples in an epoch: without those that drop_last leaves out. 0 for NULL. */
CG_API int64_t cg_loader_samples(const cg_loader *loader);

/* Where a loader is: what to save beside weights for a training that goes on exactly where it stopped. */
typedef struct cg_loader_position {
    uint64_t seed; /* of the order */
    int64_t epoch; /* from 0 */
    int64_t batch; /* the one that comes next, from 0; cg_loader_batches: the end of the epoch comes next */
} cg_loader_position;

/* The position of a loader. All 0 for NULL. */
CG_API cg_loader_position cg_loader_tell(const cg_loader *loader);

/*
 * Puts a loader (of the same data set and batch size) where cg_loader_tell found one: the batches that follow are the
 * same.
 * Errors, on the device: CG_ERROR_ARGUMENT for a position that is not there.
 */
CG_API cg_status cg_loader_seek(cg_loader *loader, cg_loader_position position);

/* Frees a loader, at any time: batches being prepared are given up. NULL is allowed. */
CG_API void cg_loader_free(cg_loader *loader);

CG_END_DECLS
#endif
