#include "reference/ref_distances.h"

#include "reference/scratch.h"

#include <math.h>

/* --- Two vectors ---------------------------------------------------------------------------------------------- */

static long double length(int64_t n, const long double *x, double p) {
    long double sum = 0;
    for (int64_t i = 0; i < n; i++) {
        long double size = fabsl(x[i]);
        if (isinf(p))
            sum = size > sum ? size : sum;
        else if (p == 0)
            sum += size != 0;
        else
            sum += powl(size, p);
    }
    return isinf(p) || p == 0 ? sum : powl(sum, 1 / (long double)p);
}

long double ref_squared_distance(int64_t n, const long double *x, const long double *y, double unused) {
    long double sum = 0;
    (void)unused;
    for (int64_t i = 0; i < n; i++) sum += (x[i] - y[i]) * (x[i] - y[i]);
    return sum;
}

long double ref_distance(int64_t n, const long double *x, const long double *y, double p) {
    if (p == 2) return sqrtl(ref_squared_distance(n, x, y, 0));
    long double *d = scratch((size_t)n * sizeof *d + 1);
    for (int64_t i = 0; i < n; i++) d[i] = x[i] - y[i];
    return length(n, d, p);
}

static long double dot(int64_t n, const long double *x, const long double *y) {
    long double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += x[i] * y[i];
    return sum;
}

long double ref_cosine(int64_t n, const long double *x, const long double *y, double unused) {
    long double size = sqrtl(dot(n, x, x)) * sqrtl(dot(n, y, y));
    (void)unused;
    return size == 0 ? 0 : dot(n, x, y) / size;
}

/* By the area between them (Lagrange's identity): sin = sqrt(sum_{i < j} (x_i y_j - x_j y_i)^2) / (|x| |y|). */
long double ref_angle(int64_t n, const long double *x, const long double *y, double unused) {
    long double area = 0;
    (void)unused;
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < i; j++) {
            long double part = x[i] * y[j] - x[j] * y[i];
            area += part * part;
        }
    return atan2l(sqrtl(area), dot(n, x, y));
}

/* --- Arrays --------------------------------------------------------------------------------------------------- */

ref_array ref_pairs(ref_pair *pair, ref_array x, ref_array y, double p) {
    int64_t n = x.shape[x.rank - 2], m = y.shape[y.rank - 2], d = x.shape[x.rank - 1], shape[REF_MAX_RANK];
    int rank_x = x.rank - 2, rank_y = y.rank - 2, rank = rank_x > rank_y ? rank_x : rank_y;
    for (int i = 0; i < rank; i++) {
        int ix = i - (rank - rank_x), iy = i - (rank - rank_y);
        int64_t dx = ix < 0 ? 1 : x.shape[ix], dy = iy < 0 ? 1 : y.shape[iy];
        shape[i] = dx == 1 ? dy : dx;
    }
    int64_t batches = ref_count(rank, shape);
    shape[rank] = n, shape[rank + 1] = m;
    ref_array out = ref_array_new(rank + 2, shape);
    for (int64_t b = 0; b < batches; b++) {
        const long double *from_x = x.v + ref_broadcast(b, rank, shape, rank_x, x.shape) * n * d;
        const long double *from_y = y.v + ref_broadcast(b, rank, shape, rank_y, y.shape) * m * d;
        for (int64_t i = 0; i < n; i++)
            for (int64_t j = 0; j < m; j++)
                out.v[(b * n + i) * m + j] = pair(d, from_x + i * d, from_y + j * d, p);
    }
    return out;
}

static long double first(long double x, long double y) { return (void)y, x; }
static long double second(long double x, long double y) { return (void)x, y; }

ref_array ref_along(ref_pair *pair, ref_array x, ref_array y, int axis, double p) {
    ref_array a = ref_array_map2(x, y, first), b = ref_array_map2(x, y, second);
    int at = ref_array_axis(a, axis);
    int64_t outer, inner, n = a.shape[at], shape[REF_MAX_RANK];
    ref_array_around(a, at, &outer, &inner);
    for (int i = 0, o = 0; i < a.rank; i++)
        if (i != at) shape[o++] = a.shape[i];
    ref_array out = ref_array_new(a.rank - 1, shape);
    long double *u = scratch((size_t)n * sizeof *u + 1), *v = scratch((size_t)n * sizeof *v + 1);
    for (int64_t i = 0; i < out.n; i++) {
        for (int64_t j = 0; j < n; j++) {
            u[j] = a.v[(i / inner * n + j) * inner + i % inner];
            v[j] = b.v[(i / inner * n + j) * inner + i % inner];
        }
        out.v[i] = pair(n, u, v, p);
    }
    return out;
}

ref_array ref_unit(ref_array x, double p, int axis) {
    int at = ref_array_axis(x, axis);
    int64_t outer, inner, n = x.shape[at];
    ref_array_around(x, at, &outer, &inner);
    ref_array out = ref_array_like(x);
    long double *u = scratch((size_t)n * sizeof *u + 1);
    for (int64_t i = 0; i < outer * inner; i++) {
        int64_t start = i / inner * n * inner + i % inner;
        for (int64_t j = 0; j < n; j++) u[j] = x.v[start + j * inner];
        long double size = length(n, u, p);
        for (int64_t j = 0; j < n; j++) out.v[start + j * inner] = size == 0 ? 0 : u[j] / size;
    }
    return out;
}

ref_array ref_nearest(ref_array x, ref_array y, int64_t k, bool places) {
    ref_array d = ref_pairs(ref_distance, x, y, 2);
    int64_t n = x.shape[0], m = y.shape[0];
    ref_array out = ref_array_new(2, (const int64_t[]){n, k});
    bool *taken = scratch((size_t)(n * m) + 1);
    for (int64_t i = 0; i < n * m; i++) taken[i] = false;
    for (int64_t i = 0; i < n; i++)
        for (int64_t r = 0; r < k; r++) {
            int64_t best = -1;
            for (int64_t j = 0; j < m; j++) {
                if (taken[i * m + j]) continue;
                bool nearer = best < 0 || d.v[i * m + j] < d.v[i * m + best] ||
                              (isnan(d.v[i * m + best]) && !isnan(d.v[i * m + j]));
                if (nearer) best = j;
            }
            taken[i * m + best] = true;
            out.v[i * k + r] = places ? (long double)best : d.v[i * m + best];
        }
    return out;
}
