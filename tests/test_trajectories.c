/* Every optimizer beside its formula, step by step. */
#include "reference/reference.h"
#include "support/one_parameter.h"

#include <math.h>

enum { N = ONE_PARAMETER, STEPS = 1000 };

/* loss_t = sum_i c_i (p_i - 1)^2 / 2 + w_t p_i, whose gradient is c_i (p_i - 1) + w_t */
static double slope(int i) { return 0.1 + 0.3 * i; }
static double wobble(int step) { return 0.3 * sin(0.7 * step); }

static cg_status take_gradient(cg_device *dev, cg_module *module, cg_dtype t, int step) {
    cg_tensor *p = cg_parameter(module, 0, NULL);
    double c[N];
    for (int i = 0; i < N; i++) c[i] = slope(i);
    void *data = scratch(N * cg_dtype_size(t));
    for (int i = 0; i < N; i++) value_set(t, data, i, c[i]);
    cg_tensor *weight = cg_from_host(dev, t, cg_shape(N), data), *d = cg_sub(p, 1);
    cg_tensor *loss = cg_add(cg_mul(cg_mul(cg_square(d), weight), 0.5), cg_mul(p, wobble(step)));
    return cg_backward(cg_sum(loss, CG_ALL_AXES, false));
}

typedef struct trajectory {
    const char *name;
    bool everywhere; /* on OpenCL too: each is a kernel */
    ref_optimizer ref;
    cg_sgd_options sgd;
    cg_adam_options adam;
    bool adamw;
    cg_rmsprop_options rmsprop;
    cg_adagrad_options adagrad;
} trajectory;

static cg_optimizer *make(const trajectory *c, cg_module *module) {
    switch (c->ref.kind) {
    case REF_SGD:
        return cg_sgd(module, c->sgd);
    case REF_ADAM:
        return c->adamw ? cg_adamw(module, c->adam) : cg_adam(module, c->adam);
    case REF_RMSPROP:
        return cg_rmsprop(module, c->rmsprop);
    default:
        return cg_adagrad(module, c->adagrad);
    }
}

/*
 * f64: rounding alone, which these problems do not amplify. f32: a step's rounding is that of p, at most 4 u; the sum of
 * the roundings of 30 steps is below 1e-6, and they are forgotten more slowly than they come.
 */
static double allowed_at(cg_dtype t, int step) { return t == CG_F64 ? 1e-11 : 1e-6 * fmax(1, step / 30.0); }

static void follow(cg_device *dev, const trajectory *c, cg_dtype t, int steps) {
    check_case("%s in %s", c->name, cg_dtype_name(t));
    double start[N];
    long double p[N];
    ref_moments moments[N] = {{0}};
    cg_module *module = one_parameter(dev, t, start);
    cg_optimizer *optimizer = make(c, module);
    if (!CHECK_MSG(optimizer != NULL, "%s", cg_error_message(dev))) return;
    for (int i = 0; i < N; i++) p[i] = start[i];
    for (int step = 0; step < steps; step++) {
        cg_scope *scope = cg_scope_begin(dev);
        CHECK(take_gradient(dev, module, t, step) == CG_OK);
        CHECK(cg_optimizer_step(optimizer) == CG_OK && cg_grad_of(cg_parameter(module, 0, NULL)) == NULL);
        for (int i = 0; i < N; i++)
            ref_optimizer_step(&c->ref, step + 1, slope(i) * (p[i] - 1) + wobble(step), &p[i], &moments[i]);
        cg_scope_end(scope);
        if (step % 100 != 99 && step > 2) continue;
        const long double *now = read_values(cg_parameter(module, 0, NULL));
        for (int i = 0; now && i < N; i++)
            if (!CHECK_MSG(fabsl(now[i] - p[i]) <= allowed_at(t, step),
                           "step %d, element %d: %.12Lg, expected %.12Lg", step, i, now[i], p[i]))
                step = steps;
    }
    CHECK(cg_optimizer_steps(optimizer) == steps);
    cg_optimizer_free(optimizer);
    cg_module_free(module);
}

#define ADAM .ref.kind = REF_ADAM, .ref.beta1 = 0.9L, .ref.beta2 = 0.999L, .ref.epsilon = 1e-8L
#define RMSPROP .ref.kind = REF_RMSPROP, .ref.alpha = 0.99L, .ref.epsilon = 1e-8L
#define ADAGRAD .ref.kind = REF_ADAGRAD, .ref.epsilon = 1e-10L

