/* Files written whole or not at all: to a temporary file beside the path, renamed when it is complete. */
#ifndef CLGRAD_BENCH_FILE_H
#define CLGRAD_BENCH_FILE_H

#include <stdbool.h>
#include <stdio.h>

typedef struct bench_file {
    FILE *stream;           /* NULL: it could not be opened */
    char *path, *temporary; /* NULL: what is no file, such as a pipe, is written as it is */
} bench_file;

/* Whether a file can be made there, as far as that can be told before; else errno says why not. */
bool bench_file_possible(const char *path);

/* Opens the temporary file; bench_file_end in any case. */
bench_file bench_file_begin(const char *path);

/* Puts the file in its place if `whole` and everything was written, else removes what there is; errno then says why. */
bool bench_file_end(bench_file *file, bool whole);

#endif
