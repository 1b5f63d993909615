#include "reference/ref_decompositions.h"

#include <math.h>
#include <string.h>

#include "reference/scratch.h"

/* --- stacks of matrices ----------------------------------------------------------------------------------------- */

static int64_t rows(ref_array x) { return x.shape[x.rank - 2]; }
static int64_t columns(ref_array x) { return x.shape[x.rank - 1]; }
static int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

/* Zeros (..., dims) with the batch axes of x. */
static ref_array stack(ref_array x, int rank, int64_t a, int64_t b) {
    int64_t shape[REF_MAX_RANK];
    memcpy(shape, x.shape, sizeof shape);
    if (rank > 0) shape[x.rank - 2] = a;
    if (rank > 1) shape[x.rank - 1] = b;
    return ref_array_new(x.rank - 2 + rank, shape);
}

static int64_t batch(ref_array x) { return ref_count(x.rank - 2, x.shape); }

static long double *reals(int64_t n) { return scratch((size_t)n * sizeof(long double)); }

static void identity(int64_t n, long double *x) {
    for (int64_t i = 0; i < n * n; i++) x[i] = i % (n + 1) == 0;
}

ref_array ref_flipped(ref_array x) {
    const int64_t m = rows(x), n = columns(x);
    ref_array y = stack(x, 2, n, m);
    for (int64_t i = 0; i < x.n; i++) y.v[i / (m * n) * m * n + i % n * m + i / n % m] = x.v[i];
    return y;
}

ref_array ref_products(ref_array x, ref_array y) {
    const int64_t m = rows(x), k = columns(x), n = columns(y);
    ref_array z = stack(x, 2, m, n);
    for (int64_t b = 0; b < batch(x); b++)
        ref_matmul(m, n, k, x.v + b * m * k, y.v + b * k * n, z.v + b * m * n, NULL);
    return z;
}

/* --- QR --------------------------------------------------------------------------------------------------------- */

/* Columns j and on of x (m, n), rows j and on, times I - 2 h h^T / (h^T h) from the left. */
static void reflect(int64_t m, int64_t n, int64_t j, const long double *h, long double *x) {
    long double size = 0;
    for (int64_t i = j; i < m; i++) size += h[i] * h[i];
    for (int64_t c = 0; c < n; c++) {
        long double dot = 0;
        for (int64_t i = j; i < m; i++) dot += h[i] * x[i * n + c];
        for (int64_t i = j; i < m; i++) x[i * n + c] -= 2 * dot / size * h[i];
    }
}

/* x (m, n) becomes R, qt (m, m) Q^T. */
static void householder(int64_t m, int64_t n, long double *x, long double *qt) {
    long double *h = reals(m);
    identity(m, qt);
    for (int64_t j = 0; j < smaller(m, n); j++) {
        long double below = 0;
        for (int64_t i = j + 1; i < m; i++) below += x[i * n + j] * x[i * n + j];
        if (below == 0) continue;
        for (int64_t i = j; i < m; i++) h[i] = x[i * n + j];
        const long double size = sqrtl(below + h[j] * h[j]);
        h[j] += h[j] < 0 ? -size : size;
        reflect(m, n, j, h, x);
        reflect(m, m, j, h, qt);
        for (int64_t i = j + 1; i < m; i++) x[i * n + j] = 0;
    }
}

ref_array ref_qr(ref_array x, bool complete, ref_part part) {
    const int64_t m = rows(x), n = columns(x), side = complete ? m : smaller(m, n);
    ref_array out = part == REF_Q ? stack(x, 2, m, side) : stack(x, 2, side, n);
    for (int64_t b = 0; b < batch(x); b++) {
        long double *r = reals(m * n), *qt = reals(m * m);
        memcpy(r, x.v + b * m * n, (size_t)(m * n) * sizeof *r);
        householder(m, n, r, qt);
        if (part == REF_R) memcpy(out.v + b * side * n, r, (size_t)(side * n) * sizeof *r);
        for (int64_t i = 0; i < m && part == REF_Q; i++)
            for (int64_t j = 0; j < side; j++) out.v[(b * m + i) * side + j] = qt[j * m + i];
    }
    return out;
}

/* --- rotations -------------------------------------------------------------------------------------------------- */

/* The rotation that makes the symmetric [a b; b c] diagonal. */
static void rotation(long double a, long double b, long double c, long double *cosine, long double *sine) {
    const long double theta = (c - a) / (2 * b);
    const long double t = (theta < 0 ? -1 : 1) / (fabsl(theta) + sqrtl(theta * theta + 1));
    *cosine = 1 / sqrtl(t * t + 1);
    *sine = t * *cosine;
}

