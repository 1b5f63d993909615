/* Activations along an axis, their derivatives, gated units, comparison within a tolerance. */
#include "catalog/catalog.h"

#include <math.h>

/* --- softmax ----------------------------------------------------------------------------------------------- */

/* f(n, step, in, out) on each row of elements along the axis. */
typedef void row_of(int64_t n, int64_t step, const long double *x, const long double *y, long double *out);

static ref_array along(ref_array x, ref_array y, int axis, row_of *f) {
    int a = ref_array_axis(x, axis);
    int64_t outer, inner, n = x.shape[a];
    ref_array_around(x, a, &outer, &inner);
    ref_array out = ref_array_like(x);
    for (int64_t o = 0; o < outer; o++)
        for (int64_t i = 0; i < inner; i++) {
            int64_t at = o * n * inner + i;
            f(n, inner, x.v + at, y.v + at, out.v + at);
        }
    return out;
}

static void softmax_row(int64_t n, int64_t step, const long double *x, const long double *y,
                        long double *out) {
    (void)y;
    ref_softmax(false, n, step, x, out);
}

static void log_softmax_row(int64_t n, int64_t step, const long double *x, const long double *y,
                            long double *out) {
    (void)y;
    ref_softmax(true, n, step, x, out);
}

/* sum_j g_j dy_j/dx_i with dy_j/dx_i = y_j ([i = j] - y_i); size: the same with all terms positive. */
static void product_row(int64_t n, int64_t step, const long double *y, const long double *g, long double *out,
                        bool size) {
    for (int64_t i = 0; i < n * step; i += step)
        for (int64_t j = 0; j < n * step; j += step) {
            long double own = i == j ? 1 : 0, slope = size ? own + fabsl(y[i]) : own - y[i];
            out[i] += size ? fabsl(g[j] * y[j]) * slope : g[j] * y[j] * slope;
        }
}

static void grad_row(int64_t n, int64_t step, const long double *y, const long double *g, long double *out) {
    product_row(n, step, y, g, out, false);
}

static void size_of_grad_row(int64_t n, int64_t step, const long double *y, const long double *g,
                             long double *out) {
    product_row(n, step, y, g, out, true);
}

/* dy_j/dx_i = [i = j] - exp(y_i) */
static void log_product_row(int64_t n, int64_t step, const long double *y, const long double *g,
                            long double *out, bool size) {
    for (int64_t i = 0; i < n * step; i += step)
        for (int64_t j = 0; j < n * step; j += step) {
            long double own = i == j ? 1 : 0, slope = size ? own + expl(y[i]) : own - expl(y[i]);
            out[i] += size ? fabsl(g[j]) * slope : g[j] * slope;
        }
}

static void log_grad_row(int64_t n, int64_t step, const long double *y, const long double *g,
                         long double *out) {
    log_product_row(n, step, y, g, out, false);
}

static void size_of_log_grad_row(int64_t n, int64_t step, const long double *y, const long double *g,
                                 long double *out) {
    log_product_row(n, step, y, g, out, true);
}

static ref_array jacobian(ref_array y, bool size) {
    ref_array out = ref_array_new(2, (const int64_t[]){y.n, y.n});
    for (int64_t i = 0; i < out.n; i++) {
        long double own = i / y.n == i % y.n ? 1 : 0, other = y.v[i % y.n];
        out.v[i] = y.v[i / y.n] * (size ? own + fabsl(other) : own - other);
    }
    return out;
}

static long double one_or_more(long double v) { return fmaxl(1, fabsl(v)); }

/* The operations and references of a row function along an axis. */
#define ALONG(name, axis, row, y)                                                                            \
    static ref_array name(const ref_array *x) { return along(x[0], x[y], axis, row); }

