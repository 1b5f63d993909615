#include "bench_compare.h"

#include "bench_report.h"

#include <string.h>

/* Sizes that are not known, as a peer's, are the same: its cases are named by them. */
static bool same_size(const json_t *a, const json_t *b) {
    const json_t *x = json_object_get(a, "size"), *y = json_object_get(b, "size");
    return !x || !y || json_equal(x, y);
}

static const char *verdict(const json_t *now, const json_t *before) {
    const double ratio = bench_entry_seconds(now, "median") / bench_entry_seconds(before, "median");
    if (ratio > 1 + BENCH_TOLERANCE && bench_entry_seconds(now, "q1") > bench_entry_seconds(before, "q3"))
        return "slower";
    if (ratio * (1 + BENCH_TOLERANCE) < 1 &&
        bench_entry_seconds(now, "q3") < bench_entry_seconds(before, "q1"))
        return "faster";
    return "same";
}

bench_comparison bench_compare(json_t *document, const json_t *earlier) {
    bench_comparison sum = {0};
    size_t i;
    json_t *entry;
    json_array_foreach(json_object_get(document, "results"), i, entry) {
        json_object_del(entry, "against"); /* of another comparison */
        const char *target = bench_entry_text(entry, "target");
        const json_t *before = bench_document_find(earlier, bench_entry_text(entry, "case"), target);
        if (!before || strcmp(target, "reference") == 0 || bench_entry_seconds(entry, "median") == 0 ||
            bench_entry_seconds(before, "median") == 0)
            continue;
        if (!same_size(entry, before)) {
            sum.otherwise++;
            continue;
        }
        const char *is = verdict(entry, before);
        sum.compared++;
        sum.slower += strcmp(is, "slower") == 0;
        sum.faster += strcmp(is, "faster") == 0;
        const double median = bench_entry_seconds(before, "median");
        json_object_set_new(entry, "against",
                            json_pack("{s:f, s:f, s:f, s:f, s:s}", "median", median, "q1",
                                      bench_entry_seconds(before, "q1"), "q3",
                                      bench_entry_seconds(before, "q3"), "ratio",
                                      median / bench_entry_seconds(entry, "median"), "verdict", is));
    }
    return sum;
}

/* --- Printing ------------------------------------------------------------------------------------------- */

static const char *processor_of(const json_t *document) {
    return bench_entry_text(json_object_get(document, "machine"), "processor");
}

static void print_line(const json_t *entry) {
    const json_t *against = json_object_get(entry, "against");
    if (!against) return;
    const char *is = bench_entry_text(against, "verdict");
    printf("%-32s %-10s %10s %10s %8.2fx  %s\n", bench_entry_text(entry, "case"),
           bench_entry_text(entry, "target"), bench_seconds_text(bench_entry_seconds(entry, "median")),
           bench_seconds_text(bench_entry_number(against, "median")), bench_entry_number(against, "ratio"),
           strcmp(is, "slower") == 0   ? "SLOWER"
           : strcmp(is, "faster") == 0 ? "faster"
                                       : "");
}

void bench_print_comparison(const json_t *document, const json_t *earlier, const char *name,
                            const bench_comparison *sum) {
    printf("\nAgainst %s: %s%s%s\n", name, bench_entry_text(earlier, "date"),
           *bench_entry_text(earlier, "commit") ? ", commit " : "", bench_entry_text(earlier, "commit"));
    if (*processor_of(earlier) && strcmp(processor_of(earlier), processor_of(document)) != 0)
        printf("measured on another processor: %s\n", processor_of(earlier));
    if (sum->compared) printf("%-32s %-10s %10s %10s %9s\n", "case", "on", "now", "then", "then/now");
    size_t i;
    json_t *entry;
    json_array_foreach(bench_document_results(document), i, entry) print_line(entry);
    printf("%d compared: %d slower and %d faster beyond the noise\n", sum->compared, sum->slower,
           sum->faster);
    if (sum->otherwise) printf("%d more were measured at other sizes\n", sum->otherwise);
}

static bool is_device(const json_t *document, const char *target) {
    size_t i;
    json_t *device;
    json_array_foreach(json_object_get(document, "devices"), i,
                       device) if (strcmp(bench_entry_text(device, "id"), target) == 0) return true;
    return false;
}

/* A device of the earlier run that this one left out is no peer. */
static bool is_peer(const json_t *document, const json_t *peers, const char *target) {
    return !is_device(document, target) && !is_device(peers, target) && strcmp(target, "reference") != 0;
}

static void print_peer(const json_t *document, const json_t *peer) {
    const char *title = bench_entry_text(peer, "case"), *target = bench_entry_text(peer, "target");
    const double median = bench_entry_seconds(peer, "median");
    if (median == 0) return;
    size_t i;
    json_t *entry;
    json_array_foreach(bench_document_results(document), i, entry) {
        const char *device = bench_entry_text(entry, "target");
        const double own = bench_entry_seconds(entry, "median");
        if (own == 0 || strcmp(bench_entry_text(entry, "case"), title) != 0 || !is_device(document, device))
            continue;
        printf("%-32s %-10s %10s  %-10s %10s %8.2fx\n", title, device, bench_seconds_text(own), target,
               bench_seconds_text(median), median / own);
    }
}

void bench_print_peers(const json_t *document, const json_t *peers) {
    size_t i;
    json_t *entry;
    json_array_foreach(bench_document_results(peers), i,
                       entry) if (is_peer(document, peers, bench_entry_text(entry, "target")))
        print_peer(document, entry);
}
