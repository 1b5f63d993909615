#include "support/layouts.h"

#include "reference/reference.h"
#include "support/check.h"

#include <string.h>

static const char *const names[LAYOUT_COUNT] = {
    [LAYOUT_CONTIGUOUS] = "contiguous", [LAYOUT_TRANSPOSED] = "transposed", [LAYOUT_STEPPED] = "stepped",
    [LAYOUT_REVERSED] = "reversed",     [LAYOUT_EXPANDED] = "expanded",     [LAYOUT_OFFSET] = "offset",
};

const char *layout_name(test_layout layout) { return names[layout]; }

bool layout_fits(test_layout layout, cg_dims shape) {
    return layout == LAYOUT_CONTIGUOUS || shape.rank >= (layout == LAYOUT_TRANSPOSED ? 2 : 1);
}

enum { OFFSET = 3, STEP = 2 };

static void swap(int64_t *a, int64_t *b) {
    int64_t old = *a;
    *a = *b;
    *b = old;
}

/* The array in memory that the layout is a view of. */
static cg_dims base_shape(test_layout layout, cg_dims shape) {
    int last = shape.rank - 1;
    if (layout == LAYOUT_TRANSPOSED) swap(&shape.dim[last], &shape.dim[last - 1]);
    if (layout == LAYOUT_STEPPED) shape.dim[last] *= STEP;
    if (layout == LAYOUT_EXPANDED && shape.dim[0] > 0) shape.dim[0] = 1;
    if (layout == LAYOUT_OFFSET) shape.dim[0] += OFFSET;
    return shape;
}

static void to_base_index(test_layout layout, cg_dims shape, int64_t *index) {
    int last = shape.rank - 1;
    switch (layout) {
    case LAYOUT_TRANSPOSED:
        swap(&index[last], &index[last - 1]);
        break;
    case LAYOUT_STEPPED:
        index[last] *= STEP;
        break;
    case LAYOUT_REVERSED:
        index[0] = shape.dim[0] - 1 - index[0];
        break;
    case LAYOUT_EXPANDED:
        index[0] = 0;
        break;
    case LAYOUT_OFFSET:
        index[0] += OFFSET;
        break;
    case LAYOUT_CONTIGUOUS:
    case LAYOUT_COUNT:
        break;
    }
}

static cg_tensor *base_view(test_layout layout, cg_dims shape, cg_tensor *base) {
    switch (layout) {
    case LAYOUT_TRANSPOSED:
        return cg_transpose(base, -1, -2);
    case LAYOUT_STEPPED:
        return cg_slice(base, -1, 0, CG_SLICE_OPEN, STEP);
    case LAYOUT_REVERSED:
        return cg_slice(base, 0, CG_SLICE_OPEN, CG_SLICE_OPEN, -1);
    case LAYOUT_EXPANDED:
        return cg_expand(base, shape);
    case LAYOUT_OFFSET:
        return cg_slice(base, 0, OFFSET, CG_SLICE_OPEN, 1);
    case LAYOUT_CONTIGUOUS:
    case LAYOUT_COUNT:
        break;
    }
    return base;
}

cg_tensor *layout_tensor(cg_device *dev, cg_dtype dtype, cg_dims shape, test_layout layout, void *data) {
    size_t size = cg_dtype_size(dtype);
    cg_dims base = base_shape(layout, shape);
    int64_t n = ref_count(shape.rank, shape.dim), base_n = ref_count(base.rank, base.dim);
    unsigned char *memory = scratch((size_t)base_n * size), *values = data;
    memset(memory, 1, (size_t)base_n * size); /* what lies between is no special value of any dtype */
    int64_t row = layout == LAYOUT_EXPANDED && shape.dim[0] > 0 ? n / shape.dim[0] : n;
    for (int64_t i = row; i < n; i++)
        memcpy(values + (size_t)i * size, values + (size_t)(i % row) * size, size);
    for (int64_t i = 0; i < n; i++) {
        int64_t index[CG_MAX_RANK];
        ref_unravel(i, shape.rank, shape.dim, index);
        to_base_index(layout, shape, index);
        memcpy(memory + (size_t)ref_ravel(base.rank, base.dim, index) * size, values + (size_t)i * size,
               size);
    }
    return base_view(layout, shape, cg_from_host(dev, dtype, base, memory));
}

static const cg_dims shapes[] = {
    {0, {0}},
    {1, {0}},
    {1, {1}},
    {1, {7}},
    {1, {63}},
    {1, {64}},
    {1, {65}},
    {1, {1023}},
    {1, {1025}},
    {2, {1, 1}},
    {2, {3, 5}},
    {2, {65, 17}},
    {2, {1, 129}},
    {2, {131, 1}},
    {3, {4, 0, 3}},
    {3, {3, 5, 7}},
    {3, {2, 33, 4}},
    {4, {2, 1, 4, 3}},
    {4, {3, 2, 5, 2}},
    {5, {2, 3, 1, 2, 3}},
    {5, {2, 2, 3, 2, 5}},
};

int test_shape_count(void) { return sizeof shapes / sizeof *shapes; }

cg_dims test_shape(int i) { return shapes[i]; }
