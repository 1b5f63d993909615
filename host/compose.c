#include "host/compose.h"

#include "core/rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- Operands of a (rows, cols) request -------------------------------------------------------------------- */

static cg_operand over_matrix(const cg_operand *o, int64_t cols) {
    return (cg_operand){.buffer = o->buffer, .dtype = o->dtype, .offset = o->offset, .stride = {cols, 1}};
}

/* One value per row. */
static cg_operand over_rows(const cg_operand *o) {
    return (cg_operand){.buffer = o->buffer, .dtype = o->dtype, .offset = o->offset, .stride = {1, 0}};
}

/* One value per column. */
static cg_operand over_columns(const cg_operand *o) {
    return (cg_operand){.buffer = o->buffer, .dtype = o->dtype, .offset = o->offset, .stride = {0, 1}};
}

cg_operand cg_compose_temporary(cg_hw *hw, cg_dtype dtype, int64_t n) {
    return (cg_operand){.buffer = cg_hw_alloc(hw, (size_t)n * cg_dtype_size(dtype)), .dtype = dtype};
}

/* out (rows) = reduction over the columns. */
static cg_status reduce_columns(cg_hw *hw, cg_reduce_kind kind, const cg_program *program, int64_t rows,
                                int64_t cols, const cg_operand *in, const cg_operand *out) {
    cg_reduce_request r = {.kind = kind, .program = program, .rank = 2, .n_kept = 1, .shape = {rows, cols}};
    for (int i = 0; i < program->n_inputs; i++) r.in[i] = in[i];
    r.out = over_rows(out);
    return cg_hw_reduce(hw, &r);
}

/* --- Programs -------------------------------------------------------------------------------------------------- */

/* exp(x - m): inputs x, m. Returns the value number of the result. */
static int push_shifted_exp(cg_program *p, int x, int m) {
    return cg_program_push(p, CG_ROW_exp, cg_program_push(p, CG_ROW_sub, x, m, 0), 0, 0);
}

static cg_program shifted_exp(cg_dtype type) {
    cg_program p = {.type = (uint8_t)type, .n_inputs = 2, .n_outputs = 1};
    p.output[0] = (uint8_t)push_shifted_exp(&p, 0, 1);
    return p;
}

/* m[r] = max x[r, :], s[r] = sum exp(x[r, :] - m[r]). */
static cg_status row_statistics(cg_hw *hw, cg_dtype dtype, int64_t rows, int64_t cols, const cg_operand *x,
                                const cg_operand *m, const cg_operand *s) {
    const cg_program identity = cg_program_identity(dtype), terms = shifted_exp(dtype);
    const cg_operand in[] = {over_matrix(x, cols), over_rows(m)};
    const cg_status status = reduce_columns(hw, CG_REDUCE_MAX, &identity, rows, cols, in, m);
    return status != CG_OK ? status : reduce_columns(hw, CG_REDUCE_SUM, &terms, rows, cols, in, s);
}

/* --- softmax ------------------------------------------------------------------------------------------------------ */

/* exp(x - m) / s or x - m - log(s): inputs x, m, s. */
static cg_program normalized(const cg_softmax_request *r) {
    cg_program p = {.type = (uint8_t)r->dtype, .n_inputs = 3, .n_outputs = 1};
    int result;
    if (r->log) {
        const int shifted = cg_program_push(&p, CG_ROW_sub, 0, 1, 0);
        result = cg_program_push(&p, CG_ROW_sub, shifted, cg_program_push(&p, CG_ROW_log, 2, 0, 0), 0);
    } else {
        result = cg_program_push(&p, CG_ROW_div, push_shifted_exp(&p, 0, 1), 2, 0);
    }
    p.output[0] = (uint8_t)result;
    return p;
}

