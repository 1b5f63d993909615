/* Systems of equations, factors and determinants: edges and errors. Values and gradients are the catalog's. */
#include "support/device_test.h"

#include <math.h>

#define MATRIX(dev, n, ...) cg_from_f32((dev), cg_shape(n, n), (const float[]){__VA_ARGS__})

static cg_tensor *row(cg_device *dev, int64_t n, const float *v) { return cg_from_f32(dev, cg_shape(n), v); }

/* --- Products ----------------------------------------------------------------------------------------------------- */

CPU_TEST(solvers, products_of_integers_are_exact) {
    cg_tensor *x = cg_from_i32(dev, cg_shape(2), (const int32_t[]){100000, -3});
    check_equal(cg_dot(x, x), CG_I64, cg_shape(), (long double[]){10000000009});
    check_equal(cg_outer(x, cg_from_i32(dev, cg_shape(1), (const int32_t[]){2})), CG_I32, cg_shape(2, 1),
                (long double[]){200000, -6});
    check_equal(cg_dot(cg_ones(dev, CG_F32, cg_shape(2, 0)), cg_ones(dev, CG_F32, cg_shape(0))), CG_F32,
                cg_shape(2), (long double[]){0, 0});
}

/* --- Singular and not definite ---------------------------------------------------------------------------------- */

/* Matrix 1 of 2 has equal rows: nothing is left of its row 1. */
static cg_tensor *with_a_singular_one(cg_device *dev) {
    return cg_from_f32(dev, cg_shape(2, 2, 2), (const float[]){1, 2, 3, 4, 1, 2, 1, 2});
}

COMPOSED_TEST(small_solvers, singular) {
    cg_tensor *x = with_a_singular_one(dev), *b = cg_ones(dev, CG_F32, cg_shape(2, 1)), *lu = x, *p = x;
    CHECK_FAILS(dev, cg_solve(x, b), CG_ERROR_ARGUMENT, "solve", "matrix 1", "(2, 2, 2)", "is singular",
                "row 1");
    CHECK_FAILS(dev, cg_inverse(x), CG_ERROR_ARGUMENT, "inverse", "matrix 1", "is singular", "row 1");
    CHECK(cg_lu_factor(x, &lu, &p) == CG_ERROR_ARGUMENT && !lu && !p);
    check_error(dev, CG_ERROR_ARGUMENT, "lu_factor", "matrix 1", "is singular", NULL);
    CHECK_FAILS(dev, cg_inverse(cg_zeros(dev, CG_F32, cg_shape(3, 3))), CG_ERROR_ARGUMENT, "(3, 3)",
                "is singular", "row 0");
    CHECK_FAILS(dev, cg_cholesky(MATRIX(dev, 2, 1, 2, 2, 1)), CG_ERROR_ARGUMENT, "cholesky", "(2, 2)",
                "is not positive definite", "row 1");
    CHECK_FAILS(dev, cg_cholesky(MATRIX(dev, 2, (float)NAN, 0, 0, 1)), CG_ERROR_ARGUMENT, "cholesky",
                "is not positive definite", "row 0");
}

COMPOSED_TEST(small_solvers, determinants_of_singular_matrices) {
    cg_tensor *x = with_a_singular_one(dev), *sign, *logarithm;
    check_within(cg_det(x), CG_F32, cg_shape(2), (long double[]){-2, 0}, 8, (long double[]){8, 0});
    CHECK(cg_slogdet(x, &sign, &logarithm) == CG_OK);
    check_equal(sign, CG_F32, cg_shape(2), (long double[]){-1, 0});
    check_within(logarithm, CG_F32, cg_shape(2), (long double[]){logl(2), -(long double)INFINITY}, 8,
                 (long double[]){4, 1});
}

/* u has a 0 on its diagonal, and the factors are good. */
CPU_TEST(solvers, lu_of_a_singular_matrix) {
    cg_tensor *x = with_a_singular_one(dev), *p, *l, *u;
    CHECK(cg_lu(x, &p, &l, &u) == CG_OK);
    check_equal(cg_matmul(p, cg_matmul(l, u)), CG_F32, cg_shape(2, 2, 2),
                (long double[]){1, 2, 3, 4, 1, 2, 1, 2});
    check_equal(cg_slice(u, 0, 1, 2, 1), CG_F32, cg_shape(1, 2, 2), (long double[]){1, 2, 0, 0});
}

