/*
 * out[o, index[j], i] += src[o, j, i], or out[o, index[o, j, i], i] += src[o, j, i], on the CPU.
 *
 * Either the results are shared out: a unit is an outer index and a strip of columns, and takes what falls there in the
 * order of j. Or, where the results are few and the sources many, the sources: a fixed number of
 * blocks, each with a table of sums of its own, which are added to the results in their order. Which of the two, and how
 * many blocks, depends on the request alone, so the bits do not depend on threads.
 */
#include "host/cpu/cpu.h"

#include "core/rows.h"

#include <string.h>

enum {
    ENOUGH_UNITS = 32,
    STRIP = 64,              /* the least columns of a strip, where there are more */
    WIDE = 8,                /* rows from here on are added by a loop of their own */
    BLOCK_SOURCES = 1 << 15, /* the least sources of a block */
    MOST_BLOCKS = 32,
    COPIES = 4,             /* of a small table: additions to one element need not wait for each other */
    COPIED_TABLE = 1 << 11, /* elements */
    ADD_GRAIN = 1 << 13
};

/* The sources [begin, end) of an outer index, to the columns [first, last). */
typedef struct scatter_part {
    const void *src, *index; /* of the outer index */
    void *out;               /* the table; `copies` of them, by turns */
    int64_t begin, end, first, last;
    int64_t copies, copy_elements;
} scatter_part;

struct scatter_work;
typedef void scatter_loop(const struct scatter_work *w, const scatter_part *p);

typedef struct scatter_work {
    const cg_scatter_add_request *r;
    scatter_loop *loop;
    cg_row_loop *add;
    const unsigned char *src, *index;
    unsigned char *out;
    int64_t size, index_size; /* bytes of an element */
    bool along; /* an index for each column: with one column the index of the row is all there is */
    int64_t strip, n_strips;
    int64_t block, n_blocks, copies; /* sources of a block, 0: the results are shared out */
    unsigned char *tables;
} scatter_work;

/* --- Loops: integers wrap, so they are added as unsigned ones ---------------------------------------------- */

