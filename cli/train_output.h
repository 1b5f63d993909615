/* What a training leaves behind: files, and a report. */
#ifndef CLGRAD_CLI_TRAIN_OUTPUT_H
#define CLGRAD_CLI_TRAIN_OUTPUT_H

#include "train_run.h"
#include "weights_file.h"

/* A training with the device it ran on, as a row of the comparison. */
typedef struct train_row {
    cg_device_info device;
    train_run run;
} train_row;

/* Makes the folder where there is none, and sees that files can be made in it. Says what fails; CLI_FAILED. */
int train_output_prepare(const char *folder);

/* folder/name in new memory; NULL without memory. */
char *train_output_path(const char *folder, const char *name);

/* Writes weights.safetensors, learning-curve.svg and history.csv, each whole or not at all. Says what fails. */
int train_output_write(const char *folder, const train_row *row, const weights_about *about,
                       const char *title);

/* Prints what the device did in a training. */
void train_output_statistics(const train_run *run);

/* Prints the comparison of n trainings on so many samples; speed is against the CPU backend's. */
void train_output_comparison(int n, const train_row *rows, int64_t samples);

#endif
