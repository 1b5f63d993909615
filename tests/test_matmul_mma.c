/*
 * Products by matrix units, and by parts of the depth, on devices without such units: tests/support/warp_emulated.h in
 * the place of kernels/warp_matrix.h. What no emulation shows: that a driver takes the PTX, and how fast it is.
 */
#include "reference/reference.h"
#include "support/device_test.h"

#ifdef CG_WITH_OPENCL
#include "host/opencl/matmul_choice.h"
#include "support/files.h"
#include "support/requests.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A handle on the device of dev with the kernels for GPUs and emulated matrix units. */
static cg_device *open_emulated(const cg_device *dev, const char *change_from, const char *change_to) {
    size_t bytes = 0;
    char *text = read_file(source_path("tests/support/warp_emulated.h"), &bytes), *at;
    if (!CHECK(text != NULL)) return NULL;
    if (change_from && CHECK((at = strstr(text, change_from)) && strlen(change_from) == strlen(change_to)))
        memcpy(at, change_to, strlen(change_to));
    CHECK(write_file(test_path("warp_matrix.h"), text, bytes));
    setenv("CLGRAD_KERNEL_DIR", test_path(""), 1);
    setenv("CLGRAD_CL_STYLE", "gpu", 1);
    setenv("CLGRAD_CL_MMA", "1", 1);
    setenv("CLGRAD_CACHE", "off", 1);
    cg_device *emulated = cg_device_open(cg_device_properties(dev)->id);
    if (CHECK_MSG(emulated != NULL, "%s", cg_error_message(NULL)))
        emulated->hw->info.compute_units = 16; /* so that the depth is worth cutting */
    return emulated;
}

static const cg_product_candidate *candidate_of(const char *name) {
    const int i = cg_product_candidate_named(name);
    return CHECK_MSG(i >= 0, "no candidate %s", name) ? &cg_product_candidates[i] : NULL;
}

/* Where the elements of a matrix lie: each of the ways of kernels/matmul_slice.h. */
typedef struct placing {
    const char *name;
    bool transposed;
    int64_t gap; /* elements between rows */
} placing;
static const placing placings[] = {{"rows", false, 4},
                                   {"columns", true, 4},
                                   {"rows, odd strides", false, 1},
                                   {"columns, odd strides", true, 1}};

enum { BATCHES = 2 };

/* (BATCHES, rows, cols) of small integers, or of fractions; values: without gaps. */
static cg_matrix put_matrix(cg_device *dev, int64_t rows, int64_t cols, const placing *where, bool exact,
                            float **values, uint64_t *seed) {
    const int64_t inner = where->transposed ? rows : cols, outer = where->transposed ? cols : rows;
    const int64_t step = (inner + 3) / 4 * 4 + where->gap, size = outer * step;
    *values = random_values(CG_F32, BATCHES * rows * cols, -4, 4, seed);
    const int64_t front = where->gap == 4; /* with what `put` leaves in front, 4: vectors line up */
    float *spread = random_values(CG_F32, front + BATCHES * size, 100, 200, seed);
    cg_matrix x = {.row = where->transposed ? 1 : step, .col = where->transposed ? step : 1, .batch = {size}};
    for (int64_t b = 0; b < BATCHES; b++)
        for (int64_t i = 0; i < rows; i++)
            for (int64_t j = 0; j < cols; j++) {
                float *v = &(*values)[(b * rows + i) * cols + j];
                if (exact) *v = rintf(*v);
                spread[front + b * size + i * x.row + j * x.col] = *v;
            }
    const cg_operand there = put(dev, CG_F32, front + BATCHES * size, spread);
    x.buffer = there.buffer;
    x.offset = there.offset + front;
    CHECK((x.offset % 4 == 0) == (where->gap == 4));
    return x;
}

