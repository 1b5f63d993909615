#include "reference/reference.h"
#include "support/device_test.h"

#include <math.h>
#include <string.h>

enum { N = 7, STEPS = 1000 };

static cg_tensor *identity(void *context, cg_module *self, cg_tensor *x) {
    (void)context, (void)self;
    return x;
}

/* A module whose one parameter starts at 1, 0.5, ... */
static cg_module *one_parameter(cg_device *dev, cg_dtype t, double *start) {
    cg_module *module = cg_custom_module(dev, "parameter", identity, NULL, NULL);
    void *data = scratch(N * cg_dtype_size(t));
    for (int i = 0; i < N; i++) {
        start[i] = 1 - 0.5 * i;
        value_set(t, data, i, start[i]);
    }
    CHECK(cg_module_add_parameter(module, "p", cg_from_host(dev, t, cg_shape(N), data)) == CG_OK);
    return module;
}

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

DEVICE_TEST(small_optimizers, one_step_by_hand) {
    double p[N];
    cg_module *module = one_parameter(dev, CG_F32, p);
    cg_optimizer *sgd = cg_sgd(module, (cg_sgd_options){.lr = 0.5});
    CHECK(cg_optimizer_lr(sgd) == 0.5 && !strcmp(cg_optimizer_kind(sgd), "sgd"));
    cg_optimizer_set_lr(sgd, 0.25);
    CHECK(cg_optimizer_lr(sgd) == 0.25);
    CHECK(cg_backward(cg_sum(cg_mul(cg_parameter(module, 0, NULL), 2), CG_ALL_AXES, false)) == CG_OK);
    CHECK(cg_optimizer_step(sgd) == CG_OK);
    long double want[N];
    for (int i = 0; i < N; i++) want[i] = p[i] - 0.5;
    check_equal(cg_parameter(module, 0, NULL), CG_F32, cg_shape(N), want);
    check_case("without a gradient nothing changes");
    CHECK(cg_optimizer_step(sgd) == CG_OK);
    check_equal(cg_parameter(module, 0, NULL), CG_F32, cg_shape(N), want);
    cg_optimizer_free(sgd);
    cg_optimizer_free(NULL);
    cg_module_free(module);
}

/* Values that were pending when the step came are of the weights before it. */
DEVICE_TEST(small_optimizers, pending_readers_see_the_old_weights) {
    double p[N];
    cg_module *module = one_parameter(dev, CG_F32, p);
    cg_optimizer *sgd = cg_sgd(module, (cg_sgd_options){.lr = 1});
    cg_tensor *w = cg_parameter(module, 0, NULL), *before = cg_mul(cg_detach(w), 2),
              *view = cg_slice(cg_detach(w), 0, 0, 2, 1);
    cg_tensor *pending = cg_add(view, 1);
    CHECK(cg_backward(cg_sum(w, CG_ALL_AXES, false)) == CG_OK && cg_optimizer_step(sgd) == CG_OK);
    long double want[N];
    for (int i = 0; i < N; i++) want[i] = 2 * p[i];
    check_equal(before, CG_F32, cg_shape(N), want);
    check_equal(pending, CG_F32, cg_shape(2), (long double[]){2, 1.5L});
    check_case("a step between forward and backward is noticed");
    cg_tensor *y = cg_sum(cg_square(w), CG_ALL_AXES, false);
    CHECK(cg_backward(cg_sum(w, CG_ALL_AXES, false)) == CG_OK && cg_optimizer_step(sgd) == CG_OK);
    CHECK(cg_backward(y) == CG_ERROR_STATE);
    check_error(dev, CG_ERROR_STATE, "square", NULL);
    cg_optimizer_free(sgd);
    cg_module_free(module);
}

