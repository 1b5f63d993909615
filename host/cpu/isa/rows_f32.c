/* Row loops for T = f32. */
#define CG_BITS 32
#include "core/elementary_c.h"
#ifndef ISNAN
#define ISNAN(x) ((x) != (x))
#endif
#define CG_ROW_TABLE CG_ISA_NAME(cg_rows_f32)
#define CG_FLOAT_ROWS 1
#include "host/cpu/isa/row_loops.h"
