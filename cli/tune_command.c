/* clgrad tune: measures the ways a device has to compute products, and keeps the fastest right one of each class. */
#include "bar.h"
#include "bench/bench_file.h"
#include "cli.h"
#include "interrupt.h"
#include "json_text.h"
#include "options.h"
#include "tune_products.h"

#include <argp.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "Measure the ways a device has to compute matrix products, for the sizes that training uses, and "
    "keep the fastest for each.\n"
    "\v"
    "Every candidate must first multiply right. All runs in a process of its own: a candidate whose "
    "kernel hangs or crashes, or whose products are wrong, is left out, said so, and not used again by "
    "any program on this device. The choices are kept in the cache (CLGRAD_CACHE) after each product, "
    "so that a run which was interrupted goes on where it was; --again begins anew. Without this "
    "command the library measures when it first meets a class of products, unless its choice is known "
    "for the device. Only OpenCL devices have several ways; of another there is nothing to tune.\n"
    "\n"
    "Examples:\n"
    "  clgrad tune\n"
    "  clgrad tune --device opencl:0 --quick\n"
    "  clgrad tune --again --json tuned.json\n"
    "\n" CLI_HELP_END;

enum { OPTION_WORKER = 256, OPTION_LIMIT };

static const struct argp_option options[] = {
    {"device", 'D', "NAME", 0, "The device to take (default: the best, or CLGRAD_DEVICE)", 0},
    {"quick", 'q', NULL, 0, "A few products only", 0},
    {"again", 'a', NULL, 0, "Forget what is known of the device, and measure all anew", 0},
    {"json", 'j', "FILE", 0, "Write the results to a file as JSON", 0},
    {"limit", OPTION_LIMIT, "SECONDS", 0, "How long a candidate may take for one product (default 60)", 0},
    {"worker", OPTION_WORKER, NULL, OPTION_HIDDEN, NULL, 0},
    {0},
};

typedef struct tune_options {
    const char *device, *json;
    bool quick, again, worker;
    int limit;
} tune_options;

typedef struct tuning {
    const tune_options *options;
    tune_worker worker;
    bar bar;
    char device[TUNE_TEXT];
    bool failed; /* something could not be kept */
    int n_candidates, n_results, n_products;
    char name[TUNE_CANDIDATES][TUNE_NAME];
    char avoided[TUNE_CANDIDATES][TUNE_TEXT]; /* why; "" if it is not */
    tune_result *result;
} tuning;

static error_t parse_option(int key, char *arg, struct argp_state *state) {
    tune_options *o = state->input;
    const option_place places[] = {
        {'D', .text = &o->device},
        {'q', .flag = &o->quick},
        {'a', .flag = &o->again},
        {'j', .text = &o->json},
        {OPTION_WORKER, .flag = &o->worker},
        {OPTION_LIMIT, .count = &o->limit, .high = 3600},
        {0},
    };
    return option_put(options, places, state, key, arg) ? 0 : option_unknown(state, key, arg);
}

/* --- Measuring ------------------------------------------------------------------------------------------------------ */

/* A question about a product; `i` and seconds where the verb needs them. */
static bool ask(tuning *t, char answer[TUNE_TEXT], char verb, int i, double seconds,
                const cg_product_shape *s) {
    static const cg_product_shape none = {0};
    if (!s) s = &none;
    return tune_ask(&t->worker, answer, "%c %d %.9g %lld %lld %lld %lld %d %d", verb, i, seconds,
                    (long long)s->batch, (long long)s->m, (long long)s->n, (long long)s->k, s->a_transposed,
                    s->b_transposed);
}

static void avoid(tuning *t, int i, const char *why) {
    char answer[TUNE_TEXT];
    snprintf(t->avoided[i], sizeof t->avoided[i], "%s", why);
    bar_clear(&t->bar);
    fprintf(stderr, "clgrad: %s is left out: %s\n", t->name[i], why);
    const bool answered = ask(t, answer, 'x', i, 0, NULL);
    if (answered && *answer != '!') return;
    t->failed = true;
    cli_fail("that is not kept: %s", answered ? answer + 1 : t->worker.why);
}

