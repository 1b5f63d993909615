/* Inner loops of running reductions. The order of operations is fixed, and the same for all instruction sets. */
#ifndef CLGRAD_HOST_CPU_ISA_SCANS_ISA_H
#define CLGRAD_HOST_CPU_ISA_SCANS_ISA_H

#include <stddef.h>

enum {
    CG_SCAN_KINDS = 4,    /* SUM, MAX, MIN, PROD, as in cg_reduce_kind */
    CG_SCAN_COLUMNS = 512 /* the most columns side by side */
};

/*
 * What is carried from one part of the axis to the next: for each of `width` columns a T, and after those `width` more,
 * what the sums of reals have lost to rounding. cg_scan_start makes it that of nothing.
 */
typedef void cg_scan_start(void *carry, ptrdiff_t width);

/* to = to o carry, column by column. */
typedef void cg_scan_meet(void *to, const void *carry, ptrdiff_t width);

/* to = to o the T at `total`, one column. */
typedef void cg_scan_take(void *to, const void *total);

/* out[i] = carry o x[0] o ... o x[i], i < n, or from the end in `reverse`; carry is then that of all. out may be x. */
typedef void cg_scan_row(const void *x, void *out, ptrdiff_t n, void *carry);

/* n_rows rows of n, contiguous, each from nothing. */
typedef void cg_scan_rows(const void *x, void *out, ptrdiff_t n, ptrdiff_t n_rows, int reverse);

/* As cg_scan_row for the rows x[j row + k], out[j out_row + k], j < n, of k < width columns. */
typedef void cg_scan_columns(const void *x, ptrdiff_t row, void *out, ptrdiff_t out_row, ptrdiff_t n,
                             ptrdiff_t width, void *carry);

typedef struct cg_scan_kind {
    cg_scan_start *start;
    cg_scan_meet *meet;
    cg_scan_take *take;
    cg_scan_row *forward, *reverse;
    cg_scan_rows *rows;
    cg_scan_columns *columns;
} cg_scan_kind;

typedef struct cg_scans_isa {
    const cg_scan_kind *kind[CG_SCAN_KINDS];
} cg_scans_isa;

#endif
