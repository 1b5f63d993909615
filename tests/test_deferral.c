#include "support/device_test.h"

#include <math.h>

/* Whether the device under test defers at all: a single row is not launched before it is read. */
static bool fuses(cg_device *dev) {
    cg_tensor *x = cg_eval(cg_ones(dev, CG_F32, cg_shape(3)));
    uint64_t before = device_launches(dev);
    cg_tensor *y = cg_exp(x);
    bool deferred = device_launches(dev) == before;
    CHECK(cg_eval(y) != NULL);
    return deferred;
}

static cg_tensor *vector(cg_device *dev, int64_t n) {
    float *data = scratch((size_t)n * sizeof *data);
    for (int64_t i = 0; i < n; i++) data[i] = 0.01f * (float)(i % 37) - 0.17f;
    return cg_from_f32(dev, cg_shape(n), data);
}

/* The six rows of one launch when fused, six when not. */
DEVICE_TEST(small_deferral, a_chain_is_one_launch) {
    cg_tensor *x = vector(dev, 67), *b = vector(dev, 67);
    bool fused = fuses(dev);
    uint64_t before = device_launches(dev);
    cg_tensor *y = cg_tanh(cg_mul(cg_add(cg_exp(cg_neg(x)), b), 0.5));
    cg_tensor *z = cg_maximum(y, 0.1);
    CHECK_MSG(!fused || device_launches(dev) == before, "launched before anything was read");
    CHECK(cg_eval(z) != NULL);
    uint64_t n = device_launches(dev) - before;
    CHECK_MSG(n == (fused ? 1u : 6u), "%llu launches", (unsigned long long)n);
    const long double *in = read_values(x), *add = read_values(b);
    long double want[67];
    for (int i = 0; i < 67; i++) want[i] = fmaxl(tanhl((expl(-in[i]) + add[i]) / 2), (long double)0.1f);
    check_within(z, CG_F32, cg_shape(67), want, 8, NULL);
}

/* What the user reads half way costs no second computation of what is behind it, and stays right. */
DEVICE_TEST(small_deferral, several_outputs) {
    cg_tensor *x = vector(dev, 65);
    cg_tensor *a = cg_exp(x), *b = cg_mul(a, 2), *c = cg_add(b, a), *d = cg_sub(b, c);
    const long double *vd = read_values(d), *vc = read_values(c), *vb = read_values(b), *va = read_values(a);
    for (int i = 0; vd && vc && vb && va && i < 65; i++) {
        CHECK_MSG(vb[i] == 2 * va[i], "b, element %d", i);
        CHECK_MSG(vc[i] == (float)(vb[i] + va[i]), "c, element %d", i);
        CHECK_MSG(vd[i] == (float)(vb[i] - vc[i]), "d, element %d", i);
    }
}

/* x -> (x + x) 60 times over: a tree of 2^60 leaves if shared parts were written out. */
DEVICE_TEST(small_deferral, shared_subexpressions) {
    cg_tensor *y = cg_full(dev, CG_F64, cg_shape(3), 1);
    if (!cg_device_properties(dev)->has_f64) {
        cg_error_clear(dev);
        return;
    }
    y = cg_mul(y, cg_from_f64(dev, cg_shape(3), (const double[]){1, 2, 3}));
    for (int i = 0; i < 60; i++) y = cg_add(y, y);
    check_equal(y, CG_F64, cg_shape(3), (long double[]){0x1p60L, 0x2p60L, 0x3p60L});
}

