/* Temporary files of a test: in a folder of its own that remove_test_folder deletes. */
#ifndef CLGRAD_TESTS_FILES_H
#define CLGRAD_TESTS_FILES_H

#include <stdbool.h>
#include <stddef.h>

/* The path of a file of that name in the test's folder, which is made on the first call. Scratch memory. */
const char *test_path(const char *name);

/* Deletes the folder and the files in it. */
void remove_test_folder(void);

bool write_file(const char *path, const void *data, size_t bytes);

/* The whole file in scratch memory, a 0 behind it; NULL if there is none. */
void *read_file(const char *path, size_t *bytes);

/* How many files the test's folder holds: what an interrupted write may not leave. */
int count_files(void);

/* A path below the sources, found from the place of this file: "data/digits". Scratch memory. */
const char *source_path(const char *relative);

#endif
