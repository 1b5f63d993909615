/* Numerical derivatives of a function of tensors with one element. */
#ifndef CLGRAD_AUTOGRAD_DIFFERENCES_H
#define CLGRAD_AUTOGRAD_DIFFERENCES_H

#include "clgrad/autograd.h"

/* A copy of x that the differences write to: a leaf, since f may take gradients itself. */
cg_tensor *cg_differences_copy(cg_tensor *x);

/*
 * slope[k] = df / d(copy[input])[k] for every element. copy: made by cg_differences_copy, and as they were afterwards. op is
 * named in errors.
 */
cg_status cg_differences(const char *op, cg_function *f, void *context, int n, cg_tensor *const *copy,
                         int input, cg_difference difference, double *slope);

#endif
