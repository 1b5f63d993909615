/* reduce on the CPU backend: reduce_plan.h says how. */
#include "host/cpu/reduce_plan.h"

#include <string.h>

/* What one thread works with. Vectors have d->part elements. */
typedef struct worker {
    const cg_reduction *d;
    unsigned char *vector;     /* T: what a step gives; for ARG the best value so far */
    int64_t *at;               /* ARG: where that was */
    unsigned char *rows;       /* T: rows that are being folded */
    unsigned char *block;      /* T: elements of several tiles */
    const unsigned char *tile; /* those of the last one that no step has had yet */
    int64_t left;
    cg_cascade cascade;
    cg_walk unit, step;
    cg_tiles tiles;
} worker;

/* --- Memory: for each thread vector, at, rows and the levels of the cascade; then the chunks' results ----------- */

static size_t line_up(size_t bytes) { return (bytes + 63) / 64 * 64; }

typedef struct layout {
    int levels;
    size_t vector, at, rows, block, thread; /* bytes */
} layout;

static layout lay_out(const cg_reduction *d) {
    const int64_t vectors = d->chunk_steps > d->n_chunks ? d->chunk_steps : d->n_chunks;
    const int64_t rows = d->part * CG_WIDE_ROWS;
    layout l = {.levels = d->arg ? 0 : cg_cascade_levels(vectors)};
    l.vector = line_up((size_t)d->part * d->size);
    l.at = d->arg ? line_up((size_t)d->part * sizeof(int64_t)) : 0;
    if (d->way == CG_WIDE_COLUMNS || d->way == CG_NARROW_COLUMNS)
        l.rows = line_up((size_t)(rows > CG_FOLD_BLOCK ? rows : CG_FOLD_BLOCK) * d->size);
    if (d->way == CG_LONG_ROWS || d->way == CG_NARROW_COLUMNS) l.block = line_up((size_t)d->block * d->size);
    l.thread = l.vector * (size_t)(1 + l.levels) + l.at + l.rows + l.block;
    return l;
}

static void place_worker(worker *w, const cg_reduction *d, const layout *l, unsigned char *memory) {
    w->d = d;
    w->vector = memory;
    w->at = (int64_t *)(void *)(memory + l->vector);
    w->rows = memory + l->vector + l->at;
    w->block = w->rows + l->rows;
    cg_cascade_place(&w->cascade, d->combine, l->levels, w->block + l->block, l->vector);
}

/* --- ARG: the best so far ------------------------------------------------------------------------------------------- */

/* The next n elements of the row, the first of which has the given index. */
static void arg_row(worker *w, const void *x, int64_t n, int64_t index, bool first) {
    const cg_reduction *d = w->d;
    int64_t value; /* room for any T */
    d->folds->rows[d->fold](x, (ptrdiff_t)n, 1, (ptrdiff_t)n, 0, &value);
    if (first) memcpy(w->vector, &value, d->size);
    w->at[0] = first ? -1 : w->at[0];
    d->folds->arg[d->fold](&value, -1, w->vector, w->at, 1);
    if (w->at[0] == -1) w->at[0] = index + d->folds->find(x, &value, (ptrdiff_t)n);
}

/* n columns of one row, which has the given index. */
static void arg_columns(worker *w, const void *x, int64_t n, int64_t index, bool first) {
    const cg_reduction *d = w->d;
    if (first) {
        memcpy(w->vector, x, (size_t)n * d->size);
        for (int64_t j = 0; j < n; j++) w->at[j] = index;
    } else {
        d->folds->arg[d->fold](x, index, w->vector, w->at, (ptrdiff_t)n);
    }
}

/* --- Steps: each function takes the steps [begin, end) of the unit that w->unit is at, n results wide --------------- */

static void run_short_rows(worker *w, int64_t n, int64_t begin, int64_t end) {
    const cg_reduction *d = w->d;
    const ptrdiff_t length = (ptrdiff_t)d->reduced;
    const unsigned char *x = cg_tiles_run(&w->tiles, w->unit.offset, n);
    (void)begin, (void)end; /* there is one step */
    d->folds->rows[d->fold](x, length, (ptrdiff_t)n, length, d->fetch ? CG_FETCH_AHEAD : 0, w->vector);
    for (int64_t i = 0; i < n && d->arg; i++)
        w->at[i] =
            d->folds->find(x + (size_t)(i * length) * d->size, w->vector + (size_t)i * d->size, length);
}

