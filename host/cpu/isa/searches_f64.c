/* Binary searches for T = f64. */
#include <stdint.h>

typedef double T;
#define ISNAN(x) ((x) != (x))
#define CG_SEARCH_TABLE CG_ISA_NAME(cg_searches_f64)
#include "host/cpu/isa/search_loops.h"
