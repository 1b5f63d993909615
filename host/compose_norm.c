/*
 * Normalization of rows of maps and reductions:
 *     d = x - x0     m + lost = x0 + mean(d), by Knuth's two-sum     var = mean((x - m - lost)^2)
 */
#include "core/rows.h"
#include "host/compose.h"

/* The axes of a request: of a row of numbers first the two that count rows, then those that share a mean. */
enum { REPEATS, GROUPS, OUTER, CHANNELS, RUN, AXES, ROW_AXES = OUTER };

typedef struct row_work {
    cg_hw *hw;
    cg_dtype dtype;
    int64_t shape[AXES];
    cg_operand moments;
    cg_status status;
} row_work;

static row_work work_of(cg_hw *hw, cg_dtype dtype, int64_t outer, int64_t rows, int64_t cols, int64_t groups,
                        int64_t run, const cg_operand *moments) {
    return (row_work){.hw = hw,
                      .dtype = dtype,
                      .shape = {rows / groups, groups, outer, cols / run, run},
                      .moments = *moments};
}

static int64_t rows_of(const row_work *w) { return w->shape[REPEATS] * w->shape[GROUPS]; }

/* The elements that share a mean. */
static int64_t count_of(const row_work *w) { return w->shape[OUTER] * w->shape[CHANNELS] * w->shape[RUN]; }

static cg_operand over(const cg_operand *o, int64_t repeats, int64_t groups, int64_t outer, int64_t channels,
                       int64_t run) {
    return (cg_operand){.buffer = o->buffer,
                        .dtype = o->dtype,
                        .offset = o->offset,
                        .stride = {repeats, groups, outer, channels, run}};
}

static cg_operand over_all(const row_work *w, const cg_operand *o) {
    const int64_t run = w->shape[RUN], cols = w->shape[CHANNELS] * run;
    return over(o, w->shape[GROUPS] * cols, cols, rows_of(w) * cols, run, 1);
}

static cg_operand over_rows(const row_work *w, const cg_operand *o) {
    return over(o, w->shape[GROUPS], 1, 0, 0, 0);
}

static cg_operand over_channels(const row_work *w, const cg_operand *o) {
    return over(o, 0, w->shape[CHANNELS], 0, 1, 0);
}

