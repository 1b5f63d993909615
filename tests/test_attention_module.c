#include "support/device_test.h"

#include <math.h>

static cg_tensor *some(cg_device *dev, cg_dims shape, uint64_t seed) {
    return cg_from_f32(dev, shape,
                       random_values(CG_F32, shape.dim[0] * shape.dim[1] * shape.dim[2], -1, 1, &seed));
}

/* Columns first..first + n - 1 of a map. */
static cg_tensor *part(cg_tensor *x, cg_tensor *w, cg_tensor *b, int64_t first, int64_t n) {
    return cg_linear(x, cg_slice(w, 1, first, first + n, 1), b ? cg_slice(b, 0, first, first + n, 1) : NULL);
}

/* Head by head, as the formula stands. */
static cg_tensor *by_hand(const cg_module *m, cg_tensor *x, cg_tensor *memory, int64_t width, int heads,
                          bool has_bias, cg_attention_options options) {
    cg_tensor *w = cg_module_parameter_named(m, "in_weight"), *out[8];
    cg_tensor *b = has_bias ? cg_module_parameter_named(m, "in_bias") : NULL;
    const int64_t d = width / heads;
    for (int h = 0; h < heads; h++) {
        cg_tensor *q = part(x, w, b, h * d, d), *k = part(memory, w, b, width + h * d, d);
        out[h] =
            cg_scaled_dot_product_attention(q, k, part(memory, w, b, 2 * width + h * d, d), NULL, options);
    }
    return cg_linear(cg_concat(heads, out, 2), cg_module_parameter_named(m, "out_weight"),
                     has_bias ? cg_module_parameter_named(m, "out_bias") : NULL);
}

CPU_TEST(attention_module, heads) {
    cg_seed(dev, 5);
    cg_module *m =
        cg_multi_head_attention_module(dev, 6, 3, (cg_multi_head_attention_options){.causal = true});
    if (!CHECK(m != NULL)) return;
    CHECK(cg_parameter_count(m) == 4 && cg_parameter_elements(m) == 6 * 18 + 18 + 36 + 6);
    check_is(cg_module_parameter_named(m, "in_weight"), CG_F32, cg_shape(6, 18));
    CHECK(cg_assign(cg_detach(cg_module_parameter_named(m, "in_bias")),
                    cg_arange(dev, CG_F32, 0, 1.8, 0.1)) == CG_OK);
    cg_tensor *x = some(dev, cg_shape(2, 5, 6), 1), *y = cg_forward(m, x);
    cg_tensor *want = by_hand(m, x, x, 6, 3, true, (cg_attention_options){.causal = true});
    check_within(y, CG_F32, cg_shape(2, 5, 6), read_values(want), 64, NULL);
    check_case("every parameter gets a gradient");
    CHECK(cg_backward(cg_sum(cg_square(y), CG_ALL_AXES, false)) == CG_OK);
    for (int i = 0; i < 4; i++) {
        const char *name;
        cg_tensor *g = cg_grad_of(cg_parameter(m, i, &name));
        if (CHECK_MSG(g != NULL, "%s has none", name))
            CHECK_MSG(read_values(cg_sum(cg_abs(g), CG_ALL_AXES, false))[0] > 0.01L, "%s: all 0", name);
    }
    cg_module_free(m);
}

CPU_TEST(attention_module, cross_attention) {
    cg_module *m =
        cg_multi_head_attention_module(dev, 4, 2, (cg_multi_head_attention_options){.no_bias = true});
    CHECK(cg_parameter_count(m) == 2);
    cg_tensor *x = some(dev, cg_shape(2, 3, 4), 1), *memory = some(dev, cg_shape(2, 7, 4), 2);
    cg_tensor *want = by_hand(m, x, memory, 4, 2, false, (cg_attention_options){0});
    check_within(cg_multi_head_attention_forward(m, x, memory, NULL), CG_F32, cg_shape(2, 3, 4),
                 read_values(want), 64, NULL);
    check_same_bits(cg_multi_head_attention_forward(m, x, NULL, NULL), cg_forward(m, x));
    check_case("a mask that hides all but the first 4");
    cg_tensor *few = cg_lt(cg_arange(dev, CG_I64, 0, 7, 1), 4);
    want = cg_multi_head_attention_forward(m, x, cg_slice(memory, 1, 0, 4, 1), NULL);
    check_within(cg_multi_head_attention_forward(m, x, memory, few), CG_F32, cg_shape(2, 3, 4),
                 read_values(want), 64, NULL);
    cg_module_free(m);
}

CPU_TEST(attention_module, dropout_while_it_trains) {
    cg_module *m =
        cg_multi_head_attention_module(dev, 4, 2, (cg_multi_head_attention_options){.dropout = 0.5});
    cg_tensor *x = some(dev, cg_shape(1, 6, 4), 1);
    const long double *a = read_values(cg_forward(m, x)), *b = read_values(cg_forward(m, x));
    CHECK(a && b && a[0] != b[0]);
    cg_module_train(m, false);
    check_same_bits(cg_forward(m, x), cg_forward(m, x));
    cg_module_free(m);
}

CPU_TEST(attention_module, refusals) {
    cg_multi_head_attention_options plain = {0};
    CHECK_FAILS(dev, cg_multi_head_attention_module(dev, 6, 4, plain), CG_ERROR_ARGUMENT, "4 heads", "6");
    CHECK_FAILS(dev, cg_multi_head_attention_module(dev, 0, 1, plain), CG_ERROR_ARGUMENT, "width");
    CHECK_FAILS(dev, cg_multi_head_attention_module(dev, INT64_C(1) << 62, 2, plain), CG_ERROR_ARGUMENT,
                "multi_head_attention_module", "at most 2147483648");
    CHECK_FAILS(dev,
                cg_multi_head_attention_module(dev, 4, 2, (cg_multi_head_attention_options){.dropout = 1}),
                CG_ERROR_ARGUMENT, "dropout");
    cg_module *m = cg_multi_head_attention_module(dev, 4, 2, plain), *other = cg_sequential(dev);
    cg_tensor *x = some(dev, cg_shape(1, 6, 4), 1), *wide = some(dev, cg_shape(1, 6, 5), 1);
    CHECK_FAILS(dev, cg_forward(m, wide), CG_ERROR_SHAPE, "(B, T, 4)", "(1, 6, 5)");
    CHECK_FAILS(dev, cg_multi_head_attention_forward(m, x, wide, NULL), CG_ERROR_SHAPE, "memory",
                "(1, 6, 5)");
    CHECK_FAILS(dev, cg_multi_head_attention_forward(other, x, NULL, NULL), CG_ERROR_ARGUMENT, "sequential");
    CHECK(!cg_multi_head_attention_forward(NULL, x, NULL, NULL) &&
          !cg_multi_head_attention_forward(m, NULL, NULL, NULL) &&
          !cg_multi_head_attention_module(NULL, 4, 2, plain) && cg_error_code(dev) == CG_OK);
    cg_module_free(m);
    cg_module_free(other);
}
