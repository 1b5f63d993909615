/*
 * Linear algebra on the CPU: each matrix is factored by one thread, and a stack is shared out among them. How one matrix is
 * factored is a table (factor_cpu.h). Large ones are factored block by block where that costs no more work than LAPACK's
 * way (LU, QR), as its products are shared out among the threads. Nothing depends on the number of threads.
 */
#include "host/cpu/factor_cpu.h"

#include "host/blocks.h"

#include <limits.h>
#include <stdatomic.h>

/* Multiply-adds that are worth a second thread: some microseconds. */
enum { WORTH = 20000 };

/*
 * Up to these sizes our own text is faster than LAPACK, which makes more calls than it computes: at 4 x 4 by two to four
 * times (measured on Zen 2 with OpenBLAS 0.3.21, f32 and f64).
 */
#ifdef CG_WITH_BLAS
static int64_t own_limit(cg_work kind) {
    return kind == CG_WORK_LU || kind == CG_WORK_EIG    ? 24
           : kind == CG_WORK_QR || kind == CG_WORK_EIGH ? 16
                                                        : 8;
}
#endif

static const cg_factor_method *choose(cg_work kind, int64_t m, int64_t n) {
#ifdef CG_WITH_BLAS
    if (m > own_limit(kind) || n > own_limit(kind)) return &cg_factor_lapack;
#else
    (void)kind, (void)m, (void)n;
#endif
    return &cg_factor_own;
}

/* LAPACK counts in int: the elements of its work memory, 4 k^2 at most, and rows. */
static bool countable(int64_t m, int64_t n) {
    const int64_t most = 16384, k = m < n ? m : n, longest = m > n ? m : n;
    return k <= most && longest <= INT_MAX / 256;
}

/* How many threads are given matrices of so many multiply-adds each. */
static int64_t desks_for(int64_t batch, double each) {
    const double worth = (double)batch * each / WORTH;
    const int64_t threads = cg_parallel_threads(), most = batch < threads ? batch : threads;
    return worth < 2 ? 1 : worth < (double)most ? (int64_t)worth : most;
}

/* --- Factoring ------------------------------------------------------------------------------------------------------ */

typedef struct factor_work {
    cg_work kind;
    const cg_factor_request *r;
    const cg_factor_method *method;
    unsigned char *memory; /* scratch_bytes for each desk */
    size_t scratch_bytes;
    _Atomic int64_t next; /* the first matrix nobody has taken */
} factor_work;

static void factor_matrix(const factor_work *w, int64_t b, void *scratch) {
    const cg_factor_request *r = w->r;
    const int64_t size = (int64_t)cg_dtype_size(r->dtype);
    const unsigned char *a = cg_cpu_data(&r->a);
    void *out[CG_FACTORS] = {0};
    for (int j = 0; j < CG_FACTORS; j++) {
        const cg_operand *o = &r->out[j];
        if (!o->buffer) continue;
        out[j] = (unsigned char *)cg_cpu_data(o) + b * o->stride[0] * (int64_t)cg_dtype_size(o->dtype);
    }
    int32_t *info = cg_cpu_data(&r->info);
    info[b] = w->method->factor(w->kind, r, a + b * r->m * r->n * size, out, scratch);
}

/* A desk is scratch memory and whoever sits at it: matrices are taken one by one, as their times differ. */
static void factor_at_desks(void *ctx, int64_t begin, int64_t end, int thread) {
    factor_work *w = ctx;
    (void)thread;
    for (int64_t desk = begin; desk < end; desk++)
        for (int64_t b; (b = atomic_fetch_add(&w->next, 1)) < w->r->batch;)
            factor_matrix(w, b, w->memory + (size_t)desk * w->scratch_bytes);
}

