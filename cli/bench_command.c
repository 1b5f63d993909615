/* clgrad bench: measures the machine, then every case on every device, and writes down what came out. */
#include "bar.h"
#include "bench/bench_compare.h"
#include "bench/bench_file.h"
#include "bench/bench_page.h"
#include "bench/bench_report.h"
#include "bench/bench_suites.h"
#include "bench_options.h"
#include "cli.h"
#include "interrupt.h"

#include <errno.h>
#include <string.h>

static const double limits_seconds = 2;

/* --- Which cases ---------------------------------------------------------------------------------------- */

static bool wanted(const bench_options *options, const bench_case *what) {
    const char *title = bench_case_title(what);
    if (!bench_titles_have(options->only, title)) return false;
    if (options->filter && !strstr(title, options->filter)) return false;
    return bench_suites_have(options->suite, what);
}

static int count_wanted(const bench_options *options) {
    int cases = 0;
    for (int i = 0; bench_any_case_at(i); i++) cases += wanted(options, bench_any_case_at(i));
    return cases;
}

/* The suites as remarks, then a line for each case: what reads the list takes the lines with a name in front. */
static int list_cases(const bench_options *options) {
    bool narrowed = options->suite || options->filter || options->only;
    for (int i = 0; bench_suite_at(i) && !narrowed; i++)
        printf("# suite %-10s %s\n", bench_suite_at(i)->name, bench_suite_at(i)->about);
    for (int i = 0; bench_any_case_at(i); i++) {
        const bench_case *what = bench_any_case_at(i);
        if (!wanted(options, what)) continue;
        const int64_t *size = bench_case_size(what, options->quick ? BENCH_QUICK : BENCH_FULL);
        printf("%-32s", bench_case_title(what));
        for (int j = 0; j < bench_case_sizes(what) && size[j]; j++) printf(" %lld", (long long)size[j]);
        putchar('\n');
    }
    return CLI_OK;
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
        if (!info.usable) cli_fail("%s (%s) is left out: %s", info.id, info.name, info.reason);
        if (!worthwhile(&info)) continue;
        targets[n].dev = cg_device_open(info.id);
        if (targets[n].dev)
            n++;
        else
            cli_fail("%s is left out: %s", info.id, cg_error_message(NULL));
    }
    return n;
}

static int open_devices(const bench_options *options, bench_target *targets) {
    if (!options->device) return open_all(targets);
    targets[0].dev = cg_device_open(options->device);
    if (!targets[0].dev) cli_fail("%s", cg_error_message(NULL));
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
                cli_fail("no limits: %s", cg_error_message(targets[i].dev));
            continue;
        }
        if (machine.flops == 0 && !machine_limits_measure(&machine, cpu_threads(), limits_seconds))
            cli_fail("no limits of this machine: out of memory or threads");
        targets[i].limits = machine;
    }
}

/* --- Measuring ------------------------------------------------------------------------------------------ */

static bench_effort effort_of(const bench_options *options) {
    bench_effort effort = {BENCH_FULL, 7, 0.3, 10, !options->times_only, interrupt_flag()};
    if (options->quick)
        effort = (bench_effort){BENCH_QUICK, 3, 0.02, 1, !options->times_only, interrupt_flag()};
    if (options->seconds > 0) effort.seconds = options->seconds;
    if (effort.limit < effort.seconds) effort.limit = effort.seconds;
    return effort;
}

/* Measures a case, prints it and notes it. Returns how many results are wrong or missing. */
static int run_case(const bench_case *what, const bench_effort *effort, int n, bench_target *targets,
                    json_t *document, bar *progress) {
    bench_result results[BENCH_TARGETS + 1];
    const int count = bench_measure(what, effort, n, targets, results);
    bar_clear(progress);
    if (count == 0 && interrupted()) return 0;
    int failures = count == 0;
    if (count == 0) cli_fail("%s: out of memory", bench_case_title(what));
    for (int r = 0; r < count; r++) {
        const json_t *entry = bench_document_add(document, what, effort->size, &results[r]);
        failures += results[r].failed || !entry;
        if (entry) bench_print_entry(entry, r == 0);
    }
    return failures;
}

