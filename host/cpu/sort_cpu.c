/*
 * sort on the CPU. Elements become keys (isa/sorts_isa.h); keys, alone or with the place each came from, are sorted and
 * become elements again. With places, keys of 32 bits share a word of 64 with them. Words of which equal ones are the same
 * are sorted in place by quicksort where the processor is good at it: then the places of keys of 64 bits, too, share a word
 * with 32 bits of them, and the rest decides where those are equal. Else words are sorted by radix, or in short rows by
 * comparison. Many rows are shared out whole; a few long ones are sorted one after the other, each by all threads.
 */
#include "host/cpu/cpu.h"
#include "host/cpu/radix.h"
#include "host/cpu/sort_buckets.h"
#include "host/cpu/sort_specials.h"

#include <string.h>

enum {
    LONG_ROW = 1 << 16,      /* worth all threads */
    PART = CG_SORT_PART,     /* elements that are converted at a time */
    GRAIN_PARTS = 16,        /* of a long row */
    GRAIN_ELEMENTS = 1 << 13 /* of short rows */
};

typedef struct sort_work {
    const cg_sort_request *r;
    const cg_sorts_isa *isa;
    const cg_ranks_isa *ranks;
    const cg_quicksort_isa *quick; /* NULL: not by quicksort */
    size_t size, key, word;        /* bytes of an element, of its key, of what is sorted */
    bool places;                   /* wanted */
    bool halves;                   /* quicksort of places by 32 bits of the keys, then by the rest */
    bool in_result;                /* the result has room for the words that quicksort sorts */
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
    int shift; /* where halves: of the bits of a key that are sorted first */
    void *specials;
    cg_specials kept;
    bool special;
    cg_key_span *spans; /* of the threads, where all work on the row */
} desk;

/* --- Memory ------------------------------------------------------------------------------------------------ */

static size_t line_up(size_t bytes) { return (bytes + 63) / 64 * 64; }

/* The words go to and fro between the desk and a result, where that has room for them; quicksort needs one memory. */
static void lay_out(sort_work *w) {
    const size_t n = (size_t)w->r->n;
    const bool room = w->places || w->word == w->size;
    w->in_result = w->quick && room && (w->places || w->r->values.buffer != w->r->src.buffer);
    w->word_bytes = w->in_result ? 0 : line_up(n * w->word);
    w->other_bytes = w->quick || room ? 0 : w->word_bytes;
    w->place_bytes = w->places && w->key == 8 && !w->quick ? line_up(n * sizeof(uint32_t)) : 0;
    w->special_bytes =
        w->r->values.buffer && !w->halves && cg_dtype_is_float(w->r->dtype) ? line_up(n * w->size) : 0;
    w->count_bytes = w->quick ? 0 : line_up(cg_radix_count_bytes(w->r->n));
    w->desk_bytes =
        w->word_bytes + w->other_bytes + 2 * w->place_bytes + w->special_bytes + w->count_bytes + line_up(1);
}

static void take_row(desk *d, const sort_work *w, int64_t row, int thread, cg_key_span *spans) {
    unsigned char *memory = w->desks + (size_t)thread * w->desk_bytes;
    const size_t first = (size_t)(row * w->r->n);
    d->w = w;
    d->src = (const unsigned char *)cg_cpu_data(&w->r->src) + first * w->size;
    d->values = w->r->values.buffer ? (unsigned char *)cg_cpu_data(&w->r->values) + first * w->size : NULL;
    d->index = w->places ? (int64_t *)cg_cpu_data(&w->r->index) + first : NULL;
    d->radix = (cg_radix){.n = w->r->n, .bits = (int)w->word * 8, .parallel = spans != NULL};
    d->spans = spans;
    d->radix.from.word = memory, memory += w->word_bytes;
    d->radix.to.word = d->index ? (void *)d->index : w->other_bytes ? memory : d->values;
    memory += w->other_bytes;
    if (w->in_result) d->radix.from.word = d->radix.to.word;
    if (w->place_bytes) {
        d->radix.from.place = (uint32_t *)(void *)memory, memory += w->place_bytes;
        d->radix.to.place = (uint32_t *)(void *)memory, memory += w->place_bytes;
    }
    d->specials = memory, memory += w->special_bytes;
    d->radix.count = (int64_t(*)[CG_RADIX_DIGITS])(void *)memory;
}

