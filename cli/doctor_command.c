/* clgrad doctor: checks every operation on a device against the reference that is compiled in. */
#include "bar.h"
#include "cli.h"
#include "doctor_run.h"
#include "interrupt.h"
#include "options.h"

#include <argp.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "Check every operation on a device against a plain reference in long double, dtype by dtype, at "
    "random points and at edge values: signed zeros, subnormals, limits, infinities, NaN, ties, empty "
    "axes.\n"
    "\v"
    "One line per operation says the largest error in units in the last place (ULP) of each real dtype, "
    "and whether all results were within the documented bound. An operation that fails is tried by "
    "other ways: by the kernels of the other style, composed of other operations, on the CPU backend. "
    "The first that is right is kept for this device, driver and library version, and taken by every "
    "program from then on (cg_device_choice and \"clgrad devices\" say so). A run over everything "
    "begins anew; with PART or --dtype only a part is checked, by the ways in force, and what is found "
    "is added.\n"
    "\n"
    "What converts integers to f32 first is checked in f32 and f64; the conversion is an operation too, "
    "cast.\n"
    "\n"
    "The exit code is 1 if an operation failed, avoided or not.\n"
    "\n"
    "Examples:\n"
    "  clgrad doctor\n"
    "  clgrad doctor --device opencl:0 --json >report.json\n"
    "  clgrad doctor softmax\n"
    "\n" CLI_HELP_END;

static const struct argp_option options[] = {
    {"json", 'j', NULL, 0, "Print one JSON object", 0},
    {"points", 'p', "N", 0, "Random points for each elementwise operation and dtype (default 4096)", 0},
    {0},
};

typedef struct command_options {
    doctor_options doctor;
    bool json;
} command_options;

