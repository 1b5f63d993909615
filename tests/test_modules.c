#include "support/device_test.h"
#include "support/files.h"

#include <math.h>
#include <string.h>

DEVICE_TEST(small_modules, linear) {
    cg_seed(dev, 3);
    cg_module *layer = cg_linear_module(dev, 4, 3, CG_INIT_XAVIER);
    if (!CHECK(layer != NULL)) return;
    CHECK(cg_parameter_count(layer) == 2 && cg_parameter_elements(layer) == 15);
    const char *name = NULL;
    cg_tensor *w = cg_parameter(layer, 0, &name);
    check_is(w, CG_F32, cg_shape(4, 3));
    CHECK(name && !strcmp(name, "weight") && cg_requires_grad(w));
    cg_tensor *b = cg_parameter(layer, 1, &name);
    check_equal(b, CG_F32, cg_shape(3), (long double[]){0, 0, 0});
    CHECK(name && !strcmp(name, "bias") && cg_requires_grad(b));
    cg_tensor *x = cg_ones(dev, CG_F32, cg_shape(2, 4));
    check_same_bits(cg_forward(layer, x), cg_linear(x, w, b));
    check_case("the weights are those of the generator");
    cg_seed(dev, 3);
    check_same_bits(w, cg_xavier_uniform(dev, CG_F32, 4, 3));
    CHECK(cg_forward(layer, NULL) == NULL && cg_forward(NULL, x) == NULL);
    CHECK_FAILS(dev, cg_forward(layer, cg_ones(dev, CG_F32, cg_shape(2, 5))), CG_ERROR_SHAPE, "linear",
                "(2, 5)");
    CHECK_FAILS(dev, cg_linear_module(dev, 0, 3, CG_INIT_HE), CG_ERROR_ARGUMENT, "linear_module", "0 and 3");
    cg_module_free(layer);
}

static cg_tensor *leaky_relu(cg_tensor *x) { return cg_leaky_relu(x, 0.01); }
static cg_tensor *elu(cg_tensor *x) { return cg_elu(x, 1); }
static cg_tensor *celu(cg_tensor *x) { return cg_celu(x, 1); }
static cg_tensor *softmax(cg_tensor *x) { return cg_softmax(x, -1); }
static cg_tensor *log_softmax(cg_tensor *x) { return cg_log_softmax(x, -1); }
static cg_tensor *glu(cg_tensor *x) { return cg_glu(x, -1); }
static cg_tensor *swiglu(cg_tensor *x) { return cg_swiglu(x, -1); }

CPU_TEST(modules, activations) {
    static const struct {
        const char *name;
        cg_tensor *(*f)(cg_tensor *);
    } known[] = {{"relu", cg_relu},
                 {"leaky_relu", leaky_relu},
                 {"relu6", cg_relu6},
                 {"sigmoid", cg_sigmoid},
                 {"log_sigmoid", cg_log_sigmoid},
                 {"hardsigmoid", cg_hardsigmoid},
                 {"tanh", cg_tanh},
                 {"hardtanh", cg_hardtanh},
                 {"swish", cg_swish},
                 {"silu", cg_swish},
                 {"hardswish", cg_hardswish},
                 {"gelu", cg_gelu},
                 {"gelu_tanh", cg_gelu_tanh},
                 {"elu", elu},
                 {"selu", cg_selu},
                 {"celu", celu},
                 {"softplus", cg_softplus},
                 {"softsign", cg_softsign},
                 {"mish", cg_mish},
                 {"softmax", softmax},
                 {"log_softmax", log_softmax},
                 {"glu", glu},
                 {"swiglu", swiglu}};
    cg_tensor *x = cg_from_f32(dev, cg_shape(4), (const float[]){-2, -0.5f, 0, 3});
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        check_case("%s", known[i].name);
        cg_module *module = cg_activation_module(dev, known[i].name);
        check_same_bits(cg_forward(module, x), known[i].f(x));
        CHECK(cg_parameter_count(module) == 0);
        cg_module_free(module);
    }
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) /* the message lists them all */
        CHECK_FAILS(dev, cg_activation_module(dev, "relux"), CG_ERROR_ARGUMENT, "relux", known[i].name);
    CHECK_FAILS(dev, cg_activation_module(dev, NULL), CG_ERROR_ARGUMENT, "gelu");
}

