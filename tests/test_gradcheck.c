#include "support/device_test.h"

#include <math.h>

static cg_tensor *right(void *context, int n, cg_tensor *const *x) {
    (void)context;
    return n > 1 ? cg_mul(cg_exp(x[0]), x[1]) : cg_exp(x[0]);
}

/* exp(x), whose gradient is scaled by the context: what a mistake in a rule looks like. */
static cg_tensor *scaled(void *context, int n, cg_tensor *const *x) {
    (void)n;
    double factor = *(const double *)context;
    cg_tensor *y = cg_exp(x[0]);
    return cg_add(cg_mul(y, factor), cg_mul(cg_detach(y), 1 - factor));
}

static cg_tensor *fails(void *context, int n, cg_tensor *const *x) {
    (void)context, (void)n;
    return cg_matmul(x[0], cg_zeros(cg_device_of(x[0]), CG_F64, cg_shape(7, 7)));
}

/* The checker can say no, and says where; it is not content with a little. */
CPU_TEST(small_gradcheck, tells_right_from_wrong) {
    if (!cg_device_properties(dev)->has_f64) return;
    cg_gradcheck_result r;
    cg_tensor *x[2] = {cg_from_f64(dev, cg_shape(3), (const double[]){0.5, -1, 2}),
                       cg_from_f64(dev, cg_shape(3), (const double[]){1, 2, 3})};
    CHECK(cg_gradcheck(right, NULL, 2, x, 1e-9, 1e-9, &r) == CG_OK && r.passed && r.worst <= 1);
    static const double factors[] = {1 + 1e-7, 0.99, 2, 0, -1};
    for (int i = 0; i < 5; i++) {
        check_case("gradient scaled by %.9g", factors[i]);
        double factor = factors[i];
        CHECK(cg_gradcheck(scaled, &factor, 1, x, 1e-9, 1e-9, &r) == CG_OK && !r.passed && r.worst > 1);
        CHECK_MSG(fabs(r.analytic / r.numerical - factor) < 1e-6, "%.17g / %.17g", r.analytic, r.numerical);
        CHECK(r.input == 0 && r.element >= 0 && r.element < 3);
    }
    check_equal(x[0], CG_F64, cg_shape(3), (long double[]){0.5L, -1, 2});
}

COMPOSED_TEST(small_gradcheck, refusals) {
    cg_gradcheck_result r;
    cg_tensor *f = cg_ones(dev, CG_F32, cg_shape(2));
    CHECK(cg_gradcheck(right, NULL, 1, &f, 1e-9, 1e-9, &r) == CG_ERROR_DTYPE && !r.passed);
    check_error(dev, CG_ERROR_DTYPE, "gradcheck", "f64", NULL);
    if (!cg_device_properties(dev)->has_f64) return;
    cg_tensor *d = cg_ones(dev, CG_F64, cg_shape(2));
    CHECK(cg_gradcheck(fails, NULL, 1, &d, 1e-9, 1e-9, &r) == CG_ERROR_SHAPE && !r.passed);
    check_error(dev, CG_ERROR_SHAPE, "matmul", NULL);
}

static cg_tensor *cubed(void *context, int n, cg_tensor *const *x) {
    (void)context, (void)n;
    return cg_mul(cg_square(x[0]), cg_mul(x[0], x[0]));
}

static cg_tensor *linear(void *context, int n, cg_tensor *const *x) {
    (void)context;
    return n > 1 ? cg_add(cg_mul(x[0], 3), x[1]) : cg_mul(x[0], 3);
}

/* f(x) + (x - x') f'(x') with x' the value of x: right in value and first derivative, 0 in the second. */
static cg_tensor *lost(void *context, int n, cg_tensor *const *x) {
    cg_tensor *y = right(context, n, x), *g;
    cg_tensor *here = cg_require_grad(cg_detach(x[0]), true);
    if (cg_grad(cg_sum(right(context, 1, &here), CG_ALL_AXES, false), NULL, 1, &here, false, &g) != CG_OK)
        return NULL;
    return cg_add(cg_detach(y), cg_mul(cg_sub(x[0], cg_detach(x[0])), g));
}

