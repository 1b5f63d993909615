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

static int64_t block_begin(const cg_sort_buckets *b, int64_t block) { return b->n * block / BLOCKS; }

/* `count` words of the row, in order, each `run` of them neighbours; room for any word. */
static void take_sample(const cg_sort_buckets *b, int64_t count, int64_t run, uint64_t *memory) {
    const int64_t step = b->n / count * run;
    for (int64_t i = 0; i < count / run; i++)
        b->make(b->ctx, i * step + (step - run + 1) / 2, run,
                (unsigned char *)memory + (size_t)(i * run) * b->word, 0);
    b->quick->sort(memory, (ptrdiff_t)(count / run * run));
}

/* Every SAMPLE / buckets-th word of a sample. */
static void choose_splitters(bucket_work *w) {
    const cg_sort_buckets *b = w->b;
    const size_t size = b->word;
    uint64_t memory[SAMPLE];
    unsigned char *sample = (void *)memory, *splitter = (void *)w->splitters;
    take_sample(b, SAMPLE, 1, memory);
    for (int s = 0; size == 8 && s < SAMPLE; s++) memory[s] &= b->cut;
    for (int s = 1; s < w->buckets; s++)
        memcpy(splitter + (size_t)(s - 1) * size, sample + (size_t)(s * SAMPLE / w->buckets) * size, size);
}

/* Something done with n words of block k. */
typedef void part_step(bucket_work *w, int64_t k, const uint64_t *words, ptrdiff_t n);

/* The words of blocks [from, to) are made part by part. */
static void each_part(bucket_work *w, int64_t from, int64_t to, int thread, part_step *step) {
    uint64_t words[PART];
    for (int64_t k = from; k < to; k++) {
        const int64_t end = block_begin(w->b, k + 1);
        for (int64_t i = block_begin(w->b, k); i < end; i += PART) {
            const int64_t n = end - i < PART ? end - i : PART;
            w->b->make(w->b->ctx, i, n, words, thread);
            step(w, k, words, (ptrdiff_t)n);
        }
    }
}

static void count_part(bucket_work *w, int64_t k, const uint64_t *words, ptrdiff_t n) {
    w->b->quick->count(words, n, w->buckets, w->splitters, w->at[k]);
}

static void count_blocks(void *ctx, int64_t from, int64_t to, int thread) {
    each_part(ctx, from, to, thread, count_part);
}

/* From how many words of a block are below each splitter to where the words of each bucket begin. */
static void place_buckets(bucket_work *w) {
    int64_t sum = 0;
    for (int64_t k = 0; k < BLOCKS; k++) {
        w->at[k][w->buckets - 1] = block_begin(w->b, k + 1) - block_begin(w->b, k);
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

static void scatter_part(bucket_work *w, int64_t k, const uint64_t *words, ptrdiff_t n) {
    w->b->quick->scatter(words, n, w->buckets, w->splitters, w->b->words, w->at[k]);
}

static void scatter_blocks(void *ctx, int64_t from, int64_t to, int thread) {
    each_part(ctx, from, to, thread, scatter_part);
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

/* --- The first k ------------------------------------------------------------------------------------------------ */

enum {
    SAMPLES_OF = 16, /* words that one of a sample stands for, at least */
    RUN = 8,         /* neighbours in it: words are made faster side by side */
    LEAST_SAMPLE = 64,
    LONG = 1 << 16, /* words that are worth all threads */
    MOST_OF = 8     /* a long row has so many words for each that is sorted, by one thread; a short one two */
};

typedef struct first_work {
    const cg_sort_buckets *b;
    uint64_t limit;
    int64_t blocks;
    int64_t count[BLOCKS]; /* the words of a block below the limit, which stand where the block begins */
} first_work;

static int64_t first_begin(const first_work *w, int64_t block) { return w->b->n * block / w->blocks; }

static void take_blocks(void *ctx, int64_t from, int64_t to, int thread) {
    first_work *w = ctx;
    const cg_sort_buckets *b = w->b;
    uint64_t words[PART];
    for (int64_t k = from; k < to; k++) {
        const int64_t begin = first_begin(w, k), end = first_begin(w, k + 1);
        w->count[k] = 0;
        for (int64_t i = begin; i < end; i += PART) {
            const int64_t n = end - i < PART ? end - i : PART;
            b->make(b->ctx, i, n, words, thread);
            w->count[k] +=
                b->quick->below(words, (ptrdiff_t)n, &w->limit, (uint64_t *)b->words + begin + w->count[k]);
        }
    }
}

/* The place in a sample of a word that has k words of the row before it, but for chances of one in many thousands. */
static int64_t sample_of(int64_t n, int64_t k, int64_t samples) {
    const double expected = (double)k / (double)n * (double)samples;
    return (int64_t)(expected + 5 * __builtin_sqrt(expected)) + 8;
}

bool cg_sort_first(const cg_sort_buckets *b, int64_t k) {
    first_work w = {.b = b, .blocks = b->n < LONG ? 1 : BLOCKS};
    uint64_t sample[SAMPLE];
    const int64_t each = b->n / SAMPLES_OF / RUN * RUN, samples = each < SAMPLE ? each : SAMPLE;
    if (b->word != 8 || samples < LEAST_SAMPLE) return false;
    const int64_t at = sample_of(b->n, k, samples);
    if (at > samples / 3) return false;
    take_sample(b, samples, RUN, sample);
    w.limit = (sample[at] | ~b->cut) + 1;
    if (w.limit == 0) return false;
    cg_parallel_for(w.blocks, 1, take_blocks, &w);
    uint64_t *words = b->words;
    int64_t n = 0;
    for (int64_t i = 0; i < w.blocks; n += w.count[i++])
        memmove(words + n, words + first_begin(&w, i), (size_t)w.count[i] * sizeof *words);
    if (n < k || n > b->n / (w.blocks > 1 ? MOST_OF : 2)) return false; /* misled, or many equal ones */
    b->quick->sort(words, (ptrdiff_t)n);
    b->done(b->ctx, 0, n);
    return true;
}
