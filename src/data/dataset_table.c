/* Data sets of the rows of a table: data.h, at cg_dataset_from_table. */
#include "data/dataset.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The columns of a table that are targets, in the order they were asked for. */
typedef struct target_columns {
    const cg_table *table;
    int64_t n, *column;
    bool labels;
} target_columns;

static bool is_target(const target_columns *t, int64_t column) {
    for (int64_t i = 0; i < t->n; i++)
        if (t->column[i] == column) return true;
    return false;
}

/* The number of target i. */
static cg_status find_column(target_columns *t, const cg_table_options *o, int64_t i, cg_error *err) {
    const int64_t columns = cg_table_columns(t->table);
    int64_t found = columns - 1;
    if (o->targets) {
        found = cg_table_find(t->table, o->targets[i]);
        if (found < 0)
            return CG_FAIL(err, CG_ERROR_ARGUMENT, "dataset: the table has no column '%.100s'",
                           o->targets[i] ? o->targets[i] : "");
    } else if (o->columns) {
        found = o->columns[i] < 0 ? o->columns[i] + columns : o->columns[i];
    }
    if (found < 0 || found >= columns || is_target(t, found))
        return CG_FAIL(err, CG_ERROR_ARGUMENT, "dataset: target %lld is column %lld of %lld, or given twice",
                       (long long)i, (long long)(o->columns ? o->columns[i] : found), (long long)columns);
    t->column[t->n++] = found;
    return CG_OK;
}

static cg_status find_targets(target_columns *t, const cg_table_options *o, cg_error *err) {
    const int64_t n = o->n_targets ? o->n_targets : 1, columns = cg_table_columns(t->table);
    if (n < 0 || n >= columns || (o->n_targets && !o->targets == !o->columns))
        return CG_FAIL(
            err, CG_ERROR_ARGUMENT,
            "dataset: %lld targets of %lld columns, which leaves no feature, or neither names nor numbers",
            (long long)n, (long long)columns);
    t->column = malloc((size_t)n * sizeof *t->column);
    if (!t->column)
        return CG_FAIL(err, CG_ERROR_MEMORY, "dataset: out of memory for %lld columns", (long long)n);
    cg_table_options asked = *o;
    if (!o->n_targets) asked.targets = NULL, asked.columns = NULL;
    for (int64_t i = 0; i < n; i++)
        if (find_column(t, &asked, i, err) != CG_OK) return err->code;
    const bool text = cg_table_categories(t->table, t->column[0]) > 0;
    t->labels = o->kind == CG_TARGET_LABEL || (o->kind == CG_TARGET_AUTO && text && n == 1);
    if (t->labels && n > 1)
        return CG_FAIL(err, CG_ERROR_ARGUMENT, "dataset: %lld columns of labels; one at most", (long long)n);
    return CG_OK;
}

static cg_status copy_label_column(cg_dataset *set, const target_columns *t, cg_error *err) {
    const double *value = cg_table_values(t->table, t->column[0]);
    for (int64_t row = 0; row < set->samples; row++) {
        if (!(value[row] >= 0 && value[row] < INT32_MAX && value[row] == floor(value[row])))
            return CG_FAIL(
                err, CG_ERROR_ARGUMENT,
                "dataset: row %lld has the label %g in column '%.100s'; expected a whole number from 0",
                (long long)row, value[row], cg_table_name(t->table, t->column[0]));
        cg_dataset_labels(set)[row] = (int32_t)value[row];
    }
    cg_dataset_count_classes(set);
    const int64_t n = cg_table_categories(t->table, t->column[0]);
    const char **name = n ? malloc((size_t)n * sizeof *name) : NULL;
    for (int64_t k = 0; name && k < n; k++) name[k] = cg_table_category(t->table, t->column[0], k);
    if (name) cg_dataset_name_classes(set, n, name, err);
    if (n && !name) CG_FAIL(err, CG_ERROR_MEMORY, "dataset: out of memory for %lld names", (long long)n);
    free(name);
    return err->code;
}

static void copy_features(cg_dataset *set, const target_columns *t) {
    int64_t at = 0;
    for (int64_t c = 0; c < cg_table_columns(t->table); c++) {
        const double *value = cg_table_values(t->table, c);
        if (is_target(t, c)) continue;
        for (int64_t row = 0; row < set->samples; row++)
            set->memory->x[row * set->features + at] = (float)value[row];
        at++;
    }
}

static void copy_value_columns(cg_dataset *set, const target_columns *t) {
    for (int64_t i = 0; i < t->n; i++) {
        const double *value = cg_table_values(t->table, t->column[i]);
        for (int64_t row = 0; row < set->samples; row++)
            ((float *)set->memory->target)[row * t->n + i] = (float)value[row];
    }
}

static cg_dataset *dataset_of_table(const target_columns *t, cg_error *err) {
    const cg_dims features = cg_shape(cg_table_columns(t->table) - t->n);
    const cg_dims target = t->n > 1 ? cg_shape(t->n) : cg_shape();
    cg_dataset *set =
        cg_dataset_new(cg_table_rows(t->table), &features, t->labels ? CG_I32 : CG_F32, &target, err);
    if (!set) return NULL;
    copy_features(set, t);
    if (!t->labels)
        copy_value_columns(set, t);
    else if (copy_label_column(set, t, err) != CG_OK) {
        cg_dataset_free(set);
        return NULL;
    }
    return set;
}

cg_dataset *cg_dataset_from_table(const cg_table *table, cg_table_options options) {
    if (!table) return NULL; /* and the error of who made none stays */
    cg_error *err = cg_error_of_thread();
    *err = (cg_error){0};
    target_columns t = {.table = table};
    cg_dataset *set = find_targets(&t, &options, err) == CG_OK ? dataset_of_table(&t, err) : NULL;
    free(t.column);
    return set;
}

cg_dataset *cg_dataset_from_csv(const char *path, cg_csv_options csv, cg_table_options options) {
    cg_table *table = cg_csv_read(path, csv);
    cg_dataset *set = cg_dataset_from_table(table, options);
    cg_table_free(table);
    return set;
}
