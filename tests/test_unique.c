/* The four results of unique together: they rebuild x, count it, and cost one round trip. */
#include "support/device_test.h"

#include <math.h>
#include <stdlib.h>

static void check_rebuilds(cg_device *dev, cg_tensor *x) {
    cg_unique_result u;
    uint64_t trips = cg_device_statistics(dev).round_trips;
    if (!CHECK_MSG(cg_unique(x, &u) == CG_OK, "%s", cg_error_message(dev))) return;
    CHECK_MSG(cg_device_statistics(dev).round_trips - trips == (cg_numel(x) ? 1 : 0),
              "one value is read, for the size of the result");
    cg_tensor *flat = cg_reshape(x, cg_shape(cg_numel(x)));
    cg_tensor *inverse = cg_reshape(u.inverse, cg_shape(cg_numel(x)));
    cg_dims found = cg_shape(cg_size(u.values, 0));
    check_equal(cg_index_select(u.values, 0, inverse), cg_dtype_of(x), cg_shape(cg_numel(x)),
                read_values(flat));
    check_equal(cg_index_select(flat, 0, u.index), cg_dtype_of(x), found, read_values(u.values));
    check_equal(cg_bincount(inverse, 0), CG_I64, found, read_values(u.counts));
    check_is(u.inverse, CG_I64, cg_shape_get(x));
    /* Strictly ascending: each has as many before it as its place says. */
    check_equal(cg_searchsorted(u.values, u.values, false), CG_I64, found,
                read_values(cg_arange(dev, CG_I64, 0, (double)found.dim[0], 1)));
}

COMPOSED_TEST(small_unique, by_hand) {
    const float nan = (float)NAN, x[] = {3, nan, 1, 3, -0.0f, nan, 0.0f, 3};
    cg_tensor *t = cg_from_f32(dev, cg_shape(2, 4), x);
    cg_unique_result u;
    CHECK(cg_unique(t, &u) == CG_OK);
    check_equal(u.values, CG_F32, cg_shape(4), (long double[]){0, 1, 3, (long double)NAN});
    check_equal(u.index, CG_I64, cg_shape(4), (long double[]){4, 2, 0, 1});
    check_equal(u.inverse, CG_I64, cg_shape(2, 4), (long double[]){2, 3, 1, 2, 0, 3, 0, 2});
    check_equal(u.counts, CG_I64, cg_shape(4), (long double[]){2, 1, 3, 2});
}

COMPOSED_TEST(small_unique, rebuilds) {
    uint64_t seed = 8;
    for (int t = CG_F32; t <= CG_BOOL; t++) {
        if (t == CG_F64 && !cg_device_properties(dev)->has_f64) continue;
        if (device_is_opencl(dev) && t != CG_F32 && t != CG_U8) continue;
        check_case("%s", cg_dtype_name((cg_dtype)t));
        void *data = random_values((cg_dtype)t, 60, 0, 9, &seed);
        cg_tensor *x = cg_from_host(dev, (cg_dtype)t, cg_shape(3, 5, 4), data);
        check_rebuilds(dev, cg_transpose(x, 0, 2));
        check_rebuilds(dev, cg_slice(x, 1, 1, 2, 1));
        check_rebuilds(dev, cg_zeros(dev, (cg_dtype)t, cg_shape(0, 2)));
    }
}

DEVICE_TEST_ONCE(unique, long_arrays) {
    enum { N = 100003 };
    uint64_t seed = 6;
    for (int range = 3; range < 1000000; range *= 100) {
        check_case("values to %d", range);
        check_rebuilds(dev, cg_from_i32(dev, cg_shape(N), random_values(CG_I32, N, -range, range, &seed)));
    }
}

/* What reads from the device is an error where that is forbidden, and says which operation it was. */
COMPOSED_TEST(small_unique, without_round_trips) {
    cg_unique_result u;
    cg_tensor *x = cg_ones(dev, CG_I32, cg_shape(3));
    setenv("CLGRAD_CHECK", "2", 1);
    CHECK(cg_unique(x, &u) == CG_ERROR_STATE && !u.values && !u.index && !u.inverse && !u.counts);
    check_error(dev, CG_ERROR_STATE, "unique", "CLGRAD_CHECK", NULL);
    CHECK_FAILS(dev, cg_bincount(x, 0), CG_ERROR_STATE, "bincount", "CLGRAD_CHECK");
    unsetenv("CLGRAD_CHECK");
}

COMPOSED_TEST(small_unique, nothing_and_null) {
    cg_unique_result u = {0};
    CHECK(cg_unique(NULL, &u) == CG_ERROR_ARGUMENT);
    CHECK(!u.values && !u.index && !u.inverse && !u.counts && cg_error_code(dev) == CG_OK);
    CHECK(cg_unique(cg_ones(dev, CG_F32, cg_shape(2, 3)), NULL) == CG_ERROR_ARGUMENT);
    check_error(dev, CG_ERROR_ARGUMENT, "unique", "(2, 3)", NULL);
    CHECK(cg_unique(cg_zeros(dev, CG_F32, cg_shape(3, 0)), &u) == CG_OK);
    check_is(u.values, CG_F32, cg_shape(0));
    check_is(u.index, CG_I64, cg_shape(0));
    check_is(u.inverse, CG_I64, cg_shape(3, 0));
    check_is(u.counts, CG_I64, cg_shape(0));
    cg_tensor *x = cg_require_grad(cg_ones(dev, CG_F32, cg_shape(3)), true);
    CHECK(cg_unique(x, &u) == CG_OK && cg_backward(u.values) == CG_ERROR_GRADIENT);
    check_error(dev, CG_ERROR_GRADIENT, "unique has no gradient", NULL);
}
