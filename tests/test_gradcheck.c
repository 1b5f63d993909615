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
DEVICE_TEST(small_gradcheck, tells_right_from_wrong) {
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

DEVICE_TEST(small_gradcheck, refusals) {
    cg_gradcheck_result r;
    cg_tensor *f = cg_ones(dev, CG_F32, cg_shape(2));
    CHECK(cg_gradcheck(right, NULL, 1, &f, 1e-9, 1e-9, &r) == CG_ERROR_DTYPE && !r.passed);
    check_error(dev, CG_ERROR_DTYPE, "gradcheck", "f64", NULL);
    if (!cg_device_properties(dev)->has_f64) return;
    cg_tensor *d = cg_ones(dev, CG_F64, cg_shape(2));
    CHECK(cg_gradcheck(fails, NULL, 1, &d, 1e-9, 1e-9, &r) == CG_ERROR_SHAPE && !r.passed);
    check_error(dev, CG_ERROR_SHAPE, "matmul", NULL);
}
