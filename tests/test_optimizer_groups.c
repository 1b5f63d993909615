/* Groups of parameters: against the formulas, one by one, and in one launch. */
#include "reference/reference.h"
#include "support/one_parameter.h"

#include <math.h>
#include <string.h>

enum { MOST = 64 /* elements of a parameter */ };

/* loss = sum over all parameters of c p^2 / 2, c = 1, 2, ... by parameter, whose gradient is c p */
static cg_tensor *loss_of(cg_module *net) {
    cg_tensor *loss = NULL;
    for (int i = 0; i < cg_parameter_count(net); i++) {
        cg_tensor *square = cg_square(cg_parameter(net, i, NULL));
        cg_tensor *part = cg_mul(cg_sum(square, CG_ALL_AXES, false), 0.5 * (i + 1));
        loss = loss ? cg_add(loss, part) : part;
    }
    return loss;
}

static bool is_bias(const char *name) { return strstr(name, "bias") != NULL; }

/* What a group must do to a parameter: its reference, and whether it is frozen. */
typedef struct expected {
    ref_optimizer ref;
    bool frozen;
} expected;

/* `steps` steps of the optimizer, beside the reference for every element. */
static void follow(cg_device *dev, cg_module *net, cg_optimizer *optimizer, const expected *want, int steps) {
    const int n = cg_parameter_count(net);
    long double *p = scratch((size_t)n * MOST * sizeof *p);
    ref_moments *moments = scratch((size_t)n * MOST * sizeof *moments);
    memset(moments, 0, (size_t)n * MOST * sizeof *moments);
    for (int i = 0; i < n; i++)
        memcpy(p + i * MOST, read_values(cg_parameter(net, i, NULL)),
               (size_t)cg_numel(cg_parameter(net, i, NULL)) * sizeof *p);
    for (int step = 1; step <= steps; step++) {
        cg_scope *scope = cg_scope_begin(dev);
        CHECK(cg_backward(loss_of(net)) == CG_OK && cg_optimizer_step(optimizer) == CG_OK);
        cg_scope_end(scope);
        for (int i = 0; i < n; i++)
            for (int64_t e = 0; e < cg_numel(cg_parameter(net, i, NULL)) && !want[i].frozen; e++)
                ref_optimizer_step(&want[i].ref, step, (i + 1) * p[i * MOST + e], &p[i * MOST + e],
                                   &moments[i * MOST + e]);
    }
    for (int i = 0; i < n; i++) {
        const char *name;
        cg_tensor *x = cg_parameter(net, i, &name);
        check_case("%s", name);
        check_within(x, CG_F32, cg_shape_get(x), p + i * MOST, 64, NULL);
    }
}

/* The launches of one step. Nothing pending reads a parameter any more, and the gradients are computed. */
static uint64_t launches_of_a_step(cg_device *dev, cg_module *net, cg_optimizer *optimizer) {
    cg_scope *scope = cg_scope_begin(dev);
    CHECK(cg_backward(loss_of(net)) == CG_OK);
    cg_scope_end(scope);
    const cg_device_stats before = cg_device_statistics(dev);
    CHECK(cg_optimizer_step(optimizer) == CG_OK);
    const cg_device_stats after = cg_device_statistics(dev);
    CHECK(after.work[CG_WORK_MAP_MANY] == before.work[CG_WORK_MAP_MANY] + 1);
    CHECK(after.work[CG_WORK_MAP] == before.work[CG_WORK_MAP] && after.host_syncs == before.host_syncs);
    return after.launches - before.launches;
}

static const ref_optimizer adamw = {REF_ADAM,         .lr = 0.01L,          .beta1 = 0.9L,    .beta2 = 0.999L,
                                    .epsilon = 1e-8L, .weight_decay = 0.1L, .decoupled = true};

