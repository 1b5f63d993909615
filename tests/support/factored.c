#include "support/factored.h"

#include <math.h>
#include <string.h>

enum { GAP = 5 };

static int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

/* --- Running ---------------------------------------------------------------------------------------------------- */

void factored_shapes(const factoring *f, factored *r) {
    const int64_t m = f->m, n = f->n, k = smaller(m, n), p = f->full ? m : k, q = f->full ? n : k;
    const int64_t shapes[][CG_FACTORS][2] = {
        {{m, n}, {k, 1}},                 /* lu */
        {{m, n}},                         /* cholesky */
        {{m, p}, {p, n}},                 /* qr */
        {{n, 1}, {n, n}},                 /* eigh */
        {{n, 1}, {n, 1}, {n, n}, {n, n}}, /* eig */
        {{m, p}, {k, 1}, {q, n}},         /* svd */
    };
    for (int j = 0; j < CG_FACTORS; j++) {
        const bool wanted = !(f->unwanted >> j & 1);
        r->rows[j] = wanted ? shapes[f->kind - CG_WORK_LU][j][0] : 0;
        r->columns[j] = wanted ? shapes[f->kind - CG_WORK_LU][j][1] : 0;
    }
}

static bool is_pivots(const factoring *f, int j) { return f->kind == CG_WORK_LU && j == 1; }

/* Takes the elements of one matrix after the other apart; what lies between them must still have all bits set. */
static void unpack(const unsigned char *packed, cg_dtype t, int64_t batch, int64_t offset, int64_t numel,
                   int64_t stride, long double *to) {
    const size_t size = cg_dtype_size(t);
    for (int64_t b = 0; b < batch; b++) {
        const unsigned char *from = packed + (size_t)(b * stride) * size,
                            *gap = from + (size_t)(stride - GAP) * size;
        for (int64_t i = 0; i < numel; i++) to[b * numel + i] = value_get(t, from, offset + i);
        for (size_t i = 0; i < GAP * size; i++)
            if (!CHECK_MSG(gap[i] == 0xff, "the gap behind matrix %lld was written", (long long)b)) return;
    }
}

factored factor_on(cg_device *dev, const factoring *f, const void *a) {
    factored r = {0};
    factored_shapes(f, &r);
    int64_t stride = GAP, begin[CG_FACTORS], size = f->batch * f->m * f->n;
    for (int j = 0; j < CG_FACTORS; j++) {
        begin[j] = stride - GAP;
        stride += is_pivots(f, j) ? 0 : r.rows[j] * r.columns[j];
    }
    const int64_t pivot_stride = r.rows[1] + GAP;
    const cg_operand packed = put(dev, f->dtype, f->batch * stride, NULL);
    const cg_operand pivots = put(dev, CG_I32, f->batch * pivot_stride, NULL);
    cg_factor_request q = {f->dtype, f->full, f->batch, f->m, f->n, put(dev, f->dtype, size, a), {{0}}, {0}};
    q.info = put(dev, CG_I32, f->batch, NULL);
    for (int j = 0; j < CG_FACTORS; j++) {
        if (r.rows[j] == 0) continue;
        q.out[j] = is_pivots(f, j) ? pivots : packed;
        q.out[j].offset += is_pivots(f, j) ? 0 : begin[j];
        q.out[j].stride[0] = is_pivots(f, j) ? pivot_stride : stride;
    }
    CHECK_MSG((f->way ? f->way(dev->hw, &q) : cg_hw_factor(dev->hw, f->kind, &q)) == CG_OK, "%s",
              cg_error_message(dev));
    const unsigned char *reals = take(dev, packed, f->batch * stride),
                        *whole = take(dev, pivots, f->batch * pivot_stride);
    for (int j = 0; j < CG_FACTORS; j++) {
        const int64_t numel = r.rows[j] * r.columns[j];
        if (numel == 0) continue;
        r.out[j] = scratch((size_t)(f->batch * numel) * sizeof(long double));
        if (is_pivots(f, j))
            unpack(whole, CG_I32, f->batch, 0, numel, pivot_stride, r.out[j]);
        else
            unpack(reals, f->dtype, f->batch, begin[j], numel, stride, r.out[j]);
    }
    r.info = take(dev, q.info, f->batch);
    r.a = to_values(f->dtype, a, size);
    check_bits(take(dev, q.a, size), a, size, cg_dtype_size(f->dtype));
    return r;
}

