/* Softmax loops for T = f32. */
#define CG_BITS 32
#include "core/elementary_c.h"
#define CG_SOFTMAX_TABLE CG_ISA_NAME(cg_softmax_f32)
#include "host/cpu/isa/softmax_loops.h"