/* All parameters in one launch, or a few: not one each. */
DEVICE_TEST(small_optimizers, one_launch_for_all_parameters) {
    cg_module *net = cg_mlp(dev, 5, (const int64_t[]){3, 4, 5, 4, 2}, "tanh");
    cg_optimizer *adam = cg_adam(net, (cg_adam_options){0});
    uint64_t launches = 0;
    for (int step = 0; step < 3; step++) {
        cg_scope *scope = cg_scope_begin(dev);
        cg_tensor *x = cg_ones(dev, CG_F32, cg_shape(6, 3));
        CHECK(cg_backward(cg_mean(cg_square(cg_forward(net, x)), CG_ALL_AXES, false)) == CG_OK);
        CHECK(cg_device_sync(dev) == CG_OK);
        launches = cg_device_statistics(dev).launches;
        CHECK(cg_optimizer_step(adam) == CG_OK);
        launches = cg_device_statistics(dev).launches - launches;
        cg_scope_end(scope);
    }
    CHECK_MSG(launches <= 2, "%llu launches for 8 parameters", (unsigned long long)launches);
    cg_optimizer_free(adam);
    cg_module_free(net);
}

/* The bounds of f32 numbers: l1 pulls a parameter by lr l1 sign(p), and one of exactly 0 not at all. */
DEVICE_TEST(small_optimizers, l1_pulls_towards_zero) {
    double start[N];
    cg_module *module = one_parameter(dev, CG_F32, start);
    cg_optimizer *sgd = cg_sgd(module, (cg_sgd_options){.lr = 0.5, .l1 = 0.25});
    CHECK(cg_backward(cg_sum(cg_mul(cg_parameter(module, 0, NULL), 0.0), CG_ALL_AXES, false)) == CG_OK);
    CHECK(cg_optimizer_step(sgd) == CG_OK);
    check_equal(cg_parameter(module, 0, NULL), CG_F32, cg_shape(N),
                (long double[]){0.875L, 0.375L, 0, -0.375L, -0.875L, -1.375L, -1.875L});
    cg_optimizer_free(sgd);
    cg_module_free(module);
}

/* A parameter counts the steps in which it had a gradient: bias correction starts when it starts. */
DEVICE_TEST_ONCE(small_optimizers, parameters_count_their_own_steps) {
    const float start[2] = {1, -2};
    cg_module *module = cg_custom_module(dev, "two", identity, NULL, NULL);
    CHECK(cg_module_add_parameter(module, "early", cg_from_f32(dev, cg_shape(2), start)) == CG_OK);
    CHECK(cg_module_add_parameter(module, "late", cg_from_f32(dev, cg_shape(2), start)) == CG_OK);
    cg_optimizer *adam = cg_adam(module, (cg_adam_options){.lr = 0.1});
    const ref_optimizer ref = {REF_ADAM, .lr = 0.1L, .beta1 = 0.9L, .beta2 = 0.999L, .epsilon = 1e-8L};
    long double want[2][2] = {{1, -2}, {1, -2}};
    ref_moments moments[2][2] = {{{0}}};
    for (int step = 0; step < 6; step++) {
        cg_tensor *loss = cg_sum(cg_square(cg_parameter(module, 0, NULL)), CG_ALL_AXES, false);
        if (step >= 4)
            loss = cg_add(loss, cg_sum(cg_square(cg_parameter(module, 1, NULL)), CG_ALL_AXES, false));
        CHECK(cg_backward(loss) == CG_OK && cg_optimizer_step(adam) == CG_OK);
        for (int k = 0; k < (step >= 4 ? 2 : 1); k++)
            for (int i = 0; i < 2; i++)
                ref_optimizer_step(&ref, k ? step - 3 : step + 1, 2 * want[k][i], &want[k][i],
                                   &moments[k][i]);
    }
    for (int k = 0; k < 2; k++)
        check_within(cg_parameter(module, k, NULL), CG_F32, cg_shape(2), want[k], 32, NULL);
    CHECK(cg_optimizer_steps(adam) == 6);
    cg_optimizer_free(adam);
    cg_module_free(module);
}

