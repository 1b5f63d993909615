/* Parameters and buffers together: saved and loaded, kept in memory, converted. */
#include "support/device_test.h"
#include "support/files.h"

#include <string.h>

static cg_tensor *scale_forward(void *context, cg_module *self, cg_tensor *x) {
    (void)context;
    return cg_mul(cg_sub(x, cg_module_buffer_named(self, "mean")), cg_module_parameter_named(self, "weight"));
}

/* weight (2) = a, 2 a; mean (2,) = 3 a, 4 a; steps i64 () = 5 a, inside a sequential. */
static cg_module *scaling(cg_device *dev, float a) {
    cg_module *layer = cg_custom_module(dev, "scaling", scale_forward, NULL, NULL), *net = cg_sequential(dev);
    cg_scope *scope = cg_scope_begin(dev);
    CHECK(cg_module_add_parameter(layer, "weight", cg_from_f32(dev, cg_shape(2, ), (float[]){a, 2 * a})) ==
          CG_OK);
    CHECK(cg_module_add_buffer(layer, "mean", cg_from_f32(dev, cg_shape(2, ), (float[]){3 * a, 4 * a})) ==
          CG_OK);
    CHECK(cg_module_add_buffer(layer, "steps", cg_full(dev, CG_I64, cg_shape(), 5 * a)) == CG_OK);
    cg_scope_end(scope);
    CHECK(cg_sequential_add(net, layer) == CG_OK);
    return net;
}

static bool check_values(const cg_module *net, cg_dtype dtype, long double a) {
    return check_equal(cg_parameter(net, 0, NULL), dtype, cg_shape(2), (long double[]){a, 2 * a}) &&
           check_equal(cg_module_buffer(net, 0, NULL), dtype, cg_shape(2, ), (long double[]){3 * a, 4 * a}) &&
           check_equal(cg_module_buffer(net, 1, NULL), CG_I64, cg_shape(), (long double[]){5 * a});
}

DEVICE_TEST_ONCE(small_module_state, files) {
    const char *path = test_path("state.safetensors");
    cg_module *a = scaling(dev, 1), *b = scaling(dev, 2);
    CHECK(cg_module_save(a, path) == CG_OK && cg_module_load(b, path) == CG_OK);
    check_values(b, CG_F32, 1);
    CHECK(cg_requires_grad(cg_parameter(b, 0, NULL)) && !cg_requires_grad(cg_module_buffer(b, 0, NULL)));
    check_case("the file has the paths");
    cg_safetensors *file = cg_safetensors_open(path);
    CHECK(cg_safetensors_count(file) == 3);
    cg_safetensors_close(file);
    check_case("what lacks a buffer, or has another, is refused");
    cg_module *bare = cg_sequential(dev),
              *layer = cg_custom_module(dev, "scaling", scale_forward, NULL, NULL);
    CHECK(cg_module_add_parameter(layer, "weight", cg_ones(dev, CG_F32, cg_shape(2, ))) == CG_OK);
    CHECK(cg_sequential_add(bare, layer) == CG_OK);
    CHECK(cg_module_load(bare, path) == CG_ERROR_FORMAT);
    check_error(dev, CG_ERROR_FORMAT, "3 tensors", "1", NULL);
    CHECK(cg_module_add_buffer(layer, "mean", cg_zeros(dev, CG_F32, cg_shape(2, ))) == CG_OK &&
          cg_module_add_buffer(layer, "other", cg_zeros(dev, CG_I64, cg_shape())) == CG_OK);
    CHECK(cg_module_load(bare, path) == CG_ERROR_FORMAT);
    check_error(dev, CG_ERROR_FORMAT, "0.other", NULL);
    check_equal(cg_parameter(bare, 0, NULL), CG_F32, cg_shape(2, ), (long double[]){1, 1});
    cg_module_free(bare);
    cg_module_free(a);
    cg_module_free(b);
    remove_test_folder();
}

