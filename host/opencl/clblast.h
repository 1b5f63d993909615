/*
 * libclblast, loaded at run time and not trusted: version 1.5.3 is not thread-safe (every call here holds one
 * process-wide lock), and some of its tuning entries give wrong products with status 0 (those with GEMMK = 1
 * and MWG != NWG). So parameters known to be right are set before its first use on a device, and the caller
 * checks results (matmul_check.c).
 */
#ifndef CLGRAD_HOST_OPENCL_CLBLAST_H
#define CLGRAD_HOST_OPENCL_CLBLAST_H

#include "host/opencl/opencl.h"

/*
 * C = A B, C (m, n) row-major; a and b say whether the matrix is transposed in memory. Offsets in elements.
 */
typedef struct cg_clblast_gemm {
    cg_dtype dtype;
    size_t m, n, k, batches;
    bool a_transposed, b_transposed;
    cl_mem a, b, c;
    size_t a_offset, a_row, a_batch; /* a_row: from one row in memory to the next */
    size_t b_offset, b_row, b_batch;
    size_t c_offset, c_row, c_batch;
} cg_clblast_gemm;

/* Whether the library is there and its parameters could be set for this device and dtype. */
bool cg_clblast_usable(const cg_hw_opencl *hw, cg_dtype dtype);

/* Enqueues the product. CLBlast's status: 0, a negative OpenCL error or one of its own. */
int cg_clblast_run(cg_hw_opencl *hw, const cg_clblast_gemm *g);

#endif
