/*
 * QR, eigenvalues, singular values and what is made of them: residuals on hard matrices, the rule of signs, equal
 * eigenvalues, rank-deficient and empty matrices, refusals.
 */
#include "reference/ref_decompositions.h"
#include "support/device_test.h"
#include "support/gradients.h"

#include <math.h>
#include <string.h>

/* --- Matrices --------------------------------------------------------------------------------------------------- */

typedef enum kind { RANDOM, HILBERT, VANDERMONDE, GRADED, REPEATED, ONES, KINDS } kind;

static const char *const kind_name[] = {"random", "Hilbert", "Vandermonde", "graded", "of rank 2", "ones"};

static double element(kind k, int64_t i, int64_t j, int64_t n, uint64_t *seed) {
    const double x = (double)(i + 1) / (double)(n + 1);
    switch (k) {
    case HILBERT:
        return 1 / (double)(i + j + 1);
    case VANDERMONDE:
        return pow(x, (double)j);
    case GRADED: /* 2^-i 2^-j on a random matrix: elements over 100 powers of two */
        return ldexp(2 * random_unit(seed) - 1, -(int)((i + j) % 100));
    case REPEATED:
        return sin((double)(i + 1)) * (double)(j + 1) + cos((double)i) * (double)(j % 3);
    case ONES:
        return 1;
    default:
        return 2 * random_unit(seed) - 1;
    }
}

/* A matrix in dtype t; on the host as what the device got. */
static cg_tensor *matrix(cg_device *dev, cg_dtype t, kind k, int64_t m, int64_t n, bool symmetric,
                         ref_array *values) {
    uint64_t seed = 5 + (uint64_t)(m * 100 + n);
    void *data = scratch((size_t)(m * n) * cg_dtype_size(t));
    *values = ref_array_new(2, (const int64_t[]){m, n});
    for (int64_t i = 0; i < m * n; i++) value_set(t, data, i, element(k, i / n, i % n, m, &seed));
    for (int64_t i = 0; i < m * n && symmetric; i++)
        if (i / n < i % n) value_set(t, data, i, value_get(t, data, i % n * n + i / n));
    for (int64_t i = 0; i < m * n; i++) values->v[i] = value_get(t, data, i);
    return cg_from_host(dev, t, cg_shape(m, n), data);
}

static ref_array array_of(cg_tensor *x) {
    ref_array a = {0};
    const long double *v = read_values(x);
    if (!v) return a;
    int64_t shape[REF_MAX_RANK];
    for (int i = 0; i < cg_rank(x); i++) shape[i] = cg_size(x, i);
    a = ref_array_new(cg_rank(x), shape);
    memcpy(a.v, v, (size_t)a.n * sizeof *v);
    return a;
}

static long double size_of(ref_array x) { return ref_matrix_norm(x, REF_FRO).v[0]; }
static long double minus(long double x, long double y) { return x - y; }

/* |x - y|_F <= factor u scale. */
static void check_close(const char *what, cg_dtype t, ref_array x, ref_array y, long double factor,
                        long double scale) {
    const long double off = size_of(ref_array_map2(x, y, minus)), unit = (long double)unit_roundoff(t);
    CHECK_MSG(off <= factor * unit * scale, "%s: off by %.3Lg u |A|, %.3Lg allowed", what, off / unit / scale,
              factor);
}

/* The columns of x are orthonormal. */
static void check_orthonormal(const char *what, cg_dtype t, ref_array x) {
    const int64_t n = x.shape[1];
    ref_array identity = ref_array_new(2, (const int64_t[]){n, n});
    for (int64_t i = 0; i < n; i++) identity.v[i * (n + 1)] = 1;
    check_close(what, t, ref_products(ref_flipped(x), x), identity, 4 * (long double)x.shape[0] + 16, 1);
}

/* Backward errors grow with the size, in practice slower: 4 max(M, N) + 16 units. */
static long double allowed(ref_array a) { return 4 * (long double)(a.shape[0] + a.shape[1]) + 16; }

