/* Tiles of scores: products by the kernels of the matrix product, then scale and mask. */
#include "host/cpu/attention_cpu.h"

static int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }
static size_t whole_lines(size_t bytes) { return (bytes + 63) & ~(size_t)63; }

cg_status cg_attention_prepare(cg_hw *hw, cg_attention_work *w) {
    const cg_attention_request *r = w->r;
    const cg_isa *isa = cg_cpu_of(hw)->isa;
    w->gemm = isa->gemm[CG_INNER_PRODUCT][r->dtype];
    w->softmax = isa->softmax[r->dtype];
    w->loops = isa->attention[r->dtype];
    w->size = cg_dtype_size(r->dtype);
    w->tile_queries = r->causal ? CG_TILE_QUERIES_CAUSAL : CG_TILE_QUERIES;
    w->query_tiles = (r->queries + w->tile_queries - 1) / w->tile_queries;
    w->key_tiles = (r->keys + CG_TILE_KEYS - 1) / CG_TILE_KEYS;
    const int64_t features = larger(r->features, r->value_features);
    const int64_t rows = w->grad ? CG_TILE_KEYS : CG_TILE_QUERIES;
    w->pack_bytes = whole_lines(w->gemm->pack_bytes(larger(features, CG_TILE_KEYS)));
    w->tile_bytes = (size_t)CG_TILE_QUERIES * CG_TILE_KEYS * w->size;
    w->part_bytes = whole_lines((size_t)rows * (size_t)features * w->size);
    w->thread_bytes = w->pack_bytes + 2 * w->tile_bytes + w->part_bytes;
    w->memory = cg_cpu_workspace(hw, CG_WORKSPACE_ATTENTION, (size_t)cg_parallel_threads() * w->thread_bytes);
    return w->memory ? CG_OK : CG_ERROR_MEMORY;
}

void cg_attention_memory(const cg_attention_work *w, int thread, cg_attention_tile *tile) {
    tile->pack = w->memory + (size_t)thread * w->thread_bytes;
    tile->score = tile->pack + w->pack_bytes;
    tile->slope = tile->score + w->tile_bytes;
    tile->part = tile->slope + w->tile_bytes;
}

cg_attention_place cg_attention_place_at(const cg_attention_work *w, int64_t batch, int64_t query_tile,
                                         int64_t key_tile) {
    cg_attention_place p = {
        .batch = batch, .query = query_tile * w->tile_queries, .key = key_tile * CG_TILE_KEYS};
    p.queries = w->r->queries - p.query < w->tile_queries ? w->r->queries - p.query : w->tile_queries;
    p.keys = w->r->keys - p.key < CG_TILE_KEYS ? w->r->keys - p.key : CG_TILE_KEYS;
    const int64_t seen = p.query + p.queries - p.key; /* by the last row */
    if (w->r->causal && seen > 0 && seen < p.keys) p.keys = seen;
    return p;
}

int64_t cg_attention_seen(const cg_attention_work *w, const cg_attention_place *p, int64_t row) {
    const int64_t seen = p->query + row + 1 - p->key;
    if (!w->r->causal || seen > p->keys) return p->keys;
    return seen > 0 ? seen : 0;
}

/* Where batch number `batch` begins in an operand with these strides over the batch axes. */
static int64_t batch_offset(const cg_attention_work *w, const int64_t *stride, int64_t batch) {
    return batch / w->r->batch[1] * stride[0] + batch % w->r->batch[1] * stride[1];
}

const unsigned char *cg_attention_row(const cg_attention_work *w, const cg_matrix *m, int64_t batch,
                                      int64_t row) {
    const int64_t at = m->offset + batch_offset(w, m->batch, batch) + row * m->row;
    return m->buffer->data + at * (int64_t)w->size;
}

unsigned char *cg_attention_result(const cg_attention_work *w, const cg_operand *o, int64_t batch,
                                   int64_t rows, int64_t row, int64_t cols) {
    return o->buffer->data + (o->offset + (batch * rows + row) * cols) * (int64_t)w->size;
}

void cg_attention_multiply(const cg_attention_work *w, const cg_attention_tile *tile, cg_gemm_block g) {
    g.pack = tile->pack;
    w->gemm->block(&g);
}

/* The first n scores of a row, scaled and masked. */
static void finish_row(const cg_attention_work *w, const cg_attention_place *p, int64_t row, void *score,
                       int64_t n) {
    const cg_attention_request *r = w->r;
    const cg_operand *m = &r->mask;
    if (!m->buffer) {
        w->loops->scale(score, r->scale, (ptrdiff_t)n);
        return;
    }
    const int64_t at = m->offset + batch_offset(w, m->stride, p->batch) + (p->query + row) * m->stride[2] +
                       p->key * m->stride[3];
    const unsigned char *mask = m->buffer->data + at * (int64_t)cg_dtype_size(m->dtype);
    const ptrdiff_t stride = (ptrdiff_t)m->stride[3];
    if (m->dtype == CG_BOOL)
        w->loops->mask_bytes(score, r->scale, mask, stride, (ptrdiff_t)n);
    else
        w->loops->mask(score, r->scale, mask, stride, (ptrdiff_t)n);
}

void cg_attention_scores(const cg_attention_work *w, const cg_attention_tile *tile,
                         const cg_attention_place *p) {
    const cg_attention_request *r = w->r;
    cg_attention_multiply(w, tile,
                          (cg_gemm_block){.m = p->queries,
                                          .n = p->keys,
                                          .k = r->features,
                                          .a = cg_attention_row(w, &r->q, p->batch, p->query),
                                          .a_row = (ptrdiff_t)r->q.row,
                                          .a_col = 1,
                                          .b = cg_attention_row(w, &r->k, p->batch, p->key),
                                          .b_row = 1,
                                          .b_col = (ptrdiff_t)r->k.row,
                                          .c = tile->score,
                                          .c_row = CG_TILE_KEYS});
    for (int64_t row = 0; row < p->queries; row++) {
        const int64_t n = cg_attention_seen(w, p, row);
        if (n > 0) finish_row(w, p, row, tile->score + (size_t)(row * CG_TILE_KEYS) * w->size, n);
    }
}

int64_t cg_attention_grain(double products) {
    const double least = 1e6; /* some 10 microseconds of a core */
    return products >= least ? 1 : (int64_t)(least / (products > 1 ? products : 1)) + 1;
}
