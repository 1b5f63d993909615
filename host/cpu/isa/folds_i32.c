/* Reductions for T = i32. */
#include <stdint.h>

typedef int32_t T;
#define BITS int32_t
#define LOWEST (INT32_MIN)
#define HIGHEST (INT32_MAX)
#define SUM_NEUTRAL (0)
#define ISNAN(x) ((x)&0)
#define CG_FOLD_TABLE CG_ISA_NAME(cg_folds_i32)
#include "host/cpu/isa/fold_loops.h"