DEVICE_TEST(small_modules, sequential_and_mlp) {
    cg_module *net = cg_mlp(dev, 3, (const int64_t[]){5, 8, 2}, "tanh");
    if (!CHECK(net != NULL)) return;
    static const char *const names[] = {"1.weight", "1.bias", "3.weight", "3.bias"};
    CHECK(cg_parameter_count(net) == 4 && cg_parameter_elements(net) == 5 * 8 + 8 + 8 * 2 + 2);
    for (int i = 0; i < 4; i++) {
        const char *name = NULL;
        CHECK(cg_parameter(net, i, &name) && !strcmp(name, names[i]));
    }
    cg_tensor *x = cg_ones(dev, CG_F32, cg_shape(3, 5));
    cg_tensor *h = cg_tanh(cg_linear(x, cg_parameter(net, 0, NULL), cg_parameter(net, 1, NULL)));
    check_same_bits(cg_forward(net, x), cg_linear(h, cg_parameter(net, 2, NULL), cg_parameter(net, 3, NULL)));
    CHECK_FAILS(dev, cg_parameter(net, 4, NULL), CG_ERROR_ARGUMENT, "4");
    CHECK_FAILS(dev, cg_parameter(net, -1, NULL), CG_ERROR_ARGUMENT, "-1");
    CHECK(cg_sequential_add(net, NULL) != CG_OK);
    cg_error_clear(dev);
    check_case("a sequential in a sequential");
    cg_module *outer = cg_sequential(dev);
    CHECK(cg_sequential_add(outer, net) == CG_OK);
    const char *name = NULL;
    CHECK(cg_parameter(outer, 3, &name) && !strcmp(name, "0.3.bias"));
    cg_module_free(outer);
    check_case("an empty sequential gives back what it is given");
    cg_module *empty = cg_sequential(dev);
    check_same_bits(cg_forward(empty, x), x);
    cg_module_free(empty);
    check_case("refusals");
    CHECK_FAILS(dev, cg_mlp(dev, 1, (const int64_t[]){5}, "relu"), CG_ERROR_ARGUMENT, "mlp");
    CHECK_FAILS(dev, cg_mlp(dev, 3, (const int64_t[]){5, 4, 3}, "none"), CG_ERROR_ARGUMENT, "none");
    CHECK(cg_mlp(dev, 2, (const int64_t[]){5, -4}, "relu") == NULL && cg_error_code(dev) != CG_OK);
    cg_error_clear(dev);
}

typedef struct scaling {
    int *released;
} scaling;

static cg_tensor *scale_forward(void *context, cg_module *self, cg_tensor *x) {
    (void)context;
    return cg_mul(x, cg_parameter(self, 0, NULL));
}

static void scale_release(void *context) { ++*((scaling *)context)->released; }

DEVICE_TEST(small_modules, custom) {
    int released = 0;
    scaling context = {&released};
    cg_module *module = cg_custom_module(dev, "scale", scale_forward, scale_release, &context);
    if (!CHECK(module != NULL)) return;
    cg_scope *scope = cg_scope_begin(dev);
    cg_tensor *value = cg_full(dev, CG_F32, cg_shape(2), 3);
    CHECK(cg_module_add_parameter(module, "factor", value) == CG_OK);
    cg_scope_end(scope);
    cg_tensor *factor = cg_parameter(module, 0, NULL),
              *x = cg_from_f32(dev, cg_shape(2), (const float[]){1, 2});
    CHECK(cg_backward(cg_sum(cg_forward(module, x), CG_ALL_AXES, false)) == CG_OK);
    check_equal(cg_grad_of(factor), CG_F32, cg_shape(2), (long double[]){1, 2});
    cg_module_zero_grad(module);
    CHECK(cg_grad_of(factor) == NULL);
    CHECK(cg_module_add_parameter(module, "integer", cg_ones(dev, CG_I32, cg_shape(2))) == CG_ERROR_DTYPE);
    cg_error_clear(dev);
    CHECK(cg_parameter_count(module) == 1);
    CHECK(released == 0);
    cg_module_free(module);
    CHECK(released == 1);
    cg_module_free(NULL);
}

/* --- files ---------------------------------------------------------------------------------------------- */

static const int64_t sizes[] = {6, 5, 3};

static float *all_parameters(const cg_module *net, int64_t *n) {
    *n = cg_parameter_elements(net);
    float *values = scratch((size_t)*n * sizeof *values), *to = values;
    for (int i = 0; i < cg_parameter_count(net); i++) {
        cg_tensor *x = cg_parameter(net, i, NULL);
        CHECK(cg_to_host(x, to, (size_t)cg_numel(x) * sizeof *to) == CG_OK);
        to += cg_numel(x);
    }
    return values;
}

static bool same_parameters(const cg_module *net, const float *values) {
    int64_t n;
    const float *now = all_parameters(net, &n);
    return memcmp(now, values, (size_t)n * sizeof *values) == 0;
}

DEVICE_TEST(small_modules, save_and_load) {
    int64_t n;
    cg_module *a = cg_mlp(dev, 3, sizes, "relu"), *b = cg_mlp(dev, 3, sizes, "relu");
    const float *saved = all_parameters(a, &n);
    const char *path = test_path("weights.safetensors");
    CHECK(!same_parameters(b, saved));
    CHECK(cg_module_save(a, path) == CG_OK);
    CHECK_MSG(count_files() == 1, "a temporary file is left");
    CHECK(cg_module_load(b, path) == CG_OK);
    CHECK_MSG(same_parameters(b, saved), "the weights came back different");
    check_case("what was loaded trains, and the file can be written over");
    cg_optimizer *step = cg_sgd(b, (cg_sgd_options){.lr = 0.1});
    cg_tensor *x = cg_ones(dev, CG_F32, cg_shape(2, 6));
    CHECK(cg_backward(cg_sum(cg_square(cg_forward(b, x)), CG_ALL_AXES, false)) == CG_OK);
    CHECK(cg_optimizer_step(step) == CG_OK && !same_parameters(b, saved));
    CHECK(cg_module_save(b, path) == CG_OK && count_files() == 1 && cg_module_load(a, path) == CG_OK);
    cg_optimizer_free(step);
    cg_module_free(a);
    cg_module_free(b);
    remove_test_folder();
}

