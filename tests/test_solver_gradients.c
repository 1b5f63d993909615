/* Gradients of solvers where the catalog does not go: singular matrices, and what is read in part only. */
#include "support/device_test.h"
#include "support/gradients.h"

#include <math.h>

/* The gradient of sum(y) at a leaf. */
static cg_tensor *gradient_at(cg_tensor *leaf, cg_tensor *y) {
    cg_tensor *g = NULL;
    cg_grad(cg_sum(y, CG_ALL_AXES, false), NULL, 1, &leaf, false, &g);
    return g;
}

static cg_tensor *leaf_of(cg_device *dev, cg_dims shape, const double *v) {
    return cg_require_grad(cg_cast(cg_from_f64(dev, shape, v), CG_F32), true);
}

static cg_tensor *matrix(cg_device *dev, int64_t n, const float *v) {
    return cg_require_grad(cg_from_f32(dev, cg_shape(n, n), v), true);
}

/* --- Determinants of singular matrices: the cofactors ------------------------------------------------------------ */

CPU_TEST(solver_gradients, cofactors_of_singular_matrices) {
    check_case("rank N - 1");
    cg_tensor *x = matrix(dev, 2, (const float[]){1, 2, 2, 4});
    check_within(gradient_at(x, cg_det(x)), CG_F32, cg_shape(2, 2), (long double[]){4, -2, -2, 1}, 32,
                 (long double[]){5, 5, 5, 5});
    check_case("rank N - 2");
    x = matrix(dev, 3, (const float[]){1, 1, 1, 1, 1, 1, 1, 1, 1});
    check_within(gradient_at(x, cg_det(x)), CG_F32, cg_shape(3, 3), (long double[9]){0}, 32,
                 (long double[]){9, 9, 9, 9, 9, 9, 9, 9, 9});
    check_case("a batch with a regular one");
    x = cg_require_grad(cg_from_f32(dev, cg_shape(2, 2, 2), (const float[]){1, 2, 3, 4, 0, 0, 0, 1}), true);
    check_within(gradient_at(x, cg_det(x)), CG_F32, cg_shape(2, 2, 2),
                 (long double[]){4, -3, -2, 1, 1, 0, 0, 0}, 64, (long double[]){6, 6, 6, 6, 1, 1, 1, 1});
    check_case("one element");
    x = matrix(dev, 1, (const float[]){0});
    check_within(gradient_at(x, cg_det(x)), CG_F32, cg_shape(1, 1), (long double[]){1}, 8, NULL);
}

/* 0 in every place of the diagonal of U, and rank N - 1: one cofactor is not 0. */
CPU_TEST(solver_gradients, cofactors_of_a_shift) {
    enum { N = 8 };
    float shift[N * N] = {0};
    long double want[N * N] = {0};
    for (int i = 0; i + 1 < N; i++) shift[i * N + i + 1] = 1;
    want[(N - 1) * N] = N % 2 ? 1 : -1;
    cg_tensor *x = matrix(dev, N, shift);
    check_within(gradient_at(x, cg_det(x)), CG_F32, cg_shape(N, N), want, 128, NULL);
}

