#include "number_options.h"

#include <errno.h>
#include <stdlib.h>

long long option_integer(struct argp_state *state, const char *option, const char *text, long long lo,
                         long long hi) {
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (end == text || *end || errno || value < lo || value > hi)
        argp_error(state, "--%s takes a whole number from %lld to %lld, not '%s'", option, lo, hi, text);
    return value;
}

double option_real(struct argp_state *state, const char *option, const char *text, double hi) {
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end || !(value > 0) || !(value <= hi))
        argp_error(state, "--%s takes a number above 0, at most %g, not '%s'", option, hi, text);
    return value;
}
