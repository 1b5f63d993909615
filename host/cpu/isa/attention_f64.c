/* Loops of attention for T = f64. */
#define CG_BITS 64
#include "core/elementary_c.h"
#define CG_ATTENTION_TABLE CG_ISA_NAME(cg_attention_f64)
#include "host/cpu/isa/attention_loops.h"
