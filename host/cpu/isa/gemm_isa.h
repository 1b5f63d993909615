/* The serial matrix product, or its other inner operation, on one block of C: what the threads of matmul_own.c run. */
#ifndef CLGRAD_HOST_CPU_ISA_GEMM_ISA_H
#define CLGRAD_HOST_CPU_ISA_GEMM_ISA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/isa_requests.h"

/*
 * C = A B: (m, k) x (k, n) -> (m, n). Strides are in elements and may be anything, 0 and negative included;
 * C has column stride 1 and overlaps neither A nor B. k may be 0, m and n not.
 */
typedef struct cg_gemm_block {
    int64_t m, n, k;
    const void *a;
    ptrdiff_t a_row, a_col;
    const void *b;
    ptrdiff_t b_row, b_col;
    /* if not NULL, where row p of B begins for `block`, which has b_col 1, or column j for `dots`: of a product only */
    const ptrdiff_t *b_at;
    void *c;
    ptrdiff_t c_row;
    bool add;   /* C += A B */
    void *pack; /* pack_bytes(n) of memory of this thread's own, 64-byte aligned */
} cg_gemm_block;

/*
 * The bits of an element do not depend on where it stands or on how a caller cuts C into blocks:
 *   block  sums of 256 products each, in order of k, added in order
 *   dots   the same with blocks of 256 LANES products, for which each lane of a vector sums every LANES-th
 *          product; lanes are added as a tree
 */
typedef struct cg_gemm_isa {
    int rows, columns;                       /* of the register block: where to cut C */
    size_t (*pack_bytes)(int64_t n);         /* what `block` needs in pack for at most n columns */
    bool (*packs_a)(const cg_gemm_block *g); /* whether `block` copies A, */
    bool (*packs_b)(const cg_gemm_block *g); /* or B: once for each block that it is in */
    void (*block)(const cg_gemm_block *g);
    void (*dots)(const cg_gemm_block *g); /* a_col = b_row = 1, k > 0; needs no pack */
    int dots_rows;                        /* up to so many rows dots is the faster one, for a long k */
    int block_k, dots_k;                  /* of how many products each of the sums is that they add */
    bool fused;                           /* the instruction set has a fused multiply-add */
} cg_gemm_isa;

#endif
