/*
 * sort on the CPU. Elements become keys (isa/sorts_isa.h); keys, alone or with the place each came from, are sorted by
 * radix, or in short rows by comparison, and become elements again. With places, keys of 32 bits share a word of 64 with them. Many rows are shared out
 * whole; a few long ones are sorted one after the other, each by all threads.
 */
#include "host/cpu/cpu.h"
#include "host/cpu/radix.h"
#include "host/cpu/sort_specials.h"

#include <string.h>

enum {
    LONG_ROW = 1 << 16,      /* worth all threads */
    PART = 1024,             /* elements that are converted at a time */
    GRAIN_PARTS = 16,        /* of a long row */
    GRAIN_ELEMENTS = 1 << 13 /* of short rows */
};

typedef struct sort_work {
    const cg_sort_request *r;
    const cg_sorts_isa *isa;
    const cg_ranks_isa *ranks;
    size_t size, key, word; /* bytes of an element, of its key, of what is sorted */
    bool places;            /* wanted */
    size_t word_bytes, other_bytes, place_bytes, special_bytes, count_bytes, desk_bytes;
    unsigned char *desks; /* of the threads */
} sort_work;

/* A row, and the memory it is sorted in. */
typedef struct desk {
    const sort_work *w;
    const unsigned char *src;
    unsigned char *values; /* NULL: not wanted */
    int64_t *index;        /* NULL: not wanted */
    cg_radix radix;
    void *specials;
    cg_key_span *spans; /* of the threads, where all work on the row */
} desk;

/* --- Memory ------------------------------------------------------------------------------------------------ */

static size_t line_up(size_t bytes) { return (bytes + 63) / 64 * 64; }

/* The words go to and fro between the desk and a result, where that has room for them. */
static void lay_out(sort_work *w) {
    const size_t n = (size_t)w->r->n;
    const bool other = w->places ? false : w->word != w->size;
    w->word_bytes = line_up(n * w->word);
    w->other_bytes = other ? w->word_bytes : 0;
    w->place_bytes = w->places && w->key == 8 ? line_up(n * sizeof(uint32_t)) : 0;
    w->special_bytes = w->r->values.buffer && cg_dtype_is_float(w->r->dtype) ? line_up(n * w->size) : 0;
    w->count_bytes = line_up(cg_radix_count_bytes(w->r->n));
    w->desk_bytes = w->word_bytes + w->other_bytes + 2 * w->place_bytes + w->special_bytes + w->count_bytes;
}

static void take_row(desk *d, const sort_work *w, int64_t row, int thread, bool parallel) {
    unsigned char *memory = w->desks + (size_t)thread * w->desk_bytes;
    const size_t first = (size_t)(row * w->r->n);
    d->w = w;
    d->src = (const unsigned char *)cg_cpu_data(&w->r->src) + first * w->size;
    d->values = w->r->values.buffer ? (unsigned char *)cg_cpu_data(&w->r->values) + first * w->size : NULL;
    d->index = w->places ? (int64_t *)cg_cpu_data(&w->r->index) + first : NULL;
    d->radix = (cg_radix){.n = w->r->n, .bits = (int)w->word * 8, .parallel = parallel};
    d->radix.from.word = memory, memory += w->word_bytes;
    d->radix.to.word = d->index ? (void *)d->index : w->other_bytes ? memory : d->values;
    memory += w->other_bytes;
    if (w->place_bytes) {
        d->radix.from.place = (uint32_t *)(void *)memory, memory += w->place_bytes;
        d->radix.to.place = (uint32_t *)(void *)memory, memory += w->place_bytes;
    }
    d->specials = memory, memory += w->special_bytes;
    d->radix.count = (int64_t(*)[CG_RADIX_DIGITS])(void *)memory;
}

/* --- Elements to words and back: the elements [begin, end) of the row -------------------------------------- */

static void make_words(const desk *d, int64_t begin, int64_t end, cg_key_span *span) {
    const sort_work *w = d->w;
    uint32_t keys[PART];
    unsigned char *word = d->radix.from.word;
    for (int64_t i = begin; i < end; i += PART) {
        const int64_t n = end - i < PART ? end - i : PART;
        const bool packed = w->key < w->word;
        void *to = packed ? (void *)keys : word + (size_t)i * w->word;
        w->isa->keys[w->r->dtype](d->src + (size_t)i * w->size, to, (ptrdiff_t)n, w->r->descending, span);
        if (packed) w->isa->pack(keys, (uint64_t *)(void *)word + i, (ptrdiff_t)n, (uint32_t)i);
        for (int64_t k = 0; w->place_bytes && k < n; k++) d->radix.from.place[i + k] = (uint32_t)(i + k);
    }
}

static void make_results(const desk *d, int64_t begin, int64_t end) {
    const sort_work *w = d->w;
    uint32_t keys[PART];
    const unsigned char *word = d->radix.from.word;
    const bool packed = w->key < w->word;
    for (int64_t i = begin; i < end; i += PART) {
        const int64_t n = end - i < PART ? end - i : PART;
        const void *from = word + (size_t)i * w->word;
        if (packed && d->values) w->isa->unpack(from, keys, (ptrdiff_t)n);
        if (d->values)
            w->isa->elements[w->r->dtype](packed ? keys : from, d->values + (size_t)i * w->size, (ptrdiff_t)n,
                                          w->r->descending);
        for (int64_t k = 0; packed && k < n; k++) d->index[i + k] = (uint32_t)((const uint64_t *)from)[k];
        for (int64_t k = 0; w->place_bytes && k < n; k++) d->index[i + k] = d->radix.from.place[i + k];
    }
}

