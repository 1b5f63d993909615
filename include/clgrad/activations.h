/*
 * Activations with their derivatives, elementwise operations like those of ops.h, whose common rules hold: broadcast,
 * promotion, NaN, deferral, errors, bounds in ULP (f32 / f64). All are FLOAT but relu, relu6 and hardtanh.
 *
 * _grad is the derivative from the input, _grad_out from the output.
 */
#ifndef CLGRAD_ACTIVATIONS_H
#define CLGRAD_ACTIVATIONS_H

#include "ops.h"

CG_BEGIN_DECLS

/* max(0, x). Gradient: 1 for x > 0, else 0. Listing 22 of the pseudocode paper zeroes the other side. */
CG_API cg_tensor *cg_relu(cg_tensor *x);

/* The derivative of relu from its input: 1 for x > 0, else 0. Its own gradient is zero. */
CG_API cg_tensor *cg_relu_grad(cg_tensor *x);

/* The derivative of relu from its output y: 1 for y > 0, else 0. Its own gradient is zero. */
CG_API cg_tensor *cg_relu_grad_out(cg_tensor *y);

/* x for x > 0, else slope x. Gradient 1 or slope. */
CG_API cg_tensor *cg_leaky_relu(cg_tensor *x, double slope);

/* The derivative of leaky_relu from its input: 1 for x > 0, else slope. Its own gradient is zero. */
CG_API cg_tensor *cg_leaky_relu_grad(cg_tensor *x, double slope);

/* The derivative of leaky_relu from its output, for slope >= 0: 1 for y > 0, else slope. Its own gradient is zero. */
CG_API cg_tensor *cg_leaky_relu_grad_out(cg_tensor *y, double slope);

/* The logistic function 1 / (1 + exp(-x)), sound in both tails. Gradient s (1 - s). Bound 3 / 2. */
CG_API cg_tensor *cg_sigmoid(cg_tensor *x);

/* The derivative of sigmoid from its input, s(x) s(-x): no cancellation for large x. Gradient. */
CG_API cg_tensor *cg_sigmoid_grad(cg_tensor *x);

/* The derivative of sigmoid from its output, y (1 - y). Gradient. */
CG_API cg_tensor *cg_sigmoid_grad_out(cg_tensor *y);

/* The hyperbolic tangent. Gradient 1 - tanh^2. Bound 3 / 2. */
CG_API cg_tensor *cg_tanh(cg_tensor *x);

/* The derivative of tanh from its input, 4 s(2x) s(-2x). Listing 37 of the pseudocode paper takes the output. */
CG_API cg_tensor *cg_tanh_grad(cg_tensor *x);

/* The derivative of tanh from its output, 1 - y^2. Gradient. */
CG_API cg_tensor *cg_tanh_grad_out(cg_tensor *y);

/* Swish (SiLU) x s(x), s the logistic function; NaN at -infinity, as in PyTorch. Gradient s + x s (1 - s). */
CG_API cg_tensor *cg_swish(cg_tensor *x);

/* The derivative of swish: s + x s (1 - s). Listing 34 of the pseudocode paper gives the sigmoid alone. */
CG_API cg_tensor *cg_swish_grad(cg_tensor *x);

/*
 * Swish with a parameter, x s(beta x), a product as it stands: infinity times 0 is NaN. Gradient to x:
 * cg_swish_beta_grad.
 */
CG_API cg_tensor *cg_swish_beta(cg_tensor *x, double beta);

/* The derivative of swish_beta from its input: s + beta x s (1 - s), s = s(beta x). Gradient to x. */
CG_API cg_tensor *cg_swish_beta_grad(cg_tensor *x, double beta);

/*
 * The Gaussian error linear unit x Phi(x) = x erfc(-x / sqrt(2)) / 2, which keeps the lower tail.
 * Gradient Phi(x) + x phi(x). Error at most 2^-22 max(1, |x|) in f32.
 */
CG_API cg_tensor *cg_gelu(cg_tensor *x);

/* The derivative of gelu, Phi(x) + x phi(x). Gradient. */
CG_API cg_tensor *cg_gelu_grad(cg_tensor *x);

/*
 * The tanh form of gelu: 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))), with the grouping that listing 29
 * of the pseudocode paper gets wrong; NaN at -infinity, as in PyTorch. Gradient: the exact derivative of this form.
 */
CG_API cg_tensor *cg_gelu_tanh(cg_tensor *x);

/* The exact derivative of gelu_tanh (listing 38 of the pseudocode paper is another function's). Gradient. */
CG_API cg_tensor *cg_gelu_tanh_grad(cg_tensor *x);

