/* A module as a tree: names and paths, who owns what, modes, freezing, printing. */
#include "support/device_test.h"

#include <stdlib.h>
#include <string.h>

static cg_tensor *same_forward(void *context, cg_module *self, cg_tensor *x) {
    (void)context;
    (void)self;
    return x;
}

static void count_release(void *context) { ++*(int *)context; }

/* A module without anything in it; *released counts its end. */
static cg_module *empty(cg_device *dev, const char *name, int *released) {
    return cg_custom_module(dev, name, same_forward, released ? count_release : NULL, released);
}

static bool add_numbers(cg_module *module, const char *parameter, const char *buffer, int64_t n) {
    cg_device *dev = cg_module_device(module);
    return CHECK(cg_module_add_parameter(module, parameter, cg_full(dev, CG_F32, cg_shape(n), 2)) == CG_OK) &&
           CHECK(cg_module_add_buffer(module, buffer, cg_full(dev, CG_F32, cg_shape(n), 3)) == CG_OK);
}

/* block { scale, seen, inner { weight, mean, deep { weight, mean } }, other { weight, mean } } */
static cg_module *block(cg_device *dev, int *released) {
    cg_module *outer = empty(dev, "block", released), *inner = empty(dev, "inner kind", released),
              *deep = empty(dev, "deep kind", released), *other = empty(dev, "other kind", released);
    add_numbers(deep, "weight", "mean", 4);
    add_numbers(inner, "weight", "mean", 3);
    add_numbers(other, "weight", "mean", 2);
    add_numbers(outer, "scale", "seen", 1);
    CHECK(cg_module_add(outer, "inner", inner) == CG_OK && cg_module_add(outer, "other", other) == CG_OK);
    CHECK(cg_parameter(outer, 2, NULL) &&
          cg_module_buffer(outer, 2, NULL)); /* the lists are made, and grow with: */
    CHECK(cg_module_add(inner, "deep", deep) == CG_OK);
    return outer;
}

CPU_TEST(module_tree, names_and_paths) {
    static const char *const parameters[] = {"scale", "inner.weight", "inner.deep.weight", "other.weight"};
    static const char *const buffers[] = {"seen", "inner.mean", "inner.deep.mean", "other.mean"};
    static const int64_t sizes[] = {1, 3, 4, 2};
    cg_module *outer = block(dev, NULL);
    CHECK(cg_parameter_count(outer) == 4 && cg_module_buffer_count(outer) == 4);
    CHECK(cg_parameter_elements(outer) == 10);
    for (int i = 0; i < 4; i++) {
        const char *name = NULL;
        cg_tensor *p = cg_parameter(outer, i, &name);
        CHECK(name && !strcmp(name, parameters[i]) && cg_numel(p) == sizes[i] && cg_requires_grad(p));
        CHECK(cg_module_parameter_named(outer, parameters[i]) == p);
        cg_tensor *b = cg_module_buffer(outer, i, &name);
        CHECK(name && !strcmp(name, buffers[i]) && cg_numel(b) == sizes[i] && !cg_requires_grad(b));
        CHECK(cg_module_buffer_named(outer, buffers[i]) == b);
    }
    CHECK_FAILS(dev, cg_parameter(outer, 4, NULL), CG_ERROR_ARGUMENT, "parameter", "4 of 4");
    CHECK_FAILS(dev, cg_module_buffer(outer, -1, NULL), CG_ERROR_ARGUMENT, "buffer", "-1 of 4");
    static const char *const missing[] = {
        "",      "mean", "inner", "inner.deep.mean", "inner.deep.weight.", "none.weight", "inner..weight",
        ".scale"};
    for (size_t i = 0; i < sizeof missing / sizeof *missing; i++)
        CHECK_FAILS(dev, cg_module_parameter_named(outer, missing[i]), CG_ERROR_ARGUMENT, "block",
                    missing[i]);
    CHECK_FAILS(dev, cg_module_buffer_named(outer, "inner.deep.weight"), CG_ERROR_ARGUMENT,
                "inner.deep.weight");
    cg_module_free(outer);
}

