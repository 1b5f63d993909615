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
    int64_t unit_m, unit_n;    /* where pieces may begin */
    int64_t rows, columns;     /* the most of a piece */
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

/* n_rows x n_columns pieces, or fewer, of about the same number of units. */
cg_matmul_grid cg_matmul_cut(const cg_matmul_request *r, int64_t unit_m, int64_t unit_n, int64_t n_rows,
                             int64_t n_columns);
cg_matmul_piece cg_matmul_piece_at(const cg_matmul_grid *grid, int64_t number);

/*
 * Runs the epilogue, if there is one, on a piece. `product` holds the products, rows product_row apart; it
 * may be the piece of C itself. For loop bodies.
 */
void cg_matmul_finish(cg_hw *hw, const cg_matmul_request *r, const cg_matmul_piece *piece,
                      unsigned char *product, int64_t product_row);

/*
 * Where the products stand until the epilogue runs on a piece: in C; `apart`, where the epilogue reads memory of C or may
 * write it before it has read the product for another output; or in a further output, which the epilogue turns them
 * into in place.
 */
typedef struct cg_matmul_place {
    bool apart;
    const cg_operand *output;
} cg_matmul_place;

cg_matmul_place cg_matmul_place_of(const cg_matmul_request *r);

/* The place, and a piece for each thread where products are apart. */
typedef struct cg_matmul_desk {
    const cg_matmul_request *r;
    cg_matmul_place place;
    unsigned char *product;
    size_t bytes;    /* of a piece */
    int64_t columns; /* of one that is apart */
} cg_matmul_desk;

cg_status cg_matmul_desk_make(cg_hw *hw, const cg_matmul_grid *grid, cg_matmul_desk *desk);

/* Where the products of a piece stand, rows *row apart. For loop bodies. */
unsigned char *cg_matmul_desk_at(const cg_matmul_desk *desk, const cg_matmul_piece *piece, int thread,
                                 int64_t *row);

#endif
