/* Binary searches for T = f32. */
#include <stdint.h>

typedef float T;
#define ISNAN(x) ((x) != (x))
#define CG_SEARCH_TABLE CG_ISA_NAME(cg_searches_f32)
#include "host/cpu/isa/search_loops.h"
