/* CLGRAD_CHECK=1: after each work call the real outputs are looked through for NaN. */
#ifndef CLGRAD_HOST_NAN_CHECK_H
#define CLGRAD_HOST_NAN_CHECK_H

#include "host/backend.h"

/* Whether CLGRAD_CHECK asks for it; read once. */
bool cg_check_wanted(void);

/*
 * CG_OK if no element of the operand over the shape is NaN (or it is of an integer dtype), else an error that
 * names the operation and the row-major index of the first. Waits.
 */
cg_status cg_check_output(cg_hw *hw, const char *operation, const cg_operand *o, int rank,
                          const int64_t *shape);

/* The same for n contiguous elements. */
cg_status cg_check_contiguous(cg_hw *hw, const char *operation, const cg_operand *o, int64_t n);

#endif