static void next_tile(worker *w) {
    const int64_t count = cg_walk_tile(&w->step, &w->d->plan);
    w->tile = cg_tiles_run(&w->tiles, w->step.offset, count);
    w->left = count * w->d->plan.inner;
    cg_walk_next(&w->step);
}

static void skip(worker *w, int64_t n) {
    w->tile += (size_t)n * w->d->size;
    w->left -= n;
}

/* Goes to an element of the unit, in the order of the nest. */
static void seek(worker *w, int64_t element) {
    const cg_plan *plan = &w->d->plan;
    const int64_t length = plan->nest->shape[plan->first], tiles = (length - 1) / plan->box[0] + 1;
    const int64_t count = element / plan->inner, within = count % length;
    cg_walk_seek(&w->step, count / length * tiles + within / plan->box[0], w->unit.offset);
    next_tile(w);
    skip(w, within % plan->box[0] * plan->inner + element % plan->inner);
}

/* The next n elements, n <= d->block, until the next call: where a tile has them, or put together. */
static const void *next_elements(worker *w, int64_t n) {
    if (w->left == 0) next_tile(w);
    if (w->left >= n) {
        const void *x = w->tile;
        skip(w, n);
        return x;
    }
    for (int64_t have = 0; have < n;) {
        if (w->left == 0) next_tile(w);
        const int64_t more = w->left < n - have ? w->left : n - have;
        memcpy(w->block + (size_t)have * w->d->size, w->tile, (size_t)more * w->d->size);
        skip(w, more);
        have += more;
    }
    return w->block;
}

/* Where step s begins in its unit, in elements, and how many it has. */
static int64_t step_at(const cg_reduction *d, int64_t s, int64_t *n) {
    const int64_t steps = (d->run - 1) / d->block + 1, within = s % steps * d->block;
    *n = d->run - within < d->block ? d->run - within : d->block;
    return s / steps * d->run + within;
}

static void run_long_rows(worker *w, int64_t n, int64_t begin, int64_t end) {
    const cg_reduction *d = w->d;
    int64_t length, at = step_at(d, begin, &length);
    (void)n; /* a unit is one row */
    seek(w, at);
    for (int64_t s = begin; s < end; s++) {
        at = step_at(d, s, &length);
        const void *x = next_elements(w, length);
        if (d->arg) {
            arg_row(w, x, length, at, s == begin);
        } else {
            d->folds->rows[d->fold](x, (ptrdiff_t)length, 1, (ptrdiff_t)length, (ptrdiff_t)d->ahead,
                                    w->vector);
            cg_cascade_push(&w->cascade, w->vector, d->size);
        }
    }
}

/*
 * The fold of `rows` neighbouring rows of n elements: row i meets row i + keep until one is left. Depth log2 rows,
 * in long vectors however narrow the rows are.
 */
static const void *fold_rows(worker *w, const unsigned char *x, int64_t rows, int64_t n) {
    const size_t row = (size_t)n * w->d->size;
    while (rows > 1) {
        const int64_t half = rows / 2, keep = rows - half;
        const unsigned char *upper = x + (size_t)keep * row;
        w->d->combine(x, upper, upper, w->rows, (ptrdiff_t)(half * n));
        if (keep > half && x != w->rows) memcpy(w->rows + (size_t)half * row, x + (size_t)half * row, row);
        x = w->rows;
        rows = keep;
    }
    return x;
}

static void run_narrow(worker *w, int64_t n, int64_t begin, int64_t end) {
    const cg_reduction *d = w->d;
    int64_t elements, at = step_at(d, begin, &elements);
    seek(w, at);
    for (int64_t s = begin; s < end; s++) {
        at = step_at(d, s, &elements);
        const unsigned char *x = next_elements(w, elements);
        const int64_t rows = elements / n, index = at / n;
        if (!d->arg) {
            cg_cascade_push(&w->cascade, fold_rows(w, x, rows, n), d->size);
            continue;
        }
        for (int64_t i = 0; i < rows; i++)
            arg_columns(w, x + (size_t)(i * n) * d->size, n, index + i, s == begin && i == 0);
    }
}

