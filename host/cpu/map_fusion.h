/* Which rows of a program run together as one of the fused loops of isa/fused_rows.def. */
#ifndef CLGRAD_HOST_CPU_MAP_FUSION_H
#define CLGRAD_HOST_CPU_MAP_FUSION_H

#include "core/expr.h"
#include "host/cpu/isa/fused_isa.h"

enum { CG_MAX_FUSED = CG_MAX_INSTRS / 2 };

/* A fused loop in a program. */
typedef struct cg_fused {
    uint8_t id;                     /* cg_fused_id */
    uint8_t value[CG_FUSED_PLACES]; /* of the program, by place; those not used have that of x0 */
} cg_fused;

/*
 * Instruction k runs where instruction at[k] >= k stands: at its own place, or with the last row of its fused loop.
 * fused[k] is the loop whose last row k is, -1 if there is none.
 */
typedef struct cg_fusion {
    uint8_t at[CG_MAX_INSTRS];
    int8_t fused[CG_MAX_INSTRS];
    int n;
    cg_fused loop[CG_MAX_FUSED];
} cg_fusion;

/* Finds the loops of a program. `fixed`: the inputs, by bit, that are one element for as long as a loop runs. */
void cg_fusion_find(cg_fusion *fusion, const cg_program *p, uint32_t fixed);

/* Whether a place is a result that the loop writes. */
bool cg_fused_makes(const cg_fused *f, int place);

#endif
