/* clgrad devices: what there is to compute on, and which device is chosen. */
#include "cli.h"
#include "json_text.h"
#include "options.h"

#include <argp.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* The device that is taken where none is asked for, or why there is none. */
typedef struct device_choice {
    char id[sizeof((cg_device_info *)0)->id]; /* empty: none */
    char why[1024];
    int tuned; /* classes of products that clgrad tune has measured on it */
} device_choice;

static const char help[] =
    "List the devices there are to compute on, what they are and can do, and which one is chosen.\n"
    "\v"
    "Drivers are tried out in a process of their own: one that breaks is listed as not usable, with the "
    "reason.\n"
    "\n"
    "Examples:\n"
    "  clgrad devices\n"
    "  clgrad devices --json | jq -r '.devices[] | select(.type == \"GPU\") | .id'\n"
    "  CLGRAD_DEVICE=opencl:0 clgrad devices\n"
    "\n" CLI_HELP_END;

static const struct argp_option options[] = {
    {"json", 'j', NULL, 0, "Print one JSON object: chosen, opencl_reason and devices", 0},
    {0},
};

static error_t parse_option(int key, char *arg, struct argp_state *state) {
    const option_place places[] = {{'j', .flag = state->input}, {0}};
    return option_put(options, places, state, key, arg) ? 0 : option_unknown(state, key, arg);
}

static device_choice choose(void) {
    device_choice choice = {{0}, {0}, 0};
    cg_device *dev = cg_device_open(NULL);
    if (dev) {
        snprintf(choice.id, sizeof choice.id, "%s", cg_device_properties(dev)->id);
        snprintf(choice.why, sizeof choice.why, "%s", cg_device_choice(dev));
        choice.tuned = cg_tuning_classes(dev);
    } else {
        snprintf(choice.why, sizeof choice.why, "%s", cg_error_message(NULL));
    }
    cg_device_close(dev);
    return choice;
}

static void print_device(const cg_device_info *d, bool chosen) {
    printf("%s %-10s  %s\n", chosen ? "*" : " ", d->id, d->name);
    printf("              %s by %s; %s, driver %s\n", cli_device_type(d->type), d->vendor, d->platform,
           d->driver);
    printf("              %d compute units, %s of memory, buffers up to %s", d->compute_units,
           CLI_BYTES(d->memory_bytes), CLI_BYTES(d->max_buffer_bytes));
    if (d->local_bytes > 0)
        printf(", %s local, work-groups up to %zu", CLI_BYTES(d->local_bytes), d->max_work_group);
    printf("\n              f64: %s, f16: %s\n", d->has_f64 ? "yes" : "no", d->has_f16 ? "yes" : "no");
    if (!d->usable) printf("              NOT USABLE: %s\n", d->reason);
    putchar('\n');
}

static int print_text(const device_choice *choice) {
    for (int i = 0; i < cg_device_count(); i++) {
        cg_device_info info;
        if (cg_device_describe(i, &info) != CG_OK) return cli_fail("%s", cg_error_message(NULL));
        print_device(&info, strcmp(info.id, choice->id) == 0);
    }
    if (*cg_opencl_reason()) printf("OpenCL offers no device: %s\n", cg_opencl_reason());
    if (!*choice->id) return cli_fail("no device can be used: %s", choice->why);
    printf("Chosen: %s (%s)\n", choice->id, choice->why);
    if (choice->tuned > 0)
        printf("Tuned: clgrad tune has measured %d classes of products on it\n", choice->tuned);
    return CLI_OK;
}

static json_t *device_json(const cg_device_info *d) {
    return json_pack("{s:o s:o s:o s:o s:o s:o s:i s:I s:I s:I s:I s:b s:b s:b s:o}", "id", json_text(d->id),
                     "name", json_text(d->name), "type", json_text(cli_device_type(d->type)), "vendor",
                     json_text(d->vendor), "platform", json_text(d->platform), "driver", json_text(d->driver),
                     "compute_units", d->compute_units, "memory_bytes", (json_int_t)d->memory_bytes,
                     "max_buffer_bytes", (json_int_t)d->max_buffer_bytes, "local_bytes",
                     (json_int_t)d->local_bytes, "max_work_group", (json_int_t)d->max_work_group, "f64",
                     d->has_f64, "f16", d->has_f16, "usable", d->usable, "reason", json_text(d->reason));
}

static int print_json(const device_choice *choice) {
    json_t *devices = json_array();
    for (int i = 0; i < cg_device_count(); i++) {
        cg_device_info info;
        if (cg_device_describe(i, &info) == CG_OK) json_array_append_new(devices, device_json(&info));
    }
    json_t *id = *choice->id ? json_text(choice->id) : json_null();
    json_t *all =
        json_pack("{s:{s:o s:o s:i} s:o s:o}", "chosen", "id", id, "why", json_text(choice->why), "tuned",
                  choice->tuned, "opencl_reason", json_text(cg_opencl_reason()), "devices", devices);
    int failed = all ? json_dumpf(all, stdout, JSON_INDENT(2)) : -1;
    json_decref(all);
    putchar('\n');
    if (failed) return cli_fail("the output could not be written");
    return *choice->id ? CLI_OK : CLI_FAILED;
}

int devices_command(int argc, char **argv) {
    static const struct argp parser = {options, parse_option, "", help, NULL, NULL, NULL};
    bool as_json = false;
    error_t failed = argp_parse(&parser, argc, argv, 0, NULL, &as_json);
    if (failed != 0) return cli_fail("%s", strerror(failed));
    device_choice choice = choose();
    return as_json ? print_json(&choice) : print_text(&choice);
}
