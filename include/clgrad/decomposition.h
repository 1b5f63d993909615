/*
 * Data in fewer numbers: principal components, fitted on one set, applied to others, inverted.
 */
#ifndef CLGRAD_DECOMPOSITION_H
#define CLGRAD_DECOMPOSITION_H

#include "tensor.h"

CG_BEGIN_DECLS

/* The k directions in which data (N, D) spreads most. Holds tensors of its device: to be freed before it is closed. */
typedef struct cg_pca cg_pca;

/*
 * Fits k principal components to x (N, D), a sample in each row: the right singular vectors of x less its mean, signed
 * by the rule of linalg.h. whiten: cg_pca_transform divides by the standard deviations, so that scores have variance 1.
 * FLOAT: f32, f64; integers and bool become f32. N may be less than D. Where N > D, singular values are those of R of a
 * QR decomposition: as accurate as of x itself, which a covariance matrix, whose condition is squared, would not be.
 * Error: of singular values at most a modest multiple of max(N, D) u |x - mean|, of components that divided by the
 * distance to the next one. Nothing is recorded. Errors: NULL; CG_ERROR_SHAPE unless x is (N, D) with N >= 2 and D >= 1,
 * CG_ERROR_ARGUMENT unless 1 <= k <= min(N, D), and for NaN and infinities. Source: Pearson 1901; as scikit-learn's PCA.
 */
CG_API cg_pca *cg_pca_fit(cg_tensor *x, int64_t k, bool whiten);

/*
 * The scores (N, k) of x (N, D): (x - mean) components^T, divided by sqrt(explained variance) if the object whitens; a
 * deviation that is 0 up to rounding (max(N, D) eps of the largest, eps = 2 u) counts as 1. FLOAT. Error: at most
 * (D + 4) u |x - mean| |components|^T. Gradient g components. Errors: CG_ERROR_SHAPE unless x is (N, D) with D as
 * fitted.
 */
CG_API cg_tensor *cg_pca_transform(const cg_pca *pca, cg_tensor *x);

/*
 * What has these scores: y components + mean, (N, k) -> (N, D), y multiplied first by what cg_pca_transform divides by.
 * x again up to rounding where k = min(N, D) and x was fitted, else its best approximation of rank k about the mean.
 * FLOAT. Gradient. Errors: CG_ERROR_SHAPE unless y is (N, k).
 */
CG_API cg_tensor *cg_pca_inverse(const cg_pca *pca, cg_tensor *y);

/* What a fit has found. The tensors stay the object's: cg_retain keeps one longer. */
typedef struct cg_pca_parts {
    cg_tensor *mean;                     /* (D) */
    cg_tensor *components;               /* (k, D), orthonormal rows, by descending variance */
    cg_tensor *explained_variance;       /* (k), singular_values^2 / (N - 1): the variance of each score */
    cg_tensor *explained_variance_ratio; /* (k), of the variance of all D columns; NaN where that is 0 */
    cg_tensor *singular_values;          /* (k), of x - mean */
    cg_tensor *noise_variance; /* (), the mean of the min(N, D) - k variances left out, 0 if there are none */
} cg_pca_parts;

/* Gives the parts. Errors: CG_ERROR_ARGUMENT for NULL. */
CG_API cg_status cg_pca_parameters(const cg_pca *pca, cg_pca_parts *parts);

/* Frees a fit. NULL is allowed. */
CG_API void cg_pca_free(cg_pca *pca);

CG_END_DECLS
#endif