static error_t parse_option(int key, char *arg, struct argp_state *state) {
    command_options *o = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &o->doctor.which;
        return 0;
    case 'j':
        o->json = true;
        return 0;
    case 'p':
        o->doctor.points = option_integer(options, state, key, arg, 0, 1 << 24);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* All checks of a device. */
typedef struct report {
    cg_device *dev;
    doctor_check *check;
    int n, failed, avoided, operations;
    double seconds;
    const char *kept; /* what became of the detours; NULL: nothing was to be kept */
} report;

/* --- Printing ----------------------------------------------------------------------------------------------------- */

static void print_ulp(const doctor_check *check) {
    if (check->dtype != CG_F32 && check->dtype != CG_F64)
        printf("  %s", cg_dtype_name(check->dtype));
    else if (isfinite(check->ulp))
        printf("  %s %.3g (%.0f %%)", cg_dtype_name(check->dtype), check->ulp, 100 * check->worst);
    else
        printf("  %s -", cg_dtype_name(check->dtype));
}

/* The checks [first, end) of one operation. */
static void print_operation(const report *r, int first, int end) {
    printf("%-24s", r->check[first].operation.name);
    int failed = 0;
    for (int i = first; i < end; i++) {
        print_ulp(&r->check[i]);
        failed += !r->check[i].ok;
    }
    printf("  %s\n", failed ? "FAILED" : "ok");
    for (int i = first; i < end; i++) {
        const doctor_check *c = &r->check[i];
        if (c->ok) continue;
        printf("    %s: %s\n", cg_dtype_name(c->dtype), c->text);
        printf("    %s\n",
               c->avoided ? c->detours : "no way around it was found: do not use it on this device");
    }
}

static void print_text(const report *r) {
    const cg_device_info *info = cg_device_properties(r->dev);
    printf("%s: %s, %s, driver %s\n", info->id, info->name, info->platform, info->driver);
    if (*cg_device_detours(r->dev)) printf("found wrong and avoided: %s\n", cg_device_detours(r->dev));
    printf("largest error of f32 and f64 in ULP, and as a share of the documented bound; the other dtypes "
           "are exact\n\n");
    for (int first = 0, end; first < r->n; first = end) {
        for (end = first + 1;
             end < r->n && !strcmp(r->check[end].operation.name, r->check[first].operation.name);)
            end++;
        print_operation(r, first, end);
    }
    printf("\n%d operations, %d checks in %.1f s: %d passed, %d failed", r->operations, r->n, r->seconds,
           r->n - r->failed, r->failed);
    if (r->failed) printf(", of which %d are right by a detour", r->avoided);
    printf("\n");
    if (r->kept) printf("%s\n", r->kept);
}

static json_t *check_json(const doctor_check *c) {
    json_t *ulp = isfinite(c->ulp) ? json_real(c->ulp) : json_null();
    json_t *share = isfinite(c->worst) ? json_real(c->worst) : json_null();
    return json_pack("{s:s s:s s:b s:o s:o s:s s:b s:s}", "name", c->operation.name, "dtype",
                     cg_dtype_name(c->dtype), "ok", c->ok, "ulp", ulp, "of_bound", share, "text", c->text,
                     "avoided", c->avoided, "detours", c->detours);
}

static int print_json(const report *r) {
    const cg_device_info *info = cg_device_properties(r->dev);
    json_t *checks = json_array();
    for (int i = 0; i < r->n; i++) json_array_append_new(checks, check_json(&r->check[i]));
    json_t *all =
        json_pack("{s:s s:s s:s s:s s:i s:i s:i s:i s:f s:s s:o}", "device", info->id, "name", info->name,
                  "platform", info->platform, "driver", info->driver, "operations", r->operations, "passed",
                  r->n - r->failed, "failed", r->failed, "avoided", r->avoided, "seconds", r->seconds, "kept",
                  r->kept ? r->kept : "", "checks", checks);
    const int failed = all ? json_dumpf(all, stdout, JSON_INDENT(2)) : -1;
    json_decref(all);
    putchar('\n');
    return failed ? cli_fail("the report could not be written") : CLI_OK;
}

/* --- Running ------------------------------------------------------------------------------------------------------- */

static bool allocate(report *r, const doctor_options *o) {
    doctor_check unused;
    while (doctor_check_at(r->n, r->dev, o, &unused)) r->n++;
    r->check = calloc((size_t)r->n + 1, sizeof *r->check);
    return r->check != NULL;
}

/* false if Ctrl-C came. */
static bool run_checks(report *r, const doctor_options *o) {
    bar b = bar_begin(true);
    const double start = bar_clock();
    for (int i = 0; i < r->n && !interrupted(); i++) {
        doctor_check *c = &r->check[i];
        doctor_check_at(i, r->dev, o, c);
        bar_draw(&b, (double)i / r->n, "%-20.20s %-4s", c->operation.name, cg_dtype_name(c->dtype));
        doctor_check_run(r->dev, o, c);
        r->failed += !c->ok;
        r->avoided += c->avoided;
        r->operations += i == 0 || strcmp(c->operation.name, c[-1].operation.name) != 0;
    }
    r->seconds = bar_clock() - start;
    bar_clear(&b);
    return !interrupted();
}

/* Keeps the detours in force if they are others than before. */
static void keep_detours(report *r, const char *before) {
    static char text[512];
    if (!strcmp(cg_device_detours(r->dev), before)) return;
    const bool kept = cg_device_remember_detours(r->dev) == CG_OK;
    snprintf(text, sizeof text, "%s: %s", kept ? "kept for this device and driver" : "NOT kept",
             !kept                        ? cg_error_message(r->dev)
             : *cg_device_detours(r->dev) ? cg_device_detours(r->dev)
                                          : "nothing is avoided any more");
    r->kept = text;
    cg_error_clear(r->dev);
}

static int examine(report *r, const command_options *o) {
    char before[256];
    snprintf(before, sizeof before, "%s", cg_device_detours(r->dev));
    if (!allocate(r, &o->doctor)) return cli_fail("out of memory for the checks");
    if (r->n == 0) return selection_is_empty(&o->doctor.which);
    if (!o->doctor.which.part && o->doctor.which.dtype < 0) doctor_clear_detours(r->dev);
    if (!run_checks(r, &o->doctor)) return CLI_INTERRUPTED;
    keep_detours(r, before);
    if (o->json && print_json(r) != CLI_OK) return CLI_FAILED;
    if (!o->json) print_text(r);
    return r->failed ? CLI_FAILED : CLI_OK;
}

int doctor_command(int argc, char **argv) {
    static const struct argp parser = {options, parse_option, NULL, help, selection_children, NULL, NULL};
    command_options o = {.doctor = {.points = 4096}};
    const error_t failed = argp_parse(&parser, argc, argv, 0, NULL, &o);
    if (failed != 0) return cli_fail("%s", strerror(failed));
    report r = {.dev = cg_device_open(o.doctor.which.device)};
    if (!r.dev) return cli_fail("%s", cg_error_message(NULL));
    interrupt_watch();
    const int code = examine(&r, &o);
    free(r.check);
    cg_device_close(r.dev);
    return code;
}
