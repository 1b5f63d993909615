/*
 * Decompositions where they end: equal eigenvalues, singular and empty matrices, NaN, refusals, gradients that are missing,
 * what is asked of the device.
 */
#include "support/device_test.h"
#include "support/gradients.h"

#include <math.h>

/* --- Equal eigenvalues and singular values ------------------------------------------------------------------------- */

static cg_tensor *leaf(cg_device *dev, int64_t m, int64_t n, const double *data) {
    return cg_require_grad(cg_from_f64(dev, cg_shape(m, n), data), true);
}

static void check_gradient_is(cg_device *dev, cg_tensor *y, cg_tensor *x, const long double *want) {
    if (!CHECK_MSG(y && cg_backward(y) == CG_OK, "%s", cg_error_message(dev))) return;
    check_within(cg_grad_of(x), CG_F64, cg_shape_get(x), want, 64, NULL);
    cg_zero_grad(x);
}

static void check_not_finite(cg_device *dev, cg_tensor *y, cg_tensor *x) {
    if (!CHECK_MSG(y && cg_backward(y) == CG_OK, "%s", cg_error_message(dev))) return;
    const long double *g = read_values(cg_grad_of(x));
    bool finite = true;
    for (int64_t i = 0; g && i < cg_numel(x); i++) finite = finite && isfinite(g[i]);
    CHECK_MSG(!finite, "the gradient is finite, and so wrong");
    cg_zero_grad(x);
}

CPU_TEST(decompositions, gradients_at_equal_values) {
    static const double twice[] = {2, 0, 0, 0, 2, 0, 0, 0, 2}, mixed[] = {3, 0, 0, 0, 3, 0, 0, 0, 1};
    static const long double identity[] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
    cg_tensor *x = leaf(dev, 3, 3, twice), *w, *v, *u, *s, *vh;
    check_case("the sum of equal eigenvalues is the trace");
    check_gradient_is(dev, total(cg_eigvalsh(x)), x, identity);
    check_case("the squares of eigenvalues, two of them equal");
    x = leaf(dev, 3, 3, mixed);
    CHECK(cg_eigh(x, &w, &v) == CG_OK);
    check_gradient_is(dev, total(cg_mul(w, w)), x, (long double[]){6, 0, 0, 0, 6, 0, 0, 0, 2});
    check_case("through the vectors there is none, not even where the loss is one of A: V w V^T");
    CHECK(cg_eigh(x, &w, &v) == CG_OK);
    check_not_finite(dev, total(cg_matmul(cg_mul(v, cg_unsqueeze(w, -2)), cg_transpose(v, 0, 1))), x);
    CHECK(cg_svd(x, false, &u, &s, &vh) == CG_OK);
    check_not_finite(dev, total(cg_matmul(cg_mul(u, cg_unsqueeze(s, -2)), vh)), x);
    check_case("the nuclear norm: U V^T");
    check_gradient_is(dev, cg_matrix_norm(x, CG_NORM_NUC, false), x, identity);
    check_case("rank 2, equal singular values within it: all but what is outside both spaces");
    check_gradient_is(dev, total(cg_low_rank(x, 2)), x,
                      (long double[]){1, 1, 1.5L, 1, 1, 1.5L, 1.5L, 1.5L, 0});
    check_case("rank 1 where the first two are equal is not determined");
    check_not_finite(dev, total(cg_low_rank(x, 1)), x);
}

/* Of a matrix of rank 1: singular values of 0 give nothing to divide by. */
CPU_TEST(decompositions, gradients_at_rank_1) {
    cg_tensor *x = leaf(dev, 3, 2, (const double[]){2, 0, 0, 0, 0, 0});
    check_case("the largest singular value: u v^T");
    check_gradient_is(dev, cg_matrix_norm(x, CG_NORM_2, false), x, (long double[]){1, 0, 0, 0, 0, 0});
    check_case("pinv, of constant rank");
    check_gradient_is(dev, cg_sum(cg_slice(cg_pinv(x, -1), 0, 0, 1, 1), CG_ALL_AXES, false), x,
                      (long double[]){-0.25L, 0, 0.25L, 0, 0.25L, 0});
}

