/* Loops of normalization for T = f32. */
#define CG_BITS 32
#include "core/elementary_c.h"
#define CG_NORM_TABLE CG_ISA_NAME(cg_norm_f32)
#include "host/cpu/isa/norm_loops.h"