/* Beyond every limit of a program: instructions, constants, inputs, outputs. */
DEVICE_TEST(small_deferral, beyond_the_limits) {
    check_case("100 rows");
    cg_tensor *x = vector(dev, 33), *y = x;
    const long double *in = read_values(x);
    for (int i = 0; i < 100; i++) y = cg_add(cg_neg(y), 1.0);
    check_within(y, CG_F32, cg_shape(33), in, 8, NULL);
    check_case("50 different constants");
    y = x;
    double total = 0;
    for (int i = 0; i < 50; i++) {
        y = cg_add(y, 0.125 * i);
        total += 0.125 * i;
    }
    long double want[33];
    for (int i = 0; i < 33; i++) want[i] = in[i] + (long double)total;
    check_within(y, CG_F32, cg_shape(33), want, 400, want);
    check_case("40 different inputs");
    y = cg_zeros(dev, CG_F32, cg_shape(33));
    for (int i = 0; i < 40; i++) y = cg_add(y, cg_full(dev, CG_F32, cg_shape(33), i));
    for (int i = 0; i < 40; i++) {
        float data[33];
        for (int j = 0; j < 33; j++) data[j] = (float)(i + j);
        y = cg_add(y, cg_from_f32(dev, cg_shape(33), data));
    }
    for (int j = 0; j < 33; j++) want[j] = 780 + 780 + 40 * j;
    check_equal(y, CG_F32, cg_shape(33), want);
    check_case("20 results of one input, read last to first");
    cg_tensor *kept[20];
    kept[0] = cg_add(cg_from_f32(dev, cg_shape(2), (const float[]){1, 2}), 0);
    for (int i = 1; i < 20; i++) kept[i] = cg_retain(cg_add(kept[i - 1], 1));
    for (int i = 19; i > 0; i--) {
        check_equal(kept[i], CG_F32, cg_shape(2), (long double[]){1 + i, 2 + i});
        cg_release(kept[i]);
    }
}

/* A pending node of a smaller shape, another dtype, or that is read through a view. */
DEVICE_TEST(small_deferral, pending_operands_of_another_kind) {
    cg_tensor *row = cg_mul(cg_from_f32(dev, cg_shape(3), (const float[]){1, 2, 3}), 2);
    cg_tensor *column = cg_add(cg_from_f32(dev, cg_shape(2, 1), (const float[]){10, 20}), 0);
    check_equal(cg_add(row, column), CG_F32, cg_shape(2, 3), (long double[]){12, 14, 16, 22, 24, 26});
    cg_tensor *sum = cg_add(row, column);
    check_equal(cg_add(cg_transpose(sum, 0, 1), 1), CG_F32, cg_shape(3, 2),
                (long double[]){13, 23, 15, 25, 17, 27});
    check_equal(cg_mul(cg_slice(sum, 1, CG_SLICE_OPEN, CG_SLICE_OPEN, -2), 1), CG_F32, cg_shape(2, 2),
                (long double[]){16, 12, 26, 22});
    check_equal(cg_add(cg_reshape(sum, cg_shape(6)), cg_reshape(sum, cg_shape(6))), CG_F32, cg_shape(6),
                (long double[]){24, 28, 32, 44, 48, 52});
    check_case("dtypes in one chain");
    cg_tensor *i = cg_add(cg_from_i32(dev, cg_shape(3), (const int32_t[]){3, 300, -1}), 1);
    cg_tensor *u = cg_cast(i, CG_U8), *f = cg_mul(cg_cast(u, CG_F32), 0.5), *t = cg_gt(f, 1.5);
    check_equal(u, CG_U8, cg_shape(3), (long double[]){4, 45, 0});
    check_equal(f, CG_F32, cg_shape(3), (long double[]){2, 22.5, 0});
    check_equal(cg_where(t, i, -1), CG_I32, cg_shape(3), (long double[]){4, 301, -1});
}

/* The value behind a pending reader is not the one that is written later. */
DEVICE_TEST(small_deferral, writes_wait_for_readers) {
    cg_tensor *x = cg_from_f32(dev, cg_shape(4), (const float[]){1, 2, 3, 4});
    cg_tensor *a = cg_mul(x, 10), *b = cg_add(a, cg_slice(x, 0, CG_SLICE_OPEN, CG_SLICE_OPEN, -1));
    CHECK(cg_copy_from_host(x, (const float[]){0, 0, 0, 0}, 16) == CG_OK);
    check_equal(b, CG_F32, cg_shape(4), (long double[]){14, 23, 32, 41});
    check_equal(a, CG_F32, cg_shape(4), (long double[]){10, 20, 30, 40});
    check_equal(cg_add(x, 1), CG_F32, cg_shape(4), (long double[]){1, 1, 1, 1});
}

