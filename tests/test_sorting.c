/* Sorting and searching: long axes against qsort, stability, NaN and signed zeros, topk, refusals. */
#include "support/device_test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LONG = 100003 };

/* --- Long axes against qsort -------------------------------------------------------------------------------- */

typedef struct item {
    long double value;
    int64_t place;
} item;

/* By value, NaN last, then by place: what stable means. */
static int ascending(const void *a, const void *b) {
    const item *x = a, *y = b;
    int nan_order = !!isnan(x->value) - !!isnan(y->value);
    if (nan_order) return nan_order;
    if (x->value < y->value || x->value > y->value) return x->value < y->value ? -1 : 1;
    return x->place < y->place ? -1 : x->place > y->place;
}

static int descending(const void *a, const void *b) {
    const item *x = a, *y = b;
    if (x->value < y->value || x->value > y->value) return x->value > y->value ? -1 : 1;
    return ascending(a, b);
}

static void expected_order(cg_dtype t, const void *data, int64_t n, bool down, long double *values,
                           long double *places) {
    item *items = scratch((size_t)n * sizeof *items);
    for (int64_t i = 0; i < n; i++) items[i] = (item){value_get(t, data, i), i};
    qsort(items, (size_t)n, sizeof *items, down ? descending : ascending);
    for (int64_t i = 0; i < n; i++) {
        values[i] = items[i].value;
        places[i] = (long double)items[i].place;
    }
}

static void run_order(cg_device *dev, cg_dtype t, int64_t n, void *data, bool down) {
    cg_scope *scope = cg_scope_begin(dev);
    check_case("%s, %lld elements, %s", cg_dtype_name(t), (long long)n, down ? "descending" : "ascending");
    long double *values = scratch((size_t)n * sizeof *values), *places = scratch((size_t)n * sizeof *places);
    expected_order(t, data, n, down, values, places);
    cg_tensor *x = cg_from_host(dev, t, cg_shape(n), data);
    check_equal(cg_sort(x, 0, down), t, cg_shape(n), values);
    check_equal(cg_argsort(x, -1, down), CG_I64, cg_shape(n), places);
    cg_scope_end(scope);
}

/* All different, few different (ties), and with specials strewn in; each dtype. */
DEVICE_TEST_ONCE(sorting, long_axes) {
    static const int64_t lengths[] = {2, 63, 64, 65, 1023, 1025, 4097, LONG};
    for (int t = CG_F32; t <= CG_BOOL; t++) {
        if (t == CG_F64 && !cg_device_properties(dev)->has_f64) continue;
        for (size_t l = 0; l < sizeof lengths / sizeof *lengths; l++) {
            uint64_t seed = l + 1;
            int64_t n = lengths[l];
            double range = l % 2 ? 1e9 : 4;
            void *data = random_values((cg_dtype)t, n, -range, range, &seed);
            for (int64_t i = 0; i < n && t <= CG_F64; i += 1 + random_below(&seed, 9))
                value_set((cg_dtype)t, data, i,
                          (long double)special_value((cg_dtype)t, (int)random_below(&seed, special_count())));
            run_order(dev, (cg_dtype)t, n, data, l % 3 == 0);
            scratch_free_all();
        }
    }
}

/* Already sorted, reversed, all equal: the inputs that naive algorithms are slow or wrong on. */
DEVICE_TEST_ONCE(sorting, patterns) {
    for (int n = 5000; n <= LONG; n += LONG - 5000) {
        float *data = scratch((size_t)n * sizeof *data);
        for (int pattern = 0; pattern < 6; pattern++) {
            for (int i = 0; i < n; i++)
                data[i] = (float)(pattern == 0   ? i
                                  : pattern == 1 ? n - i
                                  : pattern == 2 ? 7
                                  : pattern == 3 ? i % 2
                                  : pattern == 4 ? abs(n / 2 - i)
                                                 : i % 64); /* few runs, and every pivot has many equals */
            run_order(dev, CG_F32, n, data, false);
            run_order(dev, CG_F32, n, data, true);
        }
    }
}

