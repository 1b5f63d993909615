/* Products by our own kernels (isa/gemm_tiles.h): how C, or k where C is small, is cut for the threads. */
#include "host/cpu/matmul_cpu.h"

#include <string.h>

#define WORTH_US 6.0 /* work of one core below which a second one does not pay */

typedef struct own_work {
    cg_hw *hw;
    const cg_gemm_isa *isa;
    void (*multiply)(const cg_gemm_block *g);
    cg_matmul_grid grid;
    unsigned char *pack; /* pack_bytes for each thread */
    size_t pack_bytes;
    cg_matmul_desk desk;
} own_work;

static cg_gemm_block piece_block(const cg_matmul_request *r, const cg_matmul_piece *piece) {
    return (cg_gemm_block){.m = piece->m,
                           .n = piece->n,
                           .k = r->k,
                           .a = piece->a,
                           .a_row = (ptrdiff_t)r->a.row,
                           .a_col = (ptrdiff_t)r->a.col,
                           .b = piece->b,
                           .b_row = (ptrdiff_t)r->b.row,
                           .b_col = (ptrdiff_t)r->b.col};
}

static void own_body(void *ctx, int64_t begin, int64_t end, int thread) {
    const own_work *w = ctx;
    const cg_matmul_request *r = w->grid.r;
    for (int64_t number = begin; number < end; number++) {
        cg_matmul_piece piece = cg_matmul_piece_at(&w->grid, number);
        cg_gemm_block g = piece_block(r, &piece);
        g.pack = w->pack + (size_t)thread * w->pack_bytes;
        int64_t row;
        g.c = cg_matmul_desk_at(&w->desk, &piece, thread, &row);
        g.c_row = (ptrdiff_t)row;
        w->multiply(&g);
        cg_matmul_finish(w->hw, r, &piece, g.c, row);
    }
}

/* --- Cutting C -------------------------------------------------------------------------------------------- */

/* Work of one core, roughly: 100 multiply-adds (f32) or 50 bytes a nanosecond. */
static double estimate_us(const cg_matmul_request *r) {
    double size = (double)cg_dtype_size(r->dtype), m = (double)r->m, n = (double)r->n, k = (double)r->k;
    double us = m * n * k * size / 4e5 + (m * k + k * n + m * n) * size / 5e4;
    for (int d = 0; d < r->batch_rank; d++) us *= (double)r->batch[d];
    return us;
}

static int64_t round_up(int64_t x, int64_t to) { return (x + to - 1) / to * to; }

/* How many pieces there should be, so that the threads finish together. */
static double wanted_pieces(double us) {
    const int threads = cg_parallel_threads();
    if (threads == 1 || us < WORTH_US) return 1.0;
    double wanted = us / 10.0, most = 2.0 * threads, least = threads < us / 3.0 ? threads : us / 3.0;
    return wanted > most ? most : wanted < least ? least : wanted;
}

/*
 * Pieces of at most 1056 x 512 (f32), so that the panels of a block of k stay in L2 with the rows of A that are under
 * way; with an epilogue of at most 240 rows, so that it finds its piece there. Cutting the rows means that B is packed
 * again for each piece, cutting the columns that A is.
 */
static cg_matmul_grid own_cut(const cg_matmul_request *r, const cg_gemm_isa *isa, const cg_gemm_block *g) {
    const int64_t unit_m = isa->rows, unit_n = isa->columns;
    const int64_t most_m = round_up(r->epilogue ? 240 : 1056, unit_m),
                  most_n = 2048 / (int64_t)cg_dtype_size(r->dtype);
    const double us = estimate_us(r);
    if (us < WORTH_US && r->m <= most_m && r->n <= most_n) return cg_matmul_cut(r, unit_m, unit_n, 1, 1);
    const double wanted = wanted_pieces(us);
    const bool packs_a = isa->packs_a(g), packs_b = isa->packs_b(g);
    int64_t cut_m = (r->m + most_m - 1) / most_m, cut_n = (r->n + most_n - 1) / most_n;
    for (;;) {
        cg_matmul_grid grid = cg_matmul_cut(r, unit_m, unit_n, cut_m, cut_n);
        bool can_m = grid.rows >= 4 * unit_m, can_n = grid.columns >= 2 * unit_n;
        if ((double)grid.n >= wanted || (!can_m && !can_n)) return grid;
        bool rather_rows = packs_a != packs_b ? packs_a : grid.rows > grid.columns;
        if ((rather_rows && can_m) || !can_n) {
            cut_m++;
        } else {
            cut_n++;
        }
    }
}

