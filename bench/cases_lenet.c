/*
 * A training step of LeNet-5 as it is taught today: 5 x 5 convolutions of 6 and 16 channels, each with relu and a 2 x 2
 * maximum, linear layers of 120, 84 and 10, cross-entropy, Adam. Source: LeCun et al. 1998, with relu and maxima.
 */
#include "reference/ref_conv.h"
#include "reference/scratch.h"
#include "cases_step.h"

#include <math.h>

/* size: images, their side (one channel), channels of both convolutions, width of the first linear layer */
enum { BATCH, SIDE, FIRST, SECOND, HIDDEN };
enum { KERNEL = 5, WINDOW = 2, LAST_HIDDEN = 84, CLASSES = 10 };
/* Layers in order; each has a weight and a bias, which are inputs 1 + 2 l and 2 + 2 l. */
enum { CONV1, CONV2, LINEAR1, LINEAR2, LINEAR3, LAYERS, INPUTS = 1 + 2 * LAYERS };

/* The side of the image after the first maximum, the second convolution, the second maximum. */
static int64_t halved(const int64_t *size) { return size[SIDE] / WINDOW; }
static int64_t inner(const int64_t *size) { return halved(size) - KERNEL + 1; }
static int64_t features(const int64_t *size) {
    return size[SECOND] * (inner(size) / WINDOW) * (inner(size) / WINDOW);
}

static cg_dims weight_shape(const int64_t *size, int layer) {
    switch (layer) {
    case CONV1:
        return cg_shape(size[FIRST], 1, KERNEL, KERNEL);
    case CONV2:
        return cg_shape(size[SECOND], size[FIRST], KERNEL, KERNEL);
    case LINEAR1:
        return cg_shape(features(size), size[HIDDEN]);
    case LINEAR2:
        return cg_shape(size[HIDDEN], LAST_HIDDEN);
    default:
        return cg_shape(LAST_HIDDEN, CLASSES);
    }
}

static int64_t fan_out(const int64_t *size, int layer) {
    return weight_shape(size, layer).dim[layer <= CONV2 ? 0 : 1];
}

static int64_t weights(const int64_t *size, int layer) {
    const cg_dims shape = weight_shape(size, layer);
    int64_t n = 1;
    for (int i = 0; i < shape.rank; i++) n *= shape.dim[i];
    return n;
}

/* Weights uniform as He et al. 2015. */
static bench_input input(const int64_t *size, int i) {
    if (i == 0) return (bench_input){cg_shape(size[BATCH], 1, size[SIDE], size[SIDE]), 0, 1};
    const int layer = (i - 1) / 2;
    const int64_t out = fan_out(size, layer);
    if (i % 2 == 0) return (bench_input){cg_shape(out), -0.1, 0.1};
    const double limit = sqrt(6.0 * (double)out / (double)weights(size, layer));
    return (bench_input){weight_shape(size, layer), -limit, limit};
}

static int64_t labels(const int64_t *size, int64_t *classes) {
    *classes = CLASSES;
    return size[BATCH];
}

static int64_t one(const int64_t *size) { return size[0] > 0; }

/* Products for one image: forward, and twice as many back, but for the gradient of the images. */
static double flops(const int64_t *size) {
    const double pixels1 = (double)(size[SIDE] * size[SIDE]), pixels2 = (double)(inner(size) * inner(size));
    double products = 2 * pixels1 * (double)weights(size, CONV1) + 3 * pixels2 * (double)weights(size, CONV2);
    for (int l = LINEAR1; l < LAYERS; l++) products += 3 * (double)weights(size, l);
    return 2 * (double)size[BATCH] * products;
}

static double lower_bound(const int64_t *size, const machine_limits *limits) {
    double parameters = 0;
    for (int l = 0; l < LAYERS; l++) parameters += (double)(weights(size, l) + fan_out(size, l));
    return bench_step_floor(flops(size), parameters, limits);
}

/* --- What is timed ------------------------------------------------------------------------------------------------ */

static bool add(cg_module *net, cg_module *layer) { return cg_sequential_add(net, layer) == CG_OK; }

static bool add_convolution(cg_module *net, int64_t in, int64_t out, int64_t padding) {
    cg_device *dev = cg_module_device(net);
    const cg_conv_options options = {.padding = {padding, padding}};
    return add(net, cg_conv2d_module(dev, in, out, KERNEL, KERNEL, options)) &&
           add(net, cg_activation_module(dev, "relu")) &&
           add(net, cg_max_pool2d_module(dev, WINDOW, WINDOW, (cg_pool_options){0}));
}

static bool add_linear(cg_module *net, const int64_t *size, int layer) {
    const cg_dims shape = weight_shape(size, layer);
    return add(net, cg_linear_module(cg_module_device(net), shape.dim[0], shape.dim[1], CG_INIT_HE));
}

static bool setup(bench_job *job) {
    const int64_t *size = job->problem->size;
    cg_module *net = job->module = cg_sequential(job->dev);
    bool ok = add_convolution(net, 1, size[FIRST], KERNEL / 2) &&
              add_convolution(net, size[FIRST], size[SECOND], 0) && add(net, cg_flatten_module(job->dev));
    for (int l = LINEAR1; l < LAYERS; l++) {
        ok = ok && add_linear(net, size, l);
        if (l < LINEAR3) ok = ok && add(net, cg_activation_module(job->dev, "relu"));
    }
    return ok && bench_step_setup(job, 1);
}

