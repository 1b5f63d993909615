/* Loops over windows for T = f32. */
#define CG_BITS 32
#include "core/elementary_c.h"
#define CG_WINDOWS_TABLE CG_ISA_NAME(cg_windows_f32)
#include "host/cpu/isa/windows_loops.h"
