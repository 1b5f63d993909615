/*
 * Normalization on the CPU. Where a row has a mean of its own and columns have weights, a row is read from memory once and stays
 * in the cache; threads share the rows. Else they share pieces, neighbours of one row and one channel, twice: for the sums of
 * each piece, and, when those of a row are known, for the results.
 *
 * Of rows, the sums over rows are formed in the same pass: of SUM_ROWS rows one after the other, those of a task in a cascade, and the
 * tasks' in another one. What a task is depends on the shape alone, so the bits do not depend on the number of threads.
 */
#include "host/compose.h"
#include "host/cpu/cascade.h"
#include "host/cpu/cpu.h"

#include <string.h>

enum { GRAIN = 16384 }; /* elements below which a second thread does not pay */

typedef struct norm_work {
    const cg_norm_isa *isa;
    size_t size; /* of an element */
    bool centre;
    double epsilon;
    int64_t rows, cols;
    const unsigned char *g, *x, *weight, *bias;
    unsigned char *out, *moments;
    /* sums over rows, dweight then dbias: */
    cg_row_loop *add;
    int64_t task_rows;
    size_t sum_bytes, thread_bytes;
    unsigned char *threads, *tasks; /* memory of the threads; the sums of each task */
    /* pieces: */
    int64_t outer, groups, run;
    cg_norm_piece *piece;            /* of the moments */
    double *sums;                    /* of g z and of g, of each piece */
    double *mean, *mean_z, *channel; /* mean(gw) and mean(gw z) of each row; dweight and dbias */
} norm_work;

static const void *maybe(const cg_operand *o) { return o->buffer ? cg_cpu_data(o) : NULL; }

/* Moment number `which` of a row. */
static double get(const norm_work *w, int which, int64_t row) {
    const int64_t at = which * w->rows + row;
    return w->size == sizeof(float) ? (double)((const float *)(const void *)w->moments)[at]
                                    : ((const double *)(const void *)w->moments)[at];
}

static void put(const norm_work *w, int which, int64_t row, double value) {
    const int64_t at = which * w->rows + row;
    if (w->size == sizeof(float))
        ((float *)(void *)w->moments)[at] = (float)value;
    else
        ((double *)(void *)w->moments)[at] = value;
}

static void put_moments(const norm_work *w, int64_t row, cg_row_moments r) {
    put(w, CG_MOMENT_MEAN, row, r.mean);
    put(w, CG_MOMENT_LOST, row, r.lost);
    put(w, CG_MOMENT_RSTD, row, r.rstd);
    put(w, CG_MOMENT_VAR, row, r.var);
}

static cg_row_moments get_moments(const norm_work *w, int64_t row) {
    return (cg_row_moments){.mean = get(w, CG_MOMENT_MEAN, row),
                            .lost = get(w, CG_MOMENT_LOST, row),
                            .rstd = get(w, CG_MOMENT_RSTD, row)};
}

/* --- Rows ------------------------------------------------------------------------------------------------------ */

static void forward_body(void *ctx, int64_t begin, int64_t end, int thread) {
    const norm_work *w = ctx;
    (void)thread;
    for (int64_t row = begin; row < end; row++) {
        const size_t at = (size_t)(row * w->cols) * w->size;
        put_moments(w, row,
                    w->isa->forward(w->x + at, w->weight, w->bias, w->centre, w->epsilon, w->out + at,
                                    (ptrdiff_t)w->cols));
    }
}

/* The gradients of rows begin to end - 1, whose sums are added to `sums` unless that is NULL. */
static void backward_rows(const norm_work *w, int64_t begin, int64_t end, void *sums) {
    for (int64_t row = begin; row < end; row++) {
        const size_t at = (size_t)(row * w->cols) * w->size;
        const cg_row_moments r = get_moments(w, row);
        w->isa->backward(w->g + at, w->x + at, w->weight, w->centre, &r, w->out + at, sums,
                         (ptrdiff_t)w->cols);
    }
}

