#include "measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_SAMPLES = 1000, MAX_RUNS = 10000000, WARM_RUNS = 3 };

/* A sample lasts about so long at least: the clock and the final wait then weigh little. */
static const double least_sample_seconds = 2e-3;
static const double warm_seconds = 0.1;
static const double reference_budget = 1;

/* A case in the making on one device. */
typedef struct runner {
    bench_job job;
    bench_result *result;
    double sample[MAX_SAMPLES];
    double spent;
    bool ready;
} runner;

/* --- One device ----------------------------------------------------------------------------------------- */

static bool before(bench_job *job) {
    bool (*prepare)(bench_job *) = job->problem->what->work->before;
    if (!prepare) return true;
    cg_scope *scope = cg_scope_begin(job->dev);
    bool ok = prepare(job);
    cg_scope_end(scope);
    return ok && cg_device_sync(job->dev) == CG_OK;
}

/* Seconds of `runs` runs and the wait for them; below 0 on an error. */
static double time_runs(bench_job *job, long runs, bool keep) {
    if (!before(job)) return -1;
    double start = bench_now();
    for (long i = 0; i < runs; i++)
        if (!bench_run(job, keep)) return -1;
    return cg_device_sync(job->dev) == CG_OK ? bench_now() - start : -1;
}

static void fail(runner *r, const char *why) {
    r->ready = false;
    r->result->failed = true;
    snprintf(r->result->note, sizeof r->result->note, "%s", why && *why ? why : "failed without a message");
}

/* Fails by what the last call left behind. */
static void fail_call(runner *r) { fail(r, r->job.why ? r->job.why : cg_error_message(r->job.dev)); }

/* The first run, and whether its result is right. */
static bool first_run(runner *r) {
    cg_device_stats start = cg_device_statistics(r->job.dev);
    double first = time_runs(&r->job, 1, true);
    r->result->build = cg_device_statistics(r->job.dev).build_seconds - start.build_seconds;
    r->result->first = first / r->job.problem->what->work->repeat;
    bench_check check;
    if (first < 0 || !bench_verify(&r->job, &check)) {
        fail_call(r);
        return false;
    }
    r->result->worst = check.worst;
    if (check.ok) return true;
    char text[BENCH_NOTE];
    snprintf(text, sizeof text, "WRONG at %lld: %.9g, expected %.9g (%.3g of the allowed error)",
             (long long)check.at, check.got, check.want, check.worst);
    fail(r, text);
    return false;
}

/* What one run makes the device do, after the first few; the wait at the end of a sample is not counted. */
static bool count_work(runner *r) {
    if (!before(&r->job)) return false;
    const double repeat = r->job.problem->what->work->repeat;
    const cg_device_stats start = cg_device_statistics(r->job.dev);
    if (!bench_run(&r->job, false)) return false;
    const cg_device_stats end = cg_device_statistics(r->job.dev);
    r->result->launches = (double)(end.launches - start.launches) / repeat;
    r->result->moved =
        (double)(end.bytes_read - start.bytes_read + end.bytes_written - start.bytes_written) / repeat;
    r->result->allocations = (double)(end.device_allocs - start.device_allocs) / repeat;
    r->result->waits = (double)(end.host_syncs - start.host_syncs) / repeat;
    for (int kind = 0; kind < CG_WORK_COUNT; kind++)
        r->result->work += (double)(end.work[kind] - start.work[kind]) / repeat;
    return cg_device_sync(r->job.dev) == CG_OK;
}

/* So long that MAX_SAMPLES of them are more than the time that is asked for. */
static double sample_seconds(const bench_effort *effort) {
    const double seconds = 2 * effort->seconds / MAX_SAMPLES;
    return seconds > least_sample_seconds ? seconds : least_sample_seconds;
}

/* Runs until the device has chosen its kernels and woken up, then finds the runs of a sample. */
static bool warm_up(runner *r, const bench_effort *effort) {
    double start = bench_now(), least = 0; /* of one run: a single one may have been held up */
    for (int i = 0; i < WARM_RUNS || bench_now() - start < warm_seconds; i++) {
        const double seconds = time_runs(&r->job, 1, false);
        if (seconds < 0) return false;
        if (i == 0 || seconds < least) least = seconds;
        if (bench_now() - start > 20 * warm_seconds && i > 0) break;
    }
    bool single = r->job.problem->what->work->before != NULL;
    double runs = single || least <= 0 ? 1 : sample_seconds(effort) / least + 1;
    r->result->runs = runs < MAX_RUNS ? (long)runs : MAX_RUNS;
    return true;
}

static bool stopped(const bench_effort *effort) { return effort->stop && *effort->stop; }

static void begin(runner *r, bench_problem *problem, bench_target *target, const bench_effort *effort,
                  bench_result *result) {
    r->result = result;
    r->result->target = cg_device_properties(target->dev)->id;
    cg_error_clear(target->dev);
    const bench_work *work = problem->what->work;
    if (work->floor && target->limits.flops > 0)
        result->floor = work->floor(problem->size, &target->limits) / work->repeat;
    if (!bench_job_begin(&r->job, problem, target->dev)) {
        fail_call(r);
        return;
    }
    if (!first_run(r)) return;
    r->ready = warm_up(r, effort) && count_work(r);
    if (!r->ready) fail_call(r);
}

