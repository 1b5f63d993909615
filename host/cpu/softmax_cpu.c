/*
 * Softmax, its logarithm and its cross-entropy on the CPU, rows of (rows, cols):
 *     m = max x     s = sum exp(x - m)     softmax = exp(x - m) / s     log softmax = (x - m) - log s
 * NaN and +inf in a row make s NaN, and with it the row. Rows are handled in pieces of PIECE columns, whose
 * sums are added in order: the same bits whether threads share the rows or the pieces of a few long rows.
 */
#include "host/cpu/cpu.h"

#include <math.h>

enum {
    PIECE = 16384,
    GRAIN = 8192 /* elements below which a second thread does not pay */
};

typedef struct softmax_work {
    const cg_softmax_isa *isa;
    size_t size; /* of an element */
    int64_t rows, cols, pieces;
    const unsigned char *x;
    unsigned char *out; /* NULL if only the loss is wanted */
    bool log;
    /* cross-entropy: */
    const cg_operand *label;
    unsigned char *loss; /* NULL for softmax */
    /* a few long rows: what each piece gave, then in piece 0 what the row gave */
    double *max, *sum;
} softmax_work;

/* --- A piece -------------------------------------------------------------------------------------------- */

static int64_t piece_length(const softmax_work *w, int64_t piece) {
    int64_t left = w->cols - piece * PIECE;
    return left < PIECE ? left : PIECE;
}

static size_t piece_at(const softmax_work *w, int64_t row, int64_t piece) {
    return (size_t)(row * w->cols + piece * PIECE) * w->size;
}

static double piece_max(const softmax_work *w, int64_t row, int64_t piece) {
    return w->isa->max(w->x + piece_at(w, row, piece), (ptrdiff_t)piece_length(w, piece));
}

static double piece_sum(const softmax_work *w, int64_t row, int64_t piece, double max) {
    size_t at = piece_at(w, row, piece);
    void *out = w->out && !w->log ? w->out + at : NULL;
    return w->isa->exp_sum(w->x + at, max, out, (ptrdiff_t)piece_length(w, piece));
}

static void piece_finish(const softmax_work *w, int64_t row, int64_t piece, double max, double sum) {
    size_t at = piece_at(w, row, piece);
    ptrdiff_t n = (ptrdiff_t)piece_length(w, piece);
    if (w->log) {
        w->isa->log_shift(w->x + at, max, w->isa->log(sum), w->out + at, n);
    } else if (w->out) {
        w->isa->scale(w->out + at, 1.0 / sum, w->out + at, n);
    }
}

/* --- Cross-entropy -------------------------------------------------------------------------------------- */

static double get(const softmax_work *w, const unsigned char *p, int64_t i) {
    return w->size == sizeof(float) ? (double)((const float *)(const void *)p)[i]
                                    : ((const double *)(const void *)p)[i];
}

static void put(const softmax_work *w, unsigned char *p, int64_t i, double value) {
    if (w->size == sizeof(float)) {
        ((float *)(void *)p)[i] = (float)value;
    } else {
        ((double *)(void *)p)[i] = value;
    }
}

/* The label of a row, -1 if it is out of range. */
static int64_t label_of(const softmax_work *w, int64_t row) {
    const void *labels = cg_cpu_data(w->label);
    int64_t label = w->label->dtype == CG_I64   ? ((const int64_t *)labels)[row]
                    : w->label->dtype == CG_I32 ? ((const int32_t *)labels)[row]
                                                : ((const uint8_t *)labels)[row];
    return label >= 0 && label < w->cols ? label : -1;
}

static void put_loss(const softmax_work *w, int64_t row, double max, double log_sum, double at_label) {
    double log_at_label = at_label - max; /* rounded to T, as log s is */
    if (w->size == sizeof(float)) log_at_label = (float)log_at_label;
    put(w, w->loss, row, log_sum - log_at_label);
}

/*
 * loss = log s - (x[label] - m), with x[label] read before the gradient may overwrite it. Returns the sum the
 * row is to be divided by: NaN for a label that is out of range.
 */