static void measure_candidate(tuning *t, tune_result *r, int i) {
    static const char to_avoid[] = "!avoid: ";
    char answer[TUNE_TEXT];
    if (*t->avoided[i]) return;
    if (!ask(t, answer, 'm', i, -1, &r->product->shape))
        avoid(t, i, t->worker.why);
    else if (strncmp(answer, to_avoid, sizeof to_avoid - 1) == 0)
        avoid(t, i, answer + sizeof to_avoid - 1);
    else if (*answer == '!')
        snprintf(r->why[i], sizeof r->why[i], "%.90s", answer + 1);
    else
        r->seconds[i] = strtod(answer, NULL);
    if (r->seconds[i] > 0 && (r->chosen < 0 || r->seconds[i] < r->seconds[r->chosen])) r->chosen = i;
}

/* What an earlier run has kept; true if there is something. */
static bool recall(tuning *t, tune_result *r) {
    char answer[TUNE_TEXT], *end;
    if (!ask(t, answer, '?', -1, 0, &r->product->shape) || *answer == '!') return false;
    const long chosen = strtol(answer, &end, 10);
    if (chosen < 0 || chosen >= t->n_candidates || *t->avoided[chosen]) return false;
    r->chosen = (int)chosen;
    r->seconds[chosen] = strtod(end, NULL);
    return r->kept = true;
}

static void measure_product(tuning *t, tune_result *r) {
    char answer[TUNE_TEXT], name[TUNE_NAME];
    for (int i = 0; i < t->n_candidates; i++) r->seconds[i] = -1;
    r->chosen = -1;
    if (recall(t, r)) return;
    for (int i = 0; i < t->n_candidates && !interrupted(); i++) {
        bar_draw(&t->bar, ((double)t->n_results + (double)i / t->n_candidates) / t->n_products,
                 "%-20.20s %-12s", tune_product_name(&r->product->shape, name), t->name[i]);
        measure_candidate(t, r, i);
    }
    if (interrupted() || r->chosen < 0) return;
    const bool answered = ask(t, answer, 'c', r->chosen, r->seconds[r->chosen], &r->product->shape);
    if (answered && *answer != '!') return;
    t->failed = true;
    cli_fail("%s", answered ? answer + 1 : t->worker.why);
}

/* --- Results -------------------------------------------------------------------------------------------------------- */

static void print_result(const tuning *t, const tune_result *r) {
    char name[TUNE_NAME];
    printf("%-22s %s\n", tune_product_name(&r->product->shape, name), r->product->use);
    for (int i = 0; i < t->n_candidates; i++)
        if (r->seconds[i] > 0)
            printf("  %c %-14s %10.1f GFLOP/s%s\n", i == r->chosen ? '*' : ' ', t->name[i], tune_gflops(r, i),
                   r->kept ? "  measured before" : "");
        else if (*r->why[i])
            printf("    %-14s %s\n", t->name[i], r->why[i]);
    if (r->chosen < 0) printf("    no candidate could be measured\n");
    fflush(stdout);
}

static json_t *result_json(const tuning *t, const tune_result *r) {
    json_t *candidates = json_array();
    for (int i = 0; i < t->n_candidates; i++)
        if (r->seconds[i] > 0)
            json_array_append_new(candidates, json_pack("{s:s s:f s:f}", "name", t->name[i], "seconds",
                                                        r->seconds[i], "gflops", tune_gflops(r, i)));
    const cg_product_shape *s = &r->product->shape;
    return json_pack("{s:s s:I s:I s:I s:I s:b s:b s:b s:o s:o}", "use", r->product->use, "batch",
                     (json_int_t)s->batch, "m", (json_int_t)s->m, "n", (json_int_t)s->n, "k",
                     (json_int_t)s->k, "a_transposed", s->a_transposed, "b_transposed", s->b_transposed,
                     "measured_before", r->kept, "chosen",
                     r->chosen < 0 ? json_null() : json_string(t->name[r->chosen]), "candidates", candidates);
}

