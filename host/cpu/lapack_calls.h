/*
 * One matrix by LAPACK and BLAS, for T (core/elementary_c.h), as the table CG_LAPACK_TABLE.
 *
 * LAPACK is column-major: it reads our row-major matrix as its transpose. Symmetric matrices and the SVD take that as it
 * is; LU, QR and eig get a transposed copy. The _work functions of LAPACKE take the caller's scratch memory and
 * neither look for NaN nor allocate.
 */
#include "host/cpu/factor_lapack.h"

#include <cblas.h>
#include <lapacke.h>
#undef I /* of complex.h, which lapacke.h includes; here it is the integer of T's width */

#define SPACE
#include "kernels/vector_sign.h"

#if CG_BITS == 32
#define LAPACK(name, ...) LAPACKE_s##name##_work(LAPACK_COL_MAJOR, __VA_ARGS__)
#define TRSM cblas_strsm
#else
#define LAPACK(name, ...) LAPACKE_d##name##_work(LAPACK_COL_MAJOR, __VA_ARGS__)
#define TRSM cblas_dtrsm
#endif

enum {
    TILE = 16,  /* rows and columns that are transposed at a time: a few lines of each side */
    BLOCK = 64, /* no block of a LAPACK function is larger: work memory for n BLOCK lets each use its own */
    STRETCH = 4096 /* elements that are looked through at a time for what is not finite */
};

static int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }

/* --- Matrices ------------------------------------------------------------------------------------------------- */

/* to[j, i] = from[i, j] for i < rows, j < columns; the rows of each are so many elements apart. */
static void transpose(const T *from, int64_t from_row, int64_t rows, int64_t columns, T *to, int64_t to_row) {
    for (int64_t i0 = 0; i0 < rows; i0 += TILE)
        for (int64_t j0 = 0; j0 < columns; j0 += TILE) {
            const int64_t i1 = smaller(i0 + TILE, rows), j1 = smaller(j0 + TILE, columns);
            for (int64_t j = j0; j < j1; j++)
                for (int64_t i = i0; i < i1; i++) to[j * to_row + i] = from[i * from_row + j];
        }
}

/* The lower triangle, row by row; above the diagonal 0. */
static void copy_lower(const T *from, int64_t n, T *to) {
    for (int64_t i = 0; i < n; i++) {
        memcpy(to + i * n, from + i * n, (size_t)(i + 1) * sizeof(T));
        memset(to + i * n + i + 1, 0, (size_t)(n - i - 1) * sizeof(T));
    }
}

/* Infinities and NaN, of which LAPACK's iterations may never end, have the largest exponent. */
static bool all_finite(const T *x, int64_t n) {
    for (int64_t begin = 0; begin < n; begin += STRETCH) {
        const int64_t end = smaller(begin + STRETCH, n);
        U bad = 0;
        for (int64_t i = begin; i < end; i++) bad |= (AS_U(x[i]) & ~T_SIGN) >= AS_U(T_INF);
        if (bad) return false;
    }
    return true;
}

static void fill(T *x, int64_t n, T with) {
    for (int64_t i = 0; i < n; i++) x[i] = with;
}

static void scale(T *x, int64_t n, int64_t stride, T by) {
    for (int64_t i = 0; i < n; i++) x[i * stride] *= by;
}

/* --- LU, Cholesky, QR ------------------------------------------------------------------------------------------- */

/*
 * What holds NaN or infinities gives NaN throughout: OpenBLAS 0.3.21 multiplies by NaN as if it were 0, and what it makes of
 * such a matrix looks sound.
 */
static void lu_of_nan(int64_t m, int64_t n, T *factors, int32_t *pivots) {
    if (factors) fill(factors, m * n, T_NAN);
    for (int64_t i = 0; i < smaller(m, n); i++) pivots[i] = (int32_t)i;
}

static int lu(const cg_factor_request *r, const T *a, void *const *out, T *copy) {
    const int64_t m = r->m, n = r->n, k = smaller(m, n);
    int32_t *pivots = out[1] ? out[1] : (int32_t *)(void *)(copy + m * n);
    if (!all_finite(a, m * n)) {
        lu_of_nan(m, n, out[0], pivots);
        return 0;
    }
    transpose(a, n, m, n, copy, m);
    LAPACK(getrf, (lapack_int)m, (lapack_int)n, copy, (lapack_int)m, pivots);
    for (int64_t i = 0; i < k; i++) pivots[i]--; /* theirs count from 1 */
    if (out[0]) transpose(copy, m, n, m, out[0], n);
    int64_t i = 0;
    while (i < k && copy[i * m + i] != C(0.0)) i++;
    return i < k ? (int)(i + 1) : 0;
}