/* The rule for eigh of A that is not symmetric: the gradient is symmetric, as of a function of (A + A^T) / 2. */
CPU_TEST(small_decompositions, eigh_gradient_is_symmetric) {
    cg_tensor *x = cg_require_grad(cg_from_f32(dev, cg_shape(2, 2), (const float[]){1, 0, 1, 3}), true), *v;
    CHECK(cg_eigh(x, NULL, &v) == CG_OK &&
          cg_backward(cg_sum(cg_slice(v, 0, 0, 1, 1), CG_ALL_AXES, false)) == CG_OK);
    const long double *g = read_values(cg_grad_of(x));
    CHECK(g && fabsl(g[1] - g[2]) < 1e-6L && fabsl(g[1]) > 0.01L);
}

/* --- Condition --------------------------------------------------------------------------------------------------------- */

CPU_TEST(small_decompositions, condition_of_singular_matrices) {
    const long double inf = (long double)INFINITY, nan = (long double)NAN;
    const float data[] = {1, 2, 2, 4, 3, 0, 0, 1, (float)NAN, 1, 1, 1};
    cg_tensor *x = cg_from_f32(dev, cg_shape(3, 2, 2), data);
    static const cg_matrix_norm_kind norm[] = {CG_NORM_1, CG_NORM_NEG_1, CG_NORM_INF, CG_NORM_NEG_INF,
                                               CG_NORM_FRO};
    const long double want[][3] = {
        {inf, 3, nan}, {inf, 1.0L / 3, nan}, {inf, 3, nan}, {inf, 1.0L / 3, nan}, {inf, 10.0L / 3, nan}};
    for (int i = 0; i < 5; i++) {
        check_case("norm %d", (int)norm[i]);
        check_within(cg_cond(x, norm[i]), CG_F32, cg_shape(3), want[i], 16, NULL);
    }
    check_case("by singular values");
    cg_tensor *zeros = cg_zeros(dev, CG_F32, cg_shape(2, 3));
    check_equal(cg_cond(zeros, CG_NORM_2), CG_F32, cg_shape(), &inf);
    check_equal(cg_cond(zeros, CG_NORM_NEG_2), CG_F32, cg_shape(), &inf);
    cg_tensor *diagonal = cg_from_f32(dev, cg_shape(2, 2), (const float[]){2, 0, 0, 0});
    check_equal(cg_cond(diagonal, CG_NORM_2), CG_F32, cg_shape(), &inf);
    check_equal(cg_cond(diagonal, CG_NORM_NEG_2), CG_F32, cg_shape(), (long double[]){0});
    check_equal(cg_cond(diagonal, CG_NORM_NUC), CG_F32, cg_shape(), &inf);
}

/* --- Nothing ------------------------------------------------------------------------------------------------------------- */

static const long double eye3[] = {1, 0, 0, 0, 1, 0, 0, 0, 1};

