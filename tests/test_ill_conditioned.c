/*
 * Residuals on matrices that are hard: Hilbert's, Vandermonde's, graded ones, and large ones. A residual is small however
 * ill conditioned the matrix is: |b - A x| <= c N u |A| |x| in the norm of the largest row sum. By Higham 2002, theorem
 * 9.4, c = 3 |L| |U| / |A| of the factors, which is below 3 (1 + 2 (N^2 - N) growth) and in practice below 10.
 */
#include "support/device_test.h"
#include "support/factored.h"
#include "reference/reference.h"

#include <math.h>

typedef struct stack {
    cg_dtype dtype;
    int64_t n;
    void *a; /* (n, n) in dtype */
} stack;

typedef enum family { HILBERT, VANDERMONDE, GRADED, UNORDERED, FAMILIES } family;

static const char *const names[] = {"Hilbert", "Vandermonde", "graded", "random"};

static long double entry(family which, int64_t n, int64_t i, int64_t j, uint64_t *seed) {
    switch (which) {
    case HILBERT:
        return 1 / (long double)(i + j + 1);
    case VANDERMONDE: /* powers of n points in (0, 1] */
        return powl((long double)(i + 1) / (long double)n, (long double)j);
    case GRADED: /* rows and columns over eight orders of magnitude */
        return powl(10, -8 * (long double)(i + j) / (long double)(2 * n)) * (random_unit(seed) + 0.5);
    default:
        return 2 * random_unit(seed) - 1;
    }
}

static stack make(family which, cg_dtype dtype, int64_t n) {
    uint64_t seed = (uint64_t)n;
    stack s = {dtype, n, scratch((size_t)(n * n) * cg_dtype_size(dtype))};
    for (int64_t i = 0; i < n * n; i++) value_set(dtype, s.a, i, entry(which, n, i / n, i % n, &seed));
    check_case("%s (%lld, %lld) %s", names[which], (long long)n, (long long)n, cg_dtype_name(dtype));
    return s;
}

static cg_tensor *tensor_of(cg_device *dev, const stack *s) {
    return cg_from_host(dev, s->dtype, cg_shape(s->n, s->n), s->a);
}

/* The largest row sum of |x|, x (rows, columns). */
static long double norm(const long double *x, int64_t rows, int64_t columns) {
    long double most = 0;
    for (int64_t i = 0; i < rows; i++) {
        long double sum = 0;
        for (int64_t j = 0; j < columns; j++) sum += fabsl(x[i * columns + j]);
        if (!(sum <= most)) most = sum;
    }
    return most;
}

/* |a x - b| <= factor n u |a| |x|, for right sides (n, r). */
static void check_residual(const char *what, const stack *s, const long double *x, const long double *b,
                           int64_t r, long double factor) {
    const int64_t n = s->n;
    const long double *a = to_values(s->dtype, s->a, n * n);
    long double *rest = scratch((size_t)(n * r) * sizeof *rest);
    ref_matmul(n, r, n, a, x, rest, NULL);
    for (int64_t i = 0; i < n * r; i++) rest[i] -= b[i];
    const long double unit =
        (long double)n * (long double)unit_roundoff(s->dtype) * norm(a, n, n) * norm(x, n, r);
    CHECK_MSG(norm(rest, n, r) <= factor * unit, "%s: the residual is %.4Lg of n u |a| |x|", what,
              norm(rest, n, r) / unit);
}

/* With a condition beyond 1 / u a matrix may be singular once it is rounded; that is then an error that says so. */
static bool may_be_singular(family which, const stack *s) {
    return (which == HILBERT || which == VANDERMONDE) && s->n > (s->dtype == CG_F64 ? 11 : 5);
}

static void check_solutions(cg_device *dev, family which, const stack *s) {
    const int64_t n = s->n;
    cg_tensor *a = tensor_of(dev, s), *one = cg_eye(dev, s->dtype, n), *b = cg_sum(a, cg_axes(1), false), *x;
    const long double *right = read_values(b), *identity = read_values(one);
    cg_tensor *solution = cg_solve(a, b), *inverse = cg_inverse(a);
    if (!solution && may_be_singular(which, s)) {
        check_error(dev, CG_ERROR_ARGUMENT, "solve", "is singular", NULL);
        return;
    }
    if (!CHECK_MSG(solution && inverse, "%s", cg_error_message(dev))) return;
    check_residual("solve", s, read_values(solution), right, 1, 10);
    check_residual("inverse", s, read_values(inverse), identity, n, 10);
    /* singular values up to 2 n u |a|_2 are left out: as much is left of the right side */
    if (CHECK(cg_lstsq(a, b, -1, &x, NULL, NULL, NULL) == CG_OK))
        check_residual("lstsq", s, read_values(x), right, 1, 20);
}

/* P L U is A, within N u |L| |U| of each element. */
static void check_factors(cg_device *dev, const stack *s) {
    const int64_t n = s->n;
    cg_tensor *a = tensor_of(dev, s), *p, *l, *u;
    if (!CHECK(cg_lu(a, &p, &l, &u) == CG_OK)) return;
    const long double *exchanged = read_values(cg_matmul(cg_transpose(p, 0, 1), a));
    check_product("lu", s->dtype, (const int64_t[]){n, n, n}, read_values(l), read_values(u), false,
                  exchanged, (long double)n);
    const long double *lower = read_values(l);
    for (int64_t i = 0; i < n * n; i++)
        if (!CHECK_MSG(fabsl(lower[i]) <= 1, "l has %Lg: no pivot was chosen", lower[i])) return;
}

static void run(cg_device *dev, family which, cg_dtype dtype, int64_t n) {
    const stack s = make(which, dtype, n);
    cg_scope *scope = cg_scope_begin(dev);
    check_solutions(dev, which, &s);
    check_factors(dev, &s);
    cg_scope_end(scope);
    scratch_free_all();
}

/* On OpenCL, where each type and some sizes need kernels of their own, f32 in a few sizes. */
DEVICE_TEST_ONCE(ill_conditioned, residuals) {
    const bool few = device_is_opencl(dev), wide = !few && cg_device_properties(dev)->has_f64;
    for (int which = 0; which < FAMILIES; which++)
        for (int64_t n = few ? 4 : 1; n <= 12; n += few ? 4 : 1) {
            run(dev, (family)which, CG_F32, n);
            if (wide) run(dev, (family)which, CG_F64, n);
        }
    run(dev, UNORDERED, CG_F32, 150);
    if (wide) run(dev, UNORDERED, CG_F64, 150);
    run(dev, GRADED, CG_F32, 60);
}

/* L L^T is A, within (N + 1) u |L| |L|^T of each element: definite as long as the condition is below 1 / u. */
CPU_TEST(ill_conditioned, cholesky) {
    for (int wide = 0; wide <= cg_device_properties(dev)->has_f64; wide++)
        for (int64_t n = 1; n <= (wide ? 11 : 5); n++) {
            const stack s = make(HILBERT, wide ? CG_F64 : CG_F32, n);
            cg_tensor *a = tensor_of(dev, &s), *l = cg_cholesky(a), *b = cg_sum(a, cg_axes(1), false);
            if (!CHECK_MSG(l != NULL, "%s", cg_error_message(dev))) return;
            const long double *lower = read_values(l);
            check_product("cholesky", s.dtype, (const int64_t[]){n, n, n}, lower, lower, true,
                          to_values(s.dtype, s.a, n * n), (long double)(n + 1));
            check_residual("cholesky_solve", &s, read_values(cg_cholesky_solve(l, b)), read_values(b), 1, 10);
        }
}