/* Our lower triangle is their upper one, and their U^T U = A our L L^T. */
static int cholesky(const cg_factor_request *r, const T *a, void *const *out, T *copy) {
    const int64_t n = r->n;
    T *l = out[0] ? out[0] : copy;
    copy_lower(a, n, l);
    const lapack_int info = LAPACK(potrf, 'U', (lapack_int)n, l, (lapack_int)n);
    if (info != 0) return (int)info;
    int64_t i = 0;
    while (i < n && l[i * n + i] > C(0.0)) i++; /* OpenBLAS lets NaN pass */
    return i < n ? (int)(i + 1) : 0;
}

/* From LAPACK's reflectors in column-major `copy`, or NaN. */
static void write_upper(const T *copy, int64_t m, int64_t n, int64_t rows, T *upper) {
    transpose(copy, m, n, rows, upper, n);
    for (int64_t i = 1; i < rows; i++) memset(upper + i * n, 0, (size_t)smaller(i, n) * sizeof(T));
}

static int qr(const cg_factor_request *r, const T *a, void *const *out, T *copy) {
    const int64_t m = r->m, n = r->n, k = smaller(m, n), columns = r->full ? m : k;
    const lapack_int rows = (lapack_int)m, lwork = (lapack_int)(BLOCK * larger(m, n));
    T *tau = copy + m * larger(n, columns), *work = tau + k;
    const bool finite = all_finite(a, m * n);
    if (finite) {
        transpose(a, n, m, n, copy, m);
        LAPACK(geqrf, rows, (lapack_int)n, copy, rows, tau, work, lwork);
    } else {
        fill(copy, m * larger(n, columns), T_NAN);
    }
    if (out[1]) write_upper(copy, m, n, columns, out[1]);
    if (!out[0]) return 0;
    if (finite) LAPACK(orgqr, rows, (lapack_int)columns, (lapack_int)k, copy, rows, tau, work, lwork);
    transpose(copy, m, columns, m, out[0], columns);
    return 0;
}

/* --- Eigenvalues ------------------------------------------------------------------------------------------------ */

static int eigh(const cg_factor_request *r, const T *a, void *const *out, T *copy) {
    const int64_t n = r->n, lwork = 1 + 6 * n + 2 * n * n;
    T *w = out[0] ? out[0] : copy + n * n, *work = copy + n * n + n;
    lapack_int *whole = (lapack_int *)(void *)(work + lwork);
    copy_lower(a, n, copy);
    if (!all_finite(copy, n * n)) return 1;
    if (LAPACK(syevd, out[1] ? 'V' : 'N', 'U', (lapack_int)n, copy, (lapack_int)n, w, work, (lapack_int)lwork,
               whole, (lapack_int)(3 + 5 * n)) != 0)
        return 1;
    if (!out[1]) return 0;
    for (int64_t j = 0; j < n; j++) scale(copy + j * n, n, 1, t_vector_sign(copy + j * n, n, 1));
    transpose(copy, n, n, n, out[1], n);
    return 0;
}

/*
 * Vector j is row j of x + i y: LAPACK gives the real and the imaginary part of a complex pair as two rows of x, and a real
 * one as one.
 */
static void unpack_pairs(const T *imaginary, int64_t n, T *x, T *y) {
    memset(y, 0, (size_t)(n * n) * sizeof(T));
    for (int64_t j = 0; j < n; j++) {
        T *re = x + j * n, *im = y + j * n;
        if (imaginary[j] == C(0.0)) {
            scale(re, n, 1, t_vector_sign(re, n, 1));
            continue;
        }
        memcpy(im, re + n, (size_t)n * sizeof(T));
        t_vector_turn(re, im, n, 1);
        memcpy(re + n, re, (size_t)n * sizeof(T));
        for (int64_t i = 0; i < n; i++) im[n + i] = -im[i];
        j++;
    }
}

