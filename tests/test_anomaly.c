/* Anomaly mode: who made the first NaN. */
#include "support/device_test.h"
#include "support/gradients.h"

#include <math.h>
#include <stdlib.h>

static cg_tensor *three(cg_device *dev, float a, float b, float c) {
    return cg_from_f32(dev, cg_shape(3), (const float[]){a, b, c});
}

COMPOSED_TEST(small_anomaly, names_the_operation) {
    cg_tensor *x = cg_require_grad(three(dev, 1, -1, 4), true);
    cg_tensor *y = cg_mul(cg_log(x), 2);
    CHECK(y && isnan((double)read_values(y)[1]));
    cg_anomaly_begin(dev);
    check_case("forward: the first, not the last");
    CHECK_FAILS(dev, cg_add(cg_exp(cg_mul(cg_log(x), 2)), 1), CG_ERROR_NAN, "log of (3,)", "element 1",
                "forward");
    check_case("unrecorded");
    CHECK_FAILS(dev, cg_sqrt(cg_detach(x)), CG_ERROR_NAN, "sqrt");
    cg_tensor *inf = cg_div(cg_ones(dev, CG_F32, cg_shape(1, 1)), 0);
    CHECK_FAILS(dev, cg_matmul(inf, cg_zeros(dev, CG_F32, cg_shape(1, 2))), CG_ERROR_NAN, "matmul",
                "(1, 1), (1, 2)");
    check_case("backward: 0 times the slope of a root at 0");
    cg_tensor *r = cg_require_grad(three(dev, 4, 0, 9), true);
    CHECK(cg_backward(total(cg_mul(cg_sqrt(r), 0))) == CG_ERROR_NAN);
    check_error(dev, CG_ERROR_NAN, "gradient of sqrt", "(3,)", "element 1", "backward", NULL);
    CHECK(cg_grad_of(r) == NULL);
    cg_anomaly_end(dev);
    CHECK(cg_backward(total(cg_mul(cg_sqrt(r), 0))) == CG_OK && isnan((double)read_values(cg_grad_of(r))[1]));
}

/* A NaN that was there before is no anomaly; nor is one that an operation or a rule has inside and picks away. */
CPU_TEST(anomaly, is_silent) {
    cg_anomaly_begin(dev);
    cg_tensor *bad = cg_require_grad(three(dev, 1, NAN, 2), true), *y = cg_exp(bad);
    CHECK(y && cg_backward(total(cg_square(y))) == CG_OK);
    cg_tensor *low = cg_require_grad(cg_full(dev, CG_F32, cg_shape(3), -INFINITY), true);
    CHECK(cg_logsumexp(low, CG_ALL_AXES, false) != NULL);
    cg_tensor *x = cg_require_grad(three(dev, 0, 2, 3), true);
    CHECK(cg_backward(total(cg_pow(x, 2.0))) == CG_OK);
    check_equal(cg_grad_of(x), CG_F32, cg_shape(3), (long double[]){0, 4, 6});
    CHECK(cg_gt(bad, 0) != NULL && cg_isnan(bad) != NULL && cg_argmax(x, cg_axes(0), false) != NULL);
    cg_anomaly_end(dev);
}

CPU_TEST(anomaly, nests_and_ends) {
    cg_tensor *x = three(dev, -1, -2, -3);
    cg_anomaly_end(dev);
    cg_anomaly_begin(dev);
    cg_anomaly_begin(dev);
    cg_anomaly_end(dev);
    CHECK_FAILS(dev, cg_log(x), CG_ERROR_NAN, "log");
    cg_anomaly_end(dev);
    CHECK(cg_log(x) != NULL);
    cg_anomaly_end(dev);
    CHECK(cg_log(x) != NULL);
    cg_anomaly_begin(NULL);
    cg_anomaly_end(NULL);
}

static cg_tensor *makes_nan(void *context, cg_tensor *g) {
    (void)context;
    return cg_sqrt(cg_neg(g));
}

static cg_tensor *log_of(void *context, int n, cg_tensor *const *x) {
    (void)n;
    return *(int *)context ? cg_log(cg_sub(x[0], 5)) : cg_log(x[0]);
}

/* In hooks, in what a checkpoint runs again, and under create_graph. */
CPU_TEST(anomaly, everywhere) {
    cg_tensor *x = cg_require_grad(three(dev, 1, 2, 3), true), *g;
    int again = 0;
    cg_anomaly_begin(dev);
    check_case("checkpoint");
    cg_tensor *y = total(cg_checkpoint(log_of, &again, 1, &x));
    again = 1;
    CHECK(cg_backward(y) == CG_ERROR_NAN);
    check_error(dev, CG_ERROR_NAN, "log of (3,)", NULL);
    check_case("second order");
    cg_tensor *zero = cg_require_grad(cg_zeros(dev, CG_F32, cg_shape()), true), *second;
    CHECK(cg_grad(cg_pow(zero, 1.5), NULL, 1, &zero, true, &g) == CG_OK);
    cg_status status = cg_grad(cg_mul(g, 0), NULL, 1, &zero, false, &second); /* 0 times x^-0.5 at 0 */
    CHECK(status == CG_ERROR_NAN);
    check_error(dev, CG_ERROR_NAN, "gradient of", NULL);
    check_case("hook");
    CHECK(cg_register_hook(x, makes_nan, NULL, NULL) > 0);
    CHECK(cg_backward(total(x)) == CG_ERROR_NAN);
    check_error(dev, CG_ERROR_NAN, "sqrt", NULL);
    cg_anomaly_end(dev);
}

/* Looking changes no bit. */
CPU_TEST(anomaly, changes_nothing) {
    cg_tensor *g[2];
    for (int on = 0; on < 2; on++) {
        if (on) cg_anomaly_begin(dev);
        cg_tensor *x = cg_require_grad(three(dev, 0.3F, 1.7F, -2.1F), true);
        CHECK(cg_backward(total(cg_tanh(cg_mul(cg_exp(x), cg_sigmoid(cg_sin(x)))))) == CG_OK);
        g[on] = cg_grad_of(x);
        if (on) cg_anomaly_end(dev);
    }
    check_same_bits(g[0], g[1]);
}

/* CLGRAD_CHECK=1: also in a further result of a request, here the product beside what is made of it. */
CPU_TEST(anomaly, check_sees_a_stored_product) {
    setenv("CLGRAD_CHECK", "1", 1);
    const float x[] = {1, NAN, 3, 4}, second_row[] = {0, 0, 1, 1};
    cg_tensor *a = cg_from_f32(dev, cg_shape(2, 2), x), *b = cg_from_f32(dev, cg_shape(2, 2), second_row);
    cg_tensor *mask = cg_cast(b, CG_BOOL), *zero = cg_zeros(dev, CG_F32, cg_shape(2, 2));
    CHECK_FAILS(dev, cg_eval(cg_where(mask, cg_matmul(a, b), zero)), CG_ERROR_NAN, "matmul");
    unsetenv("CLGRAD_CHECK");
}