CPU_TEST(module_tree, children) {
    cg_module *outer = block(dev, NULL), *inner = cg_module_child(outer, "inner");
    const char *name = NULL;
    CHECK(cg_module_child_count(outer) == 2 && cg_module_child_count(cg_module_child(outer, "other")) == 0);
    CHECK(cg_module_child_at(outer, 0, &name) == inner && name && !strcmp(name, "inner"));
    CHECK(cg_module_child_at(outer, 1, &name) == cg_module_child(outer, "other") && !strcmp(name, "other"));
    CHECK(cg_module_child(outer, "inner.deep") == cg_module_child(inner, "deep"));
    CHECK(!strcmp(cg_module_kind(cg_module_child(outer, "inner.deep")), "deep kind"));
    CHECK(cg_module_device(inner) == dev);
    check_case("a part of a tree has lists of its own");
    CHECK(cg_parameter_count(inner) == 2 && cg_parameter(inner, 1, &name) && !strcmp(name, "deep.weight"));
    CHECK_FAILS(dev, cg_module_child(outer, "deep"), CG_ERROR_ARGUMENT, "deep");
    CHECK_FAILS(dev, cg_module_child(outer, "inne"), CG_ERROR_ARGUMENT, "inne");
    CHECK_FAILS(dev, cg_module_child(outer, "inner.none"), CG_ERROR_ARGUMENT, "inner.none");
    CHECK_FAILS(dev, cg_module_child_at(outer, 2, NULL), CG_ERROR_ARGUMENT, "2 of 2");
    CHECK_FAILS(dev, cg_module_child_at(outer, -1, NULL), CG_ERROR_ARGUMENT, "-1");
    cg_module_free(outer);
}

CPU_TEST(module_tree, ownership) {
    int released = 0;
    cg_module *outer = block(dev, &released), *inner = cg_module_child(outer, "inner");
    check_case("what is in a tree is freed with it, and not before");
    cg_module_free(inner);
    CHECK(released == 0);
    check_case("a module is in one place");
    CHECK(cg_module_add(outer, "again", inner) == CG_ERROR_STATE);
    check_error(dev, CG_ERROR_STATE, "inner kind", "block", "again", NULL);
    cg_module *second = empty(dev, "second", &released);
    CHECK(cg_module_add(second, "inner", inner) == CG_ERROR_STATE && released == 0);
    cg_error_clear(dev);
    check_case("not in itself");
    CHECK(cg_module_add(outer, "self", outer) == CG_ERROR_STATE);
    check_error(dev, CG_ERROR_STATE, "itself", NULL);
    CHECK(cg_module_add(cg_module_child(outer, "inner.deep"), "top", outer) == CG_ERROR_STATE &&
          released == 0);
    cg_error_clear(dev);
    CHECK(cg_parameter_count(outer) == 4 && cg_module_child_count(outer) == 2);
    check_case("one that could not be added is freed");
    CHECK(cg_module_add(outer, "inner", empty(dev, "late", &released)) == CG_ERROR_ARGUMENT && released == 1);
    check_error(dev, CG_ERROR_ARGUMENT, "block", "inner", NULL);
    CHECK(cg_module_add(outer, NULL, empty(dev, "late", &released)) == CG_ERROR_ARGUMENT && released == 2);
    CHECK(cg_module_add(NULL, "x", empty(dev, "late", &released)) == CG_ERROR_ARGUMENT && released == 3);
    CHECK(cg_module_add(outer, "x", NULL) == CG_ERROR_ARGUMENT);
    cg_error_clear(dev);
    cg_module_free(second);
    CHECK(released == 4);
    cg_module_free(outer);
    CHECK(released == 8);
}

/* What is no sequential takes nothing, and what it is, or is in, stays. */
CPU_TEST(module_tree, sequential_add_to_another_kind) {
    int released = 0;
    cg_module *outer = block(dev, &released), *inner = cg_module_child(outer, "inner");
    check_case("to itself");
    CHECK(cg_sequential_add(outer, outer) == CG_ERROR_ARGUMENT && released == 0);
    check_error(dev, CG_ERROR_ARGUMENT, "sequential_add", "block", NULL);
    check_case("its root");
    CHECK(cg_sequential_add(inner, outer) == CG_ERROR_ARGUMENT && released == 0);
    check_error(dev, CG_ERROR_ARGUMENT, "sequential_add", "inner kind", NULL);
    check_case("another, which is freed");
    CHECK(cg_sequential_add(outer, empty(dev, "late", &released)) == CG_ERROR_ARGUMENT && released == 1);
    check_error(dev, CG_ERROR_ARGUMENT, "sequential_add", "block", NULL);
    cg_module_free(outer);
    CHECK(released == 5);
}

