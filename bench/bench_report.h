/* The results as a table on stdout, and as JSON. */
#ifndef CLGRAD_BENCH_REPORT_H
#define CLGRAD_BENCH_REPORT_H

#include "measure.h"

/* "1.23 ms" in one of a few static buffers; "-" for 0. */
const char *bench_seconds_text(double seconds);

/* Which machine this is, the load on it, and each device with its limits. */
void bench_print_head(int n, const bench_target *targets);

/* The head of the table, and a case's lines. */
void bench_print_columns(bool quick);
void bench_print_results(const bench_case *what, bench_size size, int n, const bench_result *results);

/* Results gathered for a JSON file. */
typedef struct bench_json bench_json;
bench_json *bench_json_new(bool quick, int n, const bench_target *targets);
bool bench_json_add(bench_json *json, const bench_case *what, bench_size size, int n,
                    const bench_result *results);

/* Writes the file, if path is not NULL, and frees all in any case. False: it could not be written. */
bool bench_json_end(bench_json *json, const char *path);

/* The processor's name in a static buffer. */
const char *bench_processor(void);

#endif
