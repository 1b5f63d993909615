/* Normalization and attention, forward and backward. */
#include "cases.h"
#include "reference/reference.h"

#include <math.h>

/* --- normalization: the gradient of sum(g y) with respect to x ---------------------------------------------------- */

/* (samples, channels, length): of a layer norm the last two are one. */
enum { SAMPLES, CHANNELS, LENGTH };
enum { X, G, WEIGHT, BIAS };

static int64_t norm_row(const int64_t *size) { return size[CHANNELS] * size[LENGTH]; }
static int64_t norm_elements(const int64_t *size) { return size[SAMPLES] * norm_row(size); }

/* Forward reads x and writes y, backward reads g and x and writes dx. */
static double norm_bytes(const int64_t *size) { return 4 * 5.0 * (double)norm_elements(size); }
static double norm_floor(const int64_t *size, const machine_limits *limits) {
    return machine_seconds(limits, MACHINE_TRIAD, norm_bytes(size));
}

static bench_input channel_input(const int64_t *size, int i) {
    if (i >= WEIGHT) return (bench_input){cg_shape(size[CHANNELS]), 0.5, 2};
    return (bench_input){cg_shape(size[SAMPLES], size[CHANNELS], size[LENGTH]), -3, 5};
}

static bench_input row_input(const int64_t *size, int i) {
    if (i >= WEIGHT) return (bench_input){cg_shape(norm_row(size)), 0.5, 2};
    return (bench_input){cg_shape(size[SAMPLES], norm_row(size)), -3, 5};
}

static bool norm_setup(bench_job *job) {
    bool ok = true;
    for (int i = 0; i < job->problem->what->work->n_inputs; i++)
        if (i != G) ok = ok && cg_require_grad(job->in[i], true);
    return ok;
}

/* The gradients of all three; the result is that of x. */
static cg_tensor *gradient_of(bench_job *job, cg_tensor *y, bool has_bias) {
    cg_tensor *x[] = {job->in[X], job->in[WEIGHT], has_bias ? job->in[BIAS] : NULL}, *g[3] = {0};
    return cg_grad(y, job->in[G], has_bias ? 3 : 2, x, false, g) == CG_OK ? g[0] : NULL;
}

static cg_tensor *run_layer(bench_job *job) {
    return gradient_of(job, cg_layer_norm(job->in[X], 1, job->in[WEIGHT], job->in[BIAS], 1e-5), true);
}

static cg_tensor *run_rms(bench_job *job) {
    return gradient_of(job, cg_rms_norm(job->in[X], 1, job->in[WEIGHT], 1e-5), false);
}

static cg_tensor *run_batch(bench_job *job) {
    return gradient_of(
        job, cg_batch_norm(job->in[X], job->in[WEIGHT], job->in[BIAS], NULL, NULL, true, 0.1, 1e-5), true);
}

/* What the elements that share a mean have in common. */
typedef struct shared {
    long double mean, root, g, gz, size;
} shared;

/* Runs of `inner` neighbours, `outer` of them from `from` on, outer_step apart; element i of a run has weight w[i w_step]. */
static shared shared_of(const bench_problem *p, bool centre, int64_t from, int64_t outer, int64_t outer_step,
                        int64_t inner, const float *w, int64_t w_step) {
    shared s = {0};
    const int64_t n = outer * inner;
    long double sum = 0, squares = 0;
#define EACH(i, at)                                                                                          \
    for (int64_t i = 0, at; i < n && (at = from + i / inner * outer_step + i % inner, true); i++)
    EACH(i, at) sum += p->in[X][at];
    if (centre) s.mean = sum / (long double)n;
    EACH(i, at) squares += (p->in[X][at] - s.mean) * (p->in[X][at] - s.mean);
    s.root = sqrtl(squares / (long double)n + 1e-5L);
    EACH(i, at) {
        const long double gw = (long double)p->in[G][at] * w[i % inner * w_step] / (long double)n;
        s.g += centre ? gw : 0;
        s.gz += gw * (p->in[X][at] - s.mean) / s.root;
        s.size += fabsl(gw);
    }
#undef EACH
    return s;
}

static void expect_element(bench_problem *p, const shared *s, int64_t at, int64_t to, long double w,
                           int64_t n) {
    const long double z = (p->in[X][at] - s->mean) / s->root, gw = p->in[G][at] * w;
    p->want[to] = (gw - s->g - z * s->gz) / s->root;
    p->allowed[to] =
        (log2l((long double)n) + 14) * 4 * BENCH_U * (fabsl(gw) + (1 + z * z) * s->size) / s->root;
}

static void expect_rows(bench_problem *p, int64_t row, bool centre) {
    const int64_t n = norm_row(p->size);
    const shared s = shared_of(p, centre, row * n, 1, 0, n, p->in[WEIGHT], 1);
    for (int64_t i = 0; i < n; i++) expect_element(p, &s, row * n + i, i, p->in[WEIGHT][i], n);
}

static void expect_layer(bench_problem *p, int64_t row) { expect_rows(p, row, true); }
static void expect_rms(bench_problem *p, int64_t row) { expect_rows(p, row, false); }

