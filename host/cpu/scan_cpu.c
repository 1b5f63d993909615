/*
 * scan on the CPU. The work is a table of units: outer index times strip of columns. A unit runs along its axis in one
 * go, unless the units are few and long: then its axis is cut into chunks, round by round some of them, few enough to
 * stay in the cache: the chunks' totals, from these the carry of each chunk, then the chunks. Strips, chunks and
 * rounds depend on the request alone, so the bits do not depend on threads.
 */
#include "host/cpu/cpu.h"

#include <string.h>

enum {
    CHUNK_BYTES = 32 << 10,  /* of one chunk of a unit */
    ROUND_CHUNKS = 16,       /* in all 512 KiB, which the caches hold */
    ENOUGH_UNITS = 32,       /* to share out without chunks */
    LEAST_STRIP = 128,       /* columns, where there are so many: long enough runs of memory */
    STREAM_BYTES = 16 << 10, /* what is computed in L1 before it is streamed out */
    COLUMNS_STEP = 16,       /* a line of f32 */
    SHORT_BYTES = 4 << 10    /* rows that the loops take several of */
};

typedef struct scan_work {
    const cg_scan_request *r;
    const cg_isa *isa;
    const cg_scan_kind *kind;
    const cg_folds_isa *folds;
    const unsigned char *src;
    unsigned char *out;
    size_t size;             /* of an element */
    int64_t strip, n_strips; /* columns of a unit, units of an outer index */
    bool stream;             /* out is too large for the cache */
    /* of the unit that is being cut into chunks */
    int64_t unit, chunk, first, n_chunks; /* steps of a chunk; the first chunk and the chunks of this round */
    unsigned char *carry;                 /* one for each chunk of a round and one more */
} scan_work;

static size_t carry_bytes(const scan_work *w) { return 2 * (size_t)w->strip * w->size; }

/* The carry of a chunk of the round. */
static void *carry_of(const scan_work *w, int64_t chunk) { return w->carry + (size_t)chunk * carry_bytes(w); }

static int64_t width_of(const scan_work *w, int64_t unit) {
    const int64_t rest = w->r->inner - unit % w->n_strips * w->strip;
    return rest < w->strip ? rest : w->strip;
}

/* The first element, in memory, of the steps [begin, end) of a unit, steps counted in the direction of the scan. */
static int64_t place_of(const scan_work *w, int64_t unit, int64_t begin, int64_t end) {
    const int64_t step = w->r->reverse ? w->r->n - end : begin;
    return (unit / w->n_strips * w->r->n + step) * w->r->inner + unit % w->n_strips * w->strip;
}

/* --- The steps [begin, end) of a unit from a carry, which is left as it is after them ---------------------- */

/* Writes the elements of a piece, `rows` of `width`, to where they belong. */
static void stream_piece(const scan_work *w, const unsigned char *piece, int64_t at, int64_t rows,
                         int64_t width) {
    const int64_t runs = width == w->r->inner ? 1 : rows, length = rows / runs * width;
    for (int64_t i = 0; i < runs; i++)
        w->isa->stream(w->out + (size_t)(at + i * w->r->inner) * w->size,
                       piece + (size_t)(i * width) * w->size, (size_t)length * w->size);
}

/* The `rows` steps whose first element in memory is `at`, to memory with out_row elements from row to row. */
static void run_piece(const scan_work *w, int64_t at, unsigned char *out, int64_t out_row, int64_t rows,
                      int64_t width, void *carry) {
    const int64_t inner = w->r->inner, last = rows - 1;
    const unsigned char *x = w->src + (size_t)at * w->size;
    if (inner == 1)
        (w->r->reverse ? w->kind->reverse : w->kind->forward)(x, out, (ptrdiff_t)rows, carry);
    else if (w->r->reverse)
        w->kind->columns(x + (size_t)(last * inner) * w->size, (ptrdiff_t)-inner,
                         out + (size_t)(last * out_row) * w->size, (ptrdiff_t)-out_row, (ptrdiff_t)rows,
                         (ptrdiff_t)width, carry);
    else
        w->kind->columns(x, (ptrdiff_t)inner, out, (ptrdiff_t)out_row, (ptrdiff_t)rows, (ptrdiff_t)width,
                         carry);
}

