#include "reference/ref_solvers.h"

#include <math.h>
#include <stddef.h>

/* --- Matrices ------------------------------------------------------------------------------------------------- */

ref_array ref_matrix_new(int64_t rows, int64_t columns) {
    return ref_array_new(2, (const int64_t[]){rows, columns});
}

ref_array ref_matrix_identity(int64_t n) {
    ref_array one = ref_matrix_new(n, n);
    for (int64_t i = 0; i < n; i++) one.v[i * n + i] = 1;
    return one;
}

static long double *at(ref_array a, int64_t i, int64_t j) { return a.v + i * a.shape[1] + j; }

ref_array ref_matrix_product(ref_array a, ref_array b) {
    ref_array c = ref_matrix_new(a.shape[0], b.shape[1]);
    ref_matmul(a.shape[0], b.shape[1], a.shape[1], a.v, b.v, c.v, NULL);
    return c;
}

ref_array ref_matrix_transposed(ref_array a) {
    ref_array t = ref_matrix_new(a.shape[1], a.shape[0]);
    for (int64_t i = 0; i < a.shape[0]; i++)
        for (int64_t j = 0; j < a.shape[1]; j++) *at(t, j, i) = *at(a, i, j);
    return t;
}

static long double size_of(long double x) { return fabsl(x); }
static long double plus(long double x, long double y) { return x + y; }

ref_array ref_matrix_abs(ref_array a) { return ref_array_map(a, size_of); }
ref_array ref_matrix_sum(ref_array a, ref_array b) { return ref_array_map2(a, b, plus); }

ref_array ref_matrix_triangle(ref_array a, int64_t k, bool lower) {
    ref_array part = ref_array_like(a);
    for (int64_t i = 0; i < a.shape[0]; i++)
        for (int64_t j = 0; j < a.shape[1]; j++)
            if (lower ? j - i <= k : j - i >= k) *at(part, i, j) = *at(a, i, j);
    return part;
}

ref_array ref_matrix_block(ref_array a, int64_t r0, int64_t r1, int64_t c0, int64_t c1) {
    ref_array part = ref_matrix_new(r1 - r0, c1 - c0);
    for (int64_t i = r0; i < r1; i++)
        for (int64_t j = c0; j < c1; j++) *at(part, i - r0, j - c0) = *at(a, i, j);
    return part;
}

/* --- Elimination ------------------------------------------------------------------------------------------------ */

static void exchange_rows(ref_array a, int64_t i, int64_t j) {
    for (int64_t k = 0; k < a.shape[1]; k++) {
        const long double other = *at(a, i, k);
        *at(a, i, k) = *at(a, j, k);
        *at(a, j, k) = other;
    }
}

static int64_t pivot_row(ref_array a, int64_t k) {
    int64_t best = k;
    for (int64_t i = k + 1; i < a.shape[0]; i++)
        if (fabsl(*at(a, i, k)) > fabsl(*at(a, best, k))) best = i;
    return best;
}

void ref_matrix_lu(ref_array a, ref_array *p, ref_array *l, ref_array *u) {
    const int64_t m = a.shape[0], n = a.shape[1], least = m < n ? m : n;
    ref_array rest = ref_matrix_block(a, 0, m, 0, n), rows = ref_matrix_identity(m),
              lower = ref_matrix_new(m, m);
    for (int64_t k = 0; k < least; k++) {
        const int64_t pivot = pivot_row(rest, k);
        exchange_rows(rest, k, pivot);
        exchange_rows(rows, k, pivot);
        exchange_rows(lower, k, pivot);
        for (int64_t i = k + 1; i < m; i++) {
            const long double factor = *at(rest, i, k) / *at(rest, k, k);
            *at(lower, i, k) = factor;
            for (int64_t j = k; j < n; j++) *at(rest, i, j) -= factor * *at(rest, k, j);
            *at(rest, i, k) = 0;
        }
    }
    for (int64_t i = 0; i < m; i++) *at(lower, i, i) = 1;
    if (p) *p = ref_matrix_transposed(rows);
    if (l) *l = ref_matrix_block(lower, 0, m, 0, least);
    if (u) *u = ref_matrix_block(rest, 0, least, 0, n);
}

