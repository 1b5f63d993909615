#include "reference/reference.h"

#include <math.h>

/* Whether x takes the place of `best` as the extreme: strictly better, or the first NaN. */
static bool beats(bool largest, long double x, long double best) {
    if (isnan(best)) return false;
    return isnan(x) || (largest ? x > best : x < best);
}

void ref_reduce(ref_reduction kind, int rank, const int64_t *shape, unsigned axes, const long double *x,
                long double *out) {
    int64_t kept[REF_MAX_RANK], reduced[REF_MAX_RANK], index[REF_MAX_RANK];
    int kept_axis[REF_MAX_RANK], reduced_axis[REF_MAX_RANK], n_kept = 0, n_reduced = 0;
    for (int axis = 0; axis < rank; axis++) {
        if (axes >> axis & 1) {
            reduced_axis[n_reduced] = axis;
            reduced[n_reduced++] = shape[axis];
        } else {
            kept_axis[n_kept] = axis;
            kept[n_kept++] = shape[axis];
        }
    }
    int64_t outer = ref_count(n_kept, kept), inner = ref_count(n_reduced, reduced);
    for (int64_t o = 0; o < outer; o++) {
        long double sum = 0, best = 0;
        int64_t best_at = 0, part[REF_MAX_RANK];
        ref_unravel(o, n_kept, kept, part);
        for (int axis = 0; axis < n_kept; axis++) index[kept_axis[axis]] = part[axis];
        for (int64_t i = 0; i < inner; i++) {
            ref_unravel(i, n_reduced, reduced, part);
            for (int axis = 0; axis < n_reduced; axis++) index[reduced_axis[axis]] = part[axis];
            long double value = x[ref_ravel(rank, shape, index)];
            sum += kind == REF_SUM_ABS ? fabsl(value) : value;
            if (i == 0 || beats(kind == REF_MAX || kind == REF_ARGMAX, value, best)) {
                best = value;
                best_at = i;
            }
        }
        out[o] = kind == REF_SUM || kind == REF_SUM_ABS ? sum
                 : kind == REF_MAX || kind == REF_MIN   ? best
                                                        : (long double)best_at;
    }
}

static long double logsumexp(int64_t n, int64_t step, const long double *x) {
    long double largest = -(long double)INFINITY, sum = 0;
    for (int64_t i = 0; i < n; i++)
        if (x[i * step] > largest) largest = x[i * step];
    for (int64_t i = 0; i < n; i++) sum += expl(x[i * step] - largest);
    return largest + logl(sum);
}

void ref_softmax(bool logarithm, int64_t n, int64_t step, const long double *x, long double *out) {
    long double total = logsumexp(n, step, x);
    for (int64_t i = 0; i < n; i++) {
        long double y = x[i * step] - total;
        out[i * step] = logarithm ? y : expl(y);
    }
}

long double ref_cross_entropy(int64_t n, const long double *x, int64_t label) {
    if (label < 0 || label >= n) return (long double)NAN;
    return logsumexp(n, 1, x) - x[label];
}
