/* Random numbers for T = f64: two to a block. */
#define CG_BITS 64
#include "core/elementary_c.h"
#define CG_PHILOX_TABLE CG_ISA_NAME(cg_philox_f64)
#include "host/cpu/isa/philox_loops.h"
