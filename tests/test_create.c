#include "support/device_test.h"

#include <math.h>

static const cg_dtype dtypes[] = {CG_F32, CG_F64, CG_I32, CG_I64, CG_U8, CG_BOOL};
enum { DTYPES = sizeof dtypes / sizeof *dtypes };

static const long double *all(int64_t n, long double v) {
    long double *values = scratch((size_t)n * sizeof *values);
    for (int64_t i = 0; i < n; i++) values[i] = v;
    return values;
}

DEVICE_TEST_ONCE(small_create, constants) {
    static const cg_dims shapes[] = {
        {0, {0}}, {1, {0}}, {2, {3, 5}}, {1, {65}}, {8, {1, 2, 1, 2, 1, 2, 1, 2}}};
    for (int t = 0; t < DTYPES; t++)
        for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
            if (!device_has(dev, dtypes[t])) continue;
            cg_dims shape = shapes[s];
            int64_t n = 1;
            for (int i = 0; i < shape.rank; i++) n *= shape.dim[i];
            check_case("%s %s", cg_dtype_name(dtypes[t]), shape_text(shape));
            check_equal(cg_zeros(dev, dtypes[t], shape), dtypes[t], shape, all(n, 0));
            check_equal(cg_ones(dev, dtypes[t], shape), dtypes[t], shape, all(n, 1));
            check_equal(cg_full(dev, dtypes[t], shape, 3), dtypes[t], shape,
                        all(n, dtypes[t] == CG_BOOL ? 1 : 3));
        }
    check_case("full with special values");
    check_equal(cg_full(dev, CG_F32, cg_shape(2), (double)INFINITY), CG_F32, cg_shape(2), all(2, INFINITY));
    check_equal(cg_full(dev, CG_F32, cg_shape(2), (double)NAN), CG_F32, cg_shape(2), all(2, NAN));
    check_equal(cg_full(dev, CG_I64, cg_shape(1), -0x1p62), CG_I64, cg_shape(1), all(1, -0x1p62L));
    check_equal(cg_full(dev, CG_I32, cg_shape(1), -7.9), CG_I32, cg_shape(1), all(1, -7));
}

DEVICE_TEST(small_create, like_another) {
    for (int t = 0; t < DTYPES; t++) {
        if (!device_has(dev, dtypes[t])) continue;
        check_case("%s", cg_dtype_name(dtypes[t]));
        cg_tensor *x = cg_transpose(cg_empty(dev, dtypes[t], cg_shape(2, 3)), 0, 1);
        check_equal(cg_zeros_like(x), dtypes[t], cg_shape(3, 2), all(6, 0));
        check_equal(cg_ones_like(x), dtypes[t], cg_shape(3, 2), all(6, 1));
        check_equal(cg_full_like(x, 5), dtypes[t], cg_shape(3, 2), all(6, dtypes[t] == CG_BOOL ? 1 : 5));
    }
    check_case("neither reads x nor takes memory");
    cg_tensor *x = cg_exp(cg_eval(cg_ones(dev, CG_F32, cg_shape(1000))));
    cg_device_stats before = cg_device_statistics(dev);
    CHECK(cg_zeros_like(x) && cg_full_like(x, 2));
    cg_device_stats after = cg_device_statistics(dev);
    CHECK(after.launches == before.launches && after.bytes_in_use == before.bytes_in_use);
    CHECK(!cg_zeros_like(NULL) && !cg_ones_like(NULL) && !cg_full_like(NULL, 1));
}

DEVICE_TEST(small_create, empty) {
    cg_tensor *x = cg_empty(dev, CG_I32, cg_shape(2, 2));
    check_is(x, CG_I32, cg_shape(2, 2));
    const int32_t values[] = {1, 2, 3, 4};
    CHECK(cg_copy_from_host(x, values, sizeof values) == CG_OK);
    check_equal(x, CG_I32, cg_shape(2, 2), (long double[]){1, 2, 3, 4});
    check_is(cg_empty(dev, CG_F32, cg_shape(0)), CG_F32, cg_shape(0));
    check_is(cg_empty(dev, CG_BOOL, cg_shape()), CG_BOOL, cg_shape());
}

