#include "support/device_test.h"

#include <math.h>

/* What a value becomes: reals are cut towards zero, integers wrap, anything that is not 0 is true. */
static long double converted(cg_dtype to, long double v) {
    switch (to) {
    case CG_F32:
        return (float)v;
    case CG_F64:
        return (double)v;
    case CG_I32:
        return (int32_t)(uint32_t)(uint64_t)(int64_t)v;
    case CG_I64:
        return (int64_t)v;
    case CG_U8:
        return (uint8_t)(uint64_t)(int64_t)v;
    case CG_BOOL:
        return v != 0;
    }
    return v;
}

DEVICE_TEST_ONCE(small_cast, every_pair) {
    static const long double reals[] = {0,     1,      -1,  2.75L, -2.75L, 0.4L,
                                        -0.4L, 200.9L, 255, 1e6L,  -1e6L,  0.999999L};
    static const long double integers[] = {0, 1, -1, 2, 127, 128, 255, 256, 300, -300, 1000000, 16777217};
    enum { N = 12 };
    for (int a = CG_F32; a <= CG_BOOL; a++)
        for (int b = CG_F32; b <= CG_BOOL; b++) {
            cg_dtype from = (cg_dtype)a, to = (cg_dtype)b;
            if (!device_has(dev, from) || !device_has(dev, to)) continue;
            check_case("%s to %s", cg_dtype_name(from), cg_dtype_name(to));
            bool real = from == CG_F32 || from == CG_F64;
            void *data = scratch(N * cg_dtype_size(from));
            for (int i = 0; i < N; i++) {
                long double v = real ? reals[i] : integers[i];
                value_set(from, data, i, from == CG_U8 ? fabsl(fmodl(v, 256)) : v);
            }
            const long double *in = to_values(from, data, N);
            long double want[N];
            for (int i = 0; i < N; i++) want[i] = converted(to, in[i]);
            cg_tensor *x = cg_from_host(dev, from, cg_shape(3, 4), data);
            check_equal(cg_cast(x, to), to, cg_shape(3, 4), want);
        }
}

DEVICE_TEST(small_cast, wide_integers) {
    const int64_t wide[] = {INT64_C(1) << 33, -(INT64_C(1) << 33) - 1, INT64_MAX, INT64_MIN,
                            (INT64_C(1) << 53) + 1};
    cg_tensor *x = cg_from_i64(dev, cg_shape(5), wide);
    check_equal(cg_cast(x, CG_I32), CG_I32, cg_shape(5), (long double[]){0, -1, -1, 0, 1});
    check_equal(cg_cast(x, CG_BOOL), CG_BOOL, cg_shape(5), (long double[]){1, 1, 1, 1, 1});
    check_equal(cg_cast(x, CG_F32), CG_F32, cg_shape(5),
                (long double[]){0x1p33L, -0x1p33L, 0x1p63L, -0x1p63L, 0x1p53L});
    if (device_has(dev, CG_F64))
        check_equal(cg_cast(x, CG_F64), CG_F64, cg_shape(5),
                    (long double[]){0x1p33L, -0x1p33L - 1, 0x1p63L, -0x1p63L, 0x1p53L});
    check_case("sums of 64-bit integers stay exact");
    check_equal(cg_add(x, x), CG_I64, cg_shape(5),
                (long double[]){0x1p34L, -0x1p34L - 2, -2, 0, 0x1p54L + 2});
}

/* NaN is true; where a real does not fit an integer, the value is free, but nothing breaks. */
DEVICE_TEST(small_cast, special_values) {
    const float data[] = {(float)NAN, INFINITY, -INFINITY, -0.0f, 1e-45f, 1e20f};
    cg_tensor *x = cg_from_f32(dev, cg_shape(6), data);
    check_equal(cg_cast(x, CG_BOOL), CG_BOOL, cg_shape(6), (long double[]){1, 1, 1, 0, 1, 1});
    static const cg_dtype types[] = {CG_I32, CG_I64, CG_U8};
    for (int i = 0; i < 3; i++) CHECK(read_raw(cg_cast(x, types[i])) != NULL);
    if (!device_has(dev, CG_F64)) return;
    const double wide[] = {1e300, -1e300, 1e-300, 0.1};
    check_equal(cg_cast(cg_from_f64(dev, cg_shape(4), wide), CG_F32), CG_F32, cg_shape(4),
                (long double[]){(long double)INFINITY, -(long double)INFINITY, 0, (long double)0.1f});
}

DEVICE_TEST(small_cast, gradient) {
    cg_tensor *x = cg_require_grad(cg_from_f32(dev, cg_shape(2), (const float[]){1.5f, -2}), true);
    CHECK(cg_cast(x, CG_F32) != NULL);
    if (device_has(dev, CG_F64)) {
        CHECK(cg_backward(cg_sum(cg_mul(cg_cast(x, CG_F64), 3), CG_ALL_AXES, false)) == CG_OK);
        check_equal(cg_grad_of(x), CG_F32, cg_shape(2), (long double[]){3, 3});
        cg_zero_grad(x);
    }
    CHECK(cg_backward(cg_sum(cg_mul(cg_cast(x, CG_F32), 2), CG_ALL_AXES, false)) == CG_OK);
    check_equal(cg_grad_of(x), CG_F32, cg_shape(2), (long double[]){2, 2});
    check_case("an integer has no gradient");
    CHECK(!cg_requires_grad(cg_cast(x, CG_I32)));
}

DEVICE_TEST(small_cast, refusals) {
    cg_tensor *x = cg_ones(dev, CG_F32, cg_shape(2));
    CHECK_FAILS(dev, cg_cast(x, (cg_dtype)17), CG_ERROR_DTYPE, "cast");
    CHECK(cg_cast(NULL, CG_F32) == NULL);
}
