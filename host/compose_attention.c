/*
 * Attention of products, maps and reductions: the scores and what becomes of them lie in memory, (batch, queries, keys).
 *     m = max score, or 0 where nothing is seen     l = sum exp(score - m)     lse = m + log l, or +inf where l = 0
 */
#include <math.h>
#include <stdlib.h>

#include "core/rows.h"
#include "host/compose.h"

/* A request over the scores, whose axes are (batch 0, batch 1, queries, keys). */
typedef struct scores {
    cg_hw *hw;
    const cg_attention_request *r;
    cg_operand score, gradient; /* contiguous; gradient only for attention_grad */
    cg_operand m, l;            /* (batch, queries) */
    cg_operand place;           /* 0, 1, .. in the dtype, where the request is causal */
    cg_status status;
} scores;

static int64_t row_count(const cg_attention_request *r) { return r->batch[0] * r->batch[1] * r->queries; }

static void go(scores *s, cg_status status) {
    if (s->status == CG_OK) s->status = status;
}

/* --- operands ------------------------------------------------------------------------------------------------- */

static cg_operand temporary(scores *s, int64_t n) {
    const cg_operand o = cg_compose_temporary(s->hw, s->r->dtype, n);
    if (!o.buffer) go(s, CG_ERROR_MEMORY);
    return o;
}

/* Contiguous (batch, queries, keys), or one number for each query. */
static cg_operand all_scores(const scores *s, cg_operand o) {
    const int64_t keys = s->r->keys, own = s->r->queries * keys;
    o.stride[0] = s->r->batch[1] * own;
    o.stride[1] = own;
    o.stride[2] = keys;
    o.stride[3] = 1;
    return o;
}

static cg_operand all_queries(const scores *s, cg_operand o) {
    o.stride[0] = s->r->batch[1] * s->r->queries;
    o.stride[1] = s->r->queries;
    o.stride[2] = 1;
    o.stride[3] = 0;
    return o;
}

/* The number of the query (axis 2) or of the key (axis 3). */
static cg_operand places(const scores *s, int axis) {
    cg_operand o = s->place;
    o.stride[axis] = 1;
    return o;
}

/* 0, 1, .. from the host: exact in f32 up to 2^24, beyond which the scores would not fit into memory. */
static void make_places(scores *s) {
    const int64_t n = s->r->queries > s->r->keys ? s->r->queries : s->r->keys;
    const size_t size = cg_dtype_size(s->r->dtype);
    void *host = malloc((size_t)n * size);
    s->place = temporary(s, n);
    for (int64_t i = 0; host && i < n; i++)
        if (s->r->dtype == CG_F32)
            ((float *)host)[i] = (float)i;
        else
            ((double *)host)[i] = (double)i;
    if (!host)
        go(s, CG_FAIL(s->hw->err, CG_ERROR_MEMORY, "attention: out of host memory"));
    else if (s->place.buffer)
        go(s, cg_hw_upload(s->hw, s->place.buffer, 0, host, (size_t)n * size));
    free(host);
}

static scores begin(cg_hw *hw, const cg_attention_request *r, bool gradient) {
    scores s = {.hw = hw, .r = r};
    s.score = temporary(&s, row_count(r) * r->keys);
    if (gradient) s.gradient = temporary(&s, row_count(r) * r->keys);
    s.m = temporary(&s, row_count(r));
    s.l = temporary(&s, row_count(r));
    if (r->causal) make_places(&s);
    return s;
}

static cg_status end(scores *s) {
    cg_operand *all[] = {&s->score, &s->gradient, &s->m, &s->l, &s->place};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) cg_hw_free(s->hw, all[i]->buffer);
    return s->status;
}

/* --- products --------------------------------------------------------------------------------------------------- */

/* Contiguous matrices of `rows` x `cols` for each of the batch. */
static cg_matrix contiguous(const scores *s, const cg_operand *o, int64_t rows, int64_t cols) {
    const int64_t own = rows * cols;
    return (cg_matrix){.buffer = o->buffer,
                       .offset = o->offset,
                       .row = cols,
                       .col = 1,
                       .batch = {s->r->batch[1] * own, own}};
}

static cg_matrix transposed(cg_matrix m) {
    const int64_t row = m.row;
    m.row = m.col;
    m.col = row;
    return m;
}

static void multiply(scores *s, int64_t m, int64_t k, int64_t n, cg_matrix a, cg_matrix b, cg_matrix c) {
    if (s->status != CG_OK) return;
    cg_matmul_request r = {.dtype = s->r->dtype,
                           .m = m,
                           .n = n,
                           .k = k,
                           .batch_rank = CG_ATTENTION_BATCH,
                           .batch = {s->r->batch[0], s->r->batch[1]},
                           .a = a,
                           .b = b,
                           .c = c};
    go(s, cg_hw_matmul(s->hw, &r));
}

