/*
 * Orthogonal factors, eigenvalues, singular values, and what is made of them. Vectors, signs included, are those of the
 * reference where the values are apart; so the inputs get a diagonal of 4, 8, 12, ... added, and what is allowed grows with
 * |A| over the gaps that are left. Of general eigenvalues, whose order is not promised, sums of powers are compared.
 */
#include "catalog/catalog.h"

#include <math.h>

#include "reference/ref_decompositions.h"

/* --- Inputs with values that are apart ------------------------------------------------------------------------- */

enum { STEP = 4 };

/* x with 4, 8, 12, ... added to the diagonal of each matrix. */
static cg_tensor *apart(cg_tensor *x) {
    cg_device *dev = cg_device_of(x);
    cg_tensor *row = cg_arange(dev, cg_dtype_of(x), 0, (double)cg_size(x, -2), 1);
    cg_tensor *column = cg_arange(dev, cg_dtype_of(x), 0, (double)cg_size(x, -1), 1);
    row = cg_unsqueeze(row, 1);
    return cg_add(x, cg_where(cg_eq(row, column), cg_add(cg_mul(row, STEP), STEP), 0.0));
}
static ref_array ref_apart(ref_array x) {
    const int64_t m = x.shape[x.rank - 2], n = x.shape[x.rank - 1];
    ref_array y = ref_array_like(x);
    for (int64_t i = 0; i < x.n; i++) {
        const int64_t row = i / n % m;
        y.v[i] = x.v[i] + (row == i % n ? STEP * (long double)(row + 1) : 0);
    }
    return y;
}

static cg_tensor *symmetric(cg_tensor *x) { return apart(cg_mul(cg_add(x, cg_transpose(x, -1, -2)), 0.5)); }
static long double halved_sum(long double x, long double y) { return (x + y) / 2; }
static ref_array ref_symmetric(ref_array x) {
    return ref_apart(ref_array_map2(x, ref_flipped(x), halved_sum));
}

/* --- What errors are in proportion to: one number for each matrix, spread over its results ------------------------ */

static ref_array spread(ref_array out, ref_array numbers) {
    ref_array scale = ref_array_like(out);
    for (int64_t i = 0; i < out.n; i++) scale.v[i] = numbers.v[i / (out.n / numbers.n)];
    return scale;
}

static long double times(long double x, long double y) { return x * y; }
static long double over(long double x, long double y) { return x / y; }

static ref_array size_of(ref_array a) { return ref_matrix_norm(a, REF_FRO); }
static ref_array least_of(ref_array x) { return ref_array_reduce(REF_MIN, x, 1u << (x.rank - 1), false); }
static ref_array condition_of(ref_array a) {
    return ref_array_map2(ref_matrix_norm(a, REF_2), ref_matrix_norm(a, REF_NEG_2), over);
}
/* |A| over the least distance between two of `values`: how far vectors turn. */
static ref_array turn_of(ref_array a, ref_array values) {
    return ref_array_map2(size_of(a), least_of(ref_gaps(values)), over);
}
/* Of singular vectors; where there are more rows or columns than values, 0 is one of them. */
static ref_array singular_turn_of(ref_array a) {
    const bool square = a.shape[a.rank - 1] == a.shape[a.rank - 2];
    ref_array s = ref_svd(a, REF_S), turn = turn_of(a, s), beyond = condition_of(a);
    for (int64_t i = 0; i < turn.n && !square; i++) turn.v[i] = fmaxl(turn.v[i], beyond.v[i]);
    return turn;
}

/* --- QR ------------------------------------------------------------------------------------------------------------ */

static cg_tensor *qr_part(cg_tensor *x, cg_qr_mode mode, bool want_q) {
    cg_tensor *q, *r;
    return cg_qr(apart(x), mode, &q, &r) ? NULL : want_q ? q : r;
}

