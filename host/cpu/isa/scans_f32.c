/* Running reductions for T = f32. */
#include <math.h>
#include <stdint.h>

typedef float T;
#define BITS int32_t
#define CG_BITS 32
#define LOWEST (-INFINITY)
#define HIGHEST (INFINITY)
#define SUM_NEUTRAL (-0.0f)
#define SUM_LOSS 1
#define ISNAN(x) ((x) != (x))
#define CG_SCAN_TABLE CG_ISA_NAME(cg_scans_f32)
#include "host/cpu/isa/scan_loops.h"
