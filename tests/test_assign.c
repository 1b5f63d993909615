/* The one operation in place: values, views, what is pending, refusals. */
#include "support/device_test.h"

DEVICE_TEST(small_assign, values_and_numbers) {
    const float data[] = {1, 2, 3, 4, 5, 6}, row[] = {10.75f, 20, -30};
    cg_tensor *x = cg_from_f32(dev, cg_shape(2, 3), data), *y = cg_from_f32(dev, cg_shape(3), row);
    CHECK(cg_assign(x, y) == CG_OK);
    check_equal(x, CG_F32, cg_shape(2, 3), (long double[]){10.75L, 20, -30, 10.75L, 20, -30});
    CHECK(cg_assign(x, 7) == CG_OK);
    check_equal(x, CG_F32, cg_shape(2, 3), (long double[]){7, 7, 7, 7, 7, 7});
    cg_tensor *n = cg_zeros(dev, CG_I32, cg_shape(3)), *flag = cg_zeros(dev, CG_BOOL, cg_shape(3));
    cg_tensor *wide = cg_zeros(dev, CG_I64, cg_shape(1)), *byte = cg_zeros(dev, CG_U8, cg_shape(1));
    check_case("reals are cut towards zero for integers, bool is what is not 0");
    CHECK(cg_assign(n, y) == CG_OK);
    check_equal(n, CG_I32, cg_shape(3), (long double[]){10, 20, -30});
    CHECK(cg_assign(n, -2.75) == CG_OK);
    check_equal(n, CG_I32, cg_shape(3), (long double[]){-2, -2, -2});
    CHECK(cg_assign(flag, cg_sub(y, 20)) == CG_OK);
    check_equal(flag, CG_BOOL, cg_shape(3), (long double[]){1, 0, 1});
    CHECK(cg_assign(flag, 0.25) == CG_OK);
    check_equal(flag, CG_BOOL, cg_shape(3), (long double[]){1, 1, 1});
    CHECK(cg_assign(wide, ((int64_t)1 << 53) + 1) == CG_OK);
    check_equal(wide, CG_I64, cg_shape(1), (long double[]){9007199254740993});
    CHECK(cg_assign(byte, 258) == CG_OK);
    check_equal(byte, CG_U8, cg_shape(1), (long double[]){2});
    check_case("zero elements");
    CHECK(cg_assign(cg_zeros(dev, CG_F32, cg_shape(0, 3)), y) == CG_OK);
}

/* Into a view the rest of the memory stays, and other views see what was written. */
DEVICE_TEST(small_assign, views) {
    int32_t data[12];
    for (int i = 0; i < 12; i++) data[i] = i;
    cg_tensor *x = cg_from_i32(dev, cg_shape(3, 4), data), *turned = cg_transpose(x, 0, 1);
    CHECK(cg_assign(cg_slice(cg_slice(x, 0, 0, 3, 2), 1, CG_SLICE_OPEN, CG_SLICE_OPEN, -2), -5) == CG_OK);
    check_equal(x, CG_I32, cg_shape(3, 4), (long double[]){0, -5, 2, -5, 4, 5, 6, 7, 8, -5, 10, -5});
    CHECK(cg_assign(turned, cg_arange(dev, CG_I32, 0, 3, 1)) == CG_OK);
    check_equal(x, CG_I32, cg_shape(3, 4), (long double[]){0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2});
}

/* The value reads what is being written: at the same place, or at another. */
DEVICE_TEST(small_assign, values_that_read_it) {
    float data[9];
    for (int i = 0; i < 9; i++) data[i] = (float)i;
    cg_tensor *x = cg_from_f32(dev, cg_shape(3, 3), data);
    CHECK(cg_assign(x, cg_add(cg_mul(x, 2), cg_square(x))) == CG_OK);
    check_equal(x, CG_F32, cg_shape(3, 3), (long double[]){0, 3, 8, 15, 24, 35, 48, 63, 80});
    check_case("itself");
    CHECK(cg_assign(x, x) == CG_OK);
    check_equal(x, CG_F32, cg_shape(3, 3), (long double[]){0, 3, 8, 15, 24, 35, 48, 63, 80});
    check_case("transposed");
    CHECK(cg_assign(x, cg_transpose(x, 0, 1)) == CG_OK);
    check_equal(x, CG_F32, cg_shape(3, 3), (long double[]){0, 15, 48, 3, 24, 63, 8, 35, 80});
    check_case("transposed, in a formula");
    CHECK(cg_assign(x, cg_sub(x, cg_transpose(x, 0, 1))) == CG_OK);
    check_equal(x, CG_F32, cg_shape(3, 3), (long double[]){0, 12, 40, -12, 0, 28, -40, -28, 0});
    check_case("a row of it, to all rows");
    CHECK(cg_assign(x, cg_slice(x, 0, 1, 2, 1)) == CG_OK);
    check_equal(x, CG_F32, cg_shape(3, 3), (long double[]){-12, 0, 28, -12, 0, 28, -12, 0, 28});
}