CPU_TEST(module_tree, names_that_are_none) {
    cg_module *module = empty(dev, "m", NULL);
    add_numbers(module, "a", "b", 1);
    CHECK(cg_module_add(module, "c", empty(dev, "child", NULL)) == CG_OK);
    cg_tensor *one = cg_ones(dev, CG_F32, cg_shape());
    static const char *const wrong[] = {"", "x.y", ".", "a", "b", "c"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        check_case("\"%s\"", wrong[i]);
        CHECK(cg_module_add_parameter(module, wrong[i], one) == CG_ERROR_ARGUMENT);
        check_error(dev, CG_ERROR_ARGUMENT, "module_add_parameter", wrong[i], NULL);
        CHECK(cg_module_add_buffer(module, wrong[i], one) == CG_ERROR_ARGUMENT);
        check_error(dev, CG_ERROR_ARGUMENT, "module_add_buffer", wrong[i], NULL);
        CHECK(cg_module_add(module, wrong[i], empty(dev, "child", NULL)) == CG_ERROR_ARGUMENT);
        check_error(dev, CG_ERROR_ARGUMENT, "module_add", wrong[i], NULL);
    }
    CHECK(cg_parameter_count(module) == 1 && cg_module_buffer_count(module) == 1 &&
          cg_module_child_count(module) == 1);
    check_case("a buffer may be whole numbers, a parameter not");
    CHECK(cg_module_add_buffer(module, "n", cg_zeros(dev, CG_I64, cg_shape())) == CG_OK);
    CHECK(cg_module_add_parameter(module, "k", cg_zeros(dev, CG_I64, cg_shape())) == CG_ERROR_DTYPE);
    cg_error_clear(dev);
    CHECK(cg_module_add_parameter(module, "k", NULL) != CG_OK &&
          cg_module_add_buffer(module, NULL, one) != CG_OK);
    CHECK_FAILS(dev, cg_custom_module(dev, NULL, same_forward, NULL, NULL), CG_ERROR_ARGUMENT, "name");
    CHECK_FAILS(dev, cg_custom_module(dev, "m", NULL, NULL, NULL), CG_ERROR_ARGUMENT, "forward");
    cg_module_free(module);
}

CPU_TEST(module_tree, devices) {
    cg_device *second = cg_device_open("cpu");
    cg_module *module = empty(dev, "m", NULL);
    int released = 0;
    CHECK(cg_module_add(module, "child", empty(second, "stranger", &released)) == CG_ERROR_DEVICE_MISMATCH);
    check_error(dev, CG_ERROR_DEVICE_MISMATCH, "stranger", NULL);
    CHECK(released == 1);
    CHECK(cg_module_add_buffer(module, "b", cg_ones(second, CG_F32, cg_shape(2))) ==
          CG_ERROR_DEVICE_MISMATCH);
    check_error(dev, CG_ERROR_DEVICE_MISMATCH, "b", NULL);
    cg_module_free(module);
    cg_device_close(second);
}

/* Values are copies: what the caller does with his tensor afterwards does not matter, and the other way round. */
CPU_TEST(module_tree, values_are_copies) {
    cg_module *module = empty(dev, "m", NULL);
    cg_tensor *value = cg_from_f32(dev, cg_shape(2, 2), (const float[]){1, 2, 3, 4});
    CHECK(cg_module_add_parameter(module, "p", cg_transpose(value, 0, 1)) == CG_OK);
    CHECK(cg_module_add_buffer(module, "b", value) == CG_OK);
    CHECK(cg_assign(value, 0) == CG_OK);
    check_equal(cg_parameter(module, 0, NULL), CG_F32, cg_shape(2, 2), (long double[]){1, 3, 2, 4});
    cg_tensor *buffer = cg_module_buffer(module, 0, NULL);
    CHECK(cg_assign(buffer, cg_add(buffer, 1)) == CG_OK);
    check_equal(cg_module_buffer_named(module, "b"), CG_F32, cg_shape(2, 2), (long double[]){2, 3, 4, 5});
    check_equal(value, CG_F32, cg_shape(2, 2), (long double[]){0, 0, 0, 0});
    cg_module_free(module);
}

CPU_TEST(module_tree, training_mode) {
    cg_module *outer = block(dev, NULL), *inner = cg_module_child(outer, "inner"),
              *deep = cg_module_child(inner, "deep"), *other = cg_module_child(outer, "other");
    CHECK(cg_module_training(outer) && cg_module_training(deep) && !cg_module_training(NULL));
    cg_module_train(outer, false);
    CHECK(!cg_module_training(outer) && !cg_module_training(inner) && !cg_module_training(deep) &&
          !cg_module_training(other));
    cg_module_train(inner, true);
    CHECK(!cg_module_training(outer) && cg_module_training(inner) && cg_module_training(deep) &&
          !cg_module_training(other));
    cg_module_train(NULL, true);
    cg_module_free(outer);
}

