/* Windows of images: options and sizes checked, for convolutions, columns and pooling alike. */
#ifndef CLGRAD_OPS_IMAGE_WINDOWS_H
#define CLGRAD_OPS_IMAGE_WINDOWS_H

#include "ops/op.h"

/*
 * Fills in w->out from the rest of w, where 0 in stride and dilation is still allowed to mean `default_stride` and 1.
 * False and an error naming `op` for negative or absurdly large options and windows that do not fit. ceil_mode as in
 * pooling.h.
 */
bool cg_windows_fit(cg_device *dev, const char *op, cg_windows *w, const int64_t default_stride[2],
                    bool ceil_mode);

/* Whether x has the rank, whose axes are named by `layout` ("(N, C, H, W)"), and no axis but the first is 0. */
bool cg_windows_check(const char *op, const cg_tensor *x, int rank, const char *layout);

/* (N, C, L) as an image of one row, (N, C, 1, L), and back. */
static inline cg_tensor *cg_windows_row(cg_tensor *x) { return cg_unsqueeze(x, 2); }
static inline cg_tensor *cg_windows_unrow(cg_tensor *x) { return cg_squeeze(x, 2); }

#endif
