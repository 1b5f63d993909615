/* Quicksort of words of 32 bits. */
#include "host/cpu/isa.h"

#define CG_QUICKSORT_TABLE CG_ISA_NAME(cg_quicksort_u32)
#if defined(__AVX2__)
#define CG_BITS 32
#include "host/cpu/isa/quicksort_loops.h"
#else
extern const cg_quicksort_isa CG_QUICKSORT_TABLE;
const cg_quicksort_isa CG_QUICKSORT_TABLE = {0};
#endif