/* --- Products and norms --------------------------------------------------------------------------------------------- */

long double *flipped(const long double *x, int64_t rows, int64_t columns) {
    long double *y = scratch((size_t)(rows * columns) * sizeof *y + 1);
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < columns; j++) y[j * rows + i] = x[i * columns + j];
    return y;
}

/* sum_p l[p] r[p], and the sum of the absolute values. */
static long double dot(const long double *l, const long double *r, int64_t n, long double *size) {
    long double sum = 0;
    *size = 0;
    for (int64_t p = 0; p < n; p++) {
        sum += l[p] * r[p];
        *size += fabsl(l[p] * r[p]);
    }
    return sum;
}

static long double norm(const long double *x, int64_t n) {
    long double size;
    return sqrtl(dot(x, x, n, &size));
}

bool check_product(const char *what, cg_dtype t, const int64_t size[3], const long double *left,
                   const long double *right, bool transposed, const long double *want, long double factor) {
    const int64_t m = size[0], n = size[1], k = size[2];
    const long double u = (long double)unit_roundoff(t), *columns = transposed ? right : flipped(right, k, n);
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++) {
            long double scale;
            const long double got = dot(left + i * k, columns + j * k, k, &scale),
                              error = fabsl(got - want[i * n + j]);
            if (error <= factor * u * scale) continue;
            return CHECK_MSG(false, "%s: element (%lld, %lld) is %.9Lg, not %.9Lg: %.3Lg u times %.3Lg", what,
                             (long long)i, (long long)j, got, want[i * n + j], error / (u * scale), scale);
        }
    return true;
}

/* || L R - want || <= factor u || want ||, in Frobenius' norm; `right` has its rows as columns. */
static bool check_norm(const char *what, cg_dtype t, const int64_t size[3], const long double *left,
                       const long double *columns, const long double *want, long double factor) {
    const int64_t m = size[0], n = size[1], k = size[2];
    long double error = 0, scale;
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++)
            error += powl(dot(left + i * k, columns + j * k, k, &scale) - want[i * n + j], 2);
    error = sqrtl(error);
    scale = (long double)unit_roundoff(t) * norm(want, m * n);
    return CHECK_MSG(error <= factor * scale, "%s: the residual is %.3Lg u, at most %.3Lg are right", what,
                     error / scale, factor);
}

/* The n rows of length k are orthonormal: | x_i . x_j - (i == j) | <= factor u. */
static bool check_orthonormal(const char *what, cg_dtype t, int64_t n, int64_t k, const long double *rows,
                              long double factor) {
    const long double u = (long double)unit_roundoff(t);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j <= i; j++) {
            long double scale;
            const long double error = fabsl(dot(rows + i * k, rows + j * k, k, &scale) - (i == j));
            if (error <= factor * u) continue;
            return CHECK_MSG(false, "%s: %lld and %lld are not orthonormal: %.3Lg u", what, (long long)i,
                             (long long)j, error / u);
        }
    return true;
}

/* Of the entries at least half as large as the largest, the first is real and positive. im may be NULL. */
static bool check_sign(const char *what, const long double *re, const long double *im, int64_t n) {
    long double largest = 0;
    int64_t i = 0;
    for (int64_t k = 0; k < n; k++) largest = fmaxl(largest, hypotl(re[k], im ? im[k] : 0));
    while (i < n && hypotl(re[i], im ? im[i] : 0) < largest / 2) i++;
    return CHECK_MSG(i < n && re[i] > 0 && (!im || im[i] == 0), "%s: entry %lld has the wrong sign", what,
                     (long long)i);
}

/* --- What each must be ------------------------------------------------------------------------------------------------- */

/*
 * The bounds. LU, Cholesky: k products are summed for each element, in any order: (k + 2) u |L| |U|; a block that is
 * inverted first adds as much again times the condition of a unit triangle with entries of at most 1, small for any
 * matrix but contrived ones. All others turn the whole matrix by orthogonal transformations, about k of them, each of which
 * adds a few u of its norm: 10 k u is several times what is seen, and far below what a wrong method gives.
 */