static cg_tensor *softmax_last(cg_tensor *const *x) { return cg_softmax(x[0], -1); }
static cg_tensor *softmax_first(cg_tensor *const *x) { return cg_softmax(x[0], 0); }
static cg_tensor *log_softmax_last(cg_tensor *const *x) { return cg_log_softmax(x[0], -1); }
static cg_tensor *log_softmax_middle(cg_tensor *const *x) { return cg_log_softmax(x[0], 1); }
static cg_tensor *grad_last(cg_tensor *const *x) { return cg_softmax_grad(x[0], x[1], -1); }
static cg_tensor *grad_first(cg_tensor *const *x) { return cg_softmax_grad(x[0], x[1], 0); }
static cg_tensor *log_grad_last(cg_tensor *const *x) { return cg_log_softmax_grad(x[0], x[1], -1); }
static cg_tensor *log_grad_middle(cg_tensor *const *x) { return cg_log_softmax_grad(x[0], x[1], 1); }
static cg_tensor *softmax_jacobian(cg_tensor *const *x) { return cg_softmax_jacobian(x[0]); }
ALONG(ref_of_softmax_last, -1, softmax_row, 0)
ALONG(ref_of_softmax_first, 0, softmax_row, 0)
ALONG(ref_of_log_softmax_last, -1, log_softmax_row, 0)
ALONG(ref_of_log_softmax_middle, 1, log_softmax_row, 0)
ALONG(ref_of_grad_last, -1, grad_row, 1)
ALONG(ref_of_grad_first, 0, grad_row, 1)
ALONG(size_of_grad_last, -1, size_of_grad_row, 1)
ALONG(size_of_grad_first, 0, size_of_grad_row, 1)
ALONG(ref_of_log_grad_last, -1, log_grad_row, 1)
ALONG(ref_of_log_grad_middle, 1, log_grad_row, 1)
ALONG(size_of_log_grad_last, -1, size_of_log_grad_row, 1)
ALONG(size_of_log_grad_middle, 1, size_of_log_grad_row, 1)
static ref_array ref_of_softmax_jacobian(const ref_array *x) { return jacobian(x[0], false); }
static ref_array size_of_softmax_jacobian(const ref_array *x) { return jacobian(x[0], true); }
static ref_array size_of_log_softmax_last(const ref_array *x) {
    return ref_array_map(ref_of_log_softmax_last(x), one_or_more);
}
static ref_array size_of_log_softmax_middle(const ref_array *x) {
    return ref_array_map(ref_of_log_softmax_middle(x), one_or_more);
}

/* Rank 0: a row of one element. */
static ref_array ref_of_one(const ref_array *x) { return ref_array_scalar(isnan(x[0].v[0]) ? x[0].v[0] : 1); }

/* --- gated units --------------------------------------------------------------------------------------------- */

static long double logistic(long double t) { return 1 / (1 + expl(-t)); }
static long double gate(long double a, long double b) { return a * logistic(b); }
static long double swish_gate(long double a, long double b) { return a * logistic(a) * b; }

static ref_array half(ref_array x, int axis, bool second) {
    int a = ref_array_axis(x, axis);
    int64_t outer, inner, n = x.shape[a] / 2, shape[REF_MAX_RANK];
    ref_array_around(x, a, &outer, &inner);
    for (int i = 0; i < x.rank; i++) shape[i] = i == a ? n : x.shape[i];
    ref_array out = ref_array_new(x.rank, shape);
    for (int64_t i = 0; i < out.n; i++) {
        int64_t o = i / (n * inner), rest = i % (n * inner);
        out.v[i] = x.v[2 * o * n * inner + (second ? n * inner : 0) + rest];
    }
    return out;
}

#define GATED(name, axis, f)                                                                                 \
    static ref_array name(const ref_array *x) {                                                              \
        return ref_array_map2(half(x[0], axis, false), half(x[0], axis, true), f);                           \
    }

static cg_tensor *glu_last(cg_tensor *const *x) { return cg_glu(x[0], -1); }
static cg_tensor *glu_first(cg_tensor *const *x) { return cg_glu(x[0], 0); }
static cg_tensor *swiglu_last(cg_tensor *const *x) { return cg_swiglu(x[0], -1); }
static cg_tensor *swiglu_middle(cg_tensor *const *x) { return cg_swiglu(x[0], 1); }
GATED(ref_of_glu_last, -1, gate)
GATED(ref_of_glu_first, 0, gate)
GATED(ref_of_swiglu_last, -1, swish_gate)
GATED(ref_of_swiglu_middle, 1, swish_gate)

