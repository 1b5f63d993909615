/* Inner loops of normalization over one row. */
#ifndef CLGRAD_HOST_CPU_ISA_NORM_ISA_H
#define CLGRAD_HOST_CPU_ISA_NORM_ISA_H

#include <stdbool.h>
#include <stddef.h>

/* The numbers of a row that host/backend.h calls moments. */
typedef struct cg_row_moments {
    double mean, lost, rstd, var;
} cg_row_moments;

/* What a piece of what shares a mean adds to it: x0 + distance is its own mean, `squares` the sum about that. */
typedef struct cg_norm_piece {
    double distance, squares;
} cg_norm_piece;

/* n > 0 elements of T; weight and bias may be NULL. No value depends on the width of a vector. */
typedef struct cg_norm_isa {
    /* out = (x - mean) rstd weight + bias; out may be x. */
    cg_row_moments (*forward)(const void *x, const void *weight, const void *bias, bool centre,
                              double epsilon, void *out, ptrdiff_t n);
    /*
     * dx = (gw - mean(gw) - z mean(gw z)) rstd with z = (x - mean) rstd, gw = g weight; dx may be g or x. sums, unless
     * NULL, are added to: n times g z, then n times g.
     */
    void (*backward)(const void *g, const void *x, const void *weight, bool centre,
                     const cg_row_moments *moments, void *dx, void *sums, ptrdiff_t n);
    /* Of elements that share a mean with others; x0 is one of all these. */
    cg_norm_piece (*piece)(const void *x, const void *x0, bool centre, ptrdiff_t n);
    /* The moments of which a mean of x0 + distance and this variance are. */
    cg_row_moments (*moments)(const void *x0, double distance, double var, double epsilon);
    /* sum[0], sum[1] = the sums of g z and of g over a piece */
    void (*piece_sums)(const void *g, const void *x, const cg_row_moments *moments, double *sum, ptrdiff_t n);
    /* As backward, where mean(gw) and mean(gw z) are known and all elements have one weight. */
    void (*piece_backward)(const void *g, const void *x, double weight, const cg_row_moments *moments,
                           double mean, double mean_z, void *dx, ptrdiff_t n);
} cg_norm_isa;

#endif
