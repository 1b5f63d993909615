/* Sums, softmax, cross-entropy. */
#include "cases.h"
#include "reference/reference.h"

#include <math.h>

enum { ROWS, COLS };

/* Elements that the reference takes at once, so that its long doubles stay in the cache. */
enum { CHUNK = 1 << 16 };

static int64_t matrix_elements(const int64_t *size) { return size[ROWS] * size[COLS]; }
static int64_t cols(const int64_t *size) { return size[COLS]; }
static int64_t one(const int64_t *size) { return size[0] > 0; }
static double read_bytes(const int64_t *size) { return 4.0 * (double)matrix_elements(size); }
static double copy_bytes(const int64_t *size) { return 8.0 * (double)matrix_elements(size); }

static bench_input matrix_input(const int64_t *size, int i) {
    (void)i;
    return (bench_input){cg_shape(size[ROWS], size[COLS]), -3, 5};
}

static double read_floor(const int64_t *size, const machine_limits *limits) {
    return machine_seconds(limits, MACHINE_READ, read_bytes(size));
}

static double copy_floor(const int64_t *size, const machine_limits *limits) {
    return machine_seconds(limits, MACHINE_COPY, copy_bytes(size));
}

/* --- Sums ----------------------------------------------------------------------------------------------- */

static cg_tensor *run_sum(bench_job *job) { return cg_sum(job->in[0], CG_ALL_AXES, false); }
static cg_tensor *run_columns(bench_job *job) { return cg_sum(job->in[0], cg_axes(0), false); }

/* Sums the rows of (n, width) chunk by chunk: want, and in `allowed` the bound (log2 n + 2) u sum |x|. */
static void expect_sums(bench_problem *p, int64_t n, int64_t width) {
    int64_t chunk = width < CHUNK ? CHUNK / width : 1;
    long double *x = bench_wide(p, chunk * width + 2 * width);
    if (!x) return;
    long double *sum = x + chunk * width, *size = sum + width;
    for (int64_t j = 0; j < width; j++) p->want[j] = p->allowed[j] = 0;
    for (int64_t i = 0; i < n; i += chunk) {
        const int64_t shape[] = {n - i < chunk ? n - i : chunk, width};
        for (int64_t e = 0; e < shape[0] * width; e++) x[e] = p->in[0][i * width + e];
        ref_reduce(REF_SUM, 2, shape, 1, x, sum);
        ref_reduce(REF_SUM_ABS, 2, shape, 1, x, size);
        for (int64_t j = 0; j < width; j++) p->want[j] += sum[j], p->allowed[j] += size[j];
    }
    for (int64_t j = 0; j < width; j++) p->allowed[j] *= (log2l((long double)n) + 2) * BENCH_U;
}

static void expect_sum(bench_problem *p, int64_t row) {
    (void)row;
    expect_sums(p, matrix_elements(p->size), 1);
}

static void expect_columns(bench_problem *p, int64_t row) {
    (void)row;
    expect_sums(p, p->size[ROWS], p->size[COLS]);
}

static const bench_work sum_work = {
    .suite = "sum",
    .n_inputs = 1,
    .repeat = 1,
    .input = matrix_input,
    .row = one,
    .elements = one,
    .bytes = read_bytes,
    .intensity = 1.0 / 4,
    .floor = read_floor,
    .run = run_sum,
    .expect = expect_sum,
};

static const bench_work columns_work = {
    .suite = "column_sums",
    .n_inputs = 1,
    .repeat = 1,
    .input = matrix_input,
    .row = cols,
    .elements = cols,
    .bytes = read_bytes,
    .intensity = 1.0 / 4,
    .floor = read_floor,
    .run = run_columns,
    .expect = expect_columns,
};

/* --- Softmax, and the gradient of cross-entropy, row by row --------------------------------------------- */

static cg_tensor *run_softmax(bench_job *job) { return cg_softmax(job->in[0], -1); }

