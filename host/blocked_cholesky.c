/*
 * Cholesky, left-looking: a panel of columns, what is left of it after those before,
 *     P = A[j:, j:j+w] - L[j:, :j] L[j:j+w, :j]^T,
 * is one product on the device, none of which is wasted on the upper triangle; the CPU factors its first rows and solves
 * for the others. It travels transposed, as a triangular solve wants it.
 */
#include "host/blocks.h"

#include <string.h>

enum { PANEL = 64 }; /* docs/decisions/0014 */

typedef struct cholesky_work {
    cg_blocks b;
    const cg_factor_request *r;
    int64_t block, factor, whole; /* in `host`: the first rows, their factor; info, counted in i32 */
} cholesky_work;

/* to[j, i] = from[i, j] in `host`, (w, w), the lower triangle of `to`; above it 0. */
static void turn_triangle(const cg_blocks *b, int64_t from, int64_t from_row, int64_t to, int64_t to_row,
                          int64_t w, bool lower) {
    for (int64_t i = 0; i < w; i++)
        for (int64_t j = 0; j < w; j++) {
            const bool there = lower ? i >= j : i <= j;
            cg_blocks_set(b, to + i * to_row + j, there ? cg_blocks_get(b, from + j * from_row + i) : 0);
        }
}

/* (w, rows), P^T, at the start of `host` becomes L^T; gives the info of its first columns. */
static int32_t factor_panel(cholesky_work *s, int64_t w, int64_t rows) {
    cg_blocks *b = &s->b;
    const cg_operand host = {.buffer = b->on_cpu, .dtype = b->dtype};
    int32_t *info = (int32_t *)(void *)b->host + s->whole;
    if (b->status != CG_OK) return 0;
    turn_triangle(b, 0, rows, s->block, w, w, true);
    cg_factor_request r = {
        .dtype = b->dtype, .batch = 1, .m = w, .n = w, .a = host, .out = {host}, .info = host};
    r.a.offset = s->block;
    r.out[0].offset = s->factor;
    r.info.dtype = CG_I32;
    r.info.offset = s->whole;
    b->status = cg_hw_factor(b->cpu, CG_WORK_CHOLESKY, &r);
    if (b->status != CG_OK) return 0;
    if (*info != 0) return *info;
    turn_triangle(b, s->factor, w, 0, rows, w, false);
    if (rows == w) return 0;
    cg_solve_triangular_request solve = {
        .dtype = b->dtype, .lower = true, .batch = 1, .n = w, .r = rows - w, .a = host, .x = host};
    solve.a.offset = s->factor;
    solve.a.stride[1] = w;
    solve.x.offset = w;
    solve.x.stride[1] = rows;
    b->status = cg_hw_solve_triangular(b->cpu, &solve);
    return 0;
}

/* Columns j .. j + w - 1 of l. */
static int32_t cholesky_step(cholesky_work *s, cg_matrix a, cg_matrix l, int64_t j, int64_t w) {
    cg_blocks *b = &s->b;
    const int64_t rows = s->r->n - j;
    const cg_matrix panel = cg_block_in(b->staged, 0, rows), from = cg_block_turned(cg_block_at(a, j, j));
    const cg_matrix before = cg_block_at(l, j, 0);
    if (j == 0)
        cg_blocks_copy(b, w, rows, from, panel);
    else
        cg_blocks_multiply(b, (int64_t[]){w, rows, j}, before, cg_block_turned(before), &from, panel);
    cg_blocks_fetch(b, w * rows);
    const int32_t info = factor_panel(s, w, rows);
    if (info != 0) return (int32_t)j + info;
    cg_blocks_send(b, 0, w * rows);
    cg_blocks_copy(b, rows, w, cg_block_turned(panel), cg_block_at(l, j, j));
    return 0;
}

static void cholesky_matrix(cholesky_work *s, int64_t index, cg_buffer *instead) {
    cg_blocks *b = &s->b;
    const int64_t n = s->r->n;
    const cg_matrix a = cg_blocks_input(s->r, index);
    const cg_matrix l = instead ? cg_block_in(instead, 0, n) : cg_blocks_result(s->r, 0, index, n);
    int32_t info = 0;
    cg_blocks_fill(b, n, n, l, 0);
    for (int64_t j = 0; j < n && info == 0 && b->status == CG_OK; j += PANEL)
        info = cholesky_step(s, a, l, j, cg_block_smaller(PANEL, n - j));
    cg_blocks_write_whole(b, &s->r->info, index, &info, 1);
}

cg_status cg_blocked_cholesky(cg_hw *hw, const cg_factor_request *r) {
    const int64_t panel = r->n * PANEL, square = PANEL * PANEL;
    cholesky_work s = {.r = r, .block = panel, .factor = panel + square};
    s.whole = (panel + 2 * square) * (int64_t)(cg_dtype_size(r->dtype) / 4);
    cg_blocks_begin(&s.b, hw, CG_WORK_CHOLESKY, r->dtype, panel + 2 * square + 1, panel);
    cg_buffer *instead = r->out[0].buffer ? NULL : cg_blocks_buffer(&s.b, r->n * r->n);
    for (int64_t index = 0; index < r->batch && s.b.status == CG_OK; index++)
        cholesky_matrix(&s, index, instead);
    return cg_blocks_end(&s.b);
}
