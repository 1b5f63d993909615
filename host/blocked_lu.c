/*
 * LU, right-looking: a panel of columns is factored on the CPU, its exchanges are made in the rows of the whole matrix, and
 *     U12 = L11^-1 A12,  A22 = A22 - L21 U12
 * are products on the device, as the triangle L11 comes back inverted. Its diagonal is 1 and no entry is larger, so
 * that the inverse is a good one unless the matrix is contrived.
 */
#include "host/blocks.h"

#include <stdlib.h>

/*
 * Measured, docs/decisions/0014: wide panels leave too much to one core, narrow ones make thin products. A GPU, whose
 * products and exchanges cost next to nothing against the panels, wants narrow ones.
 */
enum { PANEL = 64 };

typedef struct lu_work {
    cg_blocks b;
    const cg_factor_request *r;
    cg_matrix w;                                 /* the matrix in work: factors grow in it */
    cg_buffer *rows;                             /* on the device: rows that are exchanged, 2 PANEL at most */
    int64_t out, inverse;                        /* in `host`: the factored panel, the inverse behind it */
    int64_t whole;                               /* in `host`, counted in i32: the pivots of a panel */
    int32_t *pivots;                             /* of the matrix */
    int64_t touched[2 * PANEL], from[2 * PANEL]; /* row touched[i] becomes row from[i] */
    cg_segment *segment;                         /* 2 PANEL */
} lu_work;

/* --- On the CPU -------------------------------------------------------------------------------------------------- */

/* Factors (rows, width) at the start of `host` and inverts its triangle. */
static void factor_panel(lu_work *s, int64_t rows, int64_t width) {
    cg_blocks *b = &s->b;
    if (b->status != CG_OK) return;
    int32_t info = 0;
    cg_operand info_of = {.buffer = cg_hw_wrap(b->cpu, &info, sizeof info), .dtype = CG_I32};
    if (!info_of.buffer) {
        b->status = b->hw->err->code;
        return;
    }
    const cg_operand panel = {.buffer = b->on_cpu, .dtype = b->dtype};
    cg_factor_request r = {.dtype = b->dtype, .batch = 1, .m = rows, .n = width, .a = panel, .info = info_of};
    r.out[0] = r.out[1] = panel;
    r.out[0].offset = s->out;
    r.out[1].dtype = CG_I32;
    r.out[1].offset = s->whole;
    b->status = cg_hw_factor(b->cpu, CG_WORK_LU, &r);
    cg_hw_free(b->cpu, info_of.buffer);
    s->inverse = s->out + rows * width;
    cg_blocks_identity(b, s->inverse, width);
    cg_solve_triangular_request invert = {.dtype = b->dtype,
                                          .lower = true,
                                          .unit = true,
                                          .batch = 1,
                                          .n = width,
                                          .r = width,
                                          .a = panel,
                                          .x = panel};
    invert.a.offset = s->out;
    invert.x.offset = s->inverse;
    invert.a.stride[1] = invert.x.stride[1] = width;
    if (b->status == CG_OK) b->status = cg_hw_solve_triangular(b->cpu, &invert);
}

/* --- Exchanges ---------------------------------------------------------------------------------------------------- */

/* The rows j .. j + width - 1 come first, then those they are exchanged with; their number. */
static int list_exchanges(lu_work *s, int64_t j, int64_t width) {
    const int32_t *pivots = (const int32_t *)(const void *)s->b.host + s->whole;
    int n = 0;
    for (; n < width; n++) s->touched[n] = s->from[n] = j + n;
    for (int i = 0; i < width; i++) {
        const int64_t with = j + pivots[i], row = s->from[i];
        int k = 0;
        s->pivots[j + i] = (int32_t)with;
        while (k < n && s->touched[k] != with) k++;
        if (k == n) s->touched[n] = s->from[n] = with, n++;
        s->from[i] = s->from[k];
        s->from[k] = row;
    }
    return n;
}

/* to[i] = from[i] of n rows, each given by where it begins. */
static void move_rows(lu_work *s, int n) {
    cg_blocks *b = &s->b;
    const cg_program identity = cg_program_identity(b->dtype);
    const cg_map_many_request r = {.program = &identity, .n_segments = n, .segment = s->segment};
    if (b->status == CG_OK && n > 0) b->status = cg_hw_map_many(b->hw, &r);
}

static void set_segment(lu_work *s, int k, cg_buffer *from, int64_t from_at, cg_buffer *to, int64_t to_at) {
    const cg_dtype t = s->b.dtype;
    s->segment[k].n = s->r->n;
    s->segment[k].in[0] = (cg_operand){.buffer = from, .dtype = t, .offset = from_at};
    s->segment[k].out[0] = (cg_operand){.buffer = to, .dtype = t, .offset = to_at};
}

