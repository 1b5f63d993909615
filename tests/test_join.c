#include "support/device_test.h"

static cg_tensor *count_to(cg_device *dev, cg_dtype dtype, double n) {
    return cg_arange(dev, dtype, 0, n, 1);
}

COMPOSED_TEST(small_join, promotes) {
    cg_tensor *b = cg_from_host(dev, CG_BOOL, cg_shape(2), (const uint8_t[]){1, 0});
    cg_tensor *i = cg_from_i64(dev, cg_shape(1), (const int64_t[]){-7});
    cg_tensor *f = cg_from_f32(dev, cg_shape(1), (const float[]){0.5f});
    check_equal(cg_concat(2, (cg_tensor *[]){b, i}, 0), CG_I64, cg_shape(3), (long double[]){1, 0, -7});
    check_equal(cg_concat(3, (cg_tensor *[]){b, i, f}, 0), CG_F32, cg_shape(4),
                (long double[]){1, 0, -7, 0.5L});
    check_equal(cg_stack(2, (cg_tensor *[]){i, f}, 1), CG_F32, cg_shape(1, 2), (long double[]){-7, 0.5L});
}

/* Each input is one launch into its place, pending or not, and nothing but the result takes memory. */
COMPOSED_TEST(join, writes_each_part_once) {
    cg_tensor *x = cg_eval(cg_ones(dev, CG_F32, cg_shape(1024, 16)));
    cg_tensor *pending = cg_add(cg_mul(x, 2.0), 1.0);
    if (!x || !pending) return;
    cg_device_stats before = cg_device_statistics(dev);
    cg_tensor *y = cg_concat(3, (cg_tensor *[]){x, pending, cg_transpose(cg_transpose(x, 0, 1), 0, 1)}, 0);
    cg_device_stats after = cg_device_statistics(dev);
    check_is(y, CG_F32, cg_shape(3072, 16));
    /* without deferral the formula has run already */
    CHECK_MSG(after.launches - before.launches == 3, "%d launches", (int)(after.launches - before.launches));
    CHECK_MSG(after.bytes_in_use - before.bytes_in_use <= 3 * 1024 * 16 * sizeof(float) + 4096, "%d bytes",
              (int)(after.bytes_in_use - before.bytes_in_use));
    check_item(cg_sum(y, CG_ALL_AXES, false), 1024 * 16 * (1 + 3 + 1), 0);
}

/* More inputs than a rule has room for, one of them twice, some that want nothing. */
COMPOSED_TEST(join, gradients_of_many) {
    enum { N = 23 };
    cg_tensor *x[N], *weight = count_to(dev, CG_F32, 2 * N);
    for (int i = 0; i < N; i++) {
        x[i] = cg_full(dev, CG_F32, cg_shape(2), i);
        if (i % 3) cg_require_grad(x[i], true);
    }
    x[20] = x[1];
    CHECK(cg_backward(cg_sum(cg_mul(cg_concat(N, x, 0), weight), CG_ALL_AXES, false)) == CG_OK);
    for (int i = 0; i < N; i++) {
        check_case("input %d", i);
        double twice = i == 1 || i == 20 ? 2 * 1 + 2 * 20 : 2 * i, ones = i == 1 || i == 20 ? 2 : 1;
        if (i % 3 == 0) {
            CHECK(cg_grad_of(x[i]) == NULL);
            continue;
        }
        check_equal(cg_grad_of(x[i]), CG_F32, cg_shape(2), (long double[]){twice, twice + ones});
    }
}

COMPOSED_TEST(join, gradient_without_recording) {
    cg_tensor *x = cg_require_grad(cg_ones(dev, CG_F32, cg_shape(2)), true);
    cg_no_grad_begin(dev);
    CHECK(!cg_requires_grad(cg_concat(2, (cg_tensor *[]){x, x}, 0)));
    cg_no_grad_end(dev);
    CHECK(cg_requires_grad(cg_concat(2, (cg_tensor *[]){x, x}, 0)));
}

COMPOSED_TEST(small_join, split_is_undone_by_concat) {
    cg_tensor *x = cg_reshape(count_to(dev, CG_I32, 21), cg_shape(3, 7)), *part[4];
    CHECK(cg_array_split(x, 4, 1, part) == CG_OK);
    CHECK(cg_size(part[0], 1) == 2 && cg_size(part[2], 1) == 2 && cg_size(part[3], 1) == 1);
    check_same_bits(cg_concat(4, part, 1), x);
    CHECK(cg_split_sizes(x, 4, (const int64_t[]){0, 5, 0, 2}, -1, part) == CG_OK);
    CHECK(cg_size(part[0], 1) == 0 && cg_size(part[1], 1) == 5 && cg_size(part[2], 1) == 0);
    check_same_bits(cg_concat(4, part, -1), x);
    CHECK(cg_split(x, 3, 0, part) == CG_OK);
    check_same_bits(cg_concat(3, part, 0), x);
    check_case("more parts than elements");
    CHECK(cg_array_split(x, 4, 0, part) == CG_OK);
    check_is(part[3], CG_I32, cg_shape(0, 7));
}

