/* The cross-entropy of a logit, which has a gradient of its own. */
#ifndef CLGRAD_OPS_LOGIT_LOSS_H
#define CLGRAD_OPS_LOGIT_LOSS_H

#include "ops/op.h"

/* t softplus(-x) + (1 - t) softplus(x) for x and t of one real dtype and shape. NULL for NULL. */
cg_tensor *cg_logit_loss(cg_tensor *x, cg_tensor *t);

#endif
