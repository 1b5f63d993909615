/* Binary searches for T = i32. */
#include <stdint.h>

typedef int32_t T;
#define ISNAN(x) 0
#define CG_SEARCH_TABLE CG_ISA_NAME(cg_searches_i32)
#include "host/cpu/isa/search_loops.h"
