/* Our own text as a way to factor a matrix: by the type of the request. */
#include "host/cpu/factor_own.h"

#include "kernels/factor_sizes.h"

static size_t scratch(cg_work kind, const cg_factor_request *r) {
    const int64_t m = r->m, n = r->n, most = MOST(m, n), least = LEAST(m, n),
                  long_columns = r->full ? most : least;
    const int64_t elements = kind == CG_WORK_LU         ? LU_WORK(m, n)
                             : kind == CG_WORK_CHOLESKY ? CHOLESKY_WORK(n)
                             : kind == CG_WORK_QR       ? QR_WORK(m, n, r->full ? m : least)
                             : kind == CG_WORK_EIGH     ? EIGH_WORK(n)
                             : kind == CG_WORK_EIG      ? EIG_WORK(n)
                                                        : SVD_WORK(most, least, long_columns);
    return (size_t)elements * cg_dtype_size(r->dtype);
}

static const cg_own_type *of(cg_dtype dtype) { return dtype == CG_F32 ? &cg_own_f32 : &cg_own_f64; }

static int factor(cg_work kind, const cg_factor_request *r, const void *a, void *const *out, void *memory) {
    return of(r->dtype)->factor(kind, r, a, out, memory);
}

static void solve_triangular(const cg_solve_triangular_request *r, const void *a, void *x) {
    of(r->dtype)->solve_triangular(r, a, x);
}

const cg_factor_method cg_factor_own = {"own", scratch, factor, solve_triangular};