COMPOSED_TEST(small_decompositions, empty_matrices) {
    cg_tensor *tall = cg_zeros(dev, CG_F32, cg_shape(3, 0)), *wide = cg_zeros(dev, CG_F32, cg_shape(2, 0, 3));
    cg_tensor *none = cg_zeros(dev, CG_F32, cg_shape(0, 3, 3)), *q, *r, *u, *s, *vh, *w, *v, *wr, *wi, *vr,
              *vi;
    check_case("qr");
    CHECK(cg_qr(tall, CG_QR_REDUCED, &q, &r) == CG_OK && check_is(q, CG_F32, cg_shape(3, 0)) &&
          check_is(r, CG_F32, cg_shape(0, 0)));
    CHECK(cg_qr(tall, CG_QR_COMPLETE, &q, &r) == CG_OK && check_equal(q, CG_F32, cg_shape(3, 3), eye3) &&
          check_is(r, CG_F32, cg_shape(3, 0)));
    CHECK(cg_qr(none, CG_QR_REDUCED, &q, &r) == CG_OK && check_is(q, CG_F32, cg_shape(0, 3, 3)));
    check_case("svd");
    CHECK(cg_svd(wide, false, &u, &s, &vh) == CG_OK && check_is(u, CG_F32, cg_shape(2, 0, 0)) &&
          check_is(s, CG_F32, cg_shape(2, 0)) && check_is(vh, CG_F32, cg_shape(2, 0, 3)));
    long double two[18];
    for (int i = 0; i < 18; i++) two[i] = eye3[i % 9];
    CHECK(cg_svd(wide, true, &u, &s, &vh) == CG_OK && check_equal(vh, CG_F32, cg_shape(2, 3, 3), two));
    check_is(cg_svdvals(none), CG_F32, cg_shape(0, 3));
    check_case("eigenvalues");
    CHECK(cg_eigh(none, &w, &v) == CG_OK && check_is(w, CG_F32, cg_shape(0, 3)) &&
          check_is(v, CG_F32, cg_shape(0, 3, 3)));
    CHECK(cg_eig(none, &wr, &wi, &vr, &vi) == CG_OK && check_is(vi, CG_F32, cg_shape(0, 3, 3)));
    check_is(cg_eigvalsh(cg_zeros(dev, CG_F32, cg_shape(0, 0))), CG_F32, cg_shape(0));
    check_case("the rest");
    check_is(cg_pinv(wide, -1), CG_F32, cg_shape(2, 3, 0));
    check_is(cg_low_rank(tall, 0), CG_F32, cg_shape(3, 0));
    check_equal(cg_matrix_rank(wide, -1), CG_I64, cg_shape(2), (long double[]){0, 0});
    check_equal(cg_matrix_norm(wide, CG_NORM_FRO, false), CG_F32, cg_shape(2), (long double[]){0, 0});
    check_equal(cg_matrix_norm(wide, CG_NORM_NUC, true), CG_F32, cg_shape(2, 1, 1), (long double[]){0, 0});
    check_equal(cg_matrix_norm(wide, CG_NORM_1, false), CG_F32, cg_shape(2), (long double[]){0, 0});
    check_is(cg_cond(none, CG_NORM_1), CG_F32, cg_shape(0));
}

/* --- Refusals ---------------------------------------------------------------------------------------------------------- */

