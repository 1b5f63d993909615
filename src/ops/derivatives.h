/* Derivatives, mostly second ones, that do not fit a row's line: compositions of public operations. */
#ifndef CLGRAD_OPS_DERIVATIVES_H
#define CLGRAD_OPS_DERIVATIVES_H

#include "clgrad/activations.h"
#include "clgrad/special.h"

/* The second derivative of swish, s' (2 + x (1 - 2 s)) with s = sigmoid(x), s' = s (1 - s). */
cg_tensor *cg_swish_second(cg_tensor *x);

/*
 * The second derivative of gelu_tanh(x) = x s(w), w = c (x + 0.044715 x^3):
 *     2 w' s' + x (w'' s' + w'^2 s' (1 - 2 s)),  w' = c (1 + 0.134145 x^2),  w'' = 0.26829 c x
 */
cg_tensor *cg_gelu_tanh_second(cg_tensor *x);

/*
 * The second derivative of mish(x) = x w, w = tanh(softplus(x)): with s = sigmoid(x) and d = w' = s (1 - w^2)
 *     d (2 + x (1 - s - 2 w s))
 */
cg_tensor *cg_mish_second(cg_tensor *x);

/* x where it is not 0, else 1: a divisor for what is 0 there. */
cg_tensor *cg_one_for_zero(cg_tensor *x);

/* x / h^2 for h = hypot(x, ...), which must not be squared: it could overflow. */
cg_tensor *cg_over_square(cg_tensor *x, cg_tensor *h);

/* The density of the beta distribution, the derivative of betainc(a, b, x) from x: x^(a-1) (1 - x)^(b-1) / B(a, b). */
cg_tensor *cg_betainc_slope(cg_tensor *a, cg_tensor *b, cg_tensor *x);

#endif
