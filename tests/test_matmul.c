#include "reference/reference.h"
#include "support/device_test.h"

#include <math.h>

/* The promise is (k + 2) u (|a| |b|); what is reached on this kind of device is 8 u. */
static double bound(int64_t k) { return fmin(8, (double)k + 2); }

typedef struct product {
    int64_t m, n, k;
    cg_dtype dtype;
    test_layout a, b;
    bool exact; /* small integers: every order of additions gives the same */
} product;

static void run_product(cg_device *dev, const product *p, uint64_t seed) {
    cg_scope *scope = cg_scope_begin(dev);
    check_case("%s m %lld n %lld k %lld, a %s, b %s, %s, seed %llu", cg_dtype_name(p->dtype), (long long)p->m,
               (long long)p->n, (long long)p->k, layout_name(p->a), layout_name(p->b),
               p->exact ? "integers" : "random", (unsigned long long)seed);
    int64_t na = p->m * p->k, nb = p->k * p->n, nc = p->m * p->n;
    void *a = random_values(p->dtype, na, p->exact ? -8 : -1, p->exact ? 8 : 1, &seed);
    void *b = random_values(p->dtype, nb, p->exact ? -8 : -1, p->exact ? 8 : 1, &seed);
    for (int64_t i = 0; p->exact && i < na; i++) value_set(p->dtype, a, i, rintl(value_get(p->dtype, a, i)));
    for (int64_t i = 0; p->exact && i < nb; i++) value_set(p->dtype, b, i, rintl(value_get(p->dtype, b, i)));
    cg_tensor *x = layout_tensor(dev, p->dtype, cg_shape(p->m, p->k), p->a, a);
    cg_tensor *y = layout_tensor(dev, p->dtype, cg_shape(p->k, p->n), p->b, b);
    long double *want = scratch((size_t)nc * sizeof *want), *size = scratch((size_t)nc * sizeof *size);
    ref_matmul(p->m, p->n, p->k, to_values(p->dtype, a, na), to_values(p->dtype, b, nb), want, size);
    cg_tensor *c = cg_matmul(x, y);
    if (p->exact)
        check_equal(c, p->dtype, cg_shape(p->m, p->n), want);
    else
        check_within(c, p->dtype, cg_shape(p->m, p->n), want, bound(p->k), size);
    cg_scope_end(scope);
    scratch_free_all();
}

/* Every m, n, k from 0 to 9, bit for bit, with layouts that take turns. */
DEVICE_TEST_ONCE(small_matmul, small_sizes_exact) {
    int turn = 0, step = device_is_slow(dev) ? 4 : device_is_opencl(dev) ? 2 : 1;
    for (int m = 0; m <= 9; m += step)
        for (int n = 0; n <= 9; n += step)
            for (int k = 0; k <= 9; k += step, turn++) {
                product p = {m,
                             n,
                             k,
                             turn % 4 && device_has(dev, CG_F64) ? CG_F32 : CG_F64,
                             (test_layout)(turn % LAYOUT_COUNT),
                             (test_layout)(turn / 7 % LAYOUT_COUNT),
                             true};
                if (!device_has(dev, p.dtype)) p.dtype = CG_F32;
                run_product(dev, &p, (uint64_t)turn + 1);
            }
}

/* Sizes round the tiles and blocks of the kernels. */
DEVICE_TEST_ONCE(matmul, tile_sizes_exact) {
    static const int sizes[] = {1, 13, 16, 17, 31, 32, 33, 63, 64, 65, 127, 129};
    enum { SIZES = sizeof sizes / sizeof *sizes };
    uint64_t seed = 12;
    for (int turn = 0; turn < (device_is_opencl(dev) ? 60 : 400); turn++) {
        product p = {sizes[random_below(&seed, SIZES)],
                     sizes[random_below(&seed, SIZES)],
                     sizes[random_below(&seed, SIZES)],
                     turn % 3 || !device_has(dev, CG_F64) ? CG_F32 : CG_F64,
                     (test_layout)random_below(&seed, LAYOUT_COUNT),
                     (test_layout)random_below(&seed, LAYOUT_COUNT),
                     true};
        run_product(dev, &p, (uint64_t)turn + 1);
    }
}

