#include "reference/reference.h"

int64_t ref_count(int rank, const int64_t *shape) {
    int64_t n = 1;
    for (int i = 0; i < rank; i++) n *= shape[i];
    return n;
}

void ref_unravel(int64_t i, int rank, const int64_t *shape, int64_t *index) {
    for (int axis = rank - 1; axis >= 0; axis--) {
        index[axis] = i % shape[axis];
        i /= shape[axis];
    }
}

int64_t ref_ravel(int rank, const int64_t *shape, const int64_t *index) {
    int64_t i = 0;
    for (int axis = 0; axis < rank; axis++) i = i * shape[axis] + index[axis];
    return i;
}

int64_t ref_broadcast(int64_t i, int rank, const int64_t *shape, int in_rank, const int64_t *in_shape) {
    int64_t index[REF_MAX_RANK], in_index[REF_MAX_RANK];
    ref_unravel(i, rank, shape, index);
    for (int axis = 0; axis < in_rank; axis++)
        in_index[axis] = in_shape[axis] == 1 ? 0 : index[axis + rank - in_rank];
    return ref_ravel(in_rank, in_shape, in_index);
}

static int64_t bound(int64_t value, int64_t n, int64_t step) {
    int64_t low = step < 0 ? -1 : 0, high = step < 0 ? n - 1 : n;
    if (value < 0) value += n;
    return value < low ? low : value > high ? high : value;
}

void ref_slice(int64_t n, bool has_start, int64_t start, bool has_stop, int64_t stop, int64_t step,
               int64_t *first, int64_t *count) {
    int64_t from = has_start ? bound(start, n, step) : step < 0 ? n - 1 : 0;
    int64_t to = has_stop ? bound(stop, n, step) : step < 0 ? -1 : n;
    *first = from;
    *count = 0;
    for (int64_t i = from; step > 0 ? i < to : i > to; i += step) ++*count;
}