cg_status cg_compose_softmax(cg_hw *hw, const cg_softmax_request *r) {
    cg_status status = CG_ERROR_DEVICE_MEMORY;
    const cg_operand m = cg_compose_temporary(hw, r->dtype, r->rows),
                     s = cg_compose_temporary(hw, r->dtype, r->rows);
    if (m.buffer && s.buffer) status = row_statistics(hw, r->dtype, r->rows, r->cols, &r->x, &m, &s);
    if (status == CG_OK) {
        const cg_program program = normalized(r);
        const cg_map_request map = {.program = &program,
                                    .rank = 2,
                                    .shape = {r->rows, r->cols},
                                    .in = {over_matrix(&r->x, r->cols), over_rows(&m), over_rows(&s)},
                                    .out = {over_matrix(&r->out, r->cols)}};
        status = cg_hw_map(hw, &map);
    }
    cg_hw_free(hw, m.buffer);
    cg_hw_free(hw, s.buffer);
    return status;
}

/* --- softmax and cross-entropy ------------------------------------------------------------------------------------ */

/* What the steps share; each piece has rows elements but hot (rows, cols) and columns (cols). */
typedef struct xent {
    const cg_softmax_xent_request *r;
    cg_operand m, s, columns, hot, any, picked;
} xent;

/* columns[c] = c, made by the host: no row of a program knows where it is. */
static cg_status number_columns(cg_hw *hw, const xent *e) {
    int64_t *number = malloc((size_t)e->r->cols * sizeof *number);
    if (!number)
        return CG_FAIL(hw->err, CG_ERROR_MEMORY, "softmax_xent: no memory for %lld columns",
                       (long long)e->r->cols);
    for (int64_t c = 0; c < e->r->cols; c++) number[c] = c;
    const cg_status status =
        cg_hw_upload(hw, e->columns.buffer, 0, number, (size_t)e->r->cols * sizeof *number);
    free(number);
    return status;
}

/* hot[r, c] = c == label[r], compared in i64: exact for every label. */
static cg_status find_labels(cg_hw *hw, const xent *e) {
    cg_program equal = {.type = CG_I64, .n_inputs = 2, .n_outputs = 1};
    equal.output[0] = (uint8_t)cg_program_push(&equal, CG_ROW_eq, 0, 1, 0);
    const cg_map_request map = {.program = &equal,
                                .rank = 2,
                                .shape = {e->r->rows, e->r->cols},
                                .in = {over_rows(&e->r->label), over_columns(&e->columns)},
                                .out = {over_matrix(&e->hot, e->r->cols)}};
    return cg_hw_map(hw, &map);
}

/* any[r] = whether label[r] is a column; picked[r] = x[r, label[r]]. */
static cg_status pick_labels(cg_hw *hw, const xent *e) {
    const int64_t rows = e->r->rows, cols = e->r->cols;
    const cg_program identity = cg_program_identity(CG_I32);
    cg_program pick = {.type = (uint8_t)e->r->dtype, .n_inputs = 2, .n_consts = 1, .n_outputs = 1};
    pick.output[0] = (uint8_t)cg_program_push(&pick, CG_ROW_where, 0, 1, cg_program_const(&pick, 0));
    const cg_operand in[] = {over_matrix(&e->hot, cols), over_matrix(&e->r->x, cols)};
    const cg_status status = reduce_columns(hw, CG_REDUCE_MAX, &identity, rows, cols, in, &e->any);
    return status != CG_OK ? status : reduce_columns(hw, CG_REDUCE_SUM, &pick, rows, cols, in, &e->picked);
}

/* loss = log(s) - (picked - m), NaN where there is no such label: inputs m, s, picked, any. */
static cg_status store_loss(cg_hw *hw, const xent *e) {
    cg_program p = {.type = (uint8_t)e->r->dtype, .n_inputs = 4, .n_consts = 1, .n_outputs = 1};
    const int rest = cg_program_push(&p, CG_ROW_sub, 2, 0, 0);
    const int loss = cg_program_push(&p, CG_ROW_sub, cg_program_push(&p, CG_ROW_log, 1, 0, 0), rest, 0);
    p.output[0] = (uint8_t)cg_program_push(&p, CG_ROW_where, 3, loss, cg_program_const(&p, 0));
    const cg_map_request map = {
        .program = &p,
        .rank = 1,
        .shape = {e->r->rows},
        .in = {over_rows(&e->m), over_rows(&e->s), over_rows(&e->picked), over_rows(&e->any)},
        .out = {over_rows(&e->r->loss)},
        .consts = {{.f = NAN}}};
    return cg_hw_map(hw, &map);
}

