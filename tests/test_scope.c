#include "support/device_test.h"

DEVICE_TEST(small_scope, releases_what_was_made_in_it) {
    uint64_t before = device_bytes(dev);
    cg_scope *scope = cg_scope_begin(dev);
    cg_tensor *x = cg_eval(cg_ones(dev, CG_F32, cg_shape(1000)));
    cg_tensor *y = cg_eval(cg_add(cg_transpose(cg_reshape(x, cg_shape(10, 100)), 0, 1), 1));
    CHECK(y != NULL && device_bytes(dev) >= before + 8000);
    cg_scope_end(scope);
    CHECK_MSG(device_bytes(dev) == before, "%llu bytes are still held",
              (unsigned long long)(device_bytes(dev) - before));
}

DEVICE_TEST(small_scope, retain_keeps_a_tensor) {
    uint64_t before = device_bytes(dev);
    cg_scope *scope = cg_scope_begin(dev);
    cg_tensor *x = cg_retain(cg_add(cg_ones(dev, CG_F32, cg_shape(100)), 2));
    cg_tensor *view = cg_retain(cg_slice(cg_mul(x, 2), 0, 10, 12, 1));
    cg_scope_end(scope);
    check_item(cg_sum(x, CG_ALL_AXES, false), 300, 0);
    check_equal(view, CG_F32, cg_shape(2), (long double[]){6, 6});
    CHECK(cg_retain(x) == x);
    cg_release(x);
    check_item(cg_sum(x, CG_ALL_AXES, false), 300, 0);
    cg_release(x);
    cg_release(view);
    CHECK(cg_retain(NULL) == NULL);
    cg_release(NULL);
    cg_scope *inner = cg_scope_begin(dev);
    cg_scope_end(inner);
    CHECK_MSG(device_bytes(dev) <= before + 64 * 256, "memory of released tensors is held");
}

/* A pending tensor that survives its scope is computed when the scope ends, while its operands are there. */
DEVICE_TEST(small_scope, survivors_are_computed) {
    cg_scope *scope = cg_scope_begin(dev);
    cg_tensor *x = cg_from_f32(dev, cg_shape(3), (const float[]){1, 2, 3});
    cg_tensor *kept = cg_retain(cg_mul(cg_add(x, 1), x));
    cg_scope_end(scope);
    uint64_t launches = cg_device_statistics(dev).launches;
    check_equal(kept, CG_F32, cg_shape(3), (long double[]){2, 6, 12});
    CHECK_MSG(cg_device_statistics(dev).launches == launches, "it was still pending");
    cg_release(kept);
}

DEVICE_TEST(small_scope, nesting) {
    cg_scope *outer = cg_scope_begin(dev);
    cg_tensor *a = cg_full(dev, CG_F32, cg_shape(), 2);
    cg_scope *inner = cg_scope_begin(dev);
    cg_tensor *result = cg_scope_return(inner, cg_add(cg_mul(a, 3), 1));
    check_item(result, 7, 0);
    cg_tensor *same = cg_scope_return(cg_scope_begin(dev), a);
    CHECK(same == a);
    check_item(a, 2, 0);
    CHECK(cg_scope_return(cg_scope_begin(dev), NULL) == NULL);
    check_case("an inner scope left open ends with the outer one");
    uint64_t before = device_bytes(dev);
    cg_scope *left = cg_scope_begin(dev);
    cg_scope_begin(dev);
    cg_eval(cg_ones(dev, CG_F32, cg_shape(500)));
    cg_scope_end(left);
    CHECK(device_bytes(dev) == before);
    cg_scope_end(outer);
    cg_scope_end(NULL);
}

/* A retained result given to the scope around keeps its own count. */
DEVICE_TEST(small_scope, returning_what_is_retained) {
    cg_scope *scope = cg_scope_begin(dev);
    cg_tensor *x = cg_retain(cg_add(cg_ones(dev, CG_F32, cg_shape(3)), 1));
    cg_tensor *y = cg_scope_return(scope, x);
    CHECK(y == x);
    cg_release(x);
    check_equal(y, CG_F32, cg_shape(3), (long double[]){2, 2, 2});
}

HOST_TEST(scope, many_tensors_in_one_scope) {
    cg_device *dev = cg_device_open("cpu");
    if (!CHECK(dev != NULL)) return;
    for (int i = 0; i < 20000; i++) CHECK(cg_full(dev, CG_F32, cg_shape(), i) != NULL);
    cg_device_close(dev);
}

/* Closing frees scopes and tensors that are left; the sanitizer run sees whether all of it. */
HOST_TEST(scope, close_with_everything_open) {
    cg_device *dev = cg_device_open("cpu");
    if (!CHECK(dev != NULL)) return;
    cg_scope_begin(dev);
    cg_tensor *x = cg_require_grad(cg_ones(dev, CG_F32, cg_shape(10)), true);
    cg_scope_begin(dev);
    cg_tensor *y = cg_exp(cg_mul(x, 2));
    CHECK(y != NULL && cg_eval(cg_add(y, 1)) != NULL);
    cg_device_close(dev);
    cg_device_close(NULL);
}
