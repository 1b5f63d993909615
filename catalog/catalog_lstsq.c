/*
 * Least squares. The bounds are for whole matrices: |dx| <= c u kappa (2 |x| + kappa |r| / |A|) for a solution of the
 * problem with A moved by c u |A| (Higham 2002, theorem 20.1). c is what LAPACK's driver for singular values loses; it is
 * promised only to be "a modest function of M and N" and taken as 8 max(M, N) here.
 */
#include "catalog/catalog.h"
#include "reference/ref_solvers.h"

#include <math.h>

/* --- Inputs: all of rank 2 ---------------------------------------------------------------------------------------- */

/* x + 4 on the diagonal. */
static cg_tensor *heavy(cg_tensor *x) {
    const int64_t m = cg_size(x, -2), n = cg_size(x, -1);
    cg_tensor *square = cg_eye(cg_device_of(x), cg_dtype_of(x), m > n ? m : n);
    return cg_add(x, cg_mul(cg_slice(cg_slice(square, 0, 0, m, 1), 1, 0, n, 1), 4));
}

static ref_array ref_heavy(ref_array x) {
    ref_array a = ref_array_like(x);
    for (int64_t i = 0; i < x.n; i++) a.v[i] = x.v[i] + (i / x.shape[1] == i % x.shape[1] ? 4 : 0);
    return a;
}

/* a = c b with c of full column rank and b of full row rank, one of them perhaps I; and the right side. */
typedef struct problem {
    ref_array a, c, b, right;
    bool vector;
} problem;

static problem of_factors(ref_array c, ref_array b, ref_array right) {
    problem p = {.a = ref_matrix_product(c, b), .c = c, .b = b, .right = right, .vector = right.rank == 1};
    if (p.vector) p.right.shape[p.right.rank++] = 1;
    return p;
}

static problem full_rank(const ref_array *x) {
    const ref_array a = ref_heavy(x[0]);
    const int64_t m = a.shape[0], n = a.shape[1];
    return m >= n ? of_factors(a, ref_matrix_identity(n), x[1]) : of_factors(ref_matrix_identity(m), a, x[1]);
}

static problem rank_2(const ref_array *x) { return of_factors(ref_heavy(x[0]), ref_heavy(x[1]), x[2]); }

/* --- Reference ------------------------------------------------------------------------------------------------------ */

/* A^+ b = B^T (B B^T)^-1 (C^T C)^-1 C^T b. */
static ref_array solution(problem p) {
    const ref_array ct = ref_matrix_transposed(p.c), bt = ref_matrix_transposed(p.b);
    const ref_array inner = ref_matrix_solve(ref_matrix_product(ct, p.c), ref_matrix_product(ct, p.right));
    return ref_matrix_product(bt, ref_matrix_solve(ref_matrix_product(p.b, bt), inner));
}

static ref_array rest(problem p) {
    ref_array r = ref_matrix_product(p.a, solution(p));
    for (int64_t i = 0; i < r.n; i++) r.v[i] = p.right.v[i] - r.v[i];
    return r;
}

static long double norm(ref_array x) {
    long double sum = 0;
    for (int64_t i = 0; i < x.n; i++) sum += x.v[i] * x.v[i];
    return sqrtl(sum);
}

static ref_array filled(ref_array like, long double value) {
    ref_array x = ref_array_like(like);
    for (int64_t i = 0; i < x.n; i++) x.v[i] = value;
    return x;
}

/* The largest singular value, and its quotient by the smallest that counts. */
static long double largest(problem p) { return ref_matrix_singular_values(p.a).v[0]; }
static long double condition(problem p) {
    return largest(p) / ref_matrix_singular_values(p.a).v[p.c.shape[1] - 1];
}

static ref_array solution_scale(problem p) {
    const ref_array x = solution(p);
    const long double kappa = condition(p);
    return filled(x, kappa * (2 * norm(x) + kappa * norm(rest(p)) / largest(p)));
}

/* x as the caller gets it. */
static ref_array shaped(ref_array x, problem p) {
    if (p.vector) x.rank--;
    return x;
}

/* The sum of squares of each column. */
static ref_array squares(problem p) {
    const ref_array r = rest(p);
    const int64_t columns = r.shape[1];
    ref_array sum = ref_array_new(p.vector ? 0 : 1, &columns);
    for (int64_t i = 0; i < r.n; i++) sum.v[i % columns] += r.v[i] * r.v[i];
    return sum;
}