/* The parts [begin, end) of the row. */
static void make_word_parts(void *ctx, int64_t begin, int64_t end, int thread) {
    desk *d = ctx;
    const int64_t last = end * PART < d->w->r->n ? end * PART : d->w->r->n;
    make_words(d, begin * PART, last, &d->spans[thread]);
}

static void make_result_parts(void *ctx, int64_t begin, int64_t end, int thread) {
    const desk *d = ctx;
    (void)thread;
    make_results(d, begin * PART, end * PART < d->w->r->n ? end * PART : d->w->r->n);
}

/* --- A row ------------------------------------------------------------------------------------------------- */

/* A row that is not worth a radix sort: every word goes to its rank. */
static void sort_short(desk *d) {
    const cg_radix_words from = d->radix.from, to = d->radix.to;
    const int64_t n = d->radix.n;
    int32_t rank[CG_RANK_MOST];
    (d->radix.bits == 32 ? d->w->ranks->rank_32 : d->w->ranks->rank_64)(from.word, (ptrdiff_t)n, rank);
    for (int64_t i = 0; i < n && d->radix.bits == 32; i++)
        ((uint32_t *)to.word)[rank[i]] = ((const uint32_t *)from.word)[i];
    for (int64_t i = 0; i < n && d->radix.bits == 64; i++)
        ((uint64_t *)to.word)[rank[i]] = ((const uint64_t *)from.word)[i];
    for (int64_t i = 0; i < n && from.place; i++) to.place[rank[i]] = from.place[i];
    d->radix.from = to;
    d->radix.to = from;
}

static void sort_words(desk *d, cg_key_span span) {
    d->radix.varying = (span.any ^ span.all) << (d->w->word - d->w->key) * 8;
    if (d->radix.n <= (d->radix.bits == 32 ? CG_RANK_MOST : CG_RANK_MOST / 2))
        sort_short(d);
    else
        cg_radix_sort(&d->radix);
}

static const cg_key_span empty_span = {0, UINT64_MAX, false};

static cg_key_span make_all_words(desk *d) {
    const int64_t n = d->w->r->n;
    cg_key_span span = empty_span, spans[CG_MAX_THREADS];
    if (!d->radix.parallel) {
        make_words(d, 0, n, &span);
        return span;
    }
    for (int t = 0; t < CG_MAX_THREADS; t++) spans[t] = span;
    d->spans = spans;
    cg_parallel_for((n - 1) / PART + 1, GRAIN_PARTS, make_word_parts, d);
    for (int t = 0; t < CG_MAX_THREADS; t++) {
        span.any |= spans[t].any, span.all &= spans[t].all;
        span.special |= spans[t].special;
    }
    return span;
}

static void sort_row(desk *d) {
    const int64_t n = d->w->r->n;
    const cg_key_span span = make_all_words(d);
    const bool specials = span.special && d->values;
    cg_specials kept = {0};
    if (specials) kept = cg_specials_keep(d->w->r->dtype, d->src, n, d->w->r->descending, d->specials);
    sort_words(d, span);
    if (d->radix.parallel)
        cg_parallel_for((n - 1) / PART + 1, GRAIN_PARTS, make_result_parts, d);
    else
        make_results(d, 0, n);
    if (specials) cg_specials_restore(&kept, d->specials, n, d->w->size, d->values);
}

static void sort_rows(void *ctx, int64_t begin, int64_t end, int thread) {
    const sort_work *w = ctx;
    desk d;
    for (int64_t row = begin; row < end; row++) {
        take_row(&d, w, row, thread, false);
        sort_row(&d);
    }
}

/* --- The request ------------------------------------------------------------------------------------------- */

cg_status cg_cpu_sort(cg_hw *hw, const cg_sort_request *r) {
    sort_work w = {.r = r,
                   .isa = cg_cpu_of(hw)->isa->sorts,
                   .ranks = cg_cpu_of(hw)->isa->ranks,
                   .size = cg_dtype_size(r->dtype)};
    w.places = r->index.buffer != NULL;
    w.key = w.size == 8 ? 8 : 4;
    w.word = w.places ? 8 : w.key;
    if (w.places && r->n > UINT32_MAX)
        return CG_FAIL(hw->err, CG_ERROR_SHAPE, "sort: a row of %lld elements, more than 2^32 - 1",
                       (long long)r->n);
    lay_out(&w);
    const int threads = cg_parallel_threads();
    const bool by_rows = r->n < LONG_ROW || r->rows >= 4 * threads;
    w.desks = cg_cpu_workspace(hw, CG_WORKSPACE_SORT, w.desk_bytes * (size_t)(by_rows ? threads : 1));
    if (!w.desks) return CG_ERROR_MEMORY;
    hw->stats.launches++;
    if (by_rows) {
        const int64_t grain = GRAIN_ELEMENTS / r->n;
        cg_parallel_for(r->rows, grain > 1 ? grain : 1, sort_rows, &w);
        return CG_OK;
    }
    for (int64_t row = 0; row < r->rows; row++) {
        desk d;
        take_row(&d, &w, row, 0, true);
        sort_row(&d);
    }
    return CG_OK;
}
