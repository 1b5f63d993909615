/*
 * The rows of elementwise.def seen from outside: their public functions, called by number, and what
 * reference/ref_rows.c says they must give.
 */
#ifndef CLGRAD_CATALOG_ROWS_H
#define CLGRAD_CATALOG_ROWS_H

#include "catalog/catalog.h"
#include "core/rows.h"

/* What elementwise.def says of a row, beside its formula. */
typedef struct catalog_row {
    const char *name;
    cg_row_signature signature;
    cg_row_class class;
    int tensors;   /* operands that are tensors */
    double lo, hi; /* domain */
} catalog_row;

/* 0 <= row < CG_ROW_COUNT */
const catalog_row *catalog_row_at(int row);

/* The public function of a row; operands beyond its arity are ignored. PARAM takes y.real. */
cg_tensor *catalog_row_apply(int row, cg_arg x, cg_arg y, cg_arg z);

/* Whether operands of dtype t are allowed, and what the result is then. */
bool catalog_row_accepts(int row, cg_dtype t);
cg_dtype catalog_row_result(int row, cg_dtype t);

/* A parameter to try a PARAM row with: 0.25, 2, ...; different for different i. */
double catalog_row_parameter(int i);

/* Operands as numbers, element by element; NULL for those a row does not take. */
typedef struct catalog_row_operands {
    const long double *x, *y, *z;
} catalog_row_operands;

/* Whether `got` is the row of n operands, all of which have dtype t, within the row's bounds. Reads the tensor. */
catalog_verdict catalog_row_verify(const cg_tensor *got, int row, cg_dtype t, int64_t n,
                                   catalog_row_operands in);

#endif
