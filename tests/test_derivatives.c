/* Products with derivatives, Jacobians, Hessians. */
#include "support/device_test.h"
#include "support/gradients.h"

#include <math.h>

static cg_tensor *of(cg_device *dev, int64_t n, const float *v) { return cg_from_f32(dev, cg_shape(n), v); }

/* y[i, j] = x1[i] x0[j]^2, and the sum of it: (sum x1) (sum x0^2) */
static cg_tensor *table(void *context, int n, cg_tensor *const *x) {
    (void)context, (void)n;
    return cg_mul(cg_unsqueeze(x[1], 1), cg_square(x[0]));
}

static cg_tensor *table_sum(void *context, int n, cg_tensor *const *x) { return total(table(context, n, x)); }

#define INPUTS(dev)                                                                                          \
    { of(dev, 2, (const float[]){2, 3}), of(dev, 3, (const float[]){1, -1, 4}) }

CPU_TEST(derivatives, products) {
    cg_tensor *x[2] = INPUTS(dev), *out[2], *y;
    cg_tensor *u = cg_from_f32(dev, cg_shape(3, 2), (const float[]){1, 2, 3, 4, 5, 6});
    check_case("vjp");
    CHECK(cg_vjp(table, NULL, 2, x, u, false, out, &y) == CG_OK);
    check_equal(y, CG_F32, cg_shape(3, 2), (long double[]){4, 9, -4, -9, 16, 36});
    /* 2 x0_j sum_i u_ij x1_i; sum_j u_ij x0_j^2 */
    check_equal(out[0], CG_F32, cg_shape(2), (long double[]){4 * (1 - 3 + 20), 6 * (2 - 4 + 24)});
    check_equal(out[1], CG_F32, cg_shape(3), (long double[]){22, 48, 74});
    CHECK(!cg_requires_grad(out[0]) && !cg_requires_grad(y) && !cg_requires_grad(x[0]));
    check_case("jvp");
    cg_tensor *v[2] = {of(dev, 2, (const float[]){1, 10}), of(dev, 3, (const float[]){2, 0, -1})};
    CHECK(cg_jvp(table, NULL, 2, x, v, false, out, &y) == CG_OK);
    /* 2 x1_i x0_j v0_j + x0_j^2 v1_i */
    check_equal(out[0], CG_F32, cg_shape(3, 2), (long double[]){12, 78, -4, -60, 12, 231});
    check_equal(y, CG_F32, cg_shape(3, 2), (long double[]){4, 9, -4, -9, 16, 36});
    check_case("hvp");
    CHECK(cg_hvp(table_sum, NULL, 2, x, v, false, out, NULL) == CG_OK);
    /* 2 S1 v0 + 2 x0 sum(v1), S1 = 4; 2 <x0, v0> */
    check_equal(out[0], CG_F32, cg_shape(2), (long double[]){8 + 4, 80 + 6});
    check_equal(out[1], CG_F32, cg_shape(3), (long double[]){64, 64, 64});
}

DEVICE_TEST_ONCE(small_derivatives, jacobian) {
    cg_tensor *x[2] = INPUTS(dev), *out[2];
    CHECK(cg_jacobian(table, NULL, 2, x, false, out) == CG_OK);
    check_equal(out[0], CG_F32, cg_shape(3, 2, 2), (long double[]){4, 0, 0, 6, -4, 0, 0, -6, 16, 0, 0, 24});
    check_equal(out[1], CG_F32, cg_shape(3, 2, 3),
                (long double[]){4, 0, 0, 9, 0, 0, 0, 4, 0, 0, 9, 0, 0, 0, 4, 0, 0, 9});
    CHECK(!cg_requires_grad(out[0]));
}

CPU_TEST(derivatives, hessian) {
    cg_tensor *x[2] = INPUTS(dev), *out[4];
    CHECK(cg_hessian(table_sum, NULL, 2, x, false, out) == CG_OK);
    check_equal(out[0], CG_F32, cg_shape(2, 2), (long double[]){8, 0, 0, 8});
    check_equal(out[1], CG_F32, cg_shape(2, 3), (long double[]){4, 4, 4, 6, 6, 6});
    check_equal(out[2], CG_F32, cg_shape(3, 2), (long double[]){4, 6, 4, 6, 4, 6});
    check_equal(out[3], CG_F32, cg_shape(3, 3), (long double[]){0, 0, 0, 0, 0, 0, 0, 0, 0});
}

