#include "reference/ref_networks.h"
#include "support/device_test.h"
#include "support/gradients.h"

#include <math.h>

/* Operands (batch, heads, T, D), (batch, heads, S, D), (batch, heads, S, E). */
typedef struct operands {
    cg_tensor *q, *k, *v;
} operands;

static cg_tensor *random_of(cg_device *dev, cg_dtype t, cg_dims shape, double size, uint64_t *seed) {
    return cg_from_host(dev, t, shape, random_values(t, ref_count(shape.rank, shape.dim), -size, size, seed));
}

static operands random_operands(cg_device *dev, cg_dtype dtype, int64_t queries, int64_t keys, int64_t d,
                                int64_t e, double size) {
    uint64_t seed = 21;
    return (operands){random_of(dev, dtype, cg_shape(2, 2, queries, d), size, &seed),
                      random_of(dev, dtype, cg_shape(2, 2, keys, d), size, &seed),
                      random_of(dev, dtype, cg_shape(2, 2, keys, e), 1, &seed)};
}

static cg_tensor *attend(operands o, cg_tensor *mask, cg_attention_options options) {
    return cg_scaled_dot_product_attention(o.q, o.k, o.v, mask, options);
}

static void check_against_reference(operands o, cg_tensor *mask, cg_attention_options options) {
    const int64_t keys = cg_size(o.k, -2), d = cg_size(o.q, -1);
    ref_array m = {0}, size;
    if (mask) m = read_array(mask);
    ref_attention how = {.mask = mask ? &m : NULL,
                         .mask_is_bool = mask && cg_dtype_of(mask) == CG_BOOL,
                         .causal = options.causal,
                         .scale =
                             options.scale != 0 ? (long double)options.scale : 1 / sqrtl((long double)d)};
    ref_array want = ref_attend(&how, read_array(o.q), read_array(o.k), read_array(o.v), &size);
    check_within(attend(o, mask, options), cg_dtype_of(o.q), cg_shape_of(want.rank, want.shape), want.v,
                 (double)(keys + 4 * (d + 4) + 8), size.v);
}

static cg_tensor *masked(void *context, int n, cg_tensor *const *x) {
    (void)n;
    return attend((operands){x[0], x[1], x[2]}, context, (cg_attention_options){0});
}

/* --- values ----------------------------------------------------------------------------------------------------- */

