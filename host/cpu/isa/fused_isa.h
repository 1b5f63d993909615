/* Fused loops: several rows in one pass, what is between them in registers. fused_rows.def lists them. */
#ifndef CLGRAD_HOST_CPU_ISA_FUSED_ISA_H
#define CLGRAD_HOST_CPU_ISA_FUSED_ISA_H

#include <stddef.h>

/* The fused loops by name, CG_FUSED_<name>. */
typedef enum cg_fused_id {
#define CG_FUSED(name, before, row, ...) CG_FUSED_##name,
#include "host/cpu/isa/fused_rows.def"
#undef CG_FUSED
    CG_FUSED_COUNT
} cg_fused_id;

/* Where a fused loop finds its operands and leaves its results: the names of fused_rows.def, as indices. */
enum {
    CG_FUSED_VECTORS = 6, /* x0.. */
    CG_FUSED_SCALARS = 6, /* c0.. */
    CG_FUSED_BEFORE = 14, /* t0.. */
    CG_FUSED_FIRST_SCALAR = CG_FUSED_VECTORS,
    CG_FUSED_FIRST_STEP = CG_FUSED_VECTORS + CG_FUSED_SCALARS,
    CG_FUSED_RESULT = CG_FUSED_FIRST_STEP + CG_FUSED_BEFORE, /* of the last row */
    CG_FUSED_PLACES
};

/*
 * One pass over n > 0 elements. A vector is n contiguous elements of T, a scalar one element. A result may lie where a
 * vector lies, and overlaps none otherwise. Only places that the entry names are used, but all of a vector or scalar
 * must be memory that may be read.
 */
typedef void cg_fused_loop(void *const at[CG_FUSED_PLACES], ptrdiff_t n);

typedef struct cg_fused_isa {
    cg_fused_loop *loop[CG_FUSED_COUNT];
} cg_fused_isa;

#endif
