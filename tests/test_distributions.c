/* Random numbers of every distribution: bits that must not change, values against references, fits, refusals. */
#include "reference/ref_fit.h"
#include "reference/reference.h"
#include "support/device_test.h"
#include "support/requests.h"

#include <math.h>
#include <stdlib.h>

/* --- The first numbers after cg_seed(0): saved experiments no longer repeat if they change ------------------------ */

DEVICE_TEST_ONCE(small_distributions, first_reals_are_pinned) {
    const cg_dims n = cg_shape(4);
    cg_seed(dev, 0);
    check_equal(cg_normal(dev, CG_F32, n, 0, 1), CG_F32, n,
                (long double[]){0x1.fb765ep-1L, -0x1.d96d66p-1L, -0x1.3c3742p-1L, -0x1.eda352p-2L});
    cg_seed(dev, 0);
    check_equal(cg_exponential(dev, CG_F32, n, 2), CG_F32, n,
                (long double[]){0x1.04bacap+0L, 0x1.0ff324p+2L, 0x1.54a9fcp+1L, 0x1.dc34c2p+0L});
    cg_seed(dev, 0);
    check_equal(cg_gamma(dev, CG_F32, n, 2.5, 1), CG_F32, n,
                (long double[]){0x1.fd1fcp+1L, 0x1.f2c36ep+0L, 0x1.b1ef96p-1L, 0x1.67323cp+0L});
    cg_seed(dev, 0);
    check_equal(cg_gamma(dev, CG_F32, n, 0.5, 1), CG_F32, n,
                (long double[]){0x1.e7a9fp-1L, 0x1.6bc16cp-10L, 0x1.6784eep-6L, 0x1.d959e4p-4L});
    cg_seed(dev, 0);
    check_equal(cg_beta(dev, CG_F32, n, 2, 3), CG_F32, n,
                (long double[]){0x1.a06742p-2L, 0x1.36fee4p-2L, 0x1.66ee2cp-3L, 0x1.06c136p-1L});
    cg_seed(dev, 0);
    check_equal(cg_dropout(cg_ones(dev, CG_F32, n), 0.5), CG_F32, n, (long double[]){2, 0, 0, 0});
}

DEVICE_TEST_ONCE(small_distributions, first_doubles_are_pinned) {
    if (!device_has(dev, CG_F64)) return;
    const cg_dims n = cg_shape(4);
    cg_seed(dev, 0);
    check_equal(cg_normal(dev, CG_F64, n, 0, 1), CG_F64, n,
                (long double[]){-0x1.973628c131c05p-2L, -0x1.3dd84ff91e709p-2L, 0x1.63083c830bea5p+0L,
                                0x1.511d43e0f2703p-2L});
    cg_seed(dev, 0);
    check_equal(cg_exponential(dev, CG_F64, n, 2), CG_F64, n,
                (long double[]){0x1.0ff3272d9b9a1p+2L, 0x1.dc34c66c4fad3p+0L, 0x1.cc5968d84186dp-1L,
                                0x1.35a7703e7b2dbp-4L});
    cg_seed(dev, 0);
    check_equal(cg_gamma(dev, CG_F64, n, 0.5, 1), CG_F64, n,
                (long double[]){0x1.c05ebbfbb3488p-3L, 0x1.63ea9b126979fp-3L, 0x1.959ff0ab34674p-4L,
                                0x1.1a0b239de569p-2L});
    cg_seed(dev, 0);
    check_equal(cg_beta(dev, CG_F64, n, 0.5, 0.5), CG_F64, n,
                (long double[]){0x1.74dd78717e546p-1L, 0x1.7a55ef1a4d5f5p-1L, 0x1.107004f932d48p-3L,
                                0x1.0c24b9fa6cf62p-2L});
}

