/* What an optimizer does besides its formula (test_trajectories.c): which parameters it changes, options, errors. */
#include "reference/reference.h"
#include "support/one_parameter.h"

#include <math.h>
#include <string.h>

enum { N = ONE_PARAMETER };

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

/* What reads a state reads that of its own time: pending values, and the record of a gradient. */
CPU_TEST(optimizers, readers_of_states_see_the_old_ones) {
    double p[N];
    cg_module *module = one_parameter(dev, CG_F32, p);
    cg_optimizer *sgd = cg_sgd(module, (cg_sgd_options){.lr = 1, .momentum = 0.5});
    cg_tensor *w = cg_parameter(module, 0, NULL), *state = cg_optimizer_state(sgd, 0, NULL);
    CHECK(cg_backward(cg_sum(w, CG_ALL_AXES, false)) == CG_OK && cg_optimizer_step(sgd) == CG_OK);
    cg_tensor *twice = cg_mul(state, 2), *part = cg_add(cg_slice(state, 0, 0, 2, 1), 1);
    cg_tensor *other = cg_require_grad(cg_eval(cg_ones(dev, CG_F32, cg_shape(N))), true),
              *y = cg_sum(cg_mul(other, state), CG_ALL_AXES, false);
    CHECK(cg_eval(y) && cg_backward(cg_sum(w, CG_ALL_AXES, false)) == CG_OK &&
          cg_optimizer_step(sgd) == CG_OK);
    long double two[N], now[N];
    for (int i = 0; i < N; i++) two[i] = 2, now[i] = 1.5L;
    check_equal(twice, CG_F32, cg_shape(N), two);
    check_equal(part, CG_F32, cg_shape(2), two);
    check_equal(state, CG_F32, cg_shape(N), now);
    CHECK(cg_backward(y) == CG_ERROR_STATE);
    check_error(dev, CG_ERROR_STATE, "mul", "in place", NULL);
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

/* Steps without slope: what decays ends at 0, and is at no time subnormal. */
static void check_decay(cg_device *dev, cg_dtype dtype, cg_optimizer *(*make)(cg_module *module),
                        int states) {
    const long double least = dtype == CG_F32 ? 0x1p-126L : 0x1p-1022L;
    double start[N];
    cg_module *module = one_parameter(dev, dtype, start);
    cg_optimizer *o = make(module);
    for (int step = 0; step < (dtype == CG_F32 ? 300 : 2200); step++) {
        cg_scope *scope = cg_scope_begin(dev);
        cg_zero_grad(cg_parameter(module, 0, NULL));
        cg_tensor *loss = cg_mul(cg_parameter(module, 0, NULL), step == 0);
        CHECK(cg_backward(cg_sum(loss, CG_ALL_AXES, false)) == CG_OK && cg_optimizer_step(o) == CG_OK);
        for (int k = 0; k < states && step > 100 && step % 7 == 0; k++) {
            const long double *state = read_values(cg_optimizer_state(o, k, NULL));
            for (int i = 0; i < N; i++)
                if (!CHECK_MSG(state[i] == 0 || fabsl(state[i]) >= least, "state %d, step %d: %Lg", k, step,
                               state[i]))
                    return;
        }
        cg_scope_end(scope);
    }
    for (int k = 0; k < states; k++) {
        const long double *state = read_values(cg_optimizer_state(o, k, NULL));
        for (int i = 0; i < N; i++) CHECK_MSG(state[i] == 0, "state %d at the end: %Lg", k, state[i]);
    }
    cg_optimizer_free(o);
    cg_module_free(module);
}

static cg_optimizer *adam_of_halves(cg_module *m) {
    return cg_adam(m, (cg_adam_options){.beta1 = 0.5, .beta2 = 0.6, .weight_decay = 0.01, .decoupled = true});
}
static cg_optimizer *momentum_of_half(cg_module *m) {
    return cg_sgd(m, (cg_sgd_options){.lr = 0.1, .momentum = 0.5});
}
static cg_optimizer *rmsprop_of_halves(cg_module *m) {
    return cg_rmsprop(m, (cg_rmsprop_options){.alpha = 0.5, .momentum = 0.5, .centered = true});
}

DEVICE_TEST_ONCE(small_optimizers, states_do_not_stay_subnormal) {
    for (int t = CG_F32; t <= CG_F64; t++) {
        if (!device_has(dev, (cg_dtype)t) || (t == CG_F64 && device_is_opencl(dev))) continue;
        check_case("adam, %s", cg_dtype_name((cg_dtype)t));
        check_decay(dev, (cg_dtype)t, adam_of_halves, 2);
        check_case("momentum, %s", cg_dtype_name((cg_dtype)t));
        check_decay(dev, (cg_dtype)t, momentum_of_half, 1);
        check_case("rmsprop, %s", cg_dtype_name((cg_dtype)t));
        check_decay(dev, (cg_dtype)t, rmsprop_of_halves, 3);
    }
}

/* A parameter counts the steps in which it had a gradient: bias correction starts when it starts. */
DEVICE_TEST_ONCE(small_optimizers, parameters_count_their_own_steps) {
    const float start[2] = {1, -2};
    cg_module *module = no_parameters(dev);
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
    cg_module *module = no_parameters(dev);
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
