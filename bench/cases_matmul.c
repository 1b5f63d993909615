/* Matrix products: sizes m, n, k, and which operand lies transposed in memory. */
#include "cases.h"
#include "reference/reference.h"

enum { M, N, K, TRANSPOSED };
enum { NEITHER, LEFT, RIGHT };

static bench_input input(const int64_t *size, int i) {
    int64_t rows = i == 0 ? size[M] : size[K], cols = i == 0 ? size[K] : size[N];
    bool transposed = size[TRANSPOSED] == (i == 0 ? LEFT : RIGHT);
    return (bench_input){transposed ? cg_shape(cols, rows) : cg_shape(rows, cols), -1, 1};
}

static int64_t row(const int64_t *size) { return size[N]; }
static int64_t elements(const int64_t *size) { return size[M] * size[N]; }
static double flops(const int64_t *size) { return 2.0 * (double)(size[M] * size[N] * size[K]); }

static double bytes(const int64_t *size) {
    return 4.0 * (double)(size[M] * size[K] + size[K] * size[N] + size[M] * size[N]);
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

/* One row of a, and once all of b, as the reference takes them. */
static void expect(bench_problem *p, int64_t i) {
    const int64_t m = p->size[M], n = p->size[N], k = p->size[K];
    bool fresh = !p->wide;
    long double *b = bench_wide(p, k * n + k);
    if (!b) return;
    bool b_transposed = p->size[TRANSPOSED] == RIGHT, a_transposed = p->size[TRANSPOSED] == LEFT;
    for (int64_t l = 0; fresh && l < k; l++)
        for (int64_t j = 0; j < n; j++) b[l * n + j] = p->in[1][b_transposed ? j * k + l : l * n + j];
    long double *a = b + k * n;
    for (int64_t l = 0; l < k; l++) a[l] = p->in[0][a_transposed ? l * m + i : i * k + l];
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

#define SQUARE(n, small)                                                                                     \
    { #n "x" #n "x" #n, &product, {{n, n, n }, {0 }, {small, small, small } }, NULL }

const bench_case bench_cases_matmul[] = {
    SQUARE(16, 16),
    SQUARE(32, 32),
    SQUARE(64, 31),
    SQUARE(128, 33),
    SQUARE(256, 30),
    {"512x512x512", &product, {{512, 512, 512}, {256, 256, 256}, {17, 19, 23}}, NULL},
    {"1024x1024x1024", &product, {{1024, 1024, 1024}, {512, 512, 512}, {33, 65, 31}}, NULL},
    {"2048x2048x2048", &product, {{2048, 2048, 2048}, {512, 512, 512}, {31, 33, 65}}, NULL},
    {"128x512x784", &product, {{128, 512, 784}, {0}, {8, 31, 49}}, NULL},
    {"784x512x128_at", &product, {{784, 512, 128, LEFT}, {0, 0, 0, LEFT}, {49, 31, 8, LEFT}}, NULL},
    {"128x784x512_bt", &product, {{128, 784, 512, RIGHT}, {0, 0, 0, RIGHT}, {8, 49, 31, RIGHT}}, NULL},
    {"8x512x784", &product, {{8, 512, 784}, {0}, {3, 31, 49}}, NULL},
    {"1x512x784", &product, {{1, 512, 784}, {0}, {1, 31, 49}}, NULL},
    {0},
};
