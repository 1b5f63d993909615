/* This run against an earlier one, or against peers. */
#ifndef CLGRAD_BENCH_COMPARE_H
#define CLGRAD_BENCH_COMPARE_H

#include "bench_document.h"

/* How much longer or shorter a median must be to count, beyond quartiles that do not overlap. */
#define BENCH_TOLERANCE 0.05

typedef struct bench_comparison {
    int compared, slower, faster;
    int otherwise; /* measured in both, at different sizes */
} bench_comparison;

/*
 * Notes in each entry of `document` that the earlier one has too, on the same target and at the same size,
 * "against": {"median", "q1", "q3", "ratio": earlier over now, "verdict": "slower", "faster" or "same"}. Slower: the
 * median is more than BENCH_TOLERANCE longer, and the quartiles do not overlap.
 */
bench_comparison bench_compare(json_t *document, const json_t *earlier);

/* Prints a line for each entry that was compared, and the sum. */
void bench_print_comparison(const json_t *document, const json_t *earlier, const char *name,
                            const bench_comparison *sum);

/* Prints how a document's peers did on the cases of this run: their medians over the device's, case by case. */
void bench_print_peers(const json_t *document, const json_t *peers);

#endif