/* Not quite singular: det A^-T has the digits that det and A^-T have not. */
CPU_TEST(solver_gradients, cofactors_close_to_singular) {
    const double v[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    cg_tensor *x = cg_require_grad(cg_from_f64(dev, cg_shape(3, 3), v), true);
    double det = 0;
    CHECK(cg_item(cg_det(x), &det) == CG_OK && det != 0);
    long double scale[9];
    for (int i = 0; i < 9; i++) scale[i] = 100;
    check_within(gradient_at(x, cg_det(x)), CG_F64, cg_shape(3, 3),
                 (long double[]){-3, 6, -3, 6, -12, 6, -3, 6, -3}, 8, scale);
}

CPU_TEST(solver_gradients, missing_ones_are_errors) {
    cg_tensor *x = matrix(dev, 2, (const float[]){1, 2, 2, 4}), *g, *logarithm, *l, *s;
    CHECK(cg_grad(cg_det(x), NULL, 1, &x, true, &g) != CG_OK && !g);
    check_error(dev, CG_ERROR_GRADIENT, "det", "(2, 2)", "singular", NULL);
    CHECK(cg_slogdet(x, NULL, &logarithm) == CG_OK && cg_grad(logarithm, NULL, 1, &x, false, &g) != CG_OK);
    check_error(dev, CG_ERROR_ARGUMENT, "slogdet", "(2, 2)", "is singular", NULL);
    CHECK(cg_lu(x, NULL, &l, NULL) == CG_OK && !gradient_at(x, l));
    check_error(dev, CG_ERROR_GRADIENT, "lu", "(2, 2)", NULL);
    CHECK(cg_lstsq(x, cg_ones(dev, CG_F32, cg_shape(2)), -1, NULL, NULL, NULL, &s) == CG_OK &&
          !gradient_at(x, s));
    check_error(dev, CG_ERROR_GRADIENT, "lstsq", "singular values", NULL);
}

/* --- Parts that are not read -------------------------------------------------------------------------------------- */

CPU_TEST(solver_gradients, of_what_is_read) {
    const float n = (float)NAN;
    check_case("the diagonal of a unit triangle, and what is above");
    cg_tensor *x = matrix(dev, 2, (const float[]){n, n, 3, n});
    cg_tensor *b = cg_from_f32(dev, cg_shape(2), (const float[]){2, 1});
    cg_tensor *y = cg_solve_triangular(x, b, CG_LOWER | CG_UNIT_DIAGONAL); /* (2, 1 - 3 2) */
    check_equal(gradient_at(x, y), CG_F32, cg_shape(2, 2), (long double[]){0, 0, -2, 0});
    check_case("an upper triangle");
    x = matrix(dev, 2, (const float[]){1, 3, n, 1});
    y = cg_solve_triangular(x, b, CG_UPPER); /* (2 - 3 1, 1): db = (1, -2), da = -db x^T */
    check_equal(gradient_at(x, y), CG_F32, cg_shape(2, 2), (long double[]){1, -1, 0, 2});
    check_case("the lower triangle of a symmetric matrix: the gradient is symmetric");
    x = matrix(dev, 2, (const float[]){4, n, 2, 5});
    /* L = (2, 0; 1, 2): L[1][0] = a10 / sqrt(a00), so d/da10 = 1/2, halved between a10 and a01 */
    cg_tensor *entry = cg_slice(cg_slice(cg_cholesky(x), 0, 1, 2, 1), 1, 0, 1, 1);
    check_within(gradient_at(x, entry), CG_F32, cg_shape(2, 2), (long double[]){-0.125L, 0.25L, 0.25L, 0}, 8,
                 NULL);
}

/* One matrix for a batch of right sides: its gradient is the sum over the batch, without a matrix for each. */
CPU_TEST(solver_gradients, of_a_shared_matrix) {
    enum { N = 16, BATCH = 512 };
    uint64_t seed = 3;
    double *v = random_values(CG_F64, N * N, -1, 1, &seed);
    for (int i = 0; i < N; i++) v[i * N + i] += N;
    cg_tensor *x = leaf_of(dev, cg_shape(N, N), v), *b = cg_eval(cg_ones(dev, CG_F32, cg_shape(BATCH, N, 1)));
    cg_tensor *y = cg_solve(x, b);
    cg_tensor *g = gradient_at(x, y);
    CHECK_MSG(cg_device_statistics(dev).bytes_peak < BATCH * N * N * sizeof(float) / 2, "%llu bytes at once",
              (unsigned long long)cg_device_statistics(dev).bytes_peak);
    cg_tensor *single = gradient_at(x, cg_mul(cg_solve(x, cg_ones(dev, CG_F32, cg_shape(N))), BATCH));
    long double *want = read_values(single), *scale = scratch(N * N * sizeof *scale);
    for (int i = 0; i < N * N; i++) scale[i] = fabsl(want[i]);
    /* each element is a sum of BATCH equal terms, whose roundings may all go one way: gamma_n of a product */
    check_within(g, CG_F32, cg_shape(N, N), want, BATCH + 4 * N, scale);
}
