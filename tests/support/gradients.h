/* Gradients, and first and second ones against numerical ones, reported by support/check.h. */
#ifndef CLGRAD_TESTS_GRADIENTS_H
#define CLGRAD_TESTS_GRADIENTS_H

#include "clgrad/clgrad.h"

/* cg_gradcheck passes at rtol = atol = 1e-9. x: f64, not within 0.01 max(1, |x|) of a kink. */
bool check_gradient(cg_function *f, void *context, int n, cg_tensor *const *x);

/*
 * The gradient of the gradient of f, taken through cg_grad's create_graph, against central differences of the
 * gradient, within 1e-6. Written without cg_gradcheck, so that the two do not share a mistake.
 */
bool check_second_gradient(cg_function *f, void *context, int n, cg_tensor *const *x);

/* The sum of all elements: a scalar to derive. */
cg_tensor *total(cg_tensor *x);

/* The gradient of that with respect to x; recorded in turn with create_graph, which may take other ways. */
cg_tensor *gradient_of(cg_tensor *y, cg_tensor *x, bool create_graph);

/* An f64 tensor of random elements in [lo, hi] that are at least `gap` away from 0. */
cg_tensor *random_f64(cg_device *dev, cg_dims shape, double lo, double hi, double gap, uint64_t *seed);

#endif
