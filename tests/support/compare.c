#include "support/compare.h"

#include "catalog/values.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

const char *shape_text(cg_dims shape) {
    static char buffers[4][160];
    static int next;
    char *text = buffers[next++ % 4];
    int used = snprintf(text, sizeof *buffers, "(");
    for (int i = 0; i < shape.rank; i++)
        used += snprintf(text + used, sizeof *buffers - (size_t)used, i ? ", %lld" : "%lld",
                         (long long)shape.dim[i]);
    snprintf(text + used, sizeof *buffers - (size_t)used, ")");
    return text;
}

bool same_shape(cg_dims a, cg_dims b) {
    if (a.rank != b.rank) return false;
    for (int i = 0; i < a.rank; i++)
        if (a.dim[i] != b.dim[i]) return false;
    return true;
}

void *read_raw(const cg_tensor *x) {
    size_t bytes = (size_t)cg_numel(x) * cg_dtype_size(cg_dtype_of(x));
    void *data = scratch(bytes);
    if (!CHECK_MSG(x != NULL, "no tensor: %s", "an operation failed")) return NULL;
    cg_status status = cg_to_host(x, data, bytes);
    if (!CHECK_MSG(status == CG_OK, "cg_to_host: %s", cg_error_message(cg_device_of(x)))) return NULL;
    return data;
}

long double *to_values(cg_dtype dtype, const void *data, int64_t n) {
    long double *values = scratch((size_t)n * sizeof *values);
    for (int64_t i = 0; i < n; i++) values[i] = value_get(dtype, data, i);
    return values;
}

long double *read_values(const cg_tensor *x) {
    void *data = read_raw(x);
    return data ? to_values(cg_dtype_of(x), data, cg_numel(x)) : NULL;
}

ref_array read_array(const cg_tensor *x) {
    ref_array a = {0};
    long double *values = read_values(x);
    if (!values) return a;
    const cg_dims shape = cg_shape_get(x);
    a = ref_array_new(shape.rank, shape.dim);
    a.v = values;
    return a;
}

bool check_is(const cg_tensor *x, cg_dtype dtype, cg_dims shape) {
    if (!CHECK_MSG(x != NULL, "no result, %s %s expected", cg_dtype_name(dtype), shape_text(shape)))
        return false;
    return CHECK_MSG(cg_dtype_of(x) == dtype && same_shape(cg_shape_get(x), shape), "%s %s, expected %s %s",
                     cg_dtype_name(cg_dtype_of(x)), shape_text(cg_shape_get(x)), cg_dtype_name(dtype),
                     shape_text(shape));
}

/* Reports the worst element if its error is above the limit; errors are in `unit`. */
static bool check_worst(const cg_tensor *x, const long double *got, const long double *want,
                        double (*error)(const void *, cg_dtype, int64_t, long double, long double),
                        const void *context, double limit, const char *unit) {
    int64_t worst = -1;
    double largest = limit;
    for (int64_t i = 0; i < cg_numel(x); i++) {
        double e = error(context, cg_dtype_of(x), i, got[i], want[i]);
        if (e <= largest) continue;
        largest = e;
        worst = i;
    }
    if (worst < 0) return true;
    return CHECK_MSG(false, "element %lld of %s: %.21Lg, expected %.21Lg, off by %.4g > %.4g %s",
                     (long long)worst, shape_text(cg_shape_get(x)), got[worst], want[worst], largest, limit,
                     unit);
}

static double error_equal(const void *context, cg_dtype dtype, int64_t i, long double got, long double want) {
    (void)context, (void)dtype, (void)i;
    return got == want || (isnan(got) && isnan(want)) ? 0 : (double)INFINITY;
}

static double error_ulp(const void *context, cg_dtype dtype, int64_t i, long double got, long double want) {
    (void)context, (void)i;
    return ulp_error(dtype, got, want);
}

static double error_scaled(const void *context, cg_dtype dtype, int64_t i, long double got,
                           long double want) {
    const long double *scale = context;
    return scaled_error(dtype, got, want, scale ? scale[i] : 1);
}

bool check_equal(const cg_tensor *x, cg_dtype dtype, cg_dims shape, const long double *want) {
    if (!check_is(x, dtype, shape)) return false;
    const long double *got = read_values(x);
    return got && check_worst(x, got, want, error_equal, NULL, 0, "(must be equal)");
}

bool check_ulp(const cg_tensor *x, cg_dtype dtype, cg_dims shape, const long double *want, double ulp) {
    if (!check_is(x, dtype, shape)) return false;
    const long double *got = read_values(x);
    return got && check_worst(x, got, want, error_ulp, NULL, ulp, "ULP");
}

bool check_within(const cg_tensor *x, cg_dtype dtype, cg_dims shape, const long double *want, double factor,
                  const long double *scale) {
    if (!check_is(x, dtype, shape)) return false;
    const long double *got = read_values(x);
    return got && check_worst(x, got, want, error_scaled, scale, factor, "u scale");
}

bool check_same_bits(const cg_tensor *x, const cg_tensor *y) {
    if (!CHECK_MSG(x && y, "no tensor to compare")) return false;
    if (!check_is(x, cg_dtype_of(y), cg_shape_get(y))) return false;
    const unsigned char *a = read_raw(x), *b = read_raw(y);
    if (!a || !b) return false;
    size_t size = cg_dtype_size(cg_dtype_of(x));
    for (int64_t i = 0; i < cg_numel(x); i++)
        if (memcmp(a + (size_t)i * size, b + (size_t)i * size, size))
            return CHECK_MSG(false, "element %lld of %s: %.21Lg and %.21Lg, the bits must be equal",
                             (long long)i, shape_text(cg_shape_get(x)), value_get(cg_dtype_of(x), a, i),
                             value_get(cg_dtype_of(y), b, i));
    return true;
}

bool check_item(const cg_tensor *x, double v, double tolerance) {
    double got = 0;
    if (!CHECK_MSG(x != NULL, "no tensor, %.17g expected", v)) return false;
    if (!CHECK_MSG(cg_item(x, &got) == CG_OK, "cg_item: %s", cg_error_message(cg_device_of(x)))) return false;
    bool ok = got == v || (isnan(got) && isnan(v)) || fabs(got - v) <= tolerance;
    return CHECK_MSG(ok, "%.17g, expected %.17g within %g", got, v, tolerance);
}

bool check_error(cg_device *dev, cg_status code, ...) {
    cg_status got = cg_error_code(dev);
    char message[1024];
    snprintf(message, sizeof message, "%s", cg_error_message(dev));
    cg_error_clear(dev);
    bool ok = CHECK_MSG(got == code, "%s expected, there is %s '%s'", cg_status_name(code),
                        cg_status_name(got), message);
    va_list parts;
    va_start(parts, code);
    for (const char *part; ok && (part = va_arg(parts, const char *));)
        ok = CHECK_MSG(strstr(message, part) != NULL, "'%s' is not in the message '%s'", part, message);
    va_end(parts);
    return ok;
}

bool check_message(const char *part) {
    return CHECK_MSG(strstr(cg_error_message(NULL), part) != NULL, "'%s' is not in '%s'", part,
                     cg_error_message(NULL));
}
