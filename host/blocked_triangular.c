/*
 * Triangular solves: the blocks on the diagonal come inverted from the CPU, all in one transfer, and
 *     X_i = A_ii^-1 (B_i - sum_j A_ij X_j),  j over the blocks that are done,
 * is two products for each block, over the whole stack at once. op(A) is lower if A is lower or transposed, but not both; then
 * the first block is the first that can be solved, else the last.
 */
#include "host/blocks.h"

#include "core/rows.h"

enum { PANEL = 128 }; /* docs/decisions/0014 */

typedef struct solve_work {
    cg_blocks b;
    const cg_solve_triangular_request *r;
    int64_t matrices; /* different ones: 1 where A is shared */
    int64_t blocks;   /* of a matrix; the last is filled up with an identity's columns and rows */
    cg_buffer *rest;  /* B_i less what is known: (batch, PANEL, r) */
} solve_work;

/* The blocks on the diagonals of A, from a matrix's `first` on, to `staged` as (matrices, count, w, w). */
static void gather_blocks(solve_work *s, int64_t first, int64_t count, int64_t w, int64_t at) {
    cg_blocks *b = &s->b;
    const cg_solve_triangular_request *r = s->r;
    const cg_program identity = cg_program_identity(b->dtype);
    const int64_t row = r->a.stride[1], step = s->blocks * PANEL * PANEL;
    cg_operand from = r->a, to = {.buffer = b->staged, .dtype = b->dtype, .offset = at};
    if (b->status != CG_OK || count == 0) return;
    from.offset += first * PANEL * (row + 1);
    from.stride[0] = r->a.stride[0], from.stride[1] = PANEL * (row + 1), from.stride[2] = row,
    from.stride[3] = 1;
    to.stride[0] = step, to.stride[1] = PANEL * PANEL, to.stride[2] = w, to.stride[3] = 1;
    const cg_map_request map = {
        .program = &identity, .rank = 4, .shape = {s->matrices, count, w, w}, .in = {from}, .out = {to}};
    b->status = cg_hw_map(b->hw, &map);
}

/* Inverts blocks of `host`, (count, w, w), PANEL^2 apart; the inverses go behind all blocks. */
static void invert_blocks(solve_work *s, int64_t first, int64_t count, int64_t w) {
    cg_blocks *b = &s->b;
    const int64_t square = PANEL * PANEL, all = s->matrices * s->blocks * square;
    if (b->status != CG_OK || count == 0) return;
    for (int64_t k = 0; k < count; k++) cg_blocks_identity(b, all + (first + k) * square, w);
    cg_solve_triangular_request q = *s->r;
    q.batch = count;
    q.n = q.r = w;
    q.transposed = false;
    q.a =
        (cg_operand){.buffer = b->on_cpu, .dtype = b->dtype, .offset = first * square, .stride = {square, w}};
    q.x = q.a;
    q.x.offset += all;
    b->status = cg_hw_solve_triangular(b->cpu, &q);
}

static void invert_diagonals(solve_work *s) {
    cg_blocks *b = &s->b;
    const int64_t square = PANEL * PANEL, all = s->matrices * s->blocks * square;
    const int64_t whole = s->r->n / PANEL, last = s->r->n - whole * PANEL;
    gather_blocks(s, 0, whole, PANEL, 0);
    gather_blocks(s, whole, last > 0, last, whole * square);
    cg_blocks_fetch(b, all);
    for (int64_t m = 0; m < s->matrices; m++) {
        invert_blocks(s, m * s->blocks, whole, PANEL);
        invert_blocks(s, m * s->blocks + whole, last > 0, last);
    }
    cg_blocks_send(b, all, all);
}

/* C = A B, or C = from - A B, for each of the stack. */
static void multiply(solve_work *s, const int64_t mnk[3], cg_matrix a, cg_matrix x, const cg_operand *from,
                     cg_matrix c) {
    cg_blocks *b = &s->b;
    cg_program subtract = {.type = (uint8_t)b->dtype, .n_inputs = 2, .n_outputs = 1};
    subtract.output[0] = (uint8_t)cg_program_push(&subtract, CG_ROW_sub, 1, 0, 0);
    cg_matmul_request q = {.dtype = b->dtype, .m = mnk[0], .n = mnk[1], .k = mnk[2], .a = a, .b = x, .c = c};
    q.batch_rank = 1;
    q.batch[0] = s->r->batch;
    if (from) {
        q.epilogue = &subtract;
        q.in[0] = *from;
    }
    if (b->status == CG_OK) b->status = cg_hw_matmul(b->hw, &q);
}

/* Block i, where the rows [begin, end) of X are known. */
static void solve_block(solve_work *s, int64_t i, int64_t begin, int64_t end) {
    const cg_solve_triangular_request *r = s->r;
    const int64_t j = i * PANEL, w = cg_block_smaller(PANEL, r->n - j), known = end - begin;
    const int64_t a_row = r->transposed ? 1 : r->a.stride[1], a_col = r->transposed ? r->a.stride[1] : 1;
    const int64_t square = PANEL * PANEL, x_row = r->x.stride[1];
    cg_matrix inverse = {s->b.staged,
                         i * square,
                         r->transposed ? 1 : w,
                         r->transposed ? w : 1,
                         {s->matrices == 1 ? 0 : s->blocks * square}};
    const cg_matrix a = {
        r->a.buffer, r->a.offset + j * a_row + begin * a_col, a_row, a_col, {r->a.stride[0]}};
    const cg_matrix x = {r->x.buffer, r->x.offset + begin * x_row, x_row, 1, {r->x.stride[0]}};
    const cg_matrix rest = {s->rest, 0, r->r, 1, {PANEL * r->r}};
    cg_matrix own = x;
    own.offset = r->x.offset + j * x_row;
    const cg_operand right = {
        .buffer = r->x.buffer, .dtype = r->dtype, .offset = own.offset, .stride = {r->x.stride[0], x_row, 1}};
    multiply(s, (int64_t[]){w, r->r, known}, a, x, &right, rest);
    multiply(s, (int64_t[]){w, r->r, w}, inverse, rest, NULL, own);
}

cg_status cg_blocked_solve_triangular(cg_hw *hw, const cg_solve_triangular_request *r) {
    solve_work s = {.r = r, .matrices = r->a.stride[0] == 0 ? 1 : r->batch, .blocks = (r->n - 1) / PANEL + 1};
    const int64_t all = s.matrices * s.blocks * PANEL * PANEL;
    const bool forwards = r->lower != r->transposed;
    cg_blocks_begin(&s.b, hw, CG_WORK_SOLVE_TRIANGULAR, r->dtype, 2 * all, all);
    s.rest = cg_blocks_buffer(&s.b, r->batch * PANEL * r->r);
    invert_diagonals(&s);
    for (int64_t k = 0; k < s.blocks; k++) {
        const int64_t i = forwards ? k : s.blocks - 1 - k, end = (i + 1) * PANEL;
        if (forwards)
            solve_block(&s, i, 0, i * PANEL);
        else
            solve_block(&s, i, end < r->n ? end : r->n, r->n);
    }
    return cg_blocks_end(&s.b);
}
