/*
 * Attention on the CPU, forward: for each tile of queries the tiles of keys one after the other, with the largest score so
 * far, m, and the sum and the product scaled by it:
 *     m' = max(m, score)   l' = l exp(m - m') + sum exp(score - m')   o' = o exp(m - m') + exp(score - m') v
 * At the end out = o / l and lse = m + log l. Threads share the tiles of queries; the bits do not depend on how.
 */
#include <math.h>
#include <string.h>

#include "host/cpu/attention_cpu.h"

/* e^x in T. */
static double exp_of(const cg_attention_work *w, double x) {
    float narrow = (float)x;
    return w->softmax->exp_sum(w->size == sizeof narrow ? (void *)&narrow : (void *)&x, 0, NULL, 1);
}

/* A row of scores becomes exp(score - m), what is hidden 0; what is there so far is scaled by the result. */
static double take_row(const cg_attention_work *w, cg_attention_tile *tile, const cg_attention_place *p,
                       int64_t row) {
    unsigned char *score = tile->score + (size_t)(row * CG_TILE_KEYS) * w->size;
    const int64_t n = cg_attention_seen(w, p, row);
    const double before = tile->max[row];
    double factor = 1;
    if (n > 0) {
        const double most = fmax(before, w->softmax->max(score, (ptrdiff_t)n));
        const double shift = most == -(double)INFINITY ? 0 : most;
        factor = before == most ? 1 : exp_of(w, before - most);
        tile->max[row] = most;
        tile->sum[row] = tile->sum[row] * factor + w->softmax->exp_sum(score, shift, score, (ptrdiff_t)n);
    }
    memset(score + (size_t)n * w->size, 0, (size_t)(p->keys - n) * w->size);
    return factor;
}

static void take_keys(const cg_attention_work *w, cg_attention_tile *tile, const cg_attention_place *p) {
    const cg_attention_request *r = w->r;
    const int64_t e = r->value_features;
    double factor[CG_TILE_QUERIES];
    cg_attention_scores(w, tile, p);
    for (int64_t row = 0; row < p->queries; row++) factor[row] = take_row(w, tile, p, row);
    unsigned char *out = cg_attention_result(w, &r->out, p->batch, r->queries, p->query, e);
    const bool first = p->key == 0;
    cg_attention_multiply(w, tile,
                          (cg_gemm_block){.m = p->queries,
                                          .n = e,
                                          .k = p->keys,
                                          .a = tile->score,
                                          .a_row = CG_TILE_KEYS,
                                          .a_col = 1,
                                          .b = cg_attention_row(w, &r->v, p->batch, p->key),
                                          .b_row = (ptrdiff_t)r->v.row,
                                          .b_col = 1,
                                          .c = first ? out : tile->part,
                                          .c_row = (ptrdiff_t)e});
    for (int64_t row = 0; !first && row < p->queries; row++) {
        const size_t at = (size_t)(row * e) * w->size;
        w->loops->accumulate(out + at, factor[row], tile->part + at, (ptrdiff_t)e);
    }
}

/* out = o / l, lse = m + log l. Where no key was seen o may be anything: 0 times values that are not finite. */
static void finish_queries(const cg_attention_work *w, const cg_attention_tile *tile,
                           const cg_attention_place *p) {
    const cg_attention_request *r = w->r;
    const int64_t e = r->value_features;
    for (int64_t row = 0; row < p->queries; row++) {
        unsigned char *out = cg_attention_result(w, &r->out, p->batch, r->queries, p->query + row, e);
        const double sum = tile->sum[row], shift = tile->max[row] == -(double)INFINITY ? 0 : tile->max[row];
        const bool none = sum == 0;
        if (none)
            memset(out, 0, (size_t)e * w->size);
        else
            w->softmax->scale(out, 1 / sum, out, (ptrdiff_t)e);
        cg_attention_put(w, cg_attention_result(w, &r->lse, p->batch, r->queries, p->query + row, 1), 0,
                         none ? (double)INFINITY : shift + w->softmax->log(sum));
    }
}

static void forward_body(void *ctx, int64_t begin, int64_t end, int thread) {
    const cg_attention_work *w = ctx;
    cg_attention_tile tile;
    cg_attention_memory(w, thread, &tile);
    for (int64_t piece = begin; piece < end; piece++) {
        const int64_t batch = piece / w->query_tiles, query_tile = piece % w->query_tiles;
        cg_attention_place p = cg_attention_place_at(w, batch, query_tile, 0);
        for (int64_t row = 0; row < p.queries; row++) {
            tile.max[row] = -(double)INFINITY;
            tile.sum[row] = 0;
        }
        for (int64_t key_tile = 0; key_tile < w->key_tiles; key_tile++) {
            p = cg_attention_place_at(w, batch, query_tile, key_tile);
            if (cg_attention_seen(w, &p, p.queries - 1) == 0) break;
            take_keys(w, &tile, &p);
        }
        finish_queries(w, &tile, &p);
    }
}

cg_status cg_cpu_attention(cg_hw *hw, const cg_attention_request *r) {
    cg_attention_work w = {.r = r};
    const cg_status status = cg_attention_prepare(hw, &w);
    if (status != CG_OK) return status;
    const double rows = (double)(r->queries < w.tile_queries ? r->queries : w.tile_queries);
    hw->stats.launches++;
    cg_parallel_for(r->batch[0] * r->batch[1] * w.query_tiles,
                    cg_attention_grain(rows * (double)r->keys * (double)(r->features + r->value_features)),
                    forward_body, &w);
    return CG_OK;
}
