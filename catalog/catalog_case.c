/* Inputs of an entry, and its result against the reference. */
#include "catalog/catalog.h"
#include "catalog/values.h"
#include "reference/scratch.h"

#include <math.h>
#include <string.h>

/* --- Inputs ----------------------------------------------------------------------------------------------- */

static bool is_real(cg_dtype t) { return t == CG_F32 || t == CG_F64; }

/* The range of an input, cut to what the dtype can hold. */
static void range_of(const catalog_input *in, cg_dtype t, double *lo, double *hi) {
    bool unset = in->lo == 0 && in->hi == 0;
    *lo = unset && in->fill != CATALOG_INDEX ? -3 : in->lo;
    *hi = unset && in->fill != CATALOG_INDEX ? 3 : in->hi;
    if ((t == CG_U8 || t == CG_BOOL) && *lo < 0) *lo = 0;
    if (t == CG_BOOL && *hi > 1) *hi = 1;
}

static void swap_elements(cg_dtype t, void *data, int64_t i, int64_t j) {
    long double a = value_get(t, data, i);
    value_set(t, data, i, value_get(t, data, j));
    value_set(t, data, j, a);
}

/* A grid over [lo, hi] in an order without pattern: the grid's points are (hi - lo) / n apart. */
static void fill_distinct(cg_dtype t, void *data, int64_t n, double lo, double hi, uint64_t *seed) {
    for (int64_t i = 0; i < n; i++) {
        double v = lo + (hi - lo) * ((double)i + 0.37) / (double)n;
        value_set(t, data, i, is_real(t) ? v : floor(v));
    }
    for (int64_t i = n - 1; i > 0; i--) swap_elements(t, data, i, random_below(seed, i + 1));
}

static void sort_rows(cg_dtype t, void *data, int64_t n, int64_t row) {
    for (int64_t start = 0; row > 0 && start < n; start += row)
        for (int64_t i = start + 1; i < start + row; i++)
            for (int64_t j = i; j > start && value_get(t, data, j) < value_get(t, data, j - 1); j--)
                swap_elements(t, data, j, j - 1);
}

static void fill_ties(cg_dtype t, void *data, int64_t n, double lo, double hi, uint64_t *seed) {
    enum { VALUES = 5 };
    for (int64_t i = 0; i < n; i++) {
        double v = lo + (hi - lo) * (double)random_below(seed, VALUES) / (VALUES - 1);
        value_set(t, data, i, is_real(t) ? v : floor(v));
    }
}

static void strew_specials(cg_dtype t, void *data, int64_t n, uint64_t *seed) {
    static const double special[] = {0.0, -0.0, (double)INFINITY, -(double)INFINITY, (double)NAN};
    for (int64_t i = 0; is_real(t) && i < n; i++)
        if (random_below(seed, 3) == 0) value_set(t, data, i, (long double)special[random_below(seed, 5)]);
}

static void normalize_rows(cg_dtype t, void *data, int64_t n, int64_t row) {
    for (int64_t start = 0; row > 0 && start < n; start += row) {
        long double sum = 0;
        for (int64_t i = start; i < start + row; i++) sum += value_get(t, data, i);
        for (int64_t i = start; i < start + row; i++) value_set(t, data, i, value_get(t, data, i) / sum);
    }
}

static void fill_input(const catalog_input *in, cg_dtype t, void *data, int64_t n, uint64_t *seed) {
    double lo, hi;
    range_of(in, t, &lo, &hi);
    int64_t row = in->shape.rank ? in->shape.dim[in->shape.rank - 1] : 1;
    switch (in->fill) {
    case CATALOG_DISTINCT:
        fill_distinct(t, data, n, lo, hi, seed);
        break;
    case CATALOG_TIES:
        fill_ties(t, data, n, lo, hi, seed);
        break;
    case CATALOG_SPECIAL:
        fill_ties(t, data, n, lo, hi, seed);
        strew_specials(t, data, n, seed);
        break;
    case CATALOG_PROBABILITY:
        random_fill(t, data, n, 0.05, 1, seed);
        normalize_rows(t, data, n, row);
        break;
    case CATALOG_INDEX:
        for (int64_t i = 0; i < n; i++)
            value_set(t, data, i, lo + (double)random_below(seed, (int64_t)(hi - lo) + 1));
        break;
    case CATALOG_UNIFORM:
    case CATALOG_SORTED:
        random_fill(t, data, n, lo, hi, seed);
        if (in->fill == CATALOG_SORTED) sort_rows(t, data, n, row);
        break;
    }
}

static cg_dtype input_dtype(const catalog_input *in, cg_dtype dtype) {
    if (in->dtype != CATALOG_DTYPE_OF_CASE) return (cg_dtype)(in->dtype - 1);
    return in->fill == CATALOG_INDEX ? CG_I64 : dtype;
}

