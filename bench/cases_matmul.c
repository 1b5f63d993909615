/*
 * Matrix products: sizes m, n, k, which operand lies transposed in memory, and how many of them there are (0: one, not a
 * stack of them). Then the layers made of them: a product, a bias and an activation, beside the product by itself.
 */
#include "cases.h"
#include "reference/reference.h"

#include <math.h>

enum { M, N, K, TRANSPOSED, BATCH };
enum { NEITHER, LEFT, RIGHT };
enum { BIAS = 2 }; /* the third input of a layer */

static int64_t products(const int64_t *size) { return size[BATCH] > 0 ? size[BATCH] : 1; }

static bench_input input(const int64_t *size, int i) {
    int64_t rows = i == 0 ? size[M] : size[K], cols = i == 0 ? size[K] : size[N];
    bool transposed = size[TRANSPOSED] == (i == 0 ? LEFT : RIGHT);
    if (i == BIAS) return (bench_input){cg_shape(cols), -1, 1};
    if (size[BATCH] > 0) return (bench_input){cg_shape(size[BATCH], rows, cols), -1, 1};
    return (bench_input){transposed ? cg_shape(cols, rows) : cg_shape(rows, cols), -1, 1};
}

static int64_t row(const int64_t *size) { return size[N]; }
static int64_t elements(const int64_t *size) { return products(size) * size[M] * size[N]; }
static double flops(const int64_t *size) { return 2.0 * (double)(elements(size) * size[K]); }

static double bytes(const int64_t *size) {
    return 4.0 * (double)(products(size) * (size[M] * size[K] + size[K] * size[N] + size[M] * size[N]));
}

/* The arithmetic, or each operand read once. */
static double lower_bound(const int64_t *size, const machine_limits *limits) {
    double arithmetic = flops(size) / limits->flops;
    double traffic = machine_seconds(limits, MACHINE_READ, bytes(size));
    return arithmetic > traffic ? arithmetic : traffic;
}

static cg_tensor *run(bench_job *job) {
    int64_t transposed = job->problem->size[TRANSPOSED];
    cg_tensor *a = transposed == LEFT ? cg_transpose(job->in[0], 0, 1) : job->in[0];
    cg_tensor *b = transposed == RIGHT ? cg_transpose(job->in[1], 0, 1) : job->in[1];
    return cg_matmul(a, b);
}

/* Matrix `which` of b in long double, and room for a row of a: made anew when a row is of another one than the last. */
static long double *right_operand(bench_problem *p, int64_t which) {
    const int64_t n = p->size[N], k = p->size[K];
    long double *kept = bench_wide(p, k * n + k + 1), *b = kept + 1;
    if (!kept) return NULL;
    if (*kept == (long double)(which + 1)) return b;
    *kept = (long double)(which + 1);
    const float *from = p->in[1] + which * k * n;
    for (int64_t l = 0; l < k; l++)
        for (int64_t j = 0; j < n; j++)
            b[l * n + j] = from[p->size[TRANSPOSED] == RIGHT ? j * k + l : l * n + j];
    return b;
}

/* One row of a times its b. */
static void expect(bench_problem *p, int64_t row_of_all) {
    const int64_t m = p->size[M], n = p->size[N], k = p->size[K], which = row_of_all / m, i = row_of_all % m;
    long double *b = right_operand(p, which);
    if (!b) return;
    long double *a = b + k * n;
    const float *from = p->in[0] + which * m * k;
    for (int64_t l = 0; l < k; l++) a[l] = from[p->size[TRANSPOSED] == LEFT ? l * m + i : i * k + l];
    ref_matmul(1, n, k, a, b, p->want, p->allowed);
    for (int64_t j = 0; j < n; j++) p->allowed[j] *= 8 * BENCH_U; /* docs: error <= 8 u (|a| |b|) */
}

static const bench_work product = {
    .suite = "matmul",
    .n_inputs = 2,
    .repeat = 1,
    .input = input,
    .row = row,
    .elements = elements,
    .flops = flops,
    .bytes = bytes,
    .floor = lower_bound,
    .run = run,
    .expect = expect,
};

/* --- A layer: activation(x w + b) --------------------------------------------------------------------------------- */

static cg_tensor *run_linear(bench_job *job) { return cg_linear(job->in[0], job->in[1], job->in[BIAS]); }
static cg_tensor *run_linear_relu(bench_job *job) { return cg_relu(run_linear(job)); }
static cg_tensor *run_linear_gelu(bench_job *job) { return cg_gelu(run_linear(job)); }

static double layer_bytes(const int64_t *size) { return bytes(size) + 4.0 * (double)size[N]; }

/* The sum, rounded once more; then the activation (NULL: none), whose slope is below 1.13 everywhere. */
static void expect_layer(bench_problem *p, int64_t i, const ref_row *activation) {
    expect(p, i);
    for (int64_t j = 0; j < p->size[N]; j++) {
        p->want[j] += p->in[BIAS][j];
        p->allowed[j] += 2 * BENCH_U * (fabsl(p->want[j]) + fabsl((long double)p->in[BIAS][j]));
        if (!activation) continue;
        p->allowed[j] = 1.13L * p->allowed[j] + 4 * BENCH_U * fabsl(p->want[j]);
        p->want[j] = activation->real(p->want[j], 0, 0);
    }
}