DEVICE_TEST_ONCE(small_distributions, first_whole_numbers_are_pinned) {
    const cg_dims n = cg_shape(4);
    cg_tensor *weight = cg_from_f32(dev, n, (const float[]){1, 2, 0, 4});
    cg_seed(dev, 0);
    check_equal(cg_integers(dev, CG_I64, n, -10, INT64_C(1000000000000)), CG_I64, n,
                (long double[]){880520197887, 605481853875, 362091115663, 37094080739});
    cg_seed(dev, 0);
    check_equal(cg_integers(dev, CG_I32, n, -10, 1000), CG_I32, n, (long double[]){393, 879, 733, 601});
    cg_seed(dev, 0);
    check_equal(cg_bernoulli(dev, cg_shape(8), 0.5), CG_BOOL, cg_shape(8),
                (long double[]){1, 0, 0, 0, 0, 1, 0, 1});
    cg_seed(dev, 0);
    check_equal(cg_binomial(dev, n, 20, 0.3), CG_I64, n, (long double[]){8, 5, 5, 5});
    cg_seed(dev, 0);
    check_equal(cg_binomial(dev, n, 1000, 0.7), CG_I64, n, (long double[]){680, 706, 708, 704});
    cg_seed(dev, 0);
    check_equal(cg_permutation(dev, 6), CG_I64, cg_shape(6), (long double[]){3, 5, 4, 2, 1, 0});
    cg_seed(dev, 0);
    check_equal(cg_choice(dev, 100, 4, false), CG_I64, n, (long double[]){31, 86, 88, 10});
    cg_seed(dev, 0);
    check_equal(cg_categorical(weight, 6), CG_I64, cg_shape(6), (long double[]){3, 3, 0, 3, 3, 3});
    cg_seed(dev, 0);
    check_equal(cg_choice_weighted(weight, 4, false), CG_I64, n, (long double[]){3, 0, 1, -1});
    cg_seed(dev, 0);
    check_equal(cg_choice_weighted(weight, 4, true), CG_I64, n, (long double[]){3, 3, 0, 3});
    cg_seed(dev, 0);
    cg_seed(dev, 0);
    CHECK(cg_seed_split(dev) == UINT64_C(0x98d22a0e483828d3));
    CHECK(cg_seed_split(dev) == UINT64_C(0x956b8b8251e07bc2));
}

/* --- Against naive references -------------------------------------------------------------------------------------- */

/* Ranges of a power of two, of few and of many, of which a third or nearly a half is drawn again; all of a dtype. */
DEVICE_TEST_ONCE(small_distributions, integers_bits) {
    static const int64_t range[][2] = {{0, 1},
                                       {0, 8},
                                       {-3, 7},
                                       {INT32_MIN, (INT64_C(1) << 31)},
                                       {0, INT64_C(0x7fffffff)},
                                       {-1500000000, 1363311530},
                                       {INT64_MIN, INT64_MAX},
                                       {INT64_MIN, INT64_C(3) << 60},
                                       {INT64_MIN, 1}};
    enum { N = 203, RANGES = sizeof range / sizeof *range };
    for (int i = 0; i < RANGES; i++)
        for (int wide = i > 5; wide < 2; wide++) {
            const cg_dtype t = wide ? CG_I64 : CG_I32;
            check_case("%s from %lld to %lld", cg_dtype_name(t), (long long)range[i][0],
                       (long long)range[i][1]);
            long double *want = scratch(N * sizeof *want);
            cg_seed_set(dev, 77, (uint64_t)i + (UINT64_C(1) << 47));
            for (uint64_t k = 0; k < N; k++)
                want[k] =
                    ref_integers(wide, 77, (uint64_t)i + (UINT64_C(1) << 47), k, range[i][0], range[i][1]);
            check_equal(cg_integers(dev, t, cg_shape(N), range[i][0], range[i][1]), t, cg_shape(N), want);
        }
}

