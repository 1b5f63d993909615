#include "reference/ref_networks.h"
#include "support/device_test.h"
#include "support/gradients.h"

#include <math.h>

/* Values as a reference takes them, f32 or f64. */
static ref_array array_of(cg_dtype t, cg_dims shape, const void *data) {
    ref_array x = ref_array_new(shape.rank, shape.dim);
    for (int64_t i = 0; i < x.n; i++) x.v[i] = value_get(t, data, i);
    return x;
}

/* log2 n + 14, the bound of normalization.h. */
static long double bound(int64_t n) { return log2l((long double)n) + 14; }

/* --- accuracy --------------------------------------------------------------------------------------------------- */

/* f32 rows whose mean is a million times their spread keep what digits the input has. */
static void check_large_mean(cg_device *dev, cg_dims shape, double mean) {
    check_case("%s, mean %g", shape_text(shape), mean);
    uint64_t seed = 5;
    int64_t n = shape.dim[0] * shape.dim[1];
    float *data = random_values(CG_F32, n, mean - 1, mean + 2, &seed);
    ref_array size, want = ref_normalize(&(ref_norm){.kind = REF_LAST_AXES, .n = 1, .epsilon = 1e-5L},
                                         array_of(CG_F32, shape, data), &size, NULL, NULL);
    cg_tensor *x = cg_from_f32(dev, shape, data);
    check_within(cg_layer_norm(x, 1, NULL, NULL, 1e-5), CG_F32, shape, want.v, (double)bound(shape.dim[1]),
                 size.v);
    check_case("%s, mean %g, columns", shape_text(shape), mean);
    want = ref_normalize(&(ref_norm){.kind = REF_CHANNELS, .epsilon = 1e-5L}, array_of(CG_F32, shape, data),
                         &size, NULL, NULL);
    check_within(cg_batch_norm(x, NULL, NULL, NULL, NULL, true, 0.1, 1e-5), CG_F32, shape, want.v,
                 (double)bound(shape.dim[0]), size.v);
}

COMPOSED_TEST(small_normalization, large_mean) {
    check_large_mean(dev, cg_shape(3, 70), 0);
    check_large_mean(dev, cg_shape(3, 70), 1e6);
    if (!device_is_opencl(dev)) check_large_mean(dev, cg_shape(5, 1031), -1e6);
}

/* Exactly: the mean of equal elements is no rounding away from them. */
CPU_TEST(normalization, equal_elements_give_the_bias) {
    const cg_dims shape = cg_shape(2, 4);
    cg_tensor *x = cg_full(dev, CG_F32, shape, 0.1), *w = cg_full(dev, CG_F32, cg_shape(4), 3);
    cg_tensor *b = cg_from_f32(dev, cg_shape(4), (const float[]){1, 2, 3, 4});
    const long double want[] = {1, 2, 3, 4, 1, 2, 3, 4};
    check_equal(cg_layer_norm(x, 1, w, b, 1e-5), CG_F32, shape, want);
    check_equal(cg_batch_norm(x, w, b, NULL, NULL, true, 0.1, 1e-5), CG_F32, shape, want);
    check_equal(cg_group_norm(x, 2, w, b, 1e-5), CG_F32, shape, want);
    check_equal(cg_rms_norm(cg_zeros(dev, CG_F32, shape), 1, w, 1e-5), CG_F32, shape,
                (long double[]){0, 0, 0, 0, 0, 0, 0, 0});
    check_case("0 / 0");
    const long double *y = read_values(cg_layer_norm(x, 1, NULL, NULL, 0));
    CHECK(y && isnan(y[0]));
}

CPU_TEST(normalization, a_nan_stays_in_its_row) {
    cg_tensor *x = cg_from_f32(dev, cg_shape(3, 2), (const float[]){1, 3, NAN, 3, INFINITY, 1});
    const long double *y = read_values(cg_layer_norm(x, 1, NULL, NULL, 0));
    CHECK(y && y[0] == -1 && y[1] == 1 && isnan(y[2]) && isnan(y[3]) && isnan(y[4]) && isnan(y[5]));
}

