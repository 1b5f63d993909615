#include "reference/reference.h"
#include "support/device_test.h"

#include <math.h>

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
    bool adam;
    cg_sgd_options sgd;
    cg_adam_options adam_options;
} trajectory;

static double given(double option, double usual) { return option != 0 ? option : usual; }

static void reference_step(const trajectory *c, int step, double *p, double *m, double *v) {
    const cg_adam_options *a = &c->adam_options;
    for (int i = 0; i < N; i++) {
        double g = slope(i) * (p[i] - 1) + wobble(step);
        if (c->adam)
            ref_adam(step + 1, given(a->lr, 0.001), given(a->beta1, 0.9), given(a->beta2, 0.999),
                     given(a->epsilon, 1e-8), a->weight_decay, g, &p[i], &m[i], &v[i]);
        else
            ref_sgd(c->sgd.lr, c->sgd.momentum, c->sgd.nesterov, c->sgd.weight_decay, g, &p[i], &v[i]);
    }
}

static void follow(cg_device *dev, const trajectory *c, cg_dtype t, int steps) {
    check_case("%s in %s", c->name, cg_dtype_name(t));
    double p[N], m[N] = {0}, v[N] = {0};
    cg_module *module = one_parameter(dev, t, p);
    cg_optimizer *optimizer = c->adam ? cg_adam(module, c->adam_options) : cg_sgd(module, c->sgd);
    if (!CHECK_MSG(optimizer != NULL, "%s", cg_error_message(dev))) return;
    for (int step = 0; step < steps; step++) {
        cg_scope *scope = cg_scope_begin(dev);
        CHECK(take_gradient(dev, module, t, step) == CG_OK);
        CHECK(cg_optimizer_step(optimizer) == CG_OK && cg_grad_of(cg_parameter(module, 0, NULL)) == NULL);
        reference_step(c, step, p, m, v);
        cg_scope_end(scope);
        if (step % 100 != 99 && step > 2) continue;
        const long double *now = read_values(cg_parameter(module, 0, NULL));
        double allowed = t == CG_F64 ? 1e-11 : 1e-6 * fmax(1, step / 30.0);
        for (int i = 0; now && i < N; i++)
            if (!CHECK_MSG(fabs((double)now[i] - p[i]) <= allowed,
                           "step %d, element %d: %.9Lg, expected %.9g", step, i, now[i], p[i]))
                step = steps;
    }
    cg_optimizer_free(optimizer);
    cg_module_free(module);
}

static const trajectory trajectories[] = {
    {.name = "sgd", .sgd = {.lr = 0.05}},
    {.name = "sgd, momentum", .sgd = {.lr = 0.02, .momentum = 0.9}},
    {.name = "sgd, nesterov", .sgd = {.lr = 0.02, .momentum = 0.8, .nesterov = true}},
    {.name = "sgd, weight decay", .sgd = {.lr = 0.03, .momentum = 0.5, .weight_decay = 0.1}},
    {.name = "adam", .adam = true},
    {.name = "adam, all options",
     .adam = true,
     .adam_options = {.lr = 0.02, .beta1 = 0.8, .beta2 = 0.95, .epsilon = 1e-4, .weight_decay = 0.05}},
};

DEVICE_TEST_ONCE(optimizers, follow_the_formulas) {
    int steps = device_is_opencl(dev) ? 100 : STEPS;
    for (size_t i = 0; i < sizeof trajectories / sizeof *trajectories; i++) {
        follow(dev, &trajectories[i], CG_F32, steps);
        if (cg_device_properties(dev)->has_f64) follow(dev, &trajectories[i], CG_F64, steps);
        scratch_free_all();
    }
}

DEVICE_TEST(small_optimizers, one_step_by_hand) {
    double p[N];
    cg_module *module = one_parameter(dev, CG_F32, p);
    cg_optimizer *sgd = cg_sgd(module, (cg_sgd_options){.lr = 0.5});
    CHECK(cg_optimizer_lr(sgd) == 0.5);
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
    CHECK(cg_optimizer_lr(NULL) == 0 && cg_adam(NULL, (cg_adam_options){0}) == NULL);
    CHECK(cg_sgd(NULL, (cg_sgd_options){.lr = 1}) == NULL && cg_optimizer_step(NULL) != CG_OK);
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