/* The last two share their first word with element 0, and leave it to the second one: false and true. */
DEVICE_TEST_ONCE(small_distributions, bernoulli_bits) {
    enum { N = 203 };
    static const double chances[] = {0, 0x1p-40, 0.25, 0.3, 0.999999, 1, 0x6627e8d51p-36, 0x6627e8d5fp-36};
    for (size_t i = 0; i < sizeof chances / sizeof *chances; i++) {
        check_case("p = %a", chances[i]);
        long double *want = scratch(N * sizeof *want);
        for (uint64_t k = 0; k < N; k++) want[k] = ref_bernoulli(0, 0, k, chances[i]);
        cg_seed(dev, 0);
        check_equal(cg_bernoulli(dev, cg_shape(N), chances[i]), CG_BOOL, cg_shape(N), want);
    }
}

/* The bound: normal numbers are within 24 u max(1, |x|), see normal_values; powers and products add less. */
DEVICE_TEST_ONCE(small_distributions, gamma_values) {
    enum { N = 403 };
    static const double shapes[] = {0.1, 0.9, 1, 2.5, 50, 1e6};
    for (int t = CG_F32; t <= CG_F64; t++)
        for (int i = 0; i < 6 && device_has(dev, (cg_dtype)t); i++) {
            check_case("%s, shape %g", cg_dtype_name((cg_dtype)t), shapes[i]);
            long double *want = scratch(N * sizeof *want), *scale = scratch(N * sizeof *scale);
            for (uint64_t k = 0; k < N; k++) want[k] = ref_gamma(t == CG_F64, 3, 0, k, shapes[i], &scale[k]);
            cg_seed(dev, 3);
            check_within(cg_gamma(dev, (cg_dtype)t, cg_shape(N), shapes[i], 1), (cg_dtype)t, cg_shape(N),
                         want, 32, scale);
        }
}

DEVICE_TEST_ONCE(small_distributions, exponential_values) {
    enum { N = 403 };
    for (int t = CG_F32; t <= CG_F64; t++) {
        if (!device_has(dev, (cg_dtype)t)) continue;
        long double *want = scratch(N * sizeof *want);
        for (uint64_t k = 0; k < N; k++) want[k] = ref_exponential(t == CG_F64, 3, 0, k);
        cg_seed(dev, 3);
        check_ulp(cg_exponential(dev, (cg_dtype)t, cg_shape(N), 1), (cg_dtype)t, cg_shape(N), want, 2);
    }
}

static const struct {
    int64_t n;
    double p;
} binomials[] = {{0, 0.5},
                 {1, 0.5},
                 {20, 0.3},
                 {20, 0.5},
                 {1000, 0.001},
                 {40, 0.9},
                 {50, 0.5},
                 {1000, 0.25},
                 {1000, 1},
                 {1000000, 0.3},
                 {INT64_C(1) << 53, 0x1p-52},
                 {INT64_C(1) << 40, 0x1p-30},
                 {77, 0}};
enum { BINOMIALS = sizeof binomials / sizeof *binomials };

DEVICE_TEST_ONCE(small_distributions, binomial_bits) {
    enum { N = 203 };
    for (int i = 0; i < BINOMIALS; i++) {
        check_case("n = %lld, p = %g", (long long)binomials[i].n, binomials[i].p);
        long double *want = scratch(N * sizeof *want);
        for (uint64_t k = 0; k < N; k++) want[k] = ref_binomial(3, 0, k, binomials[i].n, binomials[i].p);
        cg_seed(dev, 3);
        check_equal(cg_binomial(dev, cg_shape(N), binomials[i].n, binomials[i].p), CG_I64, cg_shape(N), want);
    }
}

/* --- Every kind on every device, cut in any way ---------------------------------------------------------------------- */