/* Columns p and q of x (m, n) turned. */
static void turn_columns(int64_t m, int64_t n, long double *x, int64_t p, int64_t q, long double c,
                         long double s) {
    for (int64_t i = 0; i < m; i++) {
        const long double a = x[i * n + p], b = x[i * n + q];
        x[i * n + p] = c * a - s * b;
        x[i * n + q] = s * a + c * b;
    }
}

static void turn_rows(int64_t n, long double *x, int64_t p, int64_t q, long double c, long double s) {
    for (int64_t j = 0; j < n; j++) {
        const long double a = x[p * n + j], b = x[q * n + j];
        x[p * n + j] = c * a - s * b;
        x[q * n + j] = s * a + c * b;
    }
}

/* -1 where the rule of signs turns the n elements `step` apart round, else 1. */
static long double sign_of(int64_t n, int64_t step, const long double *v) {
    long double largest = 0;
    for (int64_t i = 0; i < n; i++) largest = fmaxl(largest, fabsl(v[i * step]));
    for (int64_t i = 0; i < n; i++)
        if (fabsl(v[i * step]) >= largest / 2) return v[i * step] < 0 ? -1 : 1;
    return 1;
}

/* order: the places of n values by size. */
static void sort_places(int64_t n, const long double *v, bool descending, int64_t *order) {
    for (int64_t i = 0; i < n; i++) order[i] = i;
    for (int64_t i = 1; i < n; i++)
        for (int64_t j = i; j > 0; j--) {
            const long double before = v[order[j - 1]], after = v[order[j]];
            if (descending ? before >= after : before <= after) break;
            const int64_t place = order[j];
            order[j] = order[j - 1];
            order[j - 1] = place;
        }
}

enum { SWEEPS = 60 };

/* --- symmetric matrices ------------------------------------------------------------------------------------------ */

/* x (n, n) becomes diagonal, v the rotations. */
static void jacobi(int64_t n, long double *x, long double *v) {
    identity(n, v);
    for (int sweep = 0; sweep < SWEEPS; sweep++)
        for (int64_t p = 0; p < n; p++)
            for (int64_t q = p + 1; q < n; q++) {
                if (x[p * n + q] == 0) continue;
                long double c, s;
                rotation(x[p * n + p], x[p * n + q], x[q * n + q], &c, &s);
                turn_columns(n, n, x, p, q, c, s);
                turn_rows(n, x, p, q, c, s);
                turn_columns(n, n, v, p, q, c, s);
                x[p * n + q] = x[q * n + p] = 0;
            }
}

ref_array ref_eigh(ref_array x, ref_part part) {
    const int64_t n = columns(x);
    ref_array out = part == REF_W ? stack(x, 1, n, 0) : stack(x, 2, n, n);
    for (int64_t b = 0; b < batch(x); b++) {
        long double *a = reals(n * n), *v = reals(n * n), *w = reals(n);
        int64_t *order = scratch((size_t)n * sizeof *order);
        memcpy(a, x.v + b * n * n, (size_t)(n * n) * sizeof *a);
        jacobi(n, a, v);
        for (int64_t i = 0; i < n; i++) w[i] = a[i * n + i];
        sort_places(n, w, false, order);
        for (int64_t j = 0; j < n; j++) {
            const long double *column = v + order[j], sign = sign_of(n, n, column);
            if (part == REF_W) out.v[b * n + j] = w[order[j]];
            for (int64_t i = 0; i < n && part == REF_V; i++)
                out.v[(b * n + i) * n + j] = sign * column[i * n];
        }
    }
    return out;
}

/* --- singular values ---------------------------------------------------------------------------------------------- */

typedef struct triple {
    int64_t m, n, k;
    long double *u, *s, *v; /* (m, k), (k), (n, k) */
} triple;

/* The columns of x (m, n), m >= n, turned until they are orthogonal; v gathers the rotations. */
static void orthogonalize(int64_t m, int64_t n, long double *x, long double *v) {
    identity(n, v);
    for (int sweep = 0; sweep < SWEEPS; sweep++)
        for (int64_t p = 0; p < n; p++)
            for (int64_t q = p + 1; q < n; q++) {
                long double a = 0, b = 0, c = 0, cosine, sine;
                for (int64_t i = 0; i < m; i++) {
                    a += x[i * n + p] * x[i * n + p];
                    b += x[i * n + p] * x[i * n + q];
                    c += x[i * n + q] * x[i * n + q];
                }
                if (fabsl(b) <= 1e-22L * sqrtl(a * c)) continue;
                rotation(a, b, c, &cosine, &sine);
                turn_columns(m, n, x, p, q, cosine, sine);
                turn_columns(n, n, v, p, q, cosine, sine);
            }
}