static void run_steps(const scan_work *w, int64_t unit, int64_t begin, int64_t end, void *carry) {
    _Alignas(64) unsigned char piece[STREAM_BYTES];
    const int64_t width = width_of(w, unit),
                  most = w->stream ? STREAM_BYTES / (width * (int64_t)w->size) : end - begin;
    for (int64_t i = begin; i < end; i += most) {
        const int64_t rows = end - i < most ? end - i : most, at = place_of(w, unit, i, i + rows);
        if (w->stream) {
            run_piece(w, at, piece, width, rows, width, carry);
            stream_piece(w, piece, at, rows, width);
        } else {
            run_piece(w, at, w->out + (size_t)at * w->size, w->r->inner, rows, width, carry);
        }
    }
}

/* Short rows, inner 1: as many as fill a piece at a time. */
static void run_short_rows(const scan_work *w, int64_t begin, int64_t end) {
    _Alignas(64) unsigned char piece[STREAM_BYTES];
    const int64_t n = w->r->n, most = w->stream ? STREAM_BYTES / (n * (int64_t)w->size) : end - begin;
    for (int64_t i = begin; i < end; i += most) {
        const int64_t rows = end - i < most ? end - i : most;
        const size_t at = (size_t)(i * n) * w->size;
        w->kind->rows(w->src + at, w->stream ? piece : w->out + at, (ptrdiff_t)n, (ptrdiff_t)rows,
                      w->r->reverse);
        if (w->stream) w->isa->stream(w->out + at, piece, (size_t)(rows * n) * w->size);
    }
}

static void run_units(void *ctx, int64_t begin, int64_t end, int thread) {
    const scan_work *w = ctx;
    int64_t carry[2 * CG_SCAN_COLUMNS]; /* of any T */
    (void)thread;
    if (w->r->inner == 1 && w->r->n * (int64_t)w->size <= SHORT_BYTES) {
        run_short_rows(w, begin, end);
        begin = end;
    }
    for (int64_t unit = begin; unit < end; unit++) {
        w->kind->start(carry, (ptrdiff_t)width_of(w, unit));
        run_steps(w, unit, 0, w->r->n, carry);
    }
    if (w->stream) w->isa->stream_end();
}

/* --- Chunks ------------------------------------------------------------------------------------------------ */

static void chunk_range(const scan_work *w, int64_t chunk, int64_t *begin, int64_t *end) {
    *begin = (w->first + chunk) * w->chunk;
    *end = *begin + w->chunk < w->r->n ? *begin + w->chunk : w->r->n;
}

/* What the elements of a column come to, folded as reduce folds them. */
static void total_column(const scan_work *w, int64_t begin, int64_t end, void *total) {
    int64_t folded; /* of any T */
    for (int64_t i = begin; i < end; i += CG_FOLD_BLOCK) {
        const int64_t stop = end - i < CG_FOLD_BLOCK ? end : i + CG_FOLD_BLOCK;
        const void *x = w->src + (size_t)place_of(w, w->unit, i, stop) * w->size;
        w->folds->rows[w->r->kind](x, (ptrdiff_t)(stop - i), 1, (ptrdiff_t)(stop - i), 0, &folded);
        w->kind->take(total, &folded);
    }
}

/* The totals are what is carried behind the chunk; the results themselves go nowhere. */
static void total_strip(const scan_work *w, int64_t begin, int64_t end, void *total) {
    int64_t nowhere[CG_SCAN_COLUMNS];
    const int64_t inner = w->r->inner;
    const void *x = w->src + (size_t)place_of(w, w->unit, begin, end) * w->size;
    w->kind->columns(x, (ptrdiff_t)inner, nowhere, 0, (ptrdiff_t)(end - begin),
                     (ptrdiff_t)width_of(w, w->unit), total);
}

static void total_chunks(void *ctx, int64_t from, int64_t to, int thread) {
    const scan_work *w = ctx;
    (void)thread;
    for (int64_t c = from; c < to; c++) {
        int64_t begin, end;
        chunk_range(w, c, &begin, &end);
        w->kind->start(carry_of(w, c + 1), (ptrdiff_t)width_of(w, w->unit));
        if (w->r->inner == 1)
            total_column(w, begin, end, carry_of(w, c + 1));
        else
            total_strip(w, begin, end, carry_of(w, c + 1));
    }
}