CPU_TEST(normalization, dtypes) {
    cg_tensor *whole = cg_from_i32(dev, cg_shape(1, 2), (const int32_t[]){4, 6});
    check_equal(cg_layer_norm(whole, 1, NULL, NULL, 0), CG_F32, cg_shape(1, 2), (long double[]){-1, 1});
    cg_tensor *wide = cg_full(dev, CG_F64, cg_shape(2), 3), *narrow = cg_full(dev, CG_F32, cg_shape(2), 3);
    check_equal(cg_layer_norm(whole, 1, wide, NULL, 0), CG_F32, cg_shape(1, 2), (long double[]){-3, 3});
    check_equal(cg_layer_norm(cg_cast(whole, CG_F64), 1, narrow, NULL, 0), CG_F64, cg_shape(1, 2),
                (long double[]){-3, 3});
}

/* --- gradients of what the catalog has none for ------------------------------------------------------------------ */

/* Without weights the sum over a row is constant: the gradient of another function of it is checked. */
static cg_tensor *times_fixed(cg_tensor *y) {
    int64_t n = cg_numel(y);
    cg_tensor *w =
        cg_reshape(cg_sin(cg_arange(cg_device_of(y), CG_F64, 1, (double)n + 1, 1)), cg_shape_get(y));
    return cg_mul(w, cg_mul(y, cg_add(y, 0.3)));
}

static cg_tensor *layer_plain(void *context, int n, cg_tensor *const *x) {
    (void)context, (void)n;
    return times_fixed(cg_layer_norm(x[0], 1, NULL, NULL, 1e-3));
}

static cg_tensor *layer_with_bias_alone(void *context, int n, cg_tensor *const *x) {
    (void)context, (void)n;
    return times_fixed(cg_layer_norm(x[0], 1, NULL, x[1], 1e-3));
}

static cg_tensor *group_plain(void *context, int n, cg_tensor *const *x) {
    (void)context, (void)n;
    return times_fixed(cg_group_norm(x[0], 2, NULL, NULL, 1e-3));
}

static cg_tensor *batch_plain(void *context, int n, cg_tensor *const *x) {
    (void)context, (void)n;
    return times_fixed(cg_batch_norm(x[0], NULL, NULL, NULL, NULL, true, 0.1, 1e-3));
}

/* Training moves the running values on; the gradient is that of the batch's own. */
static cg_tensor *batch_training(void *context, int n, cg_tensor *const *x) {
    cg_tensor *const *running = context;
    (void)n;
    return times_fixed(cg_batch_norm(x[0], x[1], NULL, running[0], running[1], true, 0.1, 1e-3));
}

CPU_TEST(normalization, gradients) {
    uint64_t seed = 9;
    cg_tensor *x[] = {random_f64(dev, cg_shape(3, 4), -2, 2, 0, &seed),
                      random_f64(dev, cg_shape(4), 1, 2, 0, &seed)};
    cg_tensor *running[] = {cg_zeros(dev, CG_F64, cg_shape(4)), cg_ones(dev, CG_F64, cg_shape(4))};
    const struct {
        const char *name;
        cg_function *f;
        int n;
    } all[] = {{"layer", layer_plain, 1},
               {"layer with a bias", layer_with_bias_alone, 2},
               {"group", group_plain, 1},
               {"batch", batch_plain, 1},
               {"batch, training", batch_training, 2}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        check_case("%s", all[i].name);
        check_gradient(all[i].f, running, all[i].n, x);
        check_second_gradient(all[i].f, running, all[i].n, x);
    }
}

/* --- running values --------------------------------------------------------------------------------------------- */

