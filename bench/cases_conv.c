/* Convolutions with padding that keeps the size, and pooling: N images of C channels, S by S, to K channels. */
#include "cases.h"
#include "reference/ref_conv.h"
#include "reference/scratch.h"

#include <math.h>

enum { N, C, K, S, KERNEL, DILATION }; /* no dilation: 1 */

static int64_t plane(const int64_t *size) { return size[S] * size[S]; }
static int64_t taps(const int64_t *size) { return size[KERNEL] * size[KERNEL]; }

static int64_t dilation_of(const int64_t *size) { return size[DILATION] ? size[DILATION] : 1; }

static cg_conv_options options_of(const int64_t *size, int64_t groups) {
    const int64_t d = dilation_of(size), half = size[KERNEL] / 2 * d;
    return (cg_conv_options){.padding = {half, half}, .dilation = {d, d}, .groups = groups};
}

static ref_window window_of(const int64_t *size) {
    const int64_t d = dilation_of(size), half = size[KERNEL] / 2 * d;
    return (ref_window){.stride = {1, 1}, .padding = {half, half}, .dilation = {d, d}, .groups = 1};
}

/* Channels [first, first + channels) of images or kernels [a, a + n) of data (.., of, rows, rows) as the reference takes them. */
static ref_array part(const float *data, int64_t of, int64_t rows, int64_t a, int64_t n, int64_t first,
                      int64_t channels) {
    ref_array x = ref_array_new(4, (const int64_t[]){n, channels, rows, rows});
    const int64_t elements = rows * rows;
    for (int64_t i = 0; i < x.n; i++) {
        const int64_t channel = i / elements % channels, image = i / elements / channels;
        x.v[i] = data[((a + image) * of + first + channel) * elements + i % elements];
    }
    return x;
}

/* want and allowed: n + 2 roundings of the sum of |products|, of which an element has n. */
static void store(bench_problem *p, ref_array want, ref_array scale, int64_t n) {
    for (int64_t i = 0; i < want.n; i++) {
        p->want[i] = want.v[i];
        p->allowed[i] = (long double)(n + 2) * BENCH_U * scale.v[i];
    }
    scratch_free_all();
}

static ref_array sizes_of(ref_array x) { return ref_array_map(x, fabsl); }

/* --- Convolution: a row of the result is a plane, or one kernel -------------------------------------------------------- */

static cg_dims image_shape(const int64_t *size, int channels) {
    return cg_shape(size[N], size[channels], size[S], size[S]);
}
static cg_dims kernel_shape(const int64_t *size, int64_t channels) {
    return cg_shape(size[K], channels, size[KERNEL], size[KERNEL]);
}

static bench_input forward_input(const int64_t *size, int i) {
    return (bench_input){i == 0 ? image_shape(size, C) : kernel_shape(size, size[C]), -1, 1};
}
static bench_input depthwise_input(const int64_t *size, int i) {
    return (bench_input){i == 0 ? image_shape(size, C) : kernel_shape(size, 1), -1, 1};
}
static bench_input input_grad_input(const int64_t *size, int i) {
    return (bench_input){i == 0 ? image_shape(size, K) : kernel_shape(size, size[C]), -1, 1};
}
static bench_input weight_grad_input(const int64_t *size, int i) {
    return (bench_input){image_shape(size, i == 0 ? C : K), -1, 1};
}

static int64_t kernel_row(const int64_t *size) { return size[C] * taps(size); }
static int64_t outputs(const int64_t *size) { return size[N] * size[K] * plane(size); }
static int64_t inputs(const int64_t *size) { return size[N] * size[C] * plane(size); }
static int64_t weights(const int64_t *size) { return size[K] * kernel_row(size); }

static double flops(const int64_t *size) { return 2.0 * (double)outputs(size) * (double)kernel_row(size); }
static double depthwise_flops(const int64_t *size) { return 2.0 * (double)(outputs(size) * taps(size)); }
static double bytes(const int64_t *size) {
    return 4.0 * (double)(outputs(size) + inputs(size) + weights(size));
}

