/* Layers that stand beside no operation, as modules: what they compute, in both modes, and what they refuse. */
#include "support/device_test.h"

#include <math.h>
#include <string.h>

DEVICE_TEST_ONCE(small_layers, dropout) {
    cg_module *module = cg_dropout_module(dev, 0.5);
    cg_tensor *x = cg_full(dev, CG_F32, cg_shape(40, ), 3);
    cg_seed(dev, 9);
    cg_tensor *y = cg_forward(module, x), *again = cg_forward(module, x);
    cg_seed(dev, 9);
    check_same_bits(y, cg_dropout(x, 0.5));
    const float *v = read_raw(y), *w = read_raw(again);
    int zeros = 0, equal = 0;
    for (int i = 0; i < 40; i++) {
        CHECK(v[i] == 0 || v[i] == 6);
        zeros += v[i] == 0;
        equal += v[i] == w[i];
    }
    CHECK(zeros > 5 && zeros < 35 && equal < 40);
    check_case("evaluation");
    uint64_t seed, stream, now;
    cg_module_train(module, false);
    cg_seed_get(dev, &seed, &stream);
    CHECK(cg_forward(module, x) == x);
    cg_seed_get(dev, &seed, &now);
    CHECK_MSG(now == stream, "evaluation drew numbers");
    cg_module_free(module);
    CHECK_FAILS(dev, cg_dropout_module(dev, -0.1), CG_ERROR_ARGUMENT, "dropout_module", "-0.1");
    CHECK_FAILS(dev, cg_dropout_module(dev, 1.5), CG_ERROR_ARGUMENT, "1.5");
    CHECK_FAILS(dev, cg_dropout_module(dev, (double)NAN), CG_ERROR_ARGUMENT, "dropout_module");
}

CPU_TEST(layers, flatten_and_reshape) {
    float data[24];
    for (int i = 0; i < 24; i++) data[i] = (float)i;
    cg_tensor *x = cg_from_f32(dev, cg_shape(2, 3, 4), data);
    cg_module *flatten = cg_flatten_module(dev), *reshape = cg_reshape_module(dev, cg_shape(2, -1, 2)),
              *scalar = cg_reshape_module(dev, cg_shape());
    check_same_bits(cg_forward(flatten, x), cg_reshape(x, cg_shape(2, 12)));
    check_same_bits(cg_forward(reshape, x), cg_reshape(x, cg_shape(2, 2, 3, 2)));
    check_same_bits(cg_forward(reshape, cg_forward(flatten, x)), cg_reshape(x, cg_shape(2, 2, 3, 2)));
    check_is(cg_forward(flatten, cg_ones(dev, CG_F32, cg_shape(5))), CG_F32, cg_shape(5, 1));
    check_is(cg_forward(flatten, cg_ones(dev, CG_I32, cg_shape(5, 2))), CG_I32, cg_shape(5, 2));
    check_is(cg_forward(flatten, cg_ones(dev, CG_F32, cg_shape(0, 3, 2))), CG_F32, cg_shape(0, 6));
    check_is(cg_forward(scalar, cg_ones(dev, CG_F32, cg_shape(5, 1))), CG_F32, cg_shape(5, ));
    cg_tensor *one = cg_ones(dev, CG_F32, cg_shape());
    CHECK_FAILS(dev, cg_forward(flatten, one), CG_ERROR_SHAPE, "flatten", "()");
    CHECK_FAILS(dev, cg_forward(reshape, one), CG_ERROR_SHAPE, "reshape", "()");
    CHECK_FAILS(dev, cg_forward(reshape, cg_ones(dev, CG_F32, cg_shape(2, 5))), CG_ERROR_SHAPE, "(2, 5)");
    CHECK_FAILS(dev, cg_reshape_module(dev, cg_shape(-1, -1)), CG_ERROR_SHAPE, "reshape_module", "(-1, -1)");
    CHECK_FAILS(dev, cg_reshape_module(dev, cg_shape(-2, )), CG_ERROR_SHAPE, "(-2,)");
    CHECK_FAILS(dev, cg_reshape_module(dev, cg_shape(1, 1, 1, 1, 1, 1, 1, 1)), CG_ERROR_SHAPE,
                "reshape_module");
    cg_module_free(flatten);
    cg_module_free(reshape);
    cg_module_free(scalar);
}

