/* Softmax loops for T = f64. */
#define CG_BITS 64
#include "core/elementary_c.h"
#define CG_SOFTMAX_TABLE CG_ISA_NAME(cg_softmax_f64)
#include "host/cpu/isa/softmax_loops.h"
