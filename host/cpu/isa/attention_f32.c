/* Loops of attention for T = f32. */
#define CG_BITS 32
#include "core/elementary_c.h"
#define CG_ATTENTION_TABLE CG_ISA_NAME(cg_attention_f32)
#include "host/cpu/isa/attention_loops.h"