/* The rule of signs for each column. */
static void check_signs(const char *what, ref_array v) {
    const int64_t m = v.shape[0], n = v.shape[1];
    for (int64_t j = 0; j < n; j++) {
        long double largest = 0, first = 0;
        for (int64_t i = 0; i < m; i++) largest = fmaxl(largest, fabsl(v.v[i * n + j]));
        /* An entry close to half the largest may count on one side of rounding or the other. */
        bool doubtful = false;
        for (int64_t i = 0; i < m && first == 0 && !doubtful; i++) {
            const long double x = fabsl(v.v[i * n + j]);
            doubtful = fabsl(x / largest - 0.5L) < 1e-6L;
            if (x >= largest / 2) first = v.v[i * n + j];
        }
        CHECK_MSG(doubtful || first > 0, "%s: column %lld has another sign than the rule's", what,
                  (long long)j);
    }
}

/* --- Residuals ---------------------------------------------------------------------------------------------------- */

static void run_qr(cg_tensor *x, ref_array a, cg_qr_mode mode) {
    cg_tensor *q, *r;
    if (!CHECK(cg_qr(x, mode, &q, &r) == CG_OK)) return;
    ref_array vq = array_of(q), vr = array_of(r);
    const int64_t m = a.shape[0], n = a.shape[1], side = mode == CG_QR_COMPLETE || m < n ? m : n;
    if (!CHECK(vq.shape[1] == side && vr.shape[0] == side && vr.shape[1] == n)) return;
    check_close("A - Q R", cg_dtype_of(x), ref_products(vq, vr), a, allowed(a), size_of(a));
    check_orthonormal("Q", cg_dtype_of(x), vq);
    for (int64_t i = 0; i < vr.n; i++)
        if (i / n > i % n) CHECK_MSG(vr.v[i] == 0, "R is not 0 below its diagonal");
}

static void check_values(ref_array s, bool descending) {
    for (int64_t i = 1; i < s.n; i++) CHECK(descending ? s.v[i] <= s.v[i - 1] : s.v[i] >= s.v[i - 1]);
    for (int64_t i = 0; i < s.n && descending; i++) CHECK(s.v[i] >= 0);
}

static void run_svd(cg_tensor *x, ref_array a, bool full) {
    cg_tensor *u, *s, *vh;
    if (!CHECK(cg_svd(x, full, &u, &s, &vh) == CG_OK)) return;
    const cg_dtype t = cg_dtype_of(x);
    ref_array vu = array_of(u), vs = array_of(s), v = ref_flipped(array_of(vh)), product = ref_array_like(a);
    const int64_t m = a.shape[0], n = a.shape[1], k = m < n ? m : n;
    if (!CHECK(vu.shape[1] == (full ? m : k) && vs.n == k && v.shape[1] == (full ? n : k))) return;
    for (int64_t i = 0; i < a.n; i++)
        for (int64_t l = 0; l < k; l++)
            product.v[i] += vu.v[i / n * vu.shape[1] + l] * vs.v[l] * v.v[i % n * v.shape[1] + l];
    check_close("A - U S Vh", t, product, a, allowed(a), size_of(a));
    check_orthonormal("U", t, vu);
    check_orthonormal("V", t, v);
    check_values(vs, true);
    check_signs("V", v);
    check_within(cg_svdvals(x), t, cg_shape(k), vs.v, (double)(allowed(a) * size_of(a)), NULL);
}

static void run_eigh(cg_tensor *x, ref_array a) {
    cg_tensor *w, *v;
    if (!CHECK(cg_eigh(x, &w, &v) == CG_OK)) return;
    const cg_dtype t = cg_dtype_of(x);
    ref_array vw = array_of(w), vv = array_of(v), scaled = ref_array_like(vv);
    for (int64_t i = 0; i < vv.n; i++) scaled.v[i] = vv.v[i] * vw.v[i % vw.n];
    check_close("A V - V W", t, ref_products(a, vv), scaled, allowed(a), size_of(a));
    check_orthonormal("V", t, vv);
    check_values(vw, false);
    check_signs("V", vv);
    check_within(cg_eigvalsh(x), t, cg_shape(vw.n), vw.v, (double)(allowed(a) * size_of(a)), NULL);
}