/* Moment number `which` of each row. */
static cg_operand moment(const row_work *w, cg_moment which) {
    cg_operand o = over_rows(w, &w->moments);
    o.offset += which * rows_of(w);
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

/* Over all elements, or with ROW_AXES over one number for each row. */
static void map(row_work *w, const cg_program *p, int rank, const cg_operand *in, const cg_operand *out,
                const double *consts) {
    if (w->status != CG_OK) return;
    cg_map_request r = {.program = p, .rank = rank};
    for (int a = 0; a < rank; a++) r.shape[a] = w->shape[a];
    for (int i = 0; i < p->n_inputs; i++) r.in[i] = in[i];
    for (int i = 0; i < p->n_outputs; i++) r.out[i] = out[i];
    for (int i = 0; i < p->n_consts; i++) r.consts[i].f = consts[i];
    go(w, cg_hw_map(w->hw, &r));
}

/* out = the sum of the program over all but the first two axes in this order. */
static void sum_in(row_work *w, const int *order, const cg_program *p, const cg_operand *in, cg_operand out) {
    if (w->status != CG_OK) return;
    cg_reduce_request r = {.kind = CG_REDUCE_SUM, .program = p, .rank = AXES, .n_kept = 2};
    for (int i = 0; i < p->n_inputs; i++) r.in[i] = in[i];
    r.out = out;
    for (int a = 0; a < AXES; a++) {
        r.shape[a] = w->shape[order[a]];
        for (int i = 0; i < p->n_inputs; i++) r.in[i].stride[a] = in[i].stride[order[a]];
        r.out.stride[a] = out.stride[order[a]];
    }
    go(w, cg_hw_reduce(w->hw, &r));
}

/* One number for each row. */
static void sum(row_work *w, const cg_program *p, const cg_operand *in, cg_operand out) {
    static const int order[] = {REPEATS, GROUPS, OUTER, CHANNELS, RUN};
    sum_in(w, order, p, in, out);
}

/* One number for each channel; none if `out` has no buffer. */
static void sum_channels(row_work *w, const cg_program *p, const cg_operand *in, const cg_operand *out) {
    static const int order[] = {GROUPS, CHANNELS, REPEATS, OUTER, RUN};
    if (out->buffer) sum_in(w, order, p, in, over_channels(w, out));
}

/* --- forward ---------------------------------------------------------------------------------------------------- */

static void make_mean(row_work *w, cg_operand x) {
    const cg_operand first = over(&x, x.stride[REPEATS], x.stride[GROUPS], 0, 0, 0), in[] = {x, first};
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
    map(w, &two_sum, ROW_AXES, ends, mean, (double[]){(double)count_of(w)});
}

static void make_no_mean(row_work *w) {
    const cg_program zero = cg_program_constant(w->dtype);
    const cg_operand mean = moment(w, CG_MOMENT_MEAN), lost = moment(w, CG_MOMENT_LOST);
    map(w, &zero, ROW_AXES, NULL, &mean, (double[]){0});
    map(w, &zero, ROW_AXES, NULL, &lost, (double[]){0});
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
    map(w, &p, ROW_AXES, &var, out, (double[]){(double)count_of(w), epsilon});
}

/* Pushes z = (x - m - lost) rstd of four neighbouring inputs from number x on. */
static int push_z(cg_program *p, int x) { return mul(p, sub(p, sub(p, x, x + 1), x + 2), x + 3); }

cg_status cg_compose_row_norm(cg_hw *hw, const cg_row_norm_request *r) {
    row_work w = work_of(hw, r->dtype, r->outer, r->rows, r->cols, 1, 1, &r->moments);
    const cg_operand x = over_all(&w, &r->x), out = over_all(&w, &r->out);
    if (r->centre)
        make_mean(&w, x);
    else
        make_no_mean(&w);
    make_rstd(&w, x, r->epsilon);
    if (!r->out.buffer) return w.status;
    cg_operand in[6] = {x, moment(&w, CG_MOMENT_MEAN), moment(&w, CG_MOMENT_LOST),
                        moment(&w, CG_MOMENT_RSTD)};
    const int weight = r->weight.buffer ? 4 : 0, bias = !r->bias.buffer ? 0 : weight ? 5 : 4;
    if (weight) in[weight] = over_channels(&w, &r->weight);
    if (bias) in[bias] = over_channels(&w, &r->bias);
    cg_program p = program(&w, 4 + (weight > 0) + (bias > 0), 0);
    int y = push_z(&p, 0);
    if (weight) y = mul(&p, y, weight);
    if (bias) y = add(&p, y, bias);
    give(&p, y);
    map(&w, &p, AXES, in, &out, NULL);
    return w.status;
}

/* --- gradient --------------------------------------------------------------------------------------------------- */

/* Inputs of the gradient's programs: x, m, lost, rstd, g, then the weight, or nothing. Returns the number of gw. */
static int push_gw(cg_program *p, bool weighted) { return weighted ? mul(p, 4, 5) : 4; }

static row_work gradient_work(cg_hw *hw, const cg_row_norm_grad_request *r) {
    return work_of(hw, r->dtype, r->outer, r->rows, r->cols, r->groups, r->run, &r->moments);
}

cg_status cg_compose_row_norm_sums(cg_hw *hw, const cg_row_norm_grad_request *r) {
    row_work w = gradient_work(hw, r);
    const cg_operand g = over_all(&w, &r->g);
    const cg_operand in[] = {over_all(&w, &r->x), moment(&w, CG_MOMENT_MEAN), moment(&w, CG_MOMENT_LOST),
                             moment(&w, CG_MOMENT_RSTD), g};
    cg_program plain = program(&w, 1, 0), along = program(&w, 5, 0);
    give(&plain, 0);
    give(&along, mul(&along, 4, push_z(&along, 0)));
    sum_channels(&w, &along, in, &r->dweight);
    sum_channels(&w, &plain, &g, &r->dbias);
    return w.status;
}

cg_status cg_compose_row_norm_grad(cg_hw *hw, const cg_row_norm_grad_request *r) {
    row_work w = gradient_work(hw, r);
    go(&w, cg_compose_row_norm_sums(hw, r));
    const bool weighted = r->weight.buffer != NULL;
    const int inputs = weighted ? 6 : 5;
    const cg_operand dx = over_all(&w, &r->dx);
    cg_operand in[8] = {over_all(&w, &r->x), moment(&w, CG_MOMENT_MEAN), moment(&w, CG_MOMENT_LOST),
                        moment(&w, CG_MOMENT_RSTD), over_all(&w, &r->g)};
    if (weighted) in[5] = over_channels(&w, &r->weight);
    cg_operand sums = cg_compose_temporary(hw, r->dtype, 2 * r->rows);
    if (!sums.buffer) return CG_ERROR_MEMORY;
    in[inputs] = over_rows(&w, &sums);
    sums.offset = r->rows;
    in[inputs + 1] = over_rows(&w, &sums);
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
    map(&w, &p, AXES, in, &dx, (double[]){(double)count_of(&w)});
    cg_hw_free(hw, sums.buffer);
    return w.status;
}