static void run_chunks(void *ctx, int64_t from, int64_t to, int thread) {
    const scan_work *w = ctx;
    (void)thread;
    for (int64_t c = from; c < to; c++) {
        int64_t begin, end, carry[2 * CG_SCAN_COLUMNS];
        chunk_range(w, c, &begin, &end);
        memcpy(carry, carry_of(w, c), carry_bytes(w));
        run_steps(w, w->unit, begin, end, carry);
    }
    if (w->stream) w->isa->stream_end();
}

/*
 * Carry c + 1, so far the total of chunk c, becomes what comes before chunk c + 1; the last one is the next round's
 * first.
 */
static void run_unit(scan_work *w, int64_t unit) {
    const int64_t chunks = (w->r->n - 1) / w->chunk + 1;
    const ptrdiff_t width = (ptrdiff_t)width_of(w, unit);
    int64_t sum[2 * CG_SCAN_COLUMNS];
    w->unit = unit;
    w->kind->start(carry_of(w, 0), width);
    for (w->first = 0; w->first < chunks; w->first += ROUND_CHUNKS) {
        w->n_chunks = chunks - w->first < ROUND_CHUNKS ? chunks - w->first : ROUND_CHUNKS;
        cg_parallel_for(w->n_chunks, 1, total_chunks, w);
        memcpy(sum, carry_of(w, 0), carry_bytes(w));
        for (int64_t c = 1; c <= w->n_chunks; c++) {
            w->kind->meet(sum, carry_of(w, c), width);
            memcpy(carry_of(w, c), sum, carry_bytes(w));
        }
        cg_parallel_for(w->n_chunks, 1, run_chunks, w);
        memcpy(carry_of(w, 0), sum, carry_bytes(w));
    }
}

/* --- The request ------------------------------------------------------------------------------------------- */

/* Strips of equal width, at most what the loops take, and enough of them if that leaves each wide enough. */
static void plan_strips(scan_work *w) {
    const int64_t inner = w->r->inner, wanted = (ENOUGH_UNITS - 1) / w->r->outer + 1;
    int64_t strips = inner / LEAST_STRIP < wanted ? inner / LEAST_STRIP : wanted;
    if (strips * CG_SCAN_COLUMNS < inner) strips = (inner - 1) / CG_SCAN_COLUMNS + 1;
    w->strip = (inner - 1) / strips + 1;
    if (strips > 1) w->strip = (w->strip + COLUMNS_STEP - 1) / COLUMNS_STEP * COLUMNS_STEP;
    w->n_strips = (inner - 1) / w->strip + 1;
}

cg_status cg_cpu_scan(cg_hw *hw, const cg_scan_request *r) {
    const cg_isa *isa = cg_cpu_of(hw)->isa;
    scan_work w = {.r = r,
                   .isa = isa,
                   .kind = isa->scans[r->dtype]->kind[r->kind],
                   .folds = isa->folds[r->dtype],
                   .src = cg_cpu_data(&r->src),
                   .out = cg_cpu_data(&r->out),
                   .size = cg_dtype_size(r->dtype)};
    plan_strips(&w);
    const int64_t units = r->outer * w.n_strips, size = (int64_t)w.size;
    w.stream = r->src.buffer != r->out.buffer && r->outer * r->n * r->inner > cg_cpu_stream_limit() / size;
    w.chunk = (CHUNK_BYTES - 1) / (w.strip * size) + 1;
    hw->stats.launches++;
    if (r->kind == CG_REDUCE_PROD || units >= ENOUGH_UNITS || r->n < 4 * w.chunk) {
        const int64_t grain = CG_THREAD_UNITS / (4 * w.strip * r->n);
        cg_parallel_for(units, grain > 1 ? grain : 1, run_units, &w);
        return CG_OK;
    }
    w.carry = cg_cpu_workspace(hw, CG_WORKSPACE_SCAN, (ROUND_CHUNKS + 1) * carry_bytes(&w));
    if (!w.carry) return CG_ERROR_MEMORY;
    for (int64_t unit = 0; unit < units; unit++) run_unit(&w, unit);
    return CG_OK;
}