static void count_release(void *context) { ++*(int *)context; }

/* The memory is the tensor's until its last view is gone, and then holds what was written. */
DEVICE_TEST(small_create, wrap_host) {
    _Alignas(64) float data[64];
    const float other[8] = {7, 6, 5, 4, 3, 2, 1, 0};
    int released = 0;
    for (int i = 0; i < 64; i++) data[i] = (float)i;
    cg_scope *scope = cg_scope_begin(dev);
    cg_tensor *x = cg_wrap_host(dev, CG_F32, cg_shape(8, 8), data, count_release, &released);
    cg_tensor *row = cg_retain(cg_slice(x, 0, 1, 2, 1));
    check_item(cg_sum(x, CG_ALL_AXES, false), 63 * 64 / 2, 0);
    cg_scope_end(scope);
    CHECK_MSG(released == 0, "a view still uses the memory");
    scope = cg_scope_begin(dev);
    check_equal(cg_slice(row, 1, 0, 2, 1), CG_F32, cg_shape(1, 2), (long double[]){8, 9});
    CHECK(cg_copy_from_host(row, other, sizeof other) == CG_OK);
    check_equal(cg_slice(row, 1, 0, 2, 1), CG_F32, cg_shape(1, 2), (long double[]){7, 6});
    cg_scope_end(scope);
    cg_release(row);
    CHECK(released == 1);
    CHECK(data[8] == 7 && data[15] == 0 && data[7] == 7 && data[16] == 16);
}

DEVICE_TEST(small_create, wrap_host_is_released_once) {
    _Alignas(64) int32_t data[4] = {1, 2, 3, 4};
    int released = 0;
    cg_scope *scope = cg_scope_begin(dev);
    cg_tensor *x = cg_wrap_host(dev, CG_I32, cg_shape(4), data, count_release, &released);
    check_equal(cg_add(x, 1), CG_I32, cg_shape(4), (long double[]){2, 3, 4, 5});
    cg_scope_end(scope);
    CHECK_MSG(released == 1, "released %d times", released);
    check_case("nothing to wrap");
    scope = cg_scope_begin(dev);
    check_is(cg_wrap_host(dev, CG_I32, cg_shape(0, 3), NULL, count_release, &released), CG_I32,
             cg_shape(0, 3));
    cg_scope_end(scope);
    CHECK(released == 2);
    check_case("without a release");
    scope = cg_scope_begin(dev);
    check_equal(cg_wrap_host(dev, CG_I32, cg_shape(2), data, NULL, NULL), CG_I32, cg_shape(2),
                (long double[]){1, 2});
    cg_scope_end(scope);
    check_case("a refusal leaves the memory with the caller");
    CHECK_FAILS(dev, cg_wrap_host(dev, CG_I32, cg_shape(2), NULL, count_release, &released),
                CG_ERROR_ARGUMENT, "wrap_host", "(2,)");
    CHECK_FAILS(dev, cg_wrap_host(dev, CG_I32, cg_shape(1), (char *)data + 1, count_release, &released),
                CG_ERROR_ARGUMENT, "wrap_host", "unaligned");
    CHECK_FAILS(dev, cg_wrap_host(dev, CG_I32, cg_shape(-1), data, count_release, &released), CG_ERROR_SHAPE,
                "wrap_host");
    CHECK(released == 2);
    CHECK(!cg_wrap_host(NULL, CG_I32, cg_shape(1), data, NULL, NULL) && !cg_empty(NULL, CG_F32, cg_shape()));
}

HOST_TEST(create, number_of_parameters) {
    CHECK(cg_shape_numel(cg_shape(784, 512)) == 784 * 512);
    CHECK(cg_shape_numel(cg_shape()) == 1 && cg_shape_numel(cg_shape(3, 0, 2)) == 0);
    CHECK(cg_shape_numel(cg_shape(INT64_C(1) << 62)) == INT64_C(1) << 62);
    CHECK(cg_shape_numel(cg_shape(INT64_C(1) << 32, INT64_C(1) << 31)) == -1);
    CHECK(cg_shape_numel(cg_shape(0, INT64_MAX, 2)) == -1); /* the rest overflows */
    CHECK(cg_shape_numel(cg_shape(2, -1)) == -1 && cg_shape_numel((cg_dims){.rank = 9}) == -1);
}

