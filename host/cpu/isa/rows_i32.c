/* Row loops for T = i32. Sums and products wrap (-fwrapv). */
#include <stdint.h>

typedef int32_t T;
#include "host/cpu/isa/integer_words.h"
#define CG_ROW_TABLE CG_ISA_NAME(cg_rows_i32)
#define CG_FLOAT_ROWS 0
#include "host/cpu/isa/row_loops.h"
