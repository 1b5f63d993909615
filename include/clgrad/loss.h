/*
 * Losses: how far a prediction is from its target.
 *
 * COMMON RULES. Operands are converted to one real dtype (f64 if one is f64, else f32); y and target broadcast by
 * NumPy's rules unless a loss says otherwise. `reduction` says what becomes of the losses of single elements or
 * samples: the result has shape () for CG_MEAN and CG_SUM, that of the losses for CG_NONE. The mean over nothing is
 * NaN. NaN goes in, NaN comes out. A loss of elements is one program that feeds one reduction: it stores no
 * intermediate. Gradients of every order go to all real operands; at a kink the gradient is the one PyTorch takes.
 * Errors, of every loss: CG_ERROR_SHAPE, CG_ERROR_DTYPE, CG_ERROR_DEVICE_MISMATCH, CG_ERROR_ARGUMENT for an
 * option out of range; the message names the loss, what it got and what it expected.
 */
#ifndef CLGRAD_LOSS_H
#define CLGRAD_LOSS_H

#include "tensor.h"

CG_BEGIN_DECLS

/* What becomes of the losses of single elements or samples: their mean, their sum, or all of them. */
typedef enum cg_reduction { CG_MEAN, CG_SUM, CG_NONE } cg_reduction;

/* --- Distances ------------------------------------------------------------------------------------------ */

/*
 * The absolute error |y - target| (L1). Shapes broadcast. Gradient sign(y - target), 0 where they are equal.
 * Sections 13.1 and 13.2 of the pseudocode paper have the descriptions of MAE and MSE swapped: MAE is the mean
 * absolute error, MSE the mean squared error.
 */
CG_API cg_tensor *cg_mae_loss(cg_tensor *y, cg_tensor *target, cg_reduction reduction);

/*
 * The squared error (y - target)^2. Shapes broadcast. Gradient 2 (y - target). The pseudocode paper's
 * descriptions of MAE and MSE (13.1, 13.2) are swapped; this is the square.
 */
CG_API cg_tensor *cg_mse_loss(cg_tensor *y, cg_tensor *target, cg_reduction reduction);

/*
 * Huber's loss of d = y - target: d^2 / 2 for |d| <= delta, else delta (|d| - delta / 2). Shapes broadcast.
 * Gradient: d cut to [-delta, delta]. Errors: delta that is not above 0.
 */
CG_API cg_tensor *cg_huber_loss(cg_tensor *y, cg_tensor *target, cg_reduction reduction, double delta);

/*
 * huber / beta: d^2 / (2 beta) for |d| < beta, else |d| - beta / 2, with d = y - target. Shapes broadcast. beta 0
 * is mae_loss. Gradient: d / beta cut to [-1, 1]. Errors: beta < 0.
 */
CG_API cg_tensor *cg_smooth_l1_loss(cg_tensor *y, cg_tensor *target, cg_reduction reduction, double beta);

/* --- Two classes ---------------------------------------------------------------------------------------- */

/*
 * The hinge loss max(0, 1 - y target) of a score y, for targets -1 and 1. Shapes broadcast. Gradient to y: -target
 * where the loss is above 0, else 0. Other targets are taken as they stand.
 */
CG_API cg_tensor *cg_hinge_loss(cg_tensor *y, cg_tensor *target, cg_reduction reduction);

/*
 * Binary cross-entropy of a probability: -(t log(p) + (1 - t) log(1 - p)), each logarithm at least -100 as in PyTorch,
 * so that p = 0 and p = 1 give a finite loss. p and target have the same shape; targets are probabilities, 0 or 1
 * (others are taken as they stand). A p outside [0, 1] gives NaN.
 * Gradient to p: -t / max(p, 1e-12) + (1 - t) / max(1 - p, 1e-12), finite everywhere. Where p comes from a sigmoid,
 * binary_cross_entropy_with_logits is more accurate.
 */
CG_API cg_tensor *cg_binary_cross_entropy(cg_tensor *p, cg_tensor *target, cg_reduction reduction);

/* Options of binary_cross_entropy_with_logits; all zero is the plain loss. */
typedef struct cg_binary_cross_entropy_options {
    cg_tensor *weight;     /* a factor for each loss, broadcasts to it; the mean still divides by the count */
    cg_tensor *pos_weight; /* a factor for the positive part, t log(sigmoid(x)); broadcasts to the loss */
} cg_binary_cross_entropy_options;

/*
 * Binary cross-entropy of p = sigmoid(x): max(x, 0) - x t + log1p(exp(-|x|)), in the form
 * pos_weight t softplus(-x) + (1 - t) softplus(x), which neither overflows nor cancels for finite x and t in [0, 1].
 * x and target have the same shape. Gradient to x: (1 - t) sigmoid(x) - pos_weight t sigmoid(-x), which is
 * sigmoid(x) - t without weights. Gradients to target, weight and pos_weight too.
 */
CG_API cg_tensor *cg_binary_cross_entropy_with_logits(cg_tensor *x, cg_tensor *target, cg_reduction reduction,
                                                      cg_binary_cross_entropy_options options);

/* --- Many classes, index labels ------------------------------------------------------------------------- */

