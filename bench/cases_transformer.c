/*
 * A training step of one transformer block: x + attention(norm(x)), then x + mlp(norm(x)) with width -> 4 width -> gelu ->
 * width, causal, the mean squared error to a target, Adam. Source: Vaswani et al. 2017; Radford et al. 2019.
 */
#include "reference/ref_networks.h"
#include "reference/scratch.h"
#include "cases_step.h"

#include <math.h>

enum { BATCH, TIMES, WIDTH, HEADS };
enum { EXPANSION = 4 };
static const double epsilon = 1e-5;

/* The parameters in the order of the modules; they are the inputs behind the sequences and their targets. */
enum {
    NORM1_W,
    NORM1_B,
    IN_W,
    OUT_W,
    IN_B,
    OUT_B,
    NORM2_W,
    NORM2_B,
    EXPAND_W,
    EXPAND_B,
    CONTRACT_W,
    CONTRACT_B,
    PARAMETERS
};
enum { X, TARGET, FIRST_PARAMETER, INPUTS = FIRST_PARAMETER + PARAMETERS };

static cg_dims parameter_shape(const int64_t *size, int i) {
    const int64_t d = size[WIDTH];
    switch (i) {
    case IN_W:
        return cg_shape(d, 3 * d);
    case OUT_W:
        return cg_shape(d, d);
    case IN_B:
        return cg_shape(3 * d);
    case EXPAND_W:
        return cg_shape(d, EXPANSION * d);
    case EXPAND_B:
        return cg_shape(EXPANSION * d);
    case CONTRACT_W:
        return cg_shape(EXPANSION * d, d);
    default:
        return cg_shape(d);
    }
}

/* Weights uniform with a variance of 1 / their rows, the factors of the norms near 1, all others near 0. */
static bench_input input(const int64_t *size, int i) {
    if (i < FIRST_PARAMETER) return (bench_input){cg_shape(size[BATCH], size[TIMES], size[WIDTH]), -2, 2};
    const cg_dims shape = parameter_shape(size, i - FIRST_PARAMETER);
    const bool factor = i - FIRST_PARAMETER == NORM1_W || i - FIRST_PARAMETER == NORM2_W;
    const double limit = shape.rank == 2 ? sqrt(3.0 / (double)shape.dim[0]) : 0.1;
    return (bench_input){shape, factor ? 0.8 : -limit, factor ? 1.2 : limit};
}

static int64_t one(const int64_t *size) { return size[0] > 0; }

/* Products with 12 width^2 weights forward and twice back; two products of the scores forward and five back, half of each. */
static double flops(const int64_t *size) {
    const double rows = (double)(size[BATCH] * size[TIMES]), width = (double)size[WIDTH];
    return 6 * rows * 12 * width * width + 7 * rows * (double)size[TIMES] * width;
}

static double lower_bound(const int64_t *size, const machine_limits *limits) {
    const double width = (double)size[WIDTH];
    return bench_step_floor(flops(size), 12 * width * width + 13 * width, limits);
}

/* --- What is timed ------------------------------------------------------------------------------------------------ */

static bool add(cg_module *net, cg_module *layer) { return cg_sequential_add(net, layer) == CG_OK; }

/* What stands in a residual: a norm, and what is added behind it. */
static cg_module *normed(bench_job *job) {
    cg_module *inner = cg_sequential(job->dev);
    add(inner, cg_layer_norm_module(job->dev, cg_shape(job->problem->size[WIDTH]), epsilon));
    return inner;
}

static bool setup(bench_job *job) {
    const int64_t d = job->problem->size[WIDTH];
    cg_device *dev = job->dev;
    cg_module *attention = normed(job), *mlp = normed(job);
    job->module = cg_sequential(dev);
    bool ok =
        add(attention, cg_multi_head_attention_module(dev, d, job->problem->size[HEADS],
                                                      (cg_multi_head_attention_options){.causal = true}));
    ok = add(mlp, cg_linear_module(dev, d, EXPANSION * d, CG_INIT_XAVIER)) && ok;
    ok = add(mlp, cg_activation_module(dev, "gelu")) && ok;
    ok = add(mlp, cg_linear_module(dev, EXPANSION * d, d, CG_INIT_XAVIER)) && ok;
    ok = add(job->module, cg_residual_module(attention, NULL)) && ok;
    ok = add(job->module, cg_residual_module(mlp, NULL)) && ok;
    return ok && bench_step_setup(job, FIRST_PARAMETER);
}