/* x - max x is off by u |x - max x|, which is also the relative error of its exponential. */
static void expect_softmax(bench_problem *p, int64_t row) {
    int64_t n = p->size[COLS];
    long double *x = bench_wide(p, n);
    if (!x) return;
    for (int64_t j = 0; j < n; j++) x[j] = p->in[0][row * n + j];
    ref_softmax(false, n, 1, x, p->want);
    for (int64_t j = 0; j < n; j++) p->allowed[j] = (24 + log2l((long double)n)) * BENCH_U * p->want[j];
}

static int64_t xent_labels(const int64_t *size, int64_t *classes) {
    *classes = size[COLS];
    return size[ROWS];
}

static bool xent_setup(bench_job *job) { return cg_require_grad(job->in[0], true) != NULL; }

/* Loss and gradient: what a training step needs of it. */
static cg_tensor *run_xent(bench_job *job) {
    cg_tensor *gradient, *loss = cg_cross_entropy(job->in[0], job->label, CG_MEAN);
    return cg_grad(loss, NULL, 1, &job->in[0], false, &gradient) == CG_OK ? gradient : NULL;
}

/* (softmax(x) - one_hot(label)) / rows */
static void expect_xent(bench_problem *p, int64_t row) {
    expect_softmax(p, row);
    for (int64_t j = 0; j < p->size[COLS]; j++) {
        p->want[j] = (p->want[j] - (j == p->label[row])) / (long double)p->size[ROWS];
        p->allowed[j] = p->allowed[j] / (long double)p->size[ROWS] + 2 * BENCH_U * fabsl(p->want[j]);
    }
}

static const bench_work softmax_work = {
    .suite = "softmax",
    .n_inputs = 1,
    .repeat = 1,
    .input = matrix_input,
    .row = cols,
    .elements = matrix_elements,
    .bytes = copy_bytes,
    .intensity = 5.0 / 8, /* maximum, subtraction, exp, sum, division */
    .floor = copy_floor,
    .run = run_softmax,
    .expect = expect_softmax,
};

static const bench_work xent_work = {
    .suite = "cross_entropy",
    .n_inputs = 1,
    .repeat = 1,
    .input = matrix_input,
    .labels = xent_labels,
    .row = cols,
    .elements = matrix_elements,
    .bytes = copy_bytes,
    .intensity = 7.0 / 8,
    .floor = copy_floor,
    .setup = xent_setup,
    .run = run_xent,
    .expect = expect_xent,
};

const bench_case bench_cases_reduce[] = {
    {"16M", &sum_work, {{4096, 4096}, {1024, 4096}, {1, 9001}}, NULL},
    {"4096x4096", &columns_work, {{4096, 4096}, {1024, 4096}, {131, 37}}, NULL},
    {"1024x1000", &softmax_work, {{1024, 1000}, {0}, {37, 131}}, NULL},
    {"65536x16", &softmax_work, {{65536, 16}, {0}, {37, 16}}, NULL},
    {"16384x64", &softmax_work, {{16384, 64}, {0}, {37, 64}}, NULL},
    {"4096x256", &softmax_work, {{4096, 256}, {0}, {5, 256}}, NULL},
    {"256x4096", &softmax_work, {{256, 4096}, {0}, {3, 4096}}, NULL},
    {"64x16384", &softmax_work, {{64, 16384}, {0}, {2, 16384}}, NULL},
    {"16x65536", &softmax_work, {{16, 65536}, {0}, {1, 65536}}, NULL},
    {"64x50257", &softmax_work, {{64, 50257}, {0}, {3, 5003}}, NULL}, /* the vocabulary of GPT-2 */
    {"1024x1000", &xent_work, {{1024, 1000}, {0}, {37, 131}}, NULL},
    {"64x50257", &xent_work, {{64, 50257}, {0}, {3, 5003}}, NULL},
    {0},
};
