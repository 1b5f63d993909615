/* Normalization of rows on the CPU: a row is read from memory once and stays in the cache; threads share the rows. */
#include "host/cpu/cpu.h"

enum { GRAIN = 16384 }; /* elements below which a second thread does not pay */

typedef struct norm_work {
    const cg_norm_isa *isa;
    size_t size; /* of an element */
    bool centre;
    double epsilon;
    int64_t rows, cols;
    const unsigned char *g, *x, *weight, *bias;
    unsigned char *out, *moments;
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

static void forward_body(void *ctx, int64_t begin, int64_t end, int thread) {
    const norm_work *w = ctx;
    (void)thread;
    for (int64_t row = begin; row < end; row++) {
        const size_t at = (size_t)(row * w->cols) * w->size;
        const cg_row_moments r = w->isa->forward(w->x + at, w->weight, w->bias, w->centre, w->epsilon,
                                                 w->out + at, (ptrdiff_t)w->cols);
        put(w, CG_MOMENT_MEAN, row, r.mean);
        put(w, CG_MOMENT_LOST, row, r.lost);
        put(w, CG_MOMENT_RSTD, row, r.rstd);
        put(w, CG_MOMENT_VAR, row, r.var);
    }
}

static void backward_body(void *ctx, int64_t begin, int64_t end, int thread) {
    const norm_work *w = ctx;
    (void)thread;
    for (int64_t row = begin; row < end; row++) {
        const size_t at = (size_t)(row * w->cols) * w->size;
        const cg_row_moments r = {.mean = get(w, CG_MOMENT_MEAN, row),
                                  .lost = get(w, CG_MOMENT_LOST, row),
                                  .rstd = get(w, CG_MOMENT_RSTD, row)};
        w->isa->backward(w->g + at, w->x + at, w->weight, w->centre, &r, w->out + at, (ptrdiff_t)w->cols);
    }
}

static cg_status run(cg_hw *hw, norm_work *w, cg_dtype dtype, cg_loop_body *body) {
    w->isa = cg_cpu_of(hw)->isa->norm[dtype];
    w->size = cg_dtype_size(dtype);
    hw->stats.launches++;
    cg_parallel_for(w->rows, (GRAIN + w->cols - 1) / w->cols, body, w);
    return CG_OK;
}

cg_status cg_cpu_row_norm(cg_hw *hw, const cg_row_norm_request *r) {
    norm_work w = {.centre = r->centre,
                   .epsilon = r->epsilon,
                   .rows = r->rows,
                   .cols = r->cols,
                   .x = cg_cpu_data(&r->x),
                   .weight = maybe(&r->weight),
                   .bias = maybe(&r->bias),
                   .out = cg_cpu_data(&r->out),
                   .moments = cg_cpu_data(&r->moments)};
    return run(hw, &w, r->dtype, forward_body);
}

cg_status cg_cpu_row_norm_grad(cg_hw *hw, const cg_row_norm_grad_request *r) {
    norm_work w = {.centre = r->centre,
                   .rows = r->rows,
                   .cols = r->cols,
                   .g = cg_cpu_data(&r->g),
                   .x = cg_cpu_data(&r->x),
                   .weight = maybe(&r->weight),
                   .out = cg_cpu_data(&r->dx),
                   .moments = cg_cpu_data(&r->moments)};
    return run(hw, &w, r->dtype, backward_body);
}
