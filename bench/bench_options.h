/* The command line of clgrad_bench. */
#ifndef CLGRAD_BENCH_OPTIONS_H
#define CLGRAD_BENCH_OPTIONS_H

#include <stdbool.h>

enum bench_exit { BENCH_OK = 0, BENCH_FAILED = 1, BENCH_USAGE = 2 };

typedef struct bench_options {
    const char *filter; /* a part of a case's title; NULL: all */
    const char *only;   /* a whole title; NULL: all */
    const char *device; /* what cg_device_open takes; NULL: all usable ones */
    const char *json;   /* the file of the results; NULL: none */
    double seconds;     /* of samples for each case and device; 0: the usual */
    bool quick;
    bool times_only; /* neither limits nor reference */
    bool list;
} bench_options;

/* Reads the command line; ends the program on --help and on mistakes. */
bench_options bench_options_read(int argc, char **argv);

#endif