/* Sizes that are no multiples of anything, longer than a tile, T shorter and longer than S. */
DEVICE_TEST_ONCE(small_attention, sizes) {
    const struct {
        int64_t queries, keys, d, e;
    } all[] = {{1, 1, 1, 1}, {3, 7, 5, 2}, {37, 11, 8, 16}, {5, 70, 16, 8}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        for (int causal = 0; causal < 2; causal++) {
            if (device_is_opencl(dev) && i != 2) continue; /* each is a kernel to build */
            check_case("T %lld, S %lld%s", (long long)all[i].queries, (long long)all[i].keys,
                       causal ? ", causal" : "");
            check_against_reference(
                random_operands(dev, CG_F32, all[i].queries, all[i].keys, all[i].d, all[i].e, 2), NULL,
                (cg_attention_options){.causal = causal != 0});
        }
}

CPU_TEST(attention, long_sequences) {
    for (int t = CG_F32; t <= CG_F64; t++)
        for (int causal = 0; causal < 2; causal++) {
            check_case("%s%s", cg_dtype_name((cg_dtype)t), causal ? ", causal" : "");
            check_against_reference(random_operands(dev, (cg_dtype)t, 70, 277, 9, 17, 2), NULL,
                                    (cg_attention_options){.causal = causal != 0});
        }
}

/* exp of the scores themselves would be infinite. */
CPU_TEST(attention, large_scores) {
    check_against_reference(random_operands(dev, CG_F32, 9, 40, 4, 4, 100), NULL, (cg_attention_options){0});
}

CPU_TEST(attention, promotion) {
    operands o = random_operands(dev, CG_F32, 2, 3, 4, 2, 1);
    cg_tensor *want = attend((operands){cg_cast(o.q, CG_F64), cg_cast(o.k, CG_F64), cg_cast(o.v, CG_F64)},
                             NULL, (cg_attention_options){0});
    check_same_bits(attend((operands){o.q, cg_cast(o.k, CG_F64), o.v}, NULL, (cg_attention_options){0}),
                    want);
    cg_tensor *whole = cg_from_i32(dev, cg_shape(1, 1), (const int32_t[]){7});
    check_equal(attend((operands){whole, whole, whole}, NULL, (cg_attention_options){0}), CG_F32,
                cg_shape(1, 1), (long double[]){7});
}

/* The heads of a packed (B, T, 3 H D), as multi-head attention has them. */
CPU_TEST(attention, views) {
    uint64_t seed = 4;
    cg_tensor *packed = random_of(dev, CG_F32, cg_shape(2, 5, 3, 2, 4), 1, &seed), *part[3];
    for (int i = 0; i < 3; i++) part[i] = cg_transpose(cg_squeeze(cg_slice(packed, 2, i, i + 1, 1), 2), 1, 2);
    operands o = {part[0], part[1], part[2]};
    operands dense = {cg_contiguous(o.q), cg_contiguous(o.k), cg_contiguous(o.v)};
    check_same_bits(attend(o, NULL, (cg_attention_options){0}),
                    attend(dense, NULL, (cg_attention_options){0}));
    check_case("an axis of features that is not the last in memory");
    operands odd = {cg_transpose(cg_contiguous(cg_transpose(o.q, -1, -2)), -1, -2), o.k, o.v};
    check_same_bits(attend(odd, NULL, (cg_attention_options){0}),
                    attend(dense, NULL, (cg_attention_options){0}));
}

/* --- masks ------------------------------------------------------------------------------------------------------ */

/* More batch axes than the backend takes, broadcast in every operand; and none. */
CPU_TEST(attention, batch_axes) {
    uint64_t seed = 12;
    operands o = {random_of(dev, CG_F32, cg_shape(2, 1, 3, 4, 5), 1, &seed),
                  random_of(dev, CG_F32, cg_shape(2, 1, 6, 5), 1, &seed),
                  random_of(dev, CG_F32, cg_shape(2, 1, 1, 6, 3), 1, &seed)};
    cg_tensor *seen = cg_gt(random_of(dev, CG_F32, cg_shape(2, 1, 1, 4, 6), 1, &seed), -0.3);
    check_against_reference(o, NULL, (cg_attention_options){0});
    check_against_reference(o, seen, (cg_attention_options){.causal = true});
    check_against_reference((operands){random_of(dev, CG_F32, cg_shape(4, 5), 1, &seed),
                                       random_of(dev, CG_F32, cg_shape(6, 5), 1, &seed),
                                       random_of(dev, CG_F32, cg_shape(6, 3), 1, &seed)},
                            NULL, (cg_attention_options){.causal = true});
    check_case("gradients");
    cg_tensor *x[] = {cg_cast(o.q, CG_F64), cg_cast(o.k, CG_F64), cg_cast(o.v, CG_F64)};
    check_gradient(masked, seen, 3, x);
}

/* A key is hidden in each of three ways; and a mask for every head, query or key alone. */
DEVICE_TEST_ONCE(small_attention, masks) {
    operands o = random_operands(dev, CG_F32, 4, 6, 4, 4, 1);
    uint64_t seed = 8;
    const cg_dims shapes[] = {cg_shape(4, 6), cg_shape(2, 1, 4, 6), cg_shape(6), cg_shape(2, 1, 1),
                              cg_shape(2, 2, 4, 6)};
    for (int i = 0; i < (device_is_opencl(dev) ? 1 : 5); i++) {
        check_case("bool, %s", shape_text(shapes[i]));
        cg_tensor *seen = cg_gt(random_of(dev, CG_F32, shapes[i], 1, &seed), -0.3);
        check_against_reference(o, seen, (cg_attention_options){0});
        check_against_reference(o, seen, (cg_attention_options){.causal = true});
        check_case("real, %s", shape_text(shapes[i]));
        cg_tensor *added = cg_where(seen, random_of(dev, CG_F32, shapes[i], 2, &seed), (double)-INFINITY);
        check_against_reference(o, added, (cg_attention_options){0});
        check_against_reference(o, added, (cg_attention_options){.causal = true, .scale = 0.3});
    }
}

/* A query that sees nothing gives 0, no gradient, and disturbs nobody: bool and real masks, no keys at all. */
CPU_TEST(attention, nothing_to_see) {
    operands o = random_operands(dev, CG_F32, 3, 4, 4, 2, 1);
    cg_tensor *seen =
        cg_from_host(dev, CG_BOOL, cg_shape(3, 4), (const bool[]){1, 0, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1});
    cg_tensor *mask[] = {seen, cg_where(seen, 0.0, (double)-INFINITY)};
    for (int i = 0; i < 2; i++) {
        check_case("%s", i ? "real" : "bool");
        check_against_reference(o, mask[i], (cg_attention_options){0});
        cg_tensor *leaf = cg_require_grad(cg_clone(o.q), true), *g = NULL;
        cg_tensor *y = attend((operands){leaf, o.k, o.v}, mask[i], (cg_attention_options){0});
        CHECK(cg_grad(cg_sum(cg_square(y), CG_ALL_AXES, false), NULL, 1, &leaf, false, &g) == CG_OK);
        const long double *out = read_values(y), *slope = read_values(g);
        for (int64_t j = 0; out && slope && j < 4; j++) {
            CHECK(out[j * 6 + 2] == 0 && out[j * 6 + 3] == 0 && slope[j * 12 + 4] == 0);
            for (int64_t l = 0; l < 12; l++) CHECK(isfinite((double)slope[j * 12 + l]));
        }
    }
    check_case("no keys");
    operands none = random_operands(dev, CG_F32, 3, 0, 4, 2, 1);
    check_equal(attend(none, NULL, (cg_attention_options){0}), CG_F32, cg_shape(2, 2, 3, 2),
                (long double[24]){0});
}

/* 0 whatever the values are, by the backend and as a composition (dropout; a mask that wants a gradient). */
CPU_TEST(attention, nothing_to_see_of_infinities) {
    operands o = random_operands(dev, CG_F32, 3, 4, 2, 2, 1);
    cg_tensor *bad =
        cg_from_f32(dev, cg_shape(4, 2), (const float[]){1, INFINITY, NAN, 1, 1, -INFINITY, 1, 1});
    o.v = cg_expand(bad, cg_shape(2, 2, 4, 2));
    cg_tensor *seen =
        cg_from_host(dev, CG_BOOL, cg_shape(3, 4), (const bool[]){1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1});
    cg_tensor *leaf = cg_require_grad(cg_clone(cg_where(seen, 0.0, (double)-INFINITY)), true);
    cg_tensor *y[] = {attend(o, seen, (cg_attention_options){0}),
                      attend(o, seen, (cg_attention_options){.dropout = 0.5, .causal = true}),
                      attend(o, leaf, (cg_attention_options){0})};
    for (int i = 0; i < 3; i++) {
        check_case("way %d", i);
        check_equal(cg_slice(y[i], 2, 1, 2, 1), CG_F32, cg_shape(2, 2, 1, 2), (long double[8]){0});
    }
}

/* Gradients with rows that see nothing: they are zero to every order. */
CPU_TEST(attention, gradients_of_hidden_rows) {
    uint64_t seed = 2;
    cg_tensor *x[] = {random_f64(dev, cg_shape(3, 2), -1, 1, 0, &seed),
                      random_f64(dev, cg_shape(4, 2), -1, 1, 0, &seed),
                      random_f64(dev, cg_shape(4, 3), -1, 1, 0, &seed)};
    cg_tensor *seen =
        cg_from_host(dev, CG_BOOL, cg_shape(3, 4), (const bool[]){1, 0, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1});
    cg_tensor *mask[] = {seen, cg_where(seen, cg_full(dev, CG_F64, cg_shape(4), 0.5), (double)-INFINITY)};
    for (int i = 0; i < 2; i++) {
        check_gradient(masked, mask[i], 3, x);
        check_second_gradient(masked, mask[i], 3, x);
    }
}

/* More sequences than a grid of work-groups may have along all axes but the first. */
DEVICE_TEST_ONCE(attention, many_sequences) {
    const cg_dims shape = cg_shape(66000, 1, 1);
    uint64_t seed = 5;
    cg_tensor *v = cg_require_grad(random_of(dev, CG_F32, shape, 1, &seed), true), *dv = NULL;
    cg_tensor *g = random_of(dev, CG_F32, shape, 1, &seed), *q = random_of(dev, CG_F32, shape, 1, &seed);
    cg_tensor *y = cg_scaled_dot_product_attention(q, q, v, NULL, (cg_attention_options){0});
    check_same_bits(y, v);
    CHECK(cg_grad(y, g, 1, &v, false, &dv) == CG_OK);
    check_same_bits(dv, g);
}

/* --- causality, dropout ------------------------------------------------------------------------------------------- */

CPU_TEST(attention, the_future_is_hidden) {
    operands o = random_operands(dev, CG_F32, 70, 70, 8, 8, 1), other = o;
    cg_attention_options causal = {.causal = true};
    other.k = cg_concat(
        2, (cg_tensor *[]){cg_slice(o.k, 2, 0, 40, 1), cg_full(dev, CG_F32, cg_shape(2, 2, 30, 8), 9)}, 2);
    other.v = cg_concat(
        2, (cg_tensor *[]){cg_slice(o.v, 2, 0, 40, 1), cg_full(dev, CG_F32, cg_shape(2, 2, 30, 8), 9)}, 2);
    check_same_bits(cg_slice(attend(o, NULL, causal), 2, 0, 40, 1),
                    cg_slice(attend(other, NULL, causal), 2, 0, 40, 1));
    check_case("and from then on it is seen");
    const long double *y = read_values(attend(o, NULL, causal)),
                      *z = read_values(attend(other, NULL, causal));
    CHECK(y && z && y[40 * 8] != z[40 * 8]);
}

/* The mean over many draws is what there is without dropout; each draw is that of the generator. */
CPU_TEST(attention, dropout) {
    operands o = random_operands(dev, CG_F64, 3, 5, 4, 2, 1);
    cg_attention_options half = {.dropout = 0.5};
    cg_seed(dev, 6);
    cg_tensor *first = attend(o, NULL, half), *second = attend(o, NULL, half), *sum = NULL;
    cg_seed(dev, 6);
    check_same_bits(attend(o, NULL, half), first);
    check_same_bits(attend(o, NULL, half), second);
    check_case("p is that of the formula");
    cg_seed(dev, 6);
    cg_tensor *p = cg_softmax(cg_matmul(cg_mul(o.q, 0.5), cg_transpose(o.k, -1, -2)), -1);
    check_within(cg_matmul(cg_dropout(p, 0.5), o.v), CG_F64, cg_shape(2, 2, 3, 2), read_values(first), 64,
                 NULL);
    check_case("the mean");
    for (int i = 0; i < 400; i++) {
        cg_tensor *y = attend(o, NULL, half);
        sum = sum ? cg_add(sum, y) : y;
    }
    const long double *mean = read_values(cg_div(sum, 400)),
                      *want = read_values(attend(o, NULL, (cg_attention_options){0}));
    for (int i = 0; mean && want && i < 24; i++) CHECK(fabsl(mean[i] - want[i]) < 0.2L);
}

static cg_tensor *dropped(void *context, int n, cg_tensor *const *x) {
    (void)context, (void)n;
    cg_seed(cg_device_of(x[0]), 6);
    return attend((operands){x[0], x[1], x[2]}, NULL, (cg_attention_options){.dropout = 0.4, .causal = true});
}

CPU_TEST(attention, gradient_of_dropout) {
    uint64_t seed = 2;
    cg_tensor *x[] = {random_f64(dev, cg_shape(3, 2), -1, 1, 0, &seed),
                      random_f64(dev, cg_shape(3, 2), -1, 1, 0, &seed),
                      random_f64(dev, cg_shape(3, 3), -1, 1, 0, &seed)};
    check_gradient(dropped, NULL, 3, x);
    check_second_gradient(dropped, NULL, 3, x);
}

/* --- refusals --------------------------------------------------------------------------------------------------- */

CPU_TEST(attention, refusals) {
    operands o = random_operands(dev, CG_F32, 3, 5, 4, 2, 1);
    cg_attention_options plain = {0};
    cg_tensor *line = cg_zeros(dev, CG_F32, cg_shape(4));
    CHECK_FAILS(dev, attend((operands){line, o.k, o.v}, NULL, plain), CG_ERROR_SHAPE, "(4,)", "(2, 2, 5, 4)");
    CHECK_FAILS(dev, attend((operands){o.q, o.v, o.v}, NULL, plain), CG_ERROR_SHAPE, "last axis");
    CHECK_FAILS(dev, attend((operands){o.q, o.k, o.q}, NULL, plain), CG_ERROR_SHAPE, "as many keys");
    CHECK_FAILS(dev, attend((operands){cg_zeros(dev, CG_F32, cg_shape(3, 1, 3, 4)), o.k, o.v}, NULL, plain),
                CG_ERROR_SHAPE, "batch");
    CHECK_FAILS(dev, attend(o, cg_zeros(dev, CG_F32, cg_shape(4, 5)), plain), CG_ERROR_SHAPE, "mask",
                "(4, 5)", "(2, 2, 3, 5)");
    CHECK_FAILS(dev, attend(o, cg_zeros(dev, CG_F32, cg_shape(3, 2, 2, 3, 5)), plain), CG_ERROR_SHAPE,
                "mask");
    CHECK_FAILS(dev, attend(o, cg_zeros(dev, CG_I32, cg_shape(5)), plain), CG_ERROR_DTYPE, "i32");
    CHECK_FAILS(dev, attend(o, NULL, (cg_attention_options){.dropout = 1}), CG_ERROR_ARGUMENT, "dropout",
                "1");
    CHECK_FAILS(dev, attend(o, NULL, (cg_attention_options){.scale = (double)INFINITY}), CG_ERROR_ARGUMENT,
                "scale");
    CHECK(!attend((operands){NULL, o.k, o.v}, NULL, plain) &&
          !attend((operands){o.q, NULL, o.v}, NULL, plain) &&
          !attend((operands){o.q, o.k, NULL}, NULL, plain) && cg_error_code(dev) == CG_OK);
}