/* A load between forward and backward: the gradient is of the values used, or refused; never mixed. */
DEVICE_TEST(small_modules, load_with_a_record_open) {
    cg_module *net = cg_custom_module(dev, "scale", scale_forward, NULL, NULL);
    CHECK(cg_module_add_parameter(net, "w", cg_full(dev, CG_F32, cg_shape(2), 3)) == CG_OK);
    cg_module *other = cg_custom_module(dev, "scale", scale_forward, NULL, NULL);
    CHECK(cg_module_add_parameter(other, "w", cg_full(dev, CG_F32, cg_shape(2), 50)) == CG_OK);
    const char *path = test_path("weights.safetensors");
    CHECK(cg_module_save(other, path) == CG_OK);
    cg_scope *scope = cg_scope_begin(dev);
    cg_tensor *w = cg_parameter(net, 0, NULL), *y = cg_sum(cg_square(w), CG_ALL_AXES, false);
    if (cg_module_load(net, path) == CG_OK) {
        if (cg_backward(y) == CG_OK)
            check_equal(cg_grad_of(w), CG_F32, cg_shape(2), (long double[]){6, 6});
        else
            check_error(dev, CG_ERROR_STATE, NULL);
    } else {
        check_error(dev, CG_ERROR_STATE, NULL);
    }
    cg_scope_end(scope);
    check_case("afterwards the parameter can be written");
    CHECK(cg_copy_from_host(w, (const float[]){1, 2}, 8) == CG_OK);
    check_equal(w, CG_F32, cg_shape(2), (long double[]){1, 2});
    cg_module_free(net);
    cg_module_free(other);
    remove_test_folder();
}

static void expect_failure(cg_device *dev, cg_module *net, const float *values, const char *path,
                           cg_status code) {
    CHECK_MSG(cg_module_load(net, path) == code, "status %s: %s", cg_status_name(cg_error_code(dev)),
              cg_error_message(dev));
    CHECK(cg_error_code(dev) == code && cg_error_message(dev)[0]);
    cg_error_clear(dev);
    CHECK_MSG(same_parameters(net, values), "a parameter has changed");
}

DEVICE_TEST(small_modules, failed_loads_change_nothing) {
    int64_t n;
    size_t bytes;
    cg_module *net = cg_mlp(dev, 3, sizes, "relu");
    const float *before = all_parameters(net, &n);
    const char *path = test_path("weights.safetensors"), *bad = test_path("bad.safetensors");
    CHECK(cg_module_save(net, path) == CG_OK);
    unsigned char *file = read_file(path, &bytes);
    if (!CHECK(file != NULL)) return;
    check_case("no such file");
    expect_failure(dev, net, before, test_path("nothing"), CG_ERROR_IO);
    check_case("truncated");
    write_file(bad, file, bytes - 1);
    expect_failure(dev, net, before, bad, CG_ERROR_FORMAT);
    check_case("with a tail");
    unsigned char *longer = scratch(bytes + 1);
    memcpy(longer, file, bytes);
    write_file(bad, longer, bytes + 1);
    expect_failure(dev, net, before, bad, CG_ERROR_FORMAT);
    check_case("a name that differs");
    char *name = NULL;
    for (size_t i = 0; i + 8 < bytes && !name; i++)
        if (!memcmp(longer + i, "3.weight", 8)) name = (char *)longer + i;
    if (CHECK(name != NULL)) name[0] = '4';
    write_file(bad, longer, bytes);
    expect_failure(dev, net, before, bad, CG_ERROR_FORMAT);
    check_case("another network's file");
    cg_module *wide = cg_mlp(dev, 3, (const int64_t[]){6, 7, 3}, "relu"),
              *deep = cg_mlp(dev, 4, (const int64_t[]){6, 5, 3, 2}, "relu");
    CHECK(cg_module_save(wide, bad) == CG_OK);
    expect_failure(dev, net, before, bad, CG_ERROR_FORMAT);
    CHECK(cg_module_save(deep, bad) == CG_OK);
    expect_failure(dev, net, before, bad, CG_ERROR_FORMAT);
    check_case("a folder that is not there");
    CHECK(cg_module_save(net, "/nowhere/at/all.safetensors") == CG_ERROR_IO);
    check_error(dev, CG_ERROR_IO, "/nowhere/at/all.safetensors", NULL);
    cg_module_free(net);
    cg_module_free(wide);
    cg_module_free(deep);
    remove_test_folder();
}
