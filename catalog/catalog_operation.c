#include "catalog/catalog_operation.h"

#include "catalog/catalog_rows.h"
#include "catalog/values.h"
#include "reference/scratch.h"

#include <string.h>

/* --- The list ---------------------------------------------------------------------------------------------- */

bool catalog_operation_at(int i, catalog_operation *operation) {
    if (i < CG_ROW_COUNT) {
        *operation = (catalog_operation){catalog_row_at(i)->name, "elementwise", i, NULL};
        return true;
    }
    i -= CG_ROW_COUNT;
    const catalog_entry *entry;
    for (int k = 0; (entry = catalog_at(k)); k++) {
        if (catalog_find(entry->name) != entry || i-- > 0) continue;
        *operation = (catalog_operation){entry->name, catalog_family(entry), -1, entry};
        return true;
    }
    return false;
}

/* The first entry of the operation that takes dtype t; NULL if none does. */
static const catalog_entry *entry_for(const catalog_operation *operation, cg_dtype t) {
    const catalog_entry *entry;
    for (int k = 0; (entry = catalog_at(k)); k++)
        if (!strcmp(entry->name, operation->name) && entry->dtypes >> t & 1) return entry;
    return NULL;
}

bool catalog_operation_takes(const catalog_operation *operation, cg_dtype t) {
    return operation->row >= 0 ? catalog_row_accepts(operation->row, t) : entry_for(operation, t) != NULL;
}

bool catalog_operation_converts(const catalog_operation *operation, cg_dtype t) {
    return operation->row >= 0 && catalog_row_at(operation->row)->class == CG_CLASS_FLOAT && t != CG_F32 &&
           t != CG_F64;
}

/* --- Operands of a row --------------------------------------------------------------------------------------- */

typedef struct row_input {
    int64_t n;
    cg_arg arg[3];
    const long double *values[3];
} row_input;

/* Element i of operand k: the pairs of special values first (for reals), then points of the domain. */
static long double row_element(int row, cg_dtype t, int k, int64_t i, int64_t specials, uint64_t *seed) {
    const catalog_row *r = catalog_row_at(row);
    if (i < specials) {
        const int count = special_count();
        const int64_t other = (i * 7 + i / count * 13) % count;
        return special_value(t, (int)(k == 0 ? i % count : k == 1 ? i / count : other));
    }
    unsigned char element[8] = {0};
    random_fill(t, element, 1, r->lo, r->hi, seed);
    return value_get(t, element, 0);
}

static row_input make_row_input(cg_device *dev, int row, cg_dtype t, int64_t points) {
    const catalog_row *r = catalog_row_at(row);
    const bool real = t == CG_F32 || t == CG_F64;
    const int64_t count = special_count(), specials = !real ? 0 : r->tensors == 1 ? count : count * count;
    row_input in = {.n = specials + points};
    uint64_t seed = (uint64_t)row * 8 + t + 1;
    for (int k = 0; k < r->tensors; k++) {
        void *data = scratch((size_t)in.n * cg_dtype_size(t));
        long double *values = scratch((size_t)in.n * sizeof *values);
        for (int64_t i = 0; i < in.n; i++) {
            value_set(t, data, i, row_element(row, t, k, i, specials, &seed));
            values[i] = value_get(t, data, i);
        }
        in.arg[k] = cg_arg_tensor(cg_from_host(dev, t, cg_shape(in.n), data));
        in.values[k] = values;
    }
    if (r->signature == CG_SIG_PARAM) {
        const double y = catalog_row_parameter(row);
        long double *values = scratch((size_t)in.n * sizeof *values);
        for (int64_t i = 0; i < in.n; i++) values[i] = catalog_row_result(row, t) == CG_F64 ? y : (float)y;
        in.arg[1] = cg_arg_real(y);
        in.values[1] = values;
    }
    return in;
}

static cg_tensor *apply_row(int row, const row_input *in) {
    return catalog_row_apply(row, in->arg[0], in->arg[1], in->arg[2]);
}

/* --- Checking ------------------------------------------------------------------------------------------------ */

catalog_verdict catalog_operation_check_row(cg_device *dev, int row, cg_dtype t, int64_t n) {
    cg_scope *scope = cg_scope_begin(dev);
    row_input in = make_row_input(dev, row, t, n);
    cg_tensor *got = cg_eval(apply_row(row, &in));
    catalog_verdict verdict = {0};
    if (got)
        verdict = catalog_row_verify(got, row, t, in.n,
                                     (catalog_row_operands){in.values[0], in.values[1], in.values[2]});
    else
        snprintf(verdict.text, sizeof verdict.text, "%s", cg_error_message(dev));
    cg_scope_end(scope);
    cg_error_clear(dev);
    scratch_free_all();
    return verdict;
}

catalog_verdict catalog_operation_check_entry(cg_device *dev, const catalog_entry *entry, cg_dtype t) {
    cg_scope *scope = cg_scope_begin(dev);
    const catalog_case c = catalog_case_make(entry, t, 1);
    cg_tensor *x[CATALOG_INPUTS] = {0};
    for (int k = 0; k < entry->n; k++) x[k] = catalog_case_tensor(&c, dev, k);
    cg_tensor *got = cg_eval(entry->call(x));
    catalog_verdict verdict = {0};
    if (got)
        verdict = catalog_case_verify(&c, got);
    else
        snprintf(verdict.text, sizeof verdict.text, "%s", cg_error_message(dev));
    cg_scope_end(scope);
    cg_error_clear(dev);
    scratch_free_all();
    return verdict;
}

/* --- Observing ------------------------------------------------------------------------------------------------ */

/* The result of the operation, its inputs computed; with `leaves`, the inputs of dtype t require a gradient. */
static cg_tensor *call_operation(const catalog_operation *operation, cg_device *dev, cg_dtype t, bool leaves,
                                 cg_device_stats *before) {
    cg_tensor *x[CATALOG_INPUTS] = {0};
    if (operation->row >= 0) {
        row_input in = make_row_input(dev, operation->row, t, 8);
        for (int k = 0; leaves && k < catalog_row_at(operation->row)->tensors; k++)
            cg_require_grad(in.arg[k].tensor, true);
        *before = cg_device_statistics(dev);
        return apply_row(operation->row, &in);
    }
    const catalog_entry *entry = entry_for(operation, t);
    const catalog_case c = catalog_case_make(entry, t, 1);
    for (int k = 0; k < entry->n; k++) {
        x[k] = catalog_case_tensor(&c, dev, k);
        if (leaves && c.in_dtype[k] == t) cg_require_grad(x[k], true);
    }
    *before = cg_device_statistics(dev);
    return entry->call(x);
}

catalog_observation catalog_operation_observe(const catalog_operation *operation, cg_device *dev,
                                              cg_dtype t) {
    catalog_observation o = {.done = true};
    cg_scope *scope = cg_scope_begin(dev);
    cg_device_stats before;
    cg_tensor *got = cg_eval(call_operation(operation, dev, t, false, &before));
    const cg_device_stats after = cg_device_statistics(dev);
    o.done = got != NULL;
    if (!got) snprintf(o.text, sizeof o.text, "%s", cg_error_message(dev));
    for (int kind = 0; kind < CG_WORK_COUNT; kind++) o.work[kind] = after.work[kind] - before.work[kind];
    o.round_trips = after.round_trips - before.round_trips;
    o.uploads = after.uploads - before.uploads;
    if (got && (t == CG_F32 || t == CG_F64))
        o.gradient = cg_requires_grad(call_operation(operation, dev, t, true, &before));
    cg_scope_end(scope);
    cg_error_clear(dev);
    scratch_free_all();
    return o;
}