/* Returns how many results are wrong or missing. */
static int run_cases(const bench_options *options, int n, bench_target *targets, json_t *document) {
    const bench_effort effort = effort_of(options);
    const int cases = count_wanted(options);
    bar progress = bar_begin(true);
    int failures = 0, done = 0;
    for (int i = 0; bench_any_case_at(i) && !interrupted(); i++) {
        const bench_case *what = bench_any_case_at(i);
        if (!wanted(options, what)) continue;
        progress.drawn_at = 0;
        bar_draw(&progress, (double)done / cases, "%d of %d: %s", done + 1, cases, bench_case_title(what));
        failures += run_case(what, &effort, n, targets, document, &progress);
        done++;
    }
    if (interrupted()) json_object_set_new(document, "interrupted", json_true());
    return failures;
}

/* The document of what was measured; NULL after a failure. *failures counts wrong results. */
static json_t *measure(const bench_options *options, int *failures) {
    if (count_wanted(options) == 0) return cli_fail("no case is called so: --list lists them"), NULL;
    bench_target targets[BENCH_TARGETS] = {{0}};
    const int n = open_devices(options, targets);
    if (n == 0) return NULL;
    interrupt_watch();
    if (!options->times_only) measure_limits(n, targets);
    json_t *document = bench_document_new(options->quick, n, targets);
    if (document) {
        bench_print_head(document);
        bench_print_columns(options->quick);
        *failures = run_cases(options, n, targets, document);
    } else {
        cli_fail("out of memory");
    }
    for (int i = 0; i < n; i++) cg_device_close(targets[i].dev);
    return document;
}

/* --- What came out -------------------------------------------------------------------------------------- */

static json_t *read_document(const char *path) {
    char why[BENCH_WHY];
    json_t *document = bench_document_read(path, why);
    if (!document) cli_fail("'%s': %s", path, why);
    return document;
}

/* Before anything is measured, since that takes long. */
static bool files_possible(const bench_options *options) {
    const char *const paths[] = {options->json, options->html};
    for (int i = 0; i < 2; i++) {
        if (!paths[i] || bench_file_possible(paths[i])) continue;
        cli_fail("'%s' cannot be written: %s", paths[i], strerror(errno));
        return false;
    }
    return true;
}

/* Writes what was asked for, and compares. Returns the exit code. */
static int report(const bench_options *options, json_t *document, json_t *earlier, int failures) {
    bench_comparison sum = {0};
    if (earlier) {
        sum = bench_compare(document, earlier);
        bench_print_comparison(document, earlier, options->against, &sum);
        bench_print_peers(document, earlier);
    }
    int code = CLI_OK;
    if (options->json && !bench_document_write(document, options->json))
        code = cli_fail("'%s' could not be written: %s", options->json, strerror(errno));
    if (options->html && !bench_page_write(document, earlier, options->html))
        code = cli_fail("'%s' could not be written: %s", options->html, strerror(errno));
    const bool written = code == CLI_OK && (options->json || options->html);
    if (failures) code = cli_fail("%d results are wrong or missing", failures);
    if (interrupted()) {
        cli_fail("interrupted%s", written ? "; the results so far are written" : "");
        return CLI_INTERRUPTED;
    }
    return code == CLI_OK && sum.slower ? BENCH_SLOWER : code;
}

int bench_command(int argc, char **argv) {
    const bench_options options = bench_options_read(argc, argv);
    if (options.list) return list_cases(&options);
    if (!files_possible(&options)) return CLI_FAILED;
    json_t *earlier = options.against ? read_document(options.against) : NULL;
    if (options.against && !earlier) return CLI_FAILED;
    int failures = 0;
    json_t *document = options.from ? read_document(options.from) : measure(&options, &failures);
    if (document && options.from) {
        bench_print_head(document);
        bench_print_columns(json_is_true(json_object_get(document, "quick")));
        bench_print_all(document);
    }
    const int code = document ? report(&options, document, earlier, failures) : CLI_FAILED;
    json_decref(document);
    json_decref(earlier);
    return code;
}
