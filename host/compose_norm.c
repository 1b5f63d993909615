/*
 * Normalization of rows of maps and reductions:
 *     d = x - x0     m + lost = x0 + mean(d), by Knuth's two-sum     var = mean((x - m - lost)^2)
 */
#include "core/rows.h"
#include "host/compose.h"

/* A request over (rows, cols). */
typedef struct row_work {
    cg_hw *hw;
    cg_dtype dtype;
    int64_t rows, cols;
    cg_operand moments;
    cg_status status;
} row_work;

static cg_operand over(const cg_operand *o, int64_t row, int64_t col) {
    return (cg_operand){.buffer = o->buffer, .dtype = o->dtype, .offset = o->offset, .stride = {row, col}};
}

/* Moment number `which` of each row. */
static cg_operand moment(const row_work *w, cg_moment which) {
    cg_operand o = over(&w->moments, 1, 0);
    o.offset += which * w->rows;
    return o;
}

static void go(row_work *w, cg_status status) {
    if (w->status == CG_OK) w->status = status;
}

static cg_program program(const row_work *w, int inputs, int consts) {
    return (cg_program){.type = (uint8_t)w->dtype, .n_inputs = (uint8_t)inputs, .n_consts = (uint8_t)consts};
}

static int sub(cg_program *p, int a, int b) { return cg_program_push(p, CG_ROW_sub, a, b, 0); }
static int add(cg_program *p, int a, int b) { return cg_program_push(p, CG_ROW_add, a, b, 0); }
static int mul(cg_program *p, int a, int b) { return cg_program_push(p, CG_ROW_mul, a, b, 0); }

static void give(cg_program *p, int value) { p->output[p->n_outputs++] = (uint8_t)value; }

/* Over (rows, cols), or over one number for each row. */
static void map(row_work *w, const cg_program *p, int64_t cols, const cg_operand *in, const cg_operand *out,
                const double *consts) {
    if (w->status != CG_OK) return;
    cg_map_request r = {.program = p, .rank = 2, .shape = {w->rows, cols}};
    for (int i = 0; i < p->n_inputs; i++) r.in[i] = in[i];
    for (int i = 0; i < p->n_outputs; i++) r.out[i] = out[i];
    for (int i = 0; i < p->n_consts; i++) r.consts[i].f = consts[i];
    go(w, cg_hw_map(w->hw, &r));
}

/* out (rows) = sum of the program over the columns. */
static void sum(row_work *w, const cg_program *p, const cg_operand *in, cg_operand out) {
    if (w->status != CG_OK) return;
    cg_reduce_request r = {
        .kind = CG_REDUCE_SUM, .program = p, .rank = 2, .n_kept = 1, .shape = {w->rows, w->cols}};
    for (int i = 0; i < p->n_inputs; i++) r.in[i] = in[i];
    r.out = out;
    go(w, cg_hw_reduce(w->hw, &r));
}

/* --- forward ---------------------------------------------------------------------------------------------------- */

static void make_mean(row_work *w, cg_operand x) {
    const cg_operand first = over(&x, w->cols, 0), in[] = {x, first};
    const cg_operand mean[] = {moment(w, CG_MOMENT_MEAN), moment(w, CG_MOMENT_LOST)};
    cg_program distance = program(w, 2, 0);
    give(&distance, sub(&distance, 0, 1));
    sum(w, &distance, in, mean[0]);
    cg_program two_sum = program(w, 2, 1); /* the sum of distances, x0; n */
    const int from = cg_program_push(&two_sum, CG_ROW_div, 0, cg_program_const(&two_sum, 0), 0);
    const int m = add(&two_sum, 1, from), part = sub(&two_sum, m, 1);
    give(&two_sum, m);
    give(&two_sum, add(&two_sum, sub(&two_sum, 1, sub(&two_sum, m, part)), sub(&two_sum, from, part)));
    const cg_operand ends[] = {mean[0], first};
    map(w, &two_sum, 1, ends, mean, (double[]){(double)w->cols});
}

static void make_no_mean(row_work *w) {
    const cg_program zero = cg_program_constant(w->dtype);
    const cg_operand mean = moment(w, CG_MOMENT_MEAN), lost = moment(w, CG_MOMENT_LOST);
    map(w, &zero, 1, NULL, &mean, (double[]){0});
    map(w, &zero, 1, NULL, &lost, (double[]){0});
}

