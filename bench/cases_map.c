/* Elementwise work: single rows, a copy, a fused chain with broadcast, bias and relu. */
#include "cases.h"
#include "reference/reference.h"

#include <math.h>

/* --- Single rows over n elements, looked at as rows of 4096 --------------------------------------------- */

enum { ROW = 4096 };

static bench_input row_input(const int64_t *size, int i) {
    return (bench_input){cg_shape(size[0]), i == 0 ? -4 : -3, i == 0 ? 4 : 5};
}

static bench_input positive_input(const int64_t *size, int i) {
    return (bench_input){cg_shape(size[0]), i == 0 ? 0.1 : -3, i == 0 ? 8 : 3};
}

static int64_t row_length(const int64_t *size) { return size[0] < ROW ? size[0] : ROW; }
static int64_t row_elements(const int64_t *size) { return size[0]; }
static double unary_bytes(const int64_t *size) { return 8.0 * (double)size[0]; }
static double binary_bytes(const int64_t *size) { return 12.0 * (double)size[0]; }

static double unary_floor(const int64_t *size, const machine_limits *limits) {
    return machine_seconds(limits, MACHINE_COPY, unary_bytes(size));
}

static double binary_floor(const int64_t *size, const machine_limits *limits) {
    return machine_seconds(limits, MACHINE_TRIAD, binary_bytes(size));
}

static cg_tensor *run_copy(bench_job *job) { return cg_clone(job->in[0]); }
static cg_tensor *run_exp(bench_job *job) { return cg_exp(job->in[0]); }
static cg_tensor *run_gelu(bench_job *job) { return cg_gelu(job->in[0]); }
static cg_tensor *run_gelu_tanh(bench_job *job) { return cg_gelu_tanh(job->in[0]); }
static cg_tensor *run_gelu_grad(bench_job *job) { return cg_gelu_grad(job->in[0]); }
static cg_tensor *run_tanh(bench_job *job) { return cg_tanh(job->in[0]); }
static cg_tensor *run_sigmoid(bench_job *job) { return cg_sigmoid(job->in[0]); }
static cg_tensor *run_silu(bench_job *job) { return cg_swish(job->in[0]); }
static cg_tensor *run_softplus(bench_job *job) { return cg_softplus(job->in[0]); }
static cg_tensor *run_sin(bench_job *job) { return cg_sin(job->in[0]); }
static cg_tensor *run_log(bench_job *job) { return cg_log(job->in[0]); }
static cg_tensor *run_sqrt(bench_job *job) { return cg_sqrt(job->in[0]); }
static cg_tensor *run_pow(bench_job *job) { return cg_pow(job->in[0], job->in[1]); }
static cg_tensor *run_add(bench_job *job) { return cg_add(job->in[0], job->in[1]); }

static void expect_copy(bench_problem *p, int64_t row) {
    for (int64_t i = 0; i < bench_row_elements(p, row); i++) p->want[i] = p->in[0][row * ROW + i];
}

/* The bound of the row in the table of references: in ULP, or scaled by its arguments. */
static void expect_row(bench_problem *p, int64_t row) {
    const ref_row *reference = ref_row_find(p->what->row_name);
    for (int64_t i = 0; i < bench_row_elements(p, row); i++) {
        long double x = p->in[0][row * ROW + i], y = p->in[1] ? p->in[1][row * ROW + i] : 0;
        p->want[i] = reference->real(x, y, 0);
        p->allowed[i] = reference->scale ? reference->scaled_f32 * BENCH_U * reference->scale(x, y, 0)
                                         : 2 * reference->ulp_f32 * BENCH_U * fabsl(p->want[i]);
    }
}

#define ROW_WORK(inputs, move, check)                                                                        \
    .suite = "map", .n_inputs = inputs, .repeat = 1, .row = row_length, .elements = row_elements,            \
    .bytes = move##_bytes, .floor = move##_floor, .expect = check

#define UNARY_WORK(name, operations, from)                                                                   \
    static const bench_work name##_work = {ROW_WORK(1, unary, expect_row), .input = from,                    \
                                           .intensity = operations / 8.0, .run = run_##name};

static const bench_work copy_work = {ROW_WORK(1, unary, expect_copy), .input = row_input, .run = run_copy};
static const bench_work add_work = {ROW_WORK(2, binary, expect_row), .input = row_input,
                                    .intensity = 1.0 / 12, .run = run_add};
static const bench_work pow_work = {ROW_WORK(2, binary, expect_row), .input = positive_input,
                                    .intensity = 1.0 / 12, .run = run_pow};
UNARY_WORK(exp, 1, row_input)
UNARY_WORK(gelu, 4, row_input)
UNARY_WORK(gelu_grad, 8, row_input)
UNARY_WORK(gelu_tanh, 8, row_input)
UNARY_WORK(tanh, 1, row_input)
UNARY_WORK(sigmoid, 3, row_input)
UNARY_WORK(silu, 4, row_input)
UNARY_WORK(softplus, 3, row_input)
UNARY_WORK(sin, 1, row_input)
UNARY_WORK(log, 1, positive_input)
UNARY_WORK(sqrt, 1, positive_input)

/* --- Matrices ------------------------------------------------------------------------------------------- */

enum { ROWS, COLS };

static int64_t matrix_row(const int64_t *size) { return size[COLS]; }
static int64_t matrix_elements(const int64_t *size) { return size[ROWS] * size[COLS]; }
static double matrix_bytes(const int64_t *size) { return 8.0 * (double)(size[ROWS] * size[COLS]); }

