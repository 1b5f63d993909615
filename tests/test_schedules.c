/* Schedules against formulas of their own in long double, and against numbers of PyTorch's schedulers. */
#include "support/device_test.h"

#include <math.h>
#include <string.h>

static void check_lr(cg_schedule s, int64_t t, long double want) {
    const double lr = cg_schedule_lr(s, t);
    CHECK_MSG(fabsl(lr - want) <= 1e-14L * (fabsl(want) + 1e-3L), "t = %lld: %.17g, expected %.17Lg",
              (long long)t, lr, want);
}

/* --- formulas ------------------------------------------------------------------------------------------------- */

static const long double pi = 3.14159265358979323846264338327950288L;

static long double cosine(long double from, long double to, long double share) {
    return to + (from - to) * (1 + cosl(pi * share)) / 2;
}

HOST_TEST(schedules, drops) {
    static const int64_t milestones[] = {3, 7, 7, 20};
    for (int64_t t = 0; t < 40; t++) {
        check_case("constant");
        check_lr(cg_constant_schedule(0.3), t, 0.3L);
        check_case("step");
        check_lr(cg_step_schedule(0.5, 7, 0.3), t, 0.5L * powl(0.3L, t / 7));
        check_case("exponential");
        check_lr(cg_exponential_schedule(0.5, 0.9), t, 0.5L * powl(0.9L, t));
        check_case("milestones");
        long double lr = 2;
        for (int i = 0; i < 4; i++) lr *= t >= milestones[i] ? 0.25L : 1;
        check_lr(cg_milestone_schedule(2, 4, milestones, 0.25), t, lr);
    }
}

HOST_TEST(schedules, curves) {
    for (int64_t t = 0; t < 40; t++) {
        const long double share = t < 25 ? t / 25.0L : 1;
        check_case("line");
        check_lr(cg_polynomial_schedule(0.5, 0.125, 25, 1), t, 0.5L + (0.125L - 0.5L) * share);
        check_case("polynomial");
        check_lr(cg_polynomial_schedule(0.5, 0.125, 25, 2.5), t,
                 0.125L + (0.5L - 0.125L) * powl(1 - share, 2.5L));
        check_case("cosine");
        check_lr(cg_cosine_schedule(0.5, 0.125, 25), t, cosine(0.5L, 0.125L, share));
        check_case("cosine with restarts");
        check_lr(cg_cosine_restarts_schedule(0.5, 0.125, 9, 1), t, cosine(0.5L, 0.125L, (t % 9) / 9.0L));
        const int64_t begin = t < 4 ? 0 : t < 16 ? 4 : 16, length = t < 4 ? 4 : t < 16 ? 12 : 36;
        check_lr(cg_cosine_restarts_schedule(0.5, 0.125, 4, 3), t,
                 cosine(0.5L, 0.125L, (long double)(t - begin) / length));
    }
}

HOST_TEST(schedules, one_cycle) {
    const cg_one_cycle_options options = {.peak_at = 0.25,
                                          .start_divisor = 10,
                                          .end_divisor = 100,
                                          .linear = true,
                                          .momentum_low = 0.5,
                                          .momentum_high = 0.75};
    const cg_schedule s = cg_one_cycle_schedule(2, 21, options);
    for (int64_t t = 0; t < 30; t++) { /* up until step 4.25, down until step 20 */
        const long double up = t / 4.25L, down = t < 20 ? (t - 4.25L) / 15.75L : 1;
        check_lr(s, t, t <= 4 ? 0.2L + 1.8L * up : 2 + (0.002L - 2) * down);
        const long double momentum = t <= 4 ? 0.75L - 0.25L * up : 0.5L + 0.25L * down;
        CHECK(fabsl(cg_schedule_momentum(s, t) - momentum) < 1e-15L);
    }
    CHECK(isnan(cg_schedule_momentum(
        cg_one_cycle_schedule(2, 21, (cg_one_cycle_options){.keep_momentum = true}), 3)));
    CHECK(isnan(cg_schedule_momentum(cg_constant_schedule(1), 0)) && isnan(cg_schedule_momentum(s, -1)));
}

HOST_TEST(schedules, warm_up) {
    const cg_schedule cosine8 = cg_cosine_schedule(0.5, 0, 8), s = cg_schedule_with_warmup(cosine8, 5, 0.25);
    for (int64_t t = 0; t < 16; t++)
        check_lr(s, t, t < 5 ? 0.5L * (0.25L + 0.75L * t / 5) : cosine(0.5L, 0, t < 13 ? (t - 5) / 8.0L : 1));
    check_lr(cg_schedule_with_warmup(s, 0, 0), 3, cosine(0.5L, 0, 3 / 8.0L));
    const cg_schedule cycle =
        cg_schedule_with_warmup(cg_one_cycle_schedule(1, 10, (cg_one_cycle_options){0}), 4, 0);
    check_lr(cycle, 2, 0.02L);
    check_lr(cycle, 6, 1);
    CHECK(fabs(cg_schedule_momentum(cycle, 2) - 0.95) < 1e-15 &&
          fabs(cg_schedule_momentum(cycle, 6) - 0.85) < 1e-15);
}