static cg_tensor *qr_q(cg_tensor *const *x) { return qr_part(x[0], CG_QR_REDUCED, true); }
static cg_tensor *qr_r(cg_tensor *const *x) { return qr_part(x[0], CG_QR_REDUCED, false); }
static cg_tensor *qr_r_alone(cg_tensor *const *x) { return qr_part(x[0], CG_QR_R, false); }
static cg_tensor *qr_complete_q(cg_tensor *const *x) { return qr_part(x[0], CG_QR_COMPLETE, true); }
static cg_tensor *qr_complete_r(cg_tensor *const *x) { return qr_part(x[0], CG_QR_COMPLETE, false); }

static ref_array ref_of_qr_q(const ref_array *x) { return ref_qr(ref_apart(x[0]), false, REF_Q); }
static ref_array ref_of_qr_r(const ref_array *x) { return ref_qr(ref_apart(x[0]), false, REF_R); }
static ref_array ref_of_qr_complete_q(const ref_array *x) { return ref_qr(ref_apart(x[0]), true, REF_Q); }
static ref_array ref_of_qr_complete_r(const ref_array *x) { return ref_qr(ref_apart(x[0]), true, REF_R); }

/* Q turns by the condition of A, and R with it. */
static ref_array scale_of_qr_q(const ref_array *x) {
    return spread(ref_of_qr_q(x), condition_of(ref_apart(x[0])));
}
static ref_array scale_of_qr_complete_q(const ref_array *x) {
    return spread(ref_of_qr_complete_q(x), condition_of(ref_apart(x[0])));
}
static ref_array scale_of_r(ref_array r, ref_array a) {
    return spread(r, ref_array_map2(size_of(a), condition_of(a), times));
}
static ref_array scale_of_qr_r(const ref_array *x) { return scale_of_r(ref_of_qr_r(x), ref_apart(x[0])); }
static ref_array scale_of_qr_complete_r(const ref_array *x) {
    return scale_of_r(ref_of_qr_complete_r(x), ref_apart(x[0]));
}

/* --- Symmetric eigenvalues ------------------------------------------------------------------------------------------ */

static cg_tensor *eigh_w(cg_tensor *const *x) {
    cg_tensor *w;
    return cg_eigh(symmetric(x[0]), &w, NULL) ? NULL : w;
}
static cg_tensor *eigh_v(cg_tensor *const *x) {
    cg_tensor *v;
    return cg_eigh(symmetric(x[0]), NULL, &v) ? NULL : v;
}
static cg_tensor *eigvalsh(cg_tensor *const *x) { return cg_eigvalsh(symmetric(x[0])); }

static ref_array ref_of_eigh_w(const ref_array *x) { return ref_eigh(ref_symmetric(x[0]), REF_W); }
static ref_array ref_of_eigh_v(const ref_array *x) { return ref_eigh(ref_symmetric(x[0]), REF_V); }
static ref_array scale_of_eigh_w(const ref_array *x) {
    return spread(ref_of_eigh_w(x), size_of(ref_symmetric(x[0])));
}
static ref_array scale_of_eigh_v(const ref_array *x) {
    return spread(ref_of_eigh_v(x), turn_of(ref_symmetric(x[0]), ref_of_eigh_w(x)));
}

/* --- General eigenvalues --------------------------------------------------------------------------------------------- */