/* --- Elements to words and back: the elements [begin, end) of the row -------------------------------------- */

/* The words of n elements from i on, at most PART. */
static void make_part(const desk *d, int64_t i, int64_t n, void *word, cg_key_span *span) {
    const sort_work *w = d->w;
    uint32_t keys[PART];
    uint64_t *words = word;
    const bool packed = w->key < w->word;
    w->isa->keys[w->r->dtype](d->src + (size_t)i * w->size, packed ? keys : word, (ptrdiff_t)n,
                              w->r->descending, span);
    if (packed) w->isa->pack(keys, word, (ptrdiff_t)n, (uint32_t)i);
    for (int64_t k = 0; w->halves && k < n; k++) words[k] = words[k] >> d->shift << 32 | (uint32_t)(i + k);
}

static void make_words(const desk *d, int64_t begin, int64_t end, cg_key_span *span) {
    const sort_work *w = d->w;
    for (int64_t i = begin; i < end; i += PART) {
        const int64_t n = end - i < PART ? end - i : PART;
        make_part(d, i, n, (unsigned char *)d->radix.from.word + (size_t)i * w->word, span);
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
        if (d->values && !w->halves)
            w->isa->elements[w->r->dtype](packed ? keys : from, d->values + (size_t)i * w->size, (ptrdiff_t)n,
                                          w->r->descending);
        for (int64_t k = 0; w->halves && d->values && k < n; k++)
            memcpy(d->values + (size_t)(i + k) * 8,
                   d->src + (size_t)(uint32_t)((const uint64_t *)from)[k] * 8, 8);
        for (int64_t k = 0; (packed || w->halves) && k < n; k++)
            d->index[i + k] = (uint32_t)((const uint64_t *)from)[k];
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

/* --- Keys of 64 bits and places, where halves ------------------------------------------------------------------- */

static const cg_key_span empty_span = {0, UINT64_MAX, false};

static uint64_t key_at(const desk *d, uint32_t place) {
    uint64_t key;
    cg_key_span span = {0};
    d->w->isa->keys[d->w->r->dtype](d->src + (size_t)place * 8, &key, 1, d->w->r->descending, &span);
    return key;
}

/* Of the sorted words [begin, end) those whose upper halves are equal: by what the keys have below `shift`. */
static void order_equals(const desk *d, int64_t begin, int64_t end) {
    uint64_t *word = d->radix.from.word;
    for (int64_t i = begin, next; i < end; i = next) {
        for (next = i + 1; next < end && word[next] >> 32 == word[i] >> 32;) next++;
        if (next - i == 1) continue;
        for (int64_t k = i; k < next; k++) {
            const uint32_t place = (uint32_t)word[k];
            word[k] = key_at(d, place) << (64 - d->shift) >> (64 - d->shift) << 32 | place;
        }
        d->w->quick->sort(word + i, (ptrdiff_t)(next - i));
    }
}

/* The 32 bits from the uppermost on that differs between keys. */
static int shift_of(cg_key_span span) {
    const uint64_t varying = span.any ^ span.all;
    return varying >> 32 ? 32 - __builtin_clzll(varying) : 0;
}

/* What all threads found, each in its own span. */
static cg_key_span join_spans(const cg_key_span *spans) {
    cg_key_span span = empty_span;
    for (int t = 0; t < CG_MAX_THREADS; t++) {
        span.any |= spans[t].any, span.all &= spans[t].all;
        span.special |= spans[t].special;
    }
    return span;
}

/* What the keys of the parts [begin, end) have in common. */
static void span_parts(void *ctx, int64_t begin, int64_t end, int thread) {
    desk *d = ctx;
    uint64_t words[PART];
    for (int64_t i = begin * PART; i < end * PART && i < d->w->r->n; i += PART)
        make_part(d, i, d->w->r->n - i < PART ? d->w->r->n - i : PART, words, &d->spans[thread]);
}

static void choose_shift(desk *d) {
    cg_key_span own = empty_span, *spans = d->spans;
    const int64_t parts = (d->w->r->n - 1) / PART + 1;
    d->shift = 0;
    if (spans) {
        cg_parallel_for(parts, GRAIN_PARTS, span_parts, d);
        own = join_spans(spans);
    } else {
        d->spans = &own;
        span_parts(d, 0, parts, 0);
        d->spans = NULL;
    }
    d->shift = shift_of(own);
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
    if (d->w->quick) {
        d->w->quick->sort(d->radix.from.word, (ptrdiff_t)d->radix.n);
        if (d->w->halves && d->shift) order_equals(d, 0, d->radix.n);
        return;
    }
    d->radix.varying = (span.any ^ span.all) << (d->w->word - d->w->key) * 8;
    if (d->radix.n <= (d->radix.bits == 32 ? CG_RANK_MOST : CG_RANK_MOST / 2))
        sort_short(d);
    else
        cg_radix_sort(&d->radix);
}

static cg_key_span make_all_words(desk *d) {
    const int64_t n = d->w->r->n;
    cg_key_span span = empty_span;
    if (!d->spans) {
        make_words(d, 0, n, &span);
        return span;
    }
    cg_parallel_for((n - 1) / PART + 1, GRAIN_PARTS, make_word_parts, d);
    return join_spans(d->spans);
}

/* Elements that keys do not tell apart, if the row has such, are set aside before the results overwrite them. */
static void keep_specials(desk *d, cg_key_span span) {
    d->special = span.special && d->values && !d->w->halves;
    if (!d->special) return;
    d->kept = cg_specials_keep(d->w->r->dtype, d->src, d->w->r->n, d->w->r->descending, d->specials);
}

static void restore_specials(desk *d) {
    if (d->special) cg_specials_restore(&d->kept, d->specials, d->w->r->n, d->w->size, d->values);
}

/* By buckets: see sort_buckets.h. */

static void bucket_words(void *ctx, int64_t begin, int64_t n, void *words, int thread) {
    desk *d = ctx;
    cg_key_span own = empty_span;
    make_part(d, begin, n, words, d->spans ? &d->spans[thread] : &own);
}

static void bucket_words_made(void *ctx) {
    desk *d = ctx;
    keep_specials(d, join_spans(d->spans));
}

static void bucket_results(void *ctx, int64_t begin, int64_t end) {
    const desk *d = ctx;
    if (d->w->halves && d->shift) order_equals(d, begin, end);
    make_results(d, begin, end);
}

static cg_sort_buckets buckets_of(desk *d) {
    return (cg_sort_buckets){.quick = d->w->quick,
                             .n = d->w->r->n,
                             .word = d->w->word,
                             .words = d->radix.from.word,
                             .cut = d->w->halves ? UINT64_MAX << 32 : UINT64_MAX,
                             .ctx = d,
                             .make = bucket_words,
                             .made = bucket_words_made,
                             .done = bucket_results};
}

/* Where not all of a row is asked for. False if that is no less work than all of it. */
static bool sort_first(desk *d) {
    if (!d->w->quick || !d->w->r->first) return false;
    const cg_sort_buckets b = buckets_of(d);
    return cg_sort_first(&b, d->w->r->first);
}

static void sort_row_in_buckets(desk *d) {
    const cg_sort_buckets b = buckets_of(d);
    cg_sort_in_buckets(&b);
    restore_specials(d);
}

static void sort_row(desk *d) {
    const int64_t n = d->w->r->n;
    if (d->w->halves) choose_shift(d);
    if (sort_first(d)) return;
    if (d->spans && d->w->quick) {
        sort_row_in_buckets(d);
        return;
    }
    const cg_key_span span = make_all_words(d);
    keep_specials(d, span);
    sort_words(d, span);
    if (d->spans)
        cg_parallel_for((n - 1) / PART + 1, GRAIN_PARTS, make_result_parts, d);
    else
        make_results(d, 0, n);
    restore_specials(d);
}

static void sort_rows(void *ctx, int64_t begin, int64_t end, int thread) {
    const sort_work *w = ctx;
    desk d;
    for (int64_t row = begin; row < end; row++) {
        take_row(&d, w, row, thread, NULL);
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
    w.quick = cg_cpu_of(hw)->isa->quicksort[w.word == 8];
    w.halves = w.places && w.key == 8;
    const bool by_radix = w.key < w.word && r->n > w.quick->most_packed && !r->first;
    if (!w.quick->sort || by_radix || (w.halves && r->values.buffer == r->src.buffer)) w.quick = NULL;
    w.halves = w.halves && w.quick;
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
        cg_key_span spans[CG_MAX_THREADS];
        for (int t = 0; t < CG_MAX_THREADS; t++) spans[t] = empty_span;
        take_row(&d, &w, row, 0, spans);
        sort_row(&d);
    }
    return CG_OK;
}