/* The checker of second derivatives can say no as well, also where the derivative is not there at all. */
CPU_TEST(gradgradcheck, tells_right_from_wrong) {
    cg_gradcheck_result r;
    cg_tensor *x[2] = {cg_from_f64(dev, cg_shape(3), (const double[]){0.5, -1, 2}),
                       cg_from_f64(dev, cg_shape(3), (const double[]){1, 2, 3})};
    CHECK(cg_gradgradcheck(right, NULL, 2, x, 1e-6, 1e-6, &r) == CG_OK && r.passed && r.worst <= 1);
    CHECK(cg_gradgradcheck(cubed, NULL, 1, x, 1e-6, 1e-6, &r) == CG_OK && r.passed);
    CHECK(cg_gradgradcheck(linear, NULL, 2, x, 1e-6, 1e-6, &r) == CG_OK && r.passed);
    check_case("a second derivative that is lost");
    CHECK(cg_gradcheck(lost, NULL, 1, x, 1e-9, 1e-9, &r) == CG_OK && r.passed);
    CHECK(cg_gradgradcheck(lost, NULL, 1, x, 1e-6, 1e-6, &r) == CG_OK && !r.passed);
    CHECK(r.analytic == 0 && fabs(r.numerical) > 0.1);
    cg_tensor *f = cg_ones(dev, CG_F32, cg_shape(2));
    CHECK(cg_gradgradcheck(right, NULL, 1, &f, 1e-6, 1e-6, &r) == CG_ERROR_DTYPE && !r.passed);
    check_error(dev, CG_ERROR_DTYPE, "gradgradcheck", "f64", NULL);
}

static cg_tensor *scalar(void *context, int n, cg_tensor *const *x) {
    return cg_sum(right(context, n, x), CG_ALL_AXES, false);
}

/* exp(x) y: both forms against the derivative, within what each promises. */
CPU_TEST(numerical_gradient, of_exp) {
    static const double at[3] = {0.5, -1, 2}, factor[3] = {1, 2, 3};
    static const double allowed[2][2] = {{2e-4, 2e-4}, {1e-9, 1e-10}};
    long double want[2][3], size[3];
    for (int i = 0; i < 3; i++) {
        want[0][i] = expl((long double)at[i]) * factor[i];
        want[1][i] = expl((long double)at[i]);
        size[i] = 40;
    }
    for (int wide = 0; wide < 2; wide++)
        for (int d = CG_DIFFERENCE_CENTRAL; d <= CG_DIFFERENCE_SEVEN; d++) {
            const cg_dtype dtype = wide ? CG_F64 : CG_F32;
            check_case("%s, differences %d", cg_dtype_name(dtype), d);
            cg_tensor *x[2] = {cg_cast(cg_from_f64(dev, cg_shape(3), at), dtype),
                               cg_cast(cg_from_f64(dev, cg_shape(3), factor), dtype)};
            cg_tensor *out[2];
            CHECK(cg_numerical_gradient(scalar, NULL, 2, x, (cg_difference)d, out) == CG_OK);
            const double u = wide ? 0x1p-53 : 0x1p-24;
            check_within(out[0], dtype, cg_shape(3), want[0], allowed[wide][d] / u, size);
            check_within(out[1], dtype, cg_shape(3), want[1], allowed[wide][d] / u, size);
            CHECK(!cg_requires_grad(out[0]));
        }
}

CPU_TEST(numerical_gradient, refusals) {
    cg_tensor *x = cg_ones(dev, CG_F64, cg_shape(2)), *out = x, *whole = cg_ones(dev, CG_I32, cg_shape(2));
    CHECK(cg_numerical_gradient(right, NULL, 1, &x, CG_DIFFERENCE_CENTRAL, &out) == CG_ERROR_SHAPE && !out);
    check_error(dev, CG_ERROR_SHAPE, "(2,)", NULL);
    CHECK(cg_numerical_gradient(scalar, NULL, 1, &whole, CG_DIFFERENCE_CENTRAL, &out) == CG_ERROR_DTYPE);
    check_error(dev, CG_ERROR_DTYPE, "i32", NULL);
    CHECK(cg_numerical_gradient(scalar, NULL, 1, &x, (cg_difference)2, &out) == CG_ERROR_ARGUMENT);
    CHECK(cg_numerical_gradient(NULL, NULL, 1, &x, CG_DIFFERENCE_CENTRAL, &out) == CG_ERROR_ARGUMENT);
}