/* Shifted by one within one memory, both ways, over more than a vector or a block. */
DEVICE_TEST(assign, shifted) {
    enum { N = 5001 };
    for (int way = 0; way < 2; way++) {
        check_case("shifted %s", way ? "down" : "up");
        cg_tensor *x = cg_arange(dev, CG_I32, 0, N, 1);
        cg_tensor *low = cg_slice(x, 0, 0, N - 1, 1), *high = cg_slice(x, 0, 1, N, 1);
        CHECK(cg_assign(way ? low : high, way ? high : low) == CG_OK);
        const long double *got = read_values(x);
        for (int64_t i = 0; got && i < N; i++) {
            int64_t want = way ? (i < N - 1 ? i + 1 : i) : (i ? i - 1 : 0);
            if (!CHECK_MSG(got[i] == want, "element %lld is %.0Lf", (long long)i, got[i])) break;
        }
    }
}

/* What was made of the old elements keeps its value: computed, pending, behind the value, or the value itself. */
DEVICE_TEST(small_assign, old_values_stay) {
    const float data[] = {1, 2, 3};
    const long double old[] = {1, 2, 3}, twice[] = {2, 4, 6}, sum[] = {3, 6, 9}, third[] = {30, 60, 90};
    cg_tensor *x = cg_from_f32(dev, cg_shape(3), data);
    cg_tensor *copy = cg_clone(x), *other = cg_mul(x, 5), *inner = cg_mul(x, 2), *value = cg_add(inner, x);
    cg_tensor *later = cg_mul(value, 10);
    CHECK(cg_assign(x, value) == CG_OK);
    check_equal(x, CG_F32, cg_shape(3), sum);
    check_equal(copy, CG_F32, cg_shape(3), old);
    check_equal(other, CG_F32, cg_shape(3), (long double[]){5, 10, 15});
    check_case("after a second assignment");
    CHECK(cg_assign(x, -1) == CG_OK);
    check_equal(value, CG_F32, cg_shape(3), sum);
    check_equal(inner, CG_F32, cg_shape(3), twice);
    check_equal(later, CG_F32, cg_shape(3), third);
    check_equal(x, CG_F32, cg_shape(3), (long double[]){-1, -1, -1});
    check_case("a value of another dtype");
    cg_tensor *n = cg_from_i32(dev, cg_shape(2), (const int32_t[]){7, -7}), *half = cg_mul(n, 0.5);
    CHECK(cg_assign(n, half) == CG_OK);
    check_equal(n, CG_I32, cg_shape(2), (long double[]){3, -3});
    check_equal(half, CG_F32, cg_shape(2), (long double[]){3.5L, -3.5L});
    check_case("of constants");
    cg_tensor *zeros = cg_zeros(dev, CG_F32, cg_shape(3)), *ones = cg_add(zeros, 1);
    CHECK(cg_assign(zeros, cg_sub(ones, 3)) == CG_OK);
    check_equal(zeros, CG_F32, cg_shape(3), (long double[]){-2, -2, -2});
    check_equal(ones, CG_F32, cg_shape(3), (long double[]){1, 1, 1});
}

/* More readers behind the value than a program has outputs. */
DEVICE_TEST(small_assign, many_readers) {
    const float data[] = {1, 2};
    cg_tensor *x = cg_from_f32(dev, cg_shape(2), data), *part[9], *value = cg_mul(x, 1);
    for (int i = 0; i < 9; i++) value = cg_add(value, part[i] = cg_mul(x, i + 2));
    CHECK(cg_assign(x, value) == CG_OK);
    check_equal(x, CG_F32, cg_shape(2), (long double[]){55, 110});
    for (int i = 0; i < 9; i++)
        check_equal(part[i], CG_F32, cg_shape(2), (long double[]){i + 2, 2 * (i + 2)});
}

