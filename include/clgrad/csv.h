/*
 * Tables of text: CSV files as RFC 4180 describes them, read strictly, whatever the locale.
 *
 * A record ends at LF or CR LF. A field in double quotes may hold delimiters, line breaks and, doubled, quotes; outside
 * of quotes a quote is an error. Every record has as many fields as the first one; an empty line at the end is none. A
 * UTF-8 byte order mark at the beginning is left out. Blanks around a number are allowed.
 *
 * A column whose fields are all numbers or missing (empty, NA, NaN, N/A, null, ?) is one of numbers: decimal or with an
 * exponent, "inf" and "nan" in any case, a '.' as the point. Any other is one of text: its values are then the places
 * of its texts in their sorted list (as bytes), the column's categories.
 *
 * Errors, on cg_error_message(NULL) with path, line and column: CG_ERROR_IO, CG_ERROR_FORMAT, CG_ERROR_MEMORY; and
 * CG_ERROR_ARGUMENT for no path and for options that are none.
 */
#ifndef CLGRAD_CSV_H
#define CLGRAD_CSV_H

#include "array.h"

CG_BEGIN_DECLS

/* How a file is read; zero is the default of each. */
typedef struct cg_csv_options {
    char delimiter;      /* ','; any other ASCII character but a quote, a digit, '.', '+', '-', CR and LF */
    bool no_header;      /* the first record is data; columns are then called "0", "1", ... */
    bool refuse_missing; /* a missing number or text is an error, and not NaN */
    int64_t skip_lines;  /* lines before the header that are not read */
} cg_csv_options;

/* A table in host memory: columns of numbers and of text. Freed by cg_table_free. */
typedef struct cg_table cg_table;

/* Reads a file. Errors: NULL. */
CG_API cg_table *cg_csv_read(const char *path, cg_csv_options options);

/* The number of records, without the header. 0 for NULL. */
CG_API int64_t cg_table_rows(const cg_table *table);

/* The number of columns. */
CG_API int64_t cg_table_columns(const cg_table *table);

/* The name of a column; NULL if there is no such column. */
CG_API const char *cg_table_name(const cg_table *table, int64_t column);

/* The first column of a name, -1 if there is none. */
CG_API int64_t cg_table_find(const cg_table *table, const char *name);

/* The values of a column, one a row: numbers, or places in the categories. NaN where one is missing. */
CG_API const double *cg_table_values(const cg_table *table, int64_t column);

/* The number of categories: how many texts differ in a column of text, 0 in one of numbers. */
CG_API int64_t cg_table_categories(const cg_table *table, int64_t column);

/* Category k of a column of text; NULL if there is no such category. */
CG_API const char *cg_table_category(const cg_table *table, int64_t column, int64_t k);

/* A new array (rows, columns) of all values, f32 or f64. Errors: CG_ERROR_DTYPE for another dtype. */
CG_API cg_status cg_table_array(const cg_table *table, cg_dtype dtype, cg_array *array);

/* Frees a table. NULL is allowed. */
CG_API void cg_table_free(cg_table *table);

/*
 * Writes an array (N) or (N, D) as a CSV file, whole or not at all: numbers with as many digits as tell them from their
 * neighbours, NaN as nan. names: NULL for no header, or D names, quoted where needed. Errors: CG_ERROR_SHAPE
 * for another rank, CG_ERROR_IO.
 */
CG_API cg_status cg_csv_write(const char *path, const cg_array *array, const char *const *names);

CG_END_DECLS
#endif