COMPOSED_TEST(small_join, parts_are_views) {
    cg_tensor *x = cg_eval(cg_zeros(dev, CG_I32, cg_shape(4))), *part[2];
    const int32_t other[] = {1, 2, 3, 4};
    CHECK(cg_split(x, 2, 0, part) == CG_OK);
    CHECK(cg_copy_from_host(x, other, sizeof other) == CG_OK);
    check_equal(part[1], CG_I32, cg_shape(2), (long double[]){3, 4});
}

/* The gradient of each part goes to its place, and the rest is 0. */
COMPOSED_TEST(join, gradient_of_one_part) {
    cg_tensor *x = cg_require_grad(cg_ones(dev, CG_F32, cg_shape(2, 3)), true), *part[3];
    CHECK(cg_split(x, 3, 1, part) == CG_OK);
    CHECK(cg_backward(cg_sum(cg_mul(part[1], 5.0), CG_ALL_AXES, false)) == CG_OK);
    check_equal(cg_grad_of(x), CG_F32, cg_shape(2, 3), (long double[]){0, 5, 0, 0, 5, 0});
}

#define CHECK_REFUSED(dev, call, n, out, code, ...)                                                          \
    (CHECK_MSG((call) == (code), "%s should have failed", #call),                                            \
     check_error((dev), (code), __VA_ARGS__, NULL), all_null((n), (out)))

static void all_null(int n, cg_tensor *const *out) {
    for (int i = 0; i < n; i++) CHECK(out[i] == NULL);
}

COMPOSED_TEST(small_join, refusals) {
    cg_tensor *x = cg_zeros(dev, CG_F32, cg_shape(2, 3)), *y = cg_zeros(dev, CG_F32, cg_shape(4, 2));
    cg_tensor *deep = cg_zeros(dev, CG_F32, (cg_dims){8, {1, 1, 1, 1, 1, 1, 1, 1}});
    cg_tensor *two[] = {x, y}, *same[] = {x, x}, *hole[] = {x, NULL}, *part[2] = {x, x};
    CHECK_FAILS(dev, cg_concat(2, two, 0), CG_ERROR_SHAPE, "concat", "(2, 3)", "(4, 2)", "axis 0");
    CHECK_FAILS(dev, cg_concat(2, (cg_tensor *[]){x, cg_flatten(x, 0, 1)}, 0), CG_ERROR_SHAPE, "concat",
                "(6,)");
    CHECK_FAILS(dev, cg_concat(2, same, 2), CG_ERROR_ARGUMENT, "concat", "axis 2");
    CHECK_FAILS(dev, cg_concat(1, (cg_tensor *[]){cg_ones(dev, CG_F32, cg_shape())}, 0), CG_ERROR_ARGUMENT,
                "concat", "()");
    cg_tensor *huge = cg_expand(x, cg_shape(INT64_C(1) << 58, 2, 3));
    CHECK_FAILS(dev, cg_concat(2, (cg_tensor *[]){huge, huge}, 0), CG_ERROR_SHAPE, "concat");
    CHECK_FAILS(dev, cg_stack(2, two, 0), CG_ERROR_SHAPE, "stack", "(2, 3)", "(4, 2)");
    CHECK_FAILS(dev, cg_stack(2, same, 3), CG_ERROR_ARGUMENT, "stack");
    CHECK_FAILS(dev, cg_stack(1, &deep, 0), CG_ERROR_ARGUMENT, "stack");
    CHECK_REFUSED(dev, cg_split(x, 2, 1, part), 2, part, CG_ERROR_SHAPE, "split", "(2, 3)", "2 equal parts");
    CHECK_REFUSED(dev, cg_split(x, 2, 5, part), 2, part, CG_ERROR_ARGUMENT, "split", "axis 5");
    CHECK_REFUSED(dev, cg_split(x, 0, 1, part), 0, part, CG_ERROR_ARGUMENT, "split");
    CHECK_REFUSED(dev, cg_array_split(x, -1, 1, part), 0, part, CG_ERROR_ARGUMENT, "array_split");
    CHECK_REFUSED(dev, cg_split_sizes(x, 2, (const int64_t[]){1, 1}, 1, part), 2, part, CG_ERROR_SHAPE,
                  "split_sizes", "(2, 3)");
    CHECK_REFUSED(dev, cg_split_sizes(x, 2, (const int64_t[]){-1, 4}, 1, part), 2, part, CG_ERROR_SHAPE,
                  "split_sizes");
    check_case("NULL in, NULL out");
    CHECK(!cg_concat(2, hole, 0) && !cg_stack(2, hole, 0));
    CHECK(cg_split(NULL, 2, 0, part) == CG_ERROR_ARGUMENT && !part[0] && !part[1]);
    check_case("without a tensor there is no device to report on");
    CHECK(!cg_concat(0, NULL, 0) && cg_error_code(NULL) == CG_ERROR_ARGUMENT);
}
