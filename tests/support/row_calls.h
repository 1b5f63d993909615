/*
 * The rows of elementwise.def seen from outside: their public functions, called by number, and what
 * reference/ref_rows.c says they must give.
 */
#ifndef CLGRAD_TESTS_ROW_CALLS_H
#define CLGRAD_TESTS_ROW_CALLS_H

#include "clgrad/clgrad.h"
#include "core/rows.h"
#include "reference/reference.h"

/* The public function of a row; operands beyond its arity are ignored. PARAM takes y.real. */
cg_tensor *row_apply(int row, cg_arg x, cg_arg y, cg_arg z);

/* The number of tensors it takes. */
int row_tensors(int row);

/* Whether operands of dtype t are allowed, and what the result is then. */
bool row_accepts(int row, cg_dtype t);
cg_dtype row_result(int row, cg_dtype t);

/* A parameter to test a PARAM row with: 0.25, 2, ...; different for different i. */
double row_parameter(int i);

/* Element-by-element operands as numbers; NULL for those a row does not take. */
typedef struct row_operands {
    const long double *x, *y, *z;
} row_operands;

/* `got` is the row of the operands, all of which have dtype t, within the row's bounds. */
bool check_row(const cg_tensor *got, int row, cg_dtype t, cg_dims shape, row_operands operands);

#endif