/* min(max(x, 0), 6); integers stay integers. Gradient: 1 for 0 < x < 6, else 0. */
CG_API cg_tensor *cg_relu6(cg_tensor *x);

/* The derivative of relu6 from its input: 1 for 0 < x < 6, else 0. Its own gradient is zero. */
CG_API cg_tensor *cg_relu6_grad(cg_tensor *x);

/* The derivative of relu6 from its output: 1 for 0 < y < 6, else 0. Its own gradient is zero. */
CG_API cg_tensor *cg_relu6_grad_out(cg_tensor *y);

/*
 * x within [-1, 1]; integers stay integers. Gradient: 1 for -1 < x < 1, else 0, as PyTorch has it. Other bounds:
 * cg_clamp, whose gradient at the bounds is 1.
 */
CG_API cg_tensor *cg_hardtanh(cg_tensor *x);

/* The derivative of hardtanh from its input: 1 for -1 < x < 1, else 0. Its own gradient is zero. */
CG_API cg_tensor *cg_hardtanh_grad(cg_tensor *x);

/* The derivative of hardtanh from its output: 1 for -1 < y < 1, else 0. Its own gradient is zero. */
CG_API cg_tensor *cg_hardtanh_grad_out(cg_tensor *y);

/* (x + 3) / 6 within [0, 1]. Gradient: 1/6 for -3 < x < 3, else 0. Bound 2 / 2. */
CG_API cg_tensor *cg_hardsigmoid(cg_tensor *x);

/* The derivative of hardsigmoid from its input: 1/6 for -3 < x < 3, else 0. Its own gradient is zero. */
CG_API cg_tensor *cg_hardsigmoid_grad(cg_tensor *x);

/* The derivative of hardsigmoid from its output: 1/6 for 0 < y < 1, else 0. Its own gradient is zero. */
CG_API cg_tensor *cg_hardsigmoid_grad_out(cg_tensor *y);

/* x hardsigmoid(x): 0 to -3, x from 3. Gradient x/3 + 1/2 for -3 < x < 3, then 0 or 1. Bound 3 / 3. */
CG_API cg_tensor *cg_hardswish(cg_tensor *x);

/* The derivative of hardswish: 0 to -3, x/3 + 1/2, 1 from 3. Gradient: 1/3 for -3 < x < 3, else 0. Bound 2 / 2. */
CG_API cg_tensor *cg_hardswish_grad(cg_tensor *x);

/*
 * x for x > 0, else slope x, the slope a tensor that broadcasts with x: slopes for the channels of (N, C, H, W) have
 * the shape (C, 1, 1). Gradient to x: 1 or slope; to slope: min(x, 0).
 */
CG_API cg_tensor *cg_prelu(cg_arg x, cg_arg slope);

/* The derivative of prelu to its input: 1 for x > 0, else slope. Gradient to slope: 1 for x <= 0, else 0. */
CG_API cg_tensor *cg_prelu_grad(cg_arg x, cg_arg slope);

/* x for x > 0, else alpha (e^x - 1). Gradient: 1, or alpha e^x for x <= 0. Bound 4 / 4. */
CG_API cg_tensor *cg_elu(cg_tensor *x, double alpha);

/* The derivative of elu from its input: 1 for x > 0, else alpha e^x. Gradient. Bound 3 / 3. */
CG_API cg_tensor *cg_elu_grad(cg_tensor *x, double alpha);

/* The derivative of elu from its output, for alpha >= 0: 1 for y > 0, else y + alpha. Gradient. */
CG_API cg_tensor *cg_elu_grad_out(cg_tensor *y, double alpha);

/*
 * scale x for x > 0, else scale alpha (e^x - 1), with scale = 1.0507009873554805, alpha = 1.6732632423543772.
 * Gradient: scale, or scale alpha e^x for x <= 0. Bound 4 / 4.
 */
CG_API cg_tensor *cg_selu(cg_tensor *x);

/* The derivative of selu from its input: scale for x > 0, else scale alpha e^x. Gradient. Bound 3 / 3. */
CG_API cg_tensor *cg_selu_grad(cg_tensor *x);

/* The derivative of selu from its output: scale for y > 0, else y + scale alpha. Gradient. */
CG_API cg_tensor *cg_selu_grad_out(cg_tensor *y);

/* x for x > 0, else alpha (e^(x / alpha) - 1), alpha > 0. Gradient: 1, or e^(x / alpha) for x <= 0. Bound 5 / 5. */
CG_API cg_tensor *cg_celu(cg_tensor *x, double alpha);

/*
 * The derivative of celu from its input: 1 for x > 0, else e^(x / alpha). Gradient. Relative error at most
 * (3 + |x / alpha|) u: the quotient is rounded before the exponential.
 */
