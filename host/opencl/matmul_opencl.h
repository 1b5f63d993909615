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

typedef struct cg_product_candidate {
    const char *name;
    bool trusted; /* ours: its result is checked once for each dtype and cg_inner; else once for each class */
    int64_t most_rows; /* timed against others only up to so many rows of A: beyond it is known to lose */
    bool (*supports)(const cg_hw_opencl *hw, const cg_product *p);
    cg_status (*run)(cg_hw_opencl *hw, const cg_product *p);
} cg_product_candidate;

/* In the order the rule prefers them where their supports() says yes. The last supports everything. */
enum { CG_PRODUCT_CANDIDATES = 7 };
extern const cg_product_candidate cg_product_candidates[CG_PRODUCT_CANDIDATES];

/* matmul_blocks.c: kernels in CPU style */
bool cg_matmul_dot_supports(const cg_hw_opencl *hw, const cg_product *p);
cg_status cg_matmul_dot_run(cg_hw_opencl *hw, const cg_product *p);
bool cg_matmul_block_supports(const cg_hw_opencl *hw, const cg_product *p);
cg_status cg_matmul_block_run(cg_hw_opencl *hw, const cg_product *p);

/* matmul_tiles.c: kernels in GPU style */
bool cg_matmul_tile128_supports(const cg_hw_opencl *hw, const cg_product *p);
cg_status cg_matmul_tile128_run(cg_hw_opencl *hw, const cg_product *p);
bool cg_matmul_tile64_supports(const cg_hw_opencl *hw, const cg_product *p);
cg_status cg_matmul_tile64_run(cg_hw_opencl *hw, const cg_product *p);
bool cg_matmul_tile32_supports(const cg_hw_opencl *hw, const cg_product *p);
cg_status cg_matmul_tile32_run(cg_hw_opencl *hw, const cg_product *p);
bool cg_matmul_skinny_supports(const cg_hw_opencl *hw, const cg_product *p);
cg_status cg_matmul_skinny_run(cg_hw_opencl *hw, const cg_product *p);

/* matmul_clblast.c */
bool cg_matmul_clblast_supports(const cg_hw_opencl *hw, const cg_product *p);
cg_status cg_matmul_clblast_run(cg_hw_opencl *hw, const cg_product *p);

/* --- What the kernels have in common (matmul_opencl.c) -------------------------------------------------- */

/* The request for a kernel with the epilogue of p. */
cg_kernel_request cg_product_kernel(const cg_product *p, const char *file, const char *entry, int width);

/* MATRIX_PARAMS of kernels/matmul_operand.h. */
void cg_arg_matrices(cg_args *a, const cg_product *p, const cg_matrix *matrix_a, const cg_matrix *matrix_b);

/* PROGRAM_DIMS and PROGRAM_PARAMS of kernels/hooks.h: the axes, then the operands of the epilogue. */
void cg_arg_epilogue(cg_args *a, const cg_product *p, const cg_kernel_request *request);

/* --- Which candidate (matmul_choice.c, matmul_check.c) -------------------------------------------------- */

/* Runs a product by the candidate its class has, measuring the candidates if the class is new. */
cg_status cg_matmul_run_best(cg_hw_opencl *hw, const cg_product *p);

/*
 * Whether a candidate multiplies right on this device: it computes the product of small integers with the
 * layout of p and sizes like its own, and C r = A (B r) must hold exactly for a random r (Freivalds). Of squared
 * distances the like (matmul_check.c). Waits.
 */
bool cg_matmul_check(cg_hw_opencl *hw, const cg_product_candidate *candidate, const cg_product *p);

#endif
