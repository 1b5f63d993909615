/* Running reductions for T = i32. */
#include <stdint.h>

typedef int32_t T;
#define BITS int32_t
#define CG_BITS 32
#define LOWEST (INT32_MIN)
#define HIGHEST (INT32_MAX)
#define SUM_NEUTRAL (0)
#define SUM_LOSS 0
#define ISNAN(x) ((x)&0)
#define CG_SCAN_TABLE CG_ISA_NAME(cg_scans_i32)
#include "host/cpu/isa/scan_loops.h"