COMPOSED_TEST(small_decompositions, refusals) {
    cg_tensor *x = cg_ones(dev, CG_F32, cg_shape(2, 3)), *line = cg_ones(dev, CG_F32, cg_shape(3));
    cg_tensor *empty = cg_zeros(dev, CG_F32, cg_shape(0, 3)), *a = x, *b = x, *c = x;
    CHECK(cg_qr(line, CG_QR_REDUCED, &a, &b) == CG_ERROR_SHAPE && !a && !b);
    check_error(dev, CG_ERROR_SHAPE, "qr", "(3,)", NULL);
    CHECK(cg_qr(x, (cg_qr_mode)7, &a, &b) == CG_ERROR_ARGUMENT);
    check_error(dev, CG_ERROR_ARGUMENT, "qr", "7", NULL);
    CHECK(cg_eigh(x, &a, &b) == CG_ERROR_SHAPE);
    check_error(dev, CG_ERROR_SHAPE, "eigh", "square", "(2, 3)", NULL);
    CHECK(cg_eigvals(x, &a, &b) == CG_ERROR_SHAPE);
    check_error(dev, CG_ERROR_SHAPE, "eigvals", "square", "(2, 3)", NULL);
    CHECK(cg_svd(line, false, &a, &b, &c) == CG_ERROR_SHAPE && !c);
    check_error(dev, CG_ERROR_SHAPE, "svd", "(3,)", NULL);
    CHECK_FAILS(dev, cg_eigvalsh(x), CG_ERROR_SHAPE, "eigvalsh", "(2, 3)");
    CHECK_FAILS(dev, cg_svdvals(line), CG_ERROR_SHAPE, "svdvals", "(3,)");
    CHECK_FAILS(dev, cg_pinv(line, -1), CG_ERROR_SHAPE, "pinv", "(3,)");
    CHECK_FAILS(dev, cg_pinv(x, (double)NAN), CG_ERROR_ARGUMENT, "pinv", "NaN");
    CHECK_FAILS(dev, cg_matrix_rank(line, -1), CG_ERROR_SHAPE, "matrix_rank", "(3,)");
    CHECK_FAILS(dev, cg_matrix_rank(x, (double)NAN), CG_ERROR_ARGUMENT, "matrix_rank", "NaN");
    CHECK_FAILS(dev, cg_low_rank(x, 3), CG_ERROR_ARGUMENT, "low_rank", "(2, 3)", "rank 3");
    CHECK_FAILS(dev, cg_low_rank(x, -1), CG_ERROR_ARGUMENT, "low_rank", "rank -1");
    CHECK_FAILS(dev, cg_matrix_norm(line, CG_NORM_FRO, false), CG_ERROR_SHAPE, "matrix_norm", "(3,)");
    CHECK_FAILS(dev, cg_matrix_norm(x, (cg_matrix_norm_kind)99, false), CG_ERROR_ARGUMENT, "matrix_norm",
                "99");
    CHECK_FAILS(dev, cg_matrix_norm(empty, CG_NORM_2, false), CG_ERROR_SHAPE, "matrix_norm", "(0, 3)");
    CHECK_FAILS(dev, cg_matrix_norm(empty, CG_NORM_INF, false), CG_ERROR_SHAPE, "matrix_norm", "(0, 3)");
    CHECK_FAILS(dev, cg_cond(x, CG_NORM_1), CG_ERROR_SHAPE, "cond", "square");
    CHECK_FAILS(dev, cg_cond(empty, CG_NORM_2), CG_ERROR_SHAPE, "cond", "(0, 3)");
    CHECK(cg_qr(NULL, CG_QR_R, &a, &b) && cg_eigh(NULL, &a, &b) && cg_eigvals(NULL, &a, &b) &&
          cg_svd(NULL, true, &a, &b, &c) && cg_eig(NULL, &a, &b, &c, NULL) && !a && !b && !c);
    CHECK(!cg_eigvalsh(NULL) && !cg_svdvals(NULL) && !cg_pinv(NULL, 0) && !cg_low_rank(NULL, 1) &&
          !cg_matrix_rank(NULL, 0) && !cg_matrix_norm(NULL, CG_NORM_1, true) && !cg_cond(NULL, CG_NORM_1));
    CHECK(cg_error_code(dev) == CG_OK);
}

/* NaN and infinities in one matrix of three: the message names it. R of a matrix with NaN has NaN. */
COMPOSED_TEST(small_decompositions, nan_and_infinity) {
    float data[12];
    for (int i = 0; i < 12; i++) data[i] = (float)(i % 4 == 0) + 0.1f * (float)i;
    data[6] = (float)NAN;
    cg_tensor *x = cg_from_f32(dev, cg_shape(3, 2, 2), data), *a, *b, *c, *d;
    CHECK(cg_svd(x, false, &a, &b, &c) == CG_ERROR_ARGUMENT && !a && !b && !c);
    check_error(dev, CG_ERROR_ARGUMENT, "svd", "matrix 1", "NaN", NULL);
    CHECK(cg_eigh(x, &a, &b) == CG_ERROR_ARGUMENT && !a && !b);
    check_error(dev, CG_ERROR_ARGUMENT, "eigh", "matrix 1", "NaN", NULL);
    CHECK(cg_eig(x, &a, &b, &c, &d) == CG_ERROR_ARGUMENT && !d);
    check_error(dev, CG_ERROR_ARGUMENT, "eig", "matrix 1", NULL);
    CHECK_FAILS(dev, cg_pinv(x, -1), CG_ERROR_ARGUMENT, "pinv", "matrix 1");
    CHECK_FAILS(dev, cg_low_rank(x, 1), CG_ERROR_ARGUMENT, "low_rank", "matrix 1");
    CHECK_FAILS(dev, cg_matrix_rank(x, -1), CG_ERROR_ARGUMENT, "matrix_rank", "matrix 1");
    CHECK_FAILS(dev, cg_matrix_norm(x, CG_NORM_NUC, false), CG_ERROR_ARGUMENT, "matrix_norm", "matrix 1");
    CHECK_FAILS(dev, cg_cond(x, CG_NORM_2), CG_ERROR_ARGUMENT, "cond", "matrix 1");
    data[6] = (float)INFINITY;
    x = cg_from_f32(dev, cg_shape(3, 2, 2), data);
    CHECK_FAILS(dev, cg_svdvals(x), CG_ERROR_ARGUMENT, "svdvals", "matrix 1");
    CHECK_FAILS(dev, cg_eigvalsh(x), CG_ERROR_ARGUMENT, "eigvalsh", "matrix 1");
    data[6] = (float)NAN;
    x = cg_from_f32(dev, cg_shape(3, 2, 2), data);
    CHECK(cg_qr(x, CG_QR_R, NULL, &b) == CG_OK);
    const long double *r = read_values(b);
    CHECK(r && isnan(r[7]) && !isnan(r[0]) && !isnan(r[3]) && !isnan(r[8]) && !isnan(r[11]));
}

