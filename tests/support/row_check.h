/* A row's result against its reference (catalog/catalog_rows.h), reported by support/check.h. */
#ifndef CLGRAD_TESTS_ROW_CHECK_H
#define CLGRAD_TESTS_ROW_CHECK_H

#include "catalog/catalog_rows.h"

/* `got` is the row of the operands, all of which have dtype t, within the row's bounds. */
bool check_row(const cg_tensor *got, int row, cg_dtype t, cg_dims shape, catalog_row_operands operands);

#endif
