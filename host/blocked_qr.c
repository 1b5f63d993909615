/*
 * QR by panels: the CPU factors a panel, A_p = Q_p R_p, and finds from Q_p the reflections whose product begins with it,
 *     H = I - V T V^T,  Q_p = H [S; 0],  V unit lower trapezoidal, T upper triangular, S signs,
 * by an LU without exchanges of the first rows, Q_p - [S; 0] = V U: each sign is chosen so that the pivot is at least 1 (Ballard
 * et al., Reconstructing Householder vectors from TSQR, 2014). Then T = -U S V_1^-T. The rest of the matrix, and in the
 * end Q, are multiplied by H on the device: three products each. A sign is -1 where LAPACK reflects nothing; it is
 * taken out of Q and R at the end.
 */
#include "host/blocks.h"

#include "core/rows.h"

#include <stdlib.h>
#include <string.h>

enum { PANEL = 64 }; /* docs/decisions/0014 */

typedef struct qr_work {
    cg_blocks b;
    const cg_factor_request *r;
    int64_t k;
    int64_t q, upper, inverse, v; /* in `host`: of a panel Q and R; U^-1; V, and behind it T and R */
    cg_buffer *w, *all_v, *all_t; /* the matrix in work; V (m, k); T (k, PANEL) */
    cg_buffer *narrow;            /* two times (PANEL, widest) */
    int64_t widest;
    double *m;    /* Q_1 - S = V_1 U, (PANEL, PANEL) */
    double *t;    /* T, (PANEL, PANEL) */
    double *sign; /* k */
} qr_work;

/* --- On the CPU ------------------------------------------------------------------------------------------------------- */

/* m = V_1 U in place, less the signs. */
static void split_signs(double *m, int64_t w, double *sign) {
    for (int64_t i = 0; i < w; i++) {
        double *pivot = m + i * w;
        sign[i] = pivot[i] > 0 ? -1 : 1;
        pivot[i] -= sign[i];
        for (int64_t r = i + 1; r < w; r++) {
            double *row = m + r * w;
            row[i] /= pivot[i];
            for (int64_t c = i + 1; c < w; c++) row[c] -= row[i] * pivot[c];
        }
    }
}

/* T V_1^T = -U S, column by column. */
static void solve_t(const double *m, int64_t w, const double *sign, double *t) {
    for (int64_t r = 0; r < w; r++)
        for (int64_t c = 0; c < w; c++) {
            double sum = c < r ? 0 : -m[r * w + c] * sign[c];
            for (int64_t p = r; p < c; p++) sum -= t[r * w + p] * m[c * w + p];
            t[r * w + c] = c < r ? 0 : sum;
        }
}

/* U^-1 into `host`, by columns from the diagonal upwards. */
static void invert_u(const qr_work *s, int64_t w) {
    double column[PANEL];
    for (int64_t c = 0; c < w; c++)
        for (int64_t r = w - 1; r >= 0; r--) {
            double sum = r == c;
            for (int64_t p = r + 1; p <= c; p++) sum -= s->m[r * w + p] * column[p];
            column[r] = r > c ? 0 : sum / s->m[r * w + r];
            cg_blocks_set(&s->b, s->inverse + r * w + c, column[r]);
        }
}

/* V_2 = Q_2 U^-1 on the CPU. */
static void find_v(qr_work *s, int64_t rows, int64_t w) {
    cg_blocks *b = &s->b;
    for (int64_t i = 0; i < w; i++)
        for (int64_t j = 0; j < w; j++) cg_blocks_set(b, s->v + i * w + j, j < i ? s->m[i * w + j] : i == j);
    if (rows == w) return;
    const cg_matmul_request product = {.dtype = b->dtype,
                                       .m = rows - w,
                                       .n = w,
                                       .k = w,
                                       .a = cg_block_in(b->on_cpu, s->q + w * w, w),
                                       .b = cg_block_in(b->on_cpu, s->inverse, w),
                                       .c = cg_block_in(b->on_cpu, s->v + w * w, w)};
    b->status = cg_hw_matmul(b->cpu, &product);
}

