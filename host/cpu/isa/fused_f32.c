/* Fused loops for T = f32. */
#define CG_BITS 32
#include "core/elementary_c.h"
#ifndef ISNAN
#define ISNAN(x) ((x) != (x))
#endif
#define CG_FUSED_TABLE CG_ISA_NAME(cg_fused_f32)
#include "host/cpu/isa/fused_loops.h"
