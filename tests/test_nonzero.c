#include "support/device_test.h"

/* One number goes to the host, however many elements there are; the places are found on the device. */
COMPOSED_TEST(nonzero, one_round_trip) {
    enum { N = 100000 };
    cg_tensor *x = cg_eval(cg_arange(dev, CG_I32, 0, N, 1)), *mask = cg_eval(cg_ge(x, N / 2));
    cg_device_stats before = cg_device_statistics(dev);
    cg_tensor *place = cg_nonzero(mask), *picked = cg_masked_select(x, mask);
    cg_device_stats after = cg_device_statistics(dev);
    CHECK(after.round_trips - before.round_trips == 2 && after.downloads - before.downloads == 2);
    CHECK(after.uploads == before.uploads);
    check_is(place, CG_I64, cg_shape(N / 2, 1));
    check_is(picked, CG_I32, cg_shape(N / 2));
    check_item(cg_sum(cg_sub(cg_reshape(place, cg_shape(N / 2)), picked), CG_ALL_AXES, false), 0, 0);
    check_item(cg_min(picked, CG_ALL_AXES, false), N / 2, 0);
    check_case("without elements there is nothing to ask the device");
    before = cg_device_statistics(dev);
    check_is(cg_nonzero(cg_zeros(dev, CG_F32, cg_shape(0, 3))), CG_I64, cg_shape(0, 2));
    CHECK(cg_device_statistics(dev).round_trips == before.round_trips);
}

COMPOSED_TEST(small_nonzero, all_and_none) {
    check_equal(cg_nonzero(cg_ones(dev, CG_U8, cg_shape(2, 2))), CG_I64, cg_shape(4, 2),
                (long double[]){0, 0, 0, 1, 1, 0, 1, 1});
    check_is(cg_nonzero(cg_zeros(dev, CG_F32, cg_shape(2, 3))), CG_I64, cg_shape(0, 2));
    check_is(cg_nonzero(cg_ones(dev, CG_F32, cg_shape())), CG_I64, cg_shape(1, 0));
    cg_tensor *x = cg_ones(dev, CG_F32, cg_shape(3));
    check_is(cg_masked_select(x, cg_zeros(dev, CG_BOOL, cg_shape(3))), CG_F32, cg_shape(0));
    check_case("a mask of numbers, and one that widens x");
    cg_tensor *numbers = cg_from_f32(dev, cg_shape(2, 1), (const float[]){0, -0.5f});
    check_equal(cg_masked_select(cg_arange(dev, CG_I32, 0, 3, 1), numbers), CG_I32, cg_shape(3),
                (long double[]){0, 1, 2});
    check_equal(cg_masked_fill(cg_arange(dev, CG_I32, 0, 3, 1), numbers, 9), CG_I32, cg_shape(2, 3),
                (long double[]){0, 1, 2, 9, 9, 9});
}

COMPOSED_TEST(small_nonzero, refusals) {
    cg_tensor *x = cg_zeros(dev, CG_F32, cg_shape(2, 3)), *mask = cg_zeros(dev, CG_BOOL, cg_shape(2));
    CHECK_FAILS(dev, cg_masked_select(x, mask), CG_ERROR_SHAPE, "masked_select", "(2, 3)", "(2,)");
    CHECK_FAILS(dev, cg_masked_fill(x, mask, 0), CG_ERROR_SHAPE, "masked_fill", "(2, 3)", "(2,)");
    CHECK(!cg_nonzero(NULL) && !cg_masked_select(NULL, mask) && !cg_masked_select(x, NULL));
    CHECK(!cg_masked_fill(NULL, mask, 0) && !cg_masked_fill(x, NULL, 0));
}