DEVICE_TEST_ONCE(small_module_state, memory) {
    cg_module *net = scaling(dev, 1), *twin = scaling(dev, 7);
    cg_module_state *state = cg_module_state_save(net);
    if (!CHECK(state != NULL)) return;
    cg_tensor *w = cg_parameter(net, 0, NULL);
    CHECK(cg_assign(cg_detach(w), cg_mul(cg_detach(w), 3)) == CG_OK &&
          cg_assign(cg_module_buffer(net, 0, NULL), 0) == CG_OK &&
          cg_assign(cg_module_buffer(net, 1, NULL), 9) == CG_OK);
    check_case("restored, twice, and into another module");
    CHECK(cg_module_state_restore(net, state) == CG_OK && check_values(net, CG_F32, 1));
    CHECK(cg_assign(cg_module_buffer(net, 0, NULL), 0) == CG_OK);
    CHECK(cg_module_state_restore(net, state) == CG_OK && check_values(net, CG_F32, 1));
    CHECK(cg_parameter(net, 0, NULL) == w && cg_requires_grad(w));
    cg_module_free(net);
    CHECK(cg_module_state_restore(twin, state) == CG_OK && check_values(twin, CG_F32, 1));
    check_case("what was made from the old values keeps them");
    CHECK(cg_assign(cg_module_buffer(twin, 0, NULL), 100) == CG_OK);
    cg_tensor *y = cg_forward(twin, cg_zeros(dev, CG_F32, cg_shape(2)));
    CHECK(cg_module_state_restore(twin, state) == CG_OK && check_values(twin, CG_F32, 1));
    check_equal(y, CG_F32, cg_shape(2), (long double[]){-100, -200});
    cg_module_state_free(state);
    cg_module_free(twin);
}

CPU_TEST(module_state, states_that_do_not_fit) {
    cg_module *net = scaling(dev, 1), *more = scaling(dev, 2),
              *mlp = cg_mlp(dev, 2, (const int64_t[]){2, 2}, "relu");
    cg_module_state *state = cg_module_state_save(net);
    CHECK(cg_module_state_restore(mlp, state) == CG_ERROR_FORMAT);
    check_error(dev, CG_ERROR_FORMAT, "3", "2", NULL);
    CHECK(cg_module_add_buffer(mlp, "extra", cg_zeros(dev, CG_F32, cg_shape(2, ))) == CG_OK);
    CHECK(cg_module_state_restore(mlp, state) == CG_ERROR_FORMAT);
    check_error(dev, CG_ERROR_FORMAT, "has no 1.weight", NULL);
    CHECK(cg_module_set_dtype(more, CG_F64) == CG_OK);
    CHECK(cg_module_state_restore(more, state) == CG_ERROR_FORMAT);
    check_error(dev, CG_ERROR_FORMAT, "0.weight", "f32 (2,)", "f64 (2,)", NULL);
    check_values(more, CG_F64, 2);
    CHECK(cg_module_state_restore(net, NULL) == CG_ERROR_ARGUMENT);
    cg_module_state_free(state);
    cg_module_free(net);
    cg_module_free(more);
    cg_module_free(mlp);
}

CPU_TEST(module_state, dtype) {
    cg_module *net = scaling(dev, 1), *mlp = cg_mlp(dev, 2, (const int64_t[]){3, 2}, "relu");
    CHECK(cg_require_grad(cg_module_parameter_named(mlp, "1.bias"), false) != NULL);
    CHECK(cg_module_set_dtype(net, CG_F64) == CG_OK && check_values(net, CG_F64, 1));
    CHECK(cg_requires_grad(cg_parameter(net, 0, NULL)) && !cg_requires_grad(cg_module_buffer(net, 0, NULL)));
    check_case("frozen stays frozen");
    CHECK(cg_module_set_dtype(mlp, CG_F64) == CG_OK &&
          cg_requires_grad(cg_module_parameter_named(mlp, "1.weight")) &&
          !cg_requires_grad(cg_module_parameter_named(mlp, "1.bias")));
    check_case("it trains in f64");
    cg_optimizer *step = cg_sgd(mlp, (cg_sgd_options){.lr = 0.5});
    const double *before = read_raw(cg_parameter(mlp, 0, NULL));
    cg_tensor *y = cg_forward(mlp, cg_ones(dev, CG_F64, cg_shape(1, 3)));
    CHECK(cg_dtype_of(y) == CG_F64 && cg_backward(cg_sum(y, CG_ALL_AXES, false)) == CG_OK &&
          cg_optimizer_step(step) == CG_OK);
    const double *after = read_raw(cg_parameter(mlp, 0, NULL));
    for (int i = 0; i < 6; i++) CHECK(after[i] == before[i] - 0.5);
    check_case("and back");
    CHECK(cg_module_set_dtype(net, CG_F32) == CG_OK && check_values(net, CG_F32, 1));
    cg_tensor *same = cg_parameter(net, 0, NULL);
    CHECK(cg_module_set_dtype(net, CG_F32) == CG_OK && cg_parameter(net, 0, NULL) == same);
    CHECK(cg_module_set_dtype(net, CG_I32) == CG_ERROR_DTYPE);
    check_error(dev, CG_ERROR_DTYPE, "i32", "f64", NULL);
    check_values(net, CG_F32, 1);
    cg_optimizer_free(step);
    cg_module_free(net);
    cg_module_free(mlp);
}