/* --- maps ------------------------------------------------------------------------------------------------------- */

static void map(scores *s, const cg_program *p, const cg_operand *in, cg_operand out, const double *consts,
                bool of_queries) {
    if (s->status != CG_OK) return;
    cg_map_request r = {
        .program = p,
        .rank = 4,
        .shape = {s->r->batch[0], s->r->batch[1], s->r->queries, of_queries ? 1 : s->r->keys}};
    for (int i = 0; i < p->n_inputs; i++) r.in[i] = in[i];
    for (int i = 0; i < p->n_consts; i++) r.consts[i].f = consts[i];
    r.out[0] = out;
    go(s, cg_hw_map(s->hw, &r));
}

/* score = scale product + mask, -inf where it is hidden. Inputs: product, then mask, then the places of query and key. */
static void finish_scores(scores *s) {
    const cg_attention_request *r = s->r;
    const bool masked = r->mask.buffer != NULL, is_bool = masked && r->mask.dtype == CG_BOOL;
    cg_operand in[4] = {all_scores(s, s->score), r->mask};
    cg_program p = {.type = (uint8_t)r->dtype, .n_outputs = 1, .n_consts = 2};
    p.n_inputs = (uint8_t)(1 + masked + 2 * r->causal);
    const int scale = cg_program_const(&p, 0), hidden = cg_program_const(&p, 1);
    int score = cg_program_push(&p, CG_ROW_mul, 0, scale, 0);
    if (masked && is_bool) {
        score = cg_program_push(&p, CG_ROW_where, 1, score, hidden);
    } else if (masked) { /* the mask first: a score that is not a number is hidden too */
        const int seen = cg_program_push(&p, CG_ROW_ne, 1, hidden, 0);
        score = cg_program_push(&p, CG_ROW_where, seen, cg_program_push(&p, CG_ROW_add, score, 1, 0), hidden);
    }
    if (r->causal) {
        const int query = 1 + masked;
        in[query] = places(s, 2);
        in[query + 1] = places(s, 3);
        const int seen = cg_program_push(&p, CG_ROW_ge, query, query + 1, 0);
        score = cg_program_push(&p, CG_ROW_where, seen, score, hidden);
    }
    p.output[0] = (uint8_t)score;
    map(s, &p, in, in[0], (double[]){r->scale, -(double)INFINITY}, false);
}

static void make_scores(scores *s) {
    const cg_attention_request *r = s->r;
    multiply(s, r->queries, r->features, r->keys, r->q, transposed(r->k),
             contiguous(s, &s->score, r->queries, r->keys));
    finish_scores(s);
}

/* score = exp(score - m) */
static void make_powers(scores *s, cg_operand m) {
    cg_program p = {.type = (uint8_t)s->r->dtype, .n_inputs = 2, .n_outputs = 1};
    p.output[0] = (uint8_t)cg_program_push(&p, CG_ROW_exp, cg_program_push(&p, CG_ROW_sub, 0, 1, 0), 0, 0);
    const cg_operand in[] = {all_scores(s, s->score), all_queries(s, m)};
    map(s, &p, in, in[0], NULL, false);
}

/* out = the reduction of the scores over the keys. */
static void reduce(scores *s, cg_reduce_kind kind, cg_operand out) {
    if (s->status != CG_OK) return;
    const cg_program identity = cg_program_identity(s->r->dtype);
    cg_reduce_request r = {.kind = kind,
                           .program = &identity,
                           .rank = 4,
                           .n_kept = 3,
                           .shape = {s->r->batch[0], s->r->batch[1], s->r->queries, s->r->keys}};
    r.in[0] = all_scores(s, s->score);
    r.out = all_queries(s, out);
    go(s, cg_hw_reduce(s->hw, &r));
}

/* --- forward ---------------------------------------------------------------------------------------------------- */

/* m = max score, or 0 where that is -inf. */
static void make_largest(scores *s) {
    reduce(s, CG_REDUCE_MAX, s->m);
    cg_program p = {.type = (uint8_t)s->r->dtype, .n_inputs = 1, .n_consts = 2, .n_outputs = 1};
    const int none = cg_program_push(&p, CG_ROW_eq, 0, cg_program_const(&p, 0), 0);
    p.output[0] = (uint8_t)cg_program_push(&p, CG_ROW_where, none, cg_program_const(&p, 1), 0);
    const cg_operand in[] = {all_queries(s, s->m)};
    map(s, &p, in, in[0], (double[]){-(double)INFINITY, 0}, true);
}