/* --- numbers of PyTorch's schedulers, from its recursive forms --------------------------------------------------- */

static void check_pins(const char *name, cg_schedule s, int n, const double *want) {
    check_case("%s", name);
    for (int t = 0; t < n; t++)
        CHECK_MSG(fabs(cg_schedule_lr(s, t) - want[t]) <= 1e-9 * want[t] + 1e-16,
                  "t = %d: %.12g, PyTorch %.12g", t, cg_schedule_lr(s, t), want[t]);
}

#define PINS(name, schedule, ...)                                                                            \
    check_pins(name, schedule, (int)(sizeof((double[]){__VA_ARGS__}) / sizeof(double)),                      \
               (double[]){__VA_ARGS__})

HOST_TEST(schedules, numbers_of_pytorch) {
    PINS("StepLR", cg_step_schedule(0.05, 2, 0.1), 0.05, 0.05, 0.005, 0.005, 0.0005);
    PINS("PolynomialLR", cg_polynomial_schedule(0.05, 0, 5, 0.9), 0.05, 0.0409026073, 0.03157229337,
         0.02191916453, 0.01174618943, 0, 0);
    PINS("CosineAnnealingLR", cg_cosine_schedule(0.1, 0.001, 8), 0.1, 0.09623203686, 0.08550178567,
         0.0694428299, 0.0505, 0.0315571701, 0.01549821433, 0.004767963141, 0.001);
    PINS("CosineAnnealingWarmRestarts", cg_cosine_restarts_schedule(0.5, 0.01, 3, 2), 0.5, 0.3775, 0.1325,
         0.5, 0.4671762239, 0.3775, 0.255, 0.1325, 0.04282377607, 0.5, 0.4916518274, 0.4671762239);
    PINS("LinearLR, then ExponentialLR", cg_schedule_with_warmup(cg_exponential_schedule(0.05, 0.9), 4, 0.5),
         0.025, 0.03125, 0.0375, 0.04375, 0.05, 0.045, 0.0405);
    PINS("OneCycleLR", cg_one_cycle_schedule(0.1, 10, (cg_one_cycle_options){0}), 0.004, 0.052, 0.1,
         0.0950484632, 0.08117456539, 0.06112620219, 0.03887419781, 0.01882583461, 0.004951936799, 4e-07);
    PINS("OneCycleLR, three phases",
         cg_one_cycle_schedule(0.1, 10, (cg_one_cycle_options){.three_phase = true}), 0.004, 0.052, 0.1,
         0.052, 0.004, 0.003618072185, 0.002618172185, 0.001382227815, 0.0003823278146, 4e-07);
    PINS("OneCycleLR, linear", cg_one_cycle_schedule(0.1, 10, (cg_one_cycle_options){.linear = true}), 0.004,
         0.052, 0.1, 0.08571434286, 0.07142868571, 0.05714302857, 0.04285737143, 0.02857171429, 0.01428605714,
         4e-07);
    static const double momentum[] = {0.95,         0.9,          0.85,         0.8549515566, 0.8688255099,
                                      0.8888739533, 0.9111260467, 0.9311744901, 0.9450484434, 0.95};
    for (int t = 0; t < 10; t++)
        CHECK(fabs(cg_schedule_momentum(cg_one_cycle_schedule(0.1, 10, (cg_one_cycle_options){0}), t) -
                   momentum[t]) < 1e-10);
    const cg_schedule three = cg_one_cycle_schedule(0.1, 10, (cg_one_cycle_options){.three_phase = true});
    CHECK(fabs(cg_schedule_momentum(three, 3) - 0.9) < 1e-15 && cg_schedule_momentum(three, 7) == 0.95);
}