DEVICE_TEST_ONCE(small_create, eye) {
    for (int t = 0; t < DTYPES; t++)
        for (int64_t n = 0; n < 5; n += 2) {
            if (!device_has(dev, dtypes[t])) continue;
            check_case("eye %s %lld", cg_dtype_name(dtypes[t]), (long long)n);
            long double *want = scratch((size_t)(n * n) * sizeof *want);
            for (int64_t i = 0; i < n; i++) want[i * n + i] = 1;
            check_equal(cg_eye(dev, dtypes[t], n), dtypes[t], cg_shape(n, n), want);
        }
}

DEVICE_TEST(small_create, ranges) {
    check_equal(cg_arange(dev, CG_I32, 0, 5, 1), CG_I32, cg_shape(5), (long double[]){0, 1, 2, 3, 4});
    check_equal(cg_arange(dev, CG_I64, 5, 0, -2), CG_I64, cg_shape(3), (long double[]){5, 3, 1});
    check_equal(cg_arange(dev, CG_F32, 0, 1, 0.25), CG_F32, cg_shape(4), (long double[]){0, 0.25, 0.5, 0.75});
    check_equal(cg_arange(dev, CG_F32, 0, 1.1, 0.5), CG_F32, cg_shape(3), (long double[]){0, 0.5, 1});
    check_equal(cg_arange(dev, CG_F32, 3, 3, 1), CG_F32, cg_shape(0), NULL);
    check_equal(cg_arange(dev, CG_F32, 3, 0, 1), CG_F32, cg_shape(0), NULL);
    check_equal(cg_linspace(dev, CG_F32, 2, 3, 5), CG_F32, cg_shape(5),
                (long double[]){2, 2.25, 2.5, 2.75, 3});
    check_equal(cg_linspace(dev, CG_F32, 2, 3, 1), CG_F32, cg_shape(1), (long double[]){2});
    check_equal(cg_linspace(dev, CG_F32, 2, 3, 0), CG_F32, cg_shape(0), NULL);
    check_case("linspace ends exactly at stop, as NumPy's");
    cg_tensor *x = cg_linspace(dev, CG_F64, 0, 1, 50);
    if (cg_device_properties(dev)->has_f64) check_item(cg_slice(x, 0, 49, 50, 1), 1, 0);
}

/* Every dtype there and back, with the bits of host memory. */
DEVICE_TEST(small_create, from_host) {
    const float f32[] = {1.5f, -0.0f, INFINITY, 1e-42f};
    const double f64[] = {1e300, -0.1, 0x1p-1070};
    const int32_t i32[] = {INT32_MIN, -1, INT32_MAX};
    const int64_t i64[] = {INT64_MIN, 0, INT64_MAX};
    const uint8_t u8[] = {0, 127, 255}, flags[] = {1, 0, 1};
    check_equal(cg_from_f32(dev, cg_shape(2, 2), f32), CG_F32, cg_shape(2, 2), to_values(CG_F32, f32, 4));
    if (device_has(dev, CG_F64))
        check_equal(cg_from_f64(dev, cg_shape(3), f64), CG_F64, cg_shape(3), to_values(CG_F64, f64, 3));
    check_equal(cg_from_i32(dev, cg_shape(3), i32), CG_I32, cg_shape(3), to_values(CG_I32, i32, 3));
    check_equal(cg_from_i64(dev, cg_shape(3, 1), i64), CG_I64, cg_shape(3, 1), to_values(CG_I64, i64, 3));
    check_equal(cg_from_u8(dev, cg_shape(3), u8), CG_U8, cg_shape(3), to_values(CG_U8, u8, 3));
    check_equal(cg_from_host(dev, CG_BOOL, cg_shape(3), flags), CG_BOOL, cg_shape(3),
                to_values(CG_BOOL, flags, 3));
    check_equal(cg_from_host(dev, CG_F32, cg_shape(0, 4), NULL), CG_F32, cg_shape(0, 4), NULL);
}