static int eig(const cg_factor_request *r, const T *a, void *const *out, T *copy) {
    const int64_t n = r->n;
    const bool vectors = out[2] || out[3];
    T *x = copy + n * n, *w = x + n * n, *work = w + 2 * n;
    T *re = out[0] ? out[0] : w, *im = out[1] ? out[1] : w + n;
    if (!all_finite(a, n * n)) return 1;
    transpose(a, n, n, n, copy, n);
    if (LAPACK(geev, 'N', vectors ? 'V' : 'N', (lapack_int)n, copy, (lapack_int)n, re, im, NULL, 1, x,
               (lapack_int)n, work, (lapack_int)((4 + 2 * BLOCK) * n)) != 0)
        return 1;
    if (!vectors) return 0;
    unpack_pairs(im, n, x, copy);
    if (out[2]) transpose(x, n, n, n, out[2], n);
    if (out[3]) transpose(copy, n, n, n, out[3], n);
    return 0;
}

/* --- Singular values -------------------------------------------------------------------------------------------- */

static int64_t svd_work(int64_t m, int64_t n) {
    const int64_t k = smaller(m, n);
    return 4 * k * k + 7 * k + BLOCK * (m + n);
}

/* They decompose our A^T = V diag(s) U^T: their left vectors in columns are our Vh in rows, their right ones our U. */
static int svd(const cg_factor_request *r, const T *a, void *const *out, T *copy) {
    const int64_t m = r->m, n = r->n, k = smaller(m, n), p = r->full ? m : k, q = r->full ? n : k;
    const bool vectors = out[0] || out[2];
    T *u = copy + m * n, *vh = u + m * p, *s = vh + q * n, *work = s + k;
    lapack_int *whole = (lapack_int *)(void *)(work + svd_work(m, n));
    if (out[0]) u = out[0];
    if (out[2]) vh = out[2];
    if (!all_finite(a, m * n)) return 1;
    memcpy(copy, a, (size_t)(m * n) * sizeof(T));
    const char job = !vectors ? 'N' : r->full ? 'A' : 'S';
    if (LAPACK(gesdd, job, (lapack_int)n, (lapack_int)m, copy, (lapack_int)n, out[1] ? out[1] : s, vh,
               (lapack_int)n, u, (lapack_int)p, work, (lapack_int)svd_work(m, n), whole) != 0)
        return 1;
    for (int64_t i = 0; vectors && i < q; i++) {
        const T sign = t_vector_sign(vh + i * n, n, 1);
        scale(vh + i * n, n, 1, sign);
        if (i < k) scale(u + i, m, p, sign);
    }
    return 0;
}

/* --- The table ------------------------------------------------------------------------------------------------------ */

static size_t scratch(cg_work kind, const cg_factor_request *r) {
    const int64_t m = r->m, n = r->n, k = smaller(m, n), p = r->full ? m : k, q = r->full ? n : k;
    int64_t reals = 0, whole = 0;
    switch (kind) {
    case CG_WORK_LU:
        reals = m * n, whole = k;
        break;
    case CG_WORK_CHOLESKY:
        reals = n * n;
        break;
    case CG_WORK_QR:
        reals = m * larger(n, p) + k + BLOCK * larger(m, n);
        break;
    case CG_WORK_EIGH:
        reals = n * n + n + 1 + 6 * n + 2 * n * n, whole = 3 + 5 * n;
        break;
    case CG_WORK_EIG:
        reals = 2 * n * n + 2 * n + (4 + 2 * BLOCK) * n;
        break;
    default: /* SVD */
        reals = m * n + m * p + q * n + k + svd_work(m, n), whole = 8 * k;
    }
    return (size_t)reals * sizeof(T) + (size_t)whole * sizeof(lapack_int);
}

static int factor(cg_work kind, const cg_factor_request *r, const void *a, void *const *out, void *memory) {
    switch (kind) {
    case CG_WORK_LU:
        return lu(r, a, out, memory);
    case CG_WORK_CHOLESKY:
        return cholesky(r, a, out, memory);
    case CG_WORK_QR:
        return qr(r, a, out, memory);
    case CG_WORK_EIGH:
        return eigh(r, a, out, memory);
    case CG_WORK_EIG:
        return eig(r, a, out, memory);
    default:
        return svd(r, a, out, memory);
    }
}

static void solve_triangular(const cg_solve_triangular_request *r, const void *a, void *x) {
    TRSM(CblasRowMajor, CblasLeft, r->lower ? CblasLower : CblasUpper,
         r->transposed ? CblasTrans : CblasNoTrans, r->unit ? CblasUnit : CblasNonUnit, (int)r->n, (int)r->r,
         C(1.0), a, (int)larger(r->a.stride[1], r->n), x, (int)larger(r->x.stride[1], r->r));
}

const cg_lapack_type CG_LAPACK_TABLE = {scratch, factor, solve_triangular};
