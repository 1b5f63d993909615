/* The inner loops of convolutions for T = f32. */
#define CG_BITS 32
#include "core/elementary_c.h"
#define CG_CONV_TABLE CG_ISA_NAME(cg_conv_f32)
#include "host/cpu/isa/conv_tiles.h"
