/* LAPACK as a way to factor a matrix: by the type of the request. */
#include "host/cpu/factor_lapack.h"

#ifdef CG_WITH_BLAS
#include "host/cpu/blas_threads.h"

static const cg_lapack_type *of(cg_dtype dtype) { return dtype == CG_F32 ? &cg_lapack_f32 : &cg_lapack_f64; }

static size_t scratch(cg_work kind, const cg_factor_request *r) { return of(r->dtype)->scratch(kind, r); }

static int factor(cg_work kind, const cg_factor_request *r, const void *a, void *const *out, void *memory) {
    cg_blas_use_one_thread();
    return of(r->dtype)->factor(kind, r, a, out, memory);
}

static void solve_triangular(const cg_solve_triangular_request *r, const void *a, void *x) {
    cg_blas_use_one_thread();
    of(r->dtype)->solve_triangular(r, a, x);
}

const cg_factor_method cg_factor_lapack = {"lapack", scratch, factor, solve_triangular};
#endif
