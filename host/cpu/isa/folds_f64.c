/* Reductions for T = f64. */
#include <math.h>
#include <stdint.h>

typedef double T;
#define BITS int64_t
#define LOWEST (-(T)INFINITY)
#define HIGHEST ((T)INFINITY)
#define SUM_NEUTRAL (-0.0)
#define ISNAN(x) ((x) != (x))
#define CG_FOLD_TABLE CG_ISA_NAME(cg_folds_f64)
#include "host/cpu/isa/fold_loops.h"