static triple tall_svd(int64_t m, int64_t n, const long double *a) {
    triple t = {m, n, n, reals(m * n), reals(n), reals(n * n)};
    long double *x = reals(m * n), *v = reals(n * n), *size = reals(n);
    int64_t *order = scratch((size_t)n * sizeof *order);
    memcpy(x, a, (size_t)(m * n) * sizeof *x);
    orthogonalize(m, n, x, v);
    for (int64_t j = 0; j < n; j++) {
        for (int64_t i = 0; i < m; i++) size[j] += x[i * n + j] * x[i * n + j];
        size[j] = sqrtl(size[j]);
    }
    sort_places(n, size, true, order);
    for (int64_t j = 0; j < n; j++) {
        const int64_t from = order[j];
        t.s[j] = size[from];
        for (int64_t i = 0; i < m; i++) t.u[i * n + j] = size[from] > 0 ? x[i * n + from] / size[from] : 0;
        for (int64_t i = 0; i < n; i++) t.v[i * n + j] = v[i * n + from];
    }
    return t;
}

static triple svd_of(ref_array x, int64_t b) {
    const int64_t m = rows(x), n = columns(x);
    triple t;
    if (m >= n) {
        t = tall_svd(m, n, x.v + b * m * n);
    } else {
        const triple other = tall_svd(n, m, ref_flipped(x).v + b * m * n);
        t = (triple){m, n, m, other.v, other.s, other.u};
    }
    for (int64_t j = 0; j < t.k; j++) {
        const long double sign = sign_of(n, t.k, t.v + j);
        for (int64_t i = 0; i < m; i++) t.u[i * t.k + j] *= sign;
        for (int64_t i = 0; i < n; i++) t.v[i * t.k + j] *= sign;
    }
    return t;
}

ref_array ref_svd(ref_array x, ref_part part) {
    const int64_t m = rows(x), n = columns(x), k = smaller(m, n);
    ref_array out = part == REF_S ? stack(x, 1, k, 0) : part == REF_U ? stack(x, 2, m, k) : stack(x, 2, n, k);
    for (int64_t b = 0; b < batch(x); b++) {
        const triple t = svd_of(x, b);
        const int64_t size = out.n / batch(x);
        memcpy(out.v + b * size,
               part == REF_S   ? t.s
               : part == REF_U ? t.u
                               : t.v,
               (size_t)size * sizeof *out.v);
    }
    return part == REF_VH ? ref_flipped(out) : out;
}

ref_array ref_svd_sum(ref_array x, long double cut, int64_t k, long double (*f)(long double)) {
    const int64_t m = rows(x), n = columns(x);
    ref_array out = ref_array_like(x);
    for (int64_t b = 0; b < batch(x); b++) {
        const triple t = svd_of(x, b);
        for (int64_t l = 0; l < smaller(t.k, k) && t.s[l] > cut * t.s[0]; l++)
            for (int64_t i = 0; i < m * n; i++)
                out.v[b * m * n + i] += f(t.s[l]) * t.u[i / n * t.k + l] * t.v[i % n * t.k + l];
    }
    return out;
}

ref_array ref_gaps(ref_array values) {
    const int64_t n = values.shape[values.rank - 1];
    ref_array gaps = ref_array_like(values);
    for (int64_t i = 0; i < values.n; i++) {
        const long double below = i % n > 0 ? fabsl(values.v[i] - values.v[i - 1]) : (long double)INFINITY;
        const long double above =
            i % n < n - 1 ? fabsl(values.v[i + 1] - values.v[i]) : (long double)INFINITY;
        gaps.v[i] = fminl(below, above);
    }
    return gaps;
}

/* --- norms ---------------------------------------------------------------------------------------------------------- */

static long double square(long double x) { return x * x; }

ref_array ref_matrix_norm(ref_array x, ref_norm_kind kind) {
    const unsigned last = 1u << (x.rank - 1), before = 1u << (x.rank - 2);
    switch (kind) {
    case REF_FRO:
        return ref_array_map(ref_array_reduce(REF_SUM, ref_array_map(x, square), last | before, false),
                             sqrtl);
    case REF_NUC:
    case REF_2:
    case REF_NEG_2: {
        ref_array s = ref_svd(x, REF_S);
        return ref_array_reduce(kind == REF_NUC ? REF_SUM
                                : kind == REF_2 ? REF_MAX
                                                : REF_MIN,
                                s, 1u << (s.rank - 1), false);
    }
    case REF_1:
    case REF_NEG_1: {
        ref_array sum = ref_array_reduce(REF_SUM_ABS, x, before, false);
        return ref_array_reduce(kind == REF_1 ? REF_MAX : REF_MIN, sum, before, false);
    }
    case REF_INF:
    case REF_NEG_INF: {
        ref_array sum = ref_array_reduce(REF_SUM_ABS, x, last, false);
        return ref_array_reduce(kind == REF_INF ? REF_MAX : REF_MIN, sum, before, false);
    }
    }
    return x;
}