/*
 * Options of the losses of class labels; all zero is the plain loss. With labels, the mean divides the sum of the
 * losses by the sum of weight[label] over the samples that count (by their number without weights), as PyTorch;
 * NaN where none counts. Unlike PyTorch, no label is ignored unless `ignore` is set.
 */
typedef struct cg_cross_entropy_options {
    cg_tensor *weight;    /* (C), a factor for each class; NULL: all 1 */
    double smoothing;     /* s in [0, 1]: the target becomes (1 - s) target + s / C */
    bool ignore;          /* samples labelled ignore_index count for nothing: loss 0, gradient 0 */
    int64_t ignore_index; /* any number, a class or not */
} cg_cross_entropy_options;

/*
 * Softmax and cross-entropy in one pass: loss_n = logsumexp(logits_n) - logits_n[label_n].
 * logits (N, C), labels (N) u8, i32 or i64; also logits (C) with a label (), and logits (N, C, d1, ...) with labels
 * (N, d1, ...). The losses have the shape of the labels. Gradient to the logits, formed in the same pass:
 * (softmax(logits) - one_hot(labels)) g. A label outside [0, C) gives NaN. Finite for all finite logits.
 */
CG_API cg_tensor *cg_cross_entropy(cg_tensor *logits, cg_tensor *labels, cg_reduction reduction);

/*
 * cross_entropy with class weights w, label smoothing s and an ignored label:
 *     loss_n = (1 - s) w[label_n] l(label_n) + s / C sum_c w[c] l(c),   l(c) = logsumexp(logits_n) - logits_n[c]
 * and 0 for an ignored sample. Shapes as cross_entropy. The first part is the fused pass of cross_entropy; smoothing
 * adds one reduction over the logits. Gradient to logits and weight.
 */
CG_API cg_tensor *cg_cross_entropy_with(cg_tensor *logits, cg_tensor *labels, cg_reduction reduction,
                                        cg_cross_entropy_options options);

/*
 * The negative log-likelihood of labels: loss_n = -w[label_n] log_p_n[label_n], for log-probabilities such as those of
 * log_softmax along axis 1. Shapes, labels and mean as cross_entropy_with. A label outside [0, C) gives NaN.
 * Gradient to log_p: -w[label_n] at the label, else 0. Errors: smoothing, which belongs to cross_entropy_with.
 */
CG_API cg_tensor *cg_nll_loss(cg_tensor *log_p, cg_tensor *labels, cg_reduction reduction,
                              cg_cross_entropy_options options);

/*
 * Categorical cross-entropy of probabilities and labels: -w[label_n] log(p_n[label_n]), the logarithm at least -100, so
 * that p = 0 is finite. Shapes, options and mean as nll_loss. Gradient to p: -w[label_n] / max(p, 1e-12) at the label.
 * p is taken as it stands, not divided by its sum. Where p is a softmax, cross_entropy is faster and more accurate.
 */
CG_API cg_tensor *cg_sparse_categorical_cross_entropy(cg_tensor *p, cg_tensor *labels, cg_reduction reduction,
                                                      cg_cross_entropy_options options);

/* --- Many classes, distributions as targets --------------------------------------------------------------- */

/*
 * Cross-entropy from logits with a distribution as target (soft labels):
 *     loss_n = -sum_c w[c] t_n[c] log_softmax(logits_n)[c],   t = (1 - s) target + s / C
 * logits and target (N, C), or (C), or (N, C, d1, ...); the losses have that shape without the class axis. A target of
 * 0 adds 0, even to a logit of -inf. The mean divides by the number of losses, with weights too, as PyTorch.
 * Gradient to logits, target and weight. Errors: `ignore`, which needs labels.
 */
CG_API cg_tensor *cg_cross_entropy_with_probabilities(cg_tensor *logits, cg_tensor *target,
                                                      cg_reduction reduction,
                                                      cg_cross_entropy_options options);

/*
 * Categorical cross-entropy of probabilities and distributions: loss_n = -sum_c w[c] t_n[c] log(p_n[c]) with each
 * logarithm at least -100, t and shapes as cross_entropy_with_probabilities. Gradient to p: -w t / max(p, 1e-12); to
 * target and weight. p is taken as it stands, not divided by its sum. Errors: `ignore`.
 */
CG_API cg_tensor *cg_categorical_cross_entropy(cg_tensor *p, cg_tensor *target, cg_reduction reduction,
                                               cg_cross_entropy_options options);

/*
 * The terms of the Kullback-Leibler divergence of probabilities `target` from a distribution given by log-probabilities
 * (the order and forms of PyTorch's kl_div): t (log(t) - log_p), 0 for t = 0. Shapes broadcast. CG_MEAN divides by the
 * number of elements; the mean over N samples ("batchmean", the divergence itself) is the CG_SUM divided by N.
 * Gradient to log_p: -t; to target: log(t) + 1 - log_p, taken as -log_p at t = 0. A negative target gives NaN.
 */
CG_API cg_tensor *cg_kl_div_loss(cg_tensor *log_p, cg_tensor *target, cg_reduction reduction);

CG_END_DECLS
#endif
