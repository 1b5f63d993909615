/* What gated units, derivatives of softmax and tolerances refuse, and properties the catalog has no place for. */
#include "support/device_test.h"

#include <math.h>

COMPOSED_TEST(small_activations, refusals) {
    cg_tensor *x = cg_ones(dev, CG_F32, cg_shape(2, 3)), *y = cg_ones(dev, CG_F32, cg_shape(4));
    CHECK_FAILS(dev, cg_glu(x, 1), CG_ERROR_SHAPE, "glu", "axis 1", "(2, 3)", "odd");
    CHECK_FAILS(dev, cg_swiglu(x, -1), CG_ERROR_SHAPE, "swiglu", "(2, 3)", "3");
    CHECK_FAILS(dev, cg_glu(x, 2), CG_ERROR_ARGUMENT, "glu", "axis 2", "(2, 3)");
    CHECK_FAILS(dev, cg_softmax_grad(x, y, 0), CG_ERROR_SHAPE, "softmax_grad", "(2, 3)", "(4,)");
    CHECK_FAILS(dev, cg_softmax_grad(x, x, 2), CG_ERROR_ARGUMENT, "softmax_grad", "axis 2");
    CHECK_FAILS(dev, cg_log_softmax_grad(x, y, 0), CG_ERROR_SHAPE, "log_softmax_grad", "(2, 3)", "(4,)");
    CHECK_FAILS(dev, cg_softmax_jacobian(x), CG_ERROR_SHAPE, "softmax_jacobian", "(C)", "(2, 3)");
    CHECK_FAILS(dev, cg_isclose(x, y, 0, 0, false), CG_ERROR_SHAPE, "isclose", "(2, 3)", "(4,)");
    CHECK_FAILS(dev, cg_allclose(x, y, 0, 0, false), CG_ERROR_SHAPE, "isclose", "(2, 3)", "(4,)");
    check_case("NULL in, NULL out");
    CHECK(!cg_glu(NULL, 0) && !cg_swiglu(NULL, 0) && !cg_softmax_jacobian(NULL));
    CHECK(!cg_softmax_grad(NULL, x, 0) && !cg_log_softmax_grad(x, NULL, 0));
    CHECK(!cg_isclose(x, NULL, 0, 0, false) && !cg_allclose(NULL, x, 0, 0, false));
    CHECK(cg_error_code(dev) == CG_OK);
}

/* The operation is what the backward pass of softmax gives, and the Jacobian times g. */
COMPOSED_TEST(small_activations, softmax_derivatives_agree) {
    const float logits[] = {0.5f, -1, 2, 0.25f}, seed[] = {1, -2, 0.5f, 3};
    cg_tensor *x = cg_require_grad(cg_from_f32(dev, cg_shape(4), logits), true);
    cg_tensor *g = cg_from_f32(dev, cg_shape(4), seed), *y = cg_softmax(x, 0), *dx = NULL;
    CHECK(cg_grad(y, g, 1, &x, false, &dx) == CG_OK);
    cg_tensor *p = cg_detach(y), *product = cg_matmul(cg_softmax_jacobian(p), g);
    check_same_bits(cg_softmax_grad(p, g, 0), dx);
    check_within(product, CG_F32, cg_shape(4), read_values(dx), 16, NULL);
}

/* NumPy's table: infinities are close to themselves alone; integers that f32 cannot tell apart are told apart. */
COMPOSED_TEST(small_activations, isclose_at_the_ends) {
    const float a[] = {INFINITY, INFINITY, 1, -INFINITY, NAN}, b[] = {INFINITY, 1, INFINITY, INFINITY, NAN};
    cg_tensor *x = cg_from_f32(dev, cg_shape(5), a), *y = cg_from_f32(dev, cg_shape(5), b);
    check_equal(cg_isclose(x, y, 1, 1, false), CG_BOOL, cg_shape(5), (long double[]){1, 0, 0, 0, 0});
    check_equal(cg_isclose(x, y, 1, 1, true), CG_BOOL, cg_shape(5), (long double[]){1, 0, 0, 0, 1});
    cg_tensor *n = cg_from_i64(dev, cg_shape(2), (const int64_t[]){16777217, -5});
    cg_tensor *m = cg_from_i64(dev, cg_shape(2), (const int64_t[]){16777216, -5});
    check_equal(cg_isclose(n, m, 0, 0.5, false), CG_BOOL, cg_shape(2), (long double[]){0, 1});
    check_equal(cg_isclose(n, m, 0, 1, false), CG_BOOL, cg_shape(2), (long double[]){1, 1});
    cg_tensor *low = cg_full(dev, CG_I32, cg_shape(), -2147483648.0),
              *high = cg_full(dev, CG_I32, cg_shape(), 2147483647.0);
    check_case("a difference that i32 cannot hold");
    check_item(cg_allclose(low, high, 0, 10, false), 0, 0);
}

/* The limits: -0 and x. f64 has them as x erfc, and erfc underflows to 0. */
DEVICE_TEST(small_activations, gelu_of_infinities) {
    for (int d = CG_F32; d <= CG_F64; d++) {
        const cg_dtype dtype = (cg_dtype)d;
        if (dtype == CG_F64 && !cg_device_properties(dev)->has_f64) continue;
        check_case("%s", cg_dtype_name(dtype));
        const float x[] = {-INFINITY, INFINITY, NAN, -1e30f};
        check_equal(cg_gelu(cg_cast(cg_from_f32(dev, cg_shape(4), x), dtype)), dtype, cg_shape(4),
                    (long double[]){-0.0L, INFINITY, NAN, -0.0L});
    }
}
