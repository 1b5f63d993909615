/* Orders, choices, dropout, and the state of the generator in a file. */
#include "support/device_test.h"
#include "support/files.h"
#include "support/gradients.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

/* Each of 0..n-1 at most once. */
static void check_different(const cg_tensor *x, int64_t n) {
    const long double *v = x ? read_values(x) : NULL;
    bool *seen = scratch((size_t)n + 1);
    for (int64_t i = 0; v && i < cg_numel(x); i++) {
        bool fresh = v[i] >= 0 && v[i] < n && !seen[(int64_t)v[i]];
        if (!CHECK_MSG(fresh, "element %lld is %Lg", (long long)i, v[i])) return;
        seen[(int64_t)v[i]] = true;
    }
    CHECK(v != NULL);
}

COMPOSED_TEST(small_sampling, choices_without_replacement) {
    for (int64_t n = 0; n < 300; n = 3 * n + 1) {
        check_case("of %lld", (long long)n);
        for (int64_t k = 0; k <= n; k = 2 * k + 1) {
            cg_tensor *x = cg_choice(dev, n, k, false);
            check_is(x, CG_I64, cg_shape(k));
            check_different(x, n);
        }
    }
    cg_tensor *x = cg_choice_weighted(cg_uniform(dev, CG_F32, cg_shape(50), 1, 2), 50, false);
    check_is(x, CG_I64, cg_shape(50));
    check_different(x, 50);
}

/* What is no distribution gives -1, the other rows are drawn all the same. */
COMPOSED_TEST(small_sampling, weights_that_are_none) {
    const float nan = NAN, inf = INFINITY;
    const float rows[] = {0, 0, 0, 0, 5, 0, 1, nan, 1, 1, -1, 1, 1, inf, 1, 1e-38f, 0, 0};
    cg_tensor *x = cg_categorical(cg_from_f32(dev, cg_shape(6, 3), rows), 2);
    check_equal(x, CG_I64, cg_shape(6, 2), (long double[]){-1, -1, 1, 1, -1, -1, -1, -1, -1, -1, 0, 0});
    for (int row = 2; row < 5; row++)
        check_equal(cg_choice_weighted(cg_from_f32(dev, cg_shape(3), rows + 3 * row), 2, false), CG_I64,
                    cg_shape(2), (long double[]){-1, -1});
    const float few[] = {0, 3, 0, 0};
    check_equal(cg_choice_weighted(cg_from_f32(dev, cg_shape(4), few), 3, false), CG_I64, cg_shape(3),
                (long double[]){1, -1, -1});
    check_is(cg_categorical(cg_ones(dev, CG_F32, cg_shape(2, 3, 4)), 5), CG_I64, cg_shape(2, 3, 5));
    check_equal(cg_categorical(cg_ones(dev, CG_F32, cg_shape(1)), 2), CG_I64, cg_shape(2),
                (long double[]){0, 0});
}

/* The slices move as wholes, and the way back puts their gradients where they came from. */
COMPOSED_TEST(small_sampling, shuffle) {
    enum { ROWS = 5, COLS = 7 };
    float data[ROWS * COLS];
    for (int i = 0; i < ROWS * COLS; i++) data[i] = (float)i;
    cg_tensor *x = cg_require_grad(cg_from_f32(dev, cg_shape(ROWS, COLS), data), true);
    for (int axis = -1; axis < 1; axis++) {
        cg_seed(dev, 4);
        cg_tensor *y = cg_shuffle(x, axis);
        cg_seed(dev, 4);
        cg_tensor *order = cg_permutation(dev, axis ? COLS : ROWS);
        check_same_bits(y, cg_index_select(x, axis, order));
        check_item(cg_sum(y, CG_ALL_AXES, false), ROWS * COLS * (ROWS * COLS - 1) / 2, 0);
        cg_tensor *g = NULL, *weighted = cg_sum(cg_mul(y, cg_detach(y)), CG_ALL_AXES, false);
        CHECK(cg_grad(weighted, NULL, 1, &x, false, &g) == CG_OK);
        check_same_bits(g, cg_detach(x));
    }
}

