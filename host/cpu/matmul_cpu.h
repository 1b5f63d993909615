/* The ways the CPU backend can compute a product, and how C is cut into pieces for the threads. */
#ifndef CLGRAD_HOST_CPU_MATMUL_CPU_H
#define CLGRAD_HOST_CPU_MATMUL_CPU_H

#include "host/cpu/cpu.h"

/* One way. All give a product within the same error bound, but not the same bits. */
typedef struct cg_matmul_candidate {
    const char *name;
    bool (*supports)(cg_hw *hw, const cg_matmul_request *r);
    cg_status (*run)(cg_hw *hw, const cg_matmul_request *r); /* only what it supports; the slot's contract */
} cg_matmul_candidate;

extern const cg_matmul_candidate cg_matmul_own;  /* own kernels: supports everything */
extern const cg_matmul_candidate cg_matmul_blas; /* CBLAS: supports nothing where there is none */

/* All of them, for tests and tuning; ends with NULL. */
extern const cg_matmul_candidate *const cg_matmul_candidates[];

/* The one cg_cpu_matmul takes for a request. */
const cg_matmul_candidate *cg_matmul_choose(cg_hw *hw, const cg_matmul_request *r);

/* A stack of products C cut into a grid of pieces, numbered piece by piece within each matrix. */
typedef struct cg_matmul_grid {
    const cg_matmul_request *r;
    int64_t rows, columns;     /* of a piece; those at the end are smaller */
    int64_t n_rows, n_columns; /* pieces in a matrix */
    int64_t n;                 /* pieces in all */
} cg_matmul_grid;

/* One piece: its place in C, and where its operands begin. */
typedef struct cg_matmul_piece {
    int64_t i, j, m, n; /* rows i .. i+m, columns j .. j+n */
    int64_t batch[CG_MAX_BATCH_RANK];
    const unsigned char *a, *b; /* row i of A, column j of B */
    unsigned char *c;           /* element (i, j) */
} cg_matmul_piece;

cg_matmul_grid cg_matmul_cut(const cg_matmul_request *r, int64_t rows, int64_t columns);
cg_matmul_piece cg_matmul_piece_at(const cg_matmul_grid *grid, int64_t number);

/*
 * Runs the epilogue, if there is one, on a piece. `product` holds the products, rows product_row apart; it
 * may be the piece of C itself. For loop bodies.
 */
void cg_matmul_finish(cg_hw *hw, const cg_matmul_request *r, const cg_matmul_piece *piece,
                      unsigned char *product, int64_t product_row);

/* Whether the epilogue reads memory of C, so that products must not be written there before it runs. */
bool cg_matmul_reads_c(const cg_matmul_request *r);

#endif
