#include "support/device_test.h"

#include <stdlib.h>
#include <string.h>

HOST_TEST(device, list) {
    int n = cg_device_count();
    CHECK(n >= 1);
    cg_device_info info;
    for (int i = 0; i < n; i++) {
        CHECK(cg_device_describe(i, &info) == CG_OK);
        check_case("device %d, %s", i, info.id);
        CHECK(info.id[0] && info.name[0] && info.platform[0] && info.compute_units > 0 &&
              info.max_work_group > 0);
        CHECK(info.usable == !info.reason[0]);
        CHECK(memchr(info.name, 0, sizeof info.name) && memchr(info.reason, 0, sizeof info.reason));
    }
    check_case("the CPU backend is the last");
    CHECK(!strcmp(info.id, "cpu") && !strcmp(info.platform, "native") && info.type == CG_DEVICE_CPU);
    CHECK(info.usable && info.has_f64 && info.max_work_group == 1 && info.memory_bytes > 1 << 20);
    CHECK(cg_opencl_reason() != NULL && (n > 1) == !cg_opencl_reason()[0]);
    check_case("out of range, with an older error kept on the thread");
    CHECK(cg_device_open("no such thing") == NULL);
    CHECK(cg_device_describe(n, &info) == CG_ERROR_ARGUMENT && cg_error_code(NULL) == CG_ERROR_ARGUMENT);
    char number[16];
    snprintf(number, sizeof number, "%d", n);
    CHECK_MSG(strstr(cg_error_message(NULL), number) != NULL, "%s", cg_error_message(NULL));
    CHECK(cg_device_describe(-1, &info) == CG_ERROR_ARGUMENT &&
          cg_device_describe(0, NULL) == CG_ERROR_ARGUMENT);
}

static void expect_choice(const char *name, const char *id, const char *reason) {
    cg_device *dev = cg_device_open(name);
    check_case("cg_device_open(%s)", name ? name : "NULL");
    if (!CHECK_MSG(dev != NULL, "%s", cg_error_message(NULL))) return;
    CHECK_MSG(!strcmp(cg_device_properties(dev)->id, id), "%s was opened", cg_device_properties(dev)->id);
    CHECK_MSG(strstr(cg_device_choice(dev), reason) != NULL, "the reason is '%s'", cg_device_choice(dev));
    CHECK(cg_error_code(dev) == CG_OK && cg_error_message(dev)[0] == 0);
    cg_device_close(dev);
}

HOST_TEST(device, choice) {
    bool gpu = false;
    cg_device_info info;
    for (int i = 0; i < cg_device_count(); i++)
        if (cg_device_describe(i, &info) == CG_OK && info.usable && info.type != CG_DEVICE_CPU) gpu = true;
    unsetenv("CLGRAD_DEVICE");
    if (!gpu) expect_choice(NULL, "cpu", "");
    if (!gpu) expect_choice("", "cpu", "");
    expect_choice("cpu", "cpu", "cpu");
    expect_choice("CPU", "cpu", "");
    setenv("CLGRAD_DEVICE", "cpu", 1);
    expect_choice(NULL, "cpu", "CLGRAD_DEVICE=cpu");
    check_case("a name that nothing has, given and in the environment");
    CHECK(cg_device_open("h9000") == NULL && cg_error_code(NULL) == CG_ERROR_NO_DEVICE);
    CHECK_MSG(strstr(cg_error_message(NULL), "h9000") && strstr(cg_error_message(NULL), "cpu"), "%s",
              cg_error_message(NULL));
    setenv("CLGRAD_DEVICE", "opencl:99", 1);
    CHECK(cg_device_open(NULL) == NULL && cg_error_code(NULL) == CG_ERROR_NO_DEVICE);
    CHECK(strstr(cg_error_message(NULL), "opencl:99") != NULL);
    check_case("an argument is stronger than the environment");
    expect_choice("cpu", "cpu", "");
    cg_error_clear(NULL);
    CHECK(cg_error_code(NULL) == CG_OK && cg_error_message(NULL)[0] == 0);
}

DEVICE_TEST(small_device, properties_and_second_handle) {
    const cg_device_info *info = cg_device_properties(dev);
    CHECK(info->usable && info->compute_units > 0);
    cg_device *again = cg_device_open(info->id);
    if (!CHECK(again != NULL)) return;
    CHECK(!strcmp(cg_device_properties(again)->id, info->id));
    cg_tensor *x = cg_ones(again, CG_F32, cg_shape(3));
    CHECK_FAILS(again, cg_reshape(x, cg_shape(4)), CG_ERROR_SHAPE, "reshape");
    CHECK_MSG(cg_error_code(dev) == CG_OK, "the error of one handle is seen on another");
    cg_device_close(again);
    check_item(cg_sum(cg_ones(dev, CG_F32, cg_shape(3)), CG_ALL_AXES, false), 3, 0);
}