/* Whether the epilogue is an optimizer's step: it reads and writes matrices of its own in place, more than the product is. */
static bool is_step(const cg_matmul_request *r) {
    return r->epilogue && r->epilogue->n_outputs > 1 && cg_matmul_place_of(r).apart;
}

/*
 * Whole rows, so that the matrices beside the product are read straight on; equally many pieces for each thread; no piece of
 * so few rows that packing B for it is what takes longest. Rows are cut where a thread's piece, which has memory of its own,
 * would be larger than L2, or where there are fewer of them than threads.
 */
static cg_matmul_grid step_cut(const cg_matmul_request *r, const cg_gemm_isa *isa) {
    enum { PIECE_BYTES = 1 << 20 };
    const int64_t threads = cg_parallel_threads(), least = r->k > 4 * isa->rows ? r->k : 4 * isa->rows;
    const int64_t size = (int64_t)cg_dtype_size(r->dtype),
                  passes = r->epilogue->n_inputs + r->epilogue->n_outputs - 1;
    const double us = estimate_us(r) + (double)(r->m * r->n * passes * size) / 5e4;
    if (us < WORTH_US) return cg_matmul_cut(r, isa->rows, isa->columns, 1, 1);
    int64_t each = r->m / (least * threads);
    each = each < 1 ? 1 : each > 8 ? 8 : each;
    const cg_matmul_grid whole = cg_matmul_cut(r, isa->rows, isa->columns, each * threads, 1);
    const int64_t large = (whole.rows * r->n * size + PIECE_BYTES - 1) / PIECE_BYTES;
    const int64_t few = (threads + whole.n - 1) / whole.n;
    return cg_matmul_cut(r, isa->rows, isa->columns, whole.n_rows, large > few ? large : few);
}

/* --- Cutting k -------------------------------------------------------------------------------------------- */

typedef struct split_work {
    const own_work *w;
    cg_gemm_block whole;
    int64_t step;        /* products in a part: those that the kernel sums before it adds them to C */
    unsigned char *part; /* what each part comes to, m x n */
} split_work;

static int64_t parts_in(const cg_matmul_request *r, int64_t step) { return (r->k + step - 1) / step; }
static size_t part_bytes(const cg_matmul_request *r) {
    return (size_t)(r->m * r->n) * cg_dtype_size(r->dtype);
}
static size_t parts_bytes(const cg_matmul_request *r, int64_t step) {
    return (size_t)parts_in(r, step) * part_bytes(r);
}

static void split_body(void *ctx, int64_t begin, int64_t end, int thread) {
    const split_work *s = ctx;
    const ptrdiff_t size = (ptrdiff_t)cg_dtype_size(s->w->grid.r->dtype);
    for (int64_t number = begin; number < end; number++) {
        cg_gemm_block g = s->whole;
        const ptrdiff_t p = (ptrdiff_t)(number * s->step);
        g.k = g.k - p < s->step ? g.k - p : s->step;
        g.a = (const unsigned char *)g.a + p * g.a_col * size;
        g.b = (const unsigned char *)g.b + p * g.b_row * size;
        g.c = s->part + (size_t)number * part_bytes(s->w->grid.r);
        g.c_row = (ptrdiff_t)g.n;
        g.pack = s->w->pack + (size_t)thread * s->w->pack_bytes;
        s->w->multiply(&g);
    }
}

/* One piece of C, and long sums: the parts are computed by the threads, then added in order, with the bits of one thread. */
static bool suits_split(const own_work *w, int64_t step) {
    const cg_matmul_request *r = w->grid.r;
    return w->grid.n == 1 && r->k >= 2 * step && cg_parallel_threads() > 1 && estimate_us(r) >= WORTH_US;
}

static void own_split(own_work *w, int64_t step) {
    const cg_matmul_request *r = w->grid.r;
    const cg_matmul_piece piece = cg_matmul_piece_at(&w->grid, 0);
    split_work s = {.w = w, .whole = piece_block(r, &piece), .step = step};
    const int64_t n_parts = parts_in(r, step);
    const size_t bytes = part_bytes(r), size = cg_dtype_size(r->dtype), row_bytes = (size_t)r->n * size;
    s.part = w->pack + (size_t)cg_parallel_threads() * w->pack_bytes;
    cg_parallel_for(n_parts, 1, split_body, &s);
    cg_row_loop *add = cg_cpu_of(w->hw)->isa->rows[r->dtype]->loop[CG_ROW_add];
    for (int64_t i = 1; i < n_parts; i++) add(s.part, s.part + (size_t)i * bytes, NULL, s.part, r->m * r->n);
    int64_t row;
    unsigned char *c = cg_matmul_desk_at(&w->desk, &piece, 0, &row);
    for (int64_t i = 0; i < r->m; i++)
        memcpy(c + (size_t)(i * row) * size, s.part + (size_t)i * row_bytes, row_bytes);
    cg_matmul_finish(w->hw, r, &piece, c, row);
}

