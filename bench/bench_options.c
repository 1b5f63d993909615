#include "bench_options.h"

#include "clgrad/status.h"

#include <argp.h>
#include <stdlib.h>

static const char help[] = "Time clgrad on every device, and hold it against the limits of the machine.\n"
                           "\v"
                           "Each case is checked against a naive reference before it is timed. All devices "
                           "are timed in turn, round by "
                           "round, after a warm-up; the time is the median of at least 7 samples and 0.3 s.\n"
                           "\n"
                           "Columns: time (median, and from the least to the most), rate (GFLOP/s or GB/s), "
                           "limit (share of what the "
                           "machine can do at best: its arithmetic, or its memory where that is what bounds "
                           "the case), error (largest, "
                           "as a share of the allowed one), first (the first call, with what it compiles).\n"
                           "\n"
                           "Exit codes: 0 done; 1 a case failed or gave a wrong result, or a file could not "
                           "be written; 2 the command "
                           "line is wrong.\n"
                           "\n"
                           "Examples:\n"
                           "  clgrad_bench --quick\n"
                           "  clgrad_bench --filter matmul --device cpu\n"
                           "  clgrad_bench --json results.json\n"
                           "\n"
                           "bench/peers/compare.py times PyTorch and NumPy on the same cases.";

enum option_key {
    KEY_DEVICE = 'd',
    KEY_FILTER = 'f',
    KEY_JSON = 'j',
    KEY_LIST = 'l',
    KEY_QUICK = 'q',
    KEY_ONLY = 0x100, /* from here on without a short form */
    KEY_TIMES_ONLY,
    KEY_SECONDS
};

static const struct argp_option options[] = {
    {"filter", KEY_FILTER, "TEXT", 0, "Only cases whose name has TEXT in it", 0},
    {"only", KEY_ONLY, "NAME", 0, "Only the case of exactly that name", 0},
    {"device", KEY_DEVICE, "NAME", 0, "Only this device: cpu, opencl:0, gpu, or a part of its name", 0},
    {"quick", KEY_QUICK, NULL, 0, "Smaller sizes and fewer samples: a look, not a measurement", 0},
    {"json", KEY_JSON, "FILE", 0, "Write the results as JSON, too", 0},
    {"seconds", KEY_SECONDS, "S", 0, "Take samples for S seconds for each case and device (default 0.3)", 0},
    {"times-only", KEY_TIMES_ONLY, NULL, 0, "Neither measure the machine's limits nor time the reference", 0},
    {"list", KEY_LIST, NULL, 0, "List the cases with their sizes, and stop", 0},
    {0},
};

static double parse_seconds(const char *text, struct argp_state *state) {
    char *end;
    double seconds = strtod(text, &end);
    if (*end || end == text || !(seconds > 0 && seconds <= 3600))
        argp_error(state, "--seconds takes a number above 0, at most 3600, not '%s'", text);
    return seconds;
}

static error_t parse_option(int key, char *arg, struct argp_state *state) {
    bench_options *o = state->input;
    switch (key) {
    case KEY_FILTER:
        o->filter = arg;
        return 0;
    case KEY_ONLY:
        o->only = arg;
        return 0;
    case KEY_DEVICE:
        o->device = arg;
        return 0;
    case KEY_QUICK:
        o->quick = true;
        return 0;
    case KEY_JSON:
        o->json = arg;
        return 0;
    case KEY_SECONDS:
        o->seconds = parse_seconds(arg, state);
        return 0;
    case KEY_TIMES_ONLY:
        o->times_only = true;
        return 0;
    case KEY_LIST:
        o->list = true;
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "'%s' is one argument too many", arg);
        return EINVAL;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void print_version(FILE *stream, struct argp_state *state) {
    (void)state;
    fprintf(stream, "clgrad_bench %s\n", cg_version());
}

bench_options bench_options_read(int argc, char **argv) {
    static const struct argp parser = {options, parse_option, NULL, help, NULL, NULL, NULL};
    setenv("ARGP_HELP_FMT", "no-dup-args-note,rmargin=100", 0);
    argp_program_version_hook = print_version;
    argp_err_exit_status = BENCH_USAGE;
    static char program[] = "clgrad_bench"; /* in messages, whatever path it was started by */
    if (argc > 0) argv[0] = program;
    bench_options read = {0};
    if (argp_parse(&parser, argc, argv, 0, NULL, &read) != 0) exit(BENCH_FAILED);
    return read;
}
