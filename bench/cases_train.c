/* Training: optimizers over many parameters, and a whole step of a multi-layer perceptron. */
#include "cases.h"
#include "reference/reference.h"
#include "cases_step.h"

#include <math.h>
#include <stdlib.h>

/* --- Optimizers over n parameters, looked at as rows of 4096 --------------------------------------------- */

enum { ROW = 4096 };
static const double optimizer_lr = 1e-3;

static bench_input optimizer_input(const int64_t *size, int i) {
    return (bench_input){cg_shape(size[0]), i == 0 ? -1 : -0.1, i == 0 ? 1 : 0.1};
}

static int64_t optimizer_row(const int64_t *size) { return size[0] < ROW ? size[0] : ROW; }
static int64_t optimizer_elements(const int64_t *size) { return size[0]; }

static cg_tensor *identity(void *context, cg_module *self, cg_tensor *x) {
    (void)context, (void)self;
    return x;
}

static bool optimizer_setup(bench_job *job, cg_optimizer *(*make)(cg_module *)) {
    job->module = cg_custom_module(job->dev, "parameters", identity, NULL, NULL);
    if (cg_module_add_parameter(job->module, "p", job->in[0]) != CG_OK) return false;
    job->optimizer = make(job->module);
    return job->optimizer != NULL;
}

/* A step forgets the gradients: d/dp sum(p g) = g puts them back. */
static bool optimizer_before(bench_job *job) {
    cg_tensor *p = cg_parameter(job->module, 0, NULL);
    cg_status status = cg_backward(cg_sum(cg_mul(p, job->in[1]), CG_ALL_AXES, false));
    return status == CG_OK && cg_eval(cg_grad_of(p));
}

static cg_tensor *optimizer_run(bench_job *job) {
    return cg_optimizer_step(job->optimizer) == CG_OK ? cg_parameter(job->module, 0, NULL) : NULL;
}

/* The first step. Its size is lr times a number near 1 that is right to a few u, and p is rounded once, or twice. */
static void optimizer_expect(bench_problem *p, int64_t row, const ref_optimizer *o) {
    const double roundings = o->decoupled ? 2.02 : 1.01;
    for (int64_t i = 0; i < bench_row_elements(p, row); i++) {
        long double value = p->in[0][row * ROW + i];
        ref_optimizer_step(o, 1, p->in[1][row * ROW + i], &value, &(ref_moments){0});
        p->want[i] = value;
        p->allowed[i] = BENCH_U * (64 * optimizer_lr + roundings * fabs((double)value));
    }
}

/* A kind: how it is made, its reference, and the passes over memory of 4 bytes for each parameter. */
#define OPTIMIZER(name, passes, make, ...)                                                                   \
    static cg_optimizer *name##_make(cg_module *module) { return make; }                                     \
    static bool name##_setup(bench_job *job) { return optimizer_setup(job, name##_make); }                   \
    static double name##_bytes(const int64_t *size) { return 4.0 * passes * (double)size[0]; }               \
    static double name##_floor(const int64_t *size, const machine_limits *limits) {                          \
        return machine_seconds(limits, MACHINE_TRIAD, name##_bytes(size));                                   \
    }                                                                                                        \
    static void name##_expect(bench_problem *p, int64_t row) {                                               \
        optimizer_expect(p, row, &(ref_optimizer){.lr = 1e-3L, __VA_ARGS__});                                \
    }                                                                                                        \
    static const bench_work name##_work = {                                                                  \
        .suite = #name,                                                                                      \
        .n_inputs = 2,                                                                                       \
        .repeat = 1,                                                                                         \
        .input = optimizer_input,                                                                            \
        .row = optimizer_row,                                                                                \
        .elements = optimizer_elements,                                                                      \
        .bytes = name##_bytes,                                                                               \
        .floor = name##_floor,                                                                               \
        .setup = name##_setup,                                                                               \
        .before = optimizer_before,                                                                          \
        .run = optimizer_run,                                                                                \
        .expect = name##_expect,                                                                             \
    };