HOST_TEST(schedules, what_cannot_be_gives_nan) {
    static const int64_t falling[] = {5, 3}, many[CG_MAX_MILESTONES + 1] = {0};
    const cg_schedule bad[] = {
        {0},
        cg_constant_schedule(-1),
        cg_step_schedule(1, 0, 0.5),
        cg_step_schedule(1, 2, NAN),
        cg_milestone_schedule(1, 2, falling, 0.5),
        cg_milestone_schedule(1, CG_MAX_MILESTONES + 1, many, 0.5),
        cg_milestone_schedule(1, 1, NULL, 0.5),
        cg_exponential_schedule(1, INFINITY),
        cg_polynomial_schedule(1, 0, 0, 1),
        cg_polynomial_schedule(1, 0, 5, -1),
        cg_cosine_schedule(1, -1, 5),
        cg_cosine_restarts_schedule(1, 0, 5, 0),
        cg_one_cycle_schedule(1, 0, (cg_one_cycle_options){0}),
        cg_one_cycle_schedule(1, 10, (cg_one_cycle_options){.peak_at = 2}),
        cg_one_cycle_schedule(1, 10, (cg_one_cycle_options){.peak_at = 0.75, .three_phase = true}),
        cg_one_cycle_schedule(1, 10, (cg_one_cycle_options){.momentum_low = -1}),
        cg_schedule_with_warmup(cg_constant_schedule(1), -1, 0),
        cg_schedule_with_warmup(cg_constant_schedule(1), 5, -1),
        cg_schedule_with_warmup(cg_constant_schedule(-1), 5, 0.5),
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        check_case("schedule %zu", i);
        CHECK(isnan(cg_schedule_lr(bad[i], 0)) && isnan(cg_schedule_lr(bad[i], 10)));
    }
    CHECK(isnan(cg_schedule_lr(cg_constant_schedule(1), -1)));
    CHECK(cg_schedule_lr(cg_milestone_schedule(1, 0, NULL, 0.5), 3) == 1);
}

/* --- on an optimizer ------------------------------------------------------------------------------------------------ */

CPU_TEST(schedules, set_an_optimizer) {
    cg_module *net = cg_mlp(dev, 2, (const int64_t[]){2, 1}, "relu");
    cg_optimizer *adam = cg_adam(net, (cg_adam_options){0}), *plain = cg_sgd(net, (cg_sgd_options){.lr = 1});
    const cg_schedule cycle = cg_one_cycle_schedule(0.1, 10, (cg_one_cycle_options){0});
    for (int i = 0; i < 3; i++) {
        CHECK(cg_schedule_step(cycle, adam) == CG_OK && cg_optimizer_lr(adam) == cg_schedule_lr(cycle, i));
        CHECK(cg_optimizer_momentum(adam) == cg_schedule_momentum(cycle, i));
        CHECK(cg_backward(cg_sum(cg_parameter(net, 0, NULL), CG_ALL_AXES, false)) == CG_OK);
        CHECK(cg_optimizer_step(adam) == CG_OK);
    }
    CHECK(cg_schedule_apply(cg_step_schedule(1, 1, 0.5), plain, 2) == CG_OK &&
          cg_optimizer_lr(plain) == 0.25);
    CHECK(cg_schedule_apply(cycle, plain, 0) == CG_ERROR_ARGUMENT && cg_optimizer_lr(plain) == 0.25);
    check_error(dev, CG_ERROR_ARGUMENT, "sgd was made without one", NULL);
    CHECK(cg_schedule_apply(cg_constant_schedule(-1), plain, 0) == CG_ERROR_ARGUMENT &&
          cg_optimizer_lr(plain) == 0.25);
    check_error(dev, CG_ERROR_ARGUMENT, "the lr at step 0 is nan", NULL);
    CHECK(cg_schedule_step(cycle, NULL) != CG_OK && cg_schedule_apply(cycle, NULL, 0) != CG_OK);
    cg_optimizer_free(adam);
    cg_optimizer_free(plain);
    cg_module_free(net);
}

/* --- reduce on plateau ------------------------------------------------------------------------------------------------ */

/* The lr after each metric, by hand. */
static void follow_plateau(const char *name, cg_plateau_options options, int n, const double *metric,
                           const double *want) {
    check_case("%s", name);
    cg_plateau p = cg_plateau_start(options);
    double lr = 1;
    for (int i = 0; i < n; i++) {
        lr = cg_plateau_lr(&p, metric[i], lr);
        CHECK_MSG(fabs(lr - want[i]) < 1e-15, "look %d: %g, expected %g", i, lr, want[i]);
    }
}

