#include "reference/ref_array.h"

#include "reference/scratch.h"

#include <string.h>

ref_array ref_array_new(int rank, const int64_t *shape) {
    ref_array x = {.rank = rank, .n = ref_count(rank, shape)};
    for (int a = 0; a < rank; a++) x.shape[a] = shape[a];
    x.v = scratch((size_t)x.n * sizeof *x.v);
    return x;
}

ref_array ref_array_like(ref_array x) { return ref_array_new(x.rank, x.shape); }

ref_array ref_array_scalar(long double v) {
    ref_array x = ref_array_new(0, NULL);
    x.v[0] = v;
    return x;
}

ref_array ref_array_of(int64_t n, const long double *v) {
    ref_array x = ref_array_new(1, &n);
    memcpy(x.v, v, (size_t)n * sizeof *v);
    return x;
}

int ref_array_axis(ref_array x, int axis) { return axis < 0 ? axis + x.rank : axis; }

void ref_array_around(ref_array x, int axis, int64_t *outer, int64_t *inner) {
    *outer = ref_count(axis, x.shape);
    *inner = ref_count(x.rank - axis - 1, x.shape + axis + 1);
}

ref_array ref_array_map(ref_array x, long double (*f)(long double)) {
    ref_array out = ref_array_like(x);
    for (int64_t i = 0; i < x.n; i++) out.v[i] = f(x.v[i]);
    return out;
}

ref_array ref_array_map2(ref_array x, ref_array y, long double (*f)(long double, long double)) {
    int rank = x.rank > y.rank ? x.rank : y.rank;
    int64_t shape[REF_MAX_RANK] = {0};
    for (int a = 0; a < rank; a++) {
        int ax = a - (rank - x.rank), ay = a - (rank - y.rank);
        int64_t dx = ax < 0 ? 1 : x.shape[ax], dy = ay < 0 ? 1 : y.shape[ay];
        shape[a] = dx == 1 ? dy : dx;
    }
    ref_array out = ref_array_new(rank, shape);
    for (int64_t i = 0; i < out.n; i++)
        out.v[i] = f(x.v[ref_broadcast(i, rank, shape, x.rank, x.shape)],
                     y.v[ref_broadcast(i, rank, shape, y.rank, y.shape)]);
    return out;
}

ref_array ref_array_reduce(ref_reduction kind, ref_array x, unsigned axes, bool keepdims) {
    int64_t shape[REF_MAX_RANK] = {0};
    int rank = 0;
    for (int a = 0; a < x.rank; a++) {
        if (!(axes >> a & 1))
            shape[rank++] = x.shape[a];
        else if (keepdims)
            shape[rank++] = 1;
    }
    ref_array out = ref_array_new(rank, shape);
    ref_reduce(kind, x.rank, x.shape, axes, x.v, out.v);
    return out;
}
