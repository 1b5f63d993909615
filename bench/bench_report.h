/* The results as a table on stdout. */
#ifndef CLGRAD_BENCH_REPORT_H
#define CLGRAD_BENCH_REPORT_H

#include "bench_document.h"

/* "1.23 ms" in one of a few static buffers; "-" for 0. */
const char *bench_seconds_text(double seconds);

/* Which machine this is, the load on it, and each device with its limits. */
void bench_print_head(const json_t *document);

/* The head of the table, and a line of it; `first` of its case. */
void bench_print_columns(bool quick);
void bench_print_entry(const json_t *entry, bool first);

/* All lines of a document. */
void bench_print_all(const json_t *document);

#endif
