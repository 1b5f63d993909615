/*
 * Moments over axes in the type that sums are accumulated in: f64 where the device has it. An f32 operand becomes f64 as
 * a reduction loads it. Results keep the reduced axes with length 1 and are still wide; x is real.
 */
#ifndef CLGRAD_STATS_MOMENTS_H
#define CLGRAD_STATS_MOMENTS_H

#include "clgrad/statistics.h"
#include "ops/reduction.h"

/* x in that type; pending, so that what is made of it is one program that loads x. */
cg_tensor *cg_wide(cg_tensor *x);

/* The sum of (x - mean)^k over the axes, by `divisor`, for k = 2, 3, 4. Equal elements give exactly 0. */
cg_tensor *cg_central_moment(cg_tensor *x, int k, unsigned mask, double divisor);

/* The square root of a variance; its gradient is 0 where it is 0. */
cg_tensor *cg_deviation_of(cg_tensor *var);

/* A result in the dtype and shape it has for the user. */
cg_tensor *cg_narrow(cg_tensor *result, cg_tensor *x, unsigned mask, bool keepdims);

#endif
