/* Losses of n elements: the mean by itself, and the mean with its gradient as a training step needs both. */
#include "cases.h"
#include "reference/ref_losses.h"

#include <math.h>

enum { ROW = 4096 };

/* --- What is timed ----------------------------------------------------------------------------------------------- */

static cg_tensor *mse(cg_tensor *y, cg_tensor *t) { return cg_mse_loss(y, t, CG_MEAN); }
static cg_tensor *huber(cg_tensor *y, cg_tensor *t) { return cg_huber_loss(y, t, CG_MEAN, 1); }
static cg_tensor *bce(cg_tensor *y, cg_tensor *t) {
    return cg_binary_cross_entropy_with_logits(y, t, CG_MEAN, (cg_binary_cross_entropy_options){0});
}

static cg_tensor *gradient(bench_job *job, cg_tensor *loss) {
    cg_tensor *g = NULL;
    if (cg_grad(loss, NULL, 1, job->in, false, &g) != CG_OK || !cg_eval(g)) return NULL;
    return cg_eval(loss) ? g : NULL; /* who trains looks at the loss, too */
}

static bool require_gradient(bench_job *job) { return cg_require_grad(job->in[0], true) != NULL; }

/* --- What it must give ------------------------------------------------------------------------------------------- */

/* A prediction and its target: a number near it, or (of a logit) a probability. */
static bench_input pair(const int64_t *size, int i) {
    return (bench_input){cg_shape(size[0]), i == 0 ? -3 : -2, 3};
}
static bench_input logit_pair(const int64_t *size, int i) {
    return (bench_input){cg_shape(size[0]), i == 0 ? -6 : 0, i == 0 ? 6 : 1};
}

static int64_t all(const int64_t *size) { return size[0]; }
static int64_t one(const int64_t *size) { return size[0] > 0; }
static int64_t row_length(const int64_t *size) { return size[0] < ROW ? size[0] : ROW; }

/* Both operands read; the gradient written as well. */
static double value_bytes(const int64_t *size) { return 8.0 * (double)size[0]; }
static double gradient_bytes(const int64_t *size) { return 12.0 * (double)size[0]; }
static double value_floor(const int64_t *size, const machine_limits *limits) {
    return machine_seconds(limits, MACHINE_READ, value_bytes(size));
}
static double gradient_floor(const int64_t *size, const machine_limits *limits) {
    return machine_seconds(limits, MACHINE_TRIAD, gradient_bytes(size));
}

static long double mse_slope(long double y, long double t) { return 2 * (y - t); }
static long double huber_value(long double y, long double t) { return ref_huber(y, t, 1); }
static long double huber_slope(long double y, long double t) { return fmaxl(-1, fminl(1, y - t)); }
static long double bce_value(long double x, long double t) {
    return ref_binary_cross_entropy_logits(x, t, 1);
}
static long double bce_slope(long double x, long double t) { return 1 / (1 + expl(-x)) - t; }

/* The mean of losses that are all positive, each right to a few u of its terms. */
static void expect_value(bench_problem *p, long double (*value)(long double, long double)) {
    const int64_t n = p->size[0];
    long double sum = 0, terms = 0;
    for (int64_t i = 0; i < n; i++) {
        const long double y = p->in[0][i], t = p->in[1][i];
        sum += value(y, t);
        terms += value(y, t) + fabsl(y) + fabsl(t);
    }
    p->want[0] = sum / (long double)n;
    p->allowed[0] = (log2l((long double)n) + 16) * BENCH_U * terms / (long double)n;
}

static void expect_gradient(bench_problem *p, int64_t row, long double (*slope)(long double, long double)) {
    const long double n = (long double)p->size[0];
    for (int64_t i = 0; i < bench_row_elements(p, row); i++) {
        const long double y = p->in[0][row * ROW + i], t = p->in[1][row * ROW + i];
        p->want[i] = slope(y, t) / n;
        p->allowed[i] = 8 * BENCH_U * (fabsl(p->want[i]) + (1 + fabsl(t)) / n);
    }
}

/* --- The cases ---------------------------------------------------------------------------------------------------- */

#define LOSS(name, input_of, value_of, slope_of)                                                             \
    static cg_tensor *run_##name(bench_job *job) { return name(job->in[0], job->in[1]); }                    \
    static cg_tensor *run_##name##_grad(bench_job *job) { return gradient(job, run_##name(job)); }           \
    static void expect_##name(bench_problem *p, int64_t row) { (void)row, expect_value(p, value_of); }       \
    static void expect_##name##_grad(bench_problem *p, int64_t row) { expect_gradient(p, row, slope_of); }   \
    static const bench_work name##_work = {.suite = "loss",                                                  \
                                           .n_inputs = 2,                                                    \
                                           .repeat = 1,                                                      \
                                           .input = input_of,                                                \
                                           .row = one,                                                       \
                                           .elements = one,                                                  \
                                           .bytes = value_bytes,                                             \
                                           .floor = value_floor,                                             \
                                           .run = run_##name,                                                \
                                           .expect = expect_##name};                                         \
    static const bench_work name##_grad_work = {.suite = "loss",                                             \
                                                .n_inputs = 2,                                               \
                                                .repeat = 1,                                                 \
                                                .input = input_of,                                           \
                                                .row = row_length,                                           \
                                                .elements = all,                                             \
                                                .bytes = gradient_bytes,                                     \
                                                .floor = gradient_floor,                                     \
                                                .setup = require_gradient,                                   \
                                                .run = run_##name##_grad,                                    \
                                                .expect = expect_##name##_grad};
LOSS(mse, pair, ref_mse, mse_slope)
LOSS(huber, pair, huber_value, huber_slope)
LOSS(bce, logit_pair, bce_value, bce_slope)

#define BOTH(name)                                                                                           \
    {#name "_16M", &name##_work, {{1 << 24}, {1 << 22}, {9001}}, NULL}, {                                    \
#name "_grad_16M", &name##_grad_work, {{1 << 24 }, {1 << 22 }, {9001 } }, NULL                       \
    }

const bench_case bench_cases_losses[] = {BOTH(mse), BOTH(huber), BOTH(bce), {0}};