/* --- NaN ---------------------------------------------------------------------------------------------------------- */

COMPOSED_TEST(small_solvers, of_nan) {
    const long double n = (long double)NAN;
    cg_tensor *x = MATRIX(dev, 2, (float)NAN, 1, 1, 2), *sign, *logarithm;
    const float ones[] = {1, 1};
    check_equal(cg_solve(x, row(dev, 2, ones)), CG_F32, cg_shape(2), (long double[]){n, n});
    check_equal(cg_inverse(x), CG_F32, cg_shape(2, 2), (long double[]){n, n, n, n});
    check_equal(cg_det(x), CG_F32, cg_shape(), (long double[]){n});
    CHECK(cg_slogdet(x, &sign, &logarithm) == CG_OK);
    check_equal(sign, CG_F32, cg_shape(), (long double[]){n});
    check_equal(logarithm, CG_F32, cg_shape(), (long double[]){n});
    cg_tensor *s = x;
    CHECK(cg_lstsq(x, row(dev, 2, ones), -1, NULL, NULL, NULL, &s) == CG_ERROR_ARGUMENT && !s);
    check_error(dev, CG_ERROR_ARGUMENT, "lstsq", "(2, 2)", "did not converge", NULL);
}

/* --- Nothing ------------------------------------------------------------------------------------------------------ */

CPU_TEST(solvers, of_nothing) {
    cg_tensor *none = cg_zeros(dev, CG_F32, cg_shape(0, 0)), *p, *l, *u, *x, *rank, *s;
    check_item(cg_det(none), 1, 0);
    check_equal(cg_det(cg_zeros(dev, CG_F32, cg_shape(2, 0, 0))), CG_F32, cg_shape(2), (long double[]){1, 1});
    check_is(cg_det(cg_zeros(dev, CG_F32, cg_shape(0, 3, 3))), CG_F32, cg_shape(0));
    CHECK(cg_slogdet(none, &p, &l) == CG_OK);
    check_item(p, 1, 0);
    check_item(l, 0, 0);
    check_is(cg_inverse(none), CG_F32, cg_shape(0, 0));
    check_is(cg_cholesky(cg_zeros(dev, CG_F32, cg_shape(0, 2, 2))), CG_F32, cg_shape(0, 2, 2));
    check_is(cg_solve(none, cg_zeros(dev, CG_F32, cg_shape(0, 2))), CG_F32, cg_shape(0, 2));
    check_is(cg_solve(MATRIX(dev, 2, 1, 0, 0, 1), cg_zeros(dev, CG_F32, cg_shape(2, 0))), CG_F32,
             cg_shape(2, 0));
    check_is(cg_solve_triangular(none, cg_zeros(dev, CG_F32, cg_shape(3, 0, 1)), CG_LOWER), CG_F32,
             cg_shape(3, 0, 1));
    CHECK(cg_lu(cg_zeros(dev, CG_F32, cg_shape(2, 3, 0)), &p, &l, &u) == CG_OK);
    check_equal(p, CG_F32, cg_shape(2, 3, 3),
                (long double[]){1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0, 0, 1, 0, 0, 0, 1});
    check_is(l, CG_F32, cg_shape(2, 3, 0));
    check_is(u, CG_F32, cg_shape(2, 0, 0));
    CHECK(cg_lstsq(cg_zeros(dev, CG_F32, cg_shape(0, 2)), cg_zeros(dev, CG_F32, cg_shape(0, 3)), -1, &x, &u,
                   &rank, &s) == CG_OK);
    check_equal(x, CG_F32, cg_shape(2, 3), (long double[]){0, 0, 0, 0, 0, 0});
    check_equal(u, CG_F32, cg_shape(3), (long double[]){0, 0, 0});
    check_equal(rank, CG_I64, cg_shape(), (long double[]){0});
    check_is(s, CG_F32, cg_shape(0));
}

/* --- What is read, and in which form ------------------------------------------------------------------------------ */

