#include "selection.h"

#include "cli.h"

#include <string.h>

static const struct argp_option options[] = {
    {"device", 'D', "NAME", 0, "The device to take (default: the best, or CLGRAD_DEVICE)", 0},
    {"dtype", 't', "NAME", 0, "Only this dtype: f32, f64, i32, i64, u8 or bool", 0},
    {0},
};

static error_t parse_option(int key, char *arg, struct argp_state *state) {
    selection *s = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        *s = (selection){.dtype = -1};
        return 0;
    case 'D':
        s->device = arg;
        return 0;
    case 't':
        s->dtype = cli_dtype(arg);
        if (s->dtype < 0) argp_error(state, "--dtype is f32, f64, i32, i64, u8 or bool, not '%s'", arg);
        return 0;
    case ARGP_KEY_ARG:
        if (s->part) argp_error(state, "one part of a name is expected, not also '%s'", arg);
        s->part = arg;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

const struct argp selection_parser = {options, parse_option, "[PART OF A NAME]", NULL, NULL, NULL, NULL};
const struct argp_child selection_children[] = {{&selection_parser, 0, NULL, 0}, {0}};

bool selection_has_name(const selection *s, const char *operation) {
    return !s->part || strstr(operation, s->part);
}

bool selection_has_dtype(const selection *s, int dtype) { return s->dtype < 0 || s->dtype == dtype; }

int selection_is_empty(const selection *s) {
    return cli_fail("no operation has '%s' in its name", s->part ? s->part : "");
}
