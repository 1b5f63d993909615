#include "bench_report.h"

#include <stdio.h>
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

static void print_rates(const json_t *rates) {
    printf("%.0f, %.0f, %.0f", bench_entry_number(rates, "read") / 1e9,
           bench_entry_number(rates, "copy") / 1e9, bench_entry_number(rates, "triad") / 1e9);
}

static void print_limits(const json_t *limits) {
    if (!limits) return;
    printf("    limits: %.0f GFLOP/s; read, copy, triad ", bench_entry_number(limits, "flops") / 1e9);
    print_rates(json_object_get(limits, "memory"));
    printf(" GB/s in memory");
    if (bench_entry_number(limits, "cache_bytes") > 0) {
        printf(", ");
        print_rates(json_object_get(limits, "cache"));
        printf(" in cache (up to %.0f MB)", bench_entry_number(limits, "cache_bytes") / 1e6);
    }
    printf("\n    by %s\n", bench_entry_text(limits, "source"));
}

void bench_print_head(const json_t *document) {
    const json_t *machine = json_object_get(document, "machine");
    if (machine) /* peers say nothing of it */
        printf("clgrad %s (%s) on %s, load average %.2f\n", bench_entry_text(document, "version"),
               bench_entry_text(document, "commit"), bench_entry_text(machine, "processor"),
               json_number_value(json_array_get(json_object_get(machine, "load"), 0)));
    size_t i;
    json_t *device;
    json_array_foreach(json_object_get(document, "devices"), i, device) {
        printf("%-9s %s (%s, %s, %.0f units)\n", bench_entry_text(device, "id"),
               bench_entry_text(device, "name"), bench_entry_text(device, "platform"),
               bench_entry_text(device, "driver"), bench_entry_number(device, "units"));
        print_limits(json_object_get(device, "limits"));
    }
}

void bench_print_columns(bool quick) {
    if (quick) printf("quick: cases marked * are smaller than their name says\n");
    printf("\n%-32s %-10s %10s  %-24s %14s %7s %7s %10s\n", "case", "on", "time", "  (the middle half)",
           "rate", "limit", "error", "first");
}

/* GFLOP/s or GB/s of a case, "-" if it counts neither. */
static const char *rate_text(const json_t *entry, double seconds) {
    static char text[32];
    const double flops = bench_entry_number(entry, "flops"), bytes = bench_entry_number(entry, "bytes");
    if (flops == 0 && bytes == 0) return "-";
    snprintf(text, sizeof text, "%.1f %s", (flops > 0 ? flops : bytes) / seconds / 1e9,
             flops > 0 ? "GFLOP/s" : "GB/s");
    return text;
}

static void print_times(const json_t *entry) {
    const double median = bench_entry_seconds(entry, "median"), floor = bench_entry_number(entry, "floor");
    const bool reference = strcmp(bench_entry_text(entry, "target"), "reference") == 0;
    char range[40], share[16] = "-", error[16] = "-";
    snprintf(range, sizeof range, "(%s to %s)", bench_seconds_text(bench_entry_seconds(entry, "q1")),
             bench_seconds_text(bench_entry_seconds(entry, "q3")));
    if (floor > 0) snprintf(share, sizeof share, "%.0f %%", 100 * floor / median);
    if (json_object_get(entry, "error"))
        snprintf(error, sizeof error, "%.2f", bench_entry_number(entry, "error"));
    printf(" %-10s %10s  %-24s %14s %7s %7s %10s\n", bench_entry_text(entry, "target"),
           bench_seconds_text(median), reference ? "  (one run)" : range, rate_text(entry, median), share,
           error, reference ? "-" : bench_seconds_text(bench_entry_number(entry, "first")));
}

void bench_print_entry(const json_t *entry, bool first) {
    const bool reduced = json_is_true(json_object_get(entry, "reduced"));
    printf("%-31s%c", first ? bench_entry_text(entry, "case") : "", first && reduced ? '*' : ' ');
    if (json_object_get(entry, "seconds"))
        print_times(entry);
    else
        printf(" %-10s %s\n", bench_entry_text(entry, "target"), bench_entry_text(entry, "note"));
    fflush(stdout);
}

void bench_print_all(const json_t *document) {
    size_t i;
    json_t *entry;
    const char *last = "";
    json_array_foreach(bench_document_results(document), i, entry) {
        bench_print_entry(entry, strcmp(bench_entry_text(entry, "case"), last) != 0);
        last = bench_entry_text(entry, "case");
    }
}
