/* Running reductions for T = f64. */
#include <math.h>
#include <stdint.h>

typedef double T;
#define BITS int64_t
#define CG_BITS 64
#define LOWEST (-INFINITY)
#define HIGHEST (INFINITY)
#define SUM_NEUTRAL (-0.0)
#define SUM_LOSS 1
#define ISNAN(x) ((x) != (x))
#define CG_SCAN_TABLE CG_ISA_NAME(cg_scans_f64)
#include "host/cpu/isa/scan_loops.h"