OPTIMIZER(adam, 7, cg_adam(module, (cg_adam_options){.lr = optimizer_lr}), .kind = REF_ADAM, .beta1 = 0.9L,
          .beta2 = 0.999L, .epsilon = 1e-8L)
OPTIMIZER(adamw, 7, cg_adamw(module, (cg_adam_options){.lr = optimizer_lr}), .kind = REF_ADAM, .beta1 = 0.9L,
          .beta2 = 0.999L, .epsilon = 1e-8L, .weight_decay = 0.01L, .decoupled = true)
OPTIMIZER(sgd, 3, cg_sgd(module, (cg_sgd_options){.lr = optimizer_lr}), .kind = REF_SGD)
OPTIMIZER(momentum, 5, cg_sgd(module, (cg_sgd_options){.lr = optimizer_lr, .momentum = 0.9}), .kind = REF_SGD,
          .momentum = 0.9L)
OPTIMIZER(rmsprop, 5, cg_rmsprop(module, (cg_rmsprop_options){.lr = optimizer_lr}), .kind = REF_RMSPROP,
          .alpha = 0.99L, .epsilon = 1e-8L)
OPTIMIZER(adagrad, 5, cg_adagrad(module, (cg_adagrad_options){.lr = optimizer_lr}), .kind = REF_ADAGRAD,
          .epsilon = 1e-10L)

/* --- A training step: sizes are the batch and the widths of input and hidden layers --------------------- */

enum { BATCH, WIDTH, LAYERS = 3, CLASSES = 10, PARAMETERS = 2 * LAYERS };

/* The width of layer l's input, of the logits for l = LAYERS. */
static int64_t width(const int64_t *size, int l) { return l == LAYERS ? CLASSES : size[WIDTH + l]; }

/* Input 0 are the samples, then weight and bias of each layer; weights uniform as He et al. 2015. */
static bench_input step_input(const int64_t *size, int i) {
    if (i == 0) return (bench_input){cg_shape(size[BATCH], width(size, 0)), 0, 1};
    int l = (i - 1) / 2;
    if (i % 2 == 0) return (bench_input){cg_shape(width(size, l + 1)), -0.1, 0.1};
    double limit = sqrt(6.0 / (double)width(size, l));
    return (bench_input){cg_shape(width(size, l), width(size, l + 1)), -limit, limit};
}

static int64_t step_labels(const int64_t *size, int64_t *classes) {
    *classes = CLASSES;
    return size[BATCH];
}

/* The reference goes sample by sample. */
static int64_t step_row(const int64_t *size) { return size[BATCH] > 0; }
static int64_t step_elements(const int64_t *size) { return size[BATCH]; }

static int64_t parameters(const int64_t *size) {
    int64_t n = 0;
    for (int l = 0; l < LAYERS; l++) n += (width(size, l) + 1) * width(size, l + 1);
    return n;
}

/* Three products a layer, but for the gradient of the samples. */
static double step_flops(const int64_t *size) {
    double products = -(double)(width(size, 0) * width(size, 1));
    for (int l = 0; l < LAYERS; l++) products += 3 * (double)(width(size, l) * width(size, l + 1));
    return 2 * (double)size[BATCH] * products;
}

static double step_floor(const int64_t *size, const machine_limits *limits) {
    return bench_step_floor(step_flops(size), (double)parameters(size), limits);
}

static bool step_setup(bench_job *job) {
    int64_t sizes[LAYERS + 1];
    for (int l = 0; l <= LAYERS; l++) sizes[l] = width(job->problem->size, l);
    job->module = cg_mlp(job->dev, LAYERS + 1, sizes, "relu");
    return bench_step_setup(job, 1);
}

static cg_tensor *step_loss(bench_job *job) {
    return cg_cross_entropy(cg_forward(job->module, job->in[0]), job->label, CG_MEAN);
}

static cg_tensor *step_run(bench_job *job) { return bench_step_run(job, step_loss(job)); }