/* The first error is kept; what follows from it is not reported. */
DEVICE_TEST(small_device, first_error_is_kept) {
    cg_tensor *a = cg_zeros(dev, CG_F32, cg_shape(2, 3)), *b = cg_zeros(dev, CG_F32, cg_shape(4, 5));
    cg_tensor *bad = cg_matmul(a, b);
    CHECK(bad == NULL && cg_softmax(cg_relu(cg_add(bad, 1)), 0) == NULL);
    CHECK(cg_transpose(a, 0, 7) == NULL && cg_reshape(a, cg_shape(5)) == NULL);
    const char *message = cg_error_message(dev);
    CHECK_MSG(cg_error_code(dev) == CG_ERROR_SHAPE && strstr(message, "matmul") && strstr(message, ".c:"),
              "%s", message);
    cg_error_clear(dev);
    CHECK(cg_error_code(dev) == CG_OK && cg_error_message(dev)[0] == 0);
    CHECK_FAILS(dev, cg_transpose(a, 0, 7), CG_ERROR_ARGUMENT, "transpose");
    check_case("numbers alone have no device");
    CHECK(cg_add(1, 2) == NULL && cg_error_code(NULL) == CG_ERROR_ARGUMENT &&
          strstr(cg_error_message(NULL), "add"));
}

DEVICE_TEST(small_device, statistics) {
    cg_device_stats s = cg_device_statistics(dev);
    cg_scope *scope = cg_scope_begin(dev);
    cg_tensor *x = cg_from_f32(dev, cg_shape(3), (const float[]){1, 2, 3});
    cg_tensor *y = cg_eval(cg_add(x, 1));
    cg_device_stats t = cg_device_statistics(dev);
    CHECK(t.uploads == s.uploads + 1 && t.launches == s.launches + 1 && t.downloads == s.downloads);
    CHECK(t.host_syncs == s.host_syncs && t.bytes_in_use > s.bytes_in_use && t.bytes_peak >= t.bytes_in_use);
    CHECK(t.bytes_reserved >= t.bytes_in_use &&
          t.device_allocs + t.pool_hits >= s.device_allocs + s.pool_hits + 2);
    check_item(cg_slice(y, 0, 1, 2, 1), 3, 0);
    s = cg_device_statistics(dev);
    CHECK(s.downloads == t.downloads + 1 && s.host_syncs >= t.host_syncs + 1);
    CHECK(cg_device_sync(dev) == CG_OK && cg_device_statistics(dev).host_syncs == s.host_syncs + 1);
    cg_scope_end(scope);
    t = cg_device_statistics(dev);
    CHECK(t.bytes_in_use < s.bytes_in_use && t.bytes_peak >= s.bytes_in_use);
    cg_device_reset_peak(dev);
    CHECK(cg_device_statistics(dev).bytes_peak == t.bytes_in_use);
    check_case("kept memory is used again, and given back by trim");
    uint64_t allocs = t.device_allocs;
    scope = cg_scope_begin(dev);
    CHECK(cg_eval(cg_add(cg_from_f32(dev, cg_shape(3), (const float[]){1, 2, 3}), 1)) != NULL);
    CHECK(cg_device_statistics(dev).device_allocs == allocs);
    cg_scope_end(scope);
    CHECK(cg_device_sync(dev) == CG_OK);
    cg_device_trim(dev);
    t = cg_device_statistics(dev);
    CHECK_MSG(t.bytes_reserved <= t.bytes_in_use + 4096, "%llu reserved, %llu in use",
              (unsigned long long)t.bytes_reserved, (unsigned long long)t.bytes_in_use);
    check_item(cg_sum(cg_ones(dev, CG_F32, cg_shape(9)), CG_ALL_AXES, false), 9, 0);
}

/* Everything that takes a handle takes NULL. */
HOST_TEST(device, null_handles) {
    CHECK(!cg_zeros(NULL, CG_F32, cg_shape(1)) && !cg_eye(NULL, CG_F32, 2) &&
          !cg_arange(NULL, CG_F32, 0, 1, 1));
    CHECK(!cg_linspace(NULL, CG_F32, 0, 1, 2) && !cg_from_f32(NULL, cg_shape(), (const float[]){1}));
    CHECK(!cg_uniform(NULL, CG_F32, cg_shape(1), 0, 1) && !cg_normal(NULL, CG_F32, cg_shape(1), 0, 1));
    CHECK(!cg_permutation(NULL, 3) && !cg_he_normal(NULL, CG_F32, 1, 1) &&
          !cg_xavier_uniform(NULL, CG_F32, 1, 1));
    CHECK(!cg_linear_module(NULL, 1, 1, CG_INIT_HE) && !cg_activation_module(NULL, "relu") &&
          !cg_sequential(NULL));
    CHECK(!cg_mlp(NULL, 2, (const int64_t[]){1, 1}, "relu") && !cg_scope_begin(NULL));
    CHECK(!cg_custom_module(NULL, "x", NULL, NULL, NULL) && !cg_loader_new(NULL, NULL, 1, false));
    CHECK(cg_device_sync(NULL) != CG_OK && cg_device_properties(NULL) == NULL &&
          cg_device_choice(NULL) != NULL);
    CHECK(cg_device_statistics(NULL).launches == 0);
    cg_device_reset_peak(NULL);
    cg_device_trim(NULL);
    cg_seed(NULL, 1);
    cg_no_grad_begin(NULL);
    cg_no_grad_end(NULL);
    cg_scope_end(NULL);
    cg_module_zero_grad(NULL);
    CHECK(cg_parameter_count(NULL) == 0 && !cg_parameter(NULL, 0, NULL) && cg_parameter_elements(NULL) == 0);
    CHECK(cg_module_save(NULL, "/tmp/x") != CG_OK && cg_module_load(NULL, "/tmp/x") != CG_OK);
    cg_tensor *null = NULL;
    CHECK(!cg_add(null, 1) && !cg_sub(1, null) && !cg_where(null, 1, 2) && !cg_exp(null));
}
