/*
 * Normalization of data: over axes in one call, or fitted on one set, applied to another, inverted (section 15 of the
 * pseudocode paper). Of a table (N, D) with a feature in each column, axis 0 is reduced: each column is normalized by
 * itself. All axes normalize the whole by two numbers.
 *
 * All are FLOAT: integers and bool become f32. A NaN makes NaN of everything that is normalized with it: clean the data
 * first.
 */
#ifndef CLGRAD_PREPROCESSING_H
#define CLGRAD_PREPROCESSING_H

#include "reduce.h"

CG_BEGIN_DECLS

/* --- In one call -------------------------------------------------------------------------------------------- */

/*
 * z-scores (x - mean) / std over axes, std as cg_std with ddof; the shape of x. FLOAT. A std of 0 counts as 1: constant
 * elements become exactly 0. NaN over n <= ddof elements. A large mean costs no digits (see cg_var): error at most
 * (log2 n + 12) u (1 + |z|). Gradient, through mean and std. Errors: CG_ERROR_ARGUMENT for axes.
 */
CG_API cg_tensor *cg_zscore(cg_tensor *x, cg_axis_set axes, int ddof);

/*
 * lo + (x - min) / (max - min) (hi - lo) over axes: within [lo, hi], up to rounding; the shape of x. FLOAT. A range
 * max - min of 0 counts as 1: constant elements become lo. Error at most 6 u (|hi - lo| + |lo|). Gradient, through min
 * and max. Errors: CG_ERROR_ARGUMENT unless lo < hi, both finite; CG_ERROR_SHAPE over no elements.
 */
CG_API cg_tensor *cg_minmax(cg_tensor *x, cg_axis_set axes, double lo, double hi);

/* --- Fitted once, applied often ------------------------------------------------------------------------------- */

/* y = (x - shift) / scale + offset. Holds tensors of its device: to be freed before the device is closed. */
typedef struct cg_scaler cg_scaler;

/*
 * A scaler to z-scores: shift the mean of x over axes, scale the standard deviation with ddof (1 where it is 0), offset
 * 0. Nothing is recorded. Errors: NULL for axes, or n <= ddof elements (CG_ERROR_SHAPE).
 */
CG_API cg_scaler *cg_scaler_fit_zscore(cg_tensor *x, cg_axis_set axes, int ddof);

/*
 * A scaler of [min, max] of x over axes to [lo, hi]: shift min, scale (max - min) / (hi - lo) (1 where it is 0), offset
 * lo. Nothing is recorded. Errors: NULL as for cg_minmax.
 */
CG_API cg_scaler *cg_scaler_fit_minmax(cg_tensor *x, cg_axis_set axes, double lo, double hi);

/*
 * A scaler from what cg_scaler_parameters gave, loaded from a file say. shift and scale have the same shape and real
 * dtype. Errors: NULL, CG_ERROR_SHAPE or CG_ERROR_DTYPE where they have not.
 */
CG_API cg_scaler *cg_scaler_new(cg_tensor *shift, cg_tensor *scale, double offset);

/*
 * x normalized: (x - shift) / scale + offset, the shape of x. FLOAT. Elements beyond those of the fit go beyond lo and
 * hi. A column that was constant becomes 0 or lo where x has that constant. Gradient g / scale.
 * Errors: CG_ERROR_SHAPE where x has not the axes that were left when fitting.
 */
CG_API cg_tensor *cg_scaler_apply(const cg_scaler *s, cg_tensor *x);

/*
 * What was normalized: (y - offset) scale + shift, the shape of y. FLOAT. A constant column gives its constant back.
 * Gradient g scale. Errors: as cg_scaler_apply.
 */
CG_API cg_tensor *cg_scaler_invert(const cg_scaler *s, cg_tensor *y);

/*
 * The parameters, so that they can be saved: shift and scale, in the shape of x with the reduced axes of length 1, and
 * offset. They stay the scaler's: cg_retain keeps one longer. Each pointer may be NULL. Errors: CG_ERROR_ARGUMENT for
 * NULL.
 */
CG_API cg_status cg_scaler_parameters(const cg_scaler *s, cg_tensor **shift, cg_tensor **scale,
                                      double *offset);

/* Frees a scaler. NULL is allowed. */
CG_API void cg_scaler_free(cg_scaler *s);

CG_END_DECLS
#endif
