#include "reference/ref_manipulation.h"

#include <string.h>

static long double at(ref_array x, const int64_t *index) { return x.v[ref_ravel(x.rank, x.shape, index)]; }

ref_array ref_reshape(ref_array x, int rank, const int64_t *shape) {
    ref_array out = ref_array_new(rank, shape);
    for (int64_t i = 0; i < out.n; i++) out.v[i] = x.v[i];
    return out;
}

ref_array ref_permute(ref_array x, const int *axes) {
    int64_t shape[REF_MAX_RANK] = {0}, to[REF_MAX_RANK], from[REF_MAX_RANK];
    for (int a = 0; a < x.rank; a++) shape[a] = x.shape[axes[a]];
    ref_array out = ref_array_new(x.rank, shape);
    for (int64_t i = 0; i < out.n; i++) {
        ref_unravel(i, out.rank, out.shape, to);
        for (int a = 0; a < x.rank; a++) from[axes[a]] = to[a];
        out.v[i] = at(x, from);
    }
    return out;
}

ref_array ref_expand(ref_array x, int rank, const int64_t *shape) {
    ref_array out = ref_array_new(rank, shape);
    for (int64_t i = 0; i < out.n; i++) out.v[i] = x.v[ref_broadcast(i, rank, shape, x.rank, x.shape)];
    return out;
}

ref_array ref_slab(ref_array x, int axis, int64_t first, int64_t step, int64_t count) {
    int64_t index[REF_MAX_RANK];
    ref_array out = x;
    out.shape[axis] = count;
    out = ref_array_like(out);
    for (int64_t i = 0; i < out.n; i++) {
        ref_unravel(i, out.rank, out.shape, index);
        index[axis] = first + index[axis] * step;
        out.v[i] = at(x, index);
    }
    return out;
}

ref_array ref_diagonal(ref_array x, int64_t offset, int a, int b) {
    int64_t shape[REF_MAX_RANK] = {0}, to[REF_MAX_RANK], from[REF_MAX_RANK], n = 0;
    int rank = 0;
    for (int64_t i = 0; i < x.shape[a]; i++)
        for (int64_t j = 0; j < x.shape[b]; j++) n += j - i == offset;
    for (int k = 0; k < x.rank; k++)
        if (k != a && k != b) shape[rank++] = x.shape[k];
    shape[rank++] = n;
    ref_array out = ref_array_new(rank, shape);
    for (int64_t i = 0; i < out.n; i++) {
        ref_unravel(i, rank, shape, to);
        for (int k = 0, next = 0; k < x.rank; k++)
            if (k != a && k != b) from[k] = to[next++];
        from[a] = to[rank - 1] + (offset < 0 ? -offset : 0);
        from[b] = to[rank - 1] + (offset > 0 ? offset : 0);
        out.v[i] = at(x, from);
    }
    return out;
}

ref_array ref_diag_embed(ref_array x, int64_t offset) {
    int64_t shape[REF_MAX_RANK], n = x.shape[x.rank - 1], side = n + (offset < 0 ? -offset : offset);
    memcpy(shape, x.shape, sizeof shape);
    shape[x.rank - 1] = shape[x.rank] = side;
    ref_array out = ref_array_new(x.rank + 1, shape);
    for (int64_t i = 0; i < x.n; i++) {
        int64_t row = i % n + (offset < 0 ? -offset : 0), column = i % n + (offset > 0 ? offset : 0);
        out.v[(i / n * side + row) * side + column] = x.v[i];
    }
    return out;
}

ref_array ref_pad(ref_array x, const int64_t *before, const int64_t *shape, long double value) {
    int64_t index[REF_MAX_RANK];
    ref_array out = ref_array_new(x.rank, shape);
    for (int64_t i = 0; i < out.n; i++) {
        bool inside = true;
        ref_unravel(i, out.rank, out.shape, index);
        for (int a = 0; a < x.rank; a++) {
            index[a] -= before[a];
            inside &= index[a] >= 0 && index[a] < x.shape[a];
        }
        out.v[i] = inside ? at(x, index) : value;
    }
    return out;
}

ref_array ref_concat(int n, const ref_array *x, int axis) {
    int64_t index[REF_MAX_RANK];
    ref_array out = x[0];
    for (int k = 1; k < n; k++) out.shape[axis] += x[k].shape[axis];
    out = ref_array_like(out);
    for (int64_t i = 0; i < out.n; i++) {
        int k = 0;
        for (ref_unravel(i, out.rank, out.shape, index); index[axis] >= x[k].shape[axis]; k++)
            index[axis] -= x[k].shape[axis];
        out.v[i] = at(x[k], index);
    }
    return out;
}

ref_array ref_tile(ref_array x, int n, const int64_t *reps) {
    int64_t shape[REF_MAX_RANK], index[REF_MAX_RANK];
    int rank = x.rank > n ? x.rank : n, shift = rank - x.rank;
    for (int a = 0; a < rank; a++)
        shape[a] = (a < shift ? 1 : x.shape[a - shift]) * (a < rank - n ? 1 : reps[a - (rank - n)]);
    ref_array out = ref_array_new(rank, shape);
    for (int64_t i = 0; i < out.n; i++) {
        ref_unravel(i, rank, shape, index);
        for (int a = 0; a < x.rank; a++) index[a] = index[a + shift] % x.shape[a];
        out.v[i] = at(x, index);
    }
    return out;
}

ref_array ref_repeat(ref_array x, int64_t repeats, int axis) {
    int64_t index[REF_MAX_RANK];
    ref_array out = x;
    out.shape[axis] *= repeats;
    out = ref_array_like(out);
    for (int64_t i = 0; i < out.n; i++) {
        ref_unravel(i, out.rank, out.shape, index);
        index[axis] /= repeats;
        out.v[i] = at(x, index);
    }
    return out;
}

ref_array ref_roll(ref_array x, int64_t shift, int axis) {
    int64_t index[REF_MAX_RANK], n = x.shape[axis];
    ref_array out = ref_array_like(x);
    for (int64_t i = 0; i < x.n; i++) {
        ref_unravel(i, x.rank, x.shape, index);
        index[axis] = ((index[axis] + shift) % n + n) % n;
        out.v[ref_ravel(x.rank, x.shape, index)] = x.v[i];
    }
    return out;
}

ref_array ref_triangle(ref_array x, int64_t k, bool upper) {
    int64_t index[REF_MAX_RANK];
    ref_array out = ref_array_like(x);
    for (int64_t i = 0; i < x.n; i++) {
        ref_unravel(i, x.rank, x.shape, index);
        int64_t distance = index[x.rank - 1] - index[x.rank - 2];
        if (upper ? distance >= k : distance <= k) out.v[i] = x.v[i];
    }
    return out;
}