/* (rows, w) at the start of `host` gives V, T and S R. */
static void factor_panel(qr_work *s, int64_t rows, int64_t w, double *sign) {
    cg_blocks *b = &s->b;
    int32_t info = 0;
    cg_operand info_of = {.buffer = b->status == CG_OK ? cg_hw_wrap(b->cpu, &info, sizeof info) : NULL,
                          .dtype = CG_I32};
    if (!info_of.buffer) {
        if (b->status == CG_OK) b->status = b->hw->err->code;
        return;
    }
    const cg_operand panel = {.buffer = b->on_cpu, .dtype = b->dtype};
    cg_factor_request r = {
        .dtype = b->dtype, .batch = 1, .m = rows, .n = w, .a = panel, .out = {panel, panel}, .info = info_of};
    r.out[0].offset = s->q;
    r.out[1].offset = s->upper;
    b->status = cg_hw_factor(b->cpu, CG_WORK_QR, &r);
    cg_hw_free(b->cpu, info_of.buffer);
    if (b->status != CG_OK) return;
    for (int64_t i = 0; i < w * w; i++) s->m[i] = cg_blocks_get(b, s->q + i);
    split_signs(s->m, w, sign);
    solve_t(s->m, w, sign, s->t);
    invert_u(s, w);
    find_v(s, rows, w);
    const int64_t t = s->v + rows * w, upper = t + w * w;
    for (int64_t i = 0; i < w * w; i++) {
        cg_blocks_set(b, t + i, s->t[i]);
        cg_blocks_set(b, upper + i, sign[i / w] * cg_blocks_get(b, s->upper + i));
    }
}

/* --- On the device ------------------------------------------------------------------------------------------------------- */

/* x = (I - V T V^T) x, or with T^T: x (rows, columns). */
static void reflect(qr_work *s, cg_matrix v, cg_matrix t, int64_t rows, int64_t w, cg_matrix x,
                    int64_t columns) {
    cg_blocks *b = &s->b;
    const cg_matrix products = cg_block_in(s->narrow, 0, columns),
                    turned = cg_block_in(s->narrow, PANEL * s->widest, columns);
    cg_blocks_multiply(b, (int64_t[]){w, columns, rows}, cg_block_turned(v), x, NULL, products);
    cg_blocks_multiply(b, (int64_t[]){w, columns, w}, t, products, NULL, turned);
    cg_blocks_multiply(b, (int64_t[]){rows, columns, w}, v, turned, &x, x);
}

static void qr_step(qr_work *s, int64_t j, int64_t w) {
    cg_blocks *b = &s->b;
    const int64_t rows = s->r->m - j, right = s->r->n - j - w;
    const cg_matrix a = cg_block_at(cg_block_in(s->w, 0, s->r->n), j, j);
    const cg_matrix v = cg_block_in(b->staged, 0, w), t = cg_block_in(b->staged, rows * w, w),
                    upper = cg_block_in(b->staged, (rows + w) * w, w);
    cg_blocks_copy(b, rows, w, a, v);
    cg_blocks_fetch(b, rows * w);
    factor_panel(s, rows, w, s->sign + j);
    cg_blocks_send(b, s->v, (rows + 2 * w) * w);
    cg_blocks_copy(b, w, w, upper, a);
    if (right > 0) reflect(s, v, cg_block_turned(t), rows, w, cg_block_at(a, 0, w), right);
    if (!s->all_v) return;
    cg_blocks_copy(b, rows, w, v, cg_block_at(cg_block_in(s->all_v, 0, s->k), j, j));
    cg_blocks_copy(b, w, w, t, cg_block_in(s->all_t, j * PANEL, PANEL));
}

/* Q = H_1 (H_2 ( .. [I])): the last panels first, on what they reach. */
static void form_q(qr_work *s, cg_matrix q, int64_t columns) {
    cg_blocks *b = &s->b;
    cg_matrix diagonal = q;
    diagonal.row += diagonal.col;
    cg_blocks_fill(b, s->r->m, columns, q, 0);
    cg_blocks_fill(b, columns, 1, diagonal, 1);
    for (int64_t j = (s->k - 1) / PANEL * PANEL; j >= 0; j -= PANEL)
        reflect(s, cg_block_at(cg_block_in(s->all_v, 0, s->k), j, j), cg_block_in(s->all_t, j * PANEL, PANEL),
                s->r->m - j, cg_block_smaller(PANEL, s->k - j), cg_block_at(q, j, j), columns - j);
}

