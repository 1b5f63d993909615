#include "support/device_test.h"

#include <string.h>

DEVICE_TEST(small_transfer, to_host_of_views) {
    int32_t data[12];
    for (int i = 0; i < 12; i++) data[i] = i;
    cg_tensor *x = cg_from_i32(dev, cg_shape(3, 4), data);
    memset(data, 0, sizeof data); /* host memory is free again at once */
    check_equal(cg_transpose(x, 0, 1), CG_I32, cg_shape(4, 3),
                (long double[]){0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11});
    check_equal(cg_slice(x, 1, 1, 3, 1), CG_I32, cg_shape(3, 2), (long double[]){1, 2, 5, 6, 9, 10});
    check_equal(cg_expand(cg_slice(x, 0, 1, 2, 1), cg_shape(2, 4)), CG_I32, cg_shape(2, 4),
                (long double[]){4, 5, 6, 7, 4, 5, 6, 7});
}

DEVICE_TEST(small_transfer, sizes_must_fit) {
    float data[4] = {7, 7, 7, 7};
    cg_tensor *x = cg_zeros(dev, CG_F32, cg_shape(3));
    CHECK(cg_to_host(x, data, 16) == CG_ERROR_ARGUMENT && data[0] == 7 && data[3] == 7);
    check_error(dev, CG_ERROR_ARGUMENT, "to_host", "(3,)", "12", "16", NULL);
    CHECK(cg_to_host(x, NULL, 12) == CG_ERROR_ARGUMENT);
    cg_error_clear(dev);
    CHECK(cg_to_host(NULL, data, 0) != CG_OK);
    CHECK(cg_to_host(cg_zeros(dev, CG_F32, cg_shape(0)), NULL, 0) == CG_OK);
    CHECK(cg_copy_from_host(x, data, 8) == CG_ERROR_ARGUMENT);
    check_error(dev, CG_ERROR_ARGUMENT, "copy_from_host", "(3,)", NULL);
}

DEVICE_TEST(small_transfer, item) {
    check_item(cg_full(dev, CG_F32, cg_shape(), 2.5), 2.5, 0);
    check_item(cg_full(dev, CG_I64, cg_shape(1, 1), -3), -3, 0);
    check_item(cg_ones(dev, CG_BOOL, cg_shape(1)), 1, 0);
    check_item(cg_full(dev, CG_U8, cg_shape(), 200), 200, 0);
    double v = 7;
    CHECK(cg_item(cg_zeros(dev, CG_F32, cg_shape(2)), &v) == CG_ERROR_SHAPE && v == 7);
    check_error(dev, CG_ERROR_SHAPE, "item", "(2,)", NULL);
    CHECK(cg_item(cg_zeros(dev, CG_F32, cg_shape(0)), &v) == CG_ERROR_SHAPE);
    cg_error_clear(dev);
    CHECK(cg_item(NULL, &v) != CG_OK && v == 7);
}

/* What was computed from the old values, read or not, stays. */
DEVICE_TEST(small_transfer, copy_from_host_in_place) {
    const float a[] = {1, 2, 3}, b[] = {10, 20, 30};
    cg_tensor *x = cg_from_f32(dev, cg_shape(3), a);
    cg_tensor *pending = cg_mul(cg_add(x, 1), 2), *view = cg_slice(x, 0, 1, 3, 1);
    CHECK(cg_copy_from_host(x, b, sizeof b) == CG_OK);
    check_equal(x, CG_F32, cg_shape(3), (long double[]){10, 20, 30});
    check_equal(pending, CG_F32, cg_shape(3), (long double[]){4, 6, 8});
    check_equal(view, CG_F32, cg_shape(2), (long double[]){20, 30});
    check_equal(cg_add(x, 1), CG_F32, cg_shape(3), (long double[]){11, 21, 31});
    check_case("into a pending tensor");
    cg_tensor *y = cg_add(x, 5), *z = cg_mul(y, 2);
    CHECK(cg_copy_from_host(y, a, sizeof a) == CG_OK);
    check_equal(y, CG_F32, cg_shape(3), (long double[]){1, 2, 3});
    check_equal(z, CG_F32, cg_shape(3), (long double[]){30, 50, 70});
    check_case("into a constant, of which another is a view");
    cg_tensor *zeros = cg_zeros(dev, CG_F32, cg_shape(3)), *sum = cg_add(zeros, 1);
    CHECK(cg_copy_from_host(zeros, a, sizeof a) == CG_OK);
    check_equal(zeros, CG_F32, cg_shape(3), (long double[]){1, 2, 3});
    check_equal(sum, CG_F32, cg_shape(3), (long double[]){1, 1, 1});
}

DEVICE_TEST(small_transfer, to_device) {
    cg_device *other = cg_device_open("cpu");
    if (!CHECK(other != NULL)) return;
    const int32_t data[] = {1, 2, 3, 4, 5, 6};
    cg_tensor *x = cg_from_i32(dev, cg_shape(2, 3), data);
    cg_tensor *there = cg_to_device(cg_transpose(x, 0, 1), other);
    CHECK(cg_device_of(there) == other && cg_is_contiguous(there));
    check_equal(there, CG_I32, cg_shape(3, 2), (long double[]){1, 4, 2, 5, 3, 6});
    check_equal(cg_to_device(there, dev), CG_I32, cg_shape(3, 2), (long double[]){1, 4, 2, 5, 3, 6});
    check_equal(cg_to_device(cg_zeros(dev, CG_F32, cg_shape(0)), other), CG_F32, cg_shape(0), NULL);
    CHECK(cg_to_device(NULL, other) == NULL && cg_to_device(x, NULL) == NULL);
    cg_tensor *leaf = cg_require_grad(cg_ones(dev, CG_F32, cg_shape(2)), true);
    CHECK(!cg_requires_grad(cg_to_device(cg_mul(leaf, 2), dev)));
    cg_device_close(other);
}

DEVICE_TEST(small_transfer, eval) {
    cg_tensor *x = cg_add(cg_ones(dev, CG_F32, cg_shape(5)), 1);
    CHECK(cg_eval(x) == x && cg_eval(NULL) == NULL);
    uint64_t launches = cg_device_statistics(dev).launches;
    check_equal(x, CG_F32, cg_shape(5), (long double[]){2, 2, 2, 2, 2});
    CHECK_MSG(cg_device_statistics(dev).launches == launches, "reading launched something again");
}