/* b is a vector only if it has one axis, as in NumPy 2; integers become f32. */
COMPOSED_TEST(small_solvers, right_sides) {
    cg_tensor *a = cg_from_i32(dev, cg_shape(2, 2), (const int32_t[]){2, 0, 0, 4});
    cg_tensor *b = cg_from_i32(dev, cg_shape(2), (const int32_t[]){2, 2});
    check_equal(cg_solve(a, b), CG_F32, cg_shape(2), (long double[]){1, 0.5});
    cg_tensor *stack = cg_expand(a, cg_shape(3, 2, 2));
    check_equal(cg_solve(stack, b), CG_F32, cg_shape(3, 2), (long double[]){1, 0.5, 1, 0.5, 1, 0.5});
    check_equal(cg_solve(stack, cg_ones(dev, CG_F32, cg_shape(2, 1))), CG_F32, cg_shape(3, 2, 1),
                (long double[]){0.5, 0.25, 0.5, 0.25, 0.5, 0.25});
    CHECK_FAILS(dev, cg_solve(stack, cg_ones(dev, CG_F32, cg_shape(3, 2))), CG_ERROR_SHAPE, "solve",
                "(3, 2, 2)", "(3, 2)", "(N) or (..., N, R)");
}

/* Of a triangle only the triangle is read, of the diagonal nothing where it counts as 1; nor is b written. */
COMPOSED_TEST(small_solvers, triangles) {
    const float n = (float)NAN;
    cg_tensor *b = row(dev, 2, (const float[]){2, 3});
    check_equal(cg_solve_triangular(MATRIX(dev, 2, 2, n, 1, 4), b, CG_LOWER), CG_F32, cg_shape(2),
                (long double[]){1, 0.5});
    check_equal(cg_solve_triangular(MATRIX(dev, 2, 2, n, 1, 4), b, CG_LOWER | CG_TRANSPOSED), CG_F32,
                cg_shape(2), (long double[]){0.625, 0.75});
    check_equal(cg_solve_triangular(MATRIX(dev, 2, n, 2, n, n), b, CG_UPPER | CG_UNIT_DIAGONAL), CG_F32,
                cg_shape(2), (long double[]){-4, 3});
    check_equal(b, CG_F32, cg_shape(2), (long double[]){2, 3});
    check_equal(cg_cholesky_solve(MATRIX(dev, 2, 2, n, 1, 4), cg_ones(dev, CG_F32, cg_shape(2))), CG_F32,
                cg_shape(2), (long double[]){0.234375, 0.03125});
    check_equal(cg_cholesky(MATRIX(dev, 2, 4, n, 2, 17)), CG_F32, cg_shape(2, 2),
                (long double[]){2, 0, 1, 4});
    check_case("a 0 on the diagonal");
    check_equal(cg_solve_triangular(MATRIX(dev, 2, 0, 0, 0, 1), b, CG_LOWER), CG_F32, cg_shape(2),
                (long double[]){(long double)INFINITY, (long double)NAN});
}

/* Four rows moved in a circle: the permutation is no exchange, and is not its own inverse. */
COMPOSED_TEST(small_solvers, permutations) {
    cg_tensor *a = MATRIX(dev, 4, 0, 0, 3, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0, 2, 0, 0), *lu, *p, *l, *u;
    cg_tensor *b = row(dev, 4, (const float[]){3, 4, 6, 6});
    CHECK(cg_lu_factor(a, &lu, &p) == CG_OK);
    check_equal(p, CG_I64, cg_shape(4), (long double[]){2, 3, 0, 1});
    check_equal(cg_lu_solve(lu, p, b, false), CG_F32, cg_shape(4), (long double[]){6, 3, 1, 1});
    check_equal(cg_lu_solve(lu, p, b, true), CG_F32, cg_shape(4), (long double[]){2, 1.5, 3, 2});
    check_equal(cg_solve(a, b), CG_F32, cg_shape(4), (long double[]){6, 3, 1, 1});
    a = MATRIX(dev, 3, 0, 2, 0, 0, 0, 3, 1, 0, 0);
    CHECK(cg_lu(a, &p, &l, &u) == CG_OK);
    check_equal(p, CG_F32, cg_shape(3, 3), (long double[]){0, 1, 0, 0, 0, 1, 1, 0, 0});
    check_equal(cg_matmul(p, cg_matmul(l, u)), CG_F32, cg_shape(3, 3),
                (long double[]){0, 2, 0, 0, 0, 3, 1, 0, 0});
    check_item(cg_det(a), 6, 0);
    CHECK(cg_lu_factor(a, &lu, &p) == CG_OK);
    check_equal(cg_lu_solve(lu, p, row(dev, 3, (const float[]){2, 3, 4}), false), CG_F32, cg_shape(3),
                (long double[]){4, 1, 1});
    check_equal(cg_lu_solve(lu, p, row(dev, 3, (const float[]){2, 3, 6}), true), CG_F32, cg_shape(3),
                (long double[]){1.5, 2, 2});
}

