/* clgrad ops: the table of operations, made by calling each one and looking what the device does for it. */
#include "cli.h"
#include "selection.h"

#include <argp.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { DTYPES = CG_BOOL + 1, MADE_OF = 160 };

typedef enum format { AS_TEXT, AS_MARKDOWN, AS_JSON } format;

typedef struct ops_options {
    selection which;
    format format;
} ops_options;

static const char help[] =
    "List the operations and how a device does each of them, dtype by dtype.\n"
    "\v"
    "Every operation is called on small inputs, and the device is asked what it did:\n"
    "  V  a view: no work, no copy\n"
    "  U  values that the host makes and uploads\n"
    "  F  a fused row: one elementwise pass, which merges with its neighbours\n"
    "  K  one piece of work with a kernel of its own (sort, scan, reduce, matmul, softmax, ...)\n"
    "  C  composed of several pieces of work\n"
    "  f  the dtype is converted to f32 as it is loaded, then as f32\n"
    "  x  the operation failed; clgrad doctor says more\n"
    "  .  not defined for the dtype\n"
    "A number under \"host\" says how often the operation itself needs a value on the host (the size of "
    "its result); everything else stays on the device.\n"
    "\n"
    "Examples:\n"
    "  clgrad ops\n"
    "  clgrad ops softmax\n"
    "  clgrad ops --device opencl:0 --markdown\n"
    "\n" CLI_HELP_END;

static const struct argp_option options[] = {
    {"markdown", 'm', NULL, 0, "Print the table as Markdown", 0},
    {"json", 'j', NULL, 0, "Print one JSON object", 0},
    {0},
};

static error_t parse_option(int key, char *arg, struct argp_state *state) {
    ops_options *o = state->input;
    (void)arg;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &o->which;
        return 0;
    case 'm':
        o->format = AS_MARKDOWN;
        return 0;
    case 'j':
        o->format = AS_JSON;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* A line of the table. */
typedef struct line {
    catalog_operation operation;
    char how[DTYPES]; /* a letter of the help text for each dtype */
    char made_of[MADE_OF];
    bool gradient;
    uint64_t host; /* round trips */
} line;

static char letter(const catalog_operation *operation, const catalog_observation *o) {
    uint64_t calls = 0;
    if (!o->done) return 'x';
    for (int kind = 0; kind < CG_WORK_COUNT; kind++) calls += o->work[kind];
    if (calls == 0) return o->uploads ? 'U' : 'V';
    if (calls == 1) return operation->row >= 0 || o->work[CG_WORK_MAP] ? 'F' : 'K';
    return 'C';
}

/* "sort, 2 map" */
static void name_work(const catalog_observation *o, char text[MADE_OF]) {
    size_t used = 0;
    text[0] = 0;
    for (int kind = 0; kind < CG_WORK_COUNT && used < MADE_OF; kind++) {
        if (!o->work[kind]) continue;
        const char *comma = used ? ", " : "", *name = cg_work_name((cg_work)kind);
        used += (size_t)(o->work[kind] > 1 ? snprintf(text + used, MADE_OF - used, "%s%llu %s", comma,
                                                      (unsigned long long)o->work[kind], name)
                                           : snprintf(text + used, MADE_OF - used, "%s%s", comma, name));
    }
}

static line observe(const catalog_operation *operation, cg_device *dev, const selection *which) {
    line l = {.operation = *operation};
    const bool has_f64 = cg_device_properties(dev)->has_f64;
    bool named = false;
    for (int t = 0; t < DTYPES; t++) {
        l.how[t] = '.';
        if (!selection_has_dtype(which, t)) continue;
        if (!catalog_operation_takes(operation, (cg_dtype)t) || (t == CG_F64 && !has_f64)) continue;
        if (catalog_operation_converts(operation, (cg_dtype)t)) {
            l.how[t] = 'f';
            continue;
        }
        const catalog_observation o = catalog_operation_observe(operation, dev, (cg_dtype)t);
        l.how[t] = letter(operation, &o);
        l.gradient = l.gradient || o.gradient;
        if (o.round_trips > l.host) l.host = o.round_trips;
        if (!named) name_work(&o, l.made_of);
        named = true;
    }
    return l;
}

/* --- Printing ------------------------------------------------------------------------------------------------ */

static void print_text(const line *l, bool first) {
    if (first)
        printf("%-24s %-12s f32 f64 i32 i64 u8  bool  gradient  host  made of\n", "operation", "family");
    printf("%-24s %-12s", l->operation.name, l->operation.family);
    for (int t = 0; t < DTYPES; t++) printf(" %c  ", l->how[t]);
    printf("  %-8s  %-4llu  %s\n", l->gradient ? "yes" : "-", (unsigned long long)l->host, l->made_of);
}

static void print_markdown(const line *l, bool first) {
    if (first)
        printf("| operation | family | f32 | f64 | i32 | i64 | u8 | bool | gradient | host | made of |\n"
               "|---|---|---|---|---|---|---|---|---|---|---|\n");
    printf("| `cg_%s` | %s |", l->operation.name, l->operation.family);
    for (int t = 0; t < DTYPES; t++) printf(" %c |", l->how[t]);
    printf(" %s | %llu | %s |\n", l->gradient ? "yes" : "no", (unsigned long long)l->host, l->made_of);
}

static json_t *line_json(const line *l) {
    json_t *how = json_object();
    for (int t = 0; t < DTYPES; t++)
        if (l->how[t] != '.')
            json_object_set_new(how, cg_dtype_name((cg_dtype)t), json_stringn(&l->how[t], 1));
    return json_pack("{s:s s:s s:o s:b s:I s:s}", "name", l->operation.name, "family", l->operation.family,
                     "how", how, "gradient", l->gradient, "host", (json_int_t)l->host, "made_of", l->made_of);
}

static int list_operations(cg_device *dev, const ops_options *o) {
    catalog_operation operation;
    json_t *lines = json_array();
    int shown = 0, failed = 0;
    for (int i = 0; catalog_operation_at(i, &operation); i++) {
        if (!selection_has_name(&o->which, operation.name)) continue;
        const line l = observe(&operation, dev, &o->which);
        failed += memchr(l.how, 'x', DTYPES) != NULL;
        if (o->format == AS_JSON)
            json_array_append_new(lines, line_json(&l));
        else
            (o->format == AS_MARKDOWN ? print_markdown : print_text)(&l, shown == 0);
        shown++;
    }
    if (o->format == AS_JSON) {
        json_t *all = json_pack("{s:s s:o}", "device", cg_device_properties(dev)->id, "operations", lines);
        if (!all || json_dumpf(all, stdout, JSON_INDENT(2))) failed++;
        json_decref(all);
        putchar('\n');
    } else {
        json_decref(lines);
    }
    if (shown == 0) return selection_is_empty(&o->which);
    if (o->format == AS_TEXT) printf("%d operations on %s\n", shown, cg_device_properties(dev)->id);
    return failed ? cli_fail("%d operations failed", failed) : CLI_OK;
}

int ops_command(int argc, char **argv) {
    static const struct argp parser = {options, parse_option, NULL, help, selection_children, NULL, NULL};
    ops_options o = {0};
    const error_t failed = argp_parse(&parser, argc, argv, 0, NULL, &o);
    if (failed != 0) return cli_fail("%s", strerror(failed));
    cg_device *dev = cg_device_open(o.which.device);
    if (!dev) return cli_fail("%s", cg_error_message(NULL));
    const int code = list_operations(dev, &o);
    cg_device_close(dev);
    return code;
}