/* --- Details ------------------------------------------------------------------------------------------------ */

/* -0 equals 0: their order stays, and so do their bits. */
DEVICE_TEST(small_sorting, signed_zeros_and_nan) {
    const float inf = (float)INFINITY, x[] = {0.0f, inf, -0.0f, (float)NAN, 0.0f, -inf, -0.0f, (float)NAN, 1};
    cg_tensor *t = cg_from_f32(dev, cg_shape(9), x);
    check_equal(cg_argsort(t, 0, false), CG_I64, cg_shape(9), (long double[]){5, 0, 2, 4, 6, 8, 1, 3, 7});
    check_equal(cg_argsort(t, 0, true), CG_I64, cg_shape(9), (long double[]){1, 8, 0, 2, 4, 6, 5, 3, 7});
    const float *up = read_raw(cg_sort(t, 0, false)), *down = read_raw(cg_sort(t, 0, true));
    CHECK(!signbit(up[1]) && signbit(up[2]) && !signbit(up[3]) && signbit(up[4]));
    CHECK(!signbit(down[2]) && signbit(down[3]) && !signbit(down[4]) && signbit(down[5]));
    CHECK(isnan(up[7]) && isnan(up[8]) && isnan(down[7]) && isnan(down[8]));
}

/* The places pick the sorted elements; the places of the places undo them. */
DEVICE_TEST(small_sorting, places_are_a_permutation) {
    uint64_t seed = 9;
    cg_tensor *x = cg_from_i32(dev, cg_shape(50), random_values(CG_I32, 50, -5, 5, &seed));
    cg_tensor *odd = cg_slice(x, 0, CG_SLICE_OPEN, CG_SLICE_OPEN, -2), *places = cg_argsort(odd, 0, false);
    check_same_bits(cg_index_select(odd, 0, places), cg_sort(odd, 0, false));
    cg_tensor *back = cg_index_select(cg_sort(odd, 0, false), 0, cg_argsort(places, 0, false));
    check_same_bits(back, cg_contiguous(odd));
    check_same_bits(cg_sort(places, 0, false), cg_arange(dev, CG_I64, 0, 25, 1));
}

/* Each weight comes back to the place that its element was at. */
DEVICE_TEST(small_sorting, gradient_with_ties) {
    cg_tensor *x = cg_require_grad(cg_from_f32(dev, cg_shape(5), (const float[]){2, 1, 2, 0, 1}), true);
    cg_tensor *w = cg_from_f32(dev, cg_shape(5), (const float[]){1, 2, 3, 4, 5});
    CHECK(cg_backward(cg_sum(cg_mul(cg_sort(x, 0, false), w), CG_ALL_AXES, false)) == CG_OK);
    check_equal(cg_grad_of(x), CG_F32, cg_shape(5), (long double[]){4, 2, 5, 1, 3});
    cg_zero_grad(x);
    CHECK(cg_backward(cg_sum(cg_mul(cg_sort(x, 0, true), w), CG_ALL_AXES, false)) == CG_OK);
    check_equal(cg_grad_of(x), CG_F32, cg_shape(5), (long double[]){1, 3, 2, 5, 4});
    CHECK_MSG(!cg_requires_grad(cg_argsort(x, 0, false)), "places have no gradient");
}

/* --- topk --------------------------------------------------------------------------------------------------- */

