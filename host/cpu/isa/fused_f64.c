/* Fused loops for T = f64. */
#define CG_BITS 64
#include "core/elementary_c.h"
#ifndef ISNAN
#define ISNAN(x) ((x) != (x))
#endif
#define CG_FUSED_TABLE CG_ISA_NAME(cg_fused_f64)
#include "host/cpu/isa/fused_loops.h"