/* A v - w v, real and imaginary parts one above the other: 0. */
static cg_tensor *eig_residual(cg_tensor *const *x) {
    cg_tensor *wr, *wi, *vr, *vi;
    if (cg_eig(x[0], &wr, &wi, &vr, &vi)) return NULL;
    wr = cg_unsqueeze(wr, -2), wi = cg_unsqueeze(wi, -2);
    cg_tensor *real = cg_sub(cg_matmul(x[0], vr), cg_sub(cg_mul(vr, wr), cg_mul(vi, wi)));
    cg_tensor *imaginary = cg_sub(cg_matmul(x[0], vi), cg_add(cg_mul(vr, wi), cg_mul(vi, wr)));
    return cg_concat(2, (cg_tensor *[]){real, imaginary}, -2);
}
/* The squared norms of the vectors: 1. */
static cg_tensor *eig_norms(cg_tensor *const *x) {
    cg_tensor *vr, *vi;
    if (cg_eig(x[0], NULL, NULL, &vr, &vi)) return NULL;
    return cg_sum(cg_add(cg_square(vr), cg_square(vi)), cg_axes(-2), false);
}
/* The sums of w^p for p = 1, 2, 3, real parts and imaginary parts: of an (N, N) the first N tell all w. */
static cg_tensor *eigvals_powers(cg_tensor *const *x) {
    cg_tensor *wr, *wi, *sum[6];
    if (cg_eigvals(x[0], &wr, &wi)) return NULL;
    cg_tensor *re = wr, *im = wi;
    for (int p = 0; p < 3; p++) {
        sum[2 * p] = cg_sum(re, cg_axes(-1), false);
        sum[2 * p + 1] = cg_sum(im, cg_axes(-1), false);
        cg_tensor *next = cg_sub(cg_mul(re, wr), cg_mul(im, wi));
        im = cg_add(cg_mul(re, wi), cg_mul(im, wr));
        re = next;
    }
    return cg_stack(6, sum, -1);
}

static ref_array ref_of_eig_residual(const ref_array *x) {
    int64_t shape[REF_MAX_RANK];
    for (int i = 0; i < x[0].rank; i++) shape[i] = x[0].shape[i] * (i == x[0].rank - 2 ? 2 : 1);
    return ref_array_new(x[0].rank, shape);
}
static ref_array scale_of_eig_residual(const ref_array *x) {
    return spread(ref_of_eig_residual(x), size_of(x[0]));
}
static ref_array ones(ref_array x) {
    for (int64_t i = 0; i < x.n; i++) x.v[i] = 1;
    return x;
}
static ref_array ref_of_eig_norms(const ref_array *x) {
    return ones(ref_array_new(x[0].rank - 1, x[0].shape));
}

static ref_array ref_of_eigvals_powers(const ref_array *x) {
    const int64_t n = x[0].shape[x[0].rank - 1], matrices = x[0].n / (n * n);
    int64_t shape[REF_MAX_RANK] = {0};
    for (int i = 0; i < x[0].rank - 2; i++) shape[i] = x[0].shape[i];
    shape[x[0].rank - 2] = 6;
    ref_array traces = ref_array_new(x[0].rank - 1, shape), power = x[0];
    for (int p = 0; p < 3; p++) {
        for (int64_t i = 0; i < matrices * n; i++)
            traces.v[i / n * 6 + 2 * p] += power.v[i / n * n * n + i % n * (n + 1)];
        power = ref_products(power, x[0]);
    }
    return traces;
}
/* N p |A|^p: each eigenvalue is off by its condition times |A| u; the bound has room for a condition of 16. */
static ref_array scale_of_eigvals_powers(const ref_array *x) {
    ref_array scale = ref_array_like(ref_of_eigvals_powers(x)), size = size_of(x[0]);
    for (int64_t i = 0; i < scale.n; i++) {
        const int p = (int)(i % 6 / 2) + 1;
        scale.v[i] = (long double)(p * x[0].shape[x[0].rank - 1]) * powl(size.v[i / 6], p);
    }
    return scale;
}

/* --- Singular values ------------------------------------------------------------------------------------------------- */

static cg_tensor *svd_part(cg_tensor *x, bool full, ref_part part) {
    cg_tensor *u, *s, *vh;
    if (cg_svd(apart(x), full, &u, &s, &vh)) return NULL;
    return part == REF_U ? u : part == REF_S ? s : vh;
}

