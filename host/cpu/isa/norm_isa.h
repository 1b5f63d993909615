/* Inner loops of normalization over one row. */
#ifndef CLGRAD_HOST_CPU_ISA_NORM_ISA_H
#define CLGRAD_HOST_CPU_ISA_NORM_ISA_H

#include <stdbool.h>
#include <stddef.h>

/* The numbers of a row that host/backend.h calls moments. */
typedef struct cg_row_moments {
    double mean, lost, rstd, var;
} cg_row_moments;

/* n > 0 elements of T; weight and bias may be NULL. No value depends on the width of a vector. */
typedef struct cg_norm_isa {
    /* out = (x - mean) rstd weight + bias; out may be x. */
    cg_row_moments (*forward)(const void *x, const void *weight, const void *bias, bool centre,
                              double epsilon, void *out, ptrdiff_t n);
    /* dx = (gw - mean(gw) - z mean(gw z)) rstd with z = (x - mean) rstd, gw = g weight; dx may be g or x. */
    void (*backward)(const void *g, const void *x, const void *weight, bool centre,
                     const cg_row_moments *moments, void *dx, ptrdiff_t n);
} cg_norm_isa;

#endif