static cg_tensor *loss_of(bench_job *job) {
    return cg_cross_entropy(cg_forward(job->module, job->in[0]), job->label, CG_MEAN);
}

static cg_tensor *run(bench_job *job) { return bench_step_run(job, loss_of(job)); }

/* --- The reference -------------------------------------------------------------------------------------------------- */

typedef struct network {
    ref_array w[LAYERS], b[LAYERS], dw[LAYERS], db[LAYERS];
    ref_array x[LAYERS]; /* what goes into each layer */
    ref_array z[2];      /* what the convolutions give, after relu */
    long double loss;
} network;

static long double positive(long double x) { return x > 0 ? x : 0; }
static long double where_positive(long double g, long double y) { return y > 0 ? g : 0; }

static ref_window window_of(int layer) {
    ref_window o = {.stride = {1, 1}, .dilation = {1, 1}, .groups = 1};
    if (layer == CONV1) o.padding[0] = o.padding[1] = KERNEL / 2;
    return o;
}

static const ref_window pooling = {.stride = {WINDOW, WINDOW}, .dilation = {1, 1}, .groups = 1};

/* The logits. */
static ref_array forward(network *net) {
    for (int l = CONV1; l <= CONV2; l++) {
        const ref_window o = window_of(l);
        net->z[l] = ref_array_map(ref_conv(net->x[l], net->w[l], &net->b[l], &o), positive);
        net->x[l + 1] = ref_max_pool(net->z[l], WINDOW, WINDOW, &pooling, false);
    }
    for (int l = LINEAR1; l < LINEAR3; l++)
        net->x[l + 1] = ref_array_map(bench_reference_linear(net->x[l], net->w[l], net->b[l]), positive);
    return bench_reference_linear(net->x[LINEAR3], net->w[LINEAR3], net->b[LINEAR3]);
}

/* The gradient of what a convolution gives from that of its maxima, through relu. */
static ref_array through_pool(ref_array z, ref_array g) {
    const ref_array at = ref_max_pool(z, WINDOW, WINDOW, &pooling, true);
    const int64_t plane = z.shape[2] * z.shape[3], pooled = at.shape[2] * at.shape[3];
    ref_array dz = ref_array_like(z);
    for (int64_t i = 0; i < at.n; i++) dz.v[i / pooled * plane + (int64_t)at.v[i]] += g.v[i];
    return ref_array_map2(dz, z, where_positive);
}

/* From the gradient of the logits. */
static void backward(network *net, ref_array g) {
    for (int l = LINEAR3; l >= LINEAR1; l--) {
        g = bench_reference_linear_back(net->x[l], net->w[l], g, &net->dw[l], &net->db[l]);
        if (l > LINEAR1) g = ref_array_map2(g, net->x[l], where_positive);
    }
    for (int l = CONV2; l >= CONV1; l--) {
        const ref_window o = window_of(l);
        g = through_pool(net->z[l], g);
        net->dw[l] = ref_conv_weight_grad(net->x[l], g, KERNEL, KERNEL, &o);
        net->db[l] = ref_array_reduce(REF_SUM, g, 1 | 4 | 8, false);
        if (l > CONV1) g = ref_conv_input_grad(g, net->w[l], net->x[l].shape[2], net->x[l].shape[3], &o);
    }
}

static void reference(bench_problem *p, network *net) {
    *net = (network){0};
    net->x[0] = bench_reference_input(p, 0, 0);
    for (int l = 0; l < LAYERS; l++) {
        net->w[l] = bench_reference_input(p, 1 + 2 * l, 0);
        net->b[l] = bench_reference_input(p, 2 + 2 * l, 0);
    }
    const ref_array logits = forward(net);
    const long double batch = (long double)p->size[BATCH];
    ref_array g = ref_array_like(logits);
    for (int64_t i = 0; i < p->size[BATCH]; i++) {
        net->loss += ref_cross_entropy(CLASSES, logits.v + i * CLASSES, p->label[i]) / batch;
        ref_softmax(false, CLASSES, 1, logits.v + i * CLASSES, g.v + i * CLASSES);
        g.v[i * CLASSES + p->label[i]] -= 1;
        for (int64_t j = 0; j < CLASSES; j++) g.v[i * CLASSES + j] /= batch;
    }
    backward(net, g);
}

static void verify(bench_job *job, bench_check *check) {
    network net;
    reference(job->problem, &net);
    /* of a full batch a few units are on the other side of relu's corner, or of a maximum */
    bench_step_reference want = {.loss = net.loss,
                                 .tolerance = job->problem->size[BATCH] < 16 ? 1e-5L : 1e-2L};
    for (int l = 0; l < LAYERS; l++)
        want.gradient[2 * l] = net.dw[l].v, want.gradient[2 * l + 1] = net.db[l].v;
    bench_step_verify(job, 1, loss_of, &want, check);
    scratch_free_all();
}

static const bench_work lenet_work = {
    .suite = "train_lenet",
    .n_inputs = INPUTS,
    .repeat = 1,
    .input = input,
    .labels = labels,
    .row = one,
    .elements = one,
    .flops = flops,
    .floor = lower_bound,
    .setup = setup,
    .run = run,
    .verify = verify,
};

const bench_case bench_cases_lenet[] = {
    {"batch_128", &lenet_work, {{128, 28, 6, 16, 120}, {32, 28, 6, 16, 120}, {3, 16, 2, 3, 7}}, NULL},
    {"batch_1", &lenet_work, {{1, 28, 6, 16, 120}, {0}, {1, 16, 2, 3, 7}}, NULL},
    {0},
};
