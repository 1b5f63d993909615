#include "options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *name_of(const struct argp_option *options, int key) {
    while (options->key != key) options++;
    return options->name;
}

bool option_put(const struct argp_option *options, const option_place *places, struct argp_state *state,
                int key, const char *arg) {
    const option_place *place = places;
    while (place->key != 0 && place->key != key) place++;
    if (place->key == 0) return false;
    if (place->text) *place->text = arg;
    if (place->flag) *place->flag = true;
    if (place->real) *place->real = option_real(options, state, key, arg, place->high);
    if (place->count)
        *place->count = (int)option_integer(options, state, key, arg, 1, (long long)place->high);
    return true;
}

error_t option_unknown(struct argp_state *state, int key, const char *arg) {
    if (key == ARGP_KEY_ARG) argp_error(state, "no argument is expected: '%s'", arg);
    return ARGP_ERR_UNKNOWN;
}

long long option_integer(const struct argp_option *options, struct argp_state *state, int key,
                         const char *text, long long low, long long high) {
    char *end;
    errno = 0;
    const long long value = strtoll(text, &end, 10);
    if (end == text || *end || errno || value < low || value > high)
        argp_error(state, "--%s takes a whole number from %lld to %lld, not '%s'", name_of(options, key), low,
                   high, text);
    return value;
}

double option_real(const struct argp_option *options, struct argp_state *state, int key, const char *text,
                   double high) {
    char *end;
    const double value = strtod(text, &end);
    if (end == text || *end || !(value > 0) || !(value <= high))
        argp_error(state, "--%s takes a number above 0, at most %g, not '%s'", name_of(options, key), high,
                   text);
    return value;
}

int option_choice(const struct argp_option *options, struct argp_state *state, int key, const char *text,
                  const char *const *names) {
    char list[128] = "";
    for (int i = 0; names[i]; i++) {
        if (strcmp(text, names[i]) == 0) return i;
        const size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "", names[i]);
    }
    argp_error(state, "--%s takes one of %s, not '%s'", name_of(options, key), list, text);
    return 0;
}
