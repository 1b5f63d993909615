/* Row loops for T = i64. Sums and products wrap (-fwrapv). */
#include <stdint.h>

typedef int64_t T;
#include "host/cpu/isa/integer_words.h"
#define CG_ROW_TABLE CG_ISA_NAME(cg_rows_i64)
#define CG_FLOAT_ROWS 0
#include "host/cpu/isa/row_loops.h"