OPENCL_TEST(distributions, same_bits_as_the_cpu) {
    cg_device *cpu = cg_device_open("cpu");
    if (!CHECK(cpu != NULL)) return;
    const cg_dims n = cg_shape(20011);
    for (int t = CG_F32; t <= CG_F64; t++) {
        const cg_dtype type = (cg_dtype)t;
        if (!device_has(dev, type)) continue;
        check_case("%s", cg_dtype_name(type));
        check_same_bits(cg_exponential(dev, type, n, 3), cg_exponential(cpu, type, n, 3));
        check_same_bits(cg_gamma(dev, type, n, 2, 0.5), cg_gamma(cpu, type, n, 2, 0.5));
        check_same_bits(cg_gamma(dev, type, n, 0.2, 1), cg_gamma(cpu, type, n, 0.2, 1));
        check_same_bits(cg_gamma(dev, type, n, 1e6, 1), cg_gamma(cpu, type, n, 1e6, 1));
        check_same_bits(cg_beta(dev, type, n, 0.1, 0.3), cg_beta(cpu, type, n, 0.1, 0.3));
    }
    check_case("whole numbers");
    check_same_bits(cg_integers(dev, CG_I32, n, -1500000000, 1363311530),
                    cg_integers(cpu, CG_I32, n, -1500000000, 1363311530));
    check_same_bits(cg_integers(dev, CG_I64, n, INT64_MIN, 1), cg_integers(cpu, CG_I64, n, INT64_MIN, 1));
    check_same_bits(cg_bernoulli(dev, n, 0.3), cg_bernoulli(cpu, n, 0.3));
    check_same_bits(cg_binomial(dev, n, 30, 0.2), cg_binomial(cpu, n, 30, 0.2));
    check_same_bits(cg_binomial(dev, n, INT64_C(1) << 53, 0.6), cg_binomial(cpu, n, INT64_C(1) << 53, 0.6));
    check_same_bits(cg_permutation(dev, 20011), cg_permutation(cpu, 20011));
    check_same_bits(cg_categorical(cg_uniform(dev, CG_F32, cg_shape(3, 700), 0, 1), 4000),
                    cg_categorical(cg_uniform(cpu, CG_F32, cg_shape(3, 700), 0, 1), 4000));
    check_same_bits(cg_choice_weighted(cg_uniform(dev, CG_F32, cg_shape(700), 0, 1), 600, false),
                    cg_choice_weighted(cg_uniform(cpu, CG_F32, cg_shape(700), 0, 1), 600, false));
    check_same_bits(cg_dropout(cg_ones(dev, CG_F32, n), 0.3), cg_dropout(cg_ones(cpu, CG_F32, n), 0.3));
    cg_device_close(cpu);
}

/* Elements first .. first + n - 1 of a stream, whatever else of it is made. */
static void check_cut(cg_device *dev, cg_random_request r, const unsigned char *whole, uint64_t first,
                      int64_t n) {
    const size_t size = cg_dtype_size(r.dtype);
    cg_operand o = put(dev, r.dtype, n, NULL);
    r.first += first;
    r.n = n;
    r.buffer = o.buffer;
    r.offset = o.offset;
    CHECK(cg_hw_random(dev->hw, &r) == CG_OK);
    check_case("kind %d %s, %lld from %llu", (int)r.kind, cg_dtype_name(r.dtype), (long long)n,
               (unsigned long long)r.first);
    check_bits(take(dev, o, n), whole + first * size, n, size);
}

static void check_cuts(cg_device *dev, cg_random_request r) {
    const int64_t n = device_is_slow(dev) ? 300 : 1100;
    r.n = n;
    r.seed = 9;
    r.scale = 1;
    cg_operand o = put(dev, r.dtype, n, NULL);
    r.buffer = o.buffer;
    r.offset = o.offset;
    CHECK(cg_hw_random(dev->hw, &r) == CG_OK);
    const unsigned char *whole = take(dev, o, n);
    static const int64_t cuts[][2] = {{0, 1}, {1, 2}, {3, 70}, {255, 2}, {256, 44}, {1, 299}, {513, 530}};
    for (int i = 0; i < 7; i++)
        if (cuts[i][0] + cuts[i][1] <= n) check_cut(dev, r, whole, (uint64_t)cuts[i][0], cuts[i][1]);
}

