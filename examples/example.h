/* What the examples share: their arguments, numbers out of tensors, and the one check at the end. */
#ifndef EXAMPLE_H
#define EXAMPLE_H

#include <clgrad/clgrad.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* usage: example_NAME [folder for pictures] [--quick] */
static inline bool quick(int argc, char **argv) { return argc > 1 && strcmp(argv[argc - 1], "--quick") == 0; }

/* The path of a picture in the folder that was given, else in the current one. Valid until the next call. */
static inline const char *picture(int argc, char **argv, const char *name) {
    static char path[4096];
    const bool given = argc > 1 && strcmp(argv[1], "--quick") != 0;
    snprintf(path, sizeof path, "%s/%s", given ? argv[1] : ".", name);
    return path;
}

/* The value of a tensor with one element; NaN after an error, which the end of main reports. */
static inline double value(const cg_tensor *x) {
    double result = NAN;
    cg_item(x, &result);
    return result;
}

/* The elements of an f64 tensor. */
static inline bool values(cg_tensor *x, double *out) {
    return cg_to_host(x, out, (size_t)cg_numel(x) * sizeof *out) == CG_OK;
}

/* The device that an example runs on, or NULL after saying why there is none. */
static inline cg_device *open_device(void) {
    cg_device *dev = cg_device_open(NULL); /* a GPU if there is one, else the CPU; CLGRAD_DEVICE overrides */
    if (!dev) fprintf(stderr, "%s\n", cg_error_message(NULL));
    return dev;
}

/* Closes the device. The exit code: 0 if no call failed and the numbers are as the mathematics has them. */
static inline int finish(cg_device *dev, bool as_expected, bool written) {
    const bool failed = cg_error_code(dev) != CG_OK;
    if (failed) fprintf(stderr, "%s\n", cg_error_message(dev));
    if (!written) fprintf(stderr, "no picture: %s\n", cg_error_message(NULL));
    if (!failed && !as_expected) fprintf(stderr, "the numbers are not as expected\n");
    cg_device_close(dev);
    return failed || !as_expected || !written;
}

#endif
