#include "reference/ref_indexing.h"

#include <math.h>
#include <string.h>

/* The place an index asks for among n; -1 if there is none. */
static int64_t place(long double index, int64_t n) {
    if (index < 0) index += n;
    return index >= 0 && index < n ? (int64_t)index : -1;
}

ref_array ref_index_select(ref_array x, int axis, ref_array index) {
    int64_t i[REF_MAX_RANK];
    ref_array out = x;
    out.shape[axis] = index.n;
    out = ref_array_like(out);
    for (int64_t k = 0; k < out.n; k++) {
        ref_unravel(k, out.rank, out.shape, i);
        i[axis] = place(index.v[i[axis]], x.shape[axis]);
        out.v[k] = i[axis] < 0 ? (long double)NAN : x.v[ref_ravel(x.rank, x.shape, i)];
    }
    return out;
}

ref_array ref_embedding(ref_array x, ref_array index) {
    ref_array out = index;
    int64_t width = x.shape[1];
    out.shape[out.rank++] = width;
    out = ref_array_like(out);
    for (int64_t k = 0; k < index.n; k++) {
        int64_t row = place(index.v[k], x.shape[0]);
        for (int64_t d = 0; d < width; d++)
            out.v[k * width + d] = row < 0 ? (long double)NAN : x.v[row * width + d];
    }
    return out;
}

ref_array ref_take(ref_array x, ref_array index) {
    ref_array out = ref_array_like(index);
    for (int64_t k = 0; k < out.n; k++) {
        int64_t i = place(index.v[k], x.n);
        out.v[k] = i < 0 ? (long double)NAN : x.v[i];
    }
    return out;
}

ref_array ref_take_along(ref_array x, ref_array index, int axis) {
    int64_t i[REF_MAX_RANK], j[REF_MAX_RANK];
    ref_array out = index;
    for (int a = 0; a < x.rank; a++)
        if (a != axis && index.shape[a] == 1) out.shape[a] = x.shape[a];
    out = ref_array_like(out);
    for (int64_t k = 0; k < out.n; k++) {
        ref_unravel(k, out.rank, out.shape, i);
        memcpy(j, i, sizeof j);
        for (int a = 0; a < x.rank; a++) {
            if (index.shape[a] == 1) j[a] = 0;
            if (a != axis && x.shape[a] == 1) i[a] = 0;
        }
        i[axis] = place(index.v[ref_ravel(x.rank, index.shape, j)], x.shape[axis]);
        out.v[k] = i[axis] < 0 ? (long double)NAN : x.v[ref_ravel(x.rank, x.shape, i)];
    }
    return out;
}

static ref_array copy(ref_array x) {
    ref_array out = ref_array_like(x);
    for (int64_t k = 0; k < x.n; k++) out.v[k] = x.v[k];
    return out;
}

ref_array ref_index_add(ref_array x, int axis, ref_array index, ref_array src) {
    int64_t i[REF_MAX_RANK];
    ref_array out = copy(x);
    for (int64_t k = 0; k < src.n; k++) {
        ref_unravel(k, src.rank, src.shape, i);
        i[axis] = place(index.v[i[axis]], x.shape[axis]);
        if (i[axis] >= 0) out.v[ref_ravel(x.rank, x.shape, i)] += src.v[k];
    }
    return out;
}

ref_array ref_scatter_add(ref_array x, ref_array index, ref_array src, int axis) {
    int64_t i[REF_MAX_RANK];
    ref_array out = copy(x);
    for (int64_t k = 0; k < src.n; k++) {
        ref_unravel(k, src.rank, src.shape, i);
        i[axis] = place(index.v[k], x.shape[axis]);
        if (i[axis] >= 0) out.v[ref_ravel(x.rank, x.shape, i)] += src.v[k];
    }
    return out;
}

ref_array ref_masked_select(ref_array x, ref_array mask) {
    int64_t count = 0;
    for (int64_t k = 0; k < x.n; k++) count += mask.v[k] != 0;
    ref_array out = ref_array_new(1, &count);
    for (int64_t k = 0, next = 0; k < x.n; k++)
        if (mask.v[k] != 0) out.v[next++] = x.v[k];
    return out;
}

ref_array ref_nonzero(ref_array x) {
    int64_t shape[] = {0, x.rank}, i[REF_MAX_RANK], next = 0;
    for (int64_t k = 0; k < x.n; k++) shape[0] += x.v[k] != 0;
    ref_array out = ref_array_new(2, shape);
    for (int64_t k = 0; k < x.n; k++) {
        if (x.v[k] == 0) continue;
        ref_unravel(k, x.rank, x.shape, i);
        for (int a = 0; a < x.rank; a++) out.v[next++] = i[a];
    }
    return out;
}

ref_array ref_one_hot(ref_array labels, int64_t classes) {
    int64_t shape[REF_MAX_RANK] = {0};
    for (int a = 0; a < labels.rank; a++) shape[a] = labels.shape[a];
    shape[labels.rank] = classes;
    ref_array out = ref_array_new(labels.rank + 1, shape);
    for (int64_t k = 0; k < out.n; k++) out.v[k] = labels.v[k / classes] == k % classes;
    return out;
}
