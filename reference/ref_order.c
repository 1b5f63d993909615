#include "reference/ref_order.h"

#include "reference/scratch.h"

#include <math.h>

/* --- Scans -------------------------------------------------------------------------------------------------- */

static long double scan_step(ref_scan_kind kind, long double y, long double x) {
    switch (kind) {
    case REF_SCAN_SUM:
        return y + x;
    case REF_SCAN_SUM_ABS:
        return y + fabsl(x);
    case REF_SCAN_PROD:
        return y * x;
    case REF_SCAN_MAX:
        return isnan(y) || isnan(x) ? (long double)NAN : x > y ? x : y;
    case REF_SCAN_MIN:
        return isnan(y) || isnan(x) ? (long double)NAN : x < y ? x : y;
    }
    return y;
}

ref_array ref_scan(ref_scan_kind kind, ref_array x, int axis) {
    static const long double start[] = {0, 0, 1, -(long double)INFINITY, (long double)INFINITY};
    int64_t outer, inner, n = x.shape[axis];
    ref_array out = ref_array_like(x);
    ref_array_around(x, axis, &outer, &inner);
    for (int64_t o = 0; o < outer; o++)
        for (int64_t i = 0; i < inner; i++)
            for (int64_t k = 0; k < n; k++) {
                long double y = start[kind];
                for (int64_t j = 0; j <= k; j++) y = scan_step(kind, y, x.v[(o * n + j) * inner + i]);
                out.v[(o * n + k) * inner + i] = y;
            }
    return out;
}

/* --- Sorting ------------------------------------------------------------------------------------------------ */

/* Whether a comes before b whatever their places are. */
static bool precedes(long double a, long double b, bool descending) {
    if (isnan(a) || isnan(b)) return !isnan(a) && isnan(b);
    return descending ? a > b : a < b;
}

ref_array ref_best(ref_array x, int64_t k, int axis, bool descending, ref_order_part part) {
    int64_t outer, inner, n = x.shape[axis], shape[REF_MAX_RANK] = {0};
    for (int a = 0; a < x.rank; a++) shape[a] = a == axis ? k : x.shape[a];
    ref_array out = ref_array_new(x.rank, shape);
    ref_array_around(x, axis, &outer, &inner);
    for (int64_t line = 0; line < outer * inner; line++) {
        const long double *v = x.v + line / inner * n * inner + line % inner;
        bool *taken = scratch((size_t)n * sizeof *taken);
        for (int64_t j = 0; j < k; j++) {
            int64_t best = -1;
            for (int64_t i = 0; i < n; i++)
                if (!taken[i] && (best < 0 || precedes(v[i * inner], v[best * inner], descending))) best = i;
            taken[best] = true;
            out.v[(line / inner * k + j) * inner + line % inner] =
                part == REF_VALUES ? v[best * inner] : (long double)best;
        }
    }
    return out;
}

/* --- Unique ------------------------------------------------------------------------------------------------- */

static bool equals(long double a, long double b) { return a == b || (isnan(a) && isnan(b)); }

static int64_t first_place(ref_array x, int64_t i) {
    int64_t j = 0;
    while (!equals(x.v[j], x.v[i])) j++;
    return j;
}

/* How many different values come before element i. */
static int64_t rank_of(ref_array x, int64_t i) {
    int64_t rank = 0;
    for (int64_t j = 0; j < x.n; j++) rank += first_place(x, j) == j && precedes(x.v[j], x.v[i], false);
    return rank;
}

ref_array ref_unique(ref_array x, ref_unique_part part) {
    int64_t u = 0;
    ref_array inverse = ref_array_like(x);
    for (int64_t i = 0; i < x.n; i++) {
        inverse.v[i] = (long double)rank_of(x, i);
        u += first_place(x, i) == i;
    }
    if (part == REF_UNIQUE_INVERSE) return inverse;
    ref_array out = ref_array_new(1, &u);
    for (int64_t i = 0; i < x.n; i++) {
        long double *slot = &out.v[(int64_t)inverse.v[i]];
        if (part == REF_UNIQUE_COUNTS)
            *slot += 1;
        else if (first_place(x, i) == i)
            *slot = part == REF_UNIQUE_VALUES ? x.v[i] : (long double)i;
    }
    return out;
}

/* --- Searching and counting --------------------------------------------------------------------------------- */

ref_array ref_searchsorted(ref_array sorted, ref_array values, bool right) {
    ref_array out = ref_array_like(values);
    int64_t n = sorted.shape[sorted.rank - 1], m = values.rank ? values.shape[values.rank - 1] : 1;
    for (int64_t i = 0; i < values.n; i++) {
        const long double *row = sorted.v + (sorted.rank == 1 ? 0 : i / m * n);
        for (int64_t j = 0; j < n; j++)
            out.v[i] += right ? !precedes(values.v[i], row[j], false) : precedes(row[j], values.v[i], false);
    }
    return out;
}

ref_array ref_histogram_edges(int64_t bins, long double lo, long double hi) {
    ref_array edge = ref_array_new(1, (const int64_t[]){bins + 1});
    for (int64_t i = 0; i <= bins; i++) edge.v[i] = lo + (long double)i * ((hi - lo) / (long double)bins);
    edge.v[bins] = hi;
    return edge;
}