/* Whole networks' shapes, where blocks are packed and work is shared between threads; the last two with rows a power of two apart. */
DEVICE_TEST_ONCE(matmul, larger_random) {
    static const int64_t shapes[][3] = {{128, 512, 784}, {1, 512, 784},  {8, 130, 784}, {784, 64, 128},
                                        {257, 259, 263}, {64, 10, 1031}, {3, 4099, 5},  {300, 1, 300},
                                        {2, 2, 20011},   {512, 300, 17}, {7, 300, 512}};
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++)
        for (int way = 0; way < (device_is_opencl(dev) ? 2 : 4); way++) {
            product p = {shapes[i][0],
                         shapes[i][1],
                         shapes[i][2],
                         way >= 2 ? CG_F64 : CG_F32,
                         way % 2 == 1 ? LAYOUT_TRANSPOSED : LAYOUT_CONTIGUOUS,
                         way % 2 == 1 ? LAYOUT_TRANSPOSED : LAYOUT_CONTIGUOUS,
                         false};
            run_product(dev, &p, i + 1);
        }
}

/* (..., M, K) x (..., K, N) with batches that broadcast, against one product at a time. */
static void run_batch(cg_device *dev, cg_dims a, cg_dims b, test_layout la, test_layout lb) {
    check_case("%s %s times %s %s", shape_text(a), layout_name(la), shape_text(b), layout_name(lb));
    cg_dims batch_a = {.rank = a.rank - 2}, batch_b = {.rank = b.rank - 2}, batch;
    for (int i = 0; i < batch_a.rank; i++) batch_a.dim[i] = a.dim[i];
    for (int i = 0; i < batch_b.rank; i++) batch_b.dim[i] = b.dim[i];
    if (!CHECK(cg_broadcast_shapes(batch_a, batch_b, &batch))) return;
    int64_t m = a.dim[a.rank - 2], k = a.dim[a.rank - 1], n = b.dim[b.rank - 1];
    int64_t na = ref_count(a.rank, a.dim), nb = ref_count(b.rank, b.dim),
            count = ref_count(batch.rank, batch.dim);
    uint64_t seed = 3;
    float *pa = random_values(CG_F32, na, -4, 4, &seed), *pb = random_values(CG_F32, nb, -4, 4, &seed);
    for (int64_t i = 0; i < na; i++) pa[i] = rintf(pa[i]);
    for (int64_t i = 0; i < nb; i++) pb[i] = rintf(pb[i]);
    cg_tensor *x = layout_tensor(dev, CG_F32, a, la, pa), *y = layout_tensor(dev, CG_F32, b, lb, pb);
    const long double *va = to_values(CG_F32, pa, na), *vb = to_values(CG_F32, pb, nb);
    long double *want = scratch((size_t)(count * m * n) * sizeof *want);
    for (int64_t i = 0; i < count; i++)
        ref_matmul(m, n, k, va + m * k * ref_broadcast(i, batch.rank, batch.dim, batch_a.rank, batch_a.dim),
                   vb + k * n * ref_broadcast(i, batch.rank, batch.dim, batch_b.rank, batch_b.dim),
                   want + i * m * n, NULL);
    cg_dims out = batch;
    out.dim[out.rank++] = m;
    out.dim[out.rank++] = n;
    check_equal(cg_matmul(x, y), CG_F32, out, want);
}