static cg_tensor *run(bench_job *job) {
    return bench_step_run(job, cg_mse_loss(cg_forward(job->module, job->in[X]), job->in[TARGET], CG_MEAN));
}

/* --- The reference -------------------------------------------------------------------------------------------------- */

typedef struct block {
    const int64_t *size;
    ref_array w[PARAMETERS], d[PARAMETERS];             /* parameters and their gradients */
    ref_array x, h1, qkv, q, k, v, heads, x2, h2, u, a; /* what is computed on the way */
    ref_attention how;
} block;

static long double plus(long double a, long double b) { return a + b; }
static ref_array sum(ref_array a, ref_array b) { return ref_array_map2(a, b, plus); }
static long double gelu(long double x) { return ref_row_find("gelu")->real(x, 0, 0); }
static long double times_slope(long double g, long double x) {
    return g * ref_row_find("gelu_grad")->real(x, 0, 0);
}

static ref_array norm(const block *b, ref_array x, int first) {
    const ref_norm how = {
        .kind = REF_LAST_AXES, .n = 1, .epsilon = epsilon, .weight = &b->w[first], .bias = &b->w[first + 1]};
    return ref_normalize(&how, x, NULL, NULL, NULL);
}

/* The gradient of x from that of norm(x). */
static ref_array norm_back(block *b, ref_array x, ref_array g, int first) {
    const int64_t n = b->size[WIDTH];
    const ref_norm plain = {.kind = REF_LAST_AXES, .n = 1, .epsilon = epsilon};
    ref_array variance, z = ref_normalize(&plain, x, NULL, NULL, &variance), dx = ref_array_like(x);
    ref_array *dw = &b->d[first], *db = &b->d[first + 1];
    *dw = ref_array_new(1, &n);
    *db = ref_array_new(1, &n);
    for (int64_t row = 0; row < x.n / n; row++) {
        long double mean = 0, along = 0, root = sqrtl(variance.v[row] + epsilon);
        for (int64_t i = row * n; i < (row + 1) * n; i++) {
            dw->v[i % n] += g.v[i] * z.v[i];
            db->v[i % n] += g.v[i];
            mean += g.v[i] * b->w[first].v[i % n] / (long double)n;
            along += g.v[i] * b->w[first].v[i % n] * z.v[i] / (long double)n;
        }
        for (int64_t i = row * n; i < (row + 1) * n; i++)
            dx.v[i] = (g.v[i] * b->w[first].v[i % n] - mean - z.v[i] * along) / root;
    }
    return dx;
}

/* Part `part` of (B T, 3 d) as (B, H, T, d / H); and back, added to where it was. */
static void move_heads(const block *b, ref_array rows, int64_t parts, int64_t part, ref_array heads,
                       bool back) {
    const int64_t times = b->size[TIMES], d = b->size[WIDTH], each = d / b->size[HEADS];
    for (int64_t i = 0; i < heads.n; i++) {
        const int64_t c = i % each, t = i / each % times, h = i / each / times % b->size[HEADS];
        const int64_t sequence = i / each / times / b->size[HEADS];
        const int64_t at = (sequence * times + t) * parts * d + part * d + h * each + c;
        if (back)
            rows.v[at] += heads.v[i];
        else
            heads.v[i] = rows.v[at];
    }
}

static ref_array heads_of(const block *b, ref_array rows, int64_t parts, int64_t part) {
    const int64_t sequences = b->x.shape[0];
    ref_array heads = ref_array_new(
        4, (const int64_t[]){sequences, b->size[HEADS], b->size[TIMES], b->size[WIDTH] / b->size[HEADS]});
    move_heads(b, rows, parts, part, heads, false);
    return heads;
}

static ref_array forward(block *b) {
    b->h1 = norm(b, b->x, NORM1_W);
    b->qkv = bench_reference_linear(b->h1, b->w[IN_W], b->w[IN_B]);
    b->q = heads_of(b, b->qkv, 3, 0), b->k = heads_of(b, b->qkv, 3, 1), b->v = heads_of(b, b->qkv, 3, 2);
    b->how = (ref_attention){.causal = true, .scale = 1 / sqrtl((long double)b->q.shape[3])};
    b->heads = ref_array_like(b->h1);
    move_heads(b, b->heads, 1, 0, ref_attend(&b->how, b->q, b->k, b->v, NULL), true);
    ref_array o = bench_reference_linear(b->heads, b->w[OUT_W], b->w[OUT_B]);
    b->x2 = ref_array_like(b->x);
    for (int64_t i = 0; i < b->x.n; i++) b->x2.v[i] = b->x.v[i] + o.v[i];
    b->h2 = norm(b, b->x2, NORM2_W);
    b->u = bench_reference_linear(b->h2, b->w[EXPAND_W], b->w[EXPAND_B]);
    b->a = ref_array_map(b->u, gelu);
    o = bench_reference_linear(b->a, b->w[CONTRACT_W], b->w[CONTRACT_B]);
    ref_array y = ref_array_like(b->x);
    for (int64_t i = 0; i < y.n; i++) y.v[i] = b->x2.v[i] + o.v[i];
    return y;
}

