/* The command line of clgrad bench. */
#ifndef CLGRAD_CLI_BENCH_OPTIONS_H
#define CLGRAD_CLI_BENCH_OPTIONS_H

#include <stdbool.h>

/* Beside those of cli.h: something is slower than in the run of --against, beyond the noise. */
enum { BENCH_SLOWER = 3 };

typedef struct bench_options {
    const char *suite;   /* a comma list of suites; NULL: all */
    const char *filter;  /* a part of a case's title; NULL: all */
    const char *only;    /* a comma list of whole titles; NULL: all */
    const char *device;  /* what cg_device_open takes; NULL: all usable ones */
    const char *json;    /* the file of the results; NULL: none */
    const char *html;    /* the page that shows them; NULL: none */
    const char *against; /* the JSON of an earlier run, or of peers; NULL: none */
    const char *from;    /* the JSON whose results are taken in place of new ones; NULL: measure */
    double seconds;      /* of samples for each case and device; 0: the usual */
    bool quick;
    bool times_only; /* neither limits nor reference */
    bool list;
} bench_options;

/* Reads the command line; ends the program on --help and on mistakes. */
bench_options bench_options_read(int argc, char **argv);

#endif
