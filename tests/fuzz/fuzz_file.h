/*
 * What the fuzz targets share: a file in memory with the fuzzer's bytes, and a reader of the fuzzer's choices.
 * Each fuzz_*_*.c is a libFuzzer program; the preset "fuzz" builds them, tools/run_tests.sh runs them.
 */
#ifndef CLGRAD_TESTS_FUZZ_FILE_H
#define CLGRAD_TESTS_FUZZ_FILE_H

#include <stddef.h>
#include <stdint.h>

/* The path of a file with these bytes, until the next call. */
const char *fuzz_file(const void *data, size_t bytes);

/* Reads what was written under `path` into new memory. */
uint8_t *fuzz_read(const char *path, size_t *bytes);

/* A path in memory where a file can be renamed to; the same in each call of a process. */
const char *fuzz_output_path(void);

/* The fuzzer's bytes as a row of decisions; 0 when they have run out. */
typedef struct fuzz_choices {
    const uint8_t *data;
    size_t bytes, at;
} fuzz_choices;

uint8_t fuzz_byte(fuzz_choices *c);
uint64_t fuzz_word(fuzz_choices *c);

/* 0 <= result < n. */
int fuzz_below(fuzz_choices *c, int n);

/* A size: mostly small, sometimes at an edge where products overflow. */
int64_t fuzz_size(fuzz_choices *c);

/* Ends the process, so that the fuzzer keeps the input. */
_Noreturn void fuzz_fail(const char *what);

/* LibFuzzer calls it for each input. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

#endif