DEVICE_TEST(small_create, questions) {
    cg_tensor *x = cg_transpose(cg_zeros(dev, CG_I64, cg_shape(2, 3)), 0, 1);
    CHECK(cg_device_of(x) == dev && cg_dtype_of(x) == CG_I64 && cg_rank(x) == 2 && cg_numel(x) == 6);
    CHECK(cg_size(x, 0) == 3 && cg_size(x, -1) == 2 && cg_size(x, 2) == 0 && cg_size(x, -3) == 0);
    CHECK(cg_stride(x, 0) == 1 && cg_stride(x, 1) == 3 && cg_stride(x, 5) == 0);
    CHECK(!cg_is_contiguous(x) && cg_is_contiguous(cg_zeros(dev, CG_F32, cg_shape(2, 3))));
    CHECK(same_shape(cg_shape_get(x), cg_shape(3, 2)));
    CHECK(cg_numel(cg_zeros(dev, CG_F32, cg_shape())) == 1);
    check_case("of NULL");
    CHECK(cg_device_of(NULL) == NULL && cg_dtype_of(NULL) == CG_F32 && cg_rank(NULL) == -1);
    CHECK(cg_size(NULL, 0) == 0 && cg_numel(NULL) == 0 && cg_stride(NULL, 0) == 0 &&
          cg_shape_get(NULL).rank == -1);
}

DEVICE_TEST(small_create, refusals) {
    CHECK_FAILS(dev, cg_zeros(dev, CG_F32, cg_shape(2, -3)), CG_ERROR_SHAPE, "zeros", "(2, -3)");
    CHECK_FAILS(dev, cg_ones(dev, CG_F32, (cg_dims){.rank = 9}), CG_ERROR_SHAPE, "ones");
    CHECK_FAILS(dev, cg_empty(dev, CG_F32, cg_shape(2, -3)), CG_ERROR_SHAPE, "empty", "(2, -3)");
    CHECK_FAILS(dev, cg_full(dev, CG_F32, cg_shape(INT64_MAX, 4), 1), CG_ERROR_SHAPE, "full");
    CHECK_FAILS(dev, cg_zeros(dev, CG_F32, cg_shape(0, INT64_MAX, 4)), CG_ERROR_SHAPE, "zeros");
    CHECK_FAILS(dev, cg_zeros(dev, (cg_dtype)42, cg_shape(2)), CG_ERROR_DTYPE, "zeros");
    CHECK_FAILS(dev, cg_eye(dev, CG_F32, -1), CG_ERROR_SHAPE, "eye");
    CHECK_FAILS(dev, cg_eye(dev, CG_F32, INT64_C(1) << 40), CG_ERROR_SHAPE, "eye");
    CHECK_FAILS(dev, cg_arange(dev, CG_F32, 0, 1, 0), CG_ERROR_ARGUMENT, "arange");
    CHECK_FAILS(dev, cg_arange(dev, CG_F32, 0, INFINITY, 1), CG_ERROR_ARGUMENT, "arange");
    CHECK_FAILS(dev, cg_arange(dev, CG_F32, 0, 1, NAN), CG_ERROR_ARGUMENT, "arange");
    CHECK_FAILS(dev, cg_linspace(dev, CG_F32, 0, 1, -1), CG_ERROR_ARGUMENT, "linspace");
    CHECK_FAILS(dev, cg_from_f32(dev, cg_shape(2), NULL), CG_ERROR_ARGUMENT, "from_f32", "(2,)");
    CHECK_FAILS(dev, cg_from_host(dev, (cg_dtype)-1, cg_shape(2), ""), CG_ERROR_DTYPE, "from_host");
}

/* More memory than there is, is an error and no more. */
DEVICE_TEST(create, too_large_for_the_device) {
    cg_tensor *x = cg_eval(cg_zeros(dev, CG_F32, cg_shape(INT64_C(1) << 45)));
    CHECK(x == NULL);
    cg_status code = cg_error_code(dev);
    CHECK_MSG(code == CG_ERROR_DEVICE_MEMORY || code == CG_ERROR_MEMORY, "%s", cg_error_message(dev));
    cg_error_clear(dev);
    check_item(cg_sum(cg_ones(dev, CG_F32, cg_shape(7)), CG_ALL_AXES, false), 7, 0);
}
