/* Every instruction set gives the same bits: loops have forms of their own for AVX-512, and other sorts elsewhere. */
#include "core/rows.h"
#include "support/requests.h"

#include <stdlib.h>
#include <string.h>

enum { N = 70001, ROWS = 70, COLS = N / ROWS }; /* N: long enough for all threads to sort one row */

typedef cg_tensor *computation(cg_tensor *x);

static cg_tensor *sorted(cg_tensor *x) { return cg_sort(x, 0, false); }
static cg_tensor *places(cg_tensor *x) { return cg_argsort(x, 0, true); }
static cg_tensor *sorted_rows(cg_tensor *x) {
    return cg_sort(cg_reshape(cg_slice(x, 0, 0, ROWS * COLS, 1), cg_shape(ROWS, COLS)), 1, true);
}
static cg_tensor *places_of_f64(cg_tensor *x) { return cg_argsort(cg_cast(x, CG_F64), 0, false); }
static cg_tensor *sorted_f64(cg_tensor *x) { return cg_sort(cg_cast(x, CG_F64), 0, true); }
static cg_tensor *places_of_i64(cg_tensor *x) {
    return cg_argsort(cg_cast(cg_mul(x, 1e15), CG_I64), 0, false); /* more than 32 bits differ */
}
static cg_tensor *top_i64(cg_tensor *x) {
    cg_tensor *values, *place;
    if (cg_topk(cg_cast(cg_mul(x, 1e12), CG_I64), 100, 0, true, &values, &place) != CG_OK) return NULL;
    return cg_concat(2, (cg_tensor *[]){values, place}, 0);
}
static cg_tensor *softmax(cg_tensor *x) { return cg_softmax(cg_mul(x, 3), 0); }
static cg_tensor *log_softmax(cg_tensor *x) { return cg_log_softmax(cg_cast(x, CG_F64), 0); }
static cg_tensor *short_softmax(cg_tensor *x) {
    return cg_softmax(cg_reshape(cg_slice(x, 0, 0, N / 7 * 7, 1), cg_shape(N / 7, 7)), 1);
}
static cg_tensor *short_log_softmax(cg_tensor *x) {
    return cg_log_softmax(cg_reshape(cg_slice(x, 0, 0, N / 50 * 50, 1), cg_shape(N / 50, 50)), 1);
}
static cg_tensor *norm_gradients(cg_tensor *x) {
    cg_device *dev = cg_device_of(x);
    cg_tensor *rows = cg_reshape(cg_slice(x, 0, 0, ROWS * COLS, 1), cg_shape(ROWS, COLS)), *g[3];
    cg_tensor *in[] = {cg_require_grad(rows, true),
                       cg_require_grad(cg_ones(dev, CG_F32, cg_shape(COLS)), true),
                       cg_require_grad(cg_zeros(dev, CG_F32, cg_shape(COLS)), true)};
    cg_tensor *y = cg_layer_norm(in[0], 1, in[1], in[2], 1e-5);
    if (cg_grad(y, rows, 3, in, false, g) != CG_OK) return NULL;
    return cg_concat(3, (cg_tensor *[]){cg_flatten(g[0], 0, -1), g[1], g[2]}, 0);
}
static cg_tensor *pools(cg_tensor *x) {
    cg_tensor *image = cg_reshape(cg_slice(x, 0, 0, ROWS * COLS, 1), cg_shape(1, 1, ROWS, COLS)), *at;
    cg_tensor *y =
        cg_max_pool2d_with_indices(image, 3, 3, (cg_pool_options){.stride = {2, 2}, .padding = {1, 1}}, &at);
    cg_tensor *mean = cg_avg_pool2d(image, 2, 3, (cg_pool_options){.stride = {1, 1}, .padding = {1, 1}});
    return cg_concat(3,
                     (cg_tensor *[]){cg_flatten(y, 0, -1), cg_flatten(mean, 0, -1),
                                     cg_cast(cg_flatten(at, 0, -1), CG_F32)},
                     0);
}
static cg_tensor *top(cg_tensor *x) {
    cg_tensor *values, *place;
    return cg_topk(x, 500, 0, false, &values, &place) == CG_OK ? place : NULL;
}
static cg_tensor *top_of_rows(cg_tensor *x) {
    cg_tensor *values, *place, *rows = cg_reshape(cg_slice(x, 0, 0, 35 * 2000, 1), cg_shape(35, 2000));
    return cg_topk(rows, 9, 1, true, &values, &place) == CG_OK ? place : NULL;
}
static cg_tensor *uniform(cg_tensor *x) { return cg_uniform(cg_device_of(x), CG_F32, cg_shape(N), -1, 1); }
static cg_tensor *normal(cg_tensor *x) { return cg_normal(cg_device_of(x), CG_F64, cg_shape(N), 0, 1); }
static cg_tensor *integers(cg_tensor *x) {
    return cg_integers(cg_device_of(x), CG_I64, cg_shape(N), -5, 1000);
}
static cg_tensor *permutation(cg_tensor *x) { return cg_permutation(cg_device_of(x), cg_numel(x)); }
static cg_tensor *running_sum(cg_tensor *x) { return cg_cumsum(x, 0); }

