/*
 * Attention on the CPU, backward: every tile of p = exp(score - lse) is computed again, and with it
 *     ds = p (g v^T - delta) scale     dq += ds k     dk += ds^T q     dv += p^T g
 * Threads share the batch where it is large enough; else first the tiles of queries, for dq, and then those of keys, for
 * dk and dv, which computes every tile twice. Tiles are added in the same order both ways: the same bits.
 */
#include <string.h>

#include "host/cpu/attention_cpu.h"

/* --- one tile --------------------------------------------------------------------------------------------------- */

/* tile->score = p, tile->slope = ds; 0 where causality hides. */
static void make_tile(const cg_attention_work *w, cg_attention_tile *tile, const cg_attention_place *p) {
    const cg_attention_request *r = w->r;
    const int64_t e = r->value_features;
    cg_attention_scores(w, tile, p);
    cg_attention_multiply(
        w, tile,
        (cg_gemm_block){.m = p->queries,
                        .n = p->keys,
                        .k = e,
                        .a = cg_attention_result(w, &w->grad->g, p->batch, r->queries, p->query, e),
                        .a_row = (ptrdiff_t)e,
                        .a_col = 1,
                        .b = cg_attention_row(w, &r->v, p->batch, p->key),
                        .b_row = 1,
                        .b_col = (ptrdiff_t)r->v.row,
                        .c = tile->slope,
                        .c_row = CG_TILE_KEYS});
    const unsigned char *lse = cg_attention_result(w, &r->lse, p->batch, r->queries, p->query, 1);
    const unsigned char *delta = cg_attention_result(w, &w->grad->delta, p->batch, r->queries, p->query, 1);
    for (int64_t row = 0; row < p->queries; row++) {
        const size_t at = (size_t)(row * CG_TILE_KEYS) * w->size;
        const int64_t n = cg_attention_seen(w, p, row);
        if (n > 0) {
            w->softmax->exp_sum(tile->score + at, cg_attention_get(w, lse, row), tile->score + at,
                                (ptrdiff_t)n);
            w->loops->slope(tile->slope + at, tile->score + at, cg_attention_get(w, delta, row), r->scale,
                            (ptrdiff_t)n);
        }
        const size_t seen = (size_t)n * w->size, hidden = (size_t)(p->keys - n) * w->size;
        memset(tile->score + at + seen, 0, hidden);
        memset(tile->slope + at + seen, 0, hidden);
    }
}

/* result += a (rows, k) b (k, cols); `to` is contiguous. */
static void add_product(const cg_attention_work *w, const cg_attention_tile *tile, unsigned char *to,
                        cg_gemm_block g) {
    g.c = to;
    g.c_row = (ptrdiff_t)g.n;
    g.add = true;
    cg_attention_multiply(w, tile, g);
}

static void add_dq(const cg_attention_work *w, const cg_attention_tile *tile, const cg_attention_place *p) {
    const cg_attention_request *r = w->r;
    if (!w->grad->dq.buffer) return;
    add_product(w, tile, cg_attention_result(w, &w->grad->dq, p->batch, r->queries, p->query, r->features),
                (cg_gemm_block){.m = p->queries,
                                .n = r->features,
                                .k = p->keys,
                                .a = tile->slope,
                                .a_row = CG_TILE_KEYS,
                                .a_col = 1,
                                .b = cg_attention_row(w, &r->k, p->batch, p->key),
                                .b_row = (ptrdiff_t)r->k.row,
                                .b_col = 1});
}

static void add_dk_and_dv(const cg_attention_work *w, const cg_attention_tile *tile,
                          const cg_attention_place *p) {
    const cg_attention_request *r = w->r;
    const int64_t e = r->value_features;
    if (w->grad->dk.buffer)
        add_product(w, tile, cg_attention_result(w, &w->grad->dk, p->batch, r->keys, p->key, r->features),
                    (cg_gemm_block){.m = p->keys,
                                    .n = r->features,
                                    .k = p->queries,
                                    .a = tile->slope,
                                    .a_row = 1,
                                    .a_col = CG_TILE_KEYS,
                                    .b = cg_attention_row(w, &r->q, p->batch, p->query),
                                    .b_row = (ptrdiff_t)r->q.row,
                                    .b_col = 1});
    if (w->grad->dv.buffer)
        add_product(
            w, tile, cg_attention_result(w, &w->grad->dv, p->batch, r->keys, p->key, e),
            (cg_gemm_block){.m = p->keys,
                            .n = e,
                            .k = p->queries,
                            .a = tile->score,
                            .a_row = 1,
                            .a_col = CG_TILE_KEYS,
                            .b = cg_attention_result(w, &w->grad->g, p->batch, r->queries, p->query, e),
                            .b_row = (ptrdiff_t)e,
                            .b_col = 1});
}