static double loss_of_row(const softmax_work *w, int64_t row, double max, double sum, double at_label) {
    if (label_of(w, row) < 0) sum = NAN;
    put_loss(w, row, max, w->isa->log(sum), at_label);
    return sum;
}

static void subtract_label(const softmax_work *w, int64_t row) {
    int64_t label = label_of(w, row), at = row * w->cols + label;
    if (w->out && label >= 0) put(w, w->out, at, get(w, w->out, at) - 1.0);
}

static double value_at_label(const softmax_work *w, int64_t row) {
    int64_t label = label_of(w, row);
    return label < 0 ? 0.0 : get(w, w->x, row * w->cols + label);
}

/* --- Many rows: threads share them ---------------------------------------------------------------------- */

static void softmax_row(const softmax_work *w, int64_t row) {
    double max = -INFINITY, sum = 0.0, at_label = w->loss ? value_at_label(w, row) : 0.0;
    for (int64_t p = 0; p < w->pieces; p++) max = fmax(max, piece_max(w, row, p));
    for (int64_t p = 0; p < w->pieces; p++) sum += piece_sum(w, row, p, max);
    if (w->loss) sum = loss_of_row(w, row, max, sum, at_label);
    for (int64_t p = 0; p < w->pieces; p++) piece_finish(w, row, p, max, sum);
    if (w->loss) subtract_label(w, row);
}

static void rows_body(void *ctx, int64_t begin, int64_t end, int thread) {
    (void)thread;
    for (int64_t row = begin; row < end; row++) softmax_row(ctx, row);
}

/* --- Short rows: several side by side --------------------------------------------------------------------- */

/* What is known of each row; room for any T. */
typedef struct short_rows {
    double max[CG_SOFTMAX_ROWS], sum[CG_SOFTMAX_ROWS], log_sum[CG_SOFTMAX_ROWS], at_label[CG_SOFTMAX_ROWS];
} short_rows;

static void lose_short(const softmax_work *w, int64_t first, int64_t rows, short_rows *r) {
    unsigned char *max = (void *)r->max, *sum = (void *)r->sum, *log_sum = (void *)r->log_sum;
    for (int64_t i = 0; i < rows; i++)
        if (label_of(w, first + i) < 0) put(w, sum, i, NAN);
    w->isa->short_log(sum, log_sum);
    for (int64_t i = 0; i < rows; i++)
        put_loss(w, first + i, get(w, max, i), get(w, log_sum, i), r->at_label[i]);
}

static void short_body(void *ctx, int64_t begin, int64_t end, int thread) {
    (void)thread;
    const softmax_work *w = ctx;
    const ptrdiff_t cols = (ptrdiff_t)w->cols;
    short_rows r = {0}; /* rows that are none are computed with the others */
    for (int64_t first = begin; first < end; first += CG_SOFTMAX_ROWS) {
        const int64_t rows = end - first < CG_SOFTMAX_ROWS ? end - first : CG_SOFTMAX_ROWS;
        const unsigned char *x = w->x + piece_at(w, first, 0);
        unsigned char *out = w->out ? w->out + piece_at(w, first, 0) : NULL;
        for (int64_t i = 0; w->loss && i < rows; i++) r.at_label[i] = value_at_label(w, first + i);
        w->isa->short_exp_sum(x, (ptrdiff_t)rows, cols, w->log ? NULL : out, r.max, r.sum);
        if (w->loss) lose_short(w, first, rows, &r);
        if (w->log) {
            w->isa->short_log(r.sum, r.log_sum);
            w->isa->short_log_shift(x, (ptrdiff_t)rows, cols, r.max, r.log_sum, out);
        } else if (out) {
            w->isa->short_scale(out, (ptrdiff_t)rows, cols, r.sum, out);
        }
        for (int64_t i = 0; w->loss && i < rows; i++) subtract_label(w, first + i);
    }
}

/* --- Few long rows: threads share the pieces ------------------------------------------------------------ */