/* relu(A B + bias) by one candidate, against sums in long double; within: in units of |a| |b|. */
static void run_product(cg_device *dev, const char *name, int64_t m, int64_t n, int64_t k, int way_a,
                        int way_b, bool exact, long double within) {
    check_case("%s: %lld x %lld x %lld, a %s, b %s", name, (long long)m, (long long)n, (long long)k,
               placings[way_a].name, placings[way_b].name);
    uint64_t seed = 3;
    float *a, *b, *bias = random_values(CG_F32, n, -4, 4, &seed);
    for (int64_t j = 0; j < n; j++) bias[j] = rintf(bias[j]);
    cg_program p = {.type = CG_F32, .n_inputs = 2, .n_outputs = 1};
    const int sum = cg_program_push(&p, CG_ROW_add, 0, 1, 0);
    p.output[0] = (uint8_t)cg_program_push(&p, CG_ROW_relu, sum, 0, 0);
    cg_matmul_request r = {
        .dtype = CG_F32, .m = m, .n = n, .k = k, .batch_rank = 1, .batch = {BATCHES}, .epilogue = &p};
    r.a = put_matrix(dev, m, k, &placings[way_a], exact, &a, &seed);
    r.b = put_matrix(dev, k, n, &placings[way_b], exact, &b, &seed);
    cg_operand out = put(dev, CG_F32, BATCHES * m * n, NULL), w = put(dev, CG_F32, n, bias);
    r.c = (cg_matrix){.buffer = out.buffer, .offset = out.offset, .row = n, .col = 1, .batch = {m * n}};
    r.in[0] = (cg_operand){.buffer = w.buffer, .dtype = CG_F32, .offset = w.offset, .stride = {0, 0, 1}};
    const cg_product product = cg_product_of(&r);
    const cg_product_candidate *c = candidate_of(name);
    CHECK(c->supports(cg_cl(dev->hw), &product, c));
    CHECK_MSG(c->run(cg_cl(dev->hw), &product, c) == CG_OK, "%s", cg_error_message(dev));
    const float *got = take(dev, out, BATCHES * m * n);
    long double *want = scratch((size_t)(m * n) * sizeof *want),
                *size = scratch((size_t)(m * n) * sizeof *size);
    int wrong = 0;
    for (int64_t batch = 0; batch < BATCHES && wrong == 0; batch++) {
        ref_matmul(m, n, k, to_values(CG_F32, a + batch * m * k, m * k),
                   to_values(CG_F32, b + batch * k * n, k * n), want, size);
        for (int64_t e = 0; e < m * n && wrong == 0; e++) {
            const long double v = want[e] + bias[e % n], relu = v > 0 ? v : 0;
            const long double error = fabsl((long double)got[batch * m * n + e] - relu);
            wrong +=
                !CHECK_MSG(error <= within * (size[e] + 4), "element %lld of matrix %lld: %g, expected %Lg",
                           (long long)e, (long long)batch, (double)got[batch * m * n + e], relu);
        }
    }
    drop(dev, w);
    drop(dev, (cg_operand){.buffer = r.a.buffer});
    drop(dev, (cg_operand){.buffer = r.b.buffer});
}

/* Every way to read A and B, with edges in all three sizes: bit for bit. */
OPENCL_TEST(matmul_mma, layouts_exact) {
    cg_device *emulated = open_emulated(dev, NULL, NULL);
    if (!emulated) return;
    run_product(emulated, "mma64", 70, 67, 44, 0, 0, true, 0);
    run_product(emulated, "mma64", 70, 67, 44, 1, 1, true, 0);
    run_product(emulated, "mma64", 65, 130, 33, 2, 3, true, 0);
    run_product(emulated, "mma64", 65, 130, 33, 3, 2, true, 0);
    cg_device_close(emulated);
    remove_test_folder();
}

/* The depth in parts, without matrix units: the last part is shorter. */
OPENCL_TEST(matmul_mma, parts_exact) {
    cg_device *emulated = open_emulated(dev, NULL, NULL);
    if (!emulated) return;
    run_product(emulated, "split64", 70, 67, 1009, 0, 0, true, 0);
    cg_device_close(emulated);
    remove_test_folder();
}

