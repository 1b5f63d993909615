#include "support/device_test.h"

#include <math.h>

static cg_tensor *grid(cg_device *dev, int64_t rows, int64_t columns) {
    return cg_reshape(cg_arange(dev, CG_I32, 0, (double)(rows * columns), 1), cg_shape(rows, columns));
}

/* Both triangles meet on the diagonal they are cut at. */
COMPOSED_TEST(small_triangles, add_up) {
    cg_tensor *x = grid(dev, 4, 6);
    for (int k = -5; k <= 7; k++) {
        check_case("diagonal %d", k);
        cg_tensor *both = cg_add(cg_tril(x, k), cg_triu(x, k + 1));
        check_same_bits(both, x);
    }
    check_case("k of any size");
    check_same_bits(cg_tril(x, INT64_MAX), x);
    check_same_bits(cg_triu(x, INT64_MIN), x);
}

/* What is cut off is 0 even where 0 times it would be NaN. */
COMPOSED_TEST(small_triangles, of_nan) {
    cg_tensor *x = cg_full(dev, CG_F32, cg_shape(2, 2), (double)NAN);
    const long double n = (long double)NAN;
    check_equal(cg_tril(x, 0), CG_F32, cg_shape(2, 2), (long double[]){n, 0, n, n});
    check_equal(cg_triu(x, 0), CG_F32, cg_shape(2, 2), (long double[]){n, n, 0, n});
}

/* One launch: the numbers of rows and columns are compared within the program that writes the result. */
DEVICE_TEST(triangles, cost) {
    cg_tensor *x = cg_eval(cg_ones(dev, CG_F32, cg_shape(64, 64)));
    if (!cg_device_properties(dev)->usable) return;
    cg_device_stats before = cg_device_statistics(dev);
    cg_tensor *y = cg_eval(cg_tril(x, 0));
    uint64_t launches = cg_device_statistics(dev).launches - before.launches;
    CHECK_MSG(launches == 1 || launches == 3, "%d launches", (int)launches); /* 3: each row by itself */
    check_item(cg_sum(y, CG_ALL_AXES, false), 64 * 65 / 2, 0);
}

COMPOSED_TEST(small_triangles, diagonals_are_views) {
    cg_tensor *x = cg_eval(cg_zeros(dev, CG_I32, cg_shape(2, 3)));
    cg_tensor *above = cg_diagonal(x, 1, 0, 1), *below = cg_diag(x, -1);
    const int32_t other[] = {1, 2, 3, 4, 5, 6};
    CHECK(cg_copy_from_host(x, other, sizeof other) == CG_OK);
    check_equal(above, CG_I32, cg_shape(2), (long double[]){2, 6});
    check_equal(below, CG_I32, cg_shape(1), (long double[]){4});
    check_equal(cg_diagonal(x, 0, 1, 0), CG_I32, cg_shape(2), (long double[]){1, 5});
    check_is(cg_diagonal(x, INT64_MIN, 0, 1), CG_I32, cg_shape(0));
    check_is(cg_diagonal(x, INT64_MAX, 0, 1), CG_I32, cg_shape(0));
    check_case("the result is the diagonal's vector again");
    check_equal(cg_diag(cg_diag(cg_from_i32(dev, cg_shape(2), (const int32_t[]){7, 8}), -3), -3), CG_I32,
                cg_shape(2), (long double[]){7, 8});
    check_is(cg_diag(cg_zeros(dev, CG_F32, cg_shape(0)), 2), CG_F32, cg_shape(2, 2));
}

COMPOSED_TEST(small_triangles, trace) {
    check_item(cg_trace(grid(dev, 3, 4)), 0 + 5 + 10, 0);
    check_case("of a batch, over its last two axes");
    cg_tensor *x = cg_reshape(cg_arange(dev, CG_I32, 0, 12, 1), cg_shape(2, 2, 3));
    check_equal(cg_trace(x), CG_I64, cg_shape(2), (long double[]){0 + 4, 6 + 10});
}

COMPOSED_TEST(small_triangles, refusals) {
    cg_tensor *x = cg_zeros(dev, CG_F32, cg_shape(3)), *y = cg_zeros(dev, CG_F32, cg_shape(2, 3, 4));
    cg_tensor *deep = cg_zeros(dev, CG_F32, (cg_dims){8, {1, 1, 1, 1, 1, 1, 1, 1}});
    CHECK_FAILS(dev, cg_tril(x, 0), CG_ERROR_SHAPE, "tril", "(3,)");
    CHECK_FAILS(dev, cg_triu(cg_ones(dev, CG_F32, cg_shape()), 0), CG_ERROR_SHAPE, "triu", "()");
    CHECK_FAILS(dev, cg_trace(x), CG_ERROR_SHAPE, "trace", "(3,)");
    CHECK_FAILS(dev, cg_diagonal(x, 0, 0, 1), CG_ERROR_SHAPE, "diagonal", "(3,)");
    CHECK_FAILS(dev, cg_diagonal(y, 0, 0, 3), CG_ERROR_ARGUMENT, "diagonal", "axis 3");
    CHECK_FAILS(dev, cg_diagonal(y, 0, 1, -2), CG_ERROR_ARGUMENT, "diagonal", "the same");
    CHECK_FAILS(dev, cg_diag(y, 0), CG_ERROR_SHAPE, "diag", "(2, 3, 4)");
    CHECK_FAILS(dev, cg_diag(x, INT64_MAX), CG_ERROR_SHAPE, "diag");
    CHECK_FAILS(dev, cg_diag(x, INT64_MIN), CG_ERROR_SHAPE, "diag");
    CHECK_FAILS(dev, cg_diag_embed(deep, 0), CG_ERROR_SHAPE, "diag_embed");
    CHECK_FAILS(dev, cg_diag_embed(cg_ones(dev, CG_F32, cg_shape()), 0), CG_ERROR_SHAPE, "diag_embed", "()");
    CHECK(!cg_tril(NULL, 0) && !cg_triu(NULL, 0) && !cg_diag(NULL, 0) && !cg_diag_embed(NULL, 0));
    CHECK(!cg_trace(NULL) && !cg_diagonal(NULL, 0, 0, 1));
}
