/* Operands of densities, which are tensors or numbers: checks, and small arithmetic that does numbers on the host. */
#ifndef CLGRAD_STATS_PARAMETERS_H
#define CLGRAD_STATS_PARAMETERS_H

#include "clgrad/probability.h"
#include "ops/op.h"

/*
 * Checks x[0..n-1], n at most 4, and brings the tensors among them to one real dtype; x[0] becomes a tensor if it is a
 * number. False for a NULL tensor, or with an error naming `op`.
 */
bool cg_density_operands(const char *op, int n, cg_arg *x);

/* f of a number by the host, of a tensor by the device. */
cg_arg cg_parameter_map(cg_arg x, double (*host)(double), cg_tensor *(*device)(cg_tensor *));

/* x + y and x - y. */
cg_arg cg_parameter_add(cg_arg x, cg_arg y);
cg_arg cg_parameter_sub(cg_arg x, cg_arg y);

/* x where it is above 0, in [0, 1], or whole and not negative; NaN elsewhere. */
cg_arg cg_parameter_positive(cg_arg x);
cg_arg cg_parameter_probability(cg_arg x);
cg_arg cg_parameter_whole(cg_arg x);

/* v where x is valid, NaN where x is NaN: a tensor of the dtype of `like`, and of x's shape. */
cg_tensor *cg_parameter_value(cg_tensor *like, cg_arg x, double v);

/* x itself as a tensor of the dtype of `like`. */
cg_tensor *cg_parameter_tensor(cg_tensor *like, cg_arg x);

/* k, for which no gradient is defined: one that wants it makes the backward pass fail with CG_ERROR_GRADIENT. */
cg_tensor *cg_without_gradient(cg_tensor *k);

#endif