/* The large tile, each kind of element, and parts of the depth; within what each promises. */
OPENCL_TEST(matmul_mma, kinds) {
    cg_device *emulated = open_emulated(dev, NULL, NULL);
    if (!emulated) return;
    CHECK(cg_set_matmul_precision(emulated, CG_PRECISION_MEDIUM) == CG_OK);
    run_product(emulated, "mma128", 129, 130, 72, 0, 0, false, 8 * 0x1p-24L);
    run_product(emulated, "tf32_64", 70, 67, 200, 0, 1, false, 0x1p-11L);
    run_product(emulated, "bf16_64", 70, 67, 200, 0, 1, false, 0x1p-8L);
    run_product(emulated, "mma_split", 64, 64, 600, 1, 0, false, 8 * 0x1p-24L);
    cg_device_close(emulated);
    remove_test_folder();
}

/* An infinity times one is an infinity, although its lower part is none. */
OPENCL_TEST(matmul_mma, special_values) {
    enum { N = 64 };
    cg_device *emulated = open_emulated(dev, NULL, NULL);
    if (!emulated) return;
    float first[1 + N * N] = {0}, second[1 + N * N]; /* one in front: vectors line up, as in the check */
    float *a = first + 1, *b = second + 1;
    a[0] = INFINITY, a[N] = (float)NAN, a[2 * N] = 0x1.fffffep127f, a[3 * N] = -INFINITY,
    a[3 * N + 1] = INFINITY;
    for (int i = 0; i < N * N; i++) b[i] = 1;
    const cg_operand x = put(emulated, CG_F32, 1 + N * N, first),
                     y = put(emulated, CG_F32, 1 + N * N, second);
    const cg_operand z = put(emulated, CG_F32, N * N, NULL);
    cg_matmul_request r = {.dtype = CG_F32, .m = N, .n = N, .k = N};
    r.a = (cg_matrix){.buffer = x.buffer, .offset = x.offset + 1, .row = N, .col = 1};
    r.b = (cg_matrix){.buffer = y.buffer, .offset = y.offset + 1, .row = N, .col = 1};
    r.c = (cg_matrix){.buffer = z.buffer, .offset = z.offset, .row = N, .col = 1};
    const cg_product p = cg_product_of(&r);
    const cg_product_candidate *c = candidate_of("mma64");
    CHECK(c->run(cg_cl(emulated->hw), &p, c) == CG_OK);
    const float *got = take(emulated, z, N * N);
    for (int j = 0; j < N; j++) {
        CHECK(got[j] == INFINITY && isnan(got[N + j]) && got[2 * N + j] == 0x1.fffffep127f &&
              isnan(got[3 * N + j]));
        CHECK(got[4 * N + j] == 0);
    }
    drop(emulated, x), drop(emulated, y);
    cg_device_close(emulated);
    remove_test_folder();
}

/* The check before first use: it passes what is right, and finds units that lose bits. */
OPENCL_TEST(matmul_mma, checked_before_use) {
    static const struct {
        const char *from, *to;
        bool right;
    } changes[] = {{NULL, NULL, true},
                   {"+ 0x1000) & 0xffffe000", "+ 0x1000) & 0xffff0000", false}}; /* as bf16 has them */
    cg_matmul_request r = {.dtype = CG_F32, .m = 64, .n = 64, .k = 48};
    r.a = (cg_matrix){.row = 48, .col = 1};
    r.b = r.c = (cg_matrix){.row = 64, .col = 1};
    const cg_product p = cg_product_of(&r);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        cg_device *emulated = open_emulated(dev, changes[i].from, changes[i].to);
        if (!emulated) return;
        check_case("%s", changes[i].to ? changes[i].to : "as it is");
        CHECK(cg_matmul_check(cg_cl(emulated->hw), candidate_of("mma64"), &p) == changes[i].right);
        cg_device_close(emulated);
    }
    remove_test_folder();
}

