#include "bench_options.h"

#include "bench/bench_suites.h"
#include "cli.h"
#include "options.h"

#include <argp.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "Time clgrad on every device, and hold it against the limits of the machine.\n"
    "\v"
    "Each case is checked against a naive reference before it is timed. All devices are timed in turn, "
    "round by round, after a warm-up; the time is the median of at least 7 samples and 0.3 s; with "
    "--quick of at least 3 samples and 0.02 s, at smaller sizes where a case has them.\n"
    "\n"
    "Columns: time (median, and the middle half of the samples), rate (GFLOP/s or GB/s), limit (share "
    "of what the machine can do at best: its arithmetic, or its memory where that is what bounds the "
    "case), error (largest, as a share of the allowed one), first (the first call, with what it "
    "compiles).\n"
    "\n"
    "--against compares with the JSON of an earlier run, case by case. Slower or faster is what differs "
    "by more than 5 % in the median, with quartiles that do not overlap. It also takes the JSON of "
    "bench/peers/compare.py, and shows the peers' times beside these.\n"
    "\n"
    "Exit codes:\n"
    "  0    done\n"
    "  1    a case failed or gave a wrong result, or a file could not be read or written\n"
    "  2    the command line was wrong\n"
    "  3    with --against: something is slower than then, beyond the noise\n"
    "  130  interrupted by Ctrl-C; the files have what was measured until then\n"
    "\n"
    "Examples:\n"
    "  clgrad bench --quick\n"
    "  clgrad bench --suite gemm,train --html bench.html\n"
    "  clgrad bench --filter matmul --device cpu --json before.json\n"
    "  clgrad bench --filter matmul --device cpu --against before.json\n"
    "  clgrad bench --from before.json --html before.html";

enum option_key {
    KEY_AGAINST = 'a',
    KEY_DEVICE = 'd',
    KEY_FILTER = 'f',
    KEY_HTML = 'H',
    KEY_JSON = 'j',
    KEY_LIST = 'l',
    KEY_QUICK = 'q',
    KEY_SUITE = 's',
    KEY_ONLY = 0x100, /* from here on without a short form */
    KEY_FROM,
    KEY_TIMES_ONLY,
    KEY_SECONDS
};

static const struct argp_option options[] = {
    {"suite", KEY_SUITE, "NAMES", 0, "Only these suites, such as gemm,train; --list names them", 0},
    {"filter", KEY_FILTER, "TEXT", 0, "Only cases whose name has TEXT in it", 0},
    {"only", KEY_ONLY, "NAMES", 0, "Only the cases of exactly these names", 0},
    {"device", KEY_DEVICE, "NAME", 0, "Only this device: cpu, opencl:0, gpu, or a part of its name", 0},
    {"quick", KEY_QUICK, NULL, 0, "Smaller sizes and fewer samples: a look, not a measurement", 0},
    {"json", KEY_JSON, "FILE", 0, "Write the results as JSON, too", 0},
    {"html", KEY_HTML, "FILE", 0, "Write a page with tables and plots, which needs nothing else", 0},
    {"against", KEY_AGAINST, "FILE", 0, "Compare with the JSON of an earlier run, or of bench/peers", 0},
    {"from", KEY_FROM, "FILE", 0, "Take the results of this JSON instead of measuring", 0},
    {"seconds", KEY_SECONDS, "S", 0, "Take samples for S seconds for each case and device (default 0.3)", 0},
    {"times-only", KEY_TIMES_ONLY, NULL, 0, "Neither measure the machine's limits nor time the reference", 0},
    {"list", KEY_LIST, NULL, 0, "List the suites, and the cases with their sizes, and stop", 0},
    {0},
};

/* Ends the program if a suite is none, naming those there are. */
static void check_suites(struct argp_state *state, const char *list) {
    size_t length;
    const char *unknown = bench_suites_unknown(list, &length);
    if (!unknown) return;
    char known[512] = "";
    for (int i = 0; bench_suite_at(i); i++) {
        size_t used = strlen(known);
        snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "", bench_suite_at(i)->name);
    }
    argp_error(state, "no suite is called '%.*s': they are %s", (int)length, unknown, known);
}

static void check_titles(struct argp_state *state, const char *list) {
    size_t length;
    const char *unknown = bench_titles_unknown(list, &length);
    if (unknown) argp_error(state, "no case is called '%.*s': --list lists them", (int)length, unknown);
}

static void check_together(struct argp_state *state, const bench_options *o) {
    if (!o->from) return;
    const bool measures = o->device || o->seconds > 0 || o->quick || o->times_only || o->list;
    if (measures || o->suite || o->filter || o->only)
        argp_error(state, "--from measures nothing: it goes with --json, --html and --against alone");
}

static error_t parse_option(int key, char *arg, struct argp_state *state) {
    bench_options *o = state->input;
    const option_place places[] = {
        {KEY_SUITE, .text = &o->suite},
        {KEY_FILTER, .text = &o->filter},
        {KEY_ONLY, .text = &o->only},
        {KEY_DEVICE, .text = &o->device},
        {KEY_JSON, .text = &o->json},
        {KEY_HTML, .text = &o->html},
        {KEY_AGAINST, .text = &o->against},
        {KEY_FROM, .text = &o->from},
        {KEY_SECONDS, .real = &o->seconds, .high = 3600},
        {KEY_QUICK, .flag = &o->quick},
        {KEY_TIMES_ONLY, .flag = &o->times_only},
        {KEY_LIST, .flag = &o->list},
        {0},
    };
    if (option_put(options, places, state, key, arg)) return 0;
    if (key != ARGP_KEY_END) return option_unknown(state, key, arg);
    if (o->suite) check_suites(state, o->suite);
    if (o->only) check_titles(state, o->only);
    check_together(state, o);
    return 0;
}

bench_options bench_options_read(int argc, char **argv) {
    static const struct argp parser = {options, parse_option, NULL, help, NULL, NULL, NULL};
    bench_options read = {0};
    const error_t failed = argp_parse(&parser, argc, argv, 0, NULL, &read);
    if (failed != 0) exit(cli_fail("%s", strerror(failed)));
    return read;
}