/* Whether the next rows are 8 and all along the last reduced axis, to be read where they lie. */
static bool can_fold_in_place(const worker *w, int64_t rows) {
    const cg_walk *step = &w->step;
    const int last = step->rank - 1;
    return w->d->in_place && rows == CG_WIDE_ROWS && step->index[last] + rows <= step->shape[last];
}

/* The fold of the next rows of the strip, n columns wide. */
static const void *fold_wide(worker *w, int64_t rows, int64_t n) {
    const cg_reduction *d = w->d;
    cg_fold_columns *columns = d->folds->columns[d->fold];
    if (can_fold_in_place(w, rows)) {
        const int64_t stride = w->step.stride[w->step.rank - 1][0];
        const unsigned char *x = cg_tiles_run(&w->tiles, w->step.offset, n);
        for (int64_t i = 0; i < rows; i++, cg_walk_next(&w->step))
            if (d->fetch) cg_fetch(x + (rows + i) * stride * (int64_t)d->size, n * (int64_t)d->size);
        columns(x, (ptrdiff_t)stride, w->vector, (ptrdiff_t)n);
        return w->vector;
    }
    const size_t row = (size_t)n * d->size;
    for (int64_t i = 0; i < rows; i++, cg_walk_next(&w->step))
        memcpy(w->rows + (size_t)i * row, cg_tiles_run(&w->tiles, w->step.offset, n), row);
    if (rows < CG_WIDE_ROWS) return fold_rows(w, w->rows, rows, n);
    columns(w->rows, (ptrdiff_t)n, w->vector, (ptrdiff_t)n);
    return w->vector;
}

static void run_wide(worker *w, int64_t n, int64_t begin, int64_t end) {
    const cg_reduction *d = w->d;
    const int64_t first = begin * CG_WIDE_ROWS;
    const int64_t last = end * CG_WIDE_ROWS < d->reduced ? end * CG_WIDE_ROWS : d->reduced;
    cg_walk_seek(&w->step, first, w->unit.offset);
    if (d->arg) {
        for (int64_t i = first; i < last; i++, cg_walk_next(&w->step))
            arg_columns(w, cg_tiles_run(&w->tiles, w->step.offset, n), n, i, i == first);
        return;
    }
    for (int64_t i = first; i < last; i += CG_WIDE_ROWS) {
        const int64_t rows = last - i < CG_WIDE_ROWS ? last - i : CG_WIDE_ROWS;
        cg_cascade_push(&w->cascade, fold_wide(w, rows, n), d->size);
    }
}

/* --- Tasks: chunk c of unit u is task u n_chunks + c ------------------------------------------------------------------ */

typedef struct job {
    const cg_reduction *d;
    layout layout;
    unsigned char *threads,
        *chunks; /* memory of the threads; results of the chunks, vector and at for each */
} job;

/* Stores n results of the unit that w->unit is at; values are T, or i64 for ARG. */
static void store_results(const worker *w, const void *values, int64_t n) {
    const cg_reduce_request *r = w->d->r;
    const cg_convert_isa *convert = w->d->isa->convert[w->d->arg ? CG_I64 : w->d->type];
    const int64_t stride = r->n_kept > 0 ? r->out.stride[r->n_kept - 1] : 1;
    const int64_t at = w->unit.offset[r->program->n_inputs] * (int64_t)cg_dtype_size(r->out.dtype);
    convert->store[r->out.dtype](values, (unsigned char *)cg_cpu_data(&r->out) + at, (ptrdiff_t)stride,
                                 (ptrdiff_t)n);
}

static size_t chunk_bytes(const layout *l) { return l->vector + l->at; }

static void run_task(worker *w, const job *j, int64_t task) {
    static void (*const run[])(worker *, int64_t, int64_t, int64_t) = {run_short_rows, run_long_rows,
                                                                       run_narrow, run_wide};
    const cg_reduction *d = w->d;
    const int64_t chunk = task % d->n_chunks, begin = chunk * d->chunk_steps;
    const int64_t end = begin + d->chunk_steps < d->n_steps ? begin + d->chunk_steps : d->n_steps;
    cg_walk_seek(&w->unit, task / d->n_chunks, NULL);
    const int64_t n = cg_reduction_width(d, &w->unit);
    cg_cascade_start(&w->cascade, (ptrdiff_t)n);
    run[d->way](w, n, begin, end);
    const void *values = w->cascade.count ? cg_cascade_finish(&w->cascade) : w->vector;
    if (d->n_chunks == 1) {
        store_results(w, d->arg ? w->at : values, n);
        return;
    }
    unsigned char *chunk_memory = j->chunks + (size_t)task * chunk_bytes(&j->layout);
    memcpy(chunk_memory, values, (size_t)n * d->size);
    if (d->arg) memcpy(chunk_memory + j->layout.vector, w->at, (size_t)n * sizeof *w->at);
}