static void expect_linear(bench_problem *p, int64_t i) { expect_layer(p, i, NULL); }
static void expect_linear_relu(bench_problem *p, int64_t i) { expect_layer(p, i, ref_row_find("relu")); }
static void expect_linear_gelu(bench_problem *p, int64_t i) { expect_layer(p, i, ref_row_find("gelu")); }

#define LAYER(name)                                                                                          \
    static const bench_work name##_work = {                                                                  \
        .suite = #name,                                                                                      \
        .n_inputs = 3,                                                                                       \
        .repeat = 1,                                                                                         \
        .input = input,                                                                                      \
        .row = row,                                                                                          \
        .elements = elements,                                                                                \
        .flops = flops,                                                                                      \
        .bytes = layer_bytes,                                                                                \
        .floor = lower_bound,                                                                                \
        .run = run_##name,                                                                                   \
        .expect = expect_##name,                                                                             \
    };
LAYER(linear)
LAYER(linear_relu)
LAYER(linear_gelu)

/* --- The list ----------------------------------------------------------------------------------------------------- */

#define TITLE(m, n, k) #m "x" #n "x" #k
#define PRODUCT(m, n, k, small_m, small_n, small_k)                                                          \
    { TITLE(m, n, k), &product, {{m, n, k}, {0}, {small_m, small_n, small_k}}, NULL }
#define FACES(m, n, k, small_m, small_n, small_k)                                                            \
    PRODUCT(m, n, k, small_m, small_n, small_k),                                                             \
        {TITLE(m, n, k) "_at", &product, {{m, n, k, LEFT}, {0}, {small_m, small_n, small_k, LEFT}}, NULL}, { \
        TITLE(m, n, k) "_bt", &product, {{m, n, k, RIGHT}, {0}, {small_m, small_n, small_k, RIGHT}}, NULL    \
    }
#define LAYERS(m, n, k, small_m, small_n, small_k)                                                           \
    {TITLE(m, n, k), &linear_work, {{m, n, k}, {0}, {small_m, small_n, small_k}}, NULL},                     \
        {TITLE(m, n, k), &linear_relu_work, {{m, n, k}, {0}, {small_m, small_n, small_k}}, NULL}, {          \
        TITLE(m, n, k), &linear_gelu_work, {{m, n, k}, {0}, {small_m, small_n, small_k}}, NULL               \
    }

/* Squares with both transposes, the shapes of a training step, skinny ones, stacks of small ones. */
const bench_case bench_cases_matmul[] = {
    PRODUCT(16, 16, 16, 16, 16, 16),
    PRODUCT(32, 32, 32, 32, 32, 32),
    PRODUCT(64, 64, 64, 31, 31, 31),
    PRODUCT(128, 128, 128, 33, 33, 33),
    PRODUCT(256, 256, 256, 30, 30, 30),
    FACES(512, 512, 512, 17, 19, 23),
    FACES(1024, 1024, 1024, 33, 65, 31),
    {"2048x2048x2048", &product, {{2048, 2048, 2048}, {512, 512, 512}, {31, 33, 65}}, NULL},
    FACES(128, 512, 784, 8, 31, 49),
    {"784x512x128_at", &product, {{784, 512, 128, LEFT}, {0}, {49, 31, 8, LEFT}}, NULL},
    {"128x784x512_bt", &product, {{128, 784, 512, RIGHT}, {0}, {8, 49, 31, RIGHT}}, NULL},
    {"8x512x784", &product, {{8, 512, 784}, {0}, {3, 31, 49}}, NULL},
    {"1x512x784", &product, {{1, 512, 784}, {0}, {1, 31, 49}}, NULL},
    {"128x10x256", &product, {{128, 10, 256}, {0}, {13, 10, 21}}, NULL},
    {"512x1x784", &product, {{512, 1, 784}, {0}, {31, 1, 49}}, NULL},
    {"4096x16x4096", &product, {{4096, 16, 4096}, {1024, 16, 1024}, {67, 16, 41}}, NULL},
    {"16x4096x4096", &product, {{16, 4096, 4096}, {16, 1024, 1024}, {16, 67, 41}}, NULL},
    {"16x16x65536", &product, {{16, 16, 65536}, {16, 16, 8192}, {16, 16, 513}}, NULL},
    {"65536x16x16", &product, {{65536, 16, 16}, {8192, 16, 16}, {513, 16, 16}}, NULL},
    {"256_of_64x64x64",
     &product,
     {{64, 64, 64, NEITHER, 256}, {64, 64, 64, NEITHER, 64}, {9, 7, 11, NEITHER, 3}},
     NULL},
    {"4096_of_32x32x32",
     &product,
     {{32, 32, 32, NEITHER, 4096}, {32, 32, 32, NEITHER, 512}, {8, 8, 8, NEITHER, 5}},
     NULL},
    LAYERS(128, 512, 784, 8, 31, 49),
    LAYERS(1024, 1024, 1024, 33, 65, 31),
    {0},
};
