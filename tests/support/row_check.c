#include "support/row_check.h"

#include "support/compare.h"

bool check_row(const cg_tensor *got, int row, cg_dtype t, cg_dims shape, catalog_row_operands operands) {
    if (!check_is(got, catalog_row_result(row, t), shape)) return false;
    const catalog_verdict verdict = catalog_row_verify(got, row, t, cg_numel(got), operands);
    return CHECK_MSG(verdict.ok, "%s", verdict.text);
}