CPU_TEST(module_tree, freezing) {
    cg_module *net = cg_mlp(dev, 3, (const int64_t[]){2, 3, 1}, "tanh");
    cg_tensor *frozen = cg_module_parameter_named(net, "1.weight"),
              *free_one = cg_module_parameter_named(net, "3.weight");
    const void *before = read_raw(frozen), *free_before = read_raw(free_one);
    CHECK(cg_module_require_grad(cg_module_child(net, "1"), false) == CG_OK);
    CHECK(!cg_requires_grad(frozen) && !cg_requires_grad(cg_module_parameter_named(net, "1.bias")) &&
          cg_requires_grad(free_one));
    cg_optimizer *steps[] = {cg_sgd(net, (cg_sgd_options){.lr = 0.1, .momentum = 0.9, .weight_decay = 0.1}),
                             cg_adam(net, (cg_adam_options){.lr = 0.1, .weight_decay = 0.1})};
    for (int i = 0; i < 4; i++) {
        cg_tensor *y = cg_forward(net, cg_ones(dev, CG_F32, cg_shape(3, 2)));
        CHECK(cg_backward(cg_sum(y, CG_ALL_AXES, false)) == CG_OK &&
              cg_optimizer_step(steps[i % 2]) == CG_OK);
    }
    CHECK_MSG(!memcmp(before, read_raw(frozen), 6 * sizeof(float)), "a frozen parameter has moved");
    CHECK(memcmp(free_before, read_raw(free_one), 3 * sizeof(float)) != 0);
    CHECK(cg_module_require_grad(net, true) == CG_OK && cg_requires_grad(frozen));
    for (int i = 0; i < 2; i++) cg_optimizer_free(steps[i]);
    cg_module_free(net);
}

CPU_TEST(module_tree, printing) {
    static const char expected[] = "block                scale (1,) frozen; buffers seen (1,)\n"
                                   "  inner: inner kind  weight (3,); buffers mean (3,)\n"
                                   "    deep: deep kind  weight (4,); buffers mean (4,)\n"
                                   "  other: other kind  weight (2,); buffers mean (2,)\n"
                                   "  rest: stateful     buffers only (2, 3)\n"
                                   "  act: relu\n"
                                   "10 parameters, 1 of them frozen, 16 numbers in buffers\n";
    cg_module *outer = block(dev, NULL), *rest = empty(dev, "stateful", NULL);
    CHECK(cg_module_add_buffer(rest, "only", cg_zeros(dev, CG_I32, cg_shape(2, 3))) == CG_OK);
    CHECK(cg_module_add(outer, "rest", rest) == CG_OK &&
          cg_module_add(outer, "act", cg_activation_module(dev, "relu")) == CG_OK);
    cg_require_grad(cg_parameter(outer, 0, NULL), false);
    char text[1024] = "";
    FILE *stream = fmemopen(text, sizeof text, "w");
    CHECK(cg_module_print(outer, stream) == CG_OK);
    fclose(stream);
    CHECK_MSG(!strcmp(text, expected), "got\n%s", text);
    check_case("a stream that takes nothing");
    FILE *full = fopen("/dev/full", "w");
    if (full) {
        setvbuf(full, NULL, _IONBF, 0);
        CHECK(cg_module_print(outer, full) == CG_ERROR_IO);
        check_error(dev, CG_ERROR_IO, "module_print", NULL);
        fclose(full);
    }
    CHECK(cg_module_print(NULL, stdout) != CG_OK && cg_module_print(outer, NULL) != CG_OK);
    cg_module_free(outer);
}

/* Given NULL, every function does nothing. */
CPU_TEST(module_tree, null) {
    cg_tensor *x = cg_ones(dev, CG_F32, cg_shape(1));
    CHECK(!cg_module_device(NULL) && !cg_module_kind(NULL) && !cg_module_child(NULL, "a"));
    CHECK(!cg_module_child_at(NULL, 0, NULL) && cg_module_child_count(NULL) == 0);
    CHECK(!cg_module_parameter_named(NULL, "a") && !cg_module_buffer_named(NULL, "a"));
    CHECK(!cg_module_buffer(NULL, 0, NULL) && cg_module_buffer_count(NULL) == 0);
    CHECK(cg_module_add(NULL, "a", NULL) != CG_OK && cg_module_add_buffer(NULL, "a", x) != CG_OK);
    CHECK(cg_module_require_grad(NULL, true) != CG_OK && cg_module_set_dtype(NULL, CG_F64) != CG_OK);
    CHECK(!cg_forward_with(NULL, &x, x) && !cg_residual_module(NULL, NULL));
    CHECK(!cg_linear_module(NULL, 1, 1, CG_INIT_HE) && !cg_prelu_module(NULL, 1) &&
          !cg_softmax_module(NULL, 0));
    CHECK(!cg_dropout_module(NULL, 0.5) && !cg_flatten_module(NULL) && !cg_reshape_module(NULL, cg_shape(1)));
    CHECK(!cg_embedding_module(NULL, 1, 1, CG_NO_PADDING) && !cg_sequential(NULL));
    CHECK(!cg_module_state_save(NULL) && cg_module_state_restore(NULL, NULL) != CG_OK);
    cg_module_state_free(NULL);
    CHECK(!cg_lenet(NULL, cg_shape(1, 8, 8), 2) && !cg_model(NULL, "lenet", cg_shape(1, 8, 8), 2));
    CHECK(!cg_transformer(NULL, (cg_transformer_options){.vocabulary = 3}));
}