CPU_TEST(layers, prelu) {
    cg_module *one = cg_prelu_module(dev, 1), *channels = cg_prelu_module(dev, 2);
    cg_tensor *x = cg_from_f32(dev, cg_shape(1, 2, 3), (const float[]){-4, 0, 4, -8, 8, -2});
    check_equal(cg_forward(one, x), CG_F32, cg_shape(1, 2, 3), (long double[]){-1, 0, 4, -2, 8, -0.5L});
    cg_tensor *slope = cg_parameter(channels, 0, NULL);
    check_equal(slope, CG_F32, cg_shape(2), (long double[]){0.25L, 0.25L});
    CHECK(cg_copy_from_host(slope, (const float[]){0.5f, 2}, 8) == CG_OK);
    cg_tensor *y = cg_forward(channels, x);
    check_equal(y, CG_F32, cg_shape(1, 2, 3), (long double[]){-2, 0, 4, -16, 8, -4});
    CHECK(cg_backward(cg_sum(y, CG_ALL_AXES, false)) == CG_OK);
    check_equal(cg_grad_of(slope), CG_F32, cg_shape(2), (long double[]){-4, -10});
    check_is(cg_forward(channels, cg_ones(dev, CG_F32, cg_shape(3, 2))), CG_F32, cg_shape(3, 2));
    CHECK_FAILS(dev, cg_forward(channels, cg_ones(dev, CG_F32, cg_shape(2, ))), CG_ERROR_SHAPE, "prelu",
                "(2,)");
    CHECK_FAILS(dev, cg_forward(channels, cg_ones(dev, CG_F32, cg_shape(2, 3))), CG_ERROR_SHAPE, "(2, 3)");
    CHECK_FAILS(dev, cg_prelu_module(dev, 0), CG_ERROR_ARGUMENT, "prelu_module", "0");
    cg_module_free(one);
    cg_module_free(channels);
}

CPU_TEST(layers, softmax) {
    cg_tensor *x = cg_from_f32(dev, cg_shape(2, 3), (const float[]){1, 2, 3, 4, 5, 0});
    for (int axis = -2; axis < 2; axis++) {
        cg_module *module = cg_softmax_module(dev, axis);
        check_same_bits(cg_forward(module, x), cg_softmax(x, axis));
        cg_module_free(module);
    }
    cg_module *module = cg_softmax_module(dev, 2);
    CHECK_FAILS(dev, cg_forward(module, x), CG_ERROR_ARGUMENT, "softmax");
    cg_module_free(module);
}

CPU_TEST(layers, residual) {
    cg_module *inner = cg_linear_module(dev, 3, 3, CG_INIT_XAVIER), *net = cg_residual_module(inner, NULL);
    cg_tensor *x = cg_from_f32(dev, cg_shape(2, 3), (const float[]){1, 2, 3, 4, 5, 0});
    check_same_bits(cg_forward(net, x), cg_add(cg_forward(inner, x), x));
    CHECK(cg_module_child(net, "inner") == inner && cg_module_child_count(net) == 1);
    cg_module_free(net);
    check_case("with a shortcut");
    cg_module *shortcut = cg_linear_module(dev, 3, 2, CG_INIT_HE);
    inner = cg_linear_module(dev, 3, 2, CG_INIT_HE);
    net = cg_residual_module(inner, shortcut);
    check_same_bits(cg_forward(net, x), cg_add(cg_forward(inner, x), cg_forward(shortcut, x)));
    CHECK(cg_module_child(net, "shortcut") == shortcut && cg_parameter_count(net) == 4);
    check_case("a shortcut that is part of another module is left there");
    CHECK(!cg_residual_module(cg_flatten_module(dev), shortcut));
    check_error(dev, CG_ERROR_STATE, "linear", "residual", NULL);
    check_same_bits(cg_forward(net, x), cg_add(cg_forward(inner, x), cg_forward(shortcut, x)));
    cg_module_free(net);
    check_case("shapes must be equal, not broadcast");
    check_case("one module in both places");
    inner = cg_linear_module(dev, 3, 3, CG_INIT_HE);
    CHECK(!cg_residual_module(inner, inner));
    check_error(dev, CG_ERROR_ARGUMENT, "residual_module", "linear", NULL);
    check_case("the shortcut is a part of the inner module, which is freed");
    inner = cg_sequential(dev);
    CHECK(cg_sequential_add(inner, cg_linear_module(dev, 3, 3, CG_INIT_HE)) == CG_OK);
    CHECK(!cg_residual_module(inner, cg_module_child(inner, "0")));
    check_error(dev, CG_ERROR_STATE, "linear", NULL);
    net = cg_residual_module(cg_linear_module(dev, 3, 1, CG_INIT_HE), NULL);
    CHECK_FAILS(dev, cg_forward(net, x), CG_ERROR_SHAPE, "residual", "(2, 1)", "(2, 3)");
    cg_module_free(net);
    check_case("what could not be made is no identity");
    net = cg_residual_module(cg_linear_module(dev, 3, 3, CG_INIT_HE), cg_dropout_module(dev, 7));
    CHECK(net == NULL);
    check_error(dev, CG_ERROR_ARGUMENT, "dropout_module", NULL);
    CHECK(!cg_residual_module(NULL, cg_flatten_module(dev)));
}