static void make_input(catalog_case *c, int k, const catalog_input *in, uint64_t *seed) {
    cg_dtype t = input_dtype(in, c->dtype);
    ref_array values = ref_array_new(in->shape.rank, in->shape.dim);
    void *data = scratch((size_t)values.n * cg_dtype_size(t));
    fill_input(in, t, data, values.n, seed);
    for (int64_t i = 0; i < values.n; i++) values.v[i] = value_get(t, data, i);
    c->in_dtype[k] = t;
    c->in[k] = data;
    c->values[k] = values;
}

bool catalog_wants_gradient(const catalog_entry *entry, int k) {
    const catalog_input *in = &entry->x[k];
    return entry->gradient && in->dtype == CATALOG_DTYPE_OF_CASE && in->fill != CATALOG_INDEX &&
           !in->no_gradient;
}

catalog_case catalog_case_make(const catalog_entry *entry, cg_dtype dtype, uint64_t seed) {
    catalog_case c = {.entry = entry, .dtype = dtype};
    for (int k = 0; k < entry->n; k++) make_input(&c, k, &entry->x[k], &seed);
    return c;
}

catalog_case catalog_case_smooth(const catalog_entry *entry) {
    catalog_case c = {.entry = entry, .dtype = CG_F64};
    uint64_t seed = 5;
    for (int k = 0; k < entry->n; k++) {
        catalog_input in = entry->x[k];
        if (catalog_wants_gradient(entry, k) && in.fill != CATALOG_PROBABILITY) in.fill = CATALOG_DISTINCT;
        make_input(&c, k, &in, &seed);
    }
    return c;
}

cg_tensor *catalog_case_tensor(const catalog_case *c, cg_device *dev, int k) {
    return cg_from_host(dev, c->in_dtype[k], c->entry->x[k].shape, c->in[k]);
}

/* --- Results ---------------------------------------------------------------------------------------------- */

cg_dtype catalog_result_dtype(const catalog_entry *entry, cg_dtype dtype) {
    switch (entry->result) {
    case CATALOG_SAME:
        return dtype;
    case CATALOG_REAL:
        return is_real(dtype) ? dtype : CG_F32;
    case CATALOG_SUM_OF:
        return is_real(dtype) ? dtype : CG_I64;
    case CATALOG_IS_I64:
        return CG_I64;
    case CATALOG_IS_BOOL:
        return CG_BOOL;
    }
    return dtype;
}

static bool has_shape(const cg_tensor *got, ref_array want) {
    if (cg_rank(got) != want.rank) return false;
    for (int a = 0; a < want.rank; a++)
        if (cg_size(got, a) != want.shape[a]) return false;
    return true;
}

/* The error of one element in units of what is allowed; in units of u |want| where nothing is. */
static double error_of(const catalog_entry *entry, cg_dtype t, long double got, long double want,
                       long double scale) {
    if (got == want || (isnan(got) && isnan(want))) return 0;
    if (!is_real(t)) return (double)INFINITY;
    if (entry->bound == 0) return (double)INFINITY;
    return scaled_error(t, got, want, scale) / entry->bound;
}

static void compare_elements(const catalog_case *c, cg_dtype t, const void *data, ref_array want,
                             ref_array scale, catalog_verdict *verdict) {
    for (int64_t i = 0; i < want.n; i++) {
        long double got = value_get(t, data, i);
        double error = error_of(c->entry, t, got, want.v[i], scale.v ? scale.v[i] : fabsl(want.v[i]));
        double ulp = is_real(t) ? ulp_error(t, got, want.v[i]) : 0;
        if (ulp > verdict->ulp) verdict->ulp = ulp;
        if (error <= verdict->worst) continue;
        verdict->worst = error;
        verdict->at = i;
        if (error <= 1) continue;
        verdict->ok = false;
        snprintf(verdict->text, sizeof verdict->text,
                 "element %lld is %.21Lg, expected %.21Lg: %.4g of the allowed error", (long long)i, got,
                 want.v[i], error);
    }
}

static catalog_verdict fault(const char *text) {
    catalog_verdict verdict = {.ulp = (double)INFINITY, .worst = (double)INFINITY, .at = -1};
    snprintf(verdict.text, sizeof verdict.text, "%s", text);
    return verdict;
}

catalog_verdict catalog_case_verify(const catalog_case *c, const cg_tensor *got) {
    if (!got) return fault("no result");
    ref_array want = c->entry->reference(c->values), scale = {0};
    cg_dtype t = cg_dtype_of(got);
    if (t != catalog_result_dtype(c->entry, c->dtype))
        return fault("the result has another dtype than documented");
    if (!has_shape(got, want)) return fault("the result has another shape than the reference");
    if (c->entry->scale) scale = c->entry->scale(c->values);
    if (scale.v && scale.n != want.n) return fault("the scale of the error has another size than the result");
    size_t bytes = (size_t)want.n * cg_dtype_size(t);
    void *data = scratch(bytes);
    if (cg_to_host(got, data, bytes) != CG_OK) return fault(cg_error_message(cg_device_of(got)));
    catalog_verdict verdict = {.ok = true};
    compare_elements(c, t, data, want, scale, &verdict);
    return verdict;
}
