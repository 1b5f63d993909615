/* Suites: cases under one name. */
#ifndef CLGRAD_BENCH_SUITES_H
#define CLGRAD_BENCH_SUITES_H

#include "cases.h"

/* All cases, the operations of the catalog last; NULL after them. */
const bench_case *bench_any_case_at(int i);

typedef struct bench_suite {
    const char *name, *about;
    const char
        *works; /* the first parts of its cases' names, " matmul gemm "; NULL: those that vary in size only */
} bench_suite;

/* The suites in order; NULL after the last. */
const bench_suite *bench_suite_at(int i);

/* Whether a case belongs to one of a comma list of suites, or of first parts of names; NULL: it does. */
bool bench_suites_have(const char *list, const bench_case *what);

/* Whether a title is one of a comma list; NULL: it is. */
bool bench_titles_have(const char *list, const char *title);

/* The first suite that a case belongs to. */
const char *bench_suite_of(const bench_case *what);

/* The first name of the list, as long as *length, that no case belongs to; NULL if each has one. */
const char *bench_suites_unknown(const char *list, size_t *length);

/* The first name of the list, as long as *length, that is the title of no case; NULL if each is one. */
const char *bench_titles_unknown(const char *list, size_t *length);

#endif
