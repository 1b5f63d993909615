/* Detours: the same values by another way, counted, refused where they must be, and remembered per driver. */
#include "support/device_test.h"
#include "support/files.h"

#include <stdlib.h>
#include <string.h>

enum { N = 67, M = 5 };

/* Work of each kind that public operations reach today, as one number each that depends on every element. */
static cg_tensor *use_map(cg_tensor *x) { return cg_tanh(x); }
static cg_tensor *use_reduce(cg_tensor *x) { return cg_sum(x, cg_axes(1), false); }
static cg_tensor *use_matmul(cg_tensor *x) { return cg_matmul(x, cg_transpose(x, 0, 1)); }
static cg_tensor *use_softmax(cg_tensor *x) { return cg_softmax(x, 1); }
static cg_tensor *use_gather(cg_tensor *x) {
    return cg_index_select(x, 0, cg_from_i32(cg_device_of(x), cg_shape(3), (const int32_t[]){4, 0, -1}));
}
static cg_tensor *use_random(cg_tensor *x) {
    cg_device *dev = cg_device_of(x);
    cg_seed(dev, 3);
    return cg_uniform(dev, CG_F32, cg_shape(N), 0, 1);
}
static cg_tensor *use_xent(cg_tensor *x) {
    return cg_cross_entropy(x, cg_from_i32(cg_device_of(x), cg_shape(M), (const int32_t[]){0, 3, 66, 9, 1}),
                            CG_NONE);
}
static cg_tensor *use_row_norm(cg_tensor *x) { return cg_layer_norm(x, 1, NULL, NULL, 1e-5); }
static cg_tensor *use_attention(cg_tensor *x) {
    return cg_scaled_dot_product_attention(x, x, x, NULL, (cg_attention_options){.causal = true});
}

static cg_tensor *use_conv(cg_tensor *x) {
    cg_tensor *image = cg_reshape(cg_slice(x, 1, 0, 60, 1), cg_shape(1, M, 6, 10));
    cg_tensor *kernel = cg_reshape(cg_slice(x, 1, 0, 54, 1), cg_shape(6, M, 3, 3));
    return cg_conv2d(image, kernel, NULL, (cg_conv_options){.padding = {1, 0}});
}
static cg_tensor *use_pool(cg_tensor *x) {
    return cg_avg_pool1d(cg_unsqueeze(x, 0), 4, (cg_pool_options){.padding = {2}, .ceil_mode = true});
}

static const struct {
    const char *name;
    cg_tensor *(*use)(cg_tensor *x);
    bool composes;
} kinds[] = {
    {"map", use_map, false},        {"tanh", use_map, false},         {"reduce", use_reduce, false},
    {"matmul", use_matmul, false},  {"random", use_random, false},    {"gather", use_gather, false},
    {"softmax", use_softmax, true}, {"softmax_xent", use_xent, true}, {"conv", use_conv, true},
    {"pool", use_pool, true},       {"row_norm", use_row_norm, true}, {"attention", use_attention, true},
};

static cg_tensor *input(cg_device *dev) {
    uint64_t seed = 4;
    return cg_from_f32(dev, cg_shape(M, N), random_values(CG_F32, M * N, -2, 2, &seed));
}

/* The result by a detour is the result without it, to rounding. */
static void check_detour(cg_device *dev, int k, cg_detour detour) {
    check_case("%s by detour %d", kinds[k].name, (int)detour);
    cg_tensor *want = cg_eval(kinds[k].use(input(dev)));
    uint64_t before = cg_device_statistics(dev).round_trips;
    if (!CHECK_MSG(cg_device_set_detour(dev, kinds[k].name, detour) == CG_OK, "%s", cg_error_message(dev)))
        return;
    CHECK(cg_device_get_detour(dev, kinds[k].name) == detour);
    CHECK(strstr(cg_device_detours(dev), kinds[k].name) != NULL);
    cg_tensor *got = cg_eval(kinds[k].use(input(dev)));
    uint64_t trips = cg_device_statistics(dev).round_trips - before;
    CHECK_MSG((trips > 0) == (detour == CG_DETOUR_CPU), "%llu round trips", (unsigned long long)trips);
    CHECK(cg_device_set_detour(dev, kinds[k].name, CG_DETOUR_NONE) == CG_OK);
    if (CHECK_MSG(want && got, "%s", cg_error_message(dev)))
        check_within(got, CG_F32, cg_shape_get(want), read_values(want), 256, NULL);
}

