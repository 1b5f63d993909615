#include "support/device_test.h"
#include "support/files.h"

#include <string.h>

static cg_tensor *some(cg_device *dev, cg_dims shape) {
    uint64_t seed = 11;
    return cg_from_f32(dev, shape,
                       random_values(CG_F32, shape.dim[0] * shape.dim[1] * shape.dim[2], -2, 3, &seed));
}

CPU_TEST(norm_modules, parameters_and_forward) {
    cg_tensor *x = some(dev, cg_shape(2, 4, 6));
    cg_module *layer = cg_layer_norm_module(dev, cg_shape(4, 6), 1e-5);
    cg_module *rms = cg_rms_norm_module(dev, cg_shape(6), 1e-6);
    cg_module *group = cg_group_norm_module(dev, 2, 4, 1e-5);
    CHECK(cg_parameter_count(layer) == 2 && cg_parameter_count(rms) == 1 && cg_parameter_count(group) == 2);
    check_is(cg_module_parameter_named(layer, "weight"), CG_F32, cg_shape(4, 6));
    check_is(cg_module_parameter_named(rms, "weight"), CG_F32, cg_shape(6));
    check_is(cg_module_parameter_named(group, "bias"), CG_F32, cg_shape(4));
    check_within(cg_forward(layer, x), CG_F32, cg_shape(2, 4, 6),
                 read_values(cg_layer_norm(x, 2, NULL, NULL, 1e-5)), 4, NULL);
    check_within(cg_forward(rms, x), CG_F32, cg_shape(2, 4, 6), read_values(cg_rms_norm(x, 1, NULL, 1e-6)), 4,
                 NULL);
    check_within(cg_forward(group, x), CG_F32, cg_shape(2, 4, 6),
                 read_values(cg_group_norm(x, 2, NULL, NULL, 1e-5)), 4, NULL);
    cg_module_free(layer);
    cg_module_free(rms);
    cg_module_free(group);
}

CPU_TEST(norm_modules, forward_uses_the_parameters) {
    cg_tensor *x = some(dev, cg_shape(2, 4, 6));
    cg_module *layer = cg_layer_norm_module(dev, cg_shape(6), 1e-5);
    CHECK(cg_assign(cg_detach(cg_module_parameter_named(layer, "weight")), 3) == CG_OK);
    CHECK(cg_assign(cg_detach(cg_module_parameter_named(layer, "bias")), -2) == CG_OK);
    cg_tensor *want = cg_sub(cg_mul(cg_layer_norm(x, 1, NULL, NULL, 1e-5), 3), 2);
    check_within(cg_forward(layer, x), CG_F32, cg_shape(2, 4, 6), read_values(want), 32, NULL);
    cg_module_free(layer);
}

CPU_TEST(norm_modules, batch_norm_trains_and_evaluates) {
    cg_tensor *x = some(dev, cg_shape(3, 2, 5));
    cg_module *module = cg_batch_norm_module(dev, 2, 0.1, 1e-5);
    cg_tensor *mean = cg_module_buffer_named(module, "running_mean");
    cg_tensor *var = cg_module_buffer_named(module, "running_var");
    CHECK(cg_parameter_count(module) == 2 && cg_module_buffer_count(module) == 2);
    check_equal(mean, CG_F32, cg_shape(2), (long double[]){0, 0});
    check_equal(var, CG_F32, cg_shape(2), (long double[]){1, 1});
    cg_tensor *other_mean = cg_zeros(dev, CG_F32, cg_shape(2)),
              *other_var = cg_ones(dev, CG_F32, cg_shape(2));
    cg_tensor *w = cg_ones(dev, CG_F32, cg_shape(2)), *b = cg_zeros(dev, CG_F32, cg_shape(2));
    check_same_bits(cg_forward(module, x), cg_batch_norm(x, w, b, other_mean, other_var, true, 0.1, 1e-5));
    check_same_bits(mean, other_mean);
    check_same_bits(var, other_var);
    check_case("evaluation changes nothing");
    cg_module_train(module, false);
    check_same_bits(cg_forward(module, x), cg_batch_norm(x, w, b, other_mean, other_var, false, 0.1, 1e-5));
    check_same_bits(mean, other_mean);
    check_case("saved and loaded");
    CHECK(cg_module_save(module, test_path("norm.safetensors")) == CG_OK);
    cg_module *again = cg_batch_norm_module(dev, 2, 0.1, 1e-5);
    CHECK(cg_module_load(again, test_path("norm.safetensors")) == CG_OK);
    check_same_bits(cg_module_buffer_named(again, "running_var"), other_var);
    cg_module_free(module);
    cg_module_free(again);
    remove_test_folder();
}

CPU_TEST(norm_modules, refusals) {
    CHECK_FAILS(dev, cg_layer_norm_module(dev, cg_shape(), 1e-5), CG_ERROR_ARGUMENT, "layer_norm_module",
                "axis");
    CHECK_FAILS(dev, cg_layer_norm_module(dev, cg_shape(3), -1), CG_ERROR_ARGUMENT, "epsilon");
    CHECK_FAILS(dev, cg_rms_norm_module(dev, cg_shape(), 0), CG_ERROR_ARGUMENT, "rms_norm_module");
    CHECK_FAILS(dev, cg_group_norm_module(dev, 3, 4, 0), CG_ERROR_ARGUMENT, "3 groups", "4 channels");
    CHECK_FAILS(dev, cg_batch_norm_module(dev, 0, 0.1, 0), CG_ERROR_ARGUMENT, "channels");
    CHECK_FAILS(dev, cg_batch_norm_module(dev, 2, 2, 0), CG_ERROR_ARGUMENT, "momentum");
    CHECK(!cg_layer_norm_module(NULL, cg_shape(2), 0) && !cg_rms_norm_module(NULL, cg_shape(2), 0) &&
          !cg_group_norm_module(NULL, 1, 2, 0) && !cg_batch_norm_module(NULL, 2, 0.1, 0));
}
