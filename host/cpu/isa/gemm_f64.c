/* Matrix products for T = f64. */
#define CG_BITS 64
#include "core/elementary_c.h"
#define CG_GEMM_INNER CG_INNER_PRODUCT
#define CG_GEMM_TABLE CG_ISA_NAME(cg_gemm_f64)
#include "host/cpu/isa/gemm_tiles.h"