/* --- within a tolerance ---------------------------------------------------------------------------------------- */

enum { LARGE = 1 << 20 };

/* The tolerances keep clear of what the inputs can differ by, so that no rounding decides. */
static long double is_close(long double x, long double y) {
    return x == y || (isfinite(y) && fabsl(x - y) <= 0.1L + 0.5L * fabsl(y));
}
static long double is_close_or_nan(long double x, long double y) {
    return is_close(x, y) != 0 || (isnan(x) && isnan(y));
}

static cg_tensor *isclose(cg_tensor *const *x) { return cg_isclose(x[0], x[1], 0.5, 0.1, false); }
static cg_tensor *isclose_nan(cg_tensor *const *x) { return cg_isclose(x[0], x[1], 0.5, 0.1, true); }
static cg_tensor *allclose(cg_tensor *const *x) { return cg_allclose(x[0], x[1], 0.5, 0.1, false); }
static cg_tensor *allclose_far(cg_tensor *const *x) { return cg_allclose(x[0], x[1], 0, 100, false); }
static cg_tensor *allclose_itself(cg_tensor *const *x) { return cg_allclose(x[0], x[0], 0, 0, true); }
static ref_array ref_of_isclose(const ref_array *x) { return ref_array_map2(x[0], x[1], is_close); }
static ref_array ref_of_isclose_nan(const ref_array *x) {
    return ref_array_map2(x[0], x[1], is_close_or_nan);
}
static ref_array ref_of_allclose(const ref_array *x) {
    ref_array close = ref_of_isclose(x);
    long double all = 1;
    for (int64_t i = 0; i < close.n; i++) all = close.v[i] != 0 ? all : 0;
    return ref_array_scalar(all);
}
static ref_array ref_of_always(const ref_array *x) {
    (void)x;
    return ref_array_scalar(1);
}

/* --- the entries ------------------------------------------------------------------------------------------------ */

#define OF(call_, inputs) .call = call_, .reference = ref_of_##call_, .n = inputs
#define REAL(bound_) .dtypes = CATALOG_REALS, .bound = bound_, .gradient = true
#define SIZED(call_) .scale = size_of_##call_
#define CLOSE(call_) OF(call_, 2), .result = CATALOG_IS_BOOL, .dtypes = CATALOG_ALL
#define CUBE                                                                                                 \
    {                                                                                                        \
        {                                                                                                    \
            3, { 2, 3, 4 }                                                                                   \
        }                                                                                                    \
    }

/*
 * softmax: exp is within 1 ULP, x - m rounds once and exp scales that by |x - m| <= 6, the sum and the quotient add
 * theirs. log_softmax is a difference of numbers up to its own size and 6. Sums of n <= 4 terms: 4 u of their size.
 */
