/* New values for many tensors at once, without a copy. */
#ifndef CLGRAD_TENSOR_EXCHANGE_H
#define CLGRAD_TENSOR_EXCHANGE_H

#include "tensor/context.h"

/*
 * a[i] and b[i] exchange their memory; each covers its storage whole, and no tensor is in the lists twice. What still has
 * to read the old values is computed first. Errors, with nothing changed: one of them is part of a recording, or one is
 * being made.
 */
cg_status cg_exchange_values(cg_device *dev, int n, cg_tensor *const *a, cg_tensor *const *b);

#endif
