/*
 * Products by CBLAS, called from our threads on pieces of C (its own threads are off: blas_threads.h). Pieces do
 * not depend on the number of threads, because the bits of a library's result may depend on the shape it is
 * called with.
 */
#include "host/cpu/matmul_cpu.h"

#ifdef CG_WITH_BLAS
#include "host/cpu/blas_threads.h"

#include <cblas.h>
#include <limits.h>

/* An operand as CBLAS takes it: rows of adjacent elements, `ld` apart, or the transpose of that. */
typedef struct blas_matrix {
    CBLAS_TRANSPOSE transpose;
    int64_t ld;
} blas_matrix;

/* False if neither stride is 1, or if the other is too small or too large for a leading dimension. */
static bool blas_matrix_of(const cg_matrix *x, int64_t rows, int64_t columns, blas_matrix *out) {
    bool plain = x->col == 1 || columns == 1;
    if (plain && (x->row >= columns || rows == 1)) {
        *out = (blas_matrix){CblasNoTrans, rows == 1 ? columns : x->row};
    } else if ((x->row == 1 || rows == 1) && (x->col >= rows || columns == 1)) {
        *out = (blas_matrix){CblasTrans, columns == 1 ? rows : x->col};
    } else {
        return false;
    }
    if (out->ld < 1) out->ld = 1;
    return out->ld <= INT_MAX;
}

static bool blas_supports(cg_hw *hw, const cg_matmul_request *r) {
    (void)hw;
    blas_matrix a, b;
    const cg_operand *output = cg_matmul_place_of(r).output;
    const int64_t c_row = output ? output->stride[r->batch_rank] : r->c.row;
    return r->inner == CG_INNER_PRODUCT && r->m <= INT_MAX && r->n <= INT_MAX && r->k <= INT_MAX &&
           r->k > 0 && c_row <= INT_MAX && blas_matrix_of(&r->a, r->m, r->k, &a) &&
           blas_matrix_of(&r->b, r->k, r->n, &b);
}

typedef struct blas_work {
    cg_hw *hw;
    cg_matmul_grid grid;
    cg_matmul_desk desk;
    blas_matrix a, b;
} blas_work;

static void blas_piece(const blas_work *w, const cg_matmul_piece *p, void *c, int c_row) {
    const cg_matmul_request *r = w->grid.r;
    int m = (int)p->m, n = (int)p->n, k = (int)r->k;
    int lda = (int)w->a.ld, ldb = (int)w->b.ld;
    if (r->dtype == CG_F32) {
        cblas_sgemm(CblasRowMajor, w->a.transpose, w->b.transpose, m, n, k, 1.0F, (const void *)p->a, lda,
                    (const void *)p->b, ldb, 0.0F, c, c_row);
    } else {
        cblas_dgemm(CblasRowMajor, w->a.transpose, w->b.transpose, m, n, k, 1.0, (const void *)p->a, lda,
                    (const void *)p->b, ldb, 0.0, c, c_row);
    }
}

static void blas_body(void *ctx, int64_t begin, int64_t end, int thread) {
    const blas_work *w = ctx;
    for (int64_t number = begin; number < end; number++) {
        cg_matmul_piece piece = cg_matmul_piece_at(&w->grid, number);
        int64_t row;
        unsigned char *c = cg_matmul_desk_at(&w->desk, &piece, thread, &row);
        blas_piece(w, &piece, c, (int)row);
        cg_matmul_finish(w->hw, w->grid.r, &piece, c, row);
    }
}

/* About eight pieces of a large matrix, along its longer side, none below 128 rows or columns. */
static cg_matmul_grid blas_cut(const cg_matmul_request *r) {
    int64_t longest = r->m > r->n ? r->m : r->n, step = (longest + 7) / 8;
    step = step < 128 ? 128 : (step + 31) / 32 * 32;
    const int64_t n = (longest + step - 1) / step;
    return r->m > r->n ? cg_matmul_cut(r, step, r->n, n, 1) : cg_matmul_cut(r, r->m, step, 1, n);
}

static cg_status blas_run(cg_hw *hw, const cg_matmul_request *r) {
    cg_blas_use_one_thread();
    blas_work w = {.hw = hw, .grid = blas_cut(r)};
    if (cg_matmul_desk_make(hw, &w.grid, &w.desk)) return CG_ERROR_MEMORY;
    blas_matrix_of(&r->a, r->m, r->k, &w.a);
    blas_matrix_of(&r->b, r->k, r->n, &w.b);
    cg_parallel_for(w.grid.n, 1, blas_body, &w);
    return CG_OK;
}
#else
static bool blas_supports(cg_hw *hw, const cg_matmul_request *r) {
    (void)hw, (void)r;
    return false;
}

static cg_status blas_run(cg_hw *hw, const cg_matmul_request *r) {
    (void)r;
    return CG_FAIL(hw->err, CG_ERROR_STATE, "matmul: built without CBLAS");
}
#endif

const cg_matmul_candidate cg_matmul_blas = {"blas", blas_supports, blas_run};