DEVICE_TEST_ONCE(small_layers, embedding) {
    cg_tensor *w = cg_require_grad(cg_from_f32(dev, cg_shape(3, 2), (const float[]){1, 2, 3, 4, 5, 6}), true);
    cg_tensor *index = cg_from_i32(dev, cg_shape(2, 2), (const int32_t[]){2, 0, -1, 2});
    cg_tensor *y = cg_embedding(w, index, CG_NO_PADDING);
    check_equal(y, CG_F32, cg_shape(2, 2, 2), (long double[]){5, 6, 1, 2, 5, 6, 5, 6});
    CHECK(cg_backward(cg_sum(y, CG_ALL_AXES, false)) == CG_OK);
    check_equal(cg_grad_of(w), CG_F32, cg_shape(3, 2), (long double[]){1, 1, 0, 0, 3, 3});
    static const int64_t paddings[] = {2, -1};
    for (int i = 0; i < 2; i++) { /* the same row, and the index may be written either way */
        check_case("padding %d", (int)paddings[i]);
        cg_zero_grad(w);
        y = cg_embedding(w, index, paddings[i]);
        check_equal(y, CG_F32, cg_shape(2, 2, 2), (long double[]){5, 6, 1, 2, 5, 6, 5, 6});
        CHECK(cg_backward(cg_sum(y, CG_ALL_AXES, false)) == CG_OK);
        check_equal(cg_grad_of(w), CG_F32, cg_shape(3, 2), (long double[]){1, 1, 0, 0, 0, 0});
    }
}

CPU_TEST(layers, embedding_refusals) {
    cg_tensor *w = cg_ones(dev, CG_F32, cg_shape(3, 2)), *index = cg_zeros(dev, CG_I64, cg_shape(2));
    CHECK_FAILS(dev, cg_embedding(w, cg_zeros(dev, CG_F32, cg_shape(2, )), CG_NO_PADDING), CG_ERROR_SHAPE,
                "embedding", "f32 (2,)");
    CHECK_FAILS(dev, cg_embedding(cg_ones(dev, CG_F32, cg_shape(3)), index, CG_NO_PADDING), CG_ERROR_SHAPE,
                "(3,)");
    CHECK_FAILS(dev, cg_embedding(w, index, 3), CG_ERROR_ARGUMENT, "padding 3", "(3, 2)");
    CHECK_FAILS(dev, cg_embedding(w, index, -4), CG_ERROR_ARGUMENT, "padding -4");
    CHECK(!cg_embedding(NULL, index, 0) && !cg_embedding(w, NULL, 0));
    check_case("out of range is NaN");
    const float *v = read_raw(cg_embedding(w, cg_full(dev, CG_I64, cg_shape(1, ), 3), CG_NO_PADDING));
    CHECK(isnan(v[0]) && isnan(v[1]));
    CHECK_FAILS(dev, cg_embedding_module(dev, 0, 2, CG_NO_PADDING), CG_ERROR_ARGUMENT, "embedding_module",
                "0");
    CHECK_FAILS(dev, cg_embedding_module(dev, 2, 0, CG_NO_PADDING), CG_ERROR_ARGUMENT, "embedding_module");
    CHECK_FAILS(dev, cg_embedding_module(dev, 2, 2, 2), CG_ERROR_ARGUMENT, "padding 2");
}