/* --- the ways to share the work -------------------------------------------------------------------------------- */

static bool is_seen(const cg_attention_work *w, const cg_attention_place *p) {
    return cg_attention_seen(w, p, p->queries - 1) > 0;
}

static void batch_body(void *ctx, int64_t begin, int64_t end, int thread) {
    const cg_attention_work *w = ctx;
    cg_attention_tile tile;
    cg_attention_memory(w, thread, &tile);
    for (int64_t batch = begin; batch < end; batch++)
        for (int64_t j = 0; j < w->key_tiles; j++)
            for (int64_t i = 0; i < w->query_tiles; i++) {
                const cg_attention_place p = cg_attention_place_at(w, batch, i, j);
                if (!is_seen(w, &p)) continue;
                make_tile(w, &tile, &p);
                add_dq(w, &tile, &p);
                add_dk_and_dv(w, &tile, &p);
            }
}

static void queries_body(void *ctx, int64_t begin, int64_t end, int thread) {
    const cg_attention_work *w = ctx;
    cg_attention_tile tile;
    cg_attention_memory(w, thread, &tile);
    for (int64_t piece = begin; piece < end; piece++)
        for (int64_t j = 0; j < w->key_tiles; j++) {
            const cg_attention_place p =
                cg_attention_place_at(w, piece / w->query_tiles, piece % w->query_tiles, j);
            if (!is_seen(w, &p)) break;
            make_tile(w, &tile, &p);
            add_dq(w, &tile, &p);
        }
}

static void keys_body(void *ctx, int64_t begin, int64_t end, int thread) {
    const cg_attention_work *w = ctx;
    cg_attention_tile tile;
    cg_attention_memory(w, thread, &tile);
    for (int64_t piece = begin; piece < end; piece++)
        for (int64_t i = 0; i < w->query_tiles; i++) {
            const cg_attention_place p =
                cg_attention_place_at(w, piece / w->key_tiles, i, piece % w->key_tiles);
            if (!is_seen(w, &p)) continue;
            make_tile(w, &tile, &p);
            add_dk_and_dv(w, &tile, &p);
        }
}

static void clear(const cg_attention_work *w, const cg_operand *o, int64_t rows, int64_t cols) {
    const int64_t n = w->r->batch[0] * w->r->batch[1] * rows * cols;
    if (o->buffer) memset(cg_attention_result(w, o, 0, rows, 0, cols), 0, (size_t)n * w->size);
}

cg_status cg_cpu_attention_grad(cg_hw *hw, const cg_attention_grad_request *grad) {
    const cg_attention_request *r = &grad->of;
    cg_attention_work w = {.r = r, .grad = grad};
    const cg_status status = cg_attention_prepare(hw, &w);
    if (status != CG_OK) return status;
    clear(&w, &grad->dq, r->queries, r->features);
    clear(&w, &grad->dk, r->keys, r->features);
    clear(&w, &grad->dv, r->keys, r->value_features);
    const int64_t batch = r->batch[0] * r->batch[1];
    const double each =
        2.5 * (double)r->queries * (double)r->keys * (double)(r->features + r->value_features);
    hw->stats.launches++;
    if (batch >= cg_parallel_threads() || each < 1e5) {
        cg_parallel_for(batch, cg_attention_grain(each), batch_body, &w);
        return CG_OK;
    }
    if (grad->dq.buffer) cg_parallel_for(batch * w.query_tiles, 1, queries_body, &w);
    if (grad->dk.buffer || grad->dv.buffer) cg_parallel_for(batch * w.key_tiles, 1, keys_body, &w);
    return CG_OK;
}
