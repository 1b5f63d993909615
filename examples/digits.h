/* The shipped handwritten digits, for the examples that learn from them: data/digits, 1797 images of 8 x 8. */
#ifndef EXAMPLE_DIGITS_H
#define EXAMPLE_DIGITS_H

#include "example.h"

/* A third is held back for testing. Run from the repository's root, or say where the digits are in DIGITS. */
static inline bool open_digits(cg_dataset **train, cg_dataset **test) {
    const char *folder = getenv("DIGITS");
    if (cg_dataset_open(folder ? folder : "data/digits", 1.0 / 3, 1, train, test) == CG_OK) return true;
    fprintf(stderr, "%s\n", cg_error_message(NULL));
    return false;
}

/* A whole data set as tensors: images (N, 1, 8, 8) and labels (N). */
static inline bool whole_set(cg_device *dev, const cg_dataset *set, cg_tensor **images, cg_tensor **labels) {
    cg_loader *loader = cg_loader_new(dev, set, cg_dataset_samples(set), false);
    const bool read = cg_loader_next(loader, images, labels);
    cg_loader_free(loader);
    return read;
}

#endif
