#include "clgrad/autograd.h"
#include "clgrad/metrics.h"
#include "clgrad/manipulation.h"
#include "clgrad/ops.h"
#include "clgrad/reduce.h"

#include "core/shape.h"
#include "tensor/context.h"

cg_tensor *cg_accuracy(cg_tensor *logits, cg_tensor *labels) {
    if (!logits || !labels) return NULL;
    cg_device *dev = logits->storage->dev;
    if (cg_rank(logits) != 2 || cg_rank(labels) != 1 || cg_size(logits, 0) != cg_size(labels, 0)) {
        CG_FAIL(&dev->error, CG_ERROR_SHAPE, "accuracy: logits %s and labels %s; (N, C) and (N) are needed",
                CG_SHAPE_STR(&logits->shape), CG_SHAPE_STR(&labels->shape));
        return NULL;
    }
    cg_no_grad_begin(dev);
    cg_tensor *hits = cg_eq(cg_argmax(logits, cg_axes(1), false), labels);
    cg_tensor *share = cg_mean(hits, CG_ALL_AXES, false);
    cg_no_grad_end(dev);
    return share;
}