/* Products that leave the range on the way, and in the end. */
CPU_TEST(solvers, range_of_determinants) {
    const float sizes[] = {1e30F, 1e30F, -1e-30F, 1e-30F};
    cg_tensor *x = cg_diag(row(dev, 4, sizes), 0), *sign, *logarithm;
    const long double all = (long double)sizes[0] * sizes[1] * sizes[2] * sizes[3];
    check_within(cg_det(x), CG_F32, cg_shape(), &all, 8, (long double[]){4 * logl(1e30L)});
    cg_tensor *large = cg_mul(cg_eye(dev, CG_F32, 5), 1e30F);
    check_equal(cg_det(large), CG_F32, cg_shape(), (long double[]){(long double)INFINITY});
    CHECK(cg_slogdet(cg_mul(large, -1), &sign, &logarithm) == CG_OK);
    check_item(sign, -1, 0);
    check_item(logarithm, (double)(5 * logl((long double)1e30F)), 1e-4);
}

/* --- Least squares ------------------------------------------------------------------------------------------------- */

CPU_TEST(solvers, least_squares) {
    cg_tensor *a = MATRIX(dev, 2, 1, 1, 1, 1), *x, *left, *rank, *s;
    CHECK(cg_lstsq(a, row(dev, 2, (const float[]){1, 3}), -1, &x, &left, &rank, &s) == CG_OK);
    check_within(x, CG_F32, cg_shape(2), (long double[]){1, 1}, 32, NULL);
    check_within(left, CG_F32, cg_shape(), (long double[]){2}, 64, NULL);
    check_equal(rank, CG_I64, cg_shape(), (long double[]){1});
    check_within(s, CG_F32, cg_shape(2), (long double[]){2, 0}, 32, NULL);
    check_case("a cutoff between the singular values 4 and 1");
    a = MATRIX(dev, 2, 4, 0, 0, 1);
    cg_tensor *b = cg_ones(dev, CG_F32, cg_shape(2, 1));
    CHECK(cg_lstsq(a, b, 0.5, &x, NULL, &rank, NULL) == CG_OK);
    check_within(x, CG_F32, cg_shape(2, 1), (long double[]){0.25, 0}, 8, NULL);
    check_equal(rank, CG_I64, cg_shape(), (long double[]){1});
    CHECK(cg_lstsq(a, b, 0.125, &x, NULL, &rank, NULL) == CG_OK);
    check_within(x, CG_F32, cg_shape(2, 1), (long double[]){0.25, 1}, 8, NULL);
    check_case("a batch");
    a = cg_from_f32(dev, cg_shape(2, 1, 2), (const float[]){3, 4, 0, 2});
    CHECK(cg_lstsq(a, cg_ones(dev, CG_F32, cg_shape(1, 1)), -1, &x, &left, &rank, &s) == CG_OK);
    check_within(x, CG_F32, cg_shape(2, 2, 1), (long double[]){0.12L, 0.16L, 0, 0.5L}, 16, NULL);
    check_is(left, CG_F32, cg_shape(2, 1));
    check_equal(rank, CG_I64, cg_shape(2), (long double[]){1, 1});
    check_within(s, CG_F32, cg_shape(2, 1), (long double[]){5, 2}, 32, NULL);
}

/* --- Cost ----------------------------------------------------------------------------------------------------------- */