CPU_TEST(layers, embedding_module) {
    cg_seed(dev, 4);
    cg_module *module = cg_embedding_module(dev, 4, 3, -2);
    cg_tensor *w = cg_parameter(module, 0, NULL),
              *index = cg_from_i64(dev, cg_shape(3, ), (const int64_t[]){1, 2, 3});
    check_is(w, CG_F32, cg_shape(4, 3));
    const float *v = read_raw(w);
    for (int i = 0; i < 12; i++) CHECK((v[i] == 0) == (i / 3 == 2));
    cg_seed(dev, 4);
    CHECK(!memcmp(v, read_raw(cg_normal(dev, CG_F32, cg_shape(4, 3), 0, 1)), 6 * sizeof *v));
    check_same_bits(cg_forward(module, index), cg_embedding(w, index, 2));
    CHECK(cg_backward(cg_sum(cg_forward(module, index), CG_ALL_AXES, false)) == CG_OK);
    check_equal(cg_grad_of(w), CG_F32, cg_shape(4, 3), (long double[]){0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1});
    cg_module_free(module);
}

/* A network as a function of its weights. */
CPU_TEST(layers, forward_with) {
    cg_module *net = cg_mlp(dev, 3, (const int64_t[]){2, 3, 1}, "tanh");
    cg_tensor *p[4], *x = cg_from_f32(dev, cg_shape(2, 2), (const float[]){1, 2, 3, 4}), *own[4];
    for (int i = 0; i < 4; i++) {
        own[i] = cg_parameter(net, i, NULL);
        p[i] = cg_require_grad(cg_clone(cg_add(cg_detach(own[i]), 0.5)), true);
    }
    cg_tensor *y = cg_forward_with(net, p, x),
              *want = cg_linear(cg_tanh(cg_linear(x, p[0], p[1])), p[2], p[3]);
    check_same_bits(y, want);
    CHECK(cg_backward(cg_sum(y, CG_ALL_AXES, false)) == CG_OK);
    for (int i = 0; i < 4; i++) {
        CHECK(cg_grad_of(p[i]) != NULL && cg_grad_of(own[i]) == NULL);
        CHECK(cg_parameter(net, i, NULL) == own[i]);
    }
    check_case("what does not fit");
    cg_tensor *kept = p[2];
    p[2] = cg_ones(dev, CG_F32, cg_shape(3, ));
    CHECK_FAILS(dev, cg_forward_with(net, p, x), CG_ERROR_SHAPE, "3.weight", "(3,)", "(3, 1)");
    p[2] = cg_ones(dev, CG_F64, cg_shape(3, 1));
    CHECK_FAILS(dev, cg_forward_with(net, p, x), CG_ERROR_DTYPE, "3.weight", "f64");
    p[2] = NULL;
    CHECK(!cg_forward_with(net, p, x) && !cg_forward_with(net, NULL, x));
    p[2] = kept;
    check_case("an error inside leaves the module as it was");
    CHECK_FAILS(dev, cg_forward_with(net, p, cg_ones(dev, CG_F32, cg_shape(2, 5))), CG_ERROR_SHAPE, "linear");
    for (int i = 0; i < 4; i++) CHECK(cg_parameter(net, i, NULL) == own[i]);
    cg_module_free(net);
}

/* (x w + b)^2 / 2 summed, as a function of w and b. */
static cg_tensor *half_square(void *context, int n, cg_tensor *const *parameter) {
    (void)n;
    cg_module *layer = context;
    cg_tensor *x = cg_from_f64(cg_module_device(layer), cg_shape(3, 2), (const double[]){1, 2, 3, 4, 5, -6});
    return cg_mul(cg_sum(cg_square(cg_forward_with(layer, parameter, x)), CG_ALL_AXES, false), 0.5);
}

/* Of a linear layer that is x^T x, with a column of ones in x for the bias. */
CPU_TEST(layers, hessian_of_the_weights) {
    cg_module *layer = cg_linear_module(dev, 2, 1, CG_INIT_XAVIER);
    CHECK(cg_module_set_dtype(layer, CG_F64) == CG_OK);
    cg_tensor *p[] = {cg_parameter(layer, 0, NULL), cg_parameter(layer, 1, NULL)}, *h[4];
    CHECK(cg_hessian(half_square, layer, 2, p, false, h) == CG_OK);
    check_equal(h[0], CG_F64, cg_shape(2, 1, 2, 1), (long double[]){35, -16, -16, 56});
    check_equal(h[1], CG_F64, cg_shape(2, 1, 1), (long double[]){9, 0});
    check_equal(h[2], CG_F64, cg_shape(1, 2, 1), (long double[]){9, 0});
    check_equal(h[3], CG_F64, cg_shape(1, 1), (long double[]){3});
    cg_module_free(layer);
}
