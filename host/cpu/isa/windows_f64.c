/* Loops over windows for T = f64. */
#define CG_BITS 64
#include "core/elementary_c.h"
#define CG_WINDOWS_TABLE CG_ISA_NAME(cg_windows_f64)
#include "host/cpu/isa/windows_loops.h"
