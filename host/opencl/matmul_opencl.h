/*
 * Matrix products on OpenCL: a request in normal form, the ways to compute it (candidates), and which of them
 * a class of requests gets.
 */
#ifndef CLGRAD_HOST_OPENCL_MATMUL_OPENCL_H
#define CLGRAD_HOST_OPENCL_MATMUL_OPENCL_H

#include "host/opencl/opencl.h"

/*
 * A cg_matmul_request made simpler: no batch axis of length 1, no two that could be one, none that could be
 * more rows of A, and N > 1 unless M is 1 too. out is C over (batch axes..., M, N), its stride along N need
 * not be 1.
 */
typedef struct cg_product {
    cg_inner inner;
    cg_dtype dtype;
    int64_t m, n, k;
    int batch_rank;
    int64_t batch[CG_MAX_BATCH_RANK];
    cg_matrix a, b;
    cg_program program; /* input 0 is the element of the product */
    bool has_epilogue;  /* false: the program only gives input 0 back */
    bool wide;          /* offsets need 64 bits */
    cg_operand in[CG_MAX_INPUTS - 1], out;
    const cg_scalar *consts;
} cg_product;

/* The normal form of a request; valid as long as the request. */
cg_product cg_product_of(const cg_matmul_request *r);

/* The product of all batch axes. */
int64_t cg_product_batches(const cg_product *p);

/* Work in multiply-adds, 1 at least; saturates. */
double cg_product_work(const cg_product *p);

/* A tile of C for a work-group, with slices `depth` deep; 0 for candidates that have none. */
typedef struct cg_product_tile {
    int rows, columns, depth;
    int across, down; /* work-items, or warps of 32 where the matrix units are used */
} cg_product_tile;

typedef struct cg_product_candidate cg_product_candidate;

struct cg_product_candidate {
    const char *name;
    bool (*supports)(const cg_hw_opencl *hw, const cg_product *p, const cg_product_candidate *c);
    cg_status (*run)(cg_hw_opencl *hw, const cg_product *p, const cg_product_candidate *c);
    /* OpenCL C of ours: checked once for each dtype and cg_inner. Others are for each class, and never taken by rule. */
    bool trusted;
    cg_matmul_precision precision; /* what the user must have allowed */
    int64_t most_rows; /* timed only up to so many rows of A: beyond it is known to lose; 0: no such limit */
    cg_product_tile tile;
};

/* In the order the rule prefers them where their supports() says yes. The last supports everything. */
enum { CG_PRODUCT_CANDIDATES = 16 };
extern const cg_product_candidate cg_product_candidates[CG_PRODUCT_CANDIDATES];

#define CG_CANDIDATE(name)                                                                                   \
    bool cg_matmul_##name##_supports(const cg_hw_opencl *hw, const cg_product *p,                            \
                                     const cg_product_candidate *c);                                         \
    cg_status cg_matmul_##name##_run(cg_hw_opencl *hw, const cg_product *p, const cg_product_candidate *c);
CG_CANDIDATE(dot)       /* matmul_blocks.c: kernels in CPU style */
CG_CANDIDATE(block)     /* the same */
CG_CANDIDATE(tile)      /* matmul_tiles.c: kernels in GPU style */
CG_CANDIDATE(skinny)    /* the same */
CG_CANDIDATE(mma)       /* matmul_mma.c: NVIDIA's matrix units */
CG_CANDIDATE(split)     /* matmul_split.c: tiles, the depth cut into parts */
CG_CANDIDATE(split_mma) /* the same with matrix units */
CG_CANDIDATE(clblast)   /* matmul_clblast.c */
#undef CG_CANDIDATE

/* --- What the kernels have in common (matmul_opencl.c) -------------------------------------------------- */

/* The request for a kernel with the epilogue of p. */
cg_kernel_request cg_product_kernel(const cg_product *p, const char *file, const char *entry, int width);

/* MATRIX_PARAMS of kernels/matmul_operand.h. */
void cg_arg_matrices(cg_args *a, const cg_product *p, const cg_matrix *matrix_a, const cg_matrix *matrix_b);

/* PROGRAM_DIMS and PROGRAM_PARAMS of kernels/hooks.h: the axes, then the operands of the epilogue. */
void cg_arg_epilogue(cg_args *a, const cg_product *p, const cg_kernel_request *request);

/* --- Tiles in a grid of groups (matmul_grid.c) ------------------------------------------------------------ */

/* A product whose depth is cut into parts has them as its outermost batch axis. */
typedef struct cg_product_parts {
    int64_t whole, parts_of; /* the depth of all parts, the matrices of one; 0: no parts */
} cg_product_parts;

/* Fills in a request; its arguments are those of cg_grid_launch. */
typedef cg_kernel_request cg_grid_request(const cg_product *p, const void *shape);

/* A kernel over the tiles of C, `items` work-items a group; `shape` is for `request`. */
cg_status cg_grid_launch(cg_hw_opencl *hw, const cg_product *p, int tile_rows, int tile_columns, int items,
                         const cg_product_parts *split, cg_grid_request *request, const void *shape);

/* The tiles of C, of all its batches. */
int64_t cg_grid_tiles(const cg_product *p, const cg_product_tile *t);

/* Whether vectors of 4 line up in a matrix that is dense but for this stride. */
bool cg_grid_is_aligned(const cg_product *p, const cg_matrix *x, int64_t stride);

/* Defines A_WAY, B_WAY of kernels/matmul_slice.h, and SPLIT. */
void cg_grid_define_ways(cg_kernel_request *request, const cg_product *p, const cg_product_parts *split);

/* Whether a tile of this size leaves few rows and columns of a tile empty. */
bool cg_grid_fills(const cg_product *p, const cg_product_tile *t);

/* The products of one tile each, with or without parts: matmul_tiles.c, matmul_mma.c. */
bool cg_tile_fits(const cg_hw_opencl *hw, const cg_product *p, const cg_product_tile *t);
cg_status cg_tile_run(cg_hw_opencl *hw, const cg_product *p, const cg_product_candidate *c,
                      const cg_product_parts *split);
bool cg_mma_fits(const cg_hw_opencl *hw, const cg_product *p, const cg_product_candidate *c);
cg_status cg_mma_run(cg_hw_opencl *hw, const cg_product *p, const cg_product_candidate *c,
                     const cg_product_parts *split);

/* --- Which candidate (matmul_choice.c, matmul_check.c) -------------------------------------------------- */

/* Runs a product by the candidate its class has, measuring the candidates if the class is new. */
cg_status cg_matmul_run_best(cg_hw_opencl *hw, const cg_product *p);

/*
 * Whether a candidate multiplies right on this device: it computes the product of small integers with the
 * layout of p and sizes like its own (so that the same kernel runs), and C r = A (B r) must hold exactly for a random r (Freivalds). Of squared
 * distances the like (matmul_check.c). One that is not trusted must also be as exact as its precision says. Waits.
 */
bool cg_matmul_check(cg_hw_opencl *hw, const cg_product_candidate *candidate, const cg_product *p);

/* The product that is checked, without buffers: for what is asked of its layout alone. */
cg_product cg_matmul_check_copy(const cg_product *p);

#endif
