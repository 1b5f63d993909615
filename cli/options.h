/*
 * What the commands' options share. A wrong value ends the program with a message that names the option and says what
 * was expected; `options` are those of the parser that calls.
 */
#ifndef CLGRAD_CLI_OPTIONS_H
#define CLGRAD_CLI_OPTIONS_H

#include <argp.h>
#include <stdbool.h>

/* Where the value of an option goes: to the one of the places that is there. */
typedef struct option_place {
    int key;
    const char **text; /* as it stands */
    bool *flag;        /* that it was given */
    double *real;      /* a number above 0, at most `high` */
    int *count;        /* a whole number from 1 to `high` */
    double high;
} option_place;

/* Puts the option where it goes by the places, of which the last has a key of 0. False: it stands in none. */
bool option_put(const struct argp_option *options, const option_place *places, struct argp_state *state,
                int key, const char *arg);

/* For what no other line of a parser knows: an argument is one too many. */
error_t option_unknown(struct argp_state *state, int key, const char *arg);

/* The value of option `key`: a whole number from low to high. */
long long option_integer(const struct argp_option *options, struct argp_state *state, int key,
                         const char *text, long long low, long long high);

/* A number above 0, at most high. */
double option_real(const struct argp_option *options, struct argp_state *state, int key, const char *text,
                   double high);

/* The place of one of the names up to NULL. */
int option_choice(const struct argp_option *options, struct argp_state *state, int key, const char *text,
                  const char *const *names);

#endif