/* The same step replayed: the first one is as it is, the second one recorded. */
static bool replay_setup(bench_job *job) {
    if (!step_setup(job)) return false;
    cg_scope *scope = cg_scope_begin(job->dev);
    bool ok = step_run(job) && cg_record_begin(job->dev) == CG_OK;
    cg_scope_end(scope);
    scope = cg_scope_begin(job->dev);
    ok = ok && step_run(job);
    cg_scope_end(scope);
    job->recording = ok ? cg_record_end(job->dev) : NULL;
    return job->recording != NULL;
}

static cg_tensor *replay_run(bench_job *job) {
    return cg_replay(job->recording) == CG_OK ? job->in[0] : NULL;
}

/* What the reference keeps, all in bench_problem.wide. */
typedef struct network {
    long double *loss, *weight[LAYERS], *bias[LAYERS], *d_weight[LAYERS], *d_bias[LAYERS];
    long double *a[LAYERS + 1], *d[LAYERS + 1]; /* what goes into each layer, the logits, and the gradients */
} network;

static bool network_get(bench_problem *p, network *net) {
    int64_t n = 1 + 2 * parameters(p->size);
    for (int l = 0; l <= LAYERS; l++) n += 2 * width(p->size, l);
    long double *at = bench_wide(p, n);
    if (!at) return false;
    net->loss = at++;
    for (int l = 0; l < LAYERS; l++) {
        int64_t in = width(p->size, l), out = width(p->size, l + 1);
        net->weight[l] = at, net->bias[l] = at + in * out;
        net->d_weight[l] = net->bias[l] + out, net->d_bias[l] = net->d_weight[l] + in * out;
        at = net->d_bias[l] + out;
    }
    for (int l = 0; l <= LAYERS; l++) {
        net->a[l] = at, net->d[l] = at + width(p->size, l);
        at += 2 * width(p->size, l);
    }
    return true;
}

static void network_reset(bench_problem *p, network *net) {
    *net->loss = 0;
    for (int l = 0; l < LAYERS; l++) {
        int64_t out = width(p->size, l + 1), weights = width(p->size, l) * out;
        for (int64_t i = 0; i < weights; i++)
            net->weight[l][i] = p->in[1 + 2 * l][i], net->d_weight[l][i] = 0;
        for (int64_t j = 0; j < out; j++) net->bias[l][j] = p->in[2 + 2 * l][j], net->d_bias[l][j] = 0;
    }
}

static void network_forward(bench_problem *p, network *net, int64_t sample) {
    for (int64_t i = 0; i < width(p->size, 0); i++) net->a[0][i] = p->in[0][sample * width(p->size, 0) + i];
    for (int l = 0; l < LAYERS; l++) {
        int64_t in = width(p->size, l), out = width(p->size, l + 1);
        ref_matmul(1, out, in, net->a[l], net->weight[l], net->a[l + 1], NULL);
        for (int64_t j = 0; j < out; j++) {
            long double z = net->a[l + 1][j] + net->bias[l][j];
            net->a[l + 1][j] = l < LAYERS - 1 && z < 0 ? 0 : z;
        }
    }
}

/* From d[LAYERS], the gradient of the logits, back to the weights. */
static void network_backward(bench_problem *p, network *net) {
    for (int l = LAYERS - 1; l >= 0; l--) {
        int64_t in = width(p->size, l), out = width(p->size, l + 1);
        for (int64_t i = 0; i < in; i++)
            for (int64_t j = 0; j < out; j++)
                net->d_weight[l][i * out + j] += net->a[l][i] * net->d[l + 1][j];
        for (int64_t j = 0; j < out; j++) net->d_bias[l][j] += net->d[l + 1][j];
        if (l == 0) return;
        ref_matmul(in, 1, out, net->weight[l], net->d[l + 1], net->d[l], NULL);
        for (int64_t i = 0; i < in; i++)
            if (!(net->a[l][i] > 0)) net->d[l][i] = 0;
    }
}