static void run_residuals(cg_device *dev, cg_dtype t, kind k, int64_t m, int64_t n) {
    cg_scope *scope = cg_scope_begin(dev);
    check_case("%s %s (%lld, %lld)", cg_dtype_name(t), kind_name[k], (long long)m, (long long)n);
    ref_array a;
    cg_tensor *x = matrix(dev, t, k, m, n, false, &a);
    run_qr(x, a, CG_QR_REDUCED);
    run_qr(x, a, CG_QR_COMPLETE);
    run_svd(x, a, false);
    run_svd(x, a, true);
    if (m == n) {
        x = matrix(dev, t, k, m, n, true, &a);
        run_eigh(x, a);
    }
    cg_scope_end(scope);
    scratch_free_all();
}

DEVICE_TEST_ONCE(decompositions, residuals) {
    static const int64_t shape[][2] = {{1, 1}, {2, 2}, {3, 3},  {8, 8}, {33, 33},
                                       {5, 1}, {1, 5}, {20, 6}, {6, 20}};
    const bool wide = cg_device_properties(dev)->has_f64;
    for (int k = 0; k < KINDS; k++)
        for (int i = 0; i < 9; i++)
            for (int t = CG_F32; t <= (wide ? CG_F64 : CG_F32); t++)
                if (!device_is_opencl(dev) || (k + i) % 9 == 0)
                    run_residuals(dev, (cg_dtype)t, (kind)k, shape[i][0], shape[i][1]);
}

/* Where LAPACK blocks and threads. */
DEVICE_TEST_ONCE(decompositions, larger_matrices) {
    if (device_is_slow(dev)) return;
    run_residuals(dev, CG_F32, RANDOM, 130, 130);
    run_residuals(dev, CG_F32, HILBERT, 150, 70);
}

/* --- General eigenvalues -------------------------------------------------------------------------------------------- */

/* A v = w v, |v| = 1, pairs as promised, the phase by the rule. */
static void run_eig(cg_device *dev, cg_dtype t, int64_t n, const double *values) {
    void *data = scratch((size_t)(n * n) * cg_dtype_size(t));
    for (int64_t i = 0; i < n * n; i++) value_set(t, data, i, values[i]);
    cg_tensor *x = cg_from_host(dev, t, cg_shape(n, n), data), *part[4];
    if (!CHECK(cg_eig(x, &part[0], &part[1], &part[2], &part[3]) == CG_OK)) return;
    ref_array a = array_of(x), wr = array_of(part[0]), wi = array_of(part[1]), vr = array_of(part[2]),
              vi = array_of(part[3]), re = ref_array_like(a), im = ref_array_like(a);
    for (int64_t i = 0; i < a.n; i++) {
        re.v[i] = vr.v[i] * wr.v[i % n] - vi.v[i] * wi.v[i % n];
        im.v[i] = vr.v[i] * wi.v[i % n] + vi.v[i] * wr.v[i % n];
    }
    check_close("real part of A v - w v", t, ref_products(a, vr), re, allowed(a), size_of(a));
    check_close("imaginary part of A v - w v", t, ref_products(a, vi), im, allowed(a), size_of(a));
    for (int64_t j = 0; j < n; j++) {
        long double sum = 0, largest = 0;
        for (int64_t i = 0; i < n; i++)
            sum += vr.v[i * n + j] * vr.v[i * n + j] + vi.v[i * n + j] * vi.v[i * n + j];
        CHECK_MSG(fabsl(sum - 1) <= allowed(a) * (long double)unit_roundoff(t), "vector %lld has norm^2 %Lg",
                  (long long)j, sum);
        for (int64_t i = 0; i < n; i++) largest = fmaxl(largest, hypotl(vr.v[i * n + j], vi.v[i * n + j]));
        for (int64_t i = 0; i < n; i++) {
            if (hypotl(vr.v[i * n + j], vi.v[i * n + j]) < largest * 0.501L) continue;
            CHECK_MSG(vr.v[i * n + j] > 0 &&
                          fabsl(vi.v[i * n + j]) <= allowed(a) * (long double)unit_roundoff(t),
                      "vector %lld has another phase", (long long)j);
            break;
        }
        if (wi.v[j] > 0) CHECK(j + 1 < n && wi.v[j + 1] == -wi.v[j] && wr.v[j + 1] == wr.v[j]);
        if (wi.v[j] < 0) CHECK(j > 0 && wi.v[j - 1] == -wi.v[j]);
    }
    cg_tensor *re_alone, *im_alone;
    CHECK(cg_eigvals(x, &re_alone, &im_alone) == CG_OK && cg_numel(re_alone) == n && cg_numel(im_alone) == n);
}