/* Frozen with cg_require_grad: no gradient, no update. */
CPU_TEST(optimizers, frozen_parameters_stay) {
    const float start[2] = {1, -2};
    cg_module *module = cg_custom_module(dev, "pair", identity, NULL, NULL);
    static const char *const names[] = {"a", "b"};
    for (int i = 0; i < 2; i++)
        CHECK(cg_module_add_parameter(module, names[i], cg_from_f32(dev, cg_shape(2), start)) == CG_OK);
    cg_optimizer *sgd = cg_sgd(module, (cg_sgd_options){.lr = 1, .momentum = 0.5});
    cg_tensor *a = cg_parameter(module, 0, NULL), *b = cg_parameter(module, 1, NULL);
    cg_require_grad(a, false);
    CHECK(cg_backward(cg_sum(cg_add(cg_square(a), b), CG_ALL_AXES, false)) == CG_OK &&
          cg_optimizer_step(sgd) == CG_OK);
    check_equal(a, CG_F32, cg_shape(2), (long double[]){1, -2});
    check_equal(b, CG_F32, cg_shape(2), (long double[]){0, -3});
    cg_optimizer_free(sgd);
    cg_module_free(module);
}

CPU_TEST(optimizers, forget_gradients_without_a_step) {
    double start[N];
    cg_module *module = one_parameter(dev, CG_F32, start);
    cg_optimizer *sgd = cg_sgd(module, (cg_sgd_options){.lr = 1});
    cg_tensor *p = cg_parameter(module, 0, NULL);
    CHECK(cg_backward(cg_sum(p, CG_ALL_AXES, false)) == CG_OK && cg_grad_of(p) != NULL);
    cg_optimizer_zero_grad(sgd);
    cg_optimizer_zero_grad(NULL);
    CHECK(cg_grad_of(p) == NULL && cg_optimizer_steps(sgd) == 0);
    cg_optimizer_free(sgd);
    cg_module_free(module);
}

/* Momentum can be set where there is state for it; with mu = 0 the state is the gradient. */
CPU_TEST(optimizers, momentum_can_be_moved) {
    double start[N];
    cg_module *module = one_parameter(dev, CG_F64, start);
    cg_optimizer *plain = cg_sgd(module, (cg_sgd_options){.lr = 1}),
                 *sgd = cg_sgd(module, (cg_sgd_options){.lr = 1, .momentum = 0.5});
    cg_optimizer *adam = cg_adam(module, (cg_adam_options){0}),
                 *grad = cg_adagrad(module, (cg_adagrad_options){0});
    CHECK(cg_optimizer_momentum(plain) == 0 && cg_optimizer_momentum(sgd) == 0.5 &&
          cg_optimizer_momentum(adam) == 0.9);
    CHECK(cg_optimizer_momentum(grad) == 0 && cg_optimizer_momentum(NULL) == 0);
    CHECK(cg_optimizer_set_momentum(adam, 0.25) == CG_OK && cg_optimizer_momentum(adam) == 0.25);
    CHECK(cg_optimizer_set_momentum(plain, 0.5) == CG_ERROR_ARGUMENT);
    check_error(dev, CG_ERROR_ARGUMENT, "without one", NULL);
    CHECK(cg_optimizer_set_momentum(sgd, 1) == CG_ERROR_ARGUMENT &&
          cg_optimizer_set_momentum(NULL, 0) != CG_OK);
    check_error(dev, CG_ERROR_ARGUMENT, "momentum is 1", NULL);
    CHECK(cg_optimizer_set_momentum(sgd, 0) == CG_OK);
    for (int i = 0; i < 2; i++) {
        CHECK(cg_backward(cg_sum(cg_parameter(module, 0, NULL), CG_ALL_AXES, false)) == CG_OK);
        CHECK(cg_optimizer_step(sgd) == CG_OK);
    }
    long double want[N];
    for (int i = 0; i < N; i++) want[i] = start[i] - 2;
    check_equal(cg_parameter(module, 0, NULL), CG_F64, cg_shape(N), want);
    cg_optimizer *all[] = {plain, sgd, adam, grad};
    for (int i = 0; i < 4; i++) cg_optimizer_free(all[i]);
    cg_module_free(module);
}

