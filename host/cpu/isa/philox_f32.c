/* Random numbers for T = f32: four to a block. */
#define CG_BITS 32
#include "core/elementary_c.h"
#define CG_PHILOX_TABLE CG_ISA_NAME(cg_philox_f32)
#include "host/cpu/isa/philox_loops.h"