/* Biases without decay and with half the step, one weight of its own, one frozen: still one launch, or a few. */
DEVICE_TEST_ONCE(small_optimizer_groups, each_has_its_constants_in_one_launch) {
    cg_seed(dev, 5);
    cg_module *net = cg_mlp(dev, 5, (const int64_t[]){3, 4, 5, 3, 2}, "tanh");
    cg_optimizer *o = cg_adamw(net, (cg_adam_options){.lr = 0.01, .weight_decay = 0.1});
    expected want[8];
    CHECK(cg_parameter_count(net) == 8);
    CHECK(cg_optimizer_group(o, "*.bias", (cg_optimizer_group_options){.no_decay = true, .lr_factor = 0.5}) ==
          CG_OK);
    CHECK(cg_optimizer_group_of(o, 1, (const int[]){2},
                                (cg_optimizer_group_options){.lr = 0.03, .weight_decay = 0.3}) == CG_OK);
    CHECK(cg_optimizer_group(o, "5.weight", (cg_optimizer_group_options){.frozen = true}) == CG_OK);
    for (int i = 0; i < 8; i++) {
        const char *name;
        cg_tensor *x = cg_parameter(net, i, &name);
        want[i] = (expected){adamw, !strcmp(name, "5.weight")};
        if (is_bias(name)) {
            want[i].ref.weight_decay = 0;
            want[i].ref.lr = 0.005L;
            CHECK(cg_copy_from_host(x, (const float[]){1, -2, 0.5F, 3, -1},
                                    (size_t)cg_numel(x) * sizeof(float)) == CG_OK);
        }
        if (i == 2) want[i].ref.weight_decay = 0.3L, want[i].ref.lr = 0.03L;
    }
    follow(dev, net, o, want, 5);
    CHECK(launches_of_a_step(dev, net, o) <= (device_is_opencl(dev) ? 2 : 1));
    cg_optimizer_free(o);
    cg_module_free(net);
}

/* The groups' step sizes follow the optimizer's in proportion, and a later group replaces an earlier one. */
CPU_TEST(optimizer_groups, follow_the_step_size_and_replace_each_other) {
    cg_seed(dev, 5);
    cg_module *net = cg_mlp(dev, 3, (const int64_t[]){3, 4, 2}, "tanh");
    cg_optimizer *o = cg_sgd(net, (cg_sgd_options){.lr = 0.01, .l1 = 0.02, .weight_decay = 0.1});
    expected want[4];
    CHECK(cg_optimizer_group(
              o, "*", (cg_optimizer_group_options){.lr = 0.05, .l1 = 0.5, .weight_decay = 2}) == CG_OK);
    CHECK(cg_optimizer_group(o, "1.*", (cg_optimizer_group_options){.lr_factor = 3}) == CG_OK);
    CHECK(cg_optimizer_group(o, "?.bi[a]s", (cg_optimizer_group_options){.l1 = 0.25}) == CG_OK);
    cg_optimizer_set_lr(o, 0.001);
    for (int i = 0; i < 4; i++) {
        want[i] = (expected){{REF_SGD, .lr = 0.001L, .l1 = 0.02L, .weight_decay = 0.1L}, false};
        if (i == 0) want[i].ref.lr = 0.003L;
        if (i == 1 || i == 3) want[i].ref.l1 = 0.25L;
        if (i == 2) want[i].ref.lr = 0.005L, want[i].ref.l1 = 0.5L, want[i].ref.weight_decay = 2;
    }
    follow(dev, net, o, want, 20);
    cg_optimizer_free(o);
    cg_module_free(net);
}

/* More tensors than one launch on OpenCL has parameters for; those without decay among those with. */
DEVICE_TEST_ONCE(small_optimizer_groups, more_parameters_than_a_kernel_takes) {
    enum { TENSORS = 21 };
    cg_module *net = no_parameters(dev);
    expected want[TENSORS];
    for (int i = 0; i < TENSORS; i++) {
        char name[24];
        snprintf(name, sizeof name, "%s%d", i % 3 ? "weight" : "bias", i);
        CHECK(cg_module_add_parameter(net, name, cg_arange(dev, CG_F32, -0.5, 0.1 * i, 0.25)) == CG_OK);
        want[i] = (expected){{REF_SGD, .lr = 0.01L, .weight_decay = i % 3 ? 0.5L : 0}, false};
    }
    cg_optimizer *o = cg_sgd(net, (cg_sgd_options){.lr = 0.01, .weight_decay = 0.5});
    CHECK(cg_optimizer_group(o, "bias*", (cg_optimizer_group_options){.no_decay = true}) == CG_OK);
    follow(dev, net, o, want, 3);
    CHECK(launches_of_a_step(dev, net, o) <= (device_is_opencl(dev) ? TENSORS / 2 : 1));
    cg_optimizer_free(o);
    cg_module_free(net);
}

