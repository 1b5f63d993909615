/* Tables: columns of numbers and of categories, from a file's fields; and arrays as files. csv.h. */
#include "clgrad/csv.h"

#include "core/dtype.h"
#include "core/shape.h"
#include "io/array_host.h"
#include "io/atomic_file.h"
#include "io/csv_text.h"
#include "io/system_error.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct table_column {
    char *name;
    double *value;   /* one a row */
    char **category; /* sorted; they stand in the text */
    int64_t n_categories;
} table_column;

struct cg_table {
    cg_csv_text text;
    int64_t rows, columns;
    int64_t first; /* the record that is row 0 */
    table_column *column;
};

static char *field_of(const cg_table *t, int64_t row, int64_t column) {
    return t->text.field[(t->first + row) * t->columns + column];
}

/* --- Reading --------------------------------------------------------------------------------------------------- */

static cg_status name_column(cg_table *t, int64_t c, bool header, cg_error *err) {
    char number[32];
    snprintf(number, sizeof number, "%lld", (long long)c);
    t->column[c].name = strdup(header ? t->text.field[c] : number);
    t->column[c].value = malloc((size_t)t->rows * sizeof *t->column[c].value + 1);
    if (t->column[c].name && t->column[c].value) return CG_OK;
    return CG_FAIL(err, CG_ERROR_MEMORY, "csv: out of memory for a column of %lld rows", (long long)t->rows);
}

/* Reads a column as numbers; false at the first field that is neither a number nor missing. */
static bool read_numbers(cg_table *t, int64_t c) {
    for (int64_t row = 0; row < t->rows; row++) {
        const char *field = field_of(t, row, c);
        if (cg_csv_number(field, &t->column[c].value[row])) continue;
        if (!cg_csv_missing(field)) return false;
        t->column[c].value[row] = (double)NAN;
    }
    return true;
}

