/* Numbers on a command line; a wrong one ends the program with a message that says what was expected. */
#ifndef CLGRAD_CLI_NUMBER_OPTIONS_H
#define CLGRAD_CLI_NUMBER_OPTIONS_H

#include <argp.h>

/* A whole number from lo to hi. */
long long option_integer(struct argp_state *state, const char *option, const char *text, long long lo,
                         long long hi);

/* A number above 0, at most hi. */
double option_real(struct argp_state *state, const char *option, const char *text, double hi);

#endif