/* --- recorded ----------------------------------------------------------------------------------------------------- */

static cg_tensor *quartic(void *context, int n, cg_tensor *const *x) {
    (void)context, (void)n;
    return total(cg_square(cg_square(x[0])));
}

static cg_tensor *squares(void *context, int n, cg_tensor *const *x) {
    (void)context, (void)n;
    return cg_mul(cg_square(x[0]), x[0]);
}

/* Each result, recorded, goes on to the next order: of x^4, and of x^3. */
CPU_TEST(derivatives, can_be_differentiated_again) {
    cg_tensor *x = cg_require_grad(of(dev, 2, (const float[]){1, 2}), true), *out, *g;
    cg_tensor *ones = cg_ones(dev, CG_F32, cg_shape(2));
    check_case("hessian");
    CHECK(cg_hessian(quartic, NULL, 1, &x, true, &out) == CG_OK && cg_requires_grad(out));
    CHECK(cg_grad(total(out), NULL, 1, &x, false, &g) == CG_OK);
    check_equal(g, CG_F32, cg_shape(2), (long double[]){24, 48});
    check_case("hvp");
    CHECK(cg_hvp(quartic, NULL, 1, &x, &ones, true, &out, NULL) == CG_OK);
    CHECK(cg_backward(total(out)) == CG_OK);
    check_equal(cg_grad_of(x), CG_F32, cg_shape(2), (long double[]){24, 48});
    check_case("jacobian");
    CHECK(cg_jacobian(squares, NULL, 1, &x, true, &out) == CG_OK);
    CHECK(cg_grad(total(out), NULL, 1, &x, false, &g) == CG_OK);
    check_equal(g, CG_F32, cg_shape(2), (long double[]){6, 12});
    check_case("vjp, by x and by its vector");
    cg_tensor *v = cg_require_grad(of(dev, 2, (const float[]){5, 7}), true), *both[2] = {x, v}, *gs[2], *y;
    CHECK(cg_vjp(squares, NULL, 1, &x, v, true, &out, &y) == CG_OK && cg_requires_grad(y));
    CHECK(cg_grad(total(out), NULL, 2, both, false, gs) == CG_OK);
    check_equal(gs[0], CG_F32, cg_shape(2), (long double[]){30, 84});
    check_equal(gs[1], CG_F32, cg_shape(2), (long double[]){3, 12});
    check_case("jvp, by x and by its vector");
    CHECK(cg_jvp(squares, NULL, 1, &x, &v, true, &out, NULL) == CG_OK);
    CHECK(cg_grad(total(out), NULL, 2, both, false, gs) == CG_OK);
    check_equal(gs[0], CG_F32, cg_shape(2), (long double[]){30, 84});
    check_equal(gs[1], CG_F32, cg_shape(2), (long double[]){3, 12});
}

/* --- which x ------------------------------------------------------------------------------------------------------ */

/* x[0] times what the context is, which may be the same tensor. */
static cg_tensor *times_context(void *context, int n, cg_tensor *const *x) {
    (void)n;
    return total(cg_mul(x[0], (cg_tensor *)context));
}

static cg_tensor *product(void *context, int n, cg_tensor *const *x) {
    (void)context, (void)n;
    return total(cg_mul(cg_square(x[0]), x[1]));
}

