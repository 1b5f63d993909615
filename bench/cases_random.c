/* Random numbers: how many bytes a second each distribution makes, beside a copy's. */
#include "cases.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bench_input ones_input(const int64_t *size, int i) {
    (void)i;
    return (bench_input){cg_shape(size[0]), 1, 1};
}

static int64_t whole(const int64_t *size) { return size[0]; }
static double bytes_1(const int64_t *size) { return (double)size[0]; }
static double bytes_4(const int64_t *size) { return 4.0 * (double)size[0]; }
static double bytes_8(const int64_t *size) { return 8.0 * (double)size[0]; }

/* Half of what a copy of as much takes: nothing is read. */
static double floor_1(const int64_t *size, const machine_limits *limits) {
    return machine_seconds(limits, MACHINE_COPY, bytes_1(size));
}
static double floor_4(const int64_t *size, const machine_limits *limits) {
    return machine_seconds(limits, MACHINE_COPY, bytes_4(size));
}
static double floor_8(const int64_t *size, const machine_limits *limits) {
    return machine_seconds(limits, MACHINE_COPY, bytes_8(size));
}

/* --- What is drawn, and the mean and the variance it must have ----------------------------------------------------- */

static cg_dims shape_of(const bench_job *job) { return cg_shape(job->problem->size[0]); }

static cg_tensor *run_uniform(bench_job *job) { return cg_uniform(job->dev, CG_F32, shape_of(job), 0, 1); }
static cg_tensor *run_normal(bench_job *job) { return cg_normal(job->dev, CG_F32, shape_of(job), 0, 1); }
static cg_tensor *run_exponential(bench_job *job) {
    return cg_exponential(job->dev, CG_F32, shape_of(job), 1);
}
static cg_tensor *run_gamma(bench_job *job) { return cg_gamma(job->dev, CG_F32, shape_of(job), 2.5, 1); }
static cg_tensor *run_integers(bench_job *job) {
    return cg_integers(job->dev, CG_I64, shape_of(job), 0, 1000);
}
static cg_tensor *run_bernoulli(bench_job *job) { return cg_bernoulli(job->dev, shape_of(job), 0.25); }
static cg_tensor *run_permutation(bench_job *job) { return cg_permutation(job->dev, job->problem->size[0]); }
static cg_tensor *run_dropout(bench_job *job) { return cg_dropout(job->in[0], 0.25); }

/* The mean of all results within five standard errors: that what is timed is what is meant. */
static void check_mean(bench_job *job, bench_check *check, double mean, double deviation) {
    double got = 0;
    cg_tensor *sum = cg_mean(cg_cast(job->out, CG_F32), CG_ALL_AXES, false);
    check->ok = sum && cg_item(sum, &got) == CG_OK;
    if (check->ok)
        bench_check_value(check, 0, got, mean, 5 * deviation / sqrt((double)job->problem->size[0]) + 1e-6);
}

#define VERIFY(name, mean, deviation)                                                                        \
    static void verify_##name(bench_job *job, bench_check *check) { check_mean(job, check, mean, deviation); }
VERIFY(uniform, 0.5, 0.289)
VERIFY(normal, 0, 1)
VERIFY(exponential, 1, 1)
VERIFY(gamma, 2.5, 1.59)
VERIFY(integers, 499.5, 289)
VERIFY(bernoulli, 0.25, 0.434)
VERIFY(dropout, 1, 0.578)

/* Every number once. */
static void verify_permutation(bench_job *job, bench_check *check) {
    const int64_t n = job->problem->size[0];
    int64_t *order = malloc((size_t)n * sizeof *order);
    char *seen = calloc((size_t)n, 1);
    check->ok = order && seen && cg_to_host(job->out, order, (size_t)n * sizeof *order) == CG_OK;
    for (int64_t i = 0; check->ok && i < n; i++) {
        check->at = i;
        check->ok = order[i] >= 0 && order[i] < n && !seen[order[i]];
        if (check->ok) seen[order[i]] = 1;
    }
    free(seen);
    free(order);
}

#define RANDOM_WORK(name, width, inputs)                                                                     \
    static const bench_work name##_work = {.suite = "random",                                                \
                                           .n_inputs = inputs,                                               \
                                           .repeat = 1,                                                      \
                                           .input = ones_input,                                              \
                                           .row = whole,                                                     \
                                           .elements = whole,                                                \
                                           .bytes = bytes_##width,                                           \
                                           .floor = floor_##width,                                           \
                                           .run = run_##name,                                                \
                                           .verify = verify_##name}
RANDOM_WORK(uniform, 4, 0);
RANDOM_WORK(normal, 4, 0);
RANDOM_WORK(exponential, 4, 0);
RANDOM_WORK(gamma, 4, 0);
RANDOM_WORK(integers, 8, 0);
RANDOM_WORK(bernoulli, 1, 0);
RANDOM_WORK(permutation, 8, 0);
RANDOM_WORK(dropout, 8, 1);

#define SIZES                                                                                                \
    {                                                                                                        \
        {1 << 24}, {1 << 20}, { 4099 }                                                                       \
    }

const bench_case bench_cases_random[] = {
    {"uniform", &uniform_work, SIZES, NULL},
    {"normal", &normal_work, SIZES, NULL},
    {"exponential", &exponential_work, SIZES, NULL},
    {"gamma", &gamma_work, SIZES, NULL},
    {"integers", &integers_work, SIZES, NULL},
    {"bernoulli", &bernoulli_work, SIZES, NULL},
    {"permutation", &permutation_work, {{1 << 22}, {1 << 18}, {4099}}, NULL},
    {"dropout", &dropout_work, SIZES, NULL},
    {0},
};