/* lse = m + log l, or +inf where l is 0. */
static void make_lse(scores *s) {
    cg_program p = {.type = (uint8_t)s->r->dtype, .n_inputs = 2, .n_consts = 2, .n_outputs = 1};
    const int none = cg_program_push(&p, CG_ROW_eq, 1, cg_program_const(&p, 0), 0);
    const int lse = cg_program_push(&p, CG_ROW_add, 0, cg_program_push(&p, CG_ROW_log, 1, 0, 0), 0);
    p.output[0] = (uint8_t)cg_program_push(&p, CG_ROW_where, none, cg_program_const(&p, 1), lse);
    const cg_operand in[] = {all_queries(s, s->m), all_queries(s, s->l)};
    map(s, &p, in, all_queries(s, s->r->lse), (double[]){0, (double)INFINITY}, true);
}

/* score = score / l, or 0 where l is 0. */
static void normalize(scores *s) {
    cg_program p = {.type = (uint8_t)s->r->dtype, .n_inputs = 2, .n_consts = 1, .n_outputs = 1};
    const int zero = cg_program_const(&p, 0), none = cg_program_push(&p, CG_ROW_eq, 1, zero, 0);
    p.output[0] =
        (uint8_t)cg_program_push(&p, CG_ROW_where, none, zero, cg_program_push(&p, CG_ROW_div, 0, 1, 0));
    const cg_operand in[] = {all_scores(s, s->score), all_queries(s, s->l)};
    map(s, &p, in, in[0], (double[]){0}, false);
}

/* out = 0 where l is 0: there it may be anything, 0 times values that are not finite. */
static void clear_unseeing(scores *s) {
    const cg_attention_request *r = s->r;
    const int64_t e = r->value_features;
    cg_program p = {.type = (uint8_t)r->dtype, .n_inputs = 2, .n_consts = 1, .n_outputs = 1};
    const int zero = cg_program_const(&p, 0), none = cg_program_push(&p, CG_ROW_eq, 1, zero, 0);
    p.output[0] = (uint8_t)cg_program_push(&p, CG_ROW_where, none, zero, 0);
    cg_map_request m = {.program = &p,
                        .rank = 4,
                        .shape = {r->batch[0], r->batch[1], r->queries, e},
                        .in = {r->out, all_queries(s, s->l)}};
    const int64_t stride[] = {r->batch[1] * r->queries * e, r->queries * e, e, 1};
    for (int i = 0; i < 4; i++) m.in[0].stride[i] = stride[i];
    m.out[0] = m.in[0];
    if (s->status == CG_OK) go(s, cg_hw_map(s->hw, &m));
}

cg_status cg_compose_attention(cg_hw *hw, const cg_attention_request *r) {
    scores s = begin(hw, r, false);
    make_scores(&s);
    make_largest(&s);
    make_powers(&s, s.m);
    reduce(&s, CG_REDUCE_SUM, s.l);
    make_lse(&s);
    normalize(&s);
    multiply(&s, r->queries, r->keys, r->value_features, contiguous(&s, &s.score, r->queries, r->keys), r->v,
             contiguous(&s, &r->out, r->queries, r->value_features));
    if (r->mask.buffer) clear_unseeing(&s);
    return end(&s);
}

/* --- gradient --------------------------------------------------------------------------------------------------- */

/* gradient = scale p (gradient - delta), where `gradient` holds g v^T. */
static void make_score_gradient(scores *s, cg_operand delta) {
    cg_program p = {.type = (uint8_t)s->r->dtype, .n_inputs = 3, .n_consts = 1, .n_outputs = 1};
    const int slope = cg_program_push(&p, CG_ROW_mul, 0, cg_program_push(&p, CG_ROW_sub, 1, 2, 0), 0);
    p.output[0] = (uint8_t)cg_program_push(&p, CG_ROW_mul, slope, cg_program_const(&p, 0), 0);
    const cg_operand in[] = {all_scores(s, s->score), all_scores(s, s->gradient), all_queries(s, delta)};
    map(s, &p, in, in[1], &s->r->scale, false);
}

cg_status cg_compose_attention_grad(cg_hw *hw, const cg_attention_grad_request *r) {
    const cg_attention_request *of = &r->of;
    const int64_t t = of->queries, keys = of->keys, d = of->features, e = of->value_features;
    scores s = begin(hw, of, true);
    const cg_matrix p = contiguous(&s, &s.score, t, keys), ds = contiguous(&s, &s.gradient, t, keys);
    const cg_matrix g = contiguous(&s, &r->g, t, e);
    make_scores(&s);
    make_powers(&s, of->lse);
    multiply(&s, t, e, keys, g, transposed(of->v), ds);
    make_score_gradient(&s, r->delta);
    if (r->dq.buffer) multiply(&s, t, keys, d, ds, of->k, contiguous(&s, &r->dq, t, d));
    if (r->dk.buffer) multiply(&s, keys, t, d, transposed(ds), of->q, contiguous(&s, &r->dk, keys, d));
    if (r->dv.buffer) multiply(&s, keys, t, e, transposed(p), g, contiguous(&s, &r->dv, keys, e));
    return end(&s);
}