/* --- The choice ------------------------------------------------------------------------------------------- */

/*
 * Not too many rows against the rows of B: both operands are read along k as they are, nothing is packed.
 * Measured (one core of a Zen 5, f32, 784 columns, k = 512, GFLOP/s as dots / as blocks):
 *     rows          1          4          16         32         128
 *     AVX-512    58 / 18   220 / 69   241 / 149  242 / 193  257 / 250
 *     AVX2       55 / 13   101 / 49    99 / 90   103 / 107  103 / 129
 *     SSE2       36 / 10    52 / 25    53 / 35    52 / 37    53 / 39
 * and of a Sapphire Rapids, 392 columns:
 *     AVX-512    70 / 16   143 / 51   148 / 99   148 / 125  141 / 150
 *     AVX2       61 / 8     81 / 30    83 / 60    81 / 80    78 / 92
 */
static bool suits_dots(const cg_gemm_isa *isa, const cg_gemm_block *g) {
    bool along_k = g->a_col == 1 && g->b_row == 1 && g->b_col != 1;
    return along_k && g->k >= (g->m <= 16 ? 64 : 256) && g->m <= isa->dots_rows;
}

static void turn(cg_operand *o, int axis) {
    const int64_t row = o->stride[axis];
    o->stride[axis] = o->stride[axis + 1], o->stride[axis + 1] = row;
}

/* (A B)^T = B^T A^T: the same memory if C is one contiguous column. */
static cg_matmul_request transposed(const cg_matmul_request *r) {
    cg_matmul_request t = *r;
    t.m = r->n, t.n = r->m;
    t.a = r->b, t.b = r->a;
    t.a.row = r->b.col, t.a.col = r->b.row;
    t.b.row = r->a.col, t.b.col = r->a.row;
    t.c.row = r->m;
    for (int k = 0; r->epilogue && k < r->epilogue->n_inputs - 1; k++) turn(&t.in[k], r->batch_rank);
    for (int k = 0; r->epilogue && k < r->epilogue->n_outputs - 1; k++) turn(&t.more[k], r->batch_rank);
    return t;
}

static cg_status own_run(cg_hw *hw, const cg_matmul_request *request) {
    cg_matmul_request turned;
    const cg_matmul_request *r = request;
    if (r->n == 1 && r->m > 1 && r->c.row == 1) {
        turned = transposed(request);
        r = &turned;
    }
    own_work w = {.hw = hw, .isa = cg_cpu_of(hw)->isa->gemm[r->inner][r->dtype]};
    cg_matmul_piece whole = {.m = r->m, .n = r->n};
    cg_gemm_block g = piece_block(r, &whole);
    w.grid = is_step(r) ? step_cut(r, w.isa) : own_cut(r, w.isa, &g);
    const bool dots = suits_dots(w.isa, &g);
    w.multiply = dots ? w.isa->dots : w.isa->block;
    const int64_t step = dots ? w.isa->dots_k : w.isa->block_k;
    const bool split = suits_split(&w, step);
    const size_t threads = w.grid.n == 1 && !split ? 1 : (size_t)cg_parallel_threads();
    w.pack_bytes = (w.isa->pack_bytes(w.grid.columns) + 63) & ~(size_t)63;
    w.pack = cg_cpu_workspace(hw, CG_WORKSPACE_MATMUL_B,
                              threads * w.pack_bytes + (split ? parts_bytes(r, step) : 0));
    if (!w.pack || cg_matmul_desk_make(hw, &w.grid, &w.desk)) return CG_ERROR_MEMORY;
    if (split)
        own_split(&w, step);
    else
        cg_parallel_for(w.grid.n, 1, own_body, &w);
    return CG_OK;
}

static bool own_supports(cg_hw *hw, const cg_matmul_request *r) {
    (void)hw, (void)r;
    return true;
}

const cg_matmul_candidate cg_matmul_own = {"own", own_supports, own_run};