static void expect_batch(bench_problem *p, int64_t row) {
    const int64_t length = p->size[LENGTH], n = norm_row(p->size);
    for (int64_t c = 0; c < p->size[CHANNELS]; c++) {
        const shared s = shared_of(p, true, c * length, p->size[SAMPLES], n, length, p->in[WEIGHT] + c, 0);
        for (int64_t i = 0; i < length; i++)
            expect_element(p, &s, row * n + c * length + i, c * length + i, p->in[WEIGHT][c],
                           p->size[SAMPLES] * length);
    }
}

#define NORM(name, inputs, input_)                                                                           \
    static const bench_work name##_work = {                                                                  \
        .suite = #name "_norm",                                                                              \
        .n_inputs = inputs,                                                                                  \
        .repeat = 1,                                                                                         \
        .input = input_,                                                                                     \
        .row = norm_row,                                                                                     \
        .elements = norm_elements,                                                                           \
        .bytes = norm_bytes,                                                                                 \
        .floor = norm_floor,                                                                                 \
        .setup = norm_setup,                                                                                 \
        .run = run_##name,                                                                                   \
        .expect = expect_##name,                                                                             \
    };
NORM(layer, 4, row_input)
NORM(rms, 3, row_input)
NORM(batch, 4, channel_input)

/* --- layer norm by itself, and with GELU behind it: what fusion makes one pass of ------------------------------------ */

static cg_tensor *layer_of(bench_job *job) {
    return cg_layer_norm(job->in[X], 1, job->in[WEIGHT], job->in[BIAS], 1e-5);
}
static cg_tensor *run_layer_forward(bench_job *job) { return layer_of(job); }
static cg_tensor *run_gelu(bench_job *job) { return cg_gelu(layer_of(job)); }
static cg_tensor *run_gelu_grad(bench_job *job) { return gradient_of(job, run_gelu(job), true); }

static double forward_bytes(const int64_t *size) { return 4 * 2.0 * (double)norm_elements(size); }
static double forward_floor(const int64_t *size, const machine_limits *limits) {
    return machine_seconds(limits, MACHINE_COPY, forward_bytes(size));
}

/* z w + b, with an error of a few u of |z| + 1 in z; then perhaps GELU, whose slope is below 1.13. */
static void expect_norm(bench_problem *p, int64_t row, const ref_row *activation) {
    const int64_t n = norm_row(p->size);
    const shared s = shared_of(p, true, row * n, 1, 0, n, p->in[WEIGHT], 1);
    for (int64_t i = 0; i < n; i++) {
        const long double z = (p->in[X][row * n + i] - s.mean) / s.root, w = p->in[WEIGHT][i];
        const long double y = z * w + p->in[BIAS][i];
        p->want[i] = activation ? activation->real(y, 0, 0) : y;
        p->allowed[i] = (log2l((long double)n) + 14) * BENCH_U * ((2 + fabsl(z)) * w + fabsl(y));
        if (activation) p->allowed[i] = 1.13L * p->allowed[i] + 4 * BENCH_U * fabsl(y);
    }
}

static void expect_layer_forward(bench_problem *p, int64_t row) { expect_norm(p, row, NULL); }
static void expect_gelu(bench_problem *p, int64_t row) { expect_norm(p, row, ref_row_find("gelu")); }

/* As of the norm by itself, where GELU's slope times g stands for g: the rounding of that to f32 is within the bound. */
static void expect_gelu_grad(bench_problem *p, int64_t row) {
    const int64_t n = norm_row(p->size);
    const ref_row *slope = ref_row_find("gelu_grad");
    const shared s = shared_of(p, true, row * n, 1, 0, n, p->in[WEIGHT], 1);
    long double *g = bench_wide(p, n);
    if (!g) return;
    float *given = p->in[G] + row * n;
    for (int64_t i = 0; i < n; i++) {
        const long double z = (p->in[X][row * n + i] - s.mean) / s.root;
        g[i] = given[i];
        given[i] = (float)(g[i] * slope->real(z * p->in[WEIGHT][i] + p->in[BIAS][i], 0, 0));
    }
    expect_layer(p, row);
    for (int64_t i = 0; i < n; i++) given[i] = (float)g[i];
    /* and the slope is off by its own error, and by that of its argument */
    for (int64_t i = 0; i < n; i++) p->allowed[i] += 64 * BENCH_U * (fabsl(g[i]) * 2 + s.size) / s.root;
}

#define FUSED(name, suite_, inputs_read, setup_)                                                             \
    static const bench_work name##_work = {                                                                  \
        .suite = suite_,                                                                                     \
        .n_inputs = 4,                                                                                       \
        .repeat = 1,                                                                                         \
        .input = row_input,                                                                                  \
        .row = norm_row,                                                                                     \
        .elements = norm_elements,                                                                           \
        .bytes = inputs_read##_bytes,                                                                        \
        .floor = inputs_read##_floor,                                                                        \
        .setup = setup_,                                                                                     \
        .run = run_##name,                                                                                   \
        .expect = expect_##name,                                                                             \
    };