/* One pass over memory, and nothing beside it where the value is one operation on x. */
DEVICE_TEST(assign, one_pass) {
    cg_tensor *x = cg_eval(cg_ones(dev, CG_F32, cg_shape(1000))), *y = cg_eval(cg_add(x, 1));
    uint64_t before = device_launches(dev), bytes = device_bytes(dev);
    cg_scope *step = cg_scope_begin(dev);
    cg_tensor *value = cg_lerp(x, y, 0.5);
    bool fused = device_launches(dev) == before;
    CHECK(cg_assign(x, value) == CG_OK);
    CHECK_MSG(!fused || (device_launches(dev) == before + 1 && device_bytes(dev) == bytes),
              "%llu passes, %lld bytes more", (unsigned long long)(device_launches(dev) - before),
              (long long)(device_bytes(dev) - bytes));
    cg_scope_end(step);
    CHECK(device_bytes(dev) == bytes);
    before = device_launches(dev);
    CHECK(cg_assign(x, cg_add(cg_mul(x, 0.5), y)) == CG_OK);
    CHECK(!fused || device_launches(dev) == before + 1);
    check_item(cg_max(x, CG_ALL_AXES, false), 2.75, 0);
}

DEVICE_TEST(small_assign, refusals) {
    cg_tensor *x = cg_eval(cg_ones(dev, CG_F32, cg_shape(2, 3))), *y = cg_ones(dev, CG_F32, cg_shape(4));
    CHECK(cg_assign(x, y) == CG_ERROR_SHAPE);
    check_error(dev, CG_ERROR_SHAPE, "assign", "(4,)", "(2, 3)", NULL);
    CHECK(cg_assign(y, x) == CG_ERROR_SHAPE);
    check_error(dev, CG_ERROR_SHAPE, "assign", "(2, 3)", "(4,)", NULL);
    CHECK(cg_assign(cg_expand(cg_eval(cg_ones(dev, CG_F32, cg_shape(1, 3))), cg_shape(2, 3)), x) ==
          CG_ERROR_ARGUMENT);
    check_error(dev, CG_ERROR_ARGUMENT, "assign", "(2, 3)", "share memory", NULL);
    CHECK(cg_assign((cg_tensor *)NULL, 1) == CG_ERROR_ARGUMENT);
    CHECK(cg_assign(x, (cg_tensor *)NULL) == CG_ERROR_ARGUMENT && cg_error_code(dev) == CG_OK);
    cg_device *other = cg_device_open("cpu");
    if (!CHECK(other != NULL)) return;
    CHECK(cg_assign(x, cg_ones(other, CG_F32, cg_shape(3))) == CG_ERROR_DEVICE_MISMATCH);
    check_error(dev, CG_ERROR_DEVICE_MISMATCH, "assign", NULL);
    cg_device_close(other);
}

DEVICE_TEST(small_assign, gradients) {
    cg_tensor *x = cg_eval(cg_full(dev, CG_F32, cg_shape(3), 2));
    cg_tensor *w = cg_require_grad(cg_eval(cg_ones(dev, CG_F32, cg_shape(3))), true), *y = cg_mul(w, x);
    check_case("what a gradient needs, a result, a leaf; a value with a gradient");
    CHECK(cg_assign(x, 5) == CG_ERROR_STATE);
    check_error(dev, CG_ERROR_STATE, "assign", "(3,)", "gradient", NULL);
    CHECK(cg_assign(y, 5) == CG_ERROR_STATE);
    check_error(dev, CG_ERROR_STATE, "assign", "recorded", NULL);
    CHECK(cg_assign(w, 5) == CG_ERROR_STATE);
    cg_error_clear(dev);
    CHECK(cg_assign(cg_zeros(dev, CG_F32, cg_shape(3)), y) == CG_ERROR_STATE);
    check_error(dev, CG_ERROR_STATE, "assign", "cg_detach", NULL);
    check_case("after the backward pass they are free, and a leaf through cg_detach");
    CHECK(cg_backward(cg_sum(y, CG_ALL_AXES, false)) == CG_OK);
    CHECK(cg_assign(x, 5) == CG_OK && cg_assign(cg_detach(w), cg_mul(cg_detach(w), 3)) == CG_OK);
    check_equal(w, CG_F32, cg_shape(3), (long double[]){3, 3, 3});
    check_equal(cg_grad_of(w), CG_F32, cg_shape(3), (long double[]){2, 2, 2});
    check_case("a gradient that would read the old elements is refused, not wrong");
    cg_tensor *alias = cg_detach(w), *z = cg_square(w);
    CHECK(cg_assign(alias, 1) == CG_ERROR_STATE);
    check_error(dev, CG_ERROR_STATE, "assign", "gradient", NULL);
    CHECK(cg_backward(cg_sum(z, CG_ALL_AXES, false)) == CG_OK);
}