#define SVD(name, full, part)                                                                                \
    static cg_tensor *svd_##name(cg_tensor *const *x) { return svd_part(x[0], full, part); }                 \
    static ref_array ref_of_svd_##name(const ref_array *x) { return ref_svd(ref_apart(x[0]), part); }        \
    static ref_array scale_of_svd_##name(const ref_array *x) {                                               \
        ref_array a = ref_apart(x[0]);                                                                       \
        return spread(ref_svd(a, part), (part) == REF_S ? size_of(a) : singular_turn_of(a));                 \
    }

SVD(u, false, REF_U)
SVD(s, false, REF_S)
SVD(vh, false, REF_VH)
SVD(full_u, true, REF_U) /* of square matrices */
SVD(full_s, true, REF_S)

static cg_tensor *svdvals(cg_tensor *const *x) { return cg_svdvals(apart(x[0])); }

/* --- What is made of them ------------------------------------------------------------------------------------------- */

static long double itself(long double x) { return x; }
static long double reciprocal(long double x) { return 1 / x; }

static cg_tensor *pinv(cg_tensor *const *x) { return cg_pinv(apart(x[0]), -1); }
static ref_array ref_of_pinv(const ref_array *x) {
    return ref_flipped(ref_svd_sum(ref_apart(x[0]), 1e-6L, INT64_MAX, reciprocal));
}
/* |P| times the condition. */
static ref_array scale_of_pinv(const ref_array *x) {
    ref_array out = ref_of_pinv(x);
    return spread(out, ref_array_map2(size_of(out), condition_of(ref_apart(x[0])), times));
}

/* A product of inner dimension 2, of rank 2. */
static cg_tensor *thin_product(cg_tensor *const *x) { return cg_matmul(apart(x[0]), apart(x[1])); }
static ref_array ref_thin_product(const ref_array *x) {
    return ref_products(ref_apart(x[0]), ref_apart(x[1]));
}
static cg_tensor *pinv_of_rank_2(cg_tensor *const *x) { return cg_pinv(thin_product(x), 1e-4); }
static ref_array ref_of_pinv_of_rank_2(const ref_array *x) {
    return ref_flipped(ref_svd_sum(ref_thin_product(x), 1e-4L, 2, reciprocal));
}
static ref_array scale_of_pinv_of_rank_2(const ref_array *x) {
    ref_array out = ref_of_pinv_of_rank_2(x), size = size_of(out);
    ref_array condition = ref_array_map2(size_of(ref_thin_product(x)), size, times);
    return spread(out, ref_array_map2(size, condition, times));
}
static cg_tensor *rank_of_rank_2(cg_tensor *const *x) { return cg_matrix_rank(thin_product(x), 1e-4); }
static ref_array ref_of_rank_of_rank_2(const ref_array *x) {
    ref_array rank = size_of(x[0]);
    for (int64_t i = 0; i < rank.n; i++) rank.v[i] = 2;
    return rank;
}

static cg_tensor *matrix_rank(cg_tensor *const *x) { return cg_matrix_rank(apart(x[0]), -1); }
static ref_array ref_of_matrix_rank(const ref_array *x) {
    ref_array rank = size_of(x[0]);
    const int64_t m = x[0].shape[x[0].rank - 2], n = x[0].shape[x[0].rank - 1];
    for (int64_t i = 0; i < rank.n; i++) rank.v[i] = m < n ? m : n;
    return rank;
}

static cg_tensor *low_rank_1(cg_tensor *const *x) { return cg_low_rank(apart(x[0]), 1); }
static cg_tensor *low_rank_2(cg_tensor *const *x) { return cg_low_rank(apart(x[0]), 2); }
static ref_array ref_of_low_rank_1(const ref_array *x) { return ref_svd_sum(ref_apart(x[0]), 0, 1, itself); }
static ref_array ref_of_low_rank_2(const ref_array *x) { return ref_svd_sum(ref_apart(x[0]), 0, 2, itself); }
static ref_array scale_of_low_rank(const ref_array *x) {
    ref_array a = ref_apart(x[0]);
    return spread(a, ref_array_map2(size_of(a), singular_turn_of(a), times));
}