static long double summed(const factoring *f) { return 2 * ((long double)smaller(f->m, f->n) + 2); }
static long double turned(const factoring *f) { return 10 * ((long double)(f->m > f->n ? f->m : f->n) + 2); }

static void check_lu(const factoring *f, long double *const *out, const long double *a) {
    const int64_t m = f->m, n = f->n, k = smaller(m, n);
    if (!out[0] || !out[1]) return;
    long double *pa = scratch((size_t)(m * n) * sizeof *pa), *l = scratch((size_t)(m * k) * sizeof *l),
                *u = scratch((size_t)(k * n) * sizeof *u);
    memcpy(pa, a, (size_t)(m * n) * sizeof *pa);
    for (int64_t i = 0; i < k; i++) {
        const int64_t with = (int64_t)out[1][i];
        if (!CHECK_MSG(with >= i && with < m, "row %lld is exchanged with %lld", (long long)i,
                       (long long)with))
            return;
        for (int64_t j = 0; j < n && with != i; j++) {
            const long double x = pa[i * n + j];
            pa[i * n + j] = pa[with * n + j];
            pa[with * n + j] = x;
        }
    }
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++) {
            const long double x = out[0][i * n + j];
            if (j >= i && i < k) u[i * n + j] = x;
            if (j < i && j < k) l[i * k + j] = x;
            if (j < i &&
                !CHECK_MSG(fabsl(x) <= 1, "L[%lld, %lld] is larger than 1", (long long)i, (long long)j))
                return;
        }
    for (int64_t i = 0; i < k; i++) l[i * k + i] = 1;
    check_product("P A = L U", f->dtype, (int64_t[]){m, n, k}, l, u, false, pa, summed(f));
}

static void check_cholesky(const factoring *f, long double *const *out, const long double *a) {
    const int64_t n = f->n;
    long double *whole = scratch((size_t)(n * n) * sizeof *whole);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++) {
            whole[i * n + j] = a[i > j ? i * n + j : j * n + i];
            if (j > i &&
                !CHECK_MSG(out[0][i * n + j] == 0, "above the diagonal there is %Lg", out[0][i * n + j]))
                return;
        }
    check_product("A = L L^T", f->dtype, (int64_t[]){n, n, n}, out[0], out[0], true, whole, summed(f));
}

static void check_qr(const factoring *f, const factored *r, long double *const *out, const long double *a) {
    const int64_t m = f->m, n = f->n, p = f->full ? m : smaller(m, n);
    for (int64_t i = 0; out[1] && i < p; i++)
        for (int64_t j = 0; j < i && j < n; j++)
            if (!CHECK_MSG(out[1][i * n + j] == 0, "below the diagonal of R there is %Lg", out[1][i * n + j]))
                return;
    /* The first reflection turns the first column to -sign(a[0, 0]) |column|. */
    bool reflects = false; /* a column that is 0 below stays as it is */
    for (int64_t i = 1; i < m; i++) reflects = reflects || a[i * n] != 0;
    if (out[1] && reflects && a[0] != 0)
        CHECK_MSG((out[1][0] < 0) == (a[0] > 0), "R[0, 0] is %Lg, A[0, 0] %Lg", out[1][0], a[0]);
    if (out[0]) check_orthonormal("Q", f->dtype, p, m, flipped(out[0], m, p), turned(f));
    if (out[0] && out[1] && r->rows[1] == p)
        check_norm("A = Q R", f->dtype, (int64_t[]){m, n, p}, out[0], flipped(out[1], p, n), a, turned(f));
}

static void check_eigh(const factoring *f, long double *const *out, const long double *a) {
    const int64_t n = f->n;
    for (int64_t i = 1; out[0] && i < n; i++)
        if (!CHECK_MSG(out[0][i - 1] <= out[0][i], "eigenvalue %lld is less than the one before it",
                       (long long)i))
            return;
    if (!out[1]) return;
    long double *v = flipped(out[1], n, n), *whole = scratch((size_t)(n * n) * sizeof *whole),
                *scaled = scratch((size_t)(n * n) * sizeof *scaled);
    check_orthonormal("v", f->dtype, n, n, v, turned(f));
    for (int64_t j = 0; j < n; j++)
        if (!check_sign("eigenvector", v + j * n, NULL, n)) return;
    if (!out[0]) return;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++) {
            whole[i * n + j] = a[i > j ? i * n + j : j * n + i];
            scaled[i * n + j] = out[1][i * n + j] * out[0][j];
        }
    check_norm("A = v w v^T", f->dtype, (int64_t[]){n, n, n}, scaled, out[1], whole, turned(f));
}