/* What has no gradient is an error, never a 0, even beside what has one. */
CPU_TEST(small_decompositions, missing_gradients) {
    const float data[] = {4, 1, 1, 3, 0, 2};
    cg_tensor *x = cg_require_grad(cg_from_f32(dev, cg_shape(3, 2), data), true);
    cg_tensor *square = cg_require_grad(cg_from_f32(dev, cg_shape(2, 2), data), true), *a, *b, *c;
    CHECK(cg_qr(x, CG_QR_COMPLETE, &a, &b) == CG_OK);
    CHECK(cg_backward(cg_add(total(a), total(x))) == CG_ERROR_GRADIENT);
    check_error(dev, CG_ERROR_GRADIENT, "qr (complete", "(3, 2)", NULL);
    CHECK(cg_eigvals(square, &a, &b) == CG_OK);
    CHECK(cg_backward(cg_add(total(a), total(square))) == CG_ERROR_GRADIENT);
    check_error(dev, CG_ERROR_GRADIENT, "eigvals", NULL);
    CHECK(cg_eig(square, NULL, NULL, &a, &b) == CG_OK && cg_backward(total(b)) == CG_ERROR_GRADIENT);
    check_error(dev, CG_ERROR_GRADIENT, "eig", NULL);
    CHECK(cg_svd(x, true, &a, &b, &c) == CG_OK);
    CHECK(cg_backward(cg_add(total(a), total(b))) == CG_ERROR_GRADIENT);
    check_error(dev, CG_ERROR_GRADIENT, "svd (full", NULL);
    CHECK(cg_svd(x, true, NULL, &b, NULL) == CG_OK && cg_backward(total(b)) == CG_OK);
    check_case("complete and full are no different where nothing is left over");
    CHECK(cg_qr(square, CG_QR_COMPLETE, &a, &b) == CG_OK && cg_backward(total(b)) == CG_OK);
    CHECK(cg_svd(square, true, &a, &b, &c) == CG_OK && cg_backward(total(c)) == CG_OK);
}

/* One question to the device for eigenvalues and singular values, none for QR; results that nobody asked for. */
CPU_TEST(small_decompositions, round_trips) {
    cg_tensor *x = cg_eval(cg_add(cg_eye(dev, CG_F32, 3), 1)), *s, *r;
    const uint64_t before = cg_device_statistics(dev).round_trips;
    CHECK(cg_qr(x, CG_QR_REDUCED, NULL, &r) == CG_OK && cg_qr(x, CG_QR_R, NULL, NULL) == CG_OK);
    CHECK(cg_device_statistics(dev).round_trips == before);
    CHECK(cg_svd(x, false, NULL, &s, NULL) == CG_OK && cg_device_statistics(dev).round_trips == before + 1);
    check_within(s, CG_F32, cg_shape(3), (long double[]){4, 1, 1}, 16, NULL);
    CHECK(cg_eigh(x, NULL, NULL) == CG_OK && cg_matrix_rank(x, -1) != NULL);
    CHECK(cg_device_statistics(dev).round_trips == before + 3);
}