/* The arithmetic, or each operand read once. */
static double bound_of(const int64_t *size, double arithmetic, const machine_limits *limits) {
    const double traffic = machine_seconds(limits, MACHINE_READ, bytes(size));
    return arithmetic / limits->flops > traffic ? arithmetic / limits->flops : traffic;
}
static double lower_bound(const int64_t *size, const machine_limits *limits) {
    return bound_of(size, flops(size), limits);
}
static double depthwise_bound(const int64_t *size, const machine_limits *limits) {
    return bound_of(size, depthwise_flops(size), limits);
}

static cg_tensor *run_forward(bench_job *job) {
    return cg_conv2d(job->in[0], job->in[1], NULL, options_of(job->problem->size, 1));
}
static cg_tensor *run_depthwise(bench_job *job) {
    return cg_conv2d(job->in[0], job->in[1], NULL, options_of(job->problem->size, job->problem->size[C]));
}
static cg_tensor *run_input_grad(bench_job *job) {
    const int64_t *size = job->problem->size;
    return cg_conv2d_input_grad(job->in[0], job->in[1], size[S], size[S], options_of(size, 1));
}
static cg_tensor *run_weight_grad(bench_job *job) {
    const int64_t *size = job->problem->size;
    return cg_conv2d_weight_grad(job->in[0], job->in[1], size[KERNEL], size[KERNEL], options_of(size, 1));
}

static void expect_forward(bench_problem *p, int64_t row) {
    const int64_t *size = p->size;
    const ref_window o = window_of(size);
    const ref_array x = part(p->in[0], size[C], size[S], row / size[K], 1, 0, size[C]);
    const ref_array w = part(p->in[1], size[C], size[KERNEL], row % size[K], 1, 0, size[C]);
    store(p, ref_conv(x, w, NULL, &o), ref_conv(sizes_of(x), sizes_of(w), NULL, &o), kernel_row(size));
}
static void expect_depthwise(bench_problem *p, int64_t row) {
    const int64_t *size = p->size;
    const ref_window o = window_of(size);
    const ref_array x = part(p->in[0], size[C], size[S], row / size[K], 1, row % size[K], 1);
    const ref_array w = part(p->in[1], 1, size[KERNEL], row % size[K], 1, 0, 1);
    store(p, ref_conv(x, w, NULL, &o), ref_conv(sizes_of(x), sizes_of(w), NULL, &o), taps(size));
}
static void expect_input_grad(bench_problem *p, int64_t row) {
    const int64_t *size = p->size;
    const ref_window o = window_of(size);
    const ref_array g = part(p->in[0], size[K], size[S], row / size[C], 1, 0, size[K]);
    const ref_array w = part(p->in[1], size[C], size[KERNEL], 0, size[K], row % size[C], 1);
    store(p, ref_conv_input_grad(g, w, size[S], size[S], &o),
          ref_conv_input_grad(sizes_of(g), sizes_of(w), size[S], size[S], &o), size[K] * taps(size));
}
static void expect_weight_grad(bench_problem *p, int64_t row) {
    const int64_t *size = p->size;
    const ref_window o = window_of(size);
    const ref_array x = part(p->in[0], size[C], size[S], 0, size[N], 0, size[C]);
    const ref_array g = part(p->in[1], size[K], size[S], 0, size[N], row, 1);
    store(p, ref_conv_weight_grad(x, g, size[KERNEL], size[KERNEL], &o),
          ref_conv_weight_grad(sizes_of(x), sizes_of(g), size[KERNEL], size[KERNEL], &o),
          size[N] * plane(size));
}

