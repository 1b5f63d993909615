/* Losses. */
#ifndef CLGRAD_LOSS_H
#define CLGRAD_LOSS_H

#include "tensor.h"

CG_BEGIN_DECLS

/* What becomes of the losses of single elements or rows: their mean, their sum, or all of them. */
typedef enum cg_reduction { CG_MEAN, CG_SUM, CG_NONE } cg_reduction;

/*
 * The squared error (y - target)^2: shapes broadcast; a scalar for CG_MEAN and CG_SUM. FLOAT. Gradient to
 * both. The pseudocode paper's descriptions of MAE and MSE (13.1, 13.2) are swapped; this is the square.
 */
CG_API cg_tensor *cg_mse_loss(cg_tensor *y, cg_tensor *target, cg_reduction reduction);

/*
 * Softmax and cross-entropy in one pass: loss_n = logsumexp(logits_n) - logits_n[label_n].
 * logits (N, C) f32 or f64, labels (N) u8, i32 or i64. Shape () for CG_MEAN and CG_SUM, (N) for CG_NONE.
 * Gradient to the logits, formed in the same pass: (softmax(logits) - one_hot(labels)) g. A label outside
 * [0, C) gives NaN. Errors: CG_ERROR_SHAPE, CG_ERROR_DTYPE.
 */
CG_API cg_tensor *cg_cross_entropy(cg_tensor *logits, cg_tensor *labels, cg_reduction reduction);

CG_END_DECLS
#endif