/* --- dropout ------------------------------------------------------------------------------------------------------------ */

COMPOSED_TEST(small_sampling, dropout) {
    enum { N = 1000 };
    cg_seed(dev, 21);
    cg_tensor *x = cg_require_grad(cg_uniform(dev, CG_F32, cg_shape(N), 1, 2), true), *g = NULL;
    uint64_t seed, stream;
    cg_seed_get(dev, &seed, &stream);
    cg_tensor *y = cg_dropout(x, 0.25);
    const long double *got = read_values(y), *from = read_values(x);
    int kept = 0;
    for (int i = 0; got && i < N; i++) {
        kept += got[i] != 0;
        CHECK_MSG(got[i] == 0 || fabsl(got[i] - from[i] / 0.75L) <= 2 * 0x1p-24L * from[i] / 0.75L,
                  "element %d: %.9Lg of %.9Lg", i, got[i], from[i]);
    }
    CHECK_MSG(abs(kept - 750) < 5 * 14, "%d are left", kept);
    cg_seed(dev, 99); /* the way back must not look at the generator */
    CHECK(cg_grad(cg_sum(y, CG_ALL_AXES, false), NULL, 1, &x, false, &g) == CG_OK);
    const long double *slope = read_values(g);
    for (int i = 0; slope && got && i < N; i++)
        if (!CHECK_MSG(slope[i] == (got[i] != 0 ? (long double)(float)(1 / 0.75) : 0), "gradient %d: %.9Lg",
                       i, slope[i]))
            break;
    cg_seed_set(dev, seed, stream);
    check_same_bits(cg_dropout(x, 0.25), y);
    cg_seed_get(dev, &seed, &stream);
    CHECK(seed == 21 && stream == 2);
}

/* All is kept, all is dropped; what is dropped is 0 whatever it was, and has no gradient. */
COMPOSED_TEST(small_sampling, dropout_of_nothing_and_all) {
    const float data[] = {1.5f, -2, NAN, INFINITY};
    cg_tensor *x = cg_require_grad(cg_from_f32(dev, cg_shape(4), data), true), *g = NULL;
    check_same_bits(cg_dropout(x, 0), cg_detach(x));
    cg_tensor *none = cg_dropout(x, 1);
    check_equal(none, CG_F32, cg_shape(4), (long double[]){0, 0, 0, 0});
    CHECK(cg_grad(cg_sum(none, CG_ALL_AXES, false), NULL, 1, &x, false, &g) == CG_OK);
    check_equal(g, CG_F32, cg_shape(4), (long double[]){0, 0, 0, 0});
    check_is(cg_dropout(cg_ones(dev, CG_F32, cg_shape(2, 0)), 0.5), CG_F32, cg_shape(2, 0));
}

/* The same stream each time, so that there is a function to differentiate. */
static cg_tensor *fixed_dropout(void *context, int n, cg_tensor *const *x) {
    (void)n;
    cg_seed_set(cg_device_of(x[0]), 3, 0);
    return cg_square(cg_dropout(x[0], *(const double *)context));
}

static cg_tensor *fixed_shuffle(void *context, int n, cg_tensor *const *x) {
    (void)context, (void)n;
    cg_seed_set(cg_device_of(x[0]), 3, 0);
    return cg_mul(cg_square(cg_shuffle(x[0], 1)), x[0]);
}

/* Compositions: another device only shows that the mask comes back there, which `dropout` does too. */
DEVICE_TEST_ONCE(sampling, gradients) {
    if (device_is_opencl(dev)) return;
    uint64_t seed = 5;
    cg_tensor *x[] = {random_f64(dev, cg_shape(3, 5), -2, 2, 0, &seed)};
    for (double p = 0; p <= 1; p += 0.5) {
        check_case("dropout(%g)", p);
        check_gradient(fixed_dropout, &p, 1, x);
        check_second_gradient(fixed_dropout, &p, 1, x);
    }
    check_case("shuffle");
    check_gradient(fixed_shuffle, NULL, 1, x);
    check_second_gradient(fixed_shuffle, NULL, 1, x);
}