static uint64_t round_trips(cg_device *dev) { return cg_device_statistics(dev).round_trips; }

CPU_TEST(solvers, round_trips) {
    cg_tensor *x = cg_require_grad(MATRIX(dev, 2, 2, 1, 1, 3), true), *b = cg_ones(dev, CG_F32, cg_shape(2)),
              *p;
    cg_tensor *sign, *logarithm;
    uint64_t before = round_trips(dev);
    cg_tensor *det = cg_det(x);
    CHECK(det && cg_slogdet(x, &sign, &logarithm) == CG_OK && cg_solve_triangular(x, b, CG_UPPER));
    CHECK_MSG(round_trips(dev) == before, "a determinant or a triangular solve waits for the device");
    CHECK(cg_solve(x, b) && round_trips(dev) == before + 2);
    CHECK(cg_lu(cg_detach(x), &p, NULL, NULL) == CG_OK && round_trips(dev) == before + 3);
    CHECK(cg_cholesky(x) && round_trips(dev) == before + 4);
    CHECK(cg_backward(det) == CG_OK && round_trips(dev) == before + 6);
}

/* The gradient of a solution takes the factors that the solution was found with. */
CPU_TEST(solvers, gradients_factor_nothing_again) {
    cg_tensor *x = cg_require_grad(MATRIX(dev, 2, 2, 1, 1, 3), true);
    cg_tensor *b = cg_require_grad(cg_eval(cg_ones(dev, CG_F32, cg_shape(2))), true);
    const uint64_t before = cg_device_statistics(dev).work[CG_WORK_LU];
    cg_tensor *y = cg_add(cg_det(x), cg_sum(cg_solve(x, b), CG_ALL_AXES, false));
    CHECK(cg_backward(y) == CG_OK);
    CHECK_MSG(cg_device_statistics(dev).work[CG_WORK_LU] == before + 2, "%d factorizations",
              (int)(cg_device_statistics(dev).work[CG_WORK_LU] - before));
}

/* --- Refusals -------------------------------------------------------------------------------------------------------- */