/* --- All of them in turn -------------------------------------------------------------------------------- */

static bool enough(const runner *r, const bench_effort *effort) {
    int n = r->result->samples;
    if (!r->ready || n == MAX_SAMPLES) return true;
    return (n >= effort->samples && r->spent >= effort->seconds) || (n >= 2 && r->spent >= effort->limit);
}

/* The run before is not timed: threads of this device sleep while another one is at work. */
static void take_sample(runner *r, bool wake) {
    if (wake && time_runs(&r->job, 1, false) < 0) {
        fail_call(r);
        return;
    }
    double seconds = time_runs(&r->job, r->result->runs, false);
    if (seconds < 0) {
        fail_call(r);
        return;
    }
    double each = seconds / ((double)r->result->runs * r->job.problem->what->work->repeat);
    r->sample[r->result->samples++] = each;
    r->spent += seconds;
}

static int ascending(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Between the two samples that lie around it. */
static double quantile(const double *sample, int n, double share) {
    const double at = share * (n - 1);
    const int below = (int)at, above = below + 1 < n ? below + 1 : below;
    return sample[below] + (at - below) * (sample[above] - sample[below]);
}

static void summarise(runner *r) {
    const int n = r->ready ? r->result->samples : 0;
    if (n == 0) return;
    qsort(r->sample, (size_t)n, sizeof *r->sample, ascending);
    r->result->timed = true;
    r->result->min = r->sample[0];
    r->result->max = r->sample[n - 1];
    r->result->q1 = quantile(r->sample, n, 0.25);
    r->result->median = quantile(r->sample, n, 0.5);
    r->result->q3 = quantile(r->sample, n, 0.75);
}

static void measure_reference(bench_problem *problem, bench_result *result) {
    bool whole;
    double seconds = bench_reference(problem, reference_budget, &whole);
    result->target = "reference";
    result->timed = whole;
    if (whole) {
        result->first = result->min = result->q1 = result->median = result->q3 = result->max = seconds;
        result->samples = 1;
        result->runs = 1;
    } else {
        snprintf(result->note, sizeof result->note, "not run: it would take about %.0f s", seconds);
    }
}

static void sample_in_turn(int n, runner *runners, const bench_effort *effort) {
    for (bool more = true; more && !stopped(effort);) {
        more = false;
        for (int i = 0; i < n; i++) {
            if (enough(&runners[i], effort)) continue;
            take_sample(&runners[i], n > 1);
            more = true;
        }
    }
}

int bench_measure(const bench_case *what, const bench_effort *effort, int n, bench_target *targets,
                  bench_result *results) {
    bench_problem *problem = bench_problem_new(what, effort->size);
    runner *runners = calloc((size_t)n, sizeof *runners);
    int count = 0;
    if (!problem || !runners) goto end;
    memset(results, 0, (size_t)(n + 1) * sizeof *results);
    if (effort->reference && what->work->expect) measure_reference(problem, &results[count++]);
    for (int i = 0; i < n && !stopped(effort); i++)
        begin(&runners[i], problem, &targets[i], effort, &results[count++]);
    sample_in_turn(n, runners, effort);
    for (int i = 0; i < n; i++) {
        summarise(&runners[i]);
        bench_job_end(&runners[i].job);
        cg_device_trim(targets[i].dev);
    }
    if (stopped(effort)) count = 0;
end:
    free(runners);
    bench_problem_free(problem);
    return count;
}

/* --- Limits through the library itself ------------------------------------------------------------------ */

/* The best of several runs of op(x), in seconds; 0 on an error. */
static double best_time(cg_device *dev, cg_tensor *x, cg_tensor *(*op)(cg_tensor *)) {
    double best = 0;
    for (int i = 0; i < 12; i++) {
        cg_scope *scope = cg_scope_begin(dev);
        double start = bench_now();
        bool ok = cg_eval(op(x)) && cg_device_sync(dev) == CG_OK;
        double seconds = bench_now() - start;
        cg_scope_end(scope);
        if (!ok) return 0;
        if (best == 0 || seconds < best) best = seconds;
    }
    return best;
}

static cg_tensor *with_itself(cg_tensor *x) { return cg_matmul(x, x); }

bool bench_device_limits(cg_device *dev, machine_limits *limits) {
    enum { SIDE = 4096, COPIED = 1 << 26 };
    cg_scope *scope = cg_scope_begin(dev);
    double product =
        best_time(dev, cg_eval(cg_uniform(dev, CG_F32, cg_shape(SIDE, SIDE), -1, 1)), with_itself);
    double copy = best_time(dev, cg_eval(cg_uniform(dev, CG_F32, cg_shape(COPIED), -1, 1)), cg_clone);
    cg_scope_end(scope);
    cg_device_trim(dev);
    if (product == 0 || copy == 0) return false;
    *limits = (machine_limits){.flops = 2.0 * SIDE * SIDE * SIDE / product};
    for (int kind = 0; kind < MACHINE_TRAFFICS; kind++)
        limits->memory[kind] = limits->cache[kind] = 2.0 * sizeof(float) * COPIED / copy;
    snprintf(limits->source, sizeof limits->source, "this library's product of 4096^3 and copy of 256 MiB");
    return true;
}