CG_API cg_tensor *cg_celu_grad(cg_tensor *x, double alpha);

/* The derivative of celu from its output, alpha > 0: 1 for y > 0, else y / alpha + 1. Gradient. */
CG_API cg_tensor *cg_celu_grad_out(cg_tensor *y, double alpha);

/* log(1 + e^x), sound in both tails. Gradient: the logistic function. Bound 2 / 2. */
CG_API cg_tensor *cg_softplus(cg_tensor *x);

/* The derivative of softplus from its input: the logistic function. Gradient. Bound 3 / 2. */
CG_API cg_tensor *cg_softplus_grad(cg_tensor *x);

/* The derivative of softplus from its output: 1 - e^-y without cancellation. Gradient e^-y. Bound 2 / 2. */
CG_API cg_tensor *cg_softplus_grad_out(cg_tensor *y);

/* log(1 / (1 + e^-x)) = -softplus(-x). Gradient 1 / (1 + e^x). Bound 3 / 2. */
CG_API cg_tensor *cg_log_sigmoid(cg_tensor *x);

/* The derivative of log_sigmoid from its input: the logistic function of -x. Gradient. Bound 3 / 2. */
CG_API cg_tensor *cg_log_sigmoid_grad(cg_tensor *x);

/* The derivative of log_sigmoid from its output: 1 - e^y without cancellation. Gradient -e^y. Bound 2 / 2. */
CG_API cg_tensor *cg_log_sigmoid_grad_out(cg_tensor *y);

/* x / (1 + |x|); -1 and 1 at infinity. Gradient 1 / (1 + |x|)^2. Bound 2 / 2. */
CG_API cg_tensor *cg_softsign(cg_tensor *x);

/* The derivative of softsign from its input, 1 / (1 + |x|)^2. Gradient, 0 at 0. Bound 4 / 4. */
CG_API cg_tensor *cg_softsign_grad(cg_tensor *x);

/* The derivative of softsign from its output, (1 - |y|)^2. Gradient, 0 at 0. Bound 2 / 2. */
CG_API cg_tensor *cg_softsign_grad_out(cg_tensor *y);

/* x tanh(log(1 + e^x)). Gradient: cg_mish_grad. Bound 3 / 2. */
CG_API cg_tensor *cg_mish(cg_tensor *x);

/*
 * The derivative of mish: w + x s (1 - w^2), w = tanh(softplus(x)), s the logistic function. Gradient. Error at
 * most 8 u max(1, |x|).
 */
CG_API cg_tensor *cg_mish_grad(cg_tensor *x);

/* --- Gated units: two halves of an axis ------------------------------------------------------------------------ */

/*
 * a s(b) with a, b the first and the second half of x along `axis`, s the logistic function; the axis is halved.
 * Gradient: s(b) to a, a s(b) (1 - s(b)) to b. Errors: CG_ERROR_ARGUMENT for the axis, CG_ERROR_SHAPE for an odd
 * length.
 */
CG_API cg_tensor *cg_glu(cg_tensor *x, int axis);

/* swish(a) b with a, b the halves of x along `axis`, as in cg_glu. Gradient: b swish'(a) to a, swish(a) to b. */
CG_API cg_tensor *cg_swiglu(cg_tensor *x, int axis);

/* --- Pieces of losses (FLOAT) ------------------------------------------------------------------------------- */

/* x^2 / 2 for |x| <= delta, else delta (|x| - delta / 2). Gradient: x within [-delta, delta]. Bound 2 / 2. */
CG_API cg_tensor *cg_huber(cg_tensor *x, double delta);

/* The derivative of huber: x within [-delta, delta]. Gradient: 1 for |x| < delta, else 0. */
CG_API cg_tensor *cg_huber_grad(cg_tensor *x, double delta);

/* x^2 / (2 beta) for |x| < beta, else |x| - beta / 2: huber / beta; |x| for beta = 0. Gradient. Bound 2 / 2. */
CG_API cg_tensor *cg_smooth_l1(cg_tensor *x, double beta);

/* The derivative of smooth_l1: x / beta for |x| < beta, else sign(x). Gradient: 1 / beta for |x| < beta, else 0. */
CG_API cg_tensor *cg_smooth_l1_grad(cg_tensor *x, double beta);

CG_END_DECLS

#ifndef __cplusplus
#define cg_prelu(x, slope) cg_prelu(CG_ARG(x), CG_ARG(slope))
#define cg_prelu_grad(x, slope) cg_prelu_grad(CG_ARG(x), CG_ARG(slope))
#endif

#endif