ref_array ref_matrix_solve(ref_array a, ref_array b) {
    ref_array p, l, u;
    ref_matrix_lu(a, &p, &l, &u);
    ref_array x = ref_matrix_product(ref_matrix_transposed(p), b);
    const int64_t n = a.shape[0];
    for (int64_t c = 0; c < b.shape[1]; c++) {
        for (int64_t i = 0; i < n; i++)
            for (int64_t k = 0; k < i; k++) *at(x, i, c) -= *at(l, i, k) * *at(x, k, c);
        for (int64_t i = n - 1; i >= 0; i--) {
            for (int64_t k = i + 1; k < n; k++) *at(x, i, c) -= *at(u, i, k) * *at(x, k, c);
            *at(x, i, c) /= *at(u, i, i);
        }
    }
    return x;
}

ref_array ref_matrix_inverse(ref_array a) { return ref_matrix_solve(a, ref_matrix_identity(a.shape[0])); }

/* The sign of a permutation matrix, by the number of pairs of rows in the wrong order. */
static long double sign_of(ref_array p) {
    long double sign = 1;
    for (int64_t i = 0; i < p.shape[0]; i++)
        for (int64_t j = 0; j < p.shape[1]; j++)
            for (int64_t k = i + 1; k < p.shape[0] && *at(p, i, j) != 0; k++)
                for (int64_t c = 0; c < j; c++)
                    if (*at(p, k, c) != 0) sign = -sign;
    return sign;
}

long double ref_matrix_determinant(ref_array a) {
    ref_array p, u;
    ref_matrix_lu(a, &p, NULL, &u);
    long double det = sign_of(p);
    for (int64_t i = 0; i < a.shape[0]; i++) det *= *at(u, i, i);
    return det;
}

ref_array ref_matrix_cholesky(ref_array a) {
    ref_array l = ref_array_like(a);
    for (int64_t i = 0; i < a.shape[0]; i++)
        for (int64_t j = 0; j <= i; j++) {
            long double rest = *at(a, i, j);
            for (int64_t k = 0; k < j; k++) rest -= *at(l, i, k) * *at(l, j, k);
            *at(l, i, j) = i == j ? sqrtl(rest) : rest / *at(l, j, j);
        }
    return l;
}

/* --- Singular values ---------------------------------------------------------------------------------------------- */

static long double columns_product(ref_array a, int64_t i, int64_t j) {
    long double sum = 0;
    for (int64_t k = 0; k < a.shape[0]; k++) sum += *at(a, k, i) * *at(a, k, j);
    return sum;
}

/* Turns columns i and j so that they are orthogonal. */
static void rotate(ref_array a, int64_t i, int64_t j) {
    const long double mixed = columns_product(a, i, j);
    if (mixed == 0) return;
    const long double angle = 0.5L * atan2l(2 * mixed, columns_product(a, i, i) - columns_product(a, j, j));
    for (int64_t k = 0; k < a.shape[0]; k++) {
        const long double x = *at(a, k, i), y = *at(a, k, j);
        *at(a, k, i) = cosl(angle) * x + sinl(angle) * y;
        *at(a, k, j) = cosl(angle) * y - sinl(angle) * x;
    }
}

ref_array ref_matrix_singular_values(ref_array a) {
    enum { SWEEPS = 40 };
    ref_array x = a.shape[0] < a.shape[1] ? ref_matrix_transposed(a)
                                          : ref_matrix_block(a, 0, a.shape[0], 0, a.shape[1]);
    const int64_t n = x.shape[1];
    for (int sweep = 0; sweep < SWEEPS; sweep++)
        for (int64_t i = 0; i < n; i++)
            for (int64_t j = i + 1; j < n; j++) rotate(x, i, j);
    ref_array s = ref_array_new(1, &n);
    for (int64_t j = 0; j < n; j++) {
        const long double value = sqrtl(columns_product(x, j, j));
        int64_t place = j;
        for (; place > 0 && s.v[place - 1] < value; place--) s.v[place] = s.v[place - 1];
        s.v[place] = value;
    }
    return s;
}