/* From the gradient of y. */
static void backward(block *b, ref_array g) {
    ref_array back =
        bench_reference_linear_back(b->a, b->w[CONTRACT_W], g, &b->d[CONTRACT_W], &b->d[CONTRACT_B]);
    back = ref_array_map2(back, b->u, times_slope);
    back = bench_reference_linear_back(b->h2, b->w[EXPAND_W], back, &b->d[EXPAND_W], &b->d[EXPAND_B]);
    g = sum(g, norm_back(b, b->x2, back, NORM2_W));
    back = bench_reference_linear_back(b->heads, b->w[OUT_W], g, &b->d[OUT_W], &b->d[OUT_B]);
    const ref_attention_gradient r = ref_attend_gradient(&b->how, b->q, b->k, b->v, heads_of(b, back, 1, 0));
    ref_array dqkv = ref_array_like(b->qkv);
    move_heads(b, dqkv, 3, 0, r.dq, true);
    move_heads(b, dqkv, 3, 1, r.dk, true);
    move_heads(b, dqkv, 3, 2, r.dv, true);
    back = bench_reference_linear_back(b->h1, b->w[IN_W], dqkv, &b->d[IN_W], &b->d[IN_B]);
    norm_back(b, b->x, back, NORM1_W);
}

/* How many sequences are checked: a reference of all of a full batch would take a quarter of a minute. */
static int64_t checked(const bench_problem *p) { return p->size[BATCH] < 4 ? p->size[BATCH] : 1; }

/* The loss of the sequences that are checked, and its gradients; the mean is over all sequences. */
static long double reference(bench_problem *p, block *b) {
    *b = (block){.size = p->size, .x = bench_reference_input(p, X, checked(p))};
    for (int i = 0; i < PARAMETERS; i++) b->w[i] = bench_reference_input(p, FIRST_PARAMETER + i, 0);
    const ref_array target = bench_reference_input(p, TARGET, checked(p)), y = forward(b);
    const long double n = (long double)(p->size[BATCH] * p->size[TIMES] * p->size[WIDTH]);
    long double loss = 0;
    ref_array g = ref_array_like(y);
    for (int64_t i = 0; i < y.n; i++) {
        loss += (y.v[i] - target.v[i]) * (y.v[i] - target.v[i]) / n;
        g.v[i] = 2 * (y.v[i] - target.v[i]) / n;
    }
    backward(b, g);
    return loss;
}

/* The same loss on the device: the other sequences go the same way, but count for nothing. */
static cg_tensor *checked_loss(bench_job *job) {
    const int64_t n = checked(job->problem);
    cg_tensor *y = cg_slice(cg_forward(job->module, job->in[X]), 0, 0, n, 1);
    cg_tensor *loss = cg_mse_loss(y, cg_slice(job->in[TARGET], 0, 0, n, 1), CG_MEAN);
    return cg_mul(loss, (double)n / (double)job->problem->size[BATCH]);
}

static void verify(bench_job *job, bench_check *check) {
    block b;
    bench_step_reference want = {.loss = reference(job->problem, &b), .tolerance = 1e-5L};
    for (int i = 0; i < PARAMETERS; i++) want.gradient[i] = b.d[i].v;
    bench_step_verify(job, FIRST_PARAMETER, checked_loss, &want, check);
    scratch_free_all();
}

static const bench_work block_work = {
    .suite = "train_transformer_block",
    .n_inputs = INPUTS,
    .repeat = 1,
    .input = input,
    .row = one,
    .elements = one,
    .flops = flops,
    .floor = lower_bound,
    .setup = setup,
    .run = run,
    .verify = verify,
};

const bench_case bench_cases_transformer[] = {
    {"16x128x256", &block_work, {{16, 128, 256, 4}, {4, 128, 256, 4}, {2, 5, 8, 2}}, NULL},
    {0},
};
