/* The page that shows results: HTML with everything in it, from bench/page/. */
#ifndef CLGRAD_BENCH_PAGE_H
#define CLGRAD_BENCH_PAGE_H

#include <jansson.h>
#include <stdbool.h>

/* Writes the page, whole or not at all; earlier is what was compared with, or NULL. False: errno says why. */
bool bench_page_write(const json_t *document, const json_t *earlier, const char *path);

#endif