DEVICE_TEST_ONCE(decompositions, general_eigenvalues) {
    const cg_dtype t = cg_device_properties(dev)->has_f64 ? CG_F64 : CG_F32;
    check_case("a rotation");
    run_eig(dev, t, 2, (const double[]){0, -1, 1, 0});
    check_case("one real, a pair, one of 0");
    run_eig(dev, t, 4, (const double[]){1, 2, 0, 1, -2, 1, 3, 0, 0, 0, 5, 1, 0, 0, 0, 0});
    check_case("defective");
    run_eig(dev, t, 3, (const double[]){2, 1, 0, 0, 2, 1, 0, 0, 2});
    check_case("companion of x^5 - 1");
    run_eig(dev, t, 5, (const double[25]){[4] = 1, [5] = 1, [11] = 1, [17] = 1, [23] = 1});
    check_case("symmetric");
    run_eig(dev, CG_F32, 3, (const double[]){4, 1, 2, 1, -3, 0.5, 2, 0.5, 1});
    check_case("1 by 1");
    run_eig(dev, CG_F32, 1, (const double[]){-7});
    double values[400];
    uint64_t seed = 3;
    for (int i = 0; i < 400; i++) values[i] = 2 * random_unit(&seed) - 1;
    check_case("random");
    run_eig(dev, t, 20, values);
}

/* The eigenvalues of a rotation by 30 degrees, scaled by 2: what NumPy gives. */
DEVICE_TEST_ONCE(small_decompositions, known_eigenvalues) {
    const float c = 1.7320508f, data[] = {c, -1, 1, c};
    cg_tensor *x = cg_from_f32(dev, cg_shape(2, 2), data), *wr, *wi;
    if (!CHECK(cg_eigvals(x, &wr, &wi) == CG_OK)) return;
    check_within(wr, CG_F32, cg_shape(2), (long double[]){c, c}, 8, NULL);
    check_within(wi, CG_F32, cg_shape(2), (long double[]){1, -1}, 8, NULL);
    x = cg_from_f32(dev, cg_shape(2, 2), (const float[]){2, 99, 1, 2}); /* the 99 is not read */
    check_within(cg_eigvalsh(x), CG_F32, cg_shape(2), (long double[]){1, 3}, 16, NULL);
}

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

static cg_tensor *total(cg_tensor *x) { return cg_sum(x, CG_ALL_AXES, false); }

