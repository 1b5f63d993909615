#include "reference/reference.h"
#include "support/device_test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The known answers of the authors' own library (Random123, kat_vectors). */
HOST_TEST(random, reference_gives_the_known_answers) {
    static const struct {
        uint32_t counter[4], key[2], out[4];
    } known[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (int i = 0; i < 3; i++) {
        uint32_t out[4];
        ref_philox(known[i].counter, known[i].key, out);
        CHECK_MSG(!memcmp(out, known[i].out, sizeof out), "vector %d", i);
    }
}

/* Element i of stream s depends on (seed, s, i) alone: bit for bit what the reference says. */
DEVICE_TEST_ONCE(small_random, uniform_bits) {
    static const int64_t sizes[] = {0, 1, 2, 3, 4, 5, 63, 65, 1031};
    const uint64_t seed = UINT64_C(0x123456789abcdef0);
    cg_seed(dev, seed);
    uint64_t stream = 0;
    for (int t = CG_F32; t <= CG_F64; t++)
        for (int i = 0; i < 9; i++) {
            if (!device_has(dev, (cg_dtype)t)) continue;
            check_case("%s, %lld elements, stream %llu", cg_dtype_name((cg_dtype)t), (long long)sizes[i],
                       (unsigned long long)stream);
            long double *want = scratch((size_t)sizes[i] * sizeof *want);
            for (int64_t j = 0; j < sizes[i]; j++)
                want[j] = ref_uniform(t == CG_F64, seed, stream, (uint64_t)j);
            check_equal(cg_uniform(dev, (cg_dtype)t, cg_shape(sizes[i]), 0, 1), (cg_dtype)t,
                        cg_shape(sizes[i]), want);
            stream++;
        }
}

DEVICE_TEST_ONCE(small_random, normal_values) {
    cg_seed(dev, 99);
    uint64_t stream = 0;
    for (int t = CG_F32; t <= CG_F64; t++)
        for (int64_t n = 1; n < 2000; n = 5 * n + 2) {
            if (!device_has(dev, (cg_dtype)t)) continue;
            check_case("%s, %lld elements", cg_dtype_name((cg_dtype)t), (long long)n);
            long double *want = scratch((size_t)n * sizeof *want);
            for (int64_t j = 0; j < n; j++) want[j] = ref_normal(t == CG_F64, 99, stream, (uint64_t)j);
            check_within(cg_normal(dev, (cg_dtype)t, cg_shape(n), 0, 1), (cg_dtype)t, cg_shape(n), want, 24,
                         NULL);
            stream++;
        }
}

/* The first values after cg_seed(0): these must never change, or saved experiments no longer repeat. */
DEVICE_TEST(small_random, first_values_are_pinned) {
    cg_seed(dev, 0);
    const long double want[] = {0x6627e8p-24L, 0xe169c5p-24L, 0xbc57acp-24L, 0x9b00dbp-24L};
    check_equal(cg_uniform(dev, CG_F32, cg_shape(4), 0, 1), CG_F32, cg_shape(4), want);
}

/* Normal numbers too are the same bits on every device. */
OPENCL_TEST(random, same_bits_as_the_cpu) {
    cg_device *cpu = cg_device_open("cpu");
    if (!CHECK(cpu != NULL)) return;
    for (int t = CG_F32; t <= CG_F64; t++) {
        if (!device_has(dev, (cg_dtype)t)) continue;
        check_case("%s", cg_dtype_name((cg_dtype)t));
        check_same_bits(cg_normal(dev, (cg_dtype)t, cg_shape(30011), 0, 1),
                        cg_normal(cpu, (cg_dtype)t, cg_shape(30011), 0, 1));
        check_same_bits(cg_uniform(dev, (cg_dtype)t, cg_shape(30011), -2, 3),
                        cg_uniform(cpu, (cg_dtype)t, cg_shape(30011), -2, 3));
    }
    check_same_bits(cg_he_normal(dev, CG_F32, 30, 50), cg_he_normal(cpu, CG_F32, 30, 50));
    check_same_bits(cg_permutation(dev, 1000), cg_permutation(cpu, 1000));
    cg_device_close(cpu);
}

static void moments(const cg_tensor *x, double *mean, double *variance, double *low, double *high) {
    const long double *v = read_values(x);
    int64_t n = cg_numel(x);
    long double sum = 0, squares = 0;
    *low = (double)INFINITY;
    *high = -(double)INFINITY;
    for (int64_t i = 0; v && i < n; i++) {
        sum += v[i];
        *low = fmin(*low, (double)v[i]);
        *high = fmax(*high, (double)v[i]);
    }
    for (int64_t i = 0; v && i < n; i++) squares += (v[i] - sum / n) * (v[i] - sum / n);
    *mean = (double)(sum / n);
    *variance = (double)(squares / n);
}

/* Mean and variance within 5 standard errors, and the stated range. */
static void check_moments(const cg_tensor *x, double mean, double variance, double kurtosis, double least,
                          double most) {
    double m, v, low, high, n = (double)cg_numel(x);
    moments(x, &m, &v, &low, &high);
    CHECK_MSG(fabs(m - mean) <= 5 * sqrt(variance / n), "mean %g, expected %g", m, mean);
    CHECK_MSG(fabs(v - variance) <= 5 * variance * sqrt((kurtosis - 1) / n), "variance %g, expected %g", v,
              variance);
    CHECK_MSG(low >= least && high <= most, "from %g to %g, expected %g to %g", low, high, least, most);
}

DEVICE_TEST_ONCE(random, moments) {
    enum { I = 300, O = 200, N = I * O };
    const double inf = (double)INFINITY, xavier = sqrt(6.0 / (I + O)), he = sqrt(6.0 / I);
    cg_seed(dev, 7);
    check_case("uniform(-1, 3)");
    check_moments(cg_uniform(dev, CG_F32, cg_shape(N), -1, 3), 1, 16.0 / 12, 1.8, -1, 3);
    check_case("normal(2, 0.5)");
    check_moments(cg_normal(dev, CG_F32, cg_shape(N), 2, 0.5), 2, 0.25, 3, -inf, inf);
    check_case("xavier_uniform");
    check_moments(cg_xavier_uniform(dev, CG_F32, I, O), 0, xavier * xavier / 3, 1.8, -xavier, xavier);
    check_case("xavier_normal");
    check_moments(cg_xavier_normal(dev, CG_F32, I, O), 0, 2.0 / (I + O), 3, -inf, inf);
    check_case("he_uniform");
    check_moments(cg_he_uniform(dev, CG_F32, I, O), 0, he * he / 3, 1.8, -he, he);
    check_case("he_normal");
    check_moments(cg_he_normal(dev, CG_F32, I, O), 0, 2.0 / I, 3, -inf, inf);
    check_is(cg_he_normal(dev, CG_F32, I, O), CG_F32, cg_shape(I, O));
    check_is(cg_xavier_uniform(dev, CG_F32, 2, 3), CG_F32, cg_shape(2, 3));
}

/* Different streams and seeds give unrelated numbers; the same give the same. */
DEVICE_TEST(small_random, streams) {
    enum { N = 64 };
    cg_seed(dev, 5);
    cg_tensor *a = cg_uniform(dev, CG_F32, cg_shape(N), 0, 1),
              *b = cg_uniform(dev, CG_F32, cg_shape(N), 0, 1);
    uint64_t seed, stream;
    cg_seed_get(dev, &seed, &stream);
    CHECK(seed == 5 && stream == 2);
    cg_tensor *c = cg_normal(dev, CG_F32, cg_shape(N), 0, 1);
    cg_seed_set(dev, seed, stream);
    check_same_bits(cg_normal(dev, CG_F32, cg_shape(N), 0, 1), c);
    cg_seed(dev, 5);
    check_same_bits(cg_uniform(dev, CG_F32, cg_shape(N), 0, 1), a);
    check_same_bits(cg_uniform(dev, CG_F32, cg_shape(N), 0, 1), b);
    cg_seed(dev, 6);
    check_item(cg_sum(cg_eq(cg_uniform(dev, CG_F32, cg_shape(N), 0, 1), a), CG_ALL_AXES, false), 0, 1);
    check_item(cg_sum(cg_eq(a, b), CG_ALL_AXES, false), 0, 1);
}

DEVICE_TEST_ONCE(small_random, permutation) {
    for (int64_t n = 0; n < 200; n = 3 * n + 1) {
        check_case("of %lld", (long long)n);
        cg_tensor *p = cg_permutation(dev, n);
        const long double *v = read_values(p);
        bool *seen = scratch((size_t)n * sizeof *seen);
        check_is(p, CG_I64, cg_shape(n));
        for (int64_t i = 0; v && i < n; i++) {
            bool fresh = v[i] >= 0 && v[i] < n && !seen[(int64_t)v[i]];
            if (!CHECK_MSG(fresh, "element %lld is %Lg", (long long)i, v[i])) break;
            seen[(int64_t)v[i]] = true;
        }
    }
    check_case("every order of 3 comes up about equally often");
    int counts[27] = {0}, rounds = 1200;
    for (int i = 0; i < (device_is_slow(dev) ? 0 : rounds); i++) {
        cg_scope *scope = cg_scope_begin(dev);
        const long double *v = read_values(cg_permutation(dev, 3));
        if (v) counts[(int)(9 * v[0] + 3 * v[1] + v[2])]++;
        cg_scope_end(scope);
    }
    static const int orders[] = {5, 7, 11, 15, 19, 21};
    for (int i = 0; i < 6 && !device_is_slow(dev); i++)
        CHECK_MSG(abs(counts[orders[i]] - 200) < 70, "order %d: %d of 200", orders[i], counts[orders[i]]);
}

DEVICE_TEST(small_random, refusals) {
    CHECK_FAILS(dev, cg_uniform(dev, CG_I32, cg_shape(2), 0, 1), CG_ERROR_DTYPE, "uniform", "i32");
    CHECK_FAILS(dev, cg_normal(dev, CG_BOOL, cg_shape(2), 0, 1), CG_ERROR_DTYPE, "normal", "bool");
    CHECK_FAILS(dev, cg_uniform(dev, CG_F32, cg_shape(-2), 0, 1), CG_ERROR_SHAPE, "uniform");
    CHECK_FAILS(dev, cg_permutation(dev, -1), CG_ERROR_SHAPE, "permutation");
    CHECK(cg_he_uniform(dev, CG_F32, -1, 2) == NULL && cg_error_code(dev) != CG_OK);
    cg_error_clear(dev);
    CHECK(cg_xavier_normal(dev, CG_F32, 2, -3) == NULL && cg_error_code(dev) != CG_OK);
    cg_error_clear(dev);
}
