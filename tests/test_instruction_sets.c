/* Every instruction set gives the same bits: loops have forms of their own for AVX-512, and other sorts elsewhere. */
#include "support/device_test.h"

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