DEVICE_TEST_ONCE(small_matmul, batches) {
    static const cg_dims pairs[][2] = {
        {{3, {2, 3, 4}}, {3, {2, 4, 5}}},
        {{3, {2, 3, 4}}, {2, {4, 5}}},
        {{2, {3, 4}}, {3, {2, 4, 5}}},
        {{4, {2, 1, 3, 4}}, {3, {3, 4, 2}}},
        {{4, {1, 2, 5, 2}}, {4, {3, 1, 2, 5}}},
        {{3, {0, 3, 4}}, {3, {1, 4, 5}}},
        {{3, {2, 0, 4}}, {3, {2, 4, 5}}},
        {{3, {2, 3, 0}}, {3, {2, 0, 5}}},
        {{3, {7, 1, 9}}, {3, {7, 9, 1}}},
        {{5, {2, 1, 2, 3, 4}}, {4, {3, 1, 4, 3}}},
        {{8, {1, 2, 1, 2, 1, 2, 3, 4}}, {2, {4, 3}}},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        for (int turn = 0; turn < 3; turn++) {
            test_layout la = (test_layout)((i + 2 * (size_t)turn) % LAYOUT_COUNT);
            test_layout lb = (test_layout)((2 * i + (size_t)turn) % LAYOUT_COUNT);
            run_batch(dev, pairs[i][0], pairs[i][1], la, lb);
        }
}

DEVICE_TEST(small_matmul, vectors) {
    cg_tensor *m = cg_cast(cg_from_i32(dev, cg_shape(2, 3), (const int32_t[]){1, 2, 3, 4, 5, 6}), CG_F32);
    cg_tensor *v = cg_cast(cg_from_i32(dev, cg_shape(3), (const int32_t[]){1, 10, 100}), CG_F32);
    cg_tensor *w = cg_slice(v, 0, 0, 2, 1);
    check_equal(cg_matmul(m, v), CG_F32, cg_shape(2), (long double[]){321, 654});
    check_equal(cg_matmul(w, m), CG_F32, cg_shape(3), (long double[]){41, 52, 63});
    check_equal(cg_matmul(v, v), CG_F32, cg_shape(), (long double[]){10101});
    check_equal(cg_matmul(cg_expand(m, cg_shape(2, 2, 3)), v), CG_F32, cg_shape(2, 2),
                (long double[]){321, 654, 321, 654});
    check_equal(cg_matmul(w, cg_expand(m, cg_shape(2, 2, 3))), CG_F32, cg_shape(2, 3),
                (long double[]){41, 52, 63, 41, 52, 63});
    check_equal(cg_matmul(cg_zeros(dev, CG_F32, cg_shape(0)), cg_zeros(dev, CG_F32, cg_shape(0))), CG_F32,
                cg_shape(), (long double[]){0});
}

/* A NaN reaches what it must reach and nothing else; rows of zeros do not hide it. */
DEVICE_TEST(small_matmul, special_values) {
    const float a[] = {0, (float)NAN, 1, 2, INFINITY, 0}, b[] = {1, 0, 0, 1};
    const long double n = (long double)NAN;
    check_equal(cg_matmul(cg_from_f32(dev, cg_shape(3, 2), a), cg_from_f32(dev, cg_shape(2, 2), b)), CG_F32,
                cg_shape(3, 2), (long double[]){n, n, 1, 2, (long double)INFINITY, n});
}

DEVICE_TEST(small_matmul, dtypes) {
    cg_tensor *i = cg_from_i32(dev, cg_shape(2, 2), (const int32_t[]){1, 2, 3, 4});
    cg_tensor *f = cg_cast(i, CG_F32);
    const long double want[] = {7, 10, 15, 22};
    check_equal(cg_matmul(i, i), CG_F32, cg_shape(2, 2), want);
    check_equal(cg_matmul(i, f), CG_F32, cg_shape(2, 2), want);
    check_equal(cg_matmul(cg_cast(i, CG_U8), f), CG_F32, cg_shape(2, 2), want);
    if (device_has(dev, CG_F64)) check_equal(cg_matmul(f, cg_cast(i, CG_F64)), CG_F64, cg_shape(2, 2), want);
}

/* x w + b with any activation after it: the value of the parts, and no pass of its own for the bias. */
DEVICE_TEST(small_matmul, linear) {
    uint64_t seed = 6;
    static const cg_dims inputs[] = {{1, {7}}, {2, {5, 7}}, {3, {2, 3, 7}}, {2, {0, 7}}, {2, {65, 7}}};
    cg_tensor *w = cg_from_f32(dev, cg_shape(7, 4), random_values(CG_F32, 28, -2, 2, &seed));
    cg_tensor *b = cg_from_f32(dev, cg_shape(4), random_values(CG_F32, 4, -2, 2, &seed));
    for (int i = 0; i < 5; i++) {
        check_case("linear of %s", shape_text(inputs[i]));
        int64_t rows = ref_count(inputs[i].rank - 1, inputs[i].dim);
        cg_tensor *x = cg_from_f32(dev, inputs[i], random_values(CG_F32, rows * 7, -2, 2, &seed));
        long double *want = scratch((size_t)rows * 4 * sizeof *want),
                    *size = scratch((size_t)rows * 4 * sizeof *size);
        ref_matmul(rows, 4, 7, read_values(x), read_values(w), want, size);
        const long double *bias = read_values(b);
        cg_dims out = inputs[i];
        out.dim[out.rank - 1] = 4;
        check_within(cg_linear(x, w, NULL), CG_F32, out, want, 9, size);
        for (int64_t j = 0; j < rows * 4; j++) {
            want[j] += bias[j % 4];
            size[j] += fabsl(bias[j % 4]);
        }
        check_within(cg_linear(x, w, b), CG_F32, out, want, 10, size);
        for (int64_t j = 0; j < rows * 4; j++) want[j] = want[j] > 0 ? want[j] : 0;
        check_within(cg_relu(cg_linear(x, w, b)), CG_F32, out, want, 10, size);
        check_within(cg_relu(cg_linear(x, cg_transpose(cg_contiguous(cg_transpose(w, 0, 1)), 0, 1), b)),
                     CG_F32, out, want, 10, size);
    }
}

DEVICE_TEST(small_matmul, refusals) {
    cg_tensor *a = cg_zeros(dev, CG_F32, cg_shape(2, 3)), *b = cg_zeros(dev, CG_F32, cg_shape(4, 5));
    cg_tensor *v = cg_zeros(dev, CG_F32, cg_shape(4)), *s = cg_zeros(dev, CG_F32, cg_shape());
    CHECK_FAILS(dev, cg_matmul(a, b), CG_ERROR_SHAPE, "matmul", "(2, 3)", "(4, 5)");
    CHECK_FAILS(dev, cg_matmul(a, v), CG_ERROR_SHAPE, "matmul", "(2, 3)", "(4,)");
    CHECK_FAILS(dev, cg_matmul(s, a), CG_ERROR_SHAPE, "matmul", "()");
    CHECK_FAILS(dev, cg_matmul(a, cg_zeros(dev, CG_F32, cg_shape(1, 5))), CG_ERROR_SHAPE, "matmul");
    CHECK_FAILS(dev,
                cg_matmul(cg_zeros(dev, CG_F32, cg_shape(2, 3, 4)), cg_zeros(dev, CG_F32, cg_shape(3, 4, 5))),
                CG_ERROR_SHAPE, "matmul", "(2, 3, 4)", "(3, 4, 5)");
    CHECK_FAILS(dev, cg_linear(a, b, NULL), CG_ERROR_SHAPE, "linear", "(2, 3)", "(4, 5)");
    CHECK_FAILS(dev, cg_linear(a, cg_zeros(dev, CG_F32, cg_shape(3, 5)), v), CG_ERROR_SHAPE, "linear",
                "(4,)");
    CHECK_FAILS(dev, cg_linear(a, v, NULL), CG_ERROR_SHAPE, "linear");
    CHECK(!cg_matmul(NULL, a) && !cg_matmul(a, NULL) && !cg_linear(NULL, a, v) && !cg_linear(a, NULL, v));
    CHECK(cg_error_code(dev) == CG_OK);
}

/* The same product twice gives the same bits; so does a row computed alone with the same kernel shape. */
/* Few elements of long sums: k is cut for the threads. An element has the bits that it has in a larger product. */
CPU_TEST(matmul, long_sums_in_parts) {
    enum { M = 13, N = 600, FEW = 17, K = 20001 };
    uint64_t seed = 7;
    const float *numbers = random_values(CG_F32, M * K, -1, 1, &seed);
    cg_tensor *a = cg_from_f32(dev, cg_shape(M, K), numbers);
    cg_tensor *b = cg_from_f32(dev, cg_shape(N, K), random_values(CG_F32, N * K, -1, 1, &seed));
    cg_tensor *rows = cg_eval(cg_contiguous(cg_transpose(b, 0, 1)));
    for (cg_dtype t = CG_F32; t <= CG_F64; t++) {
        cg_tensor *x = cg_cast(a, t), *along_k = cg_transpose(cg_cast(b, t), 0, 1), *y = cg_cast(rows, t);
        check_same_bits(cg_matmul(x, cg_slice(y, 1, 0, FEW, 1)),
                        cg_contiguous(cg_slice(cg_matmul(x, y), 1, 0, FEW, 1)));
        check_same_bits(cg_matmul(x, cg_slice(along_k, 1, 0, FEW, 1)),
                        cg_contiguous(cg_slice(cg_matmul(x, along_k), 1, 0, FEW, 1)));
        cg_tensor *bias = cg_full(dev, t, cg_shape(FEW), 0.5);
        check_same_bits(cg_linear(x, cg_slice(y, 1, 0, FEW, 1), bias),
                        cg_contiguous(cg_add(cg_slice(cg_matmul(x, y), 1, 0, FEW, 1), bias)));
    }
}

DEVICE_TEST(matmul, is_deterministic) {
    uint64_t seed = 2;
    cg_tensor *a = cg_from_f32(dev, cg_shape(97, 403), random_values(CG_F32, 97 * 403, -1, 1, &seed));
    cg_tensor *b = cg_from_f32(dev, cg_shape(403, 61), random_values(CG_F32, 403 * 61, -1, 1, &seed));
    cg_tensor *first = cg_eval(cg_matmul(a, b));
    for (int i = 0; i < 5; i++) check_same_bits(cg_matmul(a, b), first);
}