static void make_rstd(row_work *w, cg_operand x, double epsilon) {
    const cg_operand in[] = {x, moment(w, CG_MOMENT_MEAN), moment(w, CG_MOMENT_LOST)};
    const cg_operand var = moment(w, CG_MOMENT_VAR), out[] = {var, moment(w, CG_MOMENT_RSTD)};
    cg_program square = program(w, 3, 0);
    const int d = sub(&square, sub(&square, 0, 1), 2);
    give(&square, mul(&square, d, d));
    sum(w, &square, in, var);
    cg_program p = program(w, 1, 2);
    const int mean = cg_program_push(&p, CG_ROW_div, 0, cg_program_const(&p, 0), 0);
    give(&p, mean);
    const int root = cg_program_push(&p, CG_ROW_sqrt, add(&p, mean, cg_program_const(&p, 1)), 0, 0);
    give(&p, cg_program_push(&p, CG_ROW_reciprocal, root, 0, 0));
    map(w, &p, 1, &var, out, (double[]){(double)w->cols, epsilon});
}

/* Pushes z = (x - m - lost) rstd of four neighbouring inputs from number x on. */
static int push_z(cg_program *p, int x) { return mul(p, sub(p, sub(p, x, x + 1), x + 2), x + 3); }

cg_status cg_compose_row_norm(cg_hw *hw, const cg_row_norm_request *r) {
    row_work w = {.hw = hw, .dtype = r->dtype, .rows = r->rows, .cols = r->cols, .moments = r->moments};
    const cg_operand x = over(&r->x, r->cols, 1), out = over(&r->out, r->cols, 1);
    if (r->centre)
        make_mean(&w, x);
    else
        make_no_mean(&w);
    make_rstd(&w, x, r->epsilon);
    cg_operand in[6] = {x, moment(&w, CG_MOMENT_MEAN), moment(&w, CG_MOMENT_LOST),
                        moment(&w, CG_MOMENT_RSTD)};
    const int weight = r->weight.buffer ? 4 : 0, bias = !r->bias.buffer ? 0 : weight ? 5 : 4;
    if (weight) in[weight] = over(&r->weight, 0, 1);
    if (bias) in[bias] = over(&r->bias, 0, 1);
    cg_program p = program(&w, 4 + (weight > 0) + (bias > 0), 0);
    int y = push_z(&p, 0);
    if (weight) y = mul(&p, y, weight);
    if (bias) y = add(&p, y, bias);
    give(&p, y);
    map(&w, &p, r->cols, in, &out, NULL);
    return w.status;
}

/* --- gradient --------------------------------------------------------------------------------------------------- */

/* Inputs of the gradient's programs: x, m, lost, rstd, g, then the weight, or nothing. Returns the number of gw. */
static int push_gw(cg_program *p, bool weighted) { return weighted ? mul(p, 4, 5) : 4; }

cg_status cg_compose_row_norm_grad(cg_hw *hw, const cg_row_norm_grad_request *r) {
    row_work w = {.hw = hw, .dtype = r->dtype, .rows = r->rows, .cols = r->cols, .moments = r->moments};
    const bool weighted = r->weight.buffer != NULL;
    const int inputs = weighted ? 6 : 5;
    const cg_operand dx = over(&r->dx, r->cols, 1);
    cg_operand in[8] = {over(&r->x, r->cols, 1), moment(&w, CG_MOMENT_MEAN), moment(&w, CG_MOMENT_LOST),
                        moment(&w, CG_MOMENT_RSTD), over(&r->g, r->cols, 1)};
    if (weighted) in[5] = over(&r->weight, 0, 1);
    cg_operand sums = {.buffer = cg_hw_alloc(hw, (size_t)(2 * r->rows) * cg_dtype_size(r->dtype)),
                       .dtype = r->dtype};
    if (!sums.buffer) return CG_ERROR_MEMORY;
    in[inputs] = over(&sums, 1, 0);
    sums.offset = r->rows;
    in[inputs + 1] = over(&sums, 1, 0);
    cg_program plain = program(&w, inputs, 0), along = plain, p = program(&w, inputs + 2, 1);
    give(&plain, r->centre ? push_gw(&plain, weighted) : 4);
    if (r->centre) sum(&w, &plain, in, in[inputs]);
    give(&along, mul(&along, push_gw(&along, weighted), push_z(&along, 0)));
    sum(&w, &along, in, in[inputs + 1]);
    const int n = cg_program_const(&p, 0);
    int slope = push_gw(&p, weighted);
    if (r->centre) slope = sub(&p, slope, cg_program_push(&p, CG_ROW_div, inputs, n, 0));
    slope = sub(&p, slope, mul(&p, push_z(&p, 0), cg_program_push(&p, CG_ROW_div, inputs + 1, n, 0)));
    give(&p, mul(&p, slope, 3));
    if (!r->centre) in[inputs] = in[inputs + 1];
    map(&w, &p, r->cols, in, &dx, (double[]){(double)r->cols});
    cg_hw_free(hw, sums.buffer);
    return w.status;
}