ref_array ref_histogram(ref_array x, int64_t bins, long double lo, long double hi) {
    ref_array edge = ref_histogram_edges(bins, lo, hi), out = ref_array_new(1, &bins);
    for (int64_t i = 0; i < x.n; i++)
        for (int64_t b = 0; b < bins; b++) {
            bool below_end = x.v[i] < edge.v[b + 1] || (b == bins - 1 && x.v[i] == hi);
            out.v[b] += x.v[i] >= edge.v[b] && below_end;
        }
    return out;
}

ref_array ref_bincount(ref_array x, const ref_array *weights, int64_t minlength) {
    int64_t length = minlength;
    for (int64_t i = 0; i < x.n; i++)
        if ((int64_t)x.v[i] >= length) length = (int64_t)x.v[i] + 1;
    ref_array out = ref_array_new(1, &length);
    for (int64_t i = 0; i < x.n; i++) out.v[(int64_t)x.v[i]] += weights ? weights->v[i] : 1;
    return out;
}

/* --- Order statistics --------------------------------------------------------------------------------------- */

/* The elements that the reduction to element `at` is over, sorted. */
static ref_array sorted_part(ref_array x, unsigned axes, int64_t at) {
    int64_t kept[REF_MAX_RANK], index[REF_MAX_RANK], n = 0;
    ref_array part = ref_array_like(x);
    int rank = 0;
    for (int a = 0; a < x.rank; a++)
        if (!(axes >> a & 1)) kept[rank++] = x.shape[a];
    for (int64_t i = 0; i < x.n; i++) {
        int64_t mine[REF_MAX_RANK];
        int r = 0;
        ref_unravel(i, x.rank, x.shape, index);
        for (int a = 0; a < x.rank; a++)
            if (!(axes >> a & 1)) mine[r++] = index[a];
        if (ref_ravel(rank, kept, mine) == at) part.v[n++] = x.v[i];
    }
    return ref_best(ref_array_of(n, part.v), n, 0, false, REF_VALUES);
}

typedef long double statistic(ref_array sorted, double q, ref_quantile_method method);

static ref_array each_part(ref_array x, unsigned axes, bool keepdims, double q, ref_quantile_method method,
                           statistic *of) {
    int64_t shape[REF_MAX_RANK] = {0};
    int rank = 0;
    for (int a = 0; a < x.rank; a++)
        if (keepdims || !(axes >> a & 1)) shape[rank++] = axes >> a & 1 ? 1 : x.shape[a];
    ref_array out = ref_array_new(rank, shape);
    for (int64_t i = 0; i < out.n; i++) {
        ref_array part = sorted_part(x, axes, i);
        bool none = part.n == 0 || isnan(part.v[part.n - 1]);
        out.v[i] = none ? (long double)NAN : of(part, q, method);
    }
    return out;
}

static long double median_of(ref_array sorted, double q, ref_quantile_method method) {
    (void)q, (void)method;
    int64_t half = sorted.n / 2;
    return sorted.n % 2 ? sorted.v[half] : (sorted.v[half - 1] + sorted.v[half]) / 2;
}

ref_array ref_median(ref_array x, unsigned axes, bool keepdims) {
    return each_part(x, axes, keepdims, 0, REF_LINEAR, median_of);
}

/* x_j of the definition: counted from 1, the ends held. */
static long double x_at(ref_array sorted, long double j) {
    return sorted.v[j < 1 ? 0 : j > (long double)sorted.n ? sorted.n - 1 : (int64_t)j - 1];
}

/* Hyndman and Fan: Q = (1 - gamma) x_j + gamma x_(j+1), j = floor(n p + m), g = n p + m - j. */
static long double hyndman_fan(ref_array sorted, double p, ref_quantile_method method) {
    long double m[] = {1 - p, 0, 0, -0.5L, 0, 0.5L, p, (p + 1) / 3.0L, p / 4.0L + 0.375L};
    long double at = (long double)sorted.n * p + m[method], j = floorl(at), g = at - j, gamma = g;
    if (method == REF_INVERTED_CDF) gamma = g > 0 ? 1 : 0;
    if (method == REF_AVERAGED_INVERTED_CDF) gamma = g > 0 ? 1 : 0.5L;
    if (method == REF_CLOSEST_OBSERVATION) gamma = g == 0 && fmodl(j, 2) == 0 ? 0 : 1;
    long double low = x_at(sorted, j), high = x_at(sorted, j + 1);
    return gamma == 0 || low == high ? low : gamma == 1 ? high : (1 - gamma) * low + gamma * high;
}

/* The four that round the place (n - 1) q, counted from 0. */
static long double quantile_of(ref_array sorted, double q, ref_quantile_method method) {
    if (method < REF_LOWER) return hyndman_fan(sorted, q, method);
    long double at = (long double)(sorted.n - 1) * q;
    long double low = sorted.v[(int64_t)floorl(at)], high = sorted.v[(int64_t)ceill(at)];
    if (method == REF_LOWER) return low;
    if (method == REF_HIGHER) return high;
    if (method == REF_MIDPOINT) return low == high ? low : (low + high) / 2;
    return sorted.v[(int64_t)rintl(at)];
}

ref_array ref_quantile(ref_array x, double q, ref_quantile_method method, unsigned axes, bool keepdims) {
    return each_part(x, axes, keepdims, q, method, quantile_of);
}

static long double largest_of(ref_array sorted, double q, ref_quantile_method method) {
    (void)q, (void)method;
    long double low = fabsl(sorted.v[0]), high = fabsl(sorted.v[sorted.n - 1]);
    return low > high ? low : high;
}

ref_array ref_largest(ref_array x, unsigned axes, bool keepdims) {
    return each_part(x, axes, keepdims, 0, REF_LINEAR, largest_of);
}