static void backward_body(void *ctx, int64_t begin, int64_t end, int thread) {
    (void)thread;
    backward_rows(ctx, begin, end, NULL);
}

/* --- With the sums over rows ------------------------------------------------------------------------------------ */

enum { SUM_ROWS = 8, MOST_TASKS = 64 };

static cg_cascade cascade_of(const norm_work *w, void *memory, int64_t vectors) {
    cg_cascade c;
    cg_cascade_place(&c, w->add, cg_cascade_levels(vectors), memory, w->sum_bytes);
    cg_cascade_start(&c, 2 * (ptrdiff_t)w->cols);
    return c;
}

static void summed_body(void *ctx, int64_t begin, int64_t end, int thread) {
    const norm_work *w = ctx;
    unsigned char *sums = w->threads + (size_t)thread * w->thread_bytes;
    for (int64_t task = begin; task < end; task++) {
        const int64_t first = task * w->task_rows, left = w->rows - first;
        const int64_t last = left < w->task_rows ? w->rows : first + w->task_rows;
        cg_cascade c = cascade_of(w, sums + w->sum_bytes, w->task_rows / SUM_ROWS);
        for (int64_t row = first; row < last; row += SUM_ROWS) {
            memset(sums, 0, w->sum_bytes);
            backward_rows(w, row, last - row < SUM_ROWS ? last : row + SUM_ROWS, sums);
            cg_cascade_push(&c, sums, w->size);
        }
        memcpy(w->tasks + (size_t)task * w->sum_bytes, cg_cascade_finish(&c), w->sum_bytes);
    }
}

/* Brings the sums of the tasks together, and to where they are wanted. */
static void join_tasks(const norm_work *w, int64_t n_tasks, const cg_row_norm_grad_request *r) {
    cg_cascade c = cascade_of(w, w->threads, n_tasks);
    for (int64_t task = 0; task < n_tasks; task++)
        cg_cascade_push(&c, w->tasks + (size_t)task * w->sum_bytes, w->size);
    const unsigned char *sums = cg_cascade_finish(&c);
    if (r->dweight.buffer) memcpy(cg_cpu_data(&r->dweight), sums, w->sum_bytes / 2);
    if (r->dbias.buffer) memcpy(cg_cpu_data(&r->dbias), sums + w->sum_bytes / 2, w->sum_bytes / 2);
}

static cg_status run_summed(cg_hw *hw, norm_work *w, const cg_row_norm_grad_request *r) {
    const int64_t share = (w->rows + MOST_TASKS - 1) / MOST_TASKS, least = (GRAIN + w->cols - 1) / w->cols;
    w->task_rows = ((share > least ? share : least) + SUM_ROWS - 1) / SUM_ROWS * SUM_ROWS;
    const int64_t n_tasks = (w->rows + w->task_rows - 1) / w->task_rows;
    const int64_t vectors = w->task_rows / SUM_ROWS;
    const int levels = cg_cascade_levels(vectors > n_tasks ? vectors : n_tasks);
    w->sum_bytes = 2 * (size_t)w->cols * w->size;
    w->thread_bytes = (w->sum_bytes * (size_t)(1 + levels) + 63) / 64 * 64;
    const size_t threads = w->thread_bytes * (size_t)cg_parallel_threads();
    w->threads = cg_cpu_workspace(hw, CG_WORKSPACE_ROWS, threads + w->sum_bytes * (size_t)n_tasks);
    if (!w->threads) return CG_ERROR_MEMORY;
    w->tasks = w->threads + threads;
    cg_parallel_for(n_tasks, 1, summed_body, w);
    join_tasks(w, n_tasks, r);
    return CG_OK;
}

/* --- Pieces ---------------------------------------------------------------------------------------------------- */

enum { SHORT_RUN = 16 }; /* elements of a piece, that maps and reductions do better */