/* --- The generator ------------------------------------------------------------------------------------------------------- */

/* A checkpoint: weights and the generator in one file; after loading it the same numbers follow. */
COMPOSED_TEST(small_sampling, state_in_a_file) {
    char path[64];
    snprintf(path, sizeof path, "/tmp/clgrad-state-%ld.safetensors", (long)getpid());
    cg_seed(dev, UINT64_C(0xfedcba9876543210));
    cg_tensor *w = cg_normal(dev, CG_F32, cg_shape(3), 0, 1);
    const cg_named_tensor saved[] = {{"w", w}, {"generator", cg_random_state(dev)}};
    CHECK(cg_safetensors_save(path, 2, saved, 0, NULL) == CG_OK);
    cg_tensor *next = cg_normal(dev, CG_F32, cg_shape(5), 0, 1), *after = cg_permutation(dev, 9);
    cg_seed(dev, 0);
    cg_safetensors *file = cg_safetensors_open(path);
    for (int i = 0; i < cg_safetensors_count(file); i++) {
        const char *name;
        cg_dtype dtype;
        cg_dims shape;
        CHECK(cg_safetensors_entry(file, i, &name, &dtype, &shape) == CG_OK);
        if (!strcmp(name, "generator"))
            CHECK(cg_random_restore(dev, cg_safetensors_read(file, i, dev)) == CG_OK);
    }
    cg_safetensors_close(file);
    unlink(path);
    check_same_bits(cg_normal(dev, CG_F32, cg_shape(5), 0, 1), next);
    check_same_bits(cg_permutation(dev, 9), after);
}

COMPOSED_TEST(small_sampling, state_refusals) {
    uint64_t seed, stream;
    cg_seed_set(dev, 7, 8);
    CHECK(cg_random_restore(dev, NULL) == CG_ERROR_ARGUMENT);
    CHECK(cg_random_restore(dev, cg_ones(dev, CG_I64, cg_shape(3))) == CG_ERROR_SHAPE);
    check_error(dev, CG_ERROR_SHAPE, "random_restore", "i64", "(3,)", NULL);
    CHECK(cg_random_restore(dev, cg_ones(dev, CG_F32, cg_shape(2))) == CG_ERROR_SHAPE);
    check_error(dev, CG_ERROR_SHAPE, "random_restore", "f32", NULL);
    CHECK(cg_random_restore(dev, cg_from_i64(dev, cg_shape(2), (const int64_t[]){1, -1})) ==
          CG_ERROR_ARGUMENT);
    check_error(dev, CG_ERROR_ARGUMENT, "random_restore", "-1", NULL);
    cg_seed_get(dev, &seed, &stream);
    CHECK(seed == 7 && stream == 8);
    cg_seed_set(dev, 7, UINT64_MAX); /* modulo 2^48 */
    cg_seed_get(dev, &seed, &stream);
    CHECK(stream == (UINT64_C(1) << 48) - 1);
    CHECK(cg_integers(dev, CG_I32, cg_shape(3), 0, 7) != NULL);
    cg_seed_get(dev, &seed, &stream);
    CHECK(seed == 7 && stream == 0);
}

/* A split generator depends on where it was split, and on nothing else. */
COMPOSED_TEST(small_sampling, split) {
    cg_seed(dev, 5);
    const uint64_t first = cg_seed_split(dev), second = cg_seed_split(dev);
    cg_seed(dev, 5);
    CHECK(cg_seed_split(dev) == first && first != second);
    CHECK(cg_seed_split(dev) == second);
    cg_seed(dev, 6);
    CHECK(cg_seed_split(dev) != first);
}