static double matrix_floor(const int64_t *size, const machine_limits *limits) {
    return machine_seconds(limits, MACHINE_COPY, matrix_bytes(size));
}

/* x, mean m, scale s and shift b of the columns, r of the rows */
static bench_input chain_input(const int64_t *size, int i) {
    cg_dims shape = i == 0   ? cg_shape(size[ROWS], size[COLS])
                    : i == 4 ? cg_shape(size[ROWS], 1)
                             : cg_shape(size[COLS]);
    return (bench_input){shape, -2, 2};
}

/* x sigmoid((x - m) s + b) + r: six rows in one pass */
static cg_tensor *run_chain(bench_job *job) {
    cg_tensor *x = job->in[0];
    cg_tensor *t = cg_add(cg_mul(cg_sub(x, job->in[1]), job->in[2]), job->in[3]);
    return cg_add(cg_mul(x, cg_sigmoid(t)), job->in[4]);
}

static void expect_chain(bench_problem *p, int64_t row) {
    long double r = p->in[4][row];
    for (int64_t j = 0; j < p->size[COLS]; j++) {
        long double x = p->in[0][row * p->size[COLS] + j], m = p->in[1][j], s = p->in[2][j], b = p->in[3][j];
        long double product = (x - m) * s, gate = 1 / (1 + expl(-product - b));
        p->want[j] = x * gate + r;
        /* the argument's error passes a slope of at most gate (1 - gate) */
        long double argument = (3 * fabsl(product) + fabsl(b)) * gate * (1 - gate);
        p->allowed[j] = BENCH_U * (fabsl(x) * (argument + 8 * gate) + 2 * fabsl(p->want[j]));
    }
}

static const bench_work chain_work = {
    .suite = "chain",
    .n_inputs = 5,
    .repeat = 1,
    .input = chain_input,
    .row = matrix_row,
    .elements = matrix_elements,
    .bytes = matrix_bytes,
    .intensity = 8.0 / 8, /* the sigmoid is an exp, an addition and a division */
    .floor = matrix_floor,
    .run = run_chain,
    .expect = expect_chain,
};

static bench_input bias_input(const int64_t *size, int i) {
    return (bench_input){i == 0 ? cg_shape(size[ROWS], size[COLS]) : cg_shape(size[COLS]), -2, 2};
}

static cg_tensor *run_bias(bench_job *job) { return cg_relu(cg_add(job->in[0], job->in[1])); }

static void expect_bias(bench_problem *p, int64_t row) {
    for (int64_t j = 0; j < p->size[COLS]; j++) {
        p->want[j] = fmaxl(0, (long double)p->in[0][row * p->size[COLS] + j] + p->in[1][j]);
        p->allowed[j] = 1.01L * BENCH_U * p->want[j];
    }
}

static const bench_work bias_work = {
    .suite = "bias_relu",
    .n_inputs = 2,
    .repeat = 1,
    .input = bias_input,
    .row = matrix_row,
    .elements = matrix_elements,
    .bytes = matrix_bytes,
    .intensity = 2.0 / 8,
    .floor = matrix_floor,
    .run = run_bias,
    .expect = expect_bias,
};

#define FULL_MAP                                                                                             \
    {1 << 24}, { 1 << 22 }

/* Speed over size: from what a call costs, through the caches, to memory. */
#define SIZES_OF(name, work)                                                                                 \
    {name "_1K", work, {{1 << 10}, {0}, {129}}, name}, {name "_16K", work, {{1 << 14}, {0}, {129}}, name},   \
        {name "_256K", work, {{1 << 18}, {0}, {129}}, name},                                                 \
        {name "_1M", work, {{1 << 20}, {0}, {129}}, name},                                                   \
        {name "_4M", work, {{1 << 22}, {0}, {129}}, name}, {                                                 \
        name "_64M", work, {{1 << 26}, {1 << 22}, {129}}, name                                               \
    }

const bench_case bench_cases_map[] = {
    {"copy_16M", &copy_work, {FULL_MAP, {9001}}, NULL},
    {"exp_16M", &exp_work, {FULL_MAP, {9001}}, "exp"},
    {"gelu_16M", &gelu_work, {FULL_MAP, {9001}}, "gelu"},
    {"add_16M", &add_work, {FULL_MAP, {9001}}, "add"},
    {"gelu_grad_16M", &gelu_grad_work, {FULL_MAP, {9001}}, "gelu_grad"},
    {"gelu_tanh_16M", &gelu_tanh_work, {FULL_MAP, {9001}}, "gelu_tanh"},
    {"tanh_16M", &tanh_work, {FULL_MAP, {9001}}, "tanh"},
    {"sigmoid_16M", &sigmoid_work, {FULL_MAP, {9001}}, "sigmoid"},
    {"silu_16M", &silu_work, {FULL_MAP, {9001}}, "swish"},
    {"softplus_16M", &softplus_work, {FULL_MAP, {9001}}, "softplus"},
    {"sin_16M", &sin_work, {FULL_MAP, {9001}}, "sin"},
    {"log_16M", &log_work, {FULL_MAP, {9001}}, "log"},
    {"sqrt_16M", &sqrt_work, {FULL_MAP, {9001}}, "sqrt"},
    {"pow_16M", &pow_work, {FULL_MAP, {9001}}, "pow"},
    SIZES_OF("add", &add_work),
    SIZES_OF("exp", &exp_work),
    {"6_rows_4096x4096", &chain_work, {{4096, 4096}, {1024, 4096}, {37, 131}}, NULL},
    {"32768x512", &bias_work, {{32768, 512}, {8192, 512}, {37, 131}}, NULL},
    {0},
};