static int write_json(const tuning *t) {
    json_t *products = json_array(), *avoided = json_array();
    for (int i = 0; i < t->n_results; i++) json_array_append_new(products, result_json(t, &t->result[i]));
    for (int i = 0; i < t->n_candidates; i++)
        if (*t->avoided[i])
            json_array_append_new(
                avoided, json_pack("{s:s s:o}", "name", t->name[i], "why", json_text(t->avoided[i])));
    json_t *all =
        json_pack("{s:o s:o s:o}", "device", json_text(t->device), "avoided", avoided, "products", products);
    bench_file file = bench_file_begin(t->options->json);
    const bool whole = all && file.stream && json_dumpf(all, file.stream, JSON_INDENT(2)) == 0;
    json_decref(all);
    if (bench_file_end(&file, whole)) return CLI_OK;
    return cli_fail("%s could not be written: %s", t->options->json, strerror(errno));
}

/* --- The run -------------------------------------------------------------------------------------------------------- */

/* The device and its candidates, some of which an earlier run may have found bad. */
static int begin(tuning *t) {
    char answer[TUNE_TEXT];
    if (!ask(t, t->device, 'd', -1, 0, NULL)) return cli_fail("the device %s", t->worker.why);
    if (*t->device == '!') return cli_fail("%s", t->device + 1);
    if (t->options->again && (!ask(t, answer, 'f', -1, 0, NULL) || *answer == '!'))
        return cli_fail("what is known of the device could not be forgotten");
    for (int i = 0; i < TUNE_CANDIDATES; i++) {
        if (!ask(t, answer, 'n', i, 0, NULL)) return cli_fail("the device %s", t->worker.why);
        if (!*answer) break;
        snprintf(t->name[t->n_candidates++], TUNE_NAME, "%.40s", answer);
        if (ask(t, answer, 'a', i, 0, NULL) && *answer == '1')
            snprintf(t->avoided[i], sizeof t->avoided[i], "by an earlier run (--again tries it)");
    }
    while (t->n_candidates > 0 && tune_product_at(t->n_products, t->options->quick)) t->n_products++;
    t->result = calloc((size_t)t->n_products + 1, sizeof *t->result);
    return t->result ? CLI_OK : cli_fail("out of memory for the results");
}

static int run(tuning *t) {
    int code = begin(t);
    if (code != CLI_OK) return code;
    printf("%s\n\n", t->device);
    if (t->n_candidates == 0)
        puts("There is one way to compute products: nothing to tune. This is for OpenCL devices.");
    fflush(stdout);
    for (; t->n_results < t->n_products && !interrupted(); t->n_results++) {
        tune_result *r = &t->result[t->n_results];
        r->product = tune_product_at(t->n_results, t->options->quick);
        measure_product(t, r);
        bar_clear(&t->bar);
        if (interrupted()) break;
        print_result(t, r);
    }
    for (int i = 0; i < t->n_candidates; i++)
        if (*t->avoided[i]) printf("left out: %s: %s\n", t->name[i], t->avoided[i]);
    if (t->options->json && write_json(t) != CLI_OK) t->failed = true;
    if (t->failed) code = CLI_FAILED;
    return interrupted() ? CLI_INTERRUPTED : code;
}

int tune_command(int argc, char **argv) {
    static const struct argp parser = {options, parse_option, "", help, NULL, NULL, NULL};
    tune_options o = {.limit = 60};
    const error_t failed = argp_parse(&parser, argc, argv, 0, NULL, &o);
    if (failed != 0) return cli_fail("%s", strerror(failed));
    if (o.worker) return tune_serve(o.device);
    tuning t = {.options = &o, .worker = {.device = o.device, .limit = o.limit}, .bar = bar_begin(true)};
    interrupt_watch();
    const int code = run(&t);
    tune_worker_stop(&t.worker);
    free(t.result);
    return code;
}
