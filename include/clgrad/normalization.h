/*
 * Normalization inside networks, and the layers made of it.
 *
 *     z = (x - mean) / sqrt(var + epsilon)      y = z weight + bias
 *
 * The operations differ in which elements share a mean and a variance: the last axes (layer norm, RMS norm), the
 * channels of a group (group norm), a channel of the whole batch (batch norm). var is the biased variance, sum (x -
 * mean)^2 / n.
 *
 * COMMON RULES. f32 and f64 keep their dtype, all else becomes f32; weight and bias are converted to the dtype of x;
 * either may be NULL: 1 and 0. epsilon is finite and >= 0; PyTorch's default is 1e-5. Equal elements give exactly bias
 * (0 / 0 for epsilon = 0: NaN). A NaN or an infinity makes NaN of everything normalized with it.
 *
 * Error: the mean is taken of the distances to the first element x0 and kept as a sum of two numbers, so that a mean
 * that is large beside the deviations costs no digits: at most (log2 n + 14) u (1 + |z| + |z0|) |weight| + u |y| for n
 * elements that share a mean, with z0 = (x0 - mean) / sqrt(var + epsilon).
 *
 * Gradient to x, weight and bias, of any order. With gw = g weight and the means over the elements that share one,
 *     dx = (gw - mean(gw) - z mean(gw z)) / sqrt(var + epsilon)      dweight = sum g z      dbias = sum g
 * The record keeps x and four numbers for each mean, not z.
 *
 * Errors, of all: CG_ERROR_SHAPE, with the shapes, where they do not fit; CG_ERROR_ARGUMENT for epsilon, momentum, a
 * number of axes or groups that is not as said; CG_ERROR_DEVICE_MISMATCH.
 */
#ifndef CLGRAD_NORMALIZATION_H
#define CLGRAD_NORMALIZATION_H

#include "nn.h"

CG_BEGIN_DECLS

/* --- Operations ------------------------------------------------------------------------------------------------- */

/*
 * Each row of the last n_axes axes normalized by its own mean and variance: x (..., D1, .., Dn) -> its shape; weight and
 * bias (D1, .., Dn) or NULL. 1 <= n_axes <= rank. Gradient, errors: see above. As torch.nn.functional.layer_norm.
 * Source: Ba, Kiros, Hinton, arXiv 1607.06450.
 */
CG_API cg_tensor *cg_layer_norm(cg_tensor *x, int n_axes, cg_tensor *weight, cg_tensor *bias, double epsilon);

/*
 * Each row of the last n_axes axes divided by its root mean square, y = x / sqrt(mean(x^2) + epsilon) weight: x
 * (..., D1, .., Dn) -> its shape; weight (D1, .., Dn) or NULL. Error at most (log2 n + 8) u |y|. Gradient as above
 * without mean(gw). As torch.nn.functional.rms_norm. Source: Zhang, Sennrich, arXiv 1910.07467.
 */
CG_API cg_tensor *cg_rms_norm(cg_tensor *x, int n_axes, cg_tensor *weight, double epsilon);

/*
 * The channels of each sample in `groups` groups of neighbours, each group normalized by its own mean and variance: x
 * (N, C, ...) -> its shape; weight and bias (C) or NULL. groups divides C; 1 group is layer norm over all but axis 0, C
 * groups are instance norm. As torch.nn.functional.group_norm. Source: Wu, He, arXiv 1803.08494.
 */
CG_API cg_tensor *cg_group_norm(cg_tensor *x, int64_t groups, cg_tensor *weight, cg_tensor *bias,
                                double epsilon);

/*
 * Each channel normalized over the batch and all axes after it: x (N, C, ...) -> its shape; weight, bias, running_mean,
 * running_var (C) or NULL, the last two both or neither, f32 or f64 and no gradient. n elements share a channel.
 *
 * training: by the mean and the biased variance of x, which get gradients as above. The running values are then updated
 * in place, with the unbiased variance, as PyTorch has it:
 *     running_mean += momentum (mean - running_mean)      running_var += momentum (var n / (n - 1) - running_var)
 * not training: by the running values, which are constants: dx = gw / sqrt(running_var + epsilon). Without them by
 * those of x, as in training.
 * 0 <= momentum <= 1; PyTorch's default is 0.1. Errors: CG_ERROR_SHAPE also for training on n < 2 elements, whose
 * variance says nothing. As torch.nn.functional.batch_norm. Source: Ioffe, Szegedy, arXiv 1502.03167.
 */
CG_API cg_tensor *cg_batch_norm(cg_tensor *x, cg_tensor *weight, cg_tensor *bias, cg_tensor *running_mean,
                                cg_tensor *running_var, bool training, double momentum, double epsilon);

/* --- Modules: f32, weight starts at 1 and bias at 0 ------------------------------------------------------------- */

/* cg_layer_norm over the last shape.rank axes, with parameters weight and bias (shape...). */
CG_API cg_module *cg_layer_norm_module(cg_device *dev, cg_dims shape, double epsilon);

/* cg_rms_norm over the last shape.rank axes, with the parameter weight (shape...). */
CG_API cg_module *cg_rms_norm_module(cg_device *dev, cg_dims shape, double epsilon);

/* cg_group_norm of x (N, channels, ...), with parameters weight and bias (channels). */
CG_API cg_module *cg_group_norm_module(cg_device *dev, int64_t groups, int64_t channels, double epsilon);

/*
 * cg_batch_norm of x (N, channels, ...), with parameters weight and bias and buffers running_mean (starts at 0) and
 * running_var (starts at 1), all (channels). The buffers are saved with the module and not trained. It normalizes by the
 * batch while the module trains (cg_module_train), else by the buffers.
 */
CG_API cg_module *cg_batch_norm_module(cg_device *dev, int64_t channels, double momentum, double epsilon);

CG_END_DECLS
#endif