const catalog_entry catalog_activations[] = {
    {"softmax", "axis -1", OF(softmax_last, 1), REAL(25), .x = {CUBE}, .large = {{2, {4096, 256}}}},
    {"softmax", "axis 0", OF(softmax_first, 1), REAL(25), .x = {CUBE}},
    {"softmax", "of integers", OF(softmax_last, 1), .bound = 25, .dtypes = CATALOG_ALL,
     .result = CATALOG_REAL, .x = {CUBE}},
    {"softmax", "rank 0", .call = softmax_last, .reference = ref_of_one, .n = 1, REAL(0), .x = {{{0, {0}}}}},
    {"softmax", "no rows", OF(softmax_last, 1), REAL(25), .x = {{{3, {3, 0, 2}}}}},
    {"log_softmax", "axis -1", OF(log_softmax_last, 1), SIZED(log_softmax_last), REAL(7), .x = {CUBE},
     .large = {{2, {4096, 256}}}},
    {"log_softmax", "axis 1", OF(log_softmax_middle, 1), SIZED(log_softmax_middle), REAL(7), .x = {CUBE}},
    {"softmax_grad", "axis -1", OF(grad_last, 2), SIZED(grad_last), REAL(8),
     .x = {{{3, {2, 3, 4}}, CATALOG_PROBABILITY}, CUBE}, .large = {{2, {4096, 256}}, {2, {4096, 256}}}},
    {"softmax_grad", "axis 0, of what is no softmax", OF(grad_first, 2), SIZED(grad_first), REAL(8),
     .x = {CUBE, CUBE}},
    {"softmax_grad", "no rows", OF(grad_last, 2), SIZED(grad_last), REAL(8),
     .x = {{{3, {3, 0, 2}}}, {{3, {3, 0, 2}}}}},
    {"log_softmax_grad", "axis -1", OF(log_grad_last, 2), SIZED(log_grad_last), REAL(10),
     .x = {{{3, {2, 3, 4}}, .lo = -3, .hi = -0.1}, CUBE}, .large = {{2, {4096, 256}}, {2, {4096, 256}}}},
    {"log_softmax_grad", "axis 1", OF(log_grad_middle, 2), SIZED(log_grad_middle), REAL(10),
     .x = {{{3, {2, 3, 4}}, .lo = -3, .hi = -0.1}, CUBE}},
    {"softmax_jacobian", "of a row", OF(softmax_jacobian, 1), SIZED(softmax_jacobian), REAL(4),
     .x = {{{1, {5}}, CATALOG_PROBABILITY}}, .large = {{1, {1024}}}},
    {"softmax_jacobian", "of one class", OF(softmax_jacobian, 1), SIZED(softmax_jacobian), REAL(4),
     .x = {{{1, {1}}}}},
    {"glu", "axis -1", OF(glu_last, 1), REAL(8), .x = {CUBE}, .large = {{2, {1024, 2048}}}},
    {"glu", "axis 0", OF(glu_first, 1), REAL(8), .x = {CUBE}},
    {"glu", "of integers", OF(glu_last, 1), .bound = 8, .dtypes = CATALOG_ALL, .result = CATALOG_REAL,
     .x = {CUBE}},
    {"glu", "an axis of 0", OF(glu_first, 1), REAL(8), .x = {{{3, {0, 3, 2}}}}},
    {"swiglu", "axis -1", OF(swiglu_last, 1), REAL(10), .x = {CUBE}, .large = {{2, {1024, 2048}}}},
    {"swiglu", "axis 1", OF(swiglu_middle, 1), REAL(10), .x = {{{3, {2, 4, 3}}}}},
    {"isclose", "ties", CLOSE(isclose), .x = {{{2, {3, 4}}, CATALOG_TIES}, {{1, {4}}, CATALOG_TIES}},
     .large = {{1, {LARGE}}, {1, {LARGE}}}},
    {"isclose", "NaN and infinities", CLOSE(isclose),
     .x = {{{2, {8, 8}}, CATALOG_SPECIAL}, {{2, {8, 8}}, CATALOG_SPECIAL}}},
    {"isclose", "NaN like NaN", CLOSE(isclose_nan),
     .x = {{{2, {8, 8}}, CATALOG_SPECIAL}, {{2, {8, 8}}, CATALOG_SPECIAL}}},
    {"allclose", "ties", CLOSE(allclose), .x = {{{1, {5}}, CATALOG_TIES}, {{1, {5}}, CATALOG_TIES}},
     .large = {{1, {LARGE}}, {1, {LARGE}}}},
    {"allclose", "a wide tolerance", .call = allclose_far, .reference = ref_of_always, .n = 2,
     .result = CATALOG_IS_BOOL, .dtypes = CATALOG_ALL, .x = {CUBE, CUBE}},
    {"allclose", "itself, NaN like NaN", .call = allclose_itself, .reference = ref_of_always, .n = 1,
     .result = CATALOG_IS_BOOL, .dtypes = CATALOG_ALL, .x = {{{2, {4, 4}}, CATALOG_SPECIAL}}},
    {"allclose", "no elements", CLOSE(allclose), .x = {{{3, {3, 0, 2}}}, {{3, {3, 0, 2}}}}},
    {.name = NULL},
};