/* The columns of Q and the rows of R whose signs are not LAPACK's: few, if any. */
static void take_signs_out(qr_work *s, cg_matrix q, cg_matrix upper) {
    cg_blocks *b = &s->b;
    cg_program negate = {.type = (uint8_t)b->dtype, .n_inputs = 1, .n_outputs = 1};
    negate.output[0] = (uint8_t)cg_program_push(&negate, CG_ROW_neg, 0, 0, 0);
    for (int64_t i = 0; i < s->k; i++) {
        if (s->sign[i] > 0) continue;
        cg_operand column = {
            .buffer = q.buffer, .dtype = b->dtype, .offset = q.offset + i, .stride = {q.row}};
        cg_operand row = {.buffer = upper.buffer,
                          .dtype = b->dtype,
                          .offset = upper.offset + i * (upper.row + 1),
                          .stride = {1}};
        const cg_map_request maps[] = {
            {.program = &negate, .rank = 1, .shape = {s->r->m}, .in = {column}, .out = {column}},
            {.program = &negate, .rank = 1, .shape = {s->r->n - i}, .in = {row}, .out = {row}}};
        if (b->status == CG_OK && q.buffer) b->status = cg_hw_map(b->hw, &maps[0]);
        if (b->status == CG_OK && upper.buffer) b->status = cg_hw_map(b->hw, &maps[1]);
    }
}

static void qr_matrix(qr_work *s, int64_t index) {
    cg_blocks *b = &s->b;
    const cg_factor_request *r = s->r;
    const int64_t columns = r->full ? r->m : s->k;
    const cg_matrix w = cg_block_in(s->w, 0, r->n), q = cg_blocks_result(r, 0, index, columns),
                    upper = cg_blocks_result(r, 1, index, r->n);
    const int32_t info = 0;
    cg_blocks_copy(b, r->m, r->n, cg_blocks_input(r, index), w);
    for (int64_t j = 0; j < s->k && b->status == CG_OK; j += PANEL)
        qr_step(s, j, cg_block_smaller(PANEL, s->k - j));
    if (upper.buffer) cg_blocks_fill(b, columns, r->n, upper, 0);
    for (int64_t j = 0; upper.buffer && j < s->k; j += PANEL)
        cg_blocks_copy(b, cg_block_smaller(PANEL, s->k - j), r->n - j, cg_block_at(w, j, j),
                       cg_block_at(upper, j, j));
    if (q.buffer) form_q(s, q, columns);
    if (b->status == CG_OK) take_signs_out(s, q, upper);
    cg_blocks_write_whole(b, &r->info, index, &info, 1);
}

cg_status cg_blocked_qr(cg_hw *hw, const cg_factor_request *r) {
    const int64_t k = cg_block_smaller(r->m, r->n), panel = r->m * PANEL, square = PANEL * PANEL;
    qr_work s = {.r = r,
                 .k = k,
                 .q = panel,
                 .upper = 2 * panel,
                 .inverse = 2 * panel + square,
                 .v = 2 * panel + 2 * square};
    s.widest = r->full && r->m > r->n ? r->m : r->n;
    cg_blocks_begin(&s.b, hw, CG_WORK_QR, r->dtype, 3 * panel + 4 * square, panel + 2 * square);
    s.m = malloc((size_t)(2 * square + k) * sizeof *s.m);
    if (s.b.status == CG_OK && !s.m)
        s.b.status = CG_FAIL(hw->err, CG_ERROR_MEMORY, "qr: no memory for %lld signs", (long long)k);
    if (s.m) s.t = s.m + square, s.sign = s.t + square;
    s.w = cg_blocks_buffer(&s.b, r->m * r->n);
    s.narrow = cg_blocks_buffer(&s.b, 2 * PANEL * s.widest);
    if (r->out[0].buffer) s.all_v = cg_blocks_buffer(&s.b, r->m * k);
    if (r->out[0].buffer) s.all_t = cg_blocks_buffer(&s.b, (k + PANEL) * PANEL);
    for (int64_t index = 0; index < r->batch && s.b.status == CG_OK; index++) qr_matrix(&s, index);
    free(s.m);
    return cg_blocks_end(&s.b);
}