static void step_expect(bench_problem *p, int64_t sample) {
    network net;
    if (!network_get(p, &net)) return;
    if (sample == 0) network_reset(p, &net);
    network_forward(p, &net, sample);
    long double batch = (long double)p->size[BATCH];
    *net.loss += ref_cross_entropy(CLASSES, net.a[LAYERS], p->label[sample]) / batch;
    ref_softmax(false, CLASSES, 1, net.a[LAYERS], net.d[LAYERS]);
    for (int64_t j = 0; j < CLASSES; j++)
        net.d[LAYERS][j] = (net.d[LAYERS][j] - (j == p->label[sample])) / batch;
    network_backward(p, &net);
}

static void step_verify(bench_job *job, bench_check *check) {
    bench_problem *p = job->problem;
    network net;
    for (int64_t sample = 0; sample < p->size[BATCH]; sample++) step_expect(p, sample);
    if (!(check->ok = network_get(p, &net))) return;
    const bool few_units = p->size[BATCH] * (p->size[WIDTH + 1] + p->size[WIDTH + 2]) < 10000;
    bench_step_reference want = {.loss = *net.loss, .tolerance = few_units ? 1e-5L : 1e-2L};
    for (int l = 0; l < LAYERS; l++)
        want.gradient[2 * l] = net.d_weight[l], want.gradient[2 * l + 1] = net.d_bias[l];
    bench_step_verify(job, 1, step_loss, &want, check);
}

/* Apart from how it is set up and run, a replayed step is a step. */
#define STEP_WORK(name, prepare, once)                                                                       \
    {                                                                                                        \
        .suite = name, .n_inputs = 1 + PARAMETERS, .repeat = 1, .input = step_input, .labels = step_labels,  \
        .row = step_row, .elements = step_elements, .flops = step_flops, .floor = step_floor,                \
        .setup = prepare, .run = once, .expect = step_expect, .verify = step_verify                          \
    }

static const bench_work step_work = STEP_WORK("train_784_512_256_10", step_setup, step_run),
                        replay_work = STEP_WORK("replay_784_512_256_10", replay_setup, replay_run);

const bench_case bench_cases_train[] = {
    {"10M", &adam_work, {{10000000}, {1000000}, {9001}}, NULL},
    {"10M", &adamw_work, {{10000000}, {1000000}, {9001}}, NULL},
    {"10M", &sgd_work, {{10000000}, {1000000}, {9001}}, NULL},
    {"10M", &momentum_work, {{10000000}, {1000000}, {9001}}, NULL},
    {"10M", &rmsprop_work, {{10000000}, {1000000}, {9001}}, NULL},
    {"10M", &adagrad_work, {{10000000}, {1000000}, {9001}}, NULL},
    {"batch_1", &step_work, {{1, 784, 512, 256}, {0}, {1, 23, 17, 11}}, NULL},
    {"batch_8", &step_work, {{8, 784, 512, 256}, {0}, {3, 23, 17, 11}}, NULL},
    {"batch_32", &step_work, {{32, 784, 512, 256}, {0}, {5, 19, 16, 32}}, NULL},
    {"batch_128", &step_work, {{128, 784, 512, 256}, {0}, {8, 23, 17, 11}}, NULL},
    {"batch_1024", &step_work, {{1024, 784, 512, 256}, {256, 784, 512, 256}, {33, 23, 17, 11}}, NULL},
    {"batch_1", &replay_work, {{1, 784, 512, 256}, {0}, {1, 23, 17, 11}}, NULL},
    {"batch_8", &replay_work, {{8, 784, 512, 256}, {0}, {3, 23, 17, 11}}, NULL},
    {"batch_32", &replay_work, {{32, 784, 512, 256}, {0}, {5, 19, 16, 32}}, NULL},
    {"batch_128", &replay_work, {{128, 784, 512, 256}, {0}, {8, 23, 17, 11}}, NULL},
    {"batch_1024", &replay_work, {{1024, 784, 512, 256}, {256, 784, 512, 256}, {33, 23, 17, 11}}, NULL},
    {0},
};
