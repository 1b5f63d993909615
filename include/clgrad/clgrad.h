/*
 * clgrad: tensors, gradients and training on any OpenCL device, with a native CPU backend.
 *
 *     cg_device *dev = cg_device_open(NULL);                  // the best device; CLGRAD_DEVICE overrides
 *     cg_tensor *x = cg_from_f32(dev, cg_shape(2, 3), data);
 *     cg_scope *step = cg_scope_begin(dev);
 *     cg_tensor *p = cg_softmax(cg_linear(x, w, b), -1);      // NULL in, NULL out: one check at the end
 *     if (!p) fprintf(stderr, "%s\n", cg_error_message(dev));
 *     cg_scope_end(step);                                     // every temporary of the step is released
 *
 * The rules that hold everywhere: ownership in tensor.h, errors in device.h and tensor.h, dtypes and
 * broadcasting in ops.h.
 */
#ifndef CLGRAD_H
#define CLGRAD_H

#include "activations.h"
#include "array.h"
#include "attention.h"
#include "autograd.h"
#include "conv.h"
#include "csv.h"
#include "data.h"
#include "decomposition.h"
#include "device.h"
#include "distances.h"
#include "image.h"
#include "indexing.h"
#include "io.h"
#include "linalg.h"
#include "loss.h"
#include "manipulation.h"
#include "metrics.h"
#include "models.h"
#include "nn.h"
#include "normalization.h"
#include "npy.h"
#include "ops.h"
#include "optim.h"
#include "pooling.h"
#include "preprocessing.h"
#include "probability.h"
#include "random.h"
#include "recording.h"
#include "recurrent.h"
#include "reduce.h"
#include "schedule.h"
#include "sorting.h"
#include "special.h"
#include "statistics.h"
#include "status.h"
#include "tensor.h"
#include "train.h"
#include "tuning.h"

#endif
