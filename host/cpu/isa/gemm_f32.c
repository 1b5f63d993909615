/* Matrix products for T = f32. */
#define CG_BITS 32
#include "core/elementary_c.h"
#define CG_GEMM_INNER CG_INNER_PRODUCT
#define CG_GEMM_TABLE CG_ISA_NAME(cg_gemm_f32)
#include "host/cpu/isa/gemm_tiles.h"
