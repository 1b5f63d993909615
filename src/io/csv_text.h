/*
 * A CSV file as text: its records and fields, with quotes resolved. Format: csv.h.
 */
#ifndef CLGRAD_IO_CSV_TEXT_H
#define CLGRAD_IO_CSV_TEXT_H

#include "clgrad/csv.h"
#include "core/error.h"

#include <locale.h>

/* Fields of all records, record by record. */
typedef struct cg_csv_text {
    char *bytes;   /* of the file; fields are cut out of it, each ends with a 0 */
    char **field;  /* records * columns */
    int64_t *line; /* where each record begins, from 1 */
    int64_t records, columns;
} cg_csv_text;

/* Reads a file. To be freed by cg_csv_text_free, also after an error. */
cg_status cg_csv_text_read(cg_csv_text *text, const char *path, const cg_csv_options *options, cg_error *err);

void cg_csv_text_free(cg_csv_text *text);

/*
 * Numbers are read and written between these two, with '.' as the point, whatever locale the program has set for this
 * thread. False without memory.
 */
typedef struct cg_plain_locale {
    locale_t plain, before;
} cg_plain_locale;
bool cg_plain_locale_begin(cg_plain_locale *locale);
void cg_plain_locale_end(cg_plain_locale *locale);

/* A decimal number, blanks around it, inf and nan in any case; false if a field is none. */
bool cg_csv_number(const char *field, double *value);

/* Whether a field stands for a value that is missing: empty, NA, NaN, N/A, null, ?. */
bool cg_csv_missing(const char *field);

#endif