static const struct {
    const char *name;
    computation *run;
} computations[] = {
    {"sort", sorted},
    {"sort of rows", sorted_rows},
    {"sort of f64", sorted_f64},
    {"argsort", places},
    {"argsort of f64", places_of_f64},
    {"argsort of i64", places_of_i64},
    {"topk of i64", top_i64},
    {"softmax", softmax},
    {"log_softmax", log_softmax},
    {"softmax of short rows", short_softmax},
    {"log_softmax of short rows", short_log_softmax},
    {"gradients of layer_norm", norm_gradients},
    {"pools", pools},
    {"topk", top},
    {"topk of rows", top_of_rows},
    {"uniform", uniform},
    {"normal", normal},
    {"integers", integers},
    {"permutation", permutation},
    {"cumsum", running_sum},
};

/* With many equal elements and zeros of both signs; three times as far apart, exp goes from 1 to 0. */
static void fill(float *x) {
    uint64_t seed = 5;
    for (int i = 0; i < N; i++) {
        x[i] = (float)((double)random_below(&seed, 1 << 16) / 1024 - 50);
        if (i % 1000 == 0) x[i] = i % 3000 ? -0.0f : 0.0f;
    }
}

/* The bytes of the result, of *size bytes, of a device opened with this instruction set. */
static void *bytes_of(const char *isa, computation *run, const float *x, size_t *size) {
    if (isa)
        setenv("CLGRAD_ISA", isa, 1);
    else
        unsetenv("CLGRAD_ISA");
    cg_device *dev = cg_device_open("cpu");
    cg_seed(dev, 9);
    cg_tensor *y = run(cg_from_f32(dev, cg_shape(N), x));
    *size = y ? (size_t)cg_numel(y) * cg_dtype_size(cg_dtype_of(y)) : 0;
    void *bytes = scratch(*size + 1);
    CHECK(y && cg_to_host(y, bytes, *size) == CG_OK);
    cg_device_close(dev);
    return bytes;
}

CPU_TEST(instruction_sets, same_bits) {
    static const char *const lower[] = {"v3", "base"};
    float *x = scratch(N * sizeof *x);
    (void)dev;
    fill(x);
    for (size_t c = 0; c < sizeof computations / sizeof *computations; c++) {
        size_t size, lower_size;
        const void *best = bytes_of(NULL, computations[c].run, x, &size);
        for (size_t i = 0; i < 2; i++) {
            check_case("%s, %s", computations[c].name, lower[i]);
            const void *other = bytes_of(lower[i], computations[c].run, x, &lower_size);
            CHECK(size > 0 && lower_size == size && memcmp(best, other, size) == 0);
        }
    }
    unsetenv("CLGRAD_ISA");
}

/* --- Products: by OpenBLAS where an instruction set has no fused multiply-add ------------------------------------- */

enum { SIDE = 150 };

typedef cg_tensor *step(cg_tensor *x);

