/* Running reductions for T = i64. */
#include <stdint.h>

typedef int64_t T;
#define BITS int64_t
#define CG_BITS 64
#define LOWEST (INT64_MIN)
#define HIGHEST (INT64_MAX)
#define SUM_NEUTRAL (0)
#define SUM_LOSS 0
#define ISNAN(x) ((x)&0)
#define CG_SCAN_TABLE CG_ISA_NAME(cg_scans_i64)
#include "host/cpu/isa/scan_loops.h"
