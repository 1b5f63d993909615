/* Squared distances for T = f32. */
#define CG_BITS 32
#include "core/elementary_c.h"
#define CG_GEMM_INNER CG_INNER_SQUARED_DISTANCE
#define CG_GEMM_TABLE CG_ISA_NAME(cg_distances_f32)
#include "host/cpu/isa/gemm_tiles.h"
