/* What normalization in one call and by a scaler share. */
#ifndef CLGRAD_STATS_NORMALIZE_H
#define CLGRAD_STATS_NORMALIZE_H

#include "clgrad/preprocessing.h"

/* x with 1 in place of 0: the guard for a constant column. */
cg_tensor *cg_not_zero(cg_tensor *x);

/* Whether lo < hi, both finite; an error naming `op` if not. */
bool cg_minmax_check(const char *op, const cg_tensor *x, double lo, double hi);

#endif