DEVICE_TEST_ONCE(decompositions, gradients_at_equal_values) {
    if (!cg_device_properties(dev)->has_f64 || device_is_opencl(dev)) return;
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
DEVICE_TEST_ONCE(decompositions, gradients_at_rank_1) {
    if (!cg_device_properties(dev)->has_f64 || device_is_opencl(dev)) return;
    cg_tensor *x = leaf(dev, 3, 2, (const double[]){2, 0, 0, 0, 0, 0});
    check_case("the largest singular value: u v^T");
    check_gradient_is(dev, cg_matrix_norm(x, CG_NORM_2, false), x, (long double[]){1, 0, 0, 0, 0, 0});
    check_case("pinv, of constant rank");
    check_gradient_is(dev, cg_sum(cg_slice(cg_pinv(x, -1), 0, 0, 1, 1), CG_ALL_AXES, false), x,
                      (long double[]){-0.25L, 0, 0.25L, 0, 0.25L, 0});
}

/* The rule for eigh of A that is not symmetric: the gradient is symmetric, as of a function of (A + A^T) / 2. */
DEVICE_TEST_ONCE(small_decompositions, eigh_gradient_is_symmetric) {
    cg_tensor *x = cg_require_grad(cg_from_f32(dev, cg_shape(2, 2), (const float[]){1, 0, 1, 3}), true), *v;
    CHECK(cg_eigh(x, NULL, &v) == CG_OK &&
          cg_backward(cg_sum(cg_slice(v, 0, 0, 1, 1), CG_ALL_AXES, false)) == CG_OK);
    const long double *g = read_values(cg_grad_of(x));
    CHECK(g && fabsl(g[1] - g[2]) < 1e-6L && fabsl(g[1]) > 0.01L);
}

/* --- Rank, generalized inverse, condition ----------------------------------------------------------------------------- */

DEVICE_TEST_ONCE(decompositions, rank_deficient) {
    const cg_dtype t = cg_device_properties(dev)->has_f64 ? CG_F64 : CG_F32;
    ref_array a;
    cg_tensor *x = matrix(dev, t, REPEATED, 7, 5, false, &a);
    check_equal(cg_matrix_rank(x, -1), CG_I64, cg_shape(), (long double[]){2});
    check_equal(cg_matrix_rank(x, 1), CG_I64, cg_shape(), (long double[]){0});
    check_equal(cg_matrix_rank(cg_zeros(dev, t, cg_shape(2, 3, 4)), -1), CG_I64, cg_shape(2),
                (long double[]){0, 0});
    check_equal(cg_matrix_rank(cg_eye(dev, t, 4), -1), CG_I64, cg_shape(), (long double[]){4});
    check_case("the four conditions of Penrose");
    ref_array p = array_of(cg_pinv(x, -1)), ap = ref_products(a, p), pa = ref_products(p, a);
    const long double scale = size_of(a) * size_of(p);
    check_close("A P A = A", t, ref_products(ap, a), a, 200, scale * size_of(a));
    check_close("P A P = P", t, ref_products(pa, p), p, 200, scale * size_of(p));
    check_close("A P is symmetric", t, ap, ref_flipped(ap), 200, scale);
    check_close("P A is symmetric", t, pa, ref_flipped(pa), 200, scale);
    check_case("pinv of zeros, and with every singular value cut");
    check_equal(cg_pinv(cg_zeros(dev, t, cg_shape(3, 2)), -1), t, cg_shape(2, 3), (long double[6]){0});
    check_equal(cg_pinv(x, 1), t, cg_shape(5, 7), (long double[35]){0});
    check_equal(cg_low_rank(x, 0), t, cg_shape(7, 5), (long double[35]){0});
    check_close("rank 2 of rank 2 is all", t, array_of(cg_low_rank(x, 2)), a, 100, size_of(a));
}

DEVICE_TEST_ONCE(small_decompositions, condition_of_singular_matrices) {
    const long double inf = (long double)INFINITY, nan = (long double)NAN;
    const float data[] = {1, 2, 2, 4, 3, 0, 0, 1, (float)NAN, 1, 1, 1};
    cg_tensor *x = cg_from_f32(dev, cg_shape(3, 2, 2), data);
    static const cg_matrix_norm_kind norm[] = {CG_NORM_1, CG_NORM_NEG_1, CG_NORM_INF, CG_NORM_NEG_INF,
                                               CG_NORM_FRO};
    const long double want[][3] = {
        {inf, 3, nan}, {inf, 1.0L / 3, nan}, {inf, 3, nan}, {inf, 1.0L / 3, nan}, {inf, 10.0L / 3, nan}};
    for (int i = 0; i < (device_is_opencl(dev) ? 1 : 5); i++) {
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

DEVICE_TEST_ONCE(small_decompositions, empty_matrices) {
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

DEVICE_TEST_ONCE(small_decompositions, refusals) {
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
DEVICE_TEST_ONCE(small_decompositions, nan_and_infinity) {
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
DEVICE_TEST_ONCE(small_decompositions, missing_gradients) {
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
DEVICE_TEST_ONCE(small_decompositions, round_trips) {
    cg_tensor *x = cg_eval(cg_add(cg_eye(dev, CG_F32, 3), 1)), *s, *r;
    const uint64_t before = cg_device_statistics(dev).round_trips;
    CHECK(cg_qr(x, CG_QR_REDUCED, NULL, &r) == CG_OK && cg_qr(x, CG_QR_R, NULL, NULL) == CG_OK);
    CHECK(cg_device_statistics(dev).round_trips == before);
    CHECK(cg_svd(x, false, NULL, &s, NULL) == CG_OK && cg_device_statistics(dev).round_trips == before + 1);
    check_within(s, CG_F32, cg_shape(3), (long double[]){4, 1, 1}, 16, NULL);
    CHECK(cg_eigh(x, NULL, NULL) == CG_OK && cg_matrix_rank(x, -1) != NULL);
    CHECK(cg_device_statistics(dev).round_trips == before + 3);
}

/* --- Random orthogonal matrices ------------------------------------------------------------------------------------------ */

DEVICE_TEST_ONCE(small_decompositions, orthogonal_initializer) {
    const cg_dtype t = cg_device_properties(dev)->has_f64 ? CG_F64 : CG_F32;
    static const int64_t shape[][2] = {{5, 5}, {6, 3}, {3, 6}, {1, 1}};
    for (int i = 0; i < 4; i++) {
        check_case("(%lld, %lld)", (long long)shape[i][0], (long long)shape[i][1]);
        cg_tensor *x = cg_orthogonal(dev, t, shape[i][0], shape[i][1], 0.1);
        if (!check_is(x, t, cg_shape(shape[i][0], shape[i][1]))) continue;
        CHECK(cg_is_contiguous(x));
        ref_array q = array_of(x);
        for (int64_t j = 0; j < q.n; j++) q.v[j] *= 10;
        check_orthonormal("10 x", t, shape[i][0] < shape[i][1] ? ref_flipped(q) : q);
    }
    check_case("signs are even: without the sign of R the first element would always be negative");
    int positive = 0;
    cg_seed(dev, 4);
    for (int i = 0; i < 40; i++) positive += read_values(cg_orthogonal(dev, CG_F32, 3, 2, 1))[0] > 0;
    CHECK_MSG(positive > 8 && positive < 32, "%d of 40 first elements are positive", positive);
    check_case("the same seed, the same matrix");
    cg_seed(dev, 9);
    cg_tensor *x = cg_orthogonal(dev, CG_F32, 3, 3, 2);
    cg_seed(dev, 9);
    check_same_bits(cg_orthogonal(dev, CG_F32, 3, 3, 2), x);
    CHECK_FAILS(dev, cg_orthogonal(dev, CG_F32, 0, 3, 1), CG_ERROR_ARGUMENT, "orthogonal", "0 and 3");
    CHECK_FAILS(dev, cg_orthogonal(dev, CG_I32, 3, 3, 1), CG_ERROR_DTYPE, "i32");
    CHECK(!cg_orthogonal(NULL, CG_F32, 2, 2, 1));
}