/* What an error in x makes of 2 |r| |dr|, |dr| <= |A| |dx| + u |A| |x| + u |b|; and the rounding of the sum itself. */
static ref_array squares_scale(problem p) {
    const long double moved = largest(p) * solution_scale(p).v[0] + norm(p.right);
    return filled(squares(p), 2 * norm(rest(p)) * moved);
}

/* --- Calls ---------------------------------------------------------------------------------------------------------- */

static cg_tensor *first_of(cg_tensor *a, cg_tensor *b, int which) {
    cg_tensor *result[4] = {0}, **wanted[4] = {0};
    wanted[which] = &result[which];
    cg_lstsq(a, b, 1e-4, wanted[0], wanted[1], wanted[2], wanted[3]);
    return result[which];
}

static cg_tensor *lstsq(cg_tensor *const *x) { return first_of(heavy(x[0]), x[1], 0); }
static ref_array ref_of_lstsq(const ref_array *x) {
    const problem p = full_rank(x);
    return shaped(solution(p), p);
}
static ref_array size_of_lstsq(const ref_array *x) {
    const problem p = full_rank(x);
    return shaped(solution_scale(p), p);
}

/* A matrix of rank 2 however its factors are changed. */
static cg_tensor *deficient(cg_tensor *const *x) {
    return first_of(cg_matmul(heavy(x[0]), heavy(x[1])), x[2], 0);
}
static ref_array ref_of_deficient(const ref_array *x) { return solution(rank_2(x)); }
static ref_array size_of_deficient(const ref_array *x) { return solution_scale(rank_2(x)); }

static cg_tensor *residuals(cg_tensor *const *x) { return first_of(heavy(x[0]), x[1], 1); }
static ref_array ref_of_residuals(const ref_array *x) { return squares(full_rank(x)); }
static ref_array size_of_residuals(const ref_array *x) { return squares_scale(full_rank(x)); }

static cg_tensor *rank_found(cg_tensor *const *x) {
    return first_of(cg_matmul(heavy(x[0]), heavy(x[1])), x[2], 2);
}
static ref_array ref_of_rank_found(const ref_array *x) {
    return ref_array_scalar((long double)x[0].shape[1]);
}

static cg_tensor *values(cg_tensor *const *x) { return first_of(heavy(x[0]), x[1], 3); }
static ref_array ref_of_values(const ref_array *x) { return ref_matrix_singular_values(ref_heavy(x[0])); }
static ref_array size_of_values(const ref_array *x) {
    const ref_array s = ref_of_values(x);
    return filled(s, s.v[0]);
}

#define LSTSQ(of, inputs)                                                                                    \
    .call = of, .reference = ref_of_##of, .scale = size_of_##of, .n = inputs, .bound = 32,                   \
    .dtypes = CATALOG_REALS
#define UNIT(...)                                                                                            \
    { {__VA_ARGS__}, CATALOG_UNIFORM, -1, 1 }

const catalog_entry catalog_lstsq[] = {
    {"lstsq", "x, tall", LSTSQ(lstsq, 2), .gradient = true, .x = {UNIT(2, {4, 2}), {{2, {4, 2}}}},
     .large = {{2, {256, 64}}, {2, {256, 8}}}},
    {"lstsq", "x, wide, vector", LSTSQ(lstsq, 2), .gradient = true, .x = {UNIT(2, {2, 4}), {{1, {2}}}}},
    {"lstsq", "x, rank 2", LSTSQ(deficient, 3), .gradient = true,
     .x = {UNIT(2, {4, 2}), UNIT(2, {2, 3}), {{2, {4, 1}}}}},
    {"lstsq", "residuals", LSTSQ(residuals, 2), .gradient = true, .x = {UNIT(2, {4, 2}), {{2, {4, 2}}}}},
    {"lstsq", "rank", .call = rank_found, .reference = ref_of_rank_found, .n = 3, .dtypes = CATALOG_REALS,
     .result = CATALOG_IS_I64, .x = {UNIT(2, {4, 2}), UNIT(2, {2, 3}), {{2, {4, 1}}}}},
    {"lstsq", "s", LSTSQ(values, 2), .x = {UNIT(2, {3, 4}), {{1, {3}}}}},
    {.name = NULL},
};