static int compare_texts(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The different texts of a column, sorted, and their places as values. */
static cg_status read_categories(cg_table *t, int64_t c, cg_error *err) {
    table_column *column = &t->column[c];
    int64_t n = 0, kept = 0;
    column->category = malloc((size_t)t->rows * sizeof *column->category + 1);
    if (!column->category)
        return CG_FAIL(err, CG_ERROR_MEMORY, "csv: out of memory for the texts of %lld rows",
                       (long long)t->rows);
    for (int64_t row = 0; row < t->rows; row++)
        if (!cg_csv_missing(field_of(t, row, c))) column->category[n++] = field_of(t, row, c);
    qsort(column->category, (size_t)n, sizeof *column->category, compare_texts);
    for (int64_t i = 0; i < n; i++)
        if (kept == 0 || strcmp(column->category[i], column->category[kept - 1]) != 0)
            column->category[kept++] = column->category[i];
    column->n_categories = kept;
    for (int64_t row = 0; row < t->rows; row++) {
        char *field = field_of(t, row, c);
        char **found = cg_csv_missing(field) ? NULL
                                             : bsearch(&field, column->category, (size_t)kept,
                                                       sizeof *column->category, compare_texts);
        column->value[row] = found ? (double)(found - column->category) : (double)NAN;
    }
    return CG_OK;
}

static cg_status refuse_missing(const cg_table *t, int64_t c, const char *path, cg_error *err) {
    for (int64_t row = 0; row < t->rows; row++)
        if (isnan(t->column[c].value[row]))
            return CG_FAIL(err, CG_ERROR_FORMAT,
                           "csv: " CG_PATH_FORMAT ", line %lld: the value of column '%.100s' is missing",
                           path, (long long)t->text.line[t->first + row], t->column[c].name);
    return CG_OK;
}

static cg_status read_table(cg_table *t, const char *path, const cg_csv_options *o, cg_error *err) {
    cg_plain_locale locale;
    if (cg_csv_text_read(&t->text, path, o, err) != CG_OK) return err->code;
    t->columns = t->text.columns;
    t->first = !o->no_header;
    t->rows = t->text.records - t->first;
    t->column = calloc((size_t)t->columns + 1, sizeof *t->column);
    if (!t->column || !cg_plain_locale_begin(&locale))
        return CG_FAIL(err, CG_ERROR_MEMORY, "csv: out of memory for %lld columns", (long long)t->columns);
    for (int64_t c = 0; err->code == CG_OK && c < t->columns; c++) {
        if (name_column(t, c, !o->no_header, err) == CG_OK && !read_numbers(t, c)) read_categories(t, c, err);
        if (err->code == CG_OK && o->refuse_missing) refuse_missing(t, c, path, err);
    }
    cg_plain_locale_end(&locale);
    return err->code;
}

cg_table *cg_csv_read(const char *path, cg_csv_options options) {
    cg_error *err = cg_error_of_thread();
    *err = (cg_error){0};
    cg_table *table = calloc(1, sizeof *table);
    if (!table)
        CG_FAIL(err, CG_ERROR_MEMORY, "csv: out of memory");
    else if (read_table(table, path, &options, err) == CG_OK)
        return table;
    cg_table_free(table);
    return NULL;
}

/* --- Questions ------------------------------------------------------------------------------------------------- */

static const table_column *column_at(const cg_table *t, int64_t c) {
    return t && c >= 0 && c < t->columns ? &t->column[c] : NULL;
}

int64_t cg_table_rows(const cg_table *table) { return table ? table->rows : 0; }

int64_t cg_table_columns(const cg_table *table) { return table ? table->columns : 0; }

const char *cg_table_name(const cg_table *table, int64_t column) {
    const table_column *c = column_at(table, column);
    return c ? c->name : NULL;
}

int64_t cg_table_find(const cg_table *table, const char *name) {
    for (int64_t c = 0; name && c < cg_table_columns(table); c++)
        if (!strcmp(table->column[c].name, name)) return c;
    return -1;
}

const double *cg_table_values(const cg_table *table, int64_t column) {
    const table_column *c = column_at(table, column);
    return c ? c->value : NULL;
}

int64_t cg_table_categories(const cg_table *table, int64_t column) {
    const table_column *c = column_at(table, column);
    return c ? c->n_categories : 0;
}

const char *cg_table_category(const cg_table *table, int64_t column, int64_t k) {
    const table_column *c = column_at(table, column);
    return c && k >= 0 && k < c->n_categories ? c->category[k] : NULL;
}

cg_status cg_table_array(const cg_table *table, cg_dtype dtype, cg_array *array) {
    cg_error *err = cg_error_of_thread();
    *err = (cg_error){0};
    *array = (cg_array){.shape = {.rank = -1}};
    if (!table) return CG_FAIL(err, CG_ERROR_ARGUMENT, "table: there is none");
    if (!cg_dtype_is_float(dtype))
        return CG_FAIL(err, CG_ERROR_DTYPE, "table: an array of %s; f32 or f64 are made",
                       cg_dtype_name(dtype));
    if (cg_array_make(array, dtype, cg_shape(table->rows, table->columns), "table", err) != CG_OK)
        return err->code;
    for (int64_t row = 0; row < table->rows; row++)
        for (int64_t c = 0; c < table->columns; c++) {
            const int64_t i = row * table->columns + c;
            if (dtype == CG_F64)
                ((double *)array->data)[i] = table->column[c].value[row];
            else
                ((float *)array->data)[i] = (float)table->column[c].value[row];
        }
    return CG_OK;
}

void cg_table_free(cg_table *table) {
    if (!table) return;
    for (int64_t c = 0; table->column && c < table->columns; c++) {
        free(table->column[c].name);
        free(table->column[c].value);
        free(table->column[c].category);
    }
    free(table->column);
    cg_csv_text_free(&table->text);
    free(table);
}

/* --- Writing --------------------------------------------------------------------------------------------------- */

/* A name as a field: in quotes where it needs them. */
static cg_status write_name(cg_atomic_file *file, const char *name, cg_error *err) {
    if (*name && !strpbrk(name, ",\"\r\n")) return cg_atomic_write(file, name, strlen(name), err);
    cg_status status = cg_atomic_write(file, "\"", 1, err);
    for (const char *at = name; status == CG_OK && *at; at++)
        status = cg_atomic_write(file, *at == '"' ? "\"\"" : at, *at == '"' ? 2 : 1, err);
    return status == CG_OK ? cg_atomic_write(file, "\"", 1, err) : status;
}

/* 9 digits tell floats apart, 17 doubles; all of an integer's are written. */
static size_t number_text(const cg_array *a, int64_t i, char *to, size_t room) {
    const double v = cg_array_get(a, i);
    if (a->dtype == CG_I64)
        return (size_t)snprintf(to, room, "%lld", (long long)((const int64_t *)a->data)[i]);
    if (isnan(v)) return (size_t)snprintf(to, room, "nan");
    return (size_t)snprintf(to, room, "%.*g", a->dtype == CG_F64 ? 17 : a->dtype == CG_F32 ? 9 : 10, v);
}

/* A block at a time, so that a number does not cost a call of the system. */
static cg_status write_numbers(cg_atomic_file *file, const cg_array *a, int64_t columns, cg_error *err) {
    char block[4096];
    size_t used = 0;
    const int64_t n = cg_array_numel(a);
    cg_status status = CG_OK;
    for (int64_t i = 0; status == CG_OK && i < n; i++) {
        used += number_text(a, i, block + used, sizeof block - used);
        block[used++] = (i + 1) % columns == 0 ? '\n' : ',';
        if (used + 64 < sizeof block && i + 1 < n) continue;
        status = cg_atomic_write(file, block, used, err);
        used = 0;
    }
    return status;
}

cg_status cg_csv_write(const char *path, const cg_array *array, const char *const *names) {
    cg_error *err = cg_error_of_thread();
    *err = (cg_error){0};
    int64_t numel;
    if (!cg_array_valid(array, &numel) || (array->shape.rank != 1 && array->shape.rank != 2))
        return CG_FAIL(err, CG_ERROR_SHAPE, "csv: %s; expected (N) or (N, D) with data",
                       array ? CG_SHAPE_STR(&array->shape) : "NULL");
    const int64_t columns = array->shape.rank == 2 ? array->shape.dim[1] : 1;
    cg_plain_locale locale;
    if (!cg_plain_locale_begin(&locale)) return CG_FAIL(err, CG_ERROR_MEMORY, "csv: out of memory");
    cg_atomic_file file;
    cg_status status = cg_atomic_begin(&file, path, err);
    for (int64_t c = 0; status == CG_OK && names && c < columns; c++) {
        status = names[c] ? write_name(&file, names[c], err)
                          : CG_FAIL(err, CG_ERROR_ARGUMENT, "csv: column %lld has no name", (long long)c);
        if (status == CG_OK) status = cg_atomic_write(&file, c + 1 < columns ? "," : "\n", 1, err);
    }
    if (status == CG_OK) status = write_numbers(&file, array, columns, err);
    status = cg_atomic_end(&file, status, err);
    cg_plain_locale_end(&locale);
    return status;
}
