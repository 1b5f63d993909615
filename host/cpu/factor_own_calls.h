/*
 * The factorizations of kernels/factor_small.h in C, for T (core/elementary_c.h), as the table CG_OWN_TABLE. An optional
 * result of a kernel is a null pointer here as there.
 */
#include "host/cpu/factor_own.h"

#include "kernels/factor_small.h"

static int factor(cg_work kind, const cg_factor_request *r, const void *a, void *const *out, void *scratch) {
    const ptrdiff_t m = (ptrdiff_t)r->m, n = (ptrdiff_t)r->n;
    switch (kind) {
    case CG_WORK_LU:
        return lu_small(m, n, a, out[0], out[1], scratch);
    case CG_WORK_CHOLESKY:
        return cholesky_small(n, a, out[0], scratch);
    case CG_WORK_QR:
        qr_small(m, n, r->full, a, out[0], out[1], scratch);
        return 0;
    case CG_WORK_EIGH:
        return eigh_small(n, a, out[0], out[1], scratch);
    case CG_WORK_EIG:
        return eig_small(n, a, out[0], out[1], out[2], out[3], scratch);
    default:
        return svd_small(m, n, r->full, a, out[0], out[1], out[2], scratch);
    }
}

static void solve_triangular(const cg_solve_triangular_request *r, const void *a, void *x) {
    solve_small(r->lower, r->unit, r->transposed, (ptrdiff_t)r->n, a, (ptrdiff_t)r->a.stride[1], x,
                (ptrdiff_t)r->x.stride[1], 0, (ptrdiff_t)r->r);
}

const cg_own_type CG_OWN_TABLE = {factor, solve_triangular};
