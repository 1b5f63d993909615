/* Binary searches for T = i64. */
#include <stdint.h>

typedef int64_t T;
#define ISNAN(x) 0
#define CG_SEARCH_TABLE CG_ISA_NAME(cg_searches_i64)
#include "host/cpu/isa/search_loops.h"
