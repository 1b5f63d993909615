/* Reductions for T = i64. */
#include <stdint.h>

typedef int64_t T;
#define BITS int64_t
#define LOWEST (INT64_MIN)
#define HIGHEST (INT64_MAX)
#define SUM_NEUTRAL (0)
#define ISNAN(x) ((x)&0)
#define CG_FOLD_TABLE CG_ISA_NAME(cg_folds_i64)
#include "host/cpu/isa/fold_loops.h"
