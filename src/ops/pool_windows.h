/* What pooling by maximum and by mean share. */
#ifndef CLGRAD_OPS_POOL_WINDOWS_H
#define CLGRAD_OPS_POOL_WINDOWS_H

#include "clgrad/pooling.h"
#include "ops/image_windows.h"

/*
 * The windows of `height` by `width` over x (N, C, H, W), whose shape and options are checked, and the shape of the result.
 */
bool cg_pool_windows(const char *op, const cg_tensor *x, const int64_t kernel[2],
                     const cg_pool_options *options, cg_windows *w, cg_dims *shape);

/* Options of one axis moved to W, and the default for H. */
cg_pool_options cg_pool_options_row(cg_pool_options options);

#endif
