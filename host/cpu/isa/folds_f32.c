/* Reductions for T = f32. */
#include <math.h>
#include <stdint.h>

typedef float T;
#define BITS int32_t
#define LOWEST (-INFINITY)
#define HIGHEST (INFINITY)
#define SUM_NEUTRAL (-0.0f)
#define ISNAN(x) ((x) != (x))
#define CG_FOLD_TABLE CG_ISA_NAME(cg_folds_f32)
#include "host/cpu/isa/fold_loops.h"