static cg_status factor(cg_hw *hw, cg_work kind, const cg_factor_request *r) {
    factor_work w = {.kind = kind, .r = r, .method = choose(kind, r->m, r->n)};
    if (!countable(r->m, r->n))
        return CG_FAIL(hw->err, CG_ERROR_SHAPE, "%s: matrices of %lld x %lld are too large",
                       cg_work_name(kind), (long long)r->m, (long long)r->n);
    const double k = (double)(r->m < r->n ? r->m : r->n);
    const int64_t desks = desks_for(r->batch, (double)r->m * (double)r->n * k);
    w.scratch_bytes = (w.method->scratch(kind, r) + 63) / 64 * 64;
    w.memory = cg_cpu_workspace(hw, CG_WORKSPACE_FACTOR, (size_t)desks * w.scratch_bytes);
    if (!w.memory) return CG_ERROR_MEMORY;
    hw->stats.launches++;
    cg_parallel_for(desks, 1, factor_at_desks, &w);
    return CG_OK;
}

static bool is_large(const cg_factor_request *r) { return r->m >= CG_BLOCKS_FROM && r->n >= CG_BLOCKS_FROM; }

cg_status cg_cpu_lu(cg_hw *hw, const cg_factor_request *r) {
    return is_large(r) ? cg_blocked_lu(hw, r) : factor(hw, CG_WORK_LU, r);
}
cg_status cg_cpu_cholesky(cg_hw *hw, const cg_factor_request *r) { return factor(hw, CG_WORK_CHOLESKY, r); }
cg_status cg_cpu_qr(cg_hw *hw, const cg_factor_request *r) {
    return is_large(r) ? cg_blocked_qr(hw, r) : factor(hw, CG_WORK_QR, r);
}
cg_status cg_cpu_eigh(cg_hw *hw, const cg_factor_request *r) { return factor(hw, CG_WORK_EIGH, r); }
cg_status cg_cpu_eig(cg_hw *hw, const cg_factor_request *r) { return factor(hw, CG_WORK_EIG, r); }
cg_status cg_cpu_svd(cg_hw *hw, const cg_factor_request *r) { return factor(hw, CG_WORK_SVD, r); }

/* --- Triangular solves ----------------------------------------------------------------------------------------------- */

typedef struct solve_work {
    const cg_solve_triangular_request *r;
    const cg_factor_method *method;
    int64_t columns, parts; /* right-hand sides that are solved for at a time; such parts of a matrix */
} solve_work;

static void solve_parts(void *ctx, int64_t begin, int64_t end, int thread) {
    const solve_work *w = ctx;
    const int64_t size = (int64_t)cg_dtype_size(w->r->dtype);
    const unsigned char *a = cg_cpu_data(&w->r->a);
    unsigned char *x = cg_cpu_data(&w->r->x);
    (void)thread;
    for (int64_t number = begin; number < end; number++) {
        const int64_t b = number / w->parts, first = number % w->parts * w->columns, left = w->r->r - first;
        cg_solve_triangular_request part = *w->r;
        part.r = left < w->columns ? left : w->columns;
        w->method->solve_triangular(&part, a + b * w->r->a.stride[0] * size,
                                    x + (b * w->r->x.stride[0] + first) * size);
    }
}

cg_status cg_cpu_solve_triangular(cg_hw *hw, const cg_solve_triangular_request *r) {
    solve_work w = {.r = r, .method = choose(CG_WORK_SOLVE_TRIANGULAR, r->n, 1), .columns = 128};
    if (r->n > INT_MAX || r->r > INT_MAX || r->a.stride[1] > INT_MAX || r->x.stride[1] > INT_MAX)
        return CG_FAIL(hw->err, CG_ERROR_SHAPE,
                       "solve_triangular: %lld unknowns, %lld right-hand sides are too many", (long long)r->n,
                       (long long)r->r);
    if (r->r < w.columns) w.columns = r->r;
    w.parts = (r->r - 1) / w.columns + 1;
    const double grain = WORTH / ((double)r->n * (double)r->n * (double)w.columns / 2);
    hw->stats.launches++;
    cg_parallel_for(r->batch * w.parts, grain > 1 ? (int64_t)grain : 1, solve_parts, &w);
    return CG_OK;
}
