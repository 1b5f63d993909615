/*
 * How good predictions are: computed on the device, without waiting for it. None has a gradient.
 *
 * Labels and predicted classes are i32 or i64 (N), N samples; logits and scores f32 or f64. Errors, of all:
 * CG_ERROR_SHAPE for shapes that do not fit, CG_ERROR_DTYPE, CG_ERROR_DEVICE_MISMATCH; the result is NULL.
 */
#ifndef CLGRAD_METRICS_H
#define CLGRAD_METRICS_H

#include "tensor.h"

CG_BEGIN_DECLS

/* The share of rows of logits (N, C) whose largest entry is at labels (N): a scalar f32. NaN for N = 0. */
CG_API cg_tensor *cg_accuracy(cg_tensor *logits, cg_tensor *labels);

/*
 * The share of rows of logits (N, C) that have labels (N) among their k largest entries: a scalar f32. Of equal entries
 * the first counts as larger. Errors: CG_ERROR_ARGUMENT for k < 1 or k > C.
 */
CG_API cg_tensor *cg_top_k_accuracy(cg_tensor *logits, cg_tensor *labels, int64_t k);

/*
 * How often class i was predicted as class j: labels (N), predicted (N) -> (classes, classes) i64, row i the label,
 * column j the prediction, as sklearn.metrics.confusion_matrix. A sample with either out of [0, classes) is not
 * counted. Those of several batches add up. Predictions are cg_argmax(logits, cg_axes(-1), false). Errors:
 * CG_ERROR_ARGUMENT for classes < 1.
 */
CG_API cg_tensor *cg_confusion_matrix(cg_tensor *labels, cg_tensor *predicted, int64_t classes);

/* Of what was predicted as class c the share that is: confusion (C, C) i64 -> (C) f32, m_cc / sum_i m_ic; 0 for none. */
CG_API cg_tensor *cg_precision(cg_tensor *confusion);

/* Of what is class c the share that was predicted so: confusion (C, C) i64 -> (C) f32, m_cc / sum_j m_cj; 0 for none. */
CG_API cg_tensor *cg_recall(cg_tensor *confusion);

/*
 * The harmonic mean of precision and recall of each class: confusion (C, C) i64 -> (C) f32,
 * 2 m_cc / (sum_i m_ic + sum_j m_cj); 0 for none.
 */
CG_API cg_tensor *cg_f1_score(cg_tensor *confusion);

/*
 * The coefficient of determination over all elements: 1 - sum (t - p)^2 / sum (t - mean t)^2, predicted and target of
 * one shape -> a scalar, f32 or f64, promoted. 1 is perfect, 0 as good as the mean; a constant target gives -inf, NaN
 * if it is predicted exactly.
 */
CG_API cg_tensor *cg_r2_score(cg_tensor *predicted, cg_tensor *target);

/*
 * The area under the ROC curve: the probability that a positive sample (label not 0) has a larger score than a negative
 * one, equal scores counting half (Mann and Whitney). scores (N), labels (N) -> a scalar f32; NaN where either kind is
 * missing. A NaN score counts as the largest. N < 2^31.
 */
CG_API cg_tensor *cg_roc_auc(cg_tensor *scores, cg_tensor *labels);

CG_END_DECLS
#endif