/* Against the formulas: three batches of other spread, then evaluation by what was gathered. */
COMPOSED_TEST(small_normalization, running_values) {
    const cg_dims shape = cg_shape(5, 2, 3);
    cg_tensor *mean = cg_zeros(dev, CG_F32, cg_shape(2)), *var = cg_ones(dev, CG_F32, cg_shape(2));
    long double want_mean[] = {0, 0}, want_var[] = {1, 1};
    uint64_t seed = 3;
    float *data = NULL;
    for (int step = 0; step < 3; step++) {
        data = random_values(CG_F32, 30, -1 - step, 2 + 3 * step, &seed);
        ref_array m, v;
        ref_normalize(&(ref_norm){.kind = REF_CHANNELS}, array_of(CG_F32, shape, data), NULL, &m, &v);
        CHECK(cg_batch_norm(cg_from_f32(dev, shape, data), NULL, NULL, mean, var, true, 0.25, 1e-5) != NULL);
        for (int c = 0; c < 2; c++) {
            want_mean[c] += 0.25L * (m.v[c] - want_mean[c]);
            want_var[c] += 0.25L * (v.v[c] * 15 / 14 - want_var[c]);
        }
        check_case("step %d", step);
        check_within(mean, CG_F32, cg_shape(2), want_mean, 40, NULL);
        check_within(var, CG_F32, cg_shape(2), want_var, 40, want_var);
    }
    check_case("evaluation");
    const ref_array m = array_of(CG_F32, cg_shape(2), read_raw(mean)),
                    v = array_of(CG_F32, cg_shape(2), read_raw(var));
    ref_array size,
        want = ref_normalize(
            &(ref_norm){.kind = REF_CHANNELS, .epsilon = 1e-5L, .given_mean = &m, .given_var = &v},
            array_of(CG_F32, shape, data), &size, NULL, NULL);
    cg_tensor *x = cg_from_f32(dev, shape, data), *before = cg_clone(mean);
    check_within(cg_batch_norm(x, NULL, NULL, mean, var, false, 0.25, 1e-5), CG_F32, shape, want.v, 18,
                 size.v);
    check_same_bits(mean, before);
}

CPU_TEST(normalization, momentum) {
    cg_tensor *x = cg_from_f64(dev, cg_shape(4, 1), (const double[]){1, 2, 3, 6});
    cg_tensor *mean = cg_full(dev, CG_F64, cg_shape(1), 5), *var = cg_full(dev, CG_F64, cg_shape(1), 7);
    CHECK(cg_batch_norm(x, NULL, NULL, mean, var, true, 0, 0) != NULL);
    check_item(mean, 5, 0);
    check_item(var, 7, 0);
    CHECK(cg_batch_norm(x, NULL, NULL, mean, var, true, 1, 0) != NULL);
    check_item(mean, 3, 1e-15);
    check_item(var, 14.0 / 3, 1e-14);
    check_case("a record that still needs the old values of the running mean keeps them");
    cg_tensor *leaf = cg_require_grad(cg_clone(x), true), *g = NULL;
    cg_tensor *y = cg_batch_norm(leaf, NULL, NULL, mean, var, false, 1, 0);
    CHECK(cg_batch_norm(x, NULL, NULL, mean, var, true, 0.5, 0) != NULL);
    CHECK(cg_grad(cg_sum(y, CG_ALL_AXES, false), NULL, 1, &leaf, false, &g) == CG_OK);
    const double slope = 1 / sqrt(14.0 / 3);
    check_within(g, CG_F64, cg_shape(4, 1), (long double[]){slope, slope, slope, slope}, 8, NULL);
}

CPU_TEST(normalization, no_channels) {
    cg_tensor *x = cg_zeros(dev, CG_F32, cg_shape(2, 0, 3));
    cg_tensor *mean = cg_zeros(dev, CG_F32, cg_shape(0)), *var = cg_ones(dev, CG_F32, cg_shape(0));
    check_is(cg_batch_norm(x, NULL, NULL, mean, var, true, 0.1, 1e-5), CG_F32, cg_shape(2, 0, 3));
    check_is(cg_batch_norm(x, NULL, NULL, mean, var, false, 0.1, 1e-5), CG_F32, cg_shape(2, 0, 3));
}