static void moments_body(void *ctx, int64_t begin, int64_t end, int thread) {
    const norm_work *w = ctx;
    (void)thread;
    const size_t bytes = (size_t)w->cols * w->size;
    for (int64_t p = begin; p < end; p++)
        w->piece[p] = w->isa->piece(w->x + (size_t)p * bytes, w->x + (size_t)(p % w->rows) * bytes, w->centre,
                                    (ptrdiff_t)w->cols);
}

/* Of the pieces of a row, which are as long as each other. */
static void join_pieces(const norm_work *w, int64_t row) {
    static const double zero = 0; /* of any T */
    const cg_norm_piece *piece = w->piece + row;
    const double n = (double)w->outer;
    double distance = 0, squares = 0;
    for (int64_t i = 0; i < w->outer; i++) distance += piece[i * w->rows].distance / n;
    for (int64_t i = 0; i < w->outer; i++) {
        const double apart = piece[i * w->rows].distance - distance;
        squares += piece[i * w->rows].squares + (double)w->cols * apart * apart;
    }
    const void *x0 = w->centre ? (const void *)(w->x + (size_t)(row * w->cols) * w->size) : &zero;
    put_moments(w, row, w->isa->moments(x0, distance, squares / (n * (double)w->cols), w->epsilon));
}

static cg_status find_moments(cg_hw *hw, norm_work *w) {
    const int64_t n = w->outer * w->rows;
    w->piece = cg_cpu_workspace(hw, CG_WORKSPACE_ROWS, (size_t)n * sizeof *w->piece);
    if (!w->piece) return CG_ERROR_MEMORY;
    cg_parallel_for(n, (GRAIN + w->cols - 1) / w->cols, moments_body, w);
    for (int64_t row = 0; row < w->rows; row++) join_pieces(w, row);
    return CG_OK;
}

/* The row, and the channel, that piece p belongs to. */
static int64_t row_of(const norm_work *w, int64_t p) { return p / (w->cols / w->run) % w->rows; }
static int64_t channels_of(const norm_work *w) { return w->groups * (w->cols / w->run); }

static double weight_of(const norm_work *w, int64_t channel) {
    if (!w->weight) return 1;
    return w->size == sizeof(float) ? (double)((const float *)(const void *)w->weight)[channel]
                                    : ((const double *)(const void *)w->weight)[channel];
}

static void piece_sums_body(void *ctx, int64_t begin, int64_t end, int thread) {
    const norm_work *w = ctx;
    (void)thread;
    for (int64_t p = begin; p < end; p++) {
        const cg_row_moments r = get_moments(w, row_of(w, p));
        const size_t at = (size_t)(p * w->run) * w->size;
        w->isa->piece_sums(w->g + at, w->x + at, &r, w->sums + 2 * p, (ptrdiff_t)w->run);
    }
}

static void piece_gradient_body(void *ctx, int64_t begin, int64_t end, int thread) {
    const norm_work *w = ctx;
    (void)thread;
    for (int64_t p = begin; p < end; p++) {
        const int64_t row = row_of(w, p);
        const cg_row_moments r = get_moments(w, row);
        const size_t at = (size_t)(p * w->run) * w->size;
        w->isa->piece_backward(w->g + at, w->x + at, weight_of(w, p % channels_of(w)), &r, w->mean[row],
                               w->mean_z[row], w->out + at, (ptrdiff_t)w->run);
    }
}

/* From the sums of the pieces those of rows and of channels, in the order of the pieces. */
static void join_sums(const norm_work *w, int64_t n) {
    const int64_t channels = channels_of(w);
    const double count = (double)(w->outer * w->cols);
    memset(w->mean, 0, (size_t)(2 * w->rows + 2 * channels) * sizeof *w->mean);
    for (int64_t p = 0; p < n; p++) {
        const int64_t row = row_of(w, p), c = p % channels;
        const double weight = weight_of(w, c), along = w->sums[2 * p], sum = w->sums[2 * p + 1];
        w->mean_z[row] += weight * along / count;
        if (w->centre) w->mean[row] += weight * sum / count;
        w->channel[c] += along;
        w->channel[channels + c] += sum;
    }
}

