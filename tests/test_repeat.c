#include "support/device_test.h"

COMPOSED_TEST(small_repeat, as_numpy_writes_them) {
    cg_tensor *x = cg_from_i32(dev, cg_shape(3), (const int32_t[]){1, 2, 3});
    check_equal(cg_tile(x, 1, (const int64_t[]){2}), CG_I32, cg_shape(6), (long double[]){1, 2, 3, 1, 2, 3});
    check_equal(cg_repeat(x, 2, 0), CG_I32, cg_shape(6), (long double[]){1, 1, 2, 2, 3, 3});
    check_equal(cg_roll(x, 1, 0), CG_I32, cg_shape(3), (long double[]){3, 1, 2});
    check_equal(cg_roll(x, -1, 0), CG_I32, cg_shape(3), (long double[]){2, 3, 1});
    check_equal(cg_roll(x, INT64_MIN, 0), CG_I32, cg_shape(3),
                (long double[]){3, 1, 2}); /* -2^63 mod 3 = 1 */
    check_case("counts of another rank");
    check_equal(cg_tile(x, 2, (const int64_t[]){2, 1}), CG_I32, cg_shape(2, 3),
                (long double[]){1, 2, 3, 1, 2, 3});
    check_equal(cg_tile(x, 0, NULL), CG_I32, cg_shape(3), (long double[]){1, 2, 3});
    check_is(cg_tile(cg_ones(dev, CG_F32, cg_shape(0, 2)), 3, (const int64_t[]){2, 3, 4}), CG_F32,
             cg_shape(2, 0, 8));
}

/* Eight axes, all tiled: more than the stretched shape has room for, so it is done in turns. */
COMPOSED_TEST(small_repeat, tile_of_full_rank) {
    cg_dims shape = {8, {1, 2, 1, 1, 2, 1, 1, 1}}, out = {8, {2, 4, 2, 2, 4, 2, 2, 2}};
    const int64_t reps[] = {2, 2, 2, 2, 2, 2, 2, 2};
    cg_tensor *y = cg_tile(cg_reshape(cg_arange(dev, CG_I32, 0, 4, 1), shape), 8, reps);
    long double want[1024];
    for (int i = 0; i < 1024; i++) want[i] = i / 128 % 2 * 2 + i / 8 % 2; /* axes 1 and 4 */
    check_equal(y, CG_I32, out, want);
    check_case("repeat of rank 8");
    out = shape;
    out.dim[7] = 3;
    check_equal(cg_repeat(cg_reshape(cg_arange(dev, CG_I32, 0, 4, 1), shape), 3, 7), CG_I32, out,
                (long double[]){0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3});
}

COMPOSED_TEST(small_repeat, roll_and_back) {
    cg_tensor *x = cg_reshape(cg_arange(dev, CG_I32, 0, 20, 1), cg_shape(4, 5));
    for (int shift = -6; shift <= 6; shift += 3) {
        check_case("%d", shift);
        check_same_bits(cg_roll(cg_roll(x, shift, 1), -shift, -1), x);
        check_same_bits(cg_roll(cg_roll(x, shift, 0), -shift, 0), x);
    }
}

COMPOSED_TEST(small_repeat, refusals) {
    cg_tensor *x = cg_zeros(dev, CG_F32, cg_shape(2, 3));
    const int64_t many[9] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
    CHECK_FAILS(dev, cg_tile(x, 2, (const int64_t[]){1, -1}), CG_ERROR_SHAPE, "tile", "(2, 3)", "-1");
    CHECK_FAILS(dev, cg_tile(x, 2, (const int64_t[]){INT64_MAX, 1}), CG_ERROR_SHAPE, "tile");
    CHECK_FAILS(dev, cg_tile(x, 2, (const int64_t[]){INT64_C(1) << 40, INT64_C(1) << 40}), CG_ERROR_SHAPE,
                "tile");
    CHECK_FAILS(dev, cg_tile(x, 9, many), CG_ERROR_ARGUMENT, "tile", "9");
    CHECK_FAILS(dev, cg_tile(x, -1, many), CG_ERROR_ARGUMENT, "tile");
    CHECK_FAILS(dev, cg_repeat(x, -1, 0), CG_ERROR_SHAPE, "repeat", "(2, 3)", "-1");
    CHECK_FAILS(dev, cg_repeat(x, INT64_MAX, 1), CG_ERROR_SHAPE, "repeat");
    CHECK_FAILS(dev, cg_repeat(x, 2, 2), CG_ERROR_ARGUMENT, "repeat", "axis 2");
    CHECK_FAILS(dev, cg_roll(x, 1, -3), CG_ERROR_ARGUMENT, "roll", "axis -3");
    CHECK(!cg_tile(NULL, 1, many) && !cg_repeat(NULL, 1, 0) && !cg_roll(NULL, 1, 0));
}