CPU_TEST(solvers, refusals) {
    cg_tensor *square = cg_eye(dev, CG_F32, 3), *wide = cg_ones(dev, CG_F32, cg_shape(2, 3)), *p, *lu;
    cg_tensor *two = cg_ones(dev, CG_F32, cg_shape(2)), *scalar = cg_ones(dev, CG_F32, cg_shape());
    CHECK_FAILS(dev, cg_dot(two, cg_ones(dev, CG_F32, cg_shape(1))), CG_ERROR_SHAPE, "dot", "(2,)", "(1,)");
    CHECK_FAILS(dev, cg_dot(scalar, scalar), CG_ERROR_SHAPE, "dot", "()");
    CHECK_FAILS(dev, cg_dot(wide, cg_ones(dev, CG_F32, cg_shape(4, 3))), CG_ERROR_SHAPE, "dot", "(4, 3)");
    CHECK_FAILS(dev, cg_outer(two, scalar), CG_ERROR_SHAPE, "outer", "()");
    CHECK_FAILS(dev, cg_outer(wide, cg_ones(dev, CG_F32, cg_shape(4, 3))), CG_ERROR_SHAPE, "outer", "(4, 3)");
    CHECK_FAILS(dev, cg_det(wide), CG_ERROR_SHAPE, "det", "(2, 3)", "square");
    CHECK_FAILS(dev, cg_det(two), CG_ERROR_SHAPE, "det", "(2,)");
    CHECK_FAILS(dev, cg_inverse(wide), CG_ERROR_SHAPE, "inverse", "(2, 3)");
    CHECK_FAILS(dev, cg_cholesky(wide), CG_ERROR_SHAPE, "cholesky", "(2, 3)");
    CHECK_FAILS(dev, cg_solve(wide, two), CG_ERROR_SHAPE, "solve", "(2, 3)", "(2,)");
    CHECK_FAILS(dev, cg_solve(square, two), CG_ERROR_SHAPE, "solve", "(3, 3)", "(2,)");
    CHECK_FAILS(dev, cg_solve(square, scalar), CG_ERROR_SHAPE, "solve", "()");
    CHECK_FAILS(dev, cg_solve(cg_expand(square, cg_shape(2, 3, 3)), cg_ones(dev, CG_F32, cg_shape(4, 3, 1))),
                CG_ERROR_SHAPE, "solve", "(2, 3, 3)", "(4, 3, 1)", "do not broadcast");
    CHECK_FAILS(dev, cg_solve_triangular(wide, two, CG_LOWER), CG_ERROR_SHAPE, "solve_triangular");
    CHECK_FAILS(dev, cg_solve_triangular(square, cg_ones(dev, CG_F32, cg_shape(3)), 8), CG_ERROR_ARGUMENT,
                "solve_triangular", "0x8");
    CHECK_FAILS(dev, cg_cholesky_solve(square, two), CG_ERROR_SHAPE, "cholesky_solve", "(2,)");
    CHECK(cg_lu_factor(wide, &lu, &p) == CG_ERROR_SHAPE && !lu && !p);
    check_error(dev, CG_ERROR_SHAPE, "lu_factor", "(2, 3)", NULL);
    CHECK_FAILS(dev, cg_lu_solve(square, cg_arange(dev, CG_I64, 0, 2, 1), two, false), CG_ERROR_SHAPE,
                "lu_solve", "(2,)");
    CHECK_FAILS(
        dev, cg_lu_solve(square, cg_arange(dev, CG_I64, 0, 2, 1), cg_ones(dev, CG_F32, cg_shape(3)), false),
        CG_ERROR_SHAPE, "lu_solve", "i64 (2,)");
    CHECK_FAILS(
        dev, cg_lu_solve(square, cg_arange(dev, CG_F32, 0, 3, 1), cg_ones(dev, CG_F32, cg_shape(3)), false),
        CG_ERROR_SHAPE, "lu_solve", "f32 (3,)");
    CHECK(cg_lu(two, &p, NULL, NULL) == CG_ERROR_SHAPE && !p);
    check_error(dev, CG_ERROR_SHAPE, "lu", "(2,)", NULL);
    CHECK(cg_slogdet(wide, &p, NULL) == CG_ERROR_SHAPE && !p);
    check_error(dev, CG_ERROR_SHAPE, "slogdet", "(2, 3)", NULL);
    CHECK(cg_lstsq(wide, cg_ones(dev, CG_F32, cg_shape(3)), -1, &p, NULL, NULL, NULL) == CG_ERROR_SHAPE &&
          !p);
    check_error(dev, CG_ERROR_SHAPE, "lstsq", "(2, 3)", "(3,)", NULL);
    CHECK(cg_lstsq(wide, two, (double)NAN, &p, NULL, NULL, NULL) == CG_ERROR_ARGUMENT);
    check_error(dev, CG_ERROR_ARGUMENT, "lstsq", "rcond", NULL);
}

CPU_TEST(solvers, of_null) {
    cg_tensor *x = cg_eye(dev, CG_F32, 2), *y = x, *z = x;
    CHECK(!cg_dot(NULL, x) && !cg_outer(x, NULL) && !cg_det(NULL) && !cg_inverse(NULL) && !cg_cholesky(NULL));
    CHECK(!cg_solve(NULL, x) && !cg_solve(x, NULL) && !cg_solve_triangular(NULL, x, 0) &&
          !cg_solve_triangular(x, NULL, 0) && !cg_cholesky_solve(NULL, x) && !cg_cholesky_solve(x, NULL));
    CHECK(!cg_lu_solve(NULL, x, x, false) && !cg_lu_solve(x, NULL, x, false) &&
          !cg_lu_solve(x, x, NULL, false));
    CHECK(cg_slogdet(NULL, &y, NULL) == CG_ERROR_ARGUMENT && !y);
    CHECK(cg_lu(NULL, &z, NULL, NULL) == CG_ERROR_ARGUMENT && !z);
    CHECK(cg_lu_factor(NULL, &y, &z) == CG_ERROR_ARGUMENT && !y && !z);
    y = x;
    CHECK(cg_lstsq(x, NULL, -1, &y, NULL, NULL, NULL) == CG_ERROR_ARGUMENT && !y);
}
