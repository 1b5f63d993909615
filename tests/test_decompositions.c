/*
 * QR, eigenvalues, singular values: residuals on hard matrices, the rule of signs, general eigenvalues, matrices without
 * full rank, random orthogonal matrices.
 */
#include "reference/ref_decompositions.h"
#include "support/device_test.h"

#include <math.h>

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
    ref_array vq = read_array(q), vr = read_array(r);
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
    ref_array vu = read_array(u), vs = read_array(s), v = ref_flipped(read_array(vh)),
              product = ref_array_like(a);
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
    ref_array vw = read_array(w), vv = read_array(v), scaled = ref_array_like(vv);
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

/*
 * Where LAPACK blocks and threads. Our own text, which stands in for it in builds without, is held to its own bounds in
 * test_factor_small.c: its rotations leave U of 130 columns 6 n u from orthonormal, LAPACK's reflections 4 n u at most.
 */
#ifdef CG_WITH_BLAS
CPU_TEST(decompositions, larger_matrices) {
    run_residuals(dev, CG_F32, RANDOM, 130, 130);
    run_residuals(dev, CG_F32, HILBERT, 150, 70);
}
#endif

/* --- General eigenvalues -------------------------------------------------------------------------------------------- */

/* A v = w v, |v| = 1, pairs as promised, the phase by the rule. */
static void run_eig(cg_device *dev, cg_dtype t, int64_t n, const double *values) {
    void *data = scratch((size_t)(n * n) * cg_dtype_size(t));
    for (int64_t i = 0; i < n * n; i++) value_set(t, data, i, values[i]);
    cg_tensor *x = cg_from_host(dev, t, cg_shape(n, n), data), *part[4];
    if (!CHECK(cg_eig(x, &part[0], &part[1], &part[2], &part[3]) == CG_OK)) return;
    ref_array a = read_array(x), wr = read_array(part[0]), wi = read_array(part[1]), vr = read_array(part[2]),
              vi = read_array(part[3]), re = ref_array_like(a), im = ref_array_like(a);
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

CPU_TEST(decompositions, general_eigenvalues) {
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
COMPOSED_TEST(small_decompositions, known_eigenvalues) {
    const float c = 1.7320508f, data[] = {c, -1, 1, c};
    cg_tensor *x = cg_from_f32(dev, cg_shape(2, 2), data), *wr, *wi;
    if (!CHECK(cg_eigvals(x, &wr, &wi) == CG_OK)) return;
    check_within(wr, CG_F32, cg_shape(2), (long double[]){c, c}, 8, NULL);
    check_within(wi, CG_F32, cg_shape(2), (long double[]){1, -1}, 8, NULL);
    x = cg_from_f32(dev, cg_shape(2, 2), (const float[]){2, 99, 1, 2}); /* the 99 is not read */
    check_within(cg_eigvalsh(x), CG_F32, cg_shape(2), (long double[]){1, 3}, 16, NULL);
}

/* --- Rank and generalized inverse ----------------------------------------------------------------------------- */

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
    ref_array p = read_array(cg_pinv(x, -1)), ap = ref_products(a, p), pa = ref_products(p, a);
    const long double scale = size_of(a) * size_of(p);
    check_close("A P A = A", t, ref_products(ap, a), a, 200, scale * size_of(a));
    check_close("P A P = P", t, ref_products(pa, p), p, 200, scale * size_of(p));
    check_close("A P is symmetric", t, ap, ref_flipped(ap), 200, scale);
    check_close("P A is symmetric", t, pa, ref_flipped(pa), 200, scale);
    check_case("pinv of zeros, and with every singular value cut");
    check_equal(cg_pinv(cg_zeros(dev, t, cg_shape(3, 2)), -1), t, cg_shape(2, 3), (long double[6]){0});
    check_equal(cg_pinv(x, 1), t, cg_shape(5, 7), (long double[35]){0});
    check_equal(cg_low_rank(x, 0), t, cg_shape(7, 5), (long double[35]){0});
    check_close("rank 2 of rank 2 is all", t, read_array(cg_low_rank(x, 2)), a, 100, size_of(a));
}

/* --- Random orthogonal matrices ------------------------------------------------------------------------------------------ */

COMPOSED_TEST(small_decompositions, orthogonal_initializer) {
    const cg_dtype t = cg_device_properties(dev)->has_f64 ? CG_F64 : CG_F32;
    static const int64_t shape[][2] = {{5, 5}, {6, 3}, {3, 6}, {1, 1}};
    for (int i = 0; i < 4; i++) {
        check_case("(%lld, %lld)", (long long)shape[i][0], (long long)shape[i][1]);
        cg_tensor *x = cg_orthogonal(dev, t, shape[i][0], shape[i][1], 0.1);
        if (!check_is(x, t, cg_shape(shape[i][0], shape[i][1]))) continue;
        CHECK(cg_is_contiguous(x));
        ref_array q = read_array(x);
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
