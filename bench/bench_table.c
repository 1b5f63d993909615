#include "bench_report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *bench_seconds_text(double seconds) {
    static char text[8][24];
    static int turn;
    char *buf = text[turn = (turn + 1) % 8];
    static const char *const units[] = {"s", "ms", "us", "ns"};
    int unit = 0;
    for (; unit < 3 && seconds < 0.9995; unit++) seconds *= 1000;
    int digits = seconds < 9.995 ? 2 : seconds < 99.95 ? 1 : 0;
    snprintf(buf, sizeof text[0], "%.*f %s", digits, seconds, units[unit]);
    return seconds > 0 ? buf : "-";
}

const char *bench_processor(void) {
    static char name[128] = "unknown processor";
    FILE *file = fopen("/proc/cpuinfo", "r");
    char line[256];
    while (file && fgets(line, sizeof line, file)) {
        char *colon = strchr(line, ':');
        if (strncmp(line, "model name", 10) != 0 || !colon) continue;
        colon[1 + strcspn(colon + 1, "\n")] = 0;
        snprintf(name, sizeof name, "%.120s", colon + 2);
        break;
    }
    if (file) fclose(file);
    return name;
}

static void print_limits(const machine_limits *limits) {
    if (limits->flops == 0) return;
    printf("    limits: %.0f GFLOP/s; read, copy, triad %.0f, %.0f, %.0f GB/s in memory", limits->flops / 1e9,
           limits->memory[MACHINE_READ] / 1e9, limits->memory[MACHINE_COPY] / 1e9,
           limits->memory[MACHINE_TRIAD] / 1e9);
    if (limits->cache_bytes > 0)
        printf(", %.0f, %.0f, %.0f in cache (up to %.0f MB)", limits->cache[MACHINE_READ] / 1e9,
               limits->cache[MACHINE_COPY] / 1e9, limits->cache[MACHINE_TRIAD] / 1e9,
               limits->cache_bytes / 1e6);
    printf("\n    by %s\n", limits->source);
}

void bench_print_head(int n, const bench_target *targets) {
    double load[3] = {0};
    if (getloadavg(load, 3) < 1) load[0] = -1;
    printf("clgrad %s on %s, load average %.2f\n", cg_version(), bench_processor(), load[0]);
    for (int i = 0; i < n; i++) {
        const cg_device_info *info = cg_device_properties(targets[i].dev);
        printf("%-9s %s (%s, %s, %d units)\n", info->id, info->name, info->platform, info->driver,
               info->compute_units);
        print_limits(&targets[i].limits);
    }
}

void bench_print_columns(bool quick) {
    if (quick) printf("quick: cases marked * are smaller than their name says\n");
    printf("\n%-32s %-10s %10s  %-24s %14s %7s %7s %10s\n", "case", "on", "time", "  (least to most)", "rate",
           "limit", "error", "first");
}

/* GFLOP/s or GB/s of a case, "-" if it counts neither. */
static const char *rate_text(const bench_case *what, const int64_t *size, double seconds) {
    static char text[32];
    const bench_work *work = what->work;
    double amount = work->flops ? work->flops(size) : work->bytes ? work->bytes(size) : 0;
    if (amount == 0) return "-";
    snprintf(text, sizeof text, "%.1f %s", amount / seconds / 1e9, work->flops ? "GFLOP/s" : "GB/s");
    return text;
}

static void print_result(const bench_case *what, const int64_t *size, const bench_result *r) {
    if (!r->timed) {
        printf(" %-10s %s\n", r->target, r->note);
        return;
    }
    bool reference = strcmp(r->target, "reference") == 0;
    char range[40], share[16] = "-", error[16] = "-";
    snprintf(range, sizeof range, "(%s to %s)", bench_seconds_text(r->min), bench_seconds_text(r->max));
    if (r->floor > 0) snprintf(share, sizeof share, "%.0f %%", 100 * r->floor / r->median);
    if (!reference) snprintf(error, sizeof error, "%.2f", r->worst);
    printf(" %-10s %10s  %-24s %14s %7s %7s %10s\n", r->target, bench_seconds_text(r->median),
           reference ? "  (one run)" : range, rate_text(what, size, r->median), share, error,
           reference ? "-" : bench_seconds_text(r->first));
}

void bench_print_results(const bench_case *what, bench_size size, int n, const bench_result *results) {
    bool smaller = bench_case_size(what, size) != bench_case_size(what, BENCH_FULL);
    for (int i = 0; i < n; i++) {
        printf("%-31s%c", i == 0 ? bench_case_title(what) : "", i == 0 && smaller ? '*' : ' ');
        print_result(what, bench_case_size(what, size), &results[i]);
    }
    fflush(stdout);
}