CPU_TEST(optimizers, refuse_options_that_make_no_sense) {
    double start[N];
    cg_module *module = one_parameter(dev, CG_F32, start);
    CHECK(cg_sgd(module, (cg_sgd_options){.lr = -1}) == NULL);
    check_error(dev, CG_ERROR_ARGUMENT, "sgd: lr is -1", NULL);
    CHECK(cg_sgd(module, (cg_sgd_options){.lr = 1, .nesterov = true}) == NULL);
    check_error(dev, CG_ERROR_ARGUMENT, "nesterov needs momentum", NULL);
    CHECK(cg_sgd(module, (cg_sgd_options){.lr = 1, .dampening = 0.5}) == NULL);
    check_error(dev, CG_ERROR_ARGUMENT, "dampening needs momentum", NULL);
    CHECK(cg_sgd(module, (cg_sgd_options){.lr = 1, .momentum = 1}) == NULL);
    check_error(dev, CG_ERROR_ARGUMENT, "sgd: momentum is 1; expected 0 or more, below 1", NULL);
    CHECK(cg_adam(module, (cg_adam_options){.beta2 = 1}) == NULL);
    check_error(dev, CG_ERROR_ARGUMENT, "adam: beta2 is 1", NULL);
    CHECK(cg_adamw(module, (cg_adam_options){.weight_decay = NAN}) == NULL);
    check_error(dev, CG_ERROR_ARGUMENT, "adamw: weight_decay is nan", NULL);
    CHECK(cg_rmsprop(module, (cg_rmsprop_options){.alpha = 1.5}) == NULL);
    check_error(dev, CG_ERROR_ARGUMENT, "rmsprop: alpha is 1.5", NULL);
    CHECK(cg_rmsprop(module, (cg_rmsprop_options){.l1 = -0.5}) == NULL);
    check_error(dev, CG_ERROR_ARGUMENT, "rmsprop: l1 is -0.5", NULL);
    CHECK(cg_adagrad(module, (cg_adagrad_options){.epsilon = INFINITY}) == NULL);
    check_error(dev, CG_ERROR_ARGUMENT, "adagrad: epsilon is inf", NULL);
    CHECK(!cg_sgd(NULL, (cg_sgd_options){.lr = 1}) && !cg_adam(NULL, (cg_adam_options){0}));
    CHECK(!cg_adamw(NULL, (cg_adam_options){0}) && !cg_rmsprop(NULL, (cg_rmsprop_options){0}));
    CHECK(!cg_adagrad(NULL, (cg_adagrad_options){0}) && cg_optimizer_step(NULL) != CG_OK);
    CHECK(cg_optimizer_lr(NULL) == 0 && cg_optimizer_kind(NULL) == NULL && cg_optimizer_steps(NULL) == 0);
    cg_module_free(module);
}

/* What has no memory of its own cannot tell; what has states notices a parameter of another dtype, or one more. */
CPU_TEST(optimizers, notice_a_changed_module) {
    double start[N];
    cg_module *module = one_parameter(dev, CG_F32, start);
    cg_optimizer *adam = cg_adam(module, (cg_adam_options){0});
    CHECK(cg_module_set_dtype(module, CG_F64) == CG_OK && cg_optimizer_step(adam) == CG_ERROR_STATE);
    check_error(dev, CG_ERROR_STATE, "adam: p is f64 (7,), f32 (7,) when the optimizer was made", NULL);
    CHECK(cg_module_add_parameter(module, "q", cg_ones(dev, CG_F32, cg_shape(1))) == CG_OK);
    CHECK(cg_optimizer_step(adam) == CG_ERROR_STATE);
    check_error(dev, CG_ERROR_STATE, "the module has 2 parameters, 1 when it was made", NULL);
    cg_optimizer_free(adam);
    cg_module_free(module);
}