/* A reduction loads the program: the elements behind a sum are never stored. */
DEVICE_TEST(small_deferral, prologue_of_a_reduction) {
    bool fused = fuses(dev);
    cg_tensor *x = cg_eval(cg_reshape(vector(dev, 35), cg_shape(5, 7)));
    cg_tensor *w = cg_eval(cg_ones(dev, CG_F32, cg_shape(7)));
    uint64_t before = device_launches(dev), bytes = cg_device_statistics(dev).bytes_in_use;
    cg_tensor *s = cg_sum(cg_mul(cg_square(cg_sub(x, 0.25)), w), cg_axes(1), false);
    uint64_t n = device_launches(dev) - before, grown = cg_device_statistics(dev).bytes_in_use - bytes;
    CHECK_MSG(!fused || n == 1, "%llu launches", (unsigned long long)n);
    CHECK_MSG(!fused || grown <= 256, "%llu bytes for 5 sums", (unsigned long long)grown);
    const long double *in = read_values(x);
    long double want[5] = {0};
    for (int i = 0; i < 35; i++) want[i / 7] += (in[i] - 0.25L) * (in[i] - 0.25L);
    check_within(s, CG_F32, cg_shape(5), want, 16, NULL);
}

/* What nobody reads is never computed. */
DEVICE_TEST(small_deferral, unread_work_is_not_done) {
    if (!fuses(dev)) return;
    cg_tensor *x = vector(dev, 9);
    uint64_t before = device_launches(dev);
    cg_scope *scope = cg_scope_begin(dev);
    for (int i = 0; i < 10; i++) CHECK(cg_exp(cg_add(x, i)) != NULL);
    cg_scope_end(scope);
    CHECK(device_launches(dev) == before);
}

enum { NODES = 40, WIDTH = 19 };

static cg_tensor *random_row(cg_tensor *x, cg_tensor *y, int64_t choice) {
    switch (choice) {
    case 0:
        return cg_add(x, y);
    case 1:
        return cg_sub(x, cg_mul(y, 0.25));
    case 2:
        return cg_where(cg_gt(x, y), x, 0.5);
    case 3:
        return cg_tanh(x);
    case 4:
        return cg_minimum(cg_abs(x), 3);
    case 5:
        return cg_slice(x, 1, CG_SLICE_OPEN, CG_SLICE_OPEN, -1);
    case 6:
        return cg_cast(cg_cast(cg_mul(x, 8), CG_I32), CG_F32);
    case 7:
        return cg_matmul(x, cg_tanh(cg_matmul(cg_transpose(y, 0, 1), y)));
    default:
        return cg_lerp(x, y, 0.5);
    }
}

/* NODES retained tensors, each a row of two that came before; some are computed on the way. */
static void random_graph(cg_device *dev, uint64_t seed, cg_tensor **node) {
    cg_scope *scope = cg_scope_begin(dev);
    for (int i = 0; i < NODES; i++) {
        if (i < 3) {
            int64_t rows = i == 0 ? 2 : 1;
            node[i] =
                cg_from_f32(dev, cg_shape(rows, WIDTH), random_values(CG_F32, rows * WIDTH, -2, 2, &seed));
        } else {
            cg_tensor *x = node[random_below(&seed, i)], *y = node[random_below(&seed, i)];
            node[i] = random_row(x, y, random_below(&seed, 9));
            if (random_below(&seed, 6) == 0) cg_eval(node[random_below(&seed, i)]);
        }
        cg_retain(node[i]);
    }
    cg_scope_end(scope);
}

/* Read in another order than made: the same bits with fusion and without. */
DEVICE_TEST(small_deferral, random_graphs) {
    cg_device *plain = target_open_again(dev, false);
    if (!plain) return;
    int rounds = device_is_slow(dev) ? 1 : device_is_opencl(dev) ? 2 : 200;
    for (int round = 1; round <= rounds; round++) {
        check_case("random graph, seed %d", round);
        cg_tensor *a[NODES], *b[NODES];
        random_graph(dev, (uint64_t)round, a);
        random_graph(plain, (uint64_t)round, b);
        for (int i = NODES - 1; i >= 0; i--) {
            check_same_bits(a[i], b[i]);
            cg_release(a[i]);
            cg_release(b[i]);
        }
        scratch_free_all();
    }
    CHECK_MSG(cg_error_code(plain) == CG_OK, "%s", cg_error_message(plain));
    cg_device_close(plain);
}
