/* What forward and backward of attention on the CPU share: tiles of scores, and the memory of a thread. */
#ifndef CLGRAD_HOST_CPU_ATTENTION_CPU_H
#define CLGRAD_HOST_CPU_ATTENTION_CPU_H

#include "host/cpu/cpu.h"

/*
 * A tile of scores and one of their gradients stay in the L2 cache. Keys are packed for each tile, so that a high one is
 * faster; where causality hides part of them a lower one computes less in vain.
 */
enum { CG_TILE_QUERIES = 128, CG_TILE_QUERIES_CAUSAL = 64, CG_TILE_KEYS = 256 };

typedef struct cg_attention_work {
    const cg_attention_request *r;
    const cg_attention_grad_request *grad; /* NULL forward */
    const cg_gemm_isa *gemm;
    const cg_softmax_isa *softmax;
    const cg_attention_isa *loops;
    size_t size;                    /* of an element */
    int64_t tile_queries;           /* of a tile */
    int64_t query_tiles, key_tiles; /* for each of the batch */
    unsigned char *memory;          /* thread_bytes for each thread */
    size_t thread_bytes, pack_bytes, tile_bytes, part_bytes;
} cg_attention_work;

/* The memory of one thread. */
typedef struct cg_attention_tile {
    unsigned char *pack, *score, *slope, *part; /* slope: of the scores; part: a product before it is added */
    double max[CG_TILE_QUERIES], sum[CG_TILE_QUERIES];
} cg_attention_tile;

/* Which scores: rows query..query + queries - 1 and columns key..key + keys - 1 of batch number `batch`. */
typedef struct cg_attention_place {
    int64_t batch, query, queries, key, keys;
} cg_attention_place;

/* Fills all but r and grad; the memory lasts until the next use of the workspace. */
cg_status cg_attention_prepare(cg_hw *hw, cg_attention_work *w);

void cg_attention_memory(const cg_attention_work *w, int thread, cg_attention_tile *tile);

/* The tile number `query_tile`, `key_tile` of batch number `batch`. */
cg_attention_place cg_attention_place_at(const cg_attention_work *w, int64_t batch, int64_t query_tile,
                                         int64_t key_tile);

/* How many keys of the tile row `row` of it sees by causality: the first ones. */
int64_t cg_attention_seen(const cg_attention_work *w, const cg_attention_place *p, int64_t row);

/* Row `row` of batch number `batch` of an operand, and of contiguous memory of `rows` rows for each of the batch. */
const unsigned char *cg_attention_row(const cg_attention_work *w, const cg_matrix *m, int64_t batch,
                                      int64_t row);
unsigned char *cg_attention_result(const cg_attention_work *w, const cg_operand *o, int64_t batch,
                                   int64_t rows, int64_t row, int64_t cols);

/* c (m, n) = a (m, k) b (k, n), strides in elements. */
void cg_attention_multiply(const cg_attention_work *w, const cg_attention_tile *tile, cg_gemm_block g);

/* tile->score: the scores of a place, scaled and masked, rows CG_TILE_KEYS apart; what causality hides is not valid. */
void cg_attention_scores(const cg_attention_work *w, const cg_attention_tile *tile,
                         const cg_attention_place *p);

/* An element of T as a number, and back. */
static inline double cg_attention_get(const cg_attention_work *w, const void *p, int64_t i) {
    return w->size == sizeof(float) ? (double)((const float *)p)[i] : ((const double *)p)[i];
}
static inline void cg_attention_put(const cg_attention_work *w, void *p, int64_t i, double value) {
    if (w->size == sizeof(float))
        ((float *)p)[i] = (float)value;
    else
        ((double *)p)[i] = value;
}

/* How many pieces, each of `products` multiply-adds, a thread should have at least. */
int64_t cg_attention_grain(double products);

#endif