/* From the beginning of a stream, and across block number 2^32. */
DEVICE_TEST_ONCE(small_distributions, a_stream_is_cut_in_any_way) {
    const cg_random_gamma small = {.d = 1.1 - 1 / 3.0, .c = 0.38, .log_d = -0.27, .power = 10};
    const cg_random_binomial few = {.n = 20, .p = 0.3, .odds = 3 / 7.0, .none = 0.0008, .inversion = true};
    const cg_random_request kinds[] = {
        {.kind = CG_RANDOM_UNIFORM, .dtype = CG_F32},
        {.kind = CG_RANDOM_NORMAL, .dtype = CG_F64},
        {.kind = CG_RANDOM_EXPONENTIAL, .dtype = CG_F32},
        {.kind = CG_RANDOM_GAMMA, .dtype = CG_F32, .gamma = small},
        {.kind = CG_RANDOM_LOG_GAMMA, .dtype = CG_F64, .gamma = small},
        {.kind = CG_RANDOM_INTEGERS, .dtype = CG_I32, .integers = {0, 3, 1}},
        {.kind = CG_RANDOM_INTEGERS, .dtype = CG_I64, .integers = {0, UINT64_C(3) << 62, UINT64_C(1) << 62}},
        {.kind = CG_RANDOM_BERNOULLI, .dtype = CG_BOOL, .chance = UINT64_C(1) << 62},
        {.kind = CG_RANDOM_BINOMIAL, .dtype = CG_I64, .binomial = few}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        cg_random_request r = kinds[i];
        if (!device_has(dev, r.dtype) || (r.kind == CG_RANDOM_BINOMIAL && !device_has(dev, CG_F64))) continue;
        check_cuts(dev, r);
        r.first = (UINT64_C(1) << 32) * (uint64_t)cg_random_per_block(&r) - 133;
        check_cuts(dev, r);
        scratch_free_all();
    }
}

/* --- Refusals ------------------------------------------------------------------------------------------------------------ */

DEVICE_TEST(small_distributions, refusals_of_parameters) {
    const cg_dims n = cg_shape(2);
    const double nan = (double)NAN, inf = (double)INFINITY;
    CHECK_FAILS(dev, cg_exponential(dev, CG_I32, n, 1), CG_ERROR_DTYPE, "exponential", "i32");
    CHECK_FAILS(dev, cg_exponential(dev, CG_F32, n, -1), CG_ERROR_ARGUMENT, "exponential", "scale", "-1");
    CHECK_FAILS(dev, cg_exponential(dev, CG_F32, n, inf), CG_ERROR_ARGUMENT, "exponential", "scale");
    CHECK_FAILS(dev, cg_gamma(dev, CG_BOOL, n, 1, 1), CG_ERROR_DTYPE, "gamma", "bool");
    CHECK_FAILS(dev, cg_gamma(dev, CG_F32, n, 0, 1), CG_ERROR_ARGUMENT, "gamma", "shape", "0");
    CHECK_FAILS(dev, cg_gamma(dev, CG_F32, n, nan, 1), CG_ERROR_ARGUMENT, "gamma", "nan");
    CHECK_FAILS(dev, cg_gamma(dev, CG_F32, n, 1, -2), CG_ERROR_ARGUMENT, "gamma", "scale");
    CHECK_FAILS(dev, cg_gamma(dev, CG_F32, cg_shape(-1), 1, 1), CG_ERROR_SHAPE, "gamma");
    CHECK_FAILS(dev, cg_beta(dev, CG_F32, n, 1, -1), CG_ERROR_ARGUMENT, "beta", "-1");
    CHECK_FAILS(dev, cg_beta(dev, CG_I64, n, 1, 1), CG_ERROR_DTYPE, "beta", "i64");
    CHECK_FAILS(dev, cg_integers(dev, CG_F32, n, 0, 1), CG_ERROR_DTYPE, "integers", "f32");
    CHECK_FAILS(dev, cg_integers(dev, CG_I64, n, 3, 3), CG_ERROR_ARGUMENT, "integers", "3 and 3");
    CHECK_FAILS(dev, cg_integers(dev, CG_I32, n, 0, INT64_C(1) << 32), CG_ERROR_ARGUMENT, "integers", "i32");
    CHECK_FAILS(dev, cg_bernoulli(dev, n, -0.1), CG_ERROR_ARGUMENT, "bernoulli", "-0.1");
    CHECK_FAILS(dev, cg_bernoulli(dev, n, nan), CG_ERROR_ARGUMENT, "bernoulli", "nan");
    CHECK_FAILS(dev, cg_binomial(dev, n, -1, 0.5), CG_ERROR_ARGUMENT, "binomial", "-1");
    CHECK_FAILS(dev, cg_binomial(dev, n, (INT64_C(1) << 53) + 1, 0.5), CG_ERROR_ARGUMENT, "binomial");
    CHECK_FAILS(dev, cg_binomial(dev, n, 3, 1.5), CG_ERROR_ARGUMENT, "binomial", "1.5");
    CHECK(cg_seed_split(NULL) == 0 && !cg_random_state(NULL) && !cg_beta(NULL, CG_F32, n, 1, 1));
}