static void max_body(void *ctx, int64_t begin, int64_t end, int thread) {
    (void)thread;
    softmax_work *w = ctx;
    for (int64_t i = begin; i < end; i++) w->max[i] = piece_max(w, i / w->pieces, i % w->pieces);
}

static void sum_body(void *ctx, int64_t begin, int64_t end, int thread) {
    (void)thread;
    softmax_work *w = ctx;
    for (int64_t i = begin; i < end; i++) {
        int64_t row = i / w->pieces;
        w->sum[i] = piece_sum(w, row, i % w->pieces, w->max[row * w->pieces]);
    }
}

static void finish_body(void *ctx, int64_t begin, int64_t end, int thread) {
    (void)thread;
    softmax_work *w = ctx;
    for (int64_t i = begin; i < end; i++) {
        int64_t row = i / w->pieces, first = row * w->pieces;
        piece_finish(w, row, i % w->pieces, w->max[first], w->sum[first]);
    }
}

static cg_status long_rows(cg_hw *hw, softmax_work *w) {
    int64_t n = w->rows * w->pieces;
    w->max = cg_cpu_workspace(hw, CG_WORKSPACE_ROWS, (size_t)(2 * n + w->rows) * sizeof(double));
    if (!w->max) return CG_ERROR_MEMORY;
    w->sum = w->max + n;
    double *at_label = w->sum + n;
    for (int64_t row = 0; w->loss && row < w->rows; row++) at_label[row] = value_at_label(w, row);
    cg_parallel_for(n, 1, max_body, w);
    for (int64_t i = 0; i < n; i++) {
        double *max = &w->max[i / w->pieces * w->pieces];
        *max = fmax(*max, w->max[i]);
    }
    cg_parallel_for(n, 1, sum_body, w);
    for (int64_t row = 0; row < w->rows; row++) {
        double *sum = &w->sum[row * w->pieces], max = w->max[row * w->pieces];
        for (int64_t p = 1; p < w->pieces; p++) *sum += sum[p];
        if (w->loss) *sum = loss_of_row(w, row, max, *sum, at_label[row]);
    }
    if (w->out) cg_parallel_for(n, 1, finish_body, w);
    for (int64_t row = 0; w->loss && row < w->rows; row++) subtract_label(w, row);
    return CG_OK;
}

/* --- Slots ---------------------------------------------------------------------------------------------- */

static cg_status softmax_run(cg_hw *hw, softmax_work *w) {
    w->pieces = (w->cols + PIECE - 1) / PIECE;
    hw->stats.launches++;
    if (w->pieces > 1 && w->rows < 4 * cg_parallel_threads()) return long_rows(hw, w);
    const bool is_short = w->cols * (int64_t)w->size <= CG_SOFTMAX_SHORT;
    cg_parallel_for(w->rows, (GRAIN + w->cols - 1) / w->cols, is_short ? short_body : rows_body, w);
    return CG_OK;
}

cg_status cg_cpu_softmax(cg_hw *hw, const cg_softmax_request *r) {
    softmax_work w = {.isa = cg_cpu_of(hw)->isa->softmax[r->dtype],
                      .size = cg_dtype_size(r->dtype),
                      .rows = r->rows,
                      .cols = r->cols,
                      .x = cg_cpu_data(&r->x),
                      .out = cg_cpu_data(&r->out),
                      .log = r->log};
    return softmax_run(hw, &w);
}

cg_status cg_cpu_softmax_xent(cg_hw *hw, const cg_softmax_xent_request *r) {
    softmax_work w = {.isa = cg_cpu_of(hw)->isa->softmax[r->dtype],
                      .size = cg_dtype_size(r->dtype),
                      .rows = r->rows,
                      .cols = r->cols,
                      .x = cg_cpu_data(&r->x),
                      .out = r->grad.buffer ? cg_cpu_data(&r->grad) : NULL,
                      .label = &r->label,
                      .loss = cg_cpu_data(&r->loss)};
    return softmax_run(hw, &w);
}
