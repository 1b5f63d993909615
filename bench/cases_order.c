/* Order: one long row sorted, its places found, its running sum. */
#include "cases.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bench_input order_input(const int64_t *size, int i) {
    (void)i;
    return (bench_input){cg_shape(size[0]), -1, 1};
}

static int64_t whole(const int64_t *size) { return size[0]; }
static double value_bytes(const int64_t *size) { return 8.0 * (double)size[0]; }
static double place_bytes(const int64_t *size) { return 12.0 * (double)size[0]; }

static double copy_floor(const int64_t *size, const machine_limits *limits) {
    return machine_seconds(limits, MACHINE_COPY, value_bytes(size));
}

static cg_tensor *run_sort(bench_job *job) { return cg_sort(job->in[0], 0, false); }
static cg_tensor *run_argsort(bench_job *job) { return cg_argsort(job->in[0], 0, false); }
static cg_tensor *run_cumsum(bench_job *job) { return cg_cumsum(job->in[0], 0); }

/* The result on the host, of n elements of `size` bytes; NULL if it cannot be read. */
static void *read_result(bench_job *job, int64_t n, size_t size) {
    void *data = malloc((size_t)n * size);
    if (data && cg_to_host(job->out, data, (size_t)n * size) == CG_OK) return data;
    free(data);
    return NULL;
}

static int ascending(const void *a, const void *b) {
    const float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* Equal to what the C library makes of the input. */
static void verify_sort(bench_job *job, bench_check *check) {
    const int64_t n = job->problem->size[0];
    float *got = read_result(job, n, sizeof *got), *want = malloc((size_t)n * sizeof *want);
    check->ok = got && want;
    if (check->ok) {
        memcpy(want, job->problem->in[0], (size_t)n * sizeof *want);
        qsort(want, (size_t)n, sizeof *want, ascending);
    }
    for (int64_t i = 0; check->ok && i < n; i++) bench_check_value(check, i, got[i], want[i], 0);
    free(want);
    free(got);
}

/* Every place once, values ascending, equal ones in their order. */
static void verify_argsort(bench_job *job, bench_check *check) {
    const int64_t n = job->problem->size[0];
    const float *x = job->problem->in[0];
    int64_t *place = read_result(job, n, sizeof *place);
    char *seen = calloc((size_t)n, 1);
    check->ok = place && seen;
    for (int64_t i = 0; check->ok && i < n; i++) {
        const int64_t at = place[i], before = i ? place[i - 1] : -1;
        check->at = i;
        check->ok = at >= 0 && at < n && !seen[at];
        if (check->ok) seen[at] = 1;
        if (check->ok && i) check->ok = x[before] < x[at] || (x[before] == x[at] && before < at);
    }
    free(seen);
    free(place);
}

/* (log2 n + 64) u sum |x|: what host/backend.h promises of a scan. */
static void verify_cumsum(bench_job *job, bench_check *check) {
    const int64_t n = job->problem->size[0];
    float *got = read_result(job, n, sizeof *got);
    long double sum = 0, size = 0;
    check->ok = got != NULL;
    for (int64_t i = 0; check->ok && i < n; i++) {
        sum += job->problem->in[0][i];
        size += fabsl((long double)job->problem->in[0][i]);
        bench_check_value(check, i, got[i], sum, (log2l((long double)n) + 64) * BENCH_U * size);
    }
    free(got);
}

#define ORDER_WORK(run_it, verify_it, move)                                                                  \
    {                                                                                                        \
        .suite = "order", .n_inputs = 1, .repeat = 1, .input = order_input, .row = whole, .elements = whole, \
        .bytes = move, .floor = copy_floor, .run = run_it, .verify = verify_it                               \
    }

static const bench_work sort_work = ORDER_WORK(run_sort, verify_sort, value_bytes);
static const bench_work argsort_work = ORDER_WORK(run_argsort, verify_argsort, place_bytes);
static const bench_work cumsum_work = ORDER_WORK(run_cumsum, verify_cumsum, value_bytes);

#define SIZES                                                                                                \
    {                                                                                                        \
        {1 << 24}, {1 << 20}, { 4099 }                                                                       \
    }

const bench_case bench_cases_order[] = {
    {"sort", &sort_work, SIZES, NULL},
    {"argsort", &argsort_work, SIZES, NULL},
    {"cumsum", &cumsum_work, SIZES, NULL},
    {0},
};
