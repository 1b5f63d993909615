/* The command line of clgrad train. */
#ifndef CLGRAD_CLI_TRAIN_OPTIONS_H
#define CLGRAD_CLI_TRAIN_OPTIONS_H

#include "train_run.h"

typedef struct train_options {
    train_settings settings;
    const char *data;   /* folder */
    const char *device; /* NULL: CLGRAD_DEVICE or the best */
    const char *out;    /* folder; NULL: nothing is written */
    int runs;           /* trainings, each with the seed after the one before */
    bool compare, quiet;
} train_options;

/* Parses the command line; on an error it says so and ends the program with CLI_USAGE. */
train_options train_options_parse(int argc, char **argv);

#endif