static void store_channels(const norm_work *w, const double *sums, const cg_operand *to) {
    for (int64_t c = 0; to->buffer && c < channels_of(w); c++) {
        if (w->size == sizeof(float))
            ((float *)cg_cpu_data(to))[c] = (float)sums[c];
        else
            ((double *)cg_cpu_data(to))[c] = sums[c];
    }
}

static cg_status run_pieces(cg_hw *hw, norm_work *w, const cg_row_norm_grad_request *r) {
    const int64_t n = w->outer * w->rows * (w->cols / w->run), channels = channels_of(w);
    const int64_t grain = (GRAIN + w->run - 1) / w->run;
    w->sums =
        cg_cpu_workspace(hw, CG_WORKSPACE_ROWS, (size_t)(2 * (n + w->rows + channels)) * sizeof(double));
    if (!w->sums) return CG_ERROR_MEMORY;
    w->mean = w->sums + 2 * n;
    w->mean_z = w->mean + w->rows;
    w->channel = w->mean_z + w->rows;
    cg_parallel_for(n, grain, piece_sums_body, w);
    join_sums(w, n);
    store_channels(w, w->channel, &r->dweight);
    store_channels(w, w->channel + channels, &r->dbias);
    cg_parallel_for(n, grain, piece_gradient_body, w);
    return CG_OK;
}

/* --- Slots ----------------------------------------------------------------------------------------------------- */

static void run(norm_work *w, cg_loop_body *body) {
    cg_parallel_for(w->rows, (GRAIN + w->cols - 1) / w->cols, body, w);
}

cg_status cg_cpu_row_norm(cg_hw *hw, const cg_row_norm_request *r) {
    if (!r->out.buffer && r->cols < SHORT_RUN) return cg_compose_row_norm(hw, r);
    hw->stats.launches++;
    norm_work w = {.isa = cg_cpu_of(hw)->isa->norm[r->dtype],
                   .size = cg_dtype_size(r->dtype),
                   .centre = r->centre,
                   .epsilon = r->epsilon,
                   .outer = r->outer,
                   .rows = r->rows,
                   .cols = r->cols,
                   .x = cg_cpu_data(&r->x),
                   .weight = maybe(&r->weight),
                   .bias = maybe(&r->bias),
                   .out = r->out.buffer ? cg_cpu_data(&r->out) : NULL,
                   .moments = cg_cpu_data(&r->moments)};
    if (!w.out) return find_moments(hw, &w);
    run(&w, forward_body);
    return CG_OK;
}

cg_status cg_cpu_row_norm_grad(cg_hw *hw, const cg_row_norm_grad_request *r) {
    const bool by_rows = r->outer == 1 && r->groups == 1 && r->run == 1;
    if (!by_rows && r->run < SHORT_RUN) return cg_compose_row_norm_grad(hw, r);
    hw->stats.launches++;
    norm_work w = {.isa = cg_cpu_of(hw)->isa->norm[r->dtype],
                   .add = cg_cpu_of(hw)->isa->rows[r->dtype]->loop[CG_ROW_add],
                   .size = cg_dtype_size(r->dtype),
                   .centre = r->centre,
                   .outer = r->outer,
                   .rows = r->rows,
                   .cols = r->cols,
                   .groups = r->groups,
                   .run = r->run,
                   .g = cg_cpu_data(&r->g),
                   .x = cg_cpu_data(&r->x),
                   .weight = maybe(&r->weight),
                   .out = cg_cpu_data(&r->dx),
                   .moments = cg_cpu_data(&r->moments)};
    if (!by_rows) return run_pieces(hw, &w, r);
    if (r->dweight.buffer || r->dbias.buffer) return run_summed(hw, &w, r);
    run(&w, backward_body);
    return CG_OK;
}
