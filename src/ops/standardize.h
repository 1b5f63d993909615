/* The core of layer, RMS, group and batch normalization. */
#ifndef CLGRAD_OPS_STANDARDIZE_H
#define CLGRAD_OPS_STANDARDIZE_H

#include "clgrad/normalization.h"
#include "ops/reduction.h"

/* What shares a mean: the axes in `mask`. centre: without it the mean counts as 0. */
typedef struct cg_standardizing {
    const char *op;
    unsigned mask;
    bool centre;
    double epsilon;
} cg_standardizing;

/*
 * y = (x - mean) / sqrt(var + epsilon) weight + bias for a real x; weight and bias broadcast to it, or are NULL. Recorded.
 * *moments, unless NULL, gets (CG_MOMENTS, sets), see host/backend.h,, not recorded; x then has elements.
 */
cg_tensor *cg_standardize(const cg_standardizing *how, cg_tensor *x, cg_tensor *weight, cg_tensor *bias,
                          cg_tensor **moments);

/* Whether epsilon is finite and not negative; an error naming `op` if not. */
bool cg_check_epsilon(const char *op, const cg_tensor *x, double epsilon);

#endif