DEVICE_TEST(small_sorting, topk_together) {
    const float x[] = {3, 1, 3, (float)NAN, 2, 9, 8, 9, 7, 9};
    cg_tensor *t = cg_require_grad(cg_from_f32(dev, cg_shape(2, 5), x), true), *values, *indices;
    CHECK(cg_topk(t, 3, 1, true, &values, &indices) == CG_OK);
    check_equal(values, CG_F32, cg_shape(2, 3), (long double[]){3, 3, 2, 9, 9, 9});
    check_equal(indices, CG_I64, cg_shape(2, 3), (long double[]){0, 2, 4, 0, 2, 4});
    cg_tensor *w = cg_from_f32(dev, cg_shape(3), (const float[]){1, 2, 3});
    CHECK(cg_backward(cg_sum(cg_mul(values, w), CG_ALL_AXES, false)) == CG_OK);
    check_equal(cg_grad_of(t), CG_F32, cg_shape(2, 5), (long double[]){1, 0, 2, 0, 3, 1, 0, 2, 0, 3});
    CHECK(cg_topk(t, 0, 0, true, &values, &indices) == CG_OK);
    check_is(values, CG_F32, cg_shape(0, 5));
    check_is(indices, CG_I64, cg_shape(0, 5));
    CHECK(cg_topk(cg_full(dev, CG_I32, cg_shape(), 6), 1, 0, false, &values, NULL) == CG_OK);
    check_equal(values, CG_I32, cg_shape(1), (long double[]){6});
    CHECK(cg_topk(t, 1, 0, false, NULL, NULL) == CG_OK);
}

/* The first k of the sorted rows, bit for bit, and their places: a long row, and many rows. */
static void check_first(cg_tensor *x, int64_t k, bool largest) {
    cg_tensor *values, *indices;
    CHECK(cg_topk(x, k, 1, largest, &values, &indices) == CG_OK);
    check_same_bits(values, cg_contiguous(cg_slice(cg_sort(x, 1, largest), 1, 0, k, 1)));
    check_same_bits(indices, cg_contiguous(cg_slice(cg_argsort(x, 1, largest), 1, 0, k, 1)));
}

CPU_TEST(sorting, topk_of_long_rows) {
    enum {
        ROW = 80000,
        SAMPLED = ROW / 1024 * 8
    }; /* a sample has 8 neighbours of so many words, about their middle */
    uint64_t seed = 11;
    float *x = (float *)random_values(CG_F32, ROW, -9, 9, &seed);
    for (int i = 0; i < ROW; i += 7) x[i] = i % 2 ? NAN : i % 3 ? -0.0f : 0.0f;
    for (int t = CG_F32; t <= CG_I64; t++)
        for (int rows = 1; rows <= 64; rows *= 8)
            for (int k = 1; k <= 1000; k += 333) {
                cg_scope *scope = cg_scope_begin(dev);
                cg_tensor *all = cg_cast(cg_from_f32(dev, cg_shape(rows, ROW / rows), x), (cg_dtype)t);
                check_case("%s rows %d k %d", cg_dtype_name((cg_dtype)t), rows, k);
                check_first(all, k, true);
                check_first(all, k, false);
                if (t == CG_F64) check_first(cg_add(cg_mul(all, 1e-12), 3), k, true); /* equal in 32 bits */
                cg_scope_end(scope);
            }
    for (int t = CG_F32; t <= CG_I64; t++) {
        check_case("%s, two values", cg_dtype_name((cg_dtype)t));
        cg_tensor *all = cg_cast(cg_from_f32(dev, cg_shape(1, ROW), x), (cg_dtype)t);
        check_first(cg_cast(cg_gt(all, 0), (cg_dtype)t), 10, true);
    }
    check_case("a sample that misleads: the elements where it looks are the last ones, or the first");
    for (int i = 0; i < ROW; i++) x[i] = abs(i % SAMPLED - SAMPLED / 2) < 8 ? (float)-i : 1 + (float)i;
    check_first(cg_from_f32(dev, cg_shape(1, ROW), x), 5, true);
    check_first(cg_from_f32(dev, cg_shape(1, ROW), x), 500, false);
}

static void check_no_topk(cg_device *dev, cg_tensor *x, int64_t k, int axis, const char *part) {
    cg_tensor *values = x, *indices = x;
    CHECK(cg_topk(x, k, axis, true, &values, &indices) == CG_ERROR_ARGUMENT);
    CHECK(!values && !indices);
    check_error(dev, CG_ERROR_ARGUMENT, "topk", part, "(2, 5)", NULL);
}

/* --- searchsorted ------------------------------------------------------------------------------------------- */