DEVICE_TEST(small_distributions, refusals_of_choices) {
    cg_tensor *w = cg_ones(dev, CG_F32, cg_shape(2, 3)), *row = cg_ones(dev, CG_F32, cg_shape(3));
    CHECK_FAILS(dev, cg_categorical(cg_ones(dev, CG_I32, cg_shape(3)), 1), CG_ERROR_DTYPE, "categorical",
                "i32");
    CHECK_FAILS(dev, cg_categorical(cg_ones(dev, CG_F32, cg_shape(3, 0)), 1), CG_ERROR_SHAPE, "categorical");
    CHECK_FAILS(dev, cg_categorical(cg_ones(dev, CG_F32, cg_shape()), 1), CG_ERROR_SHAPE, "categorical");
    CHECK_FAILS(dev, cg_categorical(w, -1), CG_ERROR_SHAPE, "categorical");
    CHECK_FAILS(dev, cg_choice(dev, 3, 4, false), CG_ERROR_ARGUMENT, "choice", "4 of 3", "without");
    CHECK_FAILS(dev, cg_choice(dev, 0, 1, true), CG_ERROR_ARGUMENT, "choice", "1 of 0", "with");
    CHECK_FAILS(dev, cg_choice(dev, 3, -1, true), CG_ERROR_ARGUMENT, "choice", "-1");
    CHECK_FAILS(dev, cg_choice_weighted(w, 1, true), CG_ERROR_SHAPE, "choice_weighted", "(2, 3)");
    CHECK_FAILS(dev, cg_choice_weighted(row, 4, false), CG_ERROR_ARGUMENT, "choice_weighted", "4 of 3");
    CHECK_FAILS(dev, cg_choice_weighted(cg_ones(dev, CG_I64, cg_shape(3)), 1, false), CG_ERROR_DTYPE,
                "choice_weighted", "i64");
    CHECK_FAILS(dev, cg_shuffle(row, 1), CG_ERROR_ARGUMENT, "shuffle");
    CHECK_FAILS(dev, cg_dropout(row, 1.25), CG_ERROR_ARGUMENT, "dropout", "1.25");
    CHECK_FAILS(dev, cg_dropout(cg_ones(dev, CG_I32, cg_shape(3)), 0.5), CG_ERROR_DTYPE, "dropout", "i32");
    CHECK(!cg_categorical(NULL, 1) && !cg_choice_weighted(NULL, 1, true) && !cg_shuffle(NULL, 0) &&
          !cg_dropout(NULL, 0.5));
    check_is(cg_choice(dev, 0, 0, false), CG_I64, cg_shape(0));
    check_is(cg_choice(dev, 0, 0, true), CG_I64, cg_shape(0));
    check_is(cg_categorical(w, 0), CG_I64, cg_shape(2, 0));
}