static cg_tensor *as_it_comes(cg_tensor *x) { return x; }
static cg_tensor *by_itself(cg_tensor *x) { return cg_eval(x); }

static const void *product_bits(cg_device *dev, cg_dtype dtype, step *s) {
    const size_t bytes = SIDE * SIDE * cg_dtype_size(dtype);
    unsigned char *bits = scratch(2 * bytes);
    cg_seed(dev, 7);
    cg_tensor *a = cg_eval(cg_uniform(dev, dtype, cg_shape(SIDE, SIDE), -1, 1)),
              *b = cg_eval(cg_uniform(dev, dtype, cg_shape(SIDE, SIDE), -1, 1));
    cg_tensor *p = s(cg_matmul(a, b)), *z = cg_relu(s(cg_mul(p, 0.5)));
    CHECK(cg_to_host(z, bits, bytes) == CG_OK && cg_to_host(p, bits + bytes, bytes) == CG_OK);
    return bits;
}

/* What follows a product does not change the way it is computed: it is stored beside what is made of it. */
CPU_TEST(instruction_sets, products_do_not_depend_on_what_follows) {
    static const char *const isa[] = {"base", "v3"};
    (void)dev;
    for (int i = 0; i < 2; i++)
        for (int d = CG_F32; d <= CG_F64; d++) {
            check_case("%s %s", isa[i], cg_dtype_name((cg_dtype)d));
            setenv("CLGRAD_ISA", isa[i], 1);
            cg_device *own = cg_device_open("cpu");
            const void *got = product_bits(own, (cg_dtype)d, as_it_comes),
                       *want = product_bits(own, (cg_dtype)d, by_itself);
            CHECK(memcmp(got, want, 2 * SIDE * SIDE * cg_dtype_size((cg_dtype)d)) == 0);
            cg_device_close(own);
        }
    unsetenv("CLGRAD_ISA");
}

/* C = A B + C of a request: the product is on the threads' desks, where C is still read. */
CPU_TEST(instruction_sets, products_apart_from_what_they_are_added_to) {
    uint64_t seed = 3;
    (void)dev;
    setenv("CLGRAD_ISA", "base", 1);
    cg_device *own = cg_device_open("cpu");
    const int64_t n = SIDE * SIDE;
    const float *c = random_values(CG_F32, n, -1, 1, &seed);
    const cg_operand a = put(own, CG_F32, n, random_values(CG_F32, n, -1, 1, &seed)),
                     b = put(own, CG_F32, n, random_values(CG_F32, n, -1, 1, &seed)),
                     alone = put(own, CG_F32, n, NULL), sum = put(own, CG_F32, n, c);
    cg_program p = {.type = CG_F32, .n_inputs = 2, .n_outputs = 1};
    p.output[0] = (uint8_t)cg_program_push(&p, CG_ROW_add, 0, 1, 0);
    cg_matmul_request r = {.dtype = CG_F32, .m = SIDE, .n = SIDE, .k = SIDE};
    r.a = (cg_matrix){.buffer = a.buffer, .offset = a.offset, .row = SIDE, .col = 1};
    r.b = (cg_matrix){.buffer = b.buffer, .offset = b.offset, .row = SIDE, .col = 1};
    r.c = (cg_matrix){.buffer = alone.buffer, .offset = alone.offset, .row = SIDE, .col = 1};
    CHECK(cg_hw_matmul(own->hw, &r) == CG_OK);
    r.c.buffer = sum.buffer, r.c.offset = sum.offset;
    r.epilogue = &p;
    r.in[0] = sum, r.in[0].stride[0] = SIDE, r.in[0].stride[1] = 1;
    CHECK(cg_hw_matmul(own->hw, &r) == CG_OK);
    float *want = take(own, alone, n);
    for (int64_t i = 0; i < n; i++) want[i] += c[i];
    CHECK(check_bits(take(own, sum, n), want, n, sizeof *want));
    drop(own, a), drop(own, b);
    cg_device_close(own);
    unsetenv("CLGRAD_ISA");
}
