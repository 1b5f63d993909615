/* How one matrix is factored on the CPU backend. */
#ifndef CLGRAD_HOST_CPU_FACTOR_CPU_H
#define CLGRAD_HOST_CPU_FACTOR_CPU_H

#include "host/cpu/cpu.h"

/*
 * A way to factor one matrix. All functions may be called from several threads at once and allocate nothing. `kind` is
 * the slot: CG_WORK_LU, CHOLESKY, QR, EIGH, EIG or SVD; backend.h says what each gives.
 */
typedef struct cg_factor_method {
    const char *name;
    /* Bytes of scratch memory that `factor` needs for one matrix of the request. */
    size_t (*scratch)(cg_work kind, const cg_factor_request *r);
    /* Factors the row-major a (m, n) into out[0..], of which those not wanted are NULL; returns the info. */
    int (*factor)(cg_work kind, const cg_factor_request *r, const void *a, void *const *out, void *scratch);
    /* One matrix of a and of x, with the row strides of the request. */
    void (*solve_triangular)(const cg_solve_triangular_request *r, const void *a, void *x);
} cg_factor_method;

/* Our own text in kernels/, the same as OpenCL's: for tiny matrices, and for builds without LAPACK. */
extern const cg_factor_method cg_factor_own;
#ifdef CG_WITH_BLAS
extern const cg_factor_method cg_factor_lapack;
#endif

#endif