/* Only what flows through the arguments counts, each by itself; the caller's leaves and switches stay as they were. */
CPU_TEST(derivatives, arguments) {
    cg_tensor *x = cg_require_grad(of(dev, 2, (const float[]){3, 5}), true), *out[2];
    check_case("the same tensor by another way");
    CHECK(cg_vjp(times_context, x, 1, &x, NULL, false, out, NULL) == CG_OK);
    check_equal(out[0], CG_F32, cg_shape(2), (long double[]){3, 5});
    CHECK(cg_vjp(times_context, x, 1, &x, NULL, true, out, NULL) == CG_OK);
    check_equal(out[0], CG_F32, cg_shape(2), (long double[]){3, 5});
    check_case("what is recorded is the way by the context");
    CHECK(cg_backward(total(out[0])) == CG_OK);
    check_equal(cg_grad_of(x), CG_F32, cg_shape(2), (long double[]){1, 1});
    check_case("one tensor as two arguments");
    cg_tensor *twice[2] = {x, x};
    for (int create = 0; create < 2; create++) {
        CHECK(cg_vjp(product, NULL, 2, twice, NULL, create, out, NULL) == CG_OK);
        check_equal(out[0], CG_F32, cg_shape(2), (long double[]){18, 50});
        check_equal(out[1], CG_F32, cg_shape(2), (long double[]){9, 25});
    }
    check_case("where nothing is recorded");
    cg_no_grad_begin(dev);
    CHECK(cg_hvp(quartic, NULL, 1, &x, &x, false, out, NULL) == CG_OK);
    check_equal(out[0], CG_F32, cg_shape(2), (long double[]){12 * 27, 12 * 125});
    CHECK(!cg_requires_grad(cg_mul(x, 2)));
    cg_no_grad_end(dev);
    CHECK(cg_requires_grad(cg_mul(x, 2)));
    check_equal(cg_grad_of(x), CG_F32, cg_shape(2), (long double[]){1, 1});
}

/* The results are the same by products and by whole matrices, of a function with everything in it. */
static cg_tensor *network(void *context, int n, cg_tensor *const *x) {
    (void)context, (void)n;
    return cg_softmax(cg_matmul(cg_tanh(cg_matmul(x[0], x[1])), x[2]), 1);
}

static cg_tensor *loss(void *context, int n, cg_tensor *const *x) {
    return total(cg_mul(network(context, n, x), cg_log(network(context, n, x))));
}

static cg_tensor *column(cg_tensor *x) { return cg_reshape(x, cg_shape(cg_numel(x), 1)); }

CPU_TEST(derivatives, agree) {
    uint64_t seed = 5;
    cg_tensor *x[3] = {random_f64(dev, cg_shape(2, 3), -1, 1, 0, &seed),
                       random_f64(dev, cg_shape(3, 4), -1, 1, 0, &seed),
                       random_f64(dev, cg_shape(4, 3), -1, 1, 0, &seed)};
    cg_tensor *v[3], *jacobian[3], *hessian[9], *jv, *hv[3], *sum = NULL;
    for (int i = 0; i < 3; i++) v[i] = random_f64(dev, cg_shape_get(x[i]), -1, 1, 0, &seed);
    CHECK(cg_jacobian(network, NULL, 3, x, false, jacobian) == CG_OK);
    CHECK(cg_jvp(network, NULL, 3, x, v, false, &jv, NULL) == CG_OK);
    for (int j = 0; j < 3; j++) {
        cg_tensor *part = cg_matmul(cg_reshape(jacobian[j], cg_shape(6, cg_numel(x[j]))), column(v[j]));
        sum = sum ? cg_add(sum, part) : part;
    }
    check_within(column(jv), CG_F64, cg_shape(6, 1), read_values(sum), 200, NULL);
    CHECK(cg_hessian(loss, NULL, 3, x, false, hessian) == CG_OK);
    CHECK(cg_hvp(loss, NULL, 3, x, v, false, hv, NULL) == CG_OK);
    for (int i = 0; i < 3; i++) {
        check_case("row %d of the Hessian", i);
        sum = NULL;
        for (int j = 0; j < 3; j++) {
            const int64_t rows = cg_numel(x[i]), columns = cg_numel(x[j]);
            cg_tensor *h = cg_reshape(hessian[3 * i + j], cg_shape(rows, columns)),
                      *part = cg_matmul(h, column(v[j]));
            sum = sum ? cg_add(sum, part) : part;
            cg_tensor *mirrored = cg_transpose(cg_reshape(hessian[3 * j + i], cg_shape(columns, rows)), 0, 1);
            check_within(h, CG_F64, cg_shape(rows, columns), read_values(mirrored), 200, NULL);
        }
        check_within(column(hv[i]), CG_F64, cg_shape(cg_numel(x[i]), 1), read_values(sum), 400, NULL);
    }
}