#define CONVOLUTION(name, row_of, elements_of, flops_of, bound)                                              \
    static const bench_work name = {.suite = "conv",                                                         \
                                    .n_inputs = 2,                                                           \
                                    .repeat = 1,                                                             \
                                    .input = name##_input,                                                   \
                                    .row = row_of,                                                           \
                                    .elements = elements_of,                                                 \
                                    .flops = flops_of,                                                       \
                                    .bytes = bytes,                                                          \
                                    .floor = bound,                                                          \
                                    .run = run_##name,                                                       \
                                    .expect = expect_##name};
CONVOLUTION(forward, plane, outputs, flops, lower_bound)
CONVOLUTION(depthwise, plane, outputs, depthwise_flops, depthwise_bound)
CONVOLUTION(input_grad, plane, inputs, flops, lower_bound)
CONVOLUTION(weight_grad, kernel_row, weights, flops, lower_bound)

/* --- Pooling by windows that do not overlap: N, C, S, and KERNEL in place of K ------------------------------------------ */

enum { WINDOW = K };

static int64_t pooled(const int64_t *size) { return size[S] / size[WINDOW] * (size[S] / size[WINDOW]); }
static int64_t results(const int64_t *size) { return size[N] * size[C] * pooled(size); }

static bench_input pool_input(const int64_t *size, int i) {
    const int64_t side = size[S] / size[WINDOW];
    return (bench_input){i == 0 ? image_shape(size, C) : cg_shape(size[N], size[C], side, side), -1, 1};
}

static double pool_bytes(const int64_t *size) { return 4.0 * (double)(inputs(size) + results(size)); }
static double pool_bound(const int64_t *size, const machine_limits *limits) {
    return machine_seconds(limits, MACHINE_READ, pool_bytes(size));
}

static ref_window pool_window(const int64_t *size) {
    return (ref_window){.stride = {size[WINDOW], size[WINDOW]}, .dilation = {1, 1}};
}

static cg_tensor *run_max(bench_job *job) {
    const int64_t k = job->problem->size[WINDOW];
    return cg_max_pool2d(job->in[0], k, k, (cg_pool_options){0});
}
static cg_tensor *run_mean(bench_job *job) {
    const int64_t k = job->problem->size[WINDOW];
    return cg_avg_pool2d(job->in[0], k, k, (cg_pool_options){0});
}

/* Forward and back: the gradient of sum(in[1] y). */
static cg_tensor *run_back(bench_job *job, cg_tensor *(*pool)(bench_job *job)) {
    cg_tensor *dx = NULL;
    cg_require_grad(job->in[0], true);
    const cg_status status = cg_grad(pool(job), job->in[1], 1, &job->in[0], false, &dx);
    cg_require_grad(job->in[0], false);
    return status ? NULL : dx;
}
static cg_tensor *run_max_back(bench_job *job) { return run_back(job, run_max); }
static cg_tensor *run_mean_back(bench_job *job) { return run_back(job, run_mean); }

static ref_array image_of(const bench_problem *p, int64_t row) {
    return part(p->in[0], 1, p->size[S], row, 1, 0, 1);
}
static void expect_max(bench_problem *p, int64_t row) {
    const ref_window o = pool_window(p->size);
    const ref_array y = ref_max_pool(image_of(p, row), p->size[WINDOW], p->size[WINDOW], &o, false);
    store(p, y, ref_array_like(y), 0);
}
static void expect_mean(bench_problem *p, int64_t row) {
    const ref_window o = pool_window(p->size);
    const int64_t k = p->size[WINDOW];
    store(p, ref_avg_pool(image_of(p, row), k, k, &o), ref_avg_pool(sizes_of(image_of(p, row)), k, k, &o),
          k * k);
}
static void expect_max_back(bench_problem *p, int64_t row) {
    const ref_window o = pool_window(p->size);
    const ref_array at = ref_max_pool(image_of(p, row), p->size[WINDOW], p->size[WINDOW], &o, true);
    ref_array dx = ref_array_new(4, (const int64_t[]){1, 1, p->size[S], p->size[S]});
    for (int64_t i = 0; i < at.n; i++) dx.v[(int64_t)at.v[i]] = p->in[1][row * at.n + i];
    store(p, dx, ref_array_like(dx), 0);
}
static void expect_mean_back(bench_problem *p, int64_t row) {
    const int64_t s = p->size[S], k = p->size[WINDOW], side = s / k;
    ref_array dx = ref_array_new(4, (const int64_t[]){1, 1, s, s});
    for (int64_t i = 0; i < dx.n; i++)
        dx.v[i] = p->in[1][row * side * side + i / s / k * side + i % s / k] / (long double)(k * k);
    store(p, dx, sizes_of(dx), 1);
}

#define POOLING(name, inputs_of, row_of, elements_of)                                                        \
    static const bench_work name = {.suite = "pool",                                                         \
                                    .n_inputs = inputs_of,                                                   \
                                    .repeat = 1,                                                             \
                                    .input = pool_input,                                                     \
                                    .row = row_of,                                                           \
                                    .elements = elements_of,                                                 \
                                    .bytes = pool_bytes,                                                     \
                                    .floor = pool_bound,                                                     \
                                    .run = run_##name,                                                       \
                                    .expect = expect_##name};
POOLING(max, 1, pooled, results)
POOLING(mean, 1, pooled, results)
POOLING(max_back, 2, plane, inputs)
POOLING(mean_back, 2, plane, inputs)

/*
 * --- The list: LeNet's layers on 128 images, a 3 x 3 and a 1 x 1 of a residual network, the depthwise one of MobileNet,
 * dilated ones as of DeepLab --------------------------------------------------------------------------------------------
 */

#define SIZES(n, c, k, s, kernel, dilation)                                                                  \
    {                                                                                                        \
        {n, c, k, s, kernel, dilation}, {((n) + 3) / 4, c, k, s, kernel, dilation}, {                        \
            2, 3, 4, 6, kernel, dilation                                                                     \
        }                                                                                                    \
    }
#define DILATED(label, n, c, k, s, kernel, dilation)                                                         \
    {label "_forward", &forward, SIZES(n, c, k, s, kernel, dilation), NULL},                                 \
        {label "_input_grad", &input_grad, SIZES(n, c, k, s, kernel, dilation), NULL}, {                     \
        label "_weight_grad", &weight_grad, SIZES(n, c, k, s, kernel, dilation), NULL                        \
    }
#define ALL_FACES(label, n, c, k, s, kernel) DILATED(label, n, c, k, s, kernel, 0)

const bench_case bench_cases_conv[] = {
    ALL_FACES("lenet1_128x1x28_6x5", 128, 1, 6, 28, 5),
    ALL_FACES("lenet2_128x6x14_16x5", 128, 6, 16, 14, 5),
    ALL_FACES("resnet_8x64x56_64x3", 8, 64, 64, 56, 3),
    ALL_FACES("resnet_8x256x14_256x3", 8, 256, 256, 14, 3),
    ALL_FACES("resnet_8x256x28_64x1", 8, 256, 64, 28, 1),
    DILATED("dilated18_1x32x65_32x3", 1, 32, 32, 65, 3, 18),
    DILATED("dilated12_1x256x65_64x3", 1, 256, 64, 65, 3, 12),
    {"depthwise_8x128x56_3", &depthwise, {{8, 128, 128, 56, 3}, {2, 128, 128, 56, 3}, {2, 3, 3, 6, 3}}, NULL},
    {"max_128x6x28_2", &max, {{128, 6, 2, 28}, {32, 6, 2, 28}, {2, 3, 2, 6}}, NULL},
    {"max_8x64x112_2", &max, {{8, 64, 2, 112}, {2, 64, 2, 112}, {2, 3, 2, 8}}, NULL},
    {"max_back_8x64x112_2", &max_back, {{8, 64, 2, 112}, {2, 64, 2, 112}, {2, 3, 2, 8}}, NULL},
    {"avg_8x64x112_2", &mean, {{8, 64, 2, 112}, {2, 64, 2, 112}, {2, 3, 2, 8}}, NULL},
    {"avg_back_8x64x112_2", &mean_back, {{8, 64, 2, 112}, {2, 64, 2, 112}, {2, 3, 2, 8}}, NULL},
    {0},
};