#define SCATTER(name, T, I)                                                                                  \
    static inline int64_t place_##name(const scatter_work *w, I asked) {                                     \
        const int64_t at = asked < 0 ? asked + w->r->axis : asked;                                           \
        return at >= 0 && at < w->r->axis ? at : -1;                                                         \
    }                                                                                                        \
    static void along_##name(const scatter_work *w, const scatter_part *p) {                                 \
        const int64_t inner = w->r->inner;                                                                   \
        for (int64_t j = p->begin; j < p->end; j++) {                                                        \
            const T *x = (const T *)p->src + j * inner;                                                      \
            const I *index = (const I *)p->index + j * inner;                                                \
            for (int64_t i = p->first; i < p->last; i++) {                                                   \
                const int64_t at = place_##name(w, index[i]);                                                \
                if (at >= 0) ((T *)p->out)[at * inner + i] += x[i];                                          \
            }                                                                                                \
        }                                                                                                    \
    }                                                                                                        \
    static void column_##name(const scatter_work *w, const scatter_part *p) {                                \
        const T *x = p->src;                                                                                 \
        for (int64_t j = p->begin; j < p->end; j++) {                                                        \
            const int64_t at = place_##name(w, ((const I *)p->index)[j]);                                    \
            if (at >= 0) ((T *)p->out)[(j & (p->copies - 1)) * p->copy_elements + at] += x[j];               \
        }                                                                                                    \
    }                                                                                                        \
    static void name(const scatter_work *w, const scatter_part *p) {                                         \
        const int64_t inner = w->r->inner, n = p->last - p->first;                                           \
        if (inner == 1 || w->along) {                                                                        \
            (inner == 1 ? column_##name : along_##name)(w, p);                                               \
            return;                                                                                          \
        }                                                                                                    \
        for (int64_t j = p->begin; j < p->end; j++) {                                                        \
            const int64_t at = place_##name(w, ((const I *)p->index)[j]);                                    \
            if (at < 0) continue;                                                                            \
            const T *x = (const T *)p->src + j * inner + p->first;                                           \
            T *to = (T *)p->out + (j & (p->copies - 1)) * p->copy_elements + at * inner + p->first;          \
            if (n >= WIDE)                                                                                   \
                w->add(to, x, x, to, (ptrdiff_t)n);                                                          \
            else                                                                                             \
                for (int64_t i = 0; i < n; i++) to[i] += x[i];                                               \
        }                                                                                                    \
    }

SCATTER(f32_i32, float, int32_t)
SCATTER(f32_i64, float, int64_t)
SCATTER(f64_i32, double, int32_t)
SCATTER(f64_i64, double, int64_t)
SCATTER(i32_i32, uint32_t, int32_t)
SCATTER(i32_i64, uint32_t, int64_t)
SCATTER(i64_i32, uint64_t, int32_t)
SCATTER(i64_i64, uint64_t, int64_t)

/* --- The results shared out -------------------------------------------------------------------------------- */

static void place_outer(const scatter_work *w, int64_t outer, scatter_part *p) {
    const cg_scatter_add_request *r = w->r;
    const int64_t n = r->n_index * r->inner;
    p->src = w->src + outer * n * w->size;
    p->index = w->index + (r->along ? outer * n * w->index_size : 0);
    p->out = w->out + outer * r->axis * r->inner * w->size;
    p->copies = 1;
    p->copy_elements = 0;
}

static int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

static void run_units(void *ctx, int64_t begin, int64_t end, int thread) {
    const scatter_work *w = ctx;
    (void)thread;
    for (int64_t u = begin; u < end; u++) {
        scatter_part p = {.end = w->r->n_index, .first = u % w->n_strips * w->strip};
        p.last = least(p.first + w->strip, w->r->inner);
        place_outer(w, u / w->n_strips, &p);
        w->loop(w, &p);
    }
}

static void plan_units(scatter_work *w) {
    const cg_scatter_add_request *r = w->r;
    int64_t strips = least(r->inner / STRIP, (ENOUGH_UNITS - 1) / r->outer + 1);
    if (strips < 1) strips = 1;
    w->strip = (r->inner - 1) / strips + 1;
    w->n_strips = (r->inner - 1) / w->strip + 1;
}

/* --- The sources shared out: block b of an outer index has tables [b copies, (b + 1) copies) --------------- */

static int64_t table_elements(const scatter_work *w) { return w->r->axis * w->r->inner; }

static void run_blocks(void *ctx, int64_t begin, int64_t end, int thread) {
    const scatter_work *w = ctx;
    const size_t table = (size_t)(table_elements(w) * w->size);
    (void)thread;
    for (int64_t b = begin; b < end; b++) {
        const int64_t block = b % w->n_blocks;
        scatter_part p = {.begin = block * w->block, .last = w->r->inner};
        p.end = least(p.begin + w->block, w->r->n_index);
        place_outer(w, b / w->n_blocks, &p);
        p.out = w->tables + (size_t)(b * w->copies) * table;
        p.copies = w->copies;
        p.copy_elements = table_elements(w);
        memset(p.out, 0, (size_t)w->copies * table);
        w->loop(w, &p);
    }
}

/* The elements [begin, end) of all tables of all outer indices. */
static void add_tables(void *ctx, int64_t begin, int64_t end, int thread) {
    const scatter_work *w = ctx;
    const int64_t elements = table_elements(w), n_tables = w->n_blocks * w->copies;
    (void)thread;
    for (int64_t i = begin; i < end;) {
        const int64_t outer = i / elements, n = least((outer + 1) * elements - i, end - i);
        const unsigned char *table = w->tables + (outer * n_tables * elements + i % elements) * w->size;
        unsigned char *to = w->out + i * w->size;
        for (int64_t t = 0; t < n_tables; t++, table += elements * w->size)
            w->add(to, table, table, to, (ptrdiff_t)n);
        i += n;
    }
}

/* Tables in all not larger than a quarter of the sources cost little beside them. */
static void plan_blocks(scatter_work *w) {
    const cg_scatter_add_request *r = w->r;
    const int64_t sources = r->n_index * r->inner, elements = table_elements(w);
    w->n_blocks = 0;
    if (w->along || r->inner >= 2 * STRIP || r->outer * w->n_strips >= ENOUGH_UNITS) return;
    int64_t blocks = least(least(sources / BLOCK_SOURCES, MOST_BLOCKS), sources / 4 / elements);
    if (blocks < 2) return;
    w->block = (r->n_index - 1) / blocks + 1;
    w->n_blocks = (r->n_index - 1) / w->block + 1;
    w->copies = elements <= COPIED_TABLE ? COPIES : 1;
}

/* --- The request ------------------------------------------------------------------------------------------- */

static cg_status run_by_blocks(cg_hw *hw, scatter_work *w) {
    const int64_t blocks = w->r->outer * w->n_blocks, elements = table_elements(w);
    w->tables = cg_cpu_workspace(hw, CG_WORKSPACE_SCATTER, (size_t)(blocks * w->copies * elements * w->size));
    if (!w->tables) return CG_ERROR_MEMORY;
    cg_parallel_for(blocks, 1, run_blocks, w);
    cg_parallel_for(w->r->outer * elements, ADD_GRAIN / (w->n_blocks * w->copies) + 1, add_tables, w);
    return CG_OK;
}

cg_status cg_cpu_scatter_add(cg_hw *hw, const cg_scatter_add_request *r) {
    static scatter_loop *const loops[CG_COMPUTE_TYPES][2] = {
        {f32_i32, f32_i64}, {f64_i32, f64_i64}, {i32_i32, i32_i64}, {i64_i32, i64_i64}};
    scatter_work w = {.r = r,
                      .loop = loops[r->dtype][r->index.dtype == CG_I64],
                      .add = cg_cpu_of(hw)->isa->rows[r->dtype]->loop[CG_ROW_add],
                      .src = cg_cpu_data(&r->src),
                      .index = cg_cpu_data(&r->index),
                      .out = cg_cpu_data(&r->out),
                      .size = (int64_t)cg_dtype_size(r->dtype),
                      .index_size = (int64_t)cg_dtype_size(r->index.dtype),
                      .along = r->along && r->inner > 1};
    plan_units(&w);
    plan_blocks(&w);
    hw->stats.launches++;
    if (w.n_blocks) return run_by_blocks(hw, &w);
    const int64_t unit = r->n_index * w.strip + 1, grain = CG_THREAD_UNITS / 16 / unit;
    cg_parallel_for(r->outer * w.n_strips, grain > 1 ? grain : 1, run_units, &w);
    return CG_OK;
}