static void run_tasks(void *ctx, int64_t begin, int64_t end, int thread) {
    const job *j = ctx;
    const cg_reduction *d = j->d;
    worker w;
    place_worker(&w, d, &j->layout, j->threads + (size_t)thread * j->layout.thread);
    w.unit = d->units;
    if (d->way == CG_WIDE_COLUMNS)
        w.step = d->rows;
    else
        cg_walk_tiles(&w.step, &d->plan);
    static const int64_t zero[CG_MAX_OPERANDS];
    cg_tiles_start(&w.tiles, &d->plan, zero);
    for (int64_t t = begin; t < end; t++) run_task(&w, j, t);
}

/* Chunk c of a unit meets what came before it: of equal ones the earlier stays. */
static void meet_arg(worker *w, const unsigned char *chunk, const int64_t *at, int64_t n, bool first) {
    const cg_reduction *d = w->d;
    if (first) {
        memcpy(w->vector, chunk, (size_t)n * d->size);
        memcpy(w->at, at, (size_t)n * sizeof *at);
    } else {
        for (int64_t i = 0; i < n; i++)
            d->folds->arg[d->fold](chunk + (size_t)i * d->size, at[i], w->vector + (size_t)i * d->size,
                                   &w->at[i], 1);
    }
}

/* Brings the chunks of every unit together, in their order. */
static void join_chunks(const job *j) {
    const cg_reduction *d = j->d;
    worker w;
    place_worker(&w, d, &j->layout, j->threads);
    w.unit = d->units;
    const unsigned char *chunk = j->chunks;
    for (int64_t u = 0; u < d->n_units; u++) {
        cg_walk_seek(&w.unit, u, NULL);
        const int64_t n = cg_reduction_width(d, &w.unit);
        cg_cascade_start(&w.cascade, (ptrdiff_t)n);
        for (int64_t c = 0; c < d->n_chunks; c++, chunk += chunk_bytes(&j->layout)) {
            if (d->arg)
                meet_arg(&w, chunk, (const int64_t *)(const void *)(chunk + j->layout.vector), n, c == 0);
            else
                cg_cascade_push(&w.cascade, chunk, d->size);
        }
        store_results(&w, d->arg ? (const void *)w.at : cg_cascade_finish(&w.cascade), n);
    }
}

cg_status cg_cpu_reduce(cg_hw *hw, const cg_reduce_request *r) {
    cg_reduction d;
    const cg_status status = cg_cpu_program_check(hw, r->program, "reduce");
    if (status != CG_OK) return status;
    hw->stats.launches++;
    if (cg_cpu_reduce_small(cg_cpu_of(hw)->isa, r)) return CG_OK;
    cg_reduction_make(&d, cg_cpu_of(hw)->isa, r);
    job j = {.d = &d, .layout = lay_out(&d)};
    const size_t threads = j.layout.thread * (size_t)cg_parallel_threads();
    const size_t chunks = d.n_chunks > 1 ? chunk_bytes(&j.layout) * (size_t)(d.n_units * d.n_chunks) : 0;
    j.threads = cg_cpu_workspace(hw, CG_WORKSPACE_REDUCE, threads + chunks);
    if (!j.threads) return CG_ERROR_MEMORY;
    j.chunks = j.threads + threads;
    const int64_t task_units = d.part * d.reduced / d.n_chunks * cg_cpu_program_units(hw, r->program);
    const int64_t grain = CG_THREAD_UNITS / task_units;
    cg_parallel_for(d.n_units * d.n_chunks, grain > 1 ? grain : 1, run_tasks, &j);
    if (d.n_chunks > 1) join_chunks(&j);
    return CG_OK;
}