HOST_TEST(schedules, plateau) {
    const cg_plateau_options two = {.factor = 0.5, .patience = 2};
    follow_plateau("the third look without a better metric reduces", two, 8,
                   (double[]){5, 4, 4, 4, 4, 4, 4, 4}, (double[]){1, 1, 1, 1, 0.5, 0.5, 0.5, 0.25});
    follow_plateau("a better one starts the count again", two, 7, (double[]){5, 6, 6, 4.9, 6, 6, 6},
                   (double[]){1, 1, 1, 1, 1, 1, 0.5});
    const cg_plateau_options at_once = {.factor = 0.5, .patience = -1};
    follow_plateau("better by less than a ten-thousandth is not better", at_once, 4,
                   (double[]){1, 0.99995, 0.9998, 0.9998}, (double[]){1, 0.5, 0.5, 0.25});
    const cg_plateau_options absolute = {.factor = 0.5, .patience = -1, .threshold = 0.25, .absolute = true};
    follow_plateau("absolute", absolute, 4, (double[]){10, 9.76, 9.74, 9.5}, (double[]){1, 0.5, 0.5, 0.25});
    const cg_plateau_options largest = {.factor = 0.5, .patience = -1, .threshold = 0.25, .maximize = true};
    follow_plateau("the larger the better", largest, 5, (double[]){1, 1.2, 1.3, NAN, 2},
                   (double[]){1, 0.5, 0.5, 0.25, 0.25});
    const cg_plateau_options sum = {
        .factor = 0.5, .patience = -1, .threshold = 0.25, .maximize = true, .absolute = true};
    follow_plateau("the larger the better, absolute", sum, 3, (double[]){1, 1.2, 1.3},
                   (double[]){1, 0.5, 0.5});
    const cg_plateau_options cool = {.factor = 0.5, .patience = -1, .cooldown = 2};
    follow_plateau("two looks after a reduction do not count", cool, 6, (double[]){1, 1, 1, 1, 1, 1},
                   (double[]){1, 0.5, 0.5, 0.5, 0.25, 0.25});
    const cg_plateau_options least = {.factor = 0.25, .patience = -1, .min_lr = 0.2};
    follow_plateau("not below the least", least, 4, (double[]){1, 1, 1, 1}, (double[]){1, 0.25, 0.2, 0.2});
    const cg_plateau_options coarse = {.factor = 0.5, .patience = -1, .epsilon = 0.3};
    follow_plateau("not by less than epsilon", coarse, 3, (double[]){1, 1, 1}, (double[]){1, 0.5, 0.5});
    check_case("defaults");
    cg_plateau p = cg_plateau_start((cg_plateau_options){0});
    double lr = 1;
    for (int i = 0; i < 11; i++) lr = cg_plateau_lr(&p, 3, lr);
    CHECK(lr == 1 && cg_plateau_lr(&p, 3, lr) == 0.1 && cg_plateau_lr(NULL, 3, 0.5) == 0.5);
    p = cg_plateau_start((cg_plateau_options){.threshold = -1, .patience = -1});
    CHECK(cg_plateau_lr(&p, 1, 1) == 1 && cg_plateau_lr(&p, 1 - 1e-9, 1) == 1);
}

CPU_TEST(schedules, plateau_of_an_optimizer_is_saved) {
    cg_module *net = cg_mlp(dev, 2, (const int64_t[]){2, 1}, "relu");
    cg_optimizer *sgd = cg_sgd(net, (cg_sgd_options){.lr = 1});
    cg_plateau p = cg_plateau_start((cg_plateau_options){.patience = 1, .cooldown = 3});
    char text[CG_PLATEAU_TEXT];
    cg_plateau_to_text(&p, text);
    cg_plateau early = p;
    CHECK(cg_plateau_from_text(&early, text) && isinf(early.best));
    CHECK(!cg_plateau_step(&p, sgd, 1.0 / 3) && !cg_plateau_step(&p, sgd, 2) && cg_plateau_step(&p, sgd, 2));
    CHECK(cg_optimizer_lr(sgd) == 0.1 && !cg_plateau_step(&p, sgd, 2));
    cg_plateau_to_text(&p, text);
    cg_plateau again = cg_plateau_start(p.options);
    CHECK_MSG(cg_plateau_from_text(&again, text), "%s", text);
    CHECK(again.best == 1.0 / 3 && again.bad == p.bad && again.cooling == 2);
    static const char *const bad[] = {"",
                                      "best 0x1p+0 bad 1",
                                      "best 0x1p+0 bad 1 cooling 2 and",
                                      "best nan bad 1 cooling 2",
                                      "best 0x1p+0 bad -1 cooling 2",
                                      "best 0x1p+0 bad 1 cooling -2"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        CHECK_MSG(!cg_plateau_from_text(&again, bad[i]) && again.best == 1.0 / 3 && again.cooling == 2,
                  "'%s'", bad[i]);
    CHECK(!cg_plateau_from_text(NULL, text) && !cg_plateau_from_text(&again, NULL));
    CHECK(!cg_plateau_step(NULL, sgd, 1) && !cg_plateau_step(&p, NULL, 1));
    cg_optimizer_free(sgd);
    cg_module_free(net);
}