/* --- refusals ----------------------------------------------------------------------------------------------------- */

static cg_tensor *first_only(void *context, int n, cg_tensor *const *x) {
    (void)context, (void)n;
    return total(cg_square(x[0]));
}

static cg_tensor *nothing(void *context, int n, cg_tensor *const *x) {
    (void)context, (void)n, (void)x;
    return NULL;
}

static cg_tensor *misfit(void *context, int n, cg_tensor *const *x) {
    (void)context, (void)n;
    return cg_matmul(x[0], x[0]);
}

static cg_tensor *rounded(void *context, int n, cg_tensor *const *x) {
    (void)context, (void)n;
    return total(cg_cast(cg_cast(x[0], CG_I32), CG_F32));
}

static cg_tensor *linear(void *context, int n, cg_tensor *const *x) {
    (void)context, (void)n;
    return total(cg_mul(x[0], 3));
}

CPU_TEST(derivatives, refusals) {
    cg_tensor *x[2] = {cg_ones(dev, CG_F32, cg_shape(2, 3)), cg_ones(dev, CG_F32, cg_shape(3))};
    cg_tensor *plain = x[0], *out[4] = {plain, plain, plain, plain}, *y = plain;
    check_case("no dependence is an error, not a zero");
    CHECK(cg_vjp(first_only, NULL, 2, x, NULL, false, out, &y) == CG_ERROR_GRADIENT && !out[0] && !out[1] &&
          !y);
    check_error(dev, CG_ERROR_GRADIENT, "vjp", "input 1", "(3,)", NULL);
    out[0] = out[3] = plain;
    CHECK(cg_hessian(first_only, NULL, 2, x, false, out) == CG_ERROR_GRADIENT && !out[0] && !out[3]);
    check_error(dev, CG_ERROR_GRADIENT, "hessian", NULL);
    CHECK(cg_jacobian(rounded, NULL, 1, x, false, out) == CG_ERROR_GRADIENT);
    check_error(dev, CG_ERROR_GRADIENT, "jacobian", NULL);
    check_case("a second derivative may be 0");
    CHECK(cg_hvp(linear, NULL, 1, x, x, false, out, NULL) == CG_OK);
    check_equal(out[0], CG_F32, cg_shape(2, 3), (long double[]){0, 0, 0, 0, 0, 0});
    check_case("vectors");
    CHECK(cg_jvp(first_only, NULL, 1, x, &x[1], false, out, NULL) == CG_ERROR_SHAPE && !out[0]);
    check_error(dev, CG_ERROR_SHAPE, "jvp", "(3,)", "(2, 3)", NULL);
    cg_tensor *wide = cg_ones(dev, CG_F64, cg_shape(2, 3));
    CHECK(cg_hvp(first_only, NULL, 1, x, &wide, false, out, NULL) == CG_ERROR_DTYPE);
    check_error(dev, CG_ERROR_DTYPE, "hvp", "f64", NULL);
    CHECK(cg_vjp(table, NULL, 2, (cg_tensor *[]){x[1], x[1]}, x[0], false, out, NULL) == CG_ERROR_SHAPE);
    check_error(dev, CG_ERROR_SHAPE, "vjp", "(3, 3)", NULL);
    CHECK(cg_vjp(first_only, NULL, 1, x, cg_ones(dev, CG_F64, cg_shape()), false, out, NULL) ==
          CG_ERROR_DTYPE);
    check_error(dev, CG_ERROR_DTYPE, "vjp", "f64", NULL);
    check_case("one element");
    CHECK(cg_hessian(squares, NULL, 1, x, false, out) == CG_ERROR_SHAPE);
    check_error(dev, CG_ERROR_SHAPE, "hessian", "(2, 3)", NULL);
    check_case("functions that fail");
    CHECK(cg_vjp(misfit, NULL, 1, x, NULL, false, out, NULL) == CG_ERROR_SHAPE);
    check_error(dev, CG_ERROR_SHAPE, "matmul", NULL);
    CHECK(cg_jvp(nothing, NULL, 1, x, x, false, out, NULL) == CG_ERROR_ARGUMENT);
    check_error(dev, CG_ERROR_ARGUMENT, "jvp", NULL);
    check_case("integers, too many axes, nothing");
    cg_tensor *whole = cg_ones(dev, CG_I32, cg_shape(2)),
              *deep = cg_ones(dev, CG_F32, cg_shape(1, 1, 1, 1, 1));
    CHECK(cg_vjp(first_only, NULL, 1, &whole, NULL, false, out, NULL) == CG_ERROR_DTYPE);
    check_error(dev, CG_ERROR_DTYPE, "i32", NULL);
    CHECK(cg_jacobian(squares, NULL, 1, &deep, false, out) == CG_ERROR_SHAPE);
    check_error(dev, CG_ERROR_SHAPE, "jacobian", "8", NULL);
    CHECK(cg_vjp(first_only, NULL, 1, (cg_tensor *[]){NULL}, NULL, false, out, NULL) == CG_ERROR_ARGUMENT);
    CHECK(cg_hessian(NULL, NULL, 1, x, false, out) == CG_ERROR_ARGUMENT);
    CHECK(cg_jacobian(first_only, NULL, 0, x, false, out) == CG_ERROR_ARGUMENT);
}