/* Through `rows`, which holds the new rows j .. j + width - 1 afterwards. */
static void exchange_rows(lu_work *s, int64_t j, int64_t width) {
    if (s->b.status != CG_OK) return;
    const int64_t n = s->r->n;
    const int count = list_exchanges(s, j, width);
    int moved = 0;
    for (int i = 0; i < count; i++)
        set_segment(s, i, s->w.buffer, s->w.offset + s->from[i] * n, s->rows, i * n);
    move_rows(s, count);
    for (int i = 0; i < count; i++)
        if (s->from[i] != s->touched[i])
            set_segment(s, moved++, s->rows, i * n, s->w.buffer, s->w.offset + s->touched[i] * n);
    move_rows(s, moved);
}

/* --- The matrix ----------------------------------------------------------------------------------------------------- */

static void lu_step(lu_work *s, int64_t j, int64_t width) {
    cg_blocks *b = &s->b;
    const int64_t rows = s->r->m - j, right = s->r->n - j - width, below = rows - width;
    const cg_matrix panel = cg_block_in(b->staged, 0, width),
                    inverse = cg_block_in(b->staged, rows * width, width);
    const cg_matrix u = cg_block_at(s->w, j, j + width), rest = cg_block_at(u, width, 0);
    cg_blocks_copy(b, rows, width, cg_block_at(s->w, j, j), panel);
    cg_blocks_fetch(b, rows * width);
    factor_panel(s, rows, width);
    cg_blocks_send(b, s->out, rows * width + width * width);
    exchange_rows(s, j, width);
    cg_blocks_copy(b, rows, width, panel, cg_block_at(s->w, j, j));
    if (right == 0) return;
    const cg_matrix above = cg_block_in(s->rows, j + width, s->r->n);
    cg_blocks_multiply(b, (int64_t[]){width, right, width}, inverse, above, NULL, u);
    if (below > 0)
        cg_blocks_multiply(b, (int64_t[]){below, right, width}, cg_block_at(panel, width, 0), u, &rest, rest);
}

/* The first exact 0 on the diagonal of U, whose place + 1 is the info. `staged` has room for it. */
static int32_t first_zero(lu_work *s, int64_t k) {
    cg_blocks *b = &s->b;
    cg_matrix diagonal = s->w;
    int64_t i = 0;
    diagonal.row += diagonal.col;
    cg_blocks_copy(b, k, 1, diagonal, cg_block_in(b->staged, 0, 1));
    cg_blocks_fetch(b, k);
    while (b->status == CG_OK && i < k && cg_blocks_get(b, i) != 0) i++;
    return i < k ? (int32_t)(i + 1) : 0;
}

static void lu_matrix(lu_work *s, int64_t index, cg_buffer *instead) {
    cg_blocks *b = &s->b;
    const cg_factor_request *r = s->r;
    const int64_t k = cg_block_smaller(r->m, r->n);
    s->w = instead ? cg_block_in(instead, 0, r->n) : cg_blocks_result(r, 0, index, r->n);
    cg_blocks_copy(b, r->m, r->n, cg_blocks_input(r, index), s->w);
    for (int64_t j = 0; j < k && b->status == CG_OK; j += PANEL)
        lu_step(s, j, cg_block_smaller(PANEL, k - j));
    const int32_t info = first_zero(s, k);
    cg_blocks_write_whole(b, &r->info, index, &info, 1);
    if (r->out[1].buffer) cg_blocks_write_whole(b, &r->out[1], index * r->out[1].stride[0], s->pivots, k);
}

cg_status cg_blocked_lu(cg_hw *hw, const cg_factor_request *r) {
    const int64_t k = cg_block_smaller(r->m, r->n), panel = r->m * PANEL, triangle = PANEL * PANEL;
    lu_work s = {
        .r = r, .out = panel, .whole = (2 * panel + triangle) * (int64_t)(cg_dtype_size(r->dtype) / 4)};
    cg_blocks_begin(&s.b, hw, CG_WORK_LU, r->dtype, 2 * panel + triangle + PANEL, panel + triangle);
    s.pivots = malloc((size_t)k * sizeof *s.pivots);
    s.segment = calloc(2 * PANEL, sizeof *s.segment);
    if (s.b.status == CG_OK && (!s.pivots || !s.segment))
        s.b.status = CG_FAIL(hw->err, CG_ERROR_MEMORY, "lu: no memory for %lld pivots", (long long)k);
    s.rows = cg_blocks_buffer(&s.b, 2 * PANEL * r->n);
    cg_buffer *instead = r->out[0].buffer ? NULL : cg_blocks_buffer(&s.b, r->m * r->n);
    for (int64_t index = 0; index < r->batch && s.b.status == CG_OK; index++) lu_matrix(&s, index, instead);
    free(s.pivots);
    free(s.segment);
    return cg_blocks_end(&s.b);
}