/* Depths beyond what the check multiplies: it is the kernel for their alignment that is checked. */
OPENCL_TEST(matmul_mma, checked_as_it_lies) {
    static const char refusal[] = "#if A_WAY == 0\n#error elements one by one\n#endif\n";
    size_t bytes = 0;
    const char *text = read_file(source_path("kernels/matmul_mma.cl"), &bytes);
    char *refusing = scratch(bytes + sizeof refusal);
    memcpy(refusing, refusal, sizeof refusal - 1);
    memcpy(refusing + sizeof refusal - 1, text, bytes);
    CHECK(write_file(test_path("matmul_mma.cl"), refusing, bytes + sizeof refusal - 1));
    cg_device *emulated = open_emulated(dev, NULL, NULL);
    if (!emulated) return;
    for (int64_t k = 1024; k < 1026; k++)
        for (int64_t gap = 0; gap < 2; gap++) {
            check_case("k %lld, rows of %lld", (long long)k, (long long)(k + gap));
            cg_matmul_request r = {.dtype = CG_F32, .m = 64, .n = 64, .k = k};
            r.a = (cg_matrix){.row = k + gap, .col = 1};
            r.b = r.c = (cg_matrix){.row = 64, .col = 1};
            const cg_product p = cg_product_of(&r);
            CHECK(cg_matmul_check(cg_cl(emulated->hw), candidate_of("mma64"), &p) == (k + gap == 1024));
        }
    cg_device_close(emulated);
    remove_test_folder();
}

/* Without a wish nothing is used that loses bits; without such units no wish changes anything. */
OPENCL_TEST(small_matmul_mma, precision) {
    cg_matmul_request r = {.dtype = CG_F32, .m = 128, .n = 128, .k = 128};
    r.a = r.b = r.c = (cg_matrix){.row = 128, .col = 1};
    const cg_product p = cg_product_of(&r);
    cg_device *emulated = open_emulated(dev, NULL, NULL);
    if (!emulated) return;
    const cg_product_candidate *tf32 = candidate_of("tf32_64"), *bf16 = candidate_of("bf16_64");
    const cg_product_candidate *three = candidate_of("mma64");
    CHECK(cg_get_matmul_precision(emulated) == CG_PRECISION_HIGHEST);
    for (int precision = CG_PRECISION_HIGHEST; precision <= CG_PRECISION_MEDIUM; precision++) {
        CHECK(cg_set_matmul_precision(emulated, (cg_matmul_precision)precision) == CG_OK);
        CHECK(three->supports(cg_cl(emulated->hw), &p, three));
        CHECK(tf32->supports(cg_cl(emulated->hw), &p, tf32) == (precision >= CG_PRECISION_HIGH));
        CHECK(bf16->supports(cg_cl(emulated->hw), &p, bf16) == (precision >= CG_PRECISION_MEDIUM));
        CHECK(!three->supports(cg_cl(dev->hw), &p, three) && !tf32->supports(cg_cl(dev->hw), &p, tf32));
    }
    CHECK(cg_set_matmul_precision(emulated, (cg_matmul_precision)3) == CG_ERROR_ARGUMENT);
    check_error(emulated, CG_ERROR_ARGUMENT, "set_matmul_precision", "3", NULL);
    cg_device_close(emulated);
    remove_test_folder();
}
#endif

/* CLGRAD_MATMUL_PRECISION is what a handle begins with; what it cannot be is an error that lists what it can. */
HOST_TEST(small_matmul_mma, precision_from_the_environment) {
    static const char *const names[] = {"highest", "high", "medium"};
    for (int i = 0; i < 3; i++) {
        setenv("CLGRAD_MATMUL_PRECISION", names[i], 1);
        cg_device *dev = cg_device_open("cpu");
        CHECK(dev && cg_get_matmul_precision(dev) == (cg_matmul_precision)i);
        cg_device_close(dev);
    }
    setenv("CLGRAD_MATMUL_PRECISION", "low", 1);
    CHECK(!cg_device_open("cpu") && strstr(cg_error_message(NULL), "'low'"));
    CHECK(strstr(cg_error_message(NULL), "highest, high or medium") != NULL);
    unsetenv("CLGRAD_MATMUL_PRECISION");
    CHECK(cg_get_matmul_precision(NULL) == CG_PRECISION_HIGHEST && cg_set_matmul_precision(NULL, 0) != CG_OK);
}