static cg_tensor *signs(void *context, int n, cg_tensor *const *x) {
    (void)context, (void)n;
    return cg_sign(x[0]);
}

/* A derivative that is 0 everywhere is a result. */
CPU_TEST(derivatives, zero_everywhere) {
    cg_tensor *x = of(dev, 2, (const float[]){3, -5}), *v = of(dev, 2, (const float[]){1, 2}), *out, *y,
              *two[2] = {x, x}, *vs[2] = {v, v};
    for (int create = 0; create < 2; create++) {
        CHECK(cg_vjp(signs, NULL, 1, &x, v, create, &out, NULL) == CG_OK);
        check_equal(out, CG_F32, cg_shape(2), (long double[]){0, 0});
        CHECK_MSG(cg_jvp(signs, NULL, 1, &x, &v, create, &out, &y) == CG_OK, "%s", cg_error_message(dev));
        check_equal(out, CG_F32, cg_shape(2), (long double[]){0, 0});
        check_equal(y, CG_F32, cg_shape(2), (long double[]){1, -1});
    }
    check_case("no dependence is an error all the same");
    CHECK(cg_jvp(signs, NULL, 2, two, vs, false, &out, NULL) == CG_ERROR_GRADIENT);
    check_error(dev, CG_ERROR_GRADIENT, "jvp", "input 1", NULL);
}

CPU_TEST(derivatives, empty) {
    cg_tensor *x = cg_zeros(dev, CG_F32, cg_shape(0, 2)), *out;
    CHECK(cg_jacobian(squares, NULL, 1, &x, false, &out) == CG_OK);
    check_is(out, CG_F32, cg_shape(0, 2, 0, 2));
    CHECK(cg_hessian(quartic, NULL, 1, &x, false, &out) == CG_OK);
    check_is(out, CG_F32, cg_shape(0, 2, 0, 2));
}

/* Temporaries go with the call: what is held grows by the results alone. */
CPU_TEST(derivatives, memory_is_returned) {
    cg_tensor *x = cg_eval(cg_ones(dev, CG_F32, cg_shape(64))), *out;
    uint64_t before = 0;
    for (int i = 0; i < 3; i++) {
        cg_scope *scope = cg_scope_begin(dev);
        CHECK(cg_hessian(quartic, NULL, 1, &x, i == 1, &out) == CG_OK);
        CHECK(cg_hvp(quartic, NULL, 1, &x, &x, i == 2, &out, NULL) == CG_OK);
        if (i == 0) CHECK(cg_device_statistics(dev).bytes_in_use < 40000);
        cg_scope_end(scope);
        uint64_t held = cg_device_statistics(dev).bytes_in_use;
        CHECK_MSG(i == 0 || held == before, "call %d holds %lld bytes more", i, (long long)(held - before));
        before = held;
    }
}
