/* Row loops: one for each row of elementwise.def and each T. */
#ifndef CLGRAD_HOST_CPU_ISA_ROWS_ISA_H
#define CLGRAD_HOST_CPU_ISA_ROWS_ISA_H

#include "core/rows.h"

/*
 * out[i] = row(x[i], y[i], z[i]) for i < n, all of type T and contiguous. Operands that the row does not have
 * are not read. out may be x, y or z itself, and overlaps none of them otherwise.
 */
typedef void cg_row_loop(const void *x, const void *y, const void *z, void *out, ptrdiff_t n);

typedef struct cg_rows_isa {
    cg_row_loop *loop[CG_ROW_COUNT]; /* NULL where the row has no form for T */
} cg_rows_isa;

#endif
