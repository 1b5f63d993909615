#include "support/device_test.h"

DEVICE_TEST(small_padding, values) {
    cg_tensor *x = cg_from_i32(dev, cg_shape(2, 2), (const int32_t[]){1, 2, 3, 4});
    check_equal(cg_pad(x, (const int64_t[]){0, 1}, (const int64_t[]){1, -1}, 9), CG_I32, cg_shape(3, 2),
                (long double[]){9, 1, 9, 3, 9, 9});
    check_equal(cg_pad_or_trim(x, cg_shape(1, 3), -1), CG_I32, cg_shape(1, 3), (long double[]){1, 2, -1});
    cg_tensor *row = cg_from_i32(dev, cg_shape(3), (const int32_t[]){1, 2, 3});
    check_equal(cg_pad(row, (const int64_t[]){-1}, (const int64_t[]){1}, 9), CG_I32, cg_shape(3),
                (long double[]){2, 3, 9});
    check_case("the fill is converted as cg_full does");
    cg_tensor *flags = cg_from_host(dev, CG_BOOL, cg_shape(1), (const uint8_t[]){0});
    check_equal(cg_pad(flags, (const int64_t[]){1}, (const int64_t[]){0}, 7), CG_BOOL, cg_shape(2),
                (long double[]){1, 0});
    check_case("all cut away, and put elsewhere");
    cg_tensor *v = cg_from_i32(dev, cg_shape(3), (const int32_t[]){1, 2, 3});
    check_equal(cg_pad(v, (const int64_t[]){-3}, (const int64_t[]){2}, 5), CG_I32, cg_shape(2),
                (long double[]){5, 5});
    check_equal(cg_pad(v, (const int64_t[]){-100}, (const int64_t[]){99}, 5), CG_I32, cg_shape(2),
                (long double[]){5, 5});
    check_is(cg_pad(v, (const int64_t[]){-1}, (const int64_t[]){-2}, 5), CG_I32, cg_shape(0));
    check_case("of nothing");
    check_equal(cg_pad(cg_zeros(dev, CG_I32, cg_shape(0)), (const int64_t[]){1}, (const int64_t[]){1}, 4),
                CG_I32, cg_shape(2), (long double[]){4, 4});
}

/* Two launches whatever the widths: the fill, and x, in which a pending formula is computed. */
DEVICE_TEST(padding, cost) {
    cg_tensor *x = cg_eval(cg_ones(dev, CG_F32, cg_shape(64, 64)));
    cg_tensor *pending = cg_mul(x, 3.0);
    cg_device_stats before = cg_device_statistics(dev);
    cg_tensor *y = cg_pad(pending, (const int64_t[]){1, 2}, (const int64_t[]){3, 4}, 0);
    CHECK(cg_device_statistics(dev).launches - before.launches == 2);
    check_item(cg_sum(y, CG_ALL_AXES, false), 3 * 64 * 64, 0);
    check_case("cutting alone is a view");
    before = cg_device_statistics(dev);
    CHECK(cg_pad(x, (const int64_t[]){-1, 0}, (const int64_t[]){0, -5}, 0) != NULL);
    CHECK(cg_pad_or_trim(x, cg_shape(3, 64), 0) != NULL);
    cg_device_stats after = cg_device_statistics(dev);
    CHECK(after.launches == before.launches && after.bytes_in_use == before.bytes_in_use);
}

DEVICE_TEST(small_padding, refusals) {
    cg_tensor *x = cg_zeros(dev, CG_F32, cg_shape(2, 3));
    CHECK_FAILS(dev, cg_pad(x, (const int64_t[]){0, -2}, (const int64_t[]){0, -2}, 0), CG_ERROR_SHAPE, "pad",
                "(2, 3)", "axis 1", "-2");
    CHECK_FAILS(dev, cg_pad(x, (const int64_t[]){INT64_MAX, 0}, (const int64_t[]){1, 0}, 0), CG_ERROR_SHAPE,
                "pad");
    CHECK_FAILS(dev, cg_pad(x, (const int64_t[]){INT64_MIN, 0}, (const int64_t[]){INT64_MAX, 0}, 0),
                CG_ERROR_SHAPE, "pad");
    CHECK_FAILS(dev,
                cg_pad(x, (const int64_t[]){INT64_C(1) << 40, 0}, (const int64_t[]){0, INT64_C(1) << 40}, 0),
                CG_ERROR_SHAPE, "pad");
    CHECK_FAILS(dev, cg_pad_or_trim(x, cg_shape(2), 0), CG_ERROR_SHAPE, "pad_or_trim", "(2, 3)", "(2,)");
    CHECK_FAILS(dev, cg_pad_or_trim(x, cg_shape(2, -1), 0), CG_ERROR_SHAPE, "pad_or_trim");
    CHECK(!cg_pad(NULL, NULL, NULL, 0) && !cg_pad_or_trim(NULL, cg_shape(), 0));
}
