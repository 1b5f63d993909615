#include "support/device_test.h"

DEVICE_TEST(small_meshgrid, both_orders) {
    cg_tensor *x[] = {cg_from_i32(dev, cg_shape(2), (const int32_t[]){1, 2}),
                      cg_from_i32(dev, cg_shape(3), (const int32_t[]){3, 4, 5})},
              *grid[2];
    CHECK(cg_meshgrid(2, x, CG_IJ, grid) == CG_OK);
    check_equal(grid[0], CG_I32, cg_shape(2, 3), (long double[]){1, 1, 1, 2, 2, 2});
    check_equal(grid[1], CG_I32, cg_shape(2, 3), (long double[]){3, 4, 5, 3, 4, 5});
    CHECK(cg_meshgrid(2, x, CG_XY, grid) == CG_OK);
    check_equal(grid[0], CG_I32, cg_shape(3, 2), (long double[]){1, 2, 1, 2, 1, 2});
    check_equal(grid[1], CG_I32, cg_shape(3, 2), (long double[]){3, 3, 4, 4, 5, 5});
    check_case("one vector, and none of its elements");
    cg_tensor *none = cg_zeros(dev, CG_F32, cg_shape(0));
    CHECK(cg_meshgrid(1, &none, CG_XY, grid) == CG_OK);
    check_is(grid[0], CG_F32, cg_shape(0));
}

DEVICE_TEST(small_meshgrid, costs_nothing) {
    cg_tensor *x[] = {cg_eval(cg_ones(dev, CG_F32, cg_shape(20))),
                      cg_eval(cg_ones(dev, CG_F32, cg_shape(30)))};
    cg_tensor *grid[2];
    cg_device_stats before = cg_device_statistics(dev);
    CHECK(cg_meshgrid(2, x, CG_XY, grid) == CG_OK);
    cg_device_stats after = cg_device_statistics(dev);
    CHECK(after.launches == before.launches && after.bytes_in_use == before.bytes_in_use);
}

DEVICE_TEST(small_meshgrid, refusals) {
    cg_tensor *v = cg_zeros(dev, CG_F32, cg_shape(1)), *m = cg_zeros(dev, CG_F32, cg_shape(2, 3));
    cg_tensor *two[] = {v, m}, *hole[] = {v, NULL}, *grid[9] = {v, v};
    CHECK(cg_meshgrid(2, two, CG_IJ, grid) == CG_ERROR_SHAPE && !grid[0] && !grid[1]);
    check_error(dev, CG_ERROR_SHAPE, "meshgrid", "input 1", "(2, 3)", NULL);
    CHECK(cg_meshgrid(9, (cg_tensor *[]){v, v, v, v, v, v, v, v, v}, CG_IJ, grid) == CG_ERROR_ARGUMENT);
    check_error(dev, CG_ERROR_ARGUMENT, "meshgrid", "9", NULL);
    CHECK(cg_meshgrid(2, hole, CG_IJ, grid) == CG_ERROR_ARGUMENT && !grid[0]);
    CHECK(cg_meshgrid(0, NULL, CG_IJ, NULL) == CG_ERROR_ARGUMENT && cg_error_code(NULL) == CG_ERROR_ARGUMENT);
}
