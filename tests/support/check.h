/*
 * Checks that go on after a failure. Each failure is one line that says how to repeat it:
 *     FAIL small_rows/values opencl:0 fuse 1: exp f32 (3, 5) sliced seed 42: element 7: ... [row_values.c:80]
 * Criterion's own assertions end a test at the first failure and know nothing of the case.
 */
#ifndef CLGRAD_TESTS_CHECK_H
#define CLGRAD_TESTS_CHECK_H

#include "reference/scratch.h"

#include <stdbool.h>
#include <stddef.h>

/* The test that runs: the first words of every failure line. */
void check_test(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The case within the test: operation, dtype, shape, layout, seed. */
void check_case(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Prints a line unless `ok`; returns ok. */
bool check_at(bool ok, const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#define CHECK(condition) check_at((condition), __FILE__, __LINE__, "%s", #condition)
#define CHECK_MSG(condition, ...) check_at((condition), __FILE__, __LINE__, __VA_ARGS__)

/* The failures of this process so far. */
int check_failures(void);

#endif
