#include "host/cpu/sort_buckets.h"

#include "host/cpu/thread_pool.h"

#include <string.h>

enum { BLOCKS = 64, SAMPLE = 1024, PART = CG_SORT_PART };

typedef struct bucket_work {
    const cg_sort_buckets *b;
    int buckets;
    uint64_t splitters[CG_SORT_SPLITTERS]; /* of any word */
    int64_t at[BLOCKS][CG_SORT_BUCKETS]; /* where the words of a block go next, at first how many there are */
    int64_t begin[CG_SORT_BUCKETS + 1];
} bucket_work;

static int64_t block_begin(const bucket_work *w, int64_t block) { return w->b->n * block / BLOCKS; }

/* Every SAMPLE / buckets-th word of a sample in order. */
static void choose_splitters(bucket_work *w) {
    const cg_sort_buckets *b = w->b;
    const size_t size = b->word;
    uint64_t memory[SAMPLE];
    unsigned char *sample = (void *)memory, *splitter = (void *)w->splitters;
    const int64_t step = b->n / SAMPLE;
    for (int64_t i = 0; i < SAMPLE; i++)
        b->make(b->ctx, i * step + step / 2, 1, sample + (size_t)i * size, 0);
    b->quick->sort(sample, SAMPLE);
    for (int s = 0; size == 8 && s < SAMPLE; s++) memory[s] &= b->cut;
    for (int s = 1; s < w->buckets; s++)
        memcpy(splitter + (size_t)(s - 1) * size, sample + (size_t)(s * SAMPLE / w->buckets) * size, size);
}

static void count_blocks(void *ctx, int64_t from, int64_t to, int thread) {
    bucket_work *w = ctx;
    uint64_t words[PART];
    for (int64_t k = from; k < to; k++) {
        const int64_t end = block_begin(w, k + 1);
        for (int64_t i = block_begin(w, k); i < end; i += PART) {
            const int64_t n = end - i < PART ? end - i : PART;
            w->b->make(w->b->ctx, i, n, words, thread);
            w->b->quick->count(words, (ptrdiff_t)n, w->buckets, w->splitters, w->at[k]);
        }
    }
}

/* From how many words of a block are below each splitter to where the words of each bucket begin. */
static void place_buckets(bucket_work *w) {
    int64_t sum = 0;
    for (int64_t k = 0; k < BLOCKS; k++) {
        w->at[k][w->buckets - 1] = block_begin(w, k + 1) - block_begin(w, k);
        for (int b = w->buckets - 1; b > 0; b--) w->at[k][b] -= w->at[k][b - 1];
    }
    for (int b = 0; b < w->buckets; b++) {
        w->begin[b] = sum;
        for (int k = 0; k < BLOCKS; k++) {
            const int64_t count = w->at[k][b];
            w->at[k][b] = sum;
            sum += count;
        }
    }
    w->begin[w->buckets] = sum;
}

static void scatter_blocks(void *ctx, int64_t from, int64_t to, int thread) {
    bucket_work *w = ctx;
    uint64_t words[PART];
    for (int64_t k = from; k < to; k++) {
        const int64_t end = block_begin(w, k + 1);
        for (int64_t i = block_begin(w, k); i < end; i += PART) {
            const int64_t n = end - i < PART ? end - i : PART;
            w->b->make(w->b->ctx, i, n, words, thread);
            w->b->quick->scatter(words, (ptrdiff_t)n, w->buckets, w->splitters, w->b->words, w->at[k]);
        }
    }
}

static void sort_buckets(void *ctx, int64_t from, int64_t to, int thread) {
    const bucket_work *w = ctx;
    (void)thread;
    for (int64_t b = from; b < to; b++) {
        const int64_t begin = w->begin[b], end = w->begin[b + 1];
        if (begin == end) continue;
        w->b->quick->sort((unsigned char *)w->b->words + (size_t)begin * w->b->word,
                          (ptrdiff_t)(end - begin));
        w->b->done(w->b->ctx, begin, end);
    }
}

void cg_sort_in_buckets(const cg_sort_buckets *b) {
    bucket_work w = {.b = b, .buckets = cg_parallel_threads() <= 2 ? 4 : CG_SORT_BUCKETS};
    choose_splitters(&w);
    cg_parallel_for(BLOCKS, 1, count_blocks, &w);
    b->made(b->ctx);
    place_buckets(&w);
    cg_parallel_for(BLOCKS, 1, scatter_blocks, &w);
    cg_parallel_for(w.buckets, 1, sort_buckets, &w);
}