/* grad = exp(x - m) / s - hot, NaN where there is no such label: inputs x, m, s, hot, any. */
static cg_status store_grad(cg_hw *hw, const xent *e) {
    const int64_t cols = e->r->cols;
    cg_program p = {.type = (uint8_t)e->r->dtype, .n_inputs = 5, .n_consts = 1, .n_outputs = 1};
    const int probability = cg_program_push(&p, CG_ROW_div, push_shifted_exp(&p, 0, 1), 2, 0);
    const int grad = cg_program_push(&p, CG_ROW_sub, probability, 3, 0);
    p.output[0] = (uint8_t)cg_program_push(&p, CG_ROW_where, 4, grad, cg_program_const(&p, 0));
    const cg_map_request map = {.program = &p,
                                .rank = 2,
                                .shape = {e->r->rows, cols},
                                .in = {over_matrix(&e->r->x, cols), over_rows(&e->m), over_rows(&e->s),
                                       over_matrix(&e->hot, cols), over_rows(&e->any)},
                                .out = {over_matrix(&e->r->grad, cols)},
                                .consts = {{.f = NAN}}};
    return cg_hw_map(hw, &map);
}

cg_status cg_compose_softmax_xent(cg_hw *hw, const cg_softmax_xent_request *r) {
    xent e = {.r = r,
              .m = cg_compose_temporary(hw, r->dtype, r->rows),
              .s = cg_compose_temporary(hw, r->dtype, r->rows),
              .columns = cg_compose_temporary(hw, CG_I64, r->cols),
              .hot = cg_compose_temporary(hw, CG_BOOL, r->rows * r->cols),
              .any = cg_compose_temporary(hw, CG_BOOL, r->rows),
              .picked = cg_compose_temporary(hw, r->dtype, r->rows)};
    cg_operand *const pieces[] = {&e.m, &e.s, &e.columns, &e.hot, &e.any, &e.picked};
    cg_status status = CG_OK;
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++)
        if (!pieces[i]->buffer) status = CG_ERROR_DEVICE_MEMORY;
    if (status == CG_OK) status = row_statistics(hw, r->dtype, r->rows, r->cols, &r->x, &e.m, &e.s);
    if (status == CG_OK) status = number_columns(hw, &e);
    if (status == CG_OK) status = find_labels(hw, &e);
    if (status == CG_OK) status = pick_labels(hw, &e);
    if (status == CG_OK) status = store_loss(hw, &e);
    if (status == CG_OK && r->grad.buffer) status = store_grad(hw, &e);
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) cg_hw_free(hw, pieces[i]->buffer);
    return status;
}

/* --- map_many ------------------------------------------------------------------------------------------------------- */

cg_status cg_compose_map_many(cg_hw *hw, const cg_map_many_request *r) {
    cg_map_request map = {.program = r->program, .rank = 1};
    for (int k = 0; k < r->n_segments; k++) {
        const cg_segment *s = &r->segment[k];
        map.shape[0] = s->n;
        memcpy(map.consts, cg_segment_consts(r, s), sizeof map.consts);
        for (int i = 0; i < r->program->n_inputs; i++) {
            map.in[i] = s->in[i];
            map.in[i].stride[0] = cg_segment_stride(r, i);
        }
        for (int j = 0; j < r->program->n_outputs; j++) {
            map.out[j] = s->out[j];
            map.out[j].stride[0] = 1;
        }
        const cg_status status = cg_hw_map(hw, &map);
        if (status != CG_OK) return status;
    }
    return CG_OK;
}