/* | A v - w v | <= turned u |A| for each vector, in two real parts. */
static void check_eig(const factoring *f, long double *const *out, const long double *a) {
    const int64_t n = f->n;
    if (!out[0] || !out[1] || !out[2] || !out[3]) return;
    const long double *re = flipped(out[2], n, n), *im = flipped(out[3], n, n);
    const long double room = turned(f) * (long double)unit_roundoff(f->dtype);
    for (int64_t j = 0; j < n; j++, re += n, im += n) {
        const long double p = out[0][j], q = out[1][j], size = hypotl(norm(re, n), norm(im, n));
        long double error = 0, scale;
        for (int64_t i = 0; i < n; i++) {
            error += powl(dot(a + i * n, re, n, &scale) - (p * re[i] - q * im[i]), 2);
            error += powl(dot(a + i * n, im, n, &scale) - (p * im[i] + q * re[i]), 2);
        }
        CHECK_MSG(sqrtl(error) <= room * norm(a, n * n), "eigenvector %lld is off by %.3Lg", (long long)j,
                  sqrtl(error));
        CHECK_MSG(fabsl(size - 1) <= room, "eigenvector %lld has norm %.9Lg", (long long)j, size);
        check_sign("eigenvector", re, im, n);
        const bool paired = q == 0 || (q > 0 ? j + 1 < n && out[1][j + 1] == -q && out[0][j + 1] == p
                                             : j > 0 && out[1][j - 1] == -q && out[0][j - 1] == p);
        CHECK_MSG(paired, "eigenvalue %lld is not next to its conjugate", (long long)j);
    }
}

static void check_svd(const factoring *f, long double *const *out, const long double *a) {
    const int64_t m = f->m, n = f->n, k = smaller(m, n), p = f->full ? m : k, q = f->full ? n : k;
    for (int64_t i = 0; out[1] && i < k; i++)
        if (!CHECK_MSG(out[1][i] >= 0 && (i == 0 || out[1][i] <= out[1][i - 1]), "singular value %lld is %Lg",
                       (long long)i, out[1][i]))
            return;
    if (out[0]) check_orthonormal("U", f->dtype, p, m, flipped(out[0], m, p), turned(f));
    if (out[2]) check_orthonormal("Vh", f->dtype, q, n, out[2], turned(f));
    for (int64_t i = 0; out[2] && i < q; i++)
        if (!check_sign("row of Vh", out[2] + i * n, NULL, n)) return;
    if (!out[0] || !out[1] || !out[2]) return;
    long double *us = scratch((size_t)(m * k) * sizeof *us);
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < k; j++) us[i * k + j] = out[0][i * p + j] * out[1][j];
    check_norm("A = U s Vh", f->dtype, (int64_t[]){m, n, k}, us, flipped(out[2], k, n), a, turned(f));
}

void check_factored(const factoring *f, const factored *r, int64_t b) {
    long double *out[CG_FACTORS];
    const long double *a = r->a + b * f->m * f->n;
    for (int j = 0; j < CG_FACTORS; j++)
        out[j] = r->out[j] ? r->out[j] + b * r->rows[j] * r->columns[j] : NULL;
    if (f->kind != CG_WORK_LU && !CHECK_MSG(r->info[b] == 0, "info is %d", (int)r->info[b])) return;
    if (f->kind == CG_WORK_LU) check_lu(f, out, a);
    if (f->kind == CG_WORK_CHOLESKY && out[0]) check_cholesky(f, out, a);
    if (f->kind == CG_WORK_QR) check_qr(f, r, out, a);
    if (f->kind == CG_WORK_EIGH) check_eigh(f, out, a);
    if (f->kind == CG_WORK_EIG) check_eig(f, out, a);
    if (f->kind == CG_WORK_SVD) check_svd(f, out, a);
}