FUSED(layer_forward, "layer_norm_forward", forward, NULL)
FUSED(gelu, "norm_gelu", forward, NULL)
FUSED(gelu_grad, "norm_gelu_grad", norm, norm_setup)

/* --- attention: the gradient of sum(g out) with respect to q ------------------------------------------------------ */

enum { BATCH, HEADS, TIMES, FEATURES, CAUSAL };
enum { Q, K, V, GRADIENT };

static bench_input attention_input(const int64_t *size, int i) {
    (void)i;
    return (bench_input){cg_shape(size[BATCH], size[HEADS], size[TIMES], size[FEATURES]), -1, 1};
}

static int64_t attention_row(const int64_t *size) { return size[FEATURES]; }
static int64_t attention_elements(const int64_t *size) {
    return size[BATCH] * size[HEADS] * size[TIMES] * size[FEATURES];
}

/* Two products forward, five backward, of half the scores where it is causal. */
static double attention_flops(const int64_t *size) {
    return 14.0 * (double)(attention_elements(size) * size[TIMES]) * (size[CAUSAL] ? 0.5 : 1.0);
}
static double attention_floor(const int64_t *size, const machine_limits *limits) {
    return attention_flops(size) / limits->flops;
}

static bool attention_setup(bench_job *job) {
    return cg_require_grad(job->in[Q], true) && cg_require_grad(job->in[K], true) &&
           cg_require_grad(job->in[V], true);
}

static cg_tensor *run_attention(bench_job *job) {
    cg_attention_options options = {.causal = job->problem->size[CAUSAL] != 0};
    cg_tensor *y = cg_scaled_dot_product_attention(job->in[Q], job->in[K], job->in[V], NULL, options),
              *g[3] = {0};
    return cg_grad(y, job->in[GRADIENT], 3, job->in, false, g) == CG_OK ? g[0] : NULL;
}

static long double dot(const float *a, const float *b, int64_t n) {
    long double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += (long double)a[i] * b[i];
    return sum;
}

/* dq = scale sum_s p (g v - sum_r p g v) k */
static void expect_attention(bench_problem *p, int64_t row) {
    const int64_t t = p->size[TIMES], d = p->size[FEATURES], first = row / t * t;
    const int64_t keys = p->size[CAUSAL] ? row % t + 1 : t;
    const long double scale = 1 / sqrtl((long double)d);
    long double *weight = bench_wide(p, 2 * t), sum = 0, mean = 0, size = 0;
    if (!weight) return;
    long double *along = weight + t;
    for (int64_t s = 0; s < keys; s++) {
        weight[s] = expl(scale * dot(p->in[Q] + row * d, p->in[K] + (first + s) * d, d));
        along[s] = dot(p->in[GRADIENT] + row * d, p->in[V] + (first + s) * d, d);
        sum += weight[s];
    }
    for (int64_t s = 0; s < keys; s++) mean += weight[s] / sum * along[s];
    for (int64_t i = 0; i < d; i++) p->want[i] = 0;
    for (int64_t s = 0; s < keys; s++) {
        const long double slope = scale * weight[s] / sum * (along[s] - mean);
        size += scale * weight[s] / sum * (long double)d;
        for (int64_t i = 0; i < d; i++) p->want[i] += slope * p->in[K][(first + s) * d + i];
    }
    for (int64_t i = 0; i < d; i++) p->allowed[i] = (4 * (long double)d + 64) * BENCH_U * size;
}

static const bench_work attention_work = {
    .suite = "attention",
    .n_inputs = 4,
    .repeat = 1,
    .input = attention_input,
    .row = attention_row,
    .elements = attention_elements,
    .flops = attention_flops,
    .floor = attention_floor,
    .setup = attention_setup,
    .run = run_attention,
    .expect = expect_attention,
};

const bench_case bench_cases_networks[] = {
    {"4096x1024", &layer_work, {{4096, 1024, 1}, {1024, 1024, 1}, {37, 131, 1}}, NULL},
    {"4096x1024", &layer_forward_work, {{4096, 1024, 1}, {1024, 1024, 1}, {37, 131, 1}}, NULL},
    {"4096x1024", &gelu_work, {{4096, 1024, 1}, {1024, 1024, 1}, {37, 131, 1}}, NULL},
    {"4096x1024", &gelu_grad_work, {{4096, 1024, 1}, {1024, 1024, 1}, {37, 131, 1}}, NULL},
    {"4096x1024", &rms_work, {{4096, 1024, 1}, {1024, 1024, 1}, {37, 131, 1}}, NULL},
    {"32x64x28x28", &batch_work, {{32, 64, 784}, {8, 64, 784}, {5, 3, 49}}, NULL},
    {"16x4x128x64", &attention_work, {{16, 4, 128, 64, 0}, {0}, {2, 2, 19, 8, 0}}, NULL},
    {"16x4x128x64_causal", &attention_work, {{16, 4, 128, 64, 1}, {0}, {2, 2, 19, 8, 1}}, NULL},
    {"1x4x2048x64_causal",
     &attention_work,
     {{1, 4, 2048, 64, 1}, {1, 4, 1024, 64, 1}, {1, 2, 70, 8, 1}},
     NULL},
    {0},
};