/* --- Norms ------------------------------------------------------------------------------------------------------------- */

#define NORM(name, kind)                                                                                     \
    static cg_tensor *norm_##name(cg_tensor *const *x) {                                                     \
        return cg_matrix_norm(x[0], CG_NORM_##kind, false);                                                  \
    }                                                                                                        \
    static ref_array ref_of_norm_##name(const ref_array *x) { return ref_matrix_norm(x[0], REF_##kind); }

NORM(fro, FRO)
NORM(nuc, NUC)
NORM(1, 1)
NORM(neg_1, NEG_1)
NORM(2, 2)
NORM(neg_2, NEG_2)
NORM(inf, INF)
NORM(neg_inf, NEG_INF)

static cg_tensor *norm_fro_kept(cg_tensor *const *x) { return cg_matrix_norm(x[0], CG_NORM_FRO, true); }
static ref_array ref_of_norm_fro_kept(const ref_array *x) {
    ref_array norm = ref_of_norm_fro(x);
    norm.shape[norm.rank++] = 1;
    norm.shape[norm.rank++] = 1;
    return norm;
}
static ref_array scale_of_norm(const ref_array *x) { return size_of(x[0]); }

static ref_array ref_cond(ref_array a, ref_norm_kind kind) {
    ref_array inverse = ref_flipped(ref_svd_sum(a, 0, INT64_MAX, reciprocal));
    return ref_array_map2(ref_matrix_norm(a, kind), ref_matrix_norm(inverse, kind), times);
}

#define COND(name, kind)                                                                                     \
    static cg_tensor *cond_##name(cg_tensor *const *x) { return cg_cond(apart(x[0]), CG_NORM_##kind); }      \
    static ref_array ref_of_cond_##name(const ref_array *x) { return ref_cond(ref_apart(x[0]), REF_##kind); }

COND(fro, FRO)
COND(nuc, NUC)
COND(1, 1)
COND(inf, INF)

static cg_tensor *cond_2(cg_tensor *const *x) { return cg_cond(apart(x[0]), CG_NORM_2); }
static cg_tensor *cond_neg_2(cg_tensor *const *x) { return cg_cond(apart(x[0]), CG_NORM_NEG_2); }
static ref_array ref_of_cond_2(const ref_array *x) { return condition_of(ref_apart(x[0])); }
static ref_array ref_of_cond_neg_2(const ref_array *x) { return ref_array_map(ref_of_cond_2(x), reciprocal); }
/* The inverse is off by its condition, and no condition number is more than N times the spectral one. */
static ref_array scale_of_cond(const ref_array *x) {
    ref_array c = condition_of(ref_apart(x[0]));
    return ref_array_map2(c, c, times);
}

#define OF(form) .call = form, .reference = ref_of_##form, .scale = scale_of_##form, .n = 1
#define SMALL(...)                                                                                           \
    {                                                                                                        \
        { {__VA_ARGS__}, CATALOG_UNIFORM, -1, 1 }                                                            \
    }
#define OF_BOUND .dtypes = CATALOG_REALS, .bound = BOUND

/* Matrices have 4 rows at most: a backward error of 5 N u |A| is allowed. */
enum { BOUND = 20 };

