/* What the forms of a convolution share. */
#ifndef CLGRAD_OPS_CONV_OPTIONS_H
#define CLGRAD_OPS_CONV_OPTIONS_H

#include "clgrad/conv.h"
#include "ops/image_windows.h"

/* An option of one axis moved to W, with the default for H: how (N, C, L) is an image of one row. */
cg_conv_options cg_conv_options_row(cg_conv_options options);

/* groups with its default. */
static inline int64_t cg_conv_groups(cg_conv_options options) { return options.groups ? options.groups : 1; }

/* Whether b is NULL or (k); an error naming `op` if not. */
bool cg_conv_check_bias(const char *op, cg_tensor *b, int64_t k);

#endif
