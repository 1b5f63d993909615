/* Loops of normalization for T = f64. */
#define CG_BITS 64
#include "core/elementary_c.h"
#define CG_NORM_TABLE CG_ISA_NAME(cg_norm_f64)
#include "host/cpu/isa/norm_loops.h"