DEVICE_TEST(small_sorting, search_among_ties_and_nan) {
    const float row[] = {-(float)INFINITY, 1, 1, 1, 4, (float)INFINITY, (float)NAN, (float)NAN};
    const float value[] = {1, 0, 4, 5, (float)INFINITY, (float)NAN, -(float)INFINITY};
    cg_tensor *sorted = cg_from_f32(dev, cg_shape(8), row), *v = cg_from_f32(dev, cg_shape(7), value);
    check_equal(cg_searchsorted(sorted, v, false), CG_I64, cg_shape(7), (long double[]){1, 1, 4, 5, 5, 6, 0});
    check_equal(cg_searchsorted(sorted, v, true), CG_I64, cg_shape(7), (long double[]){4, 1, 5, 5, 6, 8, 1});
    cg_tensor *whole = cg_from_i32(dev, cg_shape(4), (const int32_t[]){-3, 1, 2, 9});
    check_equal(cg_searchsorted(whole, v, true), CG_I64, cg_shape(7), (long double[]){2, 1, 3, 3, 4, 4, 0});
    cg_tensor *bits = cg_from_host(dev, CG_BOOL, cg_shape(3), (const uint8_t[]){0, 1, 1});
    check_equal(cg_searchsorted(bits, cg_ones(dev, CG_BOOL, cg_shape()), false), CG_I64, cg_shape(),
                (long double[]){1});
}

/* Against a count over a long row. */
DEVICE_TEST_ONCE(sorting, search_long) {
    uint64_t seed = 12;
    int64_t *x = random_values(CG_I64, LONG, -30000, 30000, &seed);
    int64_t *v = random_values(CG_I64, 500, -31000, 31000, &seed);
    long double *left = scratch(500 * sizeof *left), *right = scratch(500 * sizeof *right);
    for (int j = 0; j < 500; j++)
        for (int i = 0; i < LONG; i++) {
            left[j] += x[i] < v[j];
            right[j] += x[i] <= v[j];
        }
    cg_tensor *sorted = cg_sort(cg_from_i64(dev, cg_shape(LONG), x), 0, false);
    cg_tensor *values = cg_from_i64(dev, cg_shape(20, 25), v);
    check_equal(cg_searchsorted(sorted, values, false), CG_I64, cg_shape(20, 25), left);
    check_equal(cg_searchsorted(sorted, values, true), CG_I64, cg_shape(20, 25), right);
}

/* --- Refusals ----------------------------------------------------------------------------------------------- */

DEVICE_TEST(small_sorting, refusals) {
    cg_tensor *x = cg_zeros(dev, CG_F32, cg_shape(2, 5)), *y = cg_zeros(dev, CG_F32, cg_shape(3, 4));
    CHECK_FAILS(dev, cg_sort(x, 2, false), CG_ERROR_ARGUMENT, "sort", "axis 2", "(2, 5)");
    CHECK_FAILS(dev, cg_argsort(x, -3, true), CG_ERROR_ARGUMENT, "argsort", "axis -3", "(2, 5)");
    check_no_topk(dev, x, 6, 1, "k = 6 of the 5 elements along axis 1");
    check_no_topk(dev, x, -1, 0, "k = -1 of the 2");
    check_no_topk(dev, x, 1, 2, "axis 2");
    CHECK_FAILS(dev, cg_searchsorted(x, y, false), CG_ERROR_SHAPE, "searchsorted", "(2, 5)", "(3, 4)");
    CHECK_FAILS(dev, cg_searchsorted(cg_zeros(dev, CG_F32, cg_shape()), y, false), CG_ERROR_SHAPE,
                "searchsorted", "()", "(3, 4)");
    cg_tensor *values = x;
    CHECK(cg_topk(NULL, 1, 0, true, &values, NULL) == CG_ERROR_ARGUMENT && !values);
    CHECK(!cg_sort(NULL, 0, false) && !cg_argsort(NULL, 0, false));
    CHECK(!cg_searchsorted(NULL, x, false) && !cg_searchsorted(x, NULL, false));
    CHECK(cg_error_code(dev) == CG_OK);
}
