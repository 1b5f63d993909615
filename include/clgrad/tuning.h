/*
 * The choice of a kernel for matrix products. A device has several ways to compute one, its candidates; which is the
 * fastest depends on the device and on the sizes. The library measures them when a class of products (sizes up to a
 * power of 2, layouts) is first met, unless its choice is known for the device, and keeps the choice on disk. `clgrad tune` does so in advance, more carefully and
 * in a process that a broken driver may take down; it is made of the functions here.
 */
#ifndef CLGRAD_TUNING_H
#define CLGRAD_TUNING_H

#include "device.h"

CG_BEGIN_DECLS

/* A product (batch, m, k) x (batch, k, n) of f32; a transposed matrix is a transposed view in memory. */
typedef struct cg_product_shape {
    int64_t batch, m, n, k;
    bool a_transposed, b_transposed;
} cg_product_shape;

/*
 * The name of candidate i >= 0 of a device, NULL beyond the last: at once on a backend that has no choice, as the
 * CPU's.
 */
CG_API const char *cg_tuning_candidate(const cg_device *dev, int i);

/*
 * Checks candidate i on this device, then measures it on random matrices: the least of some runs. *seconds is negative
 * if it is not for this shape. Waits. Errors, which leave *seconds negative: CG_ERROR_ARGUMENT for a shape or candidate
 * there is none of; CG_ERROR_DEVICE for a wrong result; CG_ERROR_BUILD and all others of the driver.
 */
CG_API cg_status cg_tuning_measure(cg_device *dev, const cg_product_shape *shape, int i, double *seconds);

/*
 * Candidate i is taken for the class of this shape from now on, in every process with this device, driver and version
 * of the library; `seconds` is kept with it. Errors: CG_ERROR_ARGUMENT; CG_ERROR_IO if it could not be kept on disk.
 */
CG_API cg_status cg_tuning_choose(cg_device *dev, const cg_product_shape *shape, int i, double seconds);

/* The candidate that cg_tuning_choose was given for the class of this shape, and its seconds; -1: none. */
CG_API int cg_tuning_choice(cg_device *dev, const cg_product_shape *shape, double *seconds);

/* The number of classes that cg_tuning_choose was called for. */
CG_API int cg_tuning_classes(cg_device *dev);

/* Candidate i is not used again, for no product, in no process. Errors as of cg_tuning_choose. */
CG_API cg_status cg_tuning_avoid(cg_device *dev, int i);

/* Whether a candidate is avoided. */
CG_API bool cg_tuning_avoided(cg_device *dev, int i);

/* Forgets all choices, measured in advance or at first use, and what is avoided. */
CG_API cg_status cg_tuning_forget(cg_device *dev);

CG_END_DECLS
#endif
