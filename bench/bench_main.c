/* clgrad_bench: measures the machine, then every case on every device. */
#include "bench_options.h"
#include "bench_report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double limits_seconds = 2;

static int complain(const char *format, ...) {
    va_list args;
    va_start(args, format);
    fflush(stdout);
    fputs("clgrad_bench: ", stderr);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
    return BENCH_FAILED;
}

/* All cases, the operations of the catalog last; NULL after them. */
static const bench_case *any_case_at(int i) {
    int cases = 0;
    while (bench_case_at(cases)) cases++;
    return i < cases ? bench_case_at(i) : bench_operation_at(i - cases);
}

static bool wanted(const bench_options *options, const bench_case *what) {
    const char *title = bench_case_title(what);
    if (options->only && strcmp(title, options->only) != 0) return false;
    return !options->filter || strstr(title, options->filter);
}

static int list_cases(const bench_options *options) {
    for (int i = 0; any_case_at(i); i++) {
        const bench_case *what = any_case_at(i);
        if (!wanted(options, what)) continue;
        const int64_t *size = bench_case_size(what, options->quick ? BENCH_QUICK : BENCH_FULL);
        printf("%-32s", bench_case_title(what));
        for (int j = 0; j < BENCH_SIZES && size[j]; j++) printf(" %lld", (long long)size[j]);
        putchar('\n');
    }
    return BENCH_OK;
}

/* --- Devices -------------------------------------------------------------------------------------------- */

/* An interpreter of kernels is measured only where it is asked for. */
static bool worthwhile(const cg_device_info *info) {
    return info->usable && !strstr(info->platform, "Oclgrind");
}

static int open_all(bench_target *targets) {
    int n = 0;
    for (int i = cg_device_count() - 1; i >= 0 && n < BENCH_TARGETS;
         i--) { /* the CPU backend is listed last */
        cg_device_info info;
        if (cg_device_describe(i, &info) != CG_OK) continue;
        if (!info.usable) complain("%s (%s) is left out: %s", info.id, info.name, info.reason);
        if (!worthwhile(&info)) continue;
        targets[n].dev = cg_device_open(info.id);
        if (targets[n].dev)
            n++;
        else
            complain("%s is left out: %s", info.id, cg_error_message(NULL));
    }
    return n;
}

static int open_devices(const bench_options *options, bench_target *targets) {
    if (!options->device) return open_all(targets);
    targets[0].dev = cg_device_open(options->device);
    if (!targets[0].dev) complain("%s", cg_error_message(NULL));
    return targets[0].dev != NULL;
}

/* Threads of the CPU backend, whether it is measured or not. */
static int cpu_threads(void) {
    cg_device_info info;
    return cg_device_describe(cg_device_count() - 1, &info) == CG_OK ? info.compute_units : 1;
}

/* Devices that are this processor share its limits; the others are measured by what they do best. */
static void measure_limits(int n, bench_target *targets) {
    machine_limits machine = {0};
    for (int i = 0; i < n; i++) {
        if (cg_device_properties(targets[i].dev)->type != CG_DEVICE_CPU) {
            if (!bench_device_limits(targets[i].dev, &targets[i].limits))
                complain("no limits: %s", cg_error_message(targets[i].dev));
            continue;
        }
        if (machine.flops == 0 && !machine_limits_measure(&machine, cpu_threads(), limits_seconds))
            complain("no limits of this machine: out of memory or threads");
        targets[i].limits = machine;
    }
}

/* --- Cases ---------------------------------------------------------------------------------------------- */

static bench_effort effort_of(const bench_options *options) {
    bench_effort effort = {BENCH_FULL, 7, 0.3, 10, !options->times_only};
    if (options->quick) effort = (bench_effort){BENCH_QUICK, 3, 0.02, 1, !options->times_only};
    if (options->seconds > 0) effort.seconds = options->seconds;
    if (effort.limit < effort.seconds) effort.limit = effort.seconds;
    return effort;
}

/* Returns how many results are wrong or missing; -1 if no case is wanted. */
static int run_cases(const bench_options *options, int n, bench_target *targets, bench_json *json) {
    const bench_effort effort = effort_of(options);
    int failures = 0, cases = 0;
    for (int i = 0; any_case_at(i); i++) {
        const bench_case *what = any_case_at(i);
        if (!wanted(options, what)) continue;
        cases++;
        bench_result results[BENCH_TARGETS + 1];
        int count = bench_measure(what, &effort, n, targets, results);
        if (count == 0) failures++, complain("%s: out of memory", bench_case_title(what));
        for (int r = 0; r < count; r++) failures += results[r].failed;
        bench_print_results(what, effort.size, count, results);
        if (json && !bench_json_add(json, what, effort.size, count, results)) failures++;
    }
    return cases ? failures : -1;
}

static int measure_all(const bench_options *options, int n, bench_target *targets) {
    if (!options->times_only) measure_limits(n, targets);
    bench_json *json = options->json ? bench_json_new(options->quick, n, targets) : NULL;
    if (options->json && !json) return complain("out of memory");
    bench_print_head(n, targets);
    bench_print_columns(options->quick);
    int failures = run_cases(options, n, targets, json);
    if (!bench_json_end(json, options->json)) return complain("%s could not be written", options->json);
    if (failures < 0) return complain("no case is called so: --list lists them");
    if (failures) return complain("%d results are wrong or missing", failures);
    return fflush(stdout) == 0 && !ferror(stdout) ? BENCH_OK : complain("the output could not be written");
}

int main(int argc, char **argv) {
    const bench_options options = bench_options_read(argc, argv);
    if (options.list) return list_cases(&options);
    bench_target targets[BENCH_TARGETS] = {{0}};
    int n = open_devices(&options, targets);
    int code = n > 0 ? measure_all(&options, n, targets) : BENCH_FAILED;
    for (int i = 0; i < n; i++) cg_device_close(targets[i].dev);
    return code;
}
