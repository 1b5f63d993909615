/*
 * The results of a run as one JSON document: what --json writes, --against and --from read, and the page shows.
 *
 *     {"format": "clgrad-bench", "format_version": 1, "version", "commit", "time", "date", "quick", "interrupted",
 *      "machine": {"processor", "processors", "memory_bytes", "system", "load": [1, 5, 15 minutes], "threads"},
 *      "devices": [{"id", "name", "type", "platform", "driver", "units", "limits": {...}}],
 *      "results": [{"case", "suite", "target", "size": [...], "seconds": {"min", "q1", "median", "q3", "max"}, ...}]}
 *
 * Times are seconds of one operation. bench/peers/ writes results with the same keys, as far as it has their values:
 * a document without "format" is taken for theirs.
 */
#ifndef CLGRAD_BENCH_DOCUMENT_H
#define CLGRAD_BENCH_DOCUMENT_H

#include "measure.h"

#include <jansson.h>

enum { BENCH_FORMAT_VERSION = 1, BENCH_WHY = 512 };

/* A document without results; NULL without memory. */
json_t *bench_document_new(bool quick, int n, const bench_target *targets);

/* Adds what came out for a case on a device; returns the entry, which belongs to the document, or NULL. */
json_t *bench_document_add(json_t *document, const bench_case *what, bench_size size,
                           const bench_result *result);

/* Reads and checks a document. NULL: `why` says what is wrong with the file. */
json_t *bench_document_read(const char *path, char why[BENCH_WHY]);

/* Writes it, whole or not at all. False: errno says why. */
bool bench_document_write(const json_t *document, const char *path);

/* The entries; always an array. */
const json_t *bench_document_results(const json_t *document);

/* The entry of a case on a target; NULL if there is none. */
json_t *bench_document_find(const json_t *document, const char *title, const char *target);

/* A text or a number of an entry; "" or 0 where it is missing. "median" and the like are those of its seconds. */
const char *bench_entry_text(const json_t *entry, const char *key);
double bench_entry_number(const json_t *entry, const char *key);
double bench_entry_seconds(const json_t *entry, const char *key);

#endif