/* --- refusals --------------------------------------------------------------------------------------------------- */

CPU_TEST(normalization, refusals) {
    cg_tensor *x = cg_zeros(dev, CG_F32, cg_shape(2, 6)), *six = cg_ones(dev, CG_F32, cg_shape(6));
    cg_tensor *two = cg_ones(dev, CG_F32, cg_shape(2)), *line = cg_ones(dev, CG_F32, cg_shape(6));
    CHECK_FAILS(dev, cg_layer_norm(x, 0, NULL, NULL, 0), CG_ERROR_ARGUMENT, "layer_norm", "(2, 6)", "0");
    CHECK_FAILS(dev, cg_layer_norm(x, 3, NULL, NULL, 0), CG_ERROR_ARGUMENT, "3");
    CHECK_FAILS(dev, cg_layer_norm(x, 1, two, NULL, 0), CG_ERROR_SHAPE, "weight", "(6,)", "(2,)");
    CHECK_FAILS(dev, cg_layer_norm(x, 1, NULL, two, 0), CG_ERROR_SHAPE, "bias", "(6,)");
    CHECK_FAILS(dev, cg_layer_norm(x, 1, NULL, NULL, -1), CG_ERROR_ARGUMENT, "epsilon", "-1");
    CHECK_FAILS(dev, cg_rms_norm(x, 1, NULL, (double)NAN), CG_ERROR_ARGUMENT, "rms_norm", "epsilon");
    CHECK_FAILS(dev, cg_rms_norm(x, 2, six, 0), CG_ERROR_SHAPE, "rms_norm", "(2, 6)");
    CHECK_FAILS(dev, cg_group_norm(x, 4, NULL, NULL, 0), CG_ERROR_ARGUMENT, "4 groups", "(2, 6)");
    CHECK_FAILS(dev, cg_group_norm(x, 0, NULL, NULL, 0), CG_ERROR_ARGUMENT, "0 groups");
    CHECK_FAILS(dev, cg_group_norm(line, 2, NULL, NULL, 0), CG_ERROR_SHAPE, "group_norm", "(6,)");
    CHECK_FAILS(dev, cg_group_norm(x, 2, two, NULL, 0), CG_ERROR_SHAPE, "weight", "(6,)", "(2,)");
    CHECK_FAILS(dev, cg_batch_norm(x, NULL, two, NULL, NULL, true, 0, 0), CG_ERROR_SHAPE, "bias", "(6,)");
    CHECK_FAILS(dev, cg_batch_norm(x, NULL, NULL, six, NULL, true, 0, 0), CG_ERROR_ARGUMENT, "together");
    CHECK_FAILS(dev, cg_batch_norm(x, NULL, NULL, six, two, true, 0, 0), CG_ERROR_SHAPE, "running variance");
    CHECK_FAILS(dev, cg_batch_norm(x, NULL, NULL, six, line, true, 1.5, 0), CG_ERROR_ARGUMENT, "momentum");
    CHECK_FAILS(dev, cg_batch_norm(x, NULL, NULL, cg_cast(six, CG_I32), line, true, 0.1, 0), CG_ERROR_DTYPE,
                "running mean", "i32");
    CHECK_FAILS(dev, cg_batch_norm(cg_slice(x, 0, 0, 1, 1), NULL, NULL, NULL, NULL, true, 0.1, 0),
                CG_ERROR_SHAPE, "batch_norm", "1 elements", "(1, 6)");
    cg_require_grad(six, true);
    CHECK_FAILS(dev, cg_batch_norm(x, NULL, NULL, six, line, true, 0.1, 0), CG_ERROR_DTYPE, "gradient");
    CHECK(!cg_layer_norm(NULL, 1, six, six, 0) && !cg_rms_norm(NULL, 1, six, 0) &&
          !cg_group_norm(NULL, 1, six, six, 0) && !cg_batch_norm(NULL, six, six, NULL, NULL, true, 0, 0));
    CHECK(cg_error_code(dev) == CG_OK);
}
