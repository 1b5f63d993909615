/* The inner loops of convolutions for T = f64. */
#define CG_BITS 64
#include "core/elementary_c.h"
#define CG_CONV_TABLE CG_ISA_NAME(cg_conv_f64)
#include "host/cpu/isa/conv_tiles.h"
