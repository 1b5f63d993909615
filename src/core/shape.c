#include "core/shape.h"

cg_dims cg_shape_of(int rank, const int64_t *dim) {
    cg_dims shape = {.rank = rank};
    if (rank < 0 || rank > CG_MAX_RANK) return (cg_dims){.rank = -1};
    for (int i = 0; i < rank; i++) shape.dim[i] = dim[i];
    return shape;
}

bool cg_dims_valid(const cg_dims *shape, size_t element_bytes, int64_t *numel) {
    if (shape->rank < 0 || shape->rank > CG_MAX_RANK) return false;
    int64_t product = 1, bytes;
    bool empty = false;
    for (int i = 0; i < shape->rank; i++) {
        if (shape->dim[i] < 0) return false;
        if (shape->dim[i] == 0)
            empty = true;
        else if (__builtin_mul_overflow(product, shape->dim[i], &product))
            return false;
    }
    if (__builtin_mul_overflow(product, (int64_t)element_bytes, &bytes) || bytes > PTRDIFF_MAX) return false;
    *numel = empty ? 0 : product;
    return true;
}

int64_t cg_dims_numel(const cg_dims *shape) {
    int64_t n = 1;
    for (int i = 0; i < shape->rank; i++) n *= shape->dim[i];
    return n;
}

int64_t cg_shape_numel(cg_dims shape) {
    int64_t n;
    return cg_dims_valid(&shape, 1, &n) ? n : -1;
}

bool cg_dims_scale(cg_dims *shape, int axis, int64_t factor) {
    return !__builtin_mul_overflow(shape->dim[axis], factor, &shape->dim[axis]);
}

void cg_dims_around(const cg_dims *shape, int axis, int64_t *outer, int64_t *inner) {
    *outer = *inner = 1;
    for (int i = 0; i < axis; i++) *outer *= shape->dim[i];
    for (int i = axis + 1; i < shape->rank; i++) *inner *= shape->dim[i];
}

/* Every operation asks, most often of one or two axes: a call of memcmp takes longer. */
bool cg_dims_equal(const cg_dims *a, const cg_dims *b) {
    if (a->rank != b->rank) return false;
    for (int i = 0; i < a->rank; i++)
        if (a->dim[i] != b->dim[i]) return false;
    return true;
}

void cg_dims_strides(const cg_dims *shape, int64_t stride[CG_MAX_RANK]) {
    int64_t step = 1;
    for (int i = shape->rank - 1; i >= 0; i--) {
        stride[i] = step;
        step *= shape->dim[i] > 0 ? shape->dim[i] : 1;
    }
}

int cg_axis_normalize(int axis, int rank) {
    if (axis < -rank || axis >= rank) return -1;
    return axis < 0 ? axis + rank : axis;
}

bool cg_broadcast_shapes(cg_dims a, cg_dims b, cg_dims *result) {
    if (a.rank < 0 || b.rank < 0 || a.rank > CG_MAX_RANK || b.rank > CG_MAX_RANK) return false;
    cg_dims out = {.rank = a.rank > b.rank ? a.rank : b.rank};
    for (int i = 0; i < out.rank; i++) {
        int ia = i - (out.rank - a.rank), ib = i - (out.rank - b.rank);
        int64_t da = ia < 0 ? 1 : a.dim[ia], db = ib < 0 ? 1 : b.dim[ib];
        if (da != db && da != 1 && db != 1) return false;
        out.dim[i] = da == 1 ? db : da;
    }
    if (result) *result = out;
    return true;
}

const char *cg_dims_text(const cg_dims *shape, char *buf) {
    if (shape->rank < 0 || shape->rank > CG_MAX_RANK) {
        snprintf(buf, CG_SHAPE_TEXT, "(invalid rank)");
        return buf;
    }
    size_t used = (size_t)snprintf(buf, CG_SHAPE_TEXT, "(");
    for (int i = 0; i < shape->rank; i++)
        used += (size_t)snprintf(buf + used, CG_SHAPE_TEXT - used, i ? ", %lld" : "%lld",
                                 (long long)shape->dim[i]);
    snprintf(buf + used, CG_SHAPE_TEXT - used, shape->rank == 1 ? ",)" : ")");
    return buf;
}