CPU_TEST(optimizer_groups, refuse_what_makes_no_sense) {
    cg_module *net = cg_mlp(dev, 3, (const int64_t[]){3, 4, 2}, "tanh");
    cg_optimizer *o = cg_sgd(net, (cg_sgd_options){.lr = 0.5}), *still = cg_sgd(net, (cg_sgd_options){0});
    CHECK(cg_optimizer_group(o, "*.weights", (cg_optimizer_group_options){0}) == CG_ERROR_ARGUMENT);
    check_error(dev, CG_ERROR_ARGUMENT, "none of the 4 parameters matches '*.weights'", NULL);
    CHECK(cg_optimizer_group(o, "*", (cg_optimizer_group_options){.lr_factor = -1}) == CG_ERROR_ARGUMENT);
    check_error(dev, CG_ERROR_ARGUMENT, "lr_factor -1", NULL);
    CHECK(cg_optimizer_group(o, "*", (cg_optimizer_group_options){.weight_decay = NAN}) == CG_ERROR_ARGUMENT);
    check_error(dev, CG_ERROR_ARGUMENT, "weight_decay nan", NULL);
    CHECK(cg_optimizer_group(o, "*", (cg_optimizer_group_options){.lr_factor = 1, .lr = 1}) ==
          CG_ERROR_ARGUMENT);
    check_error(dev, CG_ERROR_ARGUMENT, "expected one of the two", NULL);
    CHECK(cg_optimizer_group(still, "*", (cg_optimizer_group_options){.lr = 1}) == CG_ERROR_ARGUMENT);
    check_error(dev, CG_ERROR_ARGUMENT, "an optimizer's lr of 0", NULL);
    CHECK(cg_optimizer_group(o, "*", (cg_optimizer_group_options){.no_decay = true, .l1 = 1}) ==
          CG_ERROR_ARGUMENT);
    check_error(dev, CG_ERROR_ARGUMENT, "no_decay with weight_decay 0 and l1 1", NULL);
    CHECK(cg_optimizer_group_of(o, 2, (const int[]){0, 4}, (cg_optimizer_group_options){.frozen = true}) ==
          CG_ERROR_ARGUMENT);
    check_error(dev, CG_ERROR_ARGUMENT, "4 of 4 parameters", NULL);
    CHECK(cg_optimizer_group(NULL, "*", (cg_optimizer_group_options){0}) != CG_OK &&
          cg_optimizer_group(o, NULL, (cg_optimizer_group_options){0}) != CG_OK);
    CHECK(cg_optimizer_group_of(NULL, 0, NULL, (cg_optimizer_group_options){0}) != CG_OK &&
          cg_optimizer_group_of(o, 1, NULL, (cg_optimizer_group_options){0}) != CG_OK);
    CHECK(cg_optimizer_group_of(o, 0, NULL, (cg_optimizer_group_options){0}) == CG_OK);
    check_case("nothing of all that has frozen parameter 0");
    cg_tensor *w = cg_parameter(net, 0, NULL);
    double before = 0, after = 0;
    CHECK(cg_item(cg_sum(w, CG_ALL_AXES, false), &before) == CG_OK);
    CHECK(cg_backward(cg_sum(w, CG_ALL_AXES, false)) == CG_OK && cg_optimizer_step(o) == CG_OK);
    CHECK(cg_item(cg_sum(w, CG_ALL_AXES, false), &after) == CG_OK && fabs(before - after - 6) < 1e-5);
    cg_optimizer_free(o);
    cg_optimizer_free(still);
    cg_module_free(net);
}

/* With groups, clipping and a schedule too, a step takes no memory from the device and never waits for it. */
DEVICE_TEST_ONCE(optimizer_groups, steady_steps_allocate_and_wait_for_nothing) {
    cg_module *net = cg_mlp(dev, 3, (const int64_t[]){3, 4, 2}, "tanh");
    cg_optimizer *o = cg_adamw(net, (cg_adam_options){0});
    CHECK(cg_optimizer_group(o, "*.bias", (cg_optimizer_group_options){.no_decay = true}) == CG_OK);
    const cg_schedule schedule = cg_one_cycle_schedule(0.1, 30, (cg_one_cycle_options){0});
    cg_device_stats before = {0};
    for (int step = 0; step < 30; step++) {
        if (step == 10) before = cg_device_statistics(dev);
        cg_scope *scope = cg_scope_begin(dev);
        CHECK(cg_schedule_step(schedule, o) == CG_OK && cg_backward(loss_of(net)) == CG_OK);
        CHECK(cg_clip_grad_norm(net, 0.5, 2, NULL) == CG_OK && cg_optimizer_step(o) == CG_OK);
        cg_scope_end(scope);
    }
    const cg_device_stats after = cg_device_statistics(dev);
    CHECK(after.device_allocs == before.device_allocs && after.host_syncs == before.host_syncs);
    CHECK(after.uploads == before.uploads && after.programs_built == before.programs_built);
    cg_optimizer_free(o);
    cg_module_free(net);
}