const catalog_entry catalog_decompositions[] = {
    {"qr", "q", OF(qr_q), OF_BOUND, .gradient = true, .x = SMALL(2, {4, 3}), .large = {{2, {512, 512}}}},
    {"qr", "r", OF(qr_r), OF_BOUND, .gradient = true, .x = SMALL(2, {4, 3})},
    {"qr", "q of a wide matrix", OF(qr_q), OF_BOUND, .gradient = true, .x = SMALL(2, {2, 4})},
    {"qr", "r of a wide matrix", OF(qr_r), OF_BOUND, .gradient = true, .x = SMALL(2, {2, 4})},
    {"qr", "q of a batch", OF(qr_q), OF_BOUND, .gradient = true, .x = SMALL(3, {2, 3, 3})},
    {"qr", "r alone", .call = qr_r_alone, .reference = ref_of_qr_r, .scale = scale_of_qr_r, .n = 1, OF_BOUND,
     .gradient = true, .x = SMALL(3, {2, 3, 2})},
    {"qr", "complete q", OF(qr_complete_q), OF_BOUND, .x = SMALL(2, {4, 2})},
    {"qr", "complete r", OF(qr_complete_r), OF_BOUND, .x = SMALL(2, {4, 2})},
    {"eigh", "w", OF(eigh_w), OF_BOUND, .gradient = true, .x = SMALL(2, {3, 3}), .large = {{2, {256, 256}}}},
    {"eigh", "v", OF(eigh_v), OF_BOUND, .gradient = true, .x = SMALL(2, {3, 3})},
    {"eigh", "v of a batch", OF(eigh_v), OF_BOUND, .gradient = true, .x = SMALL(3, {2, 2, 2})},
    {"eigvalsh", "a batch", .call = eigvalsh, .reference = ref_of_eigh_w, .scale = scale_of_eigh_w, .n = 1,
     OF_BOUND, .gradient = true, .x = SMALL(3, {2, 3, 3}), .large = {{2, {256, 256}}}},
    {"eig", "A v - w v", OF(eig_residual), OF_BOUND, .x = {{{3, {2, 4, 4}}}}, .large = {{2, {128, 128}}}},
    {"eig", "norms of v", .call = eig_norms, .reference = ref_of_eig_norms, .n = 1, OF_BOUND,
     .x = {{{2, {4, 4}}}}},
    {"eigvals", "sums of powers", OF(eigvals_powers), .dtypes = CATALOG_REALS, .bound = 16 * BOUND,
     .x = {{{3, {2, 3, 3}}}}, .large = {{2, {128, 128}}}},
    {"svd", "u", OF(svd_u), OF_BOUND, .gradient = true, .x = SMALL(2, {4, 3}), .large = {{2, {256, 256}}}},
    {"svd", "s", OF(svd_s), OF_BOUND, .gradient = true, .x = SMALL(2, {4, 3})},
    {"svd", "vh", OF(svd_vh), OF_BOUND, .gradient = true, .x = SMALL(2, {4, 3})},
    {"svd", "u of a wide matrix", OF(svd_u), OF_BOUND, .gradient = true, .x = SMALL(2, {2, 4})},
    {"svd", "vh of a wide matrix", OF(svd_vh), OF_BOUND, .gradient = true, .x = SMALL(2, {2, 4})},
    {"svd", "vh of a batch", OF(svd_vh), OF_BOUND, .gradient = true, .x = SMALL(3, {2, 3, 2})},
    {"svd", "full, u of a square matrix", OF(svd_full_u), OF_BOUND, .gradient = true, .x = SMALL(2, {3, 3})},
    {"svd", "full, s", OF(svd_full_s), OF_BOUND, .gradient = true, .x = SMALL(2, {4, 2})},
    {"svdvals", "a batch", .call = svdvals, .reference = ref_of_svd_s, .scale = scale_of_svd_s, .n = 1,
     OF_BOUND, .gradient = true, .x = SMALL(3, {2, 2, 3}), .large = {{2, {256, 256}}}},
    {"pinv", "a tall matrix", OF(pinv), OF_BOUND, .gradient = true, .x = SMALL(2, {4, 3}),
     .large = {{2, {256, 256}}}},
    {"pinv", "wide matrices", OF(pinv), OF_BOUND, .gradient = true, .x = SMALL(3, {2, 2, 3})},
    {"pinv", "rank 2", .call = pinv_of_rank_2, .reference = ref_of_pinv_of_rank_2,
     .scale = scale_of_pinv_of_rank_2, .n = 2, OF_BOUND, .gradient = true,
     .x = {{{2, {4, 2}}, CATALOG_UNIFORM, -1, 1}, {{2, {2, 3}}, CATALOG_UNIFORM, -1, 1}}},
    {"low_rank", "rank 1", .call = low_rank_1, .reference = ref_of_low_rank_1, .scale = scale_of_low_rank,
     .n = 1, OF_BOUND, .gradient = true, .x = SMALL(2, {4, 3}), .large = {{2, {256, 256}}}},
    {"low_rank", "rank 2, wide matrices", .call = low_rank_2, .reference = ref_of_low_rank_2,
     .scale = scale_of_low_rank, .n = 1, OF_BOUND, .gradient = true, .x = SMALL(3, {2, 3, 4})},
    {"matrix_rank", "full rank", .call = matrix_rank, .reference = ref_of_matrix_rank, .n = 1,
     .dtypes = CATALOG_REALS, .result = CATALOG_IS_I64, .x = SMALL(3, {2, 2, 3}), .large = {{2, {256, 256}}}},
    {"matrix_rank", "rank 2", .call = rank_of_rank_2, .reference = ref_of_rank_of_rank_2, .n = 2,
     .dtypes = CATALOG_REALS, .result = CATALOG_IS_I64,
     .x = {{{2, {4, 2}}, CATALOG_UNIFORM, -1, 1}, {{2, {2, 3}}, CATALOG_UNIFORM, -1, 1}}},
#define NORM_OF(name) .call = norm_##name, .reference = ref_of_norm_##name, .scale = scale_of_norm, .n = 1
    {"matrix_norm", "Frobenius", NORM_OF(fro), OF_BOUND, .gradient = true, .x = {{{3, {2, 4, 3}}}},
     .large = {{2, {1024, 1024}}}},
    {"matrix_norm", "Frobenius, keepdims", NORM_OF(fro_kept), OF_BOUND, .gradient = true,
     .x = {{{2, {2, 3}}}}},
    {"matrix_norm", "nuclear", NORM_OF(nuc), OF_BOUND, .gradient = true, .x = {{{2, {4, 3}}}}},
    {"matrix_norm", "1", NORM_OF(1), OF_BOUND, .gradient = true, .x = {{{3, {2, 4, 3}}}}},
    {"matrix_norm", "-1", NORM_OF(neg_1), OF_BOUND, .gradient = true, .x = {{{2, {4, 3}}}}},
    {"matrix_norm", "2", NORM_OF(2), OF_BOUND, .gradient = true, .x = {{{3, {2, 3, 4}}}}},
    {"matrix_norm", "-2", NORM_OF(neg_2), OF_BOUND, .gradient = true, .x = {{{2, {4, 3}}}}},
    {"matrix_norm", "infinity", NORM_OF(inf), OF_BOUND, .gradient = true, .x = {{{3, {2, 4, 3}}}}},
    {"matrix_norm", "-infinity", NORM_OF(neg_inf), OF_BOUND, .gradient = true, .x = {{{2, {4, 3}}}}},
#define COND_OF(name) .call = cond_##name, .reference = ref_of_cond_##name, .scale = scale_of_cond, .n = 1
    {"cond", "2", COND_OF(2), OF_BOUND, .gradient = true, .x = SMALL(3, {2, 4, 3}),
     .large = {{2, {256, 256}}}},
    {"cond", "-2", COND_OF(neg_2), OF_BOUND, .gradient = true, .x = SMALL(2, {3, 3})},
    {"cond", "Frobenius", COND_OF(fro), OF_BOUND, .gradient = true, .x = SMALL(3, {2, 3, 3})},
    {"cond", "nuclear", COND_OF(nuc), OF_BOUND, .gradient = true, .x = SMALL(2, {3, 3})},
    {"cond", "1", COND_OF(1), OF_BOUND, .gradient = true, .x = SMALL(3, {2, 3, 3})},
    {"cond", "infinity", COND_OF(inf), OF_BOUND, .gradient = true, .x = SMALL(2, {3, 3})},
    {.name = NULL},
};