OPENCL_TEST(small_detours, give_the_same_results) {
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        check_detour(dev, (int)k, CG_DETOUR_CPU);
        if (kinds[k].composes) check_detour(dev, (int)k, CG_DETOUR_COMPOSED);
    }
    check_detour(dev, 2, CG_DETOUR_OTHER_KERNEL);
    CHECK(strcmp(cg_device_detours(dev), "") == 0);
}

OPENCL_TEST(small_detours, say_what_they_cannot_do) {
    check_case("a row has no other kernel");
    CHECK(cg_device_set_detour(dev, "tanh", CG_DETOUR_OTHER_KERNEL) == CG_ERROR_ARGUMENT);
    check_error(dev, CG_ERROR_ARGUMENT, "set_detour", "tanh", NULL);
    check_case("a sum is not composed");
    CHECK(cg_device_set_detour(dev, "reduce", CG_DETOUR_COMPOSED) == CG_ERROR_ARGUMENT);
    check_error(dev, CG_ERROR_ARGUMENT, "reduce", NULL);
    check_case("an unknown name");
    CHECK(cg_device_set_detour(dev, "no such work", CG_DETOUR_CPU) == CG_ERROR_ARGUMENT);
    check_error(dev, CG_ERROR_ARGUMENT, "no such work", NULL);
    CHECK(cg_device_get_detour(dev, "no such work") == CG_DETOUR_NONE);

    check_case("CLGRAD_CHECK=2 forbids round trips");
    CHECK(cg_device_set_detour(dev, "reduce", CG_DETOUR_CPU) == CG_OK);
    setenv("CLGRAD_CHECK", "2", 1);
    CHECK_FAILS(dev, use_reduce(input(dev)), CG_ERROR_STATE, "detour", "CLGRAD_CHECK=2");
}

CPU_TEST(detours, none_leads_from_the_cpu_to_the_cpu) {
    CHECK(cg_device_set_detour(dev, "reduce", CG_DETOUR_CPU) == CG_ERROR_ARGUMENT);
    check_error(dev, CG_ERROR_ARGUMENT, "reduce", "cpu", NULL);
    CHECK(cg_device_remember_detours(dev) == CG_ERROR_IO);
    check_error(dev, CG_ERROR_IO, "remember_detours", NULL);
}

OPENCL_TEST(detours, are_remembered) {
    setenv("CLGRAD_CACHE", test_path("."), 1);
    CHECK(cg_device_set_detour(dev, "softmax", CG_DETOUR_COMPOSED) == CG_OK);
    CHECK(cg_device_set_detour(dev, "tanh", CG_DETOUR_CPU) == CG_OK);
    CHECK_MSG(cg_device_remember_detours(dev) == CG_OK, "%s", cg_error_message(dev));
    cg_device *again = target_open_again(dev, true);
    if (CHECK(again != NULL)) {
        CHECK(cg_device_get_detour(again, "softmax") == CG_DETOUR_COMPOSED);
        CHECK(cg_device_get_detour(again, "tanh") == CG_DETOUR_CPU);
        CHECK(cg_device_get_detour(again, "reduce") == CG_DETOUR_NONE);
        CHECK(strcmp(cg_device_detours(again), "softmax composed, tanh on the CPU") == 0);
        CHECK_MSG(strstr(cg_device_choice(again), "softmax composed") != NULL, "%s", cg_device_choice(again));
        cg_device_close(again);
    }
    check_case("other kernels");
    setenv("CLGRAD_KERNEL_DIR", test_path("."), 1);
    again = target_open_again(dev, true);
    if (CHECK(again != NULL)) CHECK(strcmp(cg_device_detours(again), "") == 0);
    cg_device_close(again);
    unsetenv("CLGRAD_KERNEL_DIR");
    check_case("forgotten again");
    cg_device_set_detour(dev, "softmax", CG_DETOUR_NONE);
    cg_device_set_detour(dev, "tanh", CG_DETOUR_NONE);
    CHECK(cg_device_remember_detours(dev) == CG_OK);
    again = target_open_again(dev, true);
    if (CHECK(again != NULL)) CHECK(strcmp(cg_device_detours(again), "") == 0);
    cg_device_close(again);
    setenv("CLGRAD_CACHE", "off", 1);
    CHECK(cg_device_remember_detours(dev) == CG_ERROR_IO);
    check_error(dev, CG_ERROR_IO, "CLGRAD_CACHE", NULL);
    remove_test_folder();
}

HOST_TEST(detours, kinds_of_work_have_names) {
    CHECK(strcmp(cg_work_name(CG_WORK_SCATTER_ADD), "scatter_add") == 0);
    CHECK(strcmp(cg_work_name(CG_WORK_COUNT), "unknown") == 0);
}