static const trajectory trajectories[] = {
    {.name = "sgd", .everywhere = true, .ref = {REF_SGD, .lr = 0.05L}, .sgd = {.lr = 0.05}},
    {.name = "sgd, momentum",
     .ref = {REF_SGD, .lr = 0.02L, .momentum = 0.9L},
     .sgd = {.lr = 0.02, .momentum = 0.9}},
    {.name = "sgd, nesterov",
     .everywhere = true,
     .ref = {REF_SGD, .lr = 0.02L, .momentum = 0.8L, .nesterov = true},
     .sgd = {.lr = 0.02, .momentum = 0.8, .nesterov = true}},
    {.name = "sgd, dampening, weight decay, l1",
     .ref = {REF_SGD, .lr = 0.03L, .momentum = 0.5L, .dampening = 0.25L, .weight_decay = 0.1L, .l1 = 0.01L},
     .sgd = {.lr = 0.03, .momentum = 0.5, .dampening = 0.25, .weight_decay = 0.1, .l1 = 0.01}},
    {.name = "sgd, decoupled decay",
     .ref = {REF_SGD, .lr = 0.03L, .weight_decay = 0.1L, .decoupled = true},
     .sgd = {.lr = 0.03, .weight_decay = 0.1, .decoupled = true}},
    {.name = "adam", .everywhere = true, ADAM, .ref.lr = 0.001L},
    {.name = "adam, all options",
     .ref = {REF_ADAM, .lr = 0.02L, .beta1 = 0.8L, .beta2 = 0.95L, .epsilon = 1e-4L, .weight_decay = 0.05L,
             .l1 = 0.02L},
     .adam = {.lr = 0.02, .beta1 = 0.8, .beta2 = 0.95, .epsilon = 1e-4, .weight_decay = 0.05, .l1 = 0.02}},
    {.name = "adam, amsgrad",
     ADAM,
     .ref.lr = 0.01L,
     .ref.amsgrad = true,
     .adam = {.lr = 0.01, .amsgrad = true}},
    {.name = "adamw",
     ADAM,
     .ref.lr = 0.001L,
     .ref.weight_decay = 0.01L,
     .ref.decoupled = true,
     .adamw = true},
    {.name = "adamw, amsgrad, l1",
     .everywhere = true,
     ADAM,
     .ref.lr = 0.02L,
     .ref.weight_decay = 0.3L,
     .ref.l1 = 0.02L,
     .ref.decoupled = true,
     .ref.amsgrad = true,
     .adamw = true,
     .adam = {.lr = 0.02, .weight_decay = 0.3, .l1 = 0.02, .amsgrad = true}},
    {.name = "rmsprop", RMSPROP, .ref.lr = 0.01L},
    {.name = "rmsprop, momentum, weight decay",
     .ref = {REF_RMSPROP, .lr = 0.002L, .alpha = 0.9L, .epsilon = 1e-3L, .momentum = 0.7L,
             .weight_decay = 0.1L},
     .rmsprop = {.lr = 0.002, .alpha = 0.9, .epsilon = 1e-3, .momentum = 0.7, .weight_decay = 0.1}},
    {.name = "rmsprop, centered",
     RMSPROP,
     .ref.lr = 0.002L,
     .ref.centered = true,
     .rmsprop = {.lr = 0.002, .centered = true}},
    {.name = "rmsprop, centered, momentum, decoupled decay, l1",
     .everywhere = true,
     RMSPROP,
     .ref.lr = 0.002L,
     .ref.centered = true,
     .ref.momentum = 0.5L,
     .ref.weight_decay = 0.1L,
     .ref.decoupled = true,
     .ref.l1 = 0.01L,
     .rmsprop = {.lr = 0.002,
                 .centered = true,
                 .momentum = 0.5,
                 .weight_decay = 0.1,
                 .decoupled = true,
                 .l1 = 0.01}},
    {.name = "adagrad", ADAGRAD, .ref.lr = 0.01L},
    {.name = "adagrad, all options",
     .everywhere = true,
     .ref = {REF_ADAGRAD, .lr = 0.1L, .epsilon = 1e-3L, .lr_decay = 1e-3L, .initial = 0.1L,
             .weight_decay = 0.05L, .l1 = 0.01L},
     .adagrad = {.lr = 0.1,
                 .epsilon = 1e-3,
                 .lr_decay = 1e-3,
                 .initial_accumulator = 0.1,
                 .weight_decay = 0.05,
                 .l1 = 0.01}},
};

DEVICE_TEST_ONCE(optimizers, follow_the_formulas) {
    const bool opencl = device_is_opencl(dev);
    for (size_t i = 0; i < sizeof trajectories / sizeof *trajectories; i++) {
        const trajectory *c = &trajectories[i];
        if (opencl && !c->everywhere) continue;
        follow(dev, c, CG_F32, opencl ? 100 : STEPS);
        if (cg_device_properties(dev)->has_f64 && (!opencl || c->ref.kind == REF_ADAM))
            follow(dev, c, CG_F64, opencl ? 100 : STEPS);
        scratch_free_all();
    }
}
