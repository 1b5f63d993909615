#include "reference/reference.h"
#include "support/device_test.h"

#include <math.h>

/* Where element `out` of a view is in x: both are indices, of ranks that the view fixes. */
typedef void index_map(const void *context, const int64_t *out, int64_t *in);

static const cg_dims input_shape = {4, {2, 3, 1, 5}};

static cg_tensor *input(cg_device *dev, test_layout layout, cg_dims shape, const long double **values) {
    int64_t n = ref_count(shape.rank, shape.dim);
    int32_t *data = scratch((size_t)n * sizeof *data);
    for (int64_t i = 0; i < n; i++) data[i] = (int32_t)i + 100;
    cg_tensor *x = layout_tensor(dev, CG_I32, shape, layout, data);
    *values = to_values(CG_I32, data, n);
    return x;
}

static void check_view(const cg_tensor *view, cg_dims in, cg_dims out, const long double *values,
                       index_map *map, const void *context) {
    int64_t n = ref_count(out.rank, out.dim), from[REF_MAX_RANK], to[REF_MAX_RANK];
    long double *want = scratch((size_t)n * sizeof *want);
    for (int64_t i = 0; i < n; i++) {
        ref_unravel(i, out.rank, out.dim, to);
        map(context, to, from);
        want[i] = values[ref_ravel(in.rank, in.dim, from)];
    }
    check_equal(view, CG_I32, out, want);
}

/* context: axes[i] of the input is axis i of the output */
static void permuted(const void *context, const int64_t *out, int64_t *in) {
    const int *axes = context;
    for (int i = 0; i < 4; i++) in[axes[i]] = out[i];
}

DEVICE_TEST(small_views, permute_and_transpose) {
    static const int orders[][4] = {{0, 1, 2, 3}, {3, 2, 1, 0}, {1, 0, 3, 2}, {2, 3, 0, 1}, {0, 3, 1, 2}};
    const long double *values;
    for (int layout = 0; layout < LAYOUT_COUNT; layout++) {
        cg_tensor *x = input(dev, (test_layout)layout, input_shape, &values);
        for (int k = 0; k < 5; k++) {
            check_case("permute %d of %s", k, layout_name((test_layout)layout));
            cg_dims out = {.rank = 4};
            for (int i = 0; i < 4; i++) out.dim[i] = input_shape.dim[orders[k][i]];
            check_view(cg_permute(x, orders[k]), input_shape, out, values, permuted, orders[k]);
        }
        check_case("transpose of %s", layout_name((test_layout)layout));
        static const int swapped[] = {0, 3, 2, 1};
        check_view(cg_transpose(x, 1, -1), input_shape, (cg_dims){4, {2, 5, 1, 3}}, values, permuted,
                   swapped);
        static const int same[] = {0, 1, 2, 3};
        check_view(cg_transpose(x, 2, 2), input_shape, input_shape, values, permuted, same);
    }
}

typedef struct slicing {
    int axis;
    int64_t first, step;
} slicing;

static void sliced(const void *context, const int64_t *out, int64_t *in) {
    const slicing *s = context;
    for (int i = 0; i < 2; i++) in[i] = out[i];
    in[s->axis] = s->first + out[s->axis] * s->step;
}

/* Every bound from beyond one end to beyond the other, and none; every small step. */
DEVICE_TEST(views, slices_as_python) {
    enum { N = 5, OPEN = 9 };
    const long double *values;
    cg_dims shape = cg_shape(2, N);
    cg_tensor *x = input(dev, LAYOUT_TRANSPOSED, shape, &values);
    int stride = device_is_opencl(dev) ? 3 : 1; /* each read is a kernel there */
    for (int64_t start = -7; start <= OPEN; start += stride)
        for (int64_t stop = -7; stop <= OPEN; stop += stride)
            for (int64_t step = -3; step <= 3; step++) {
                if (step == 0 || start == 8 || stop == 8) continue;
                slicing s = {.axis = 1, .step = step};
                int64_t count;
                ref_slice(N, start != OPEN, start, stop != OPEN, stop, step, &s.first, &count);
                check_case("[%lld:%lld:%lld] of %d (9 is open)", (long long)start, (long long)stop,
                           (long long)step, N);
                cg_scope *scope = cg_scope_begin(dev);
                cg_tensor *view = cg_slice(x, -1, start == OPEN ? CG_SLICE_OPEN : start,
                                           stop == OPEN ? CG_SLICE_OPEN : stop, step);
                check_view(view, shape, cg_shape(2, count), values, sliced, &s);
                cg_scope_end(scope);
            }
    check_case("extreme bounds");
    CHECK(cg_size(cg_slice(x, 1, INT64_MIN, INT64_MAX - 1, 1), 1) == N);
    CHECK(cg_size(cg_slice(x, 1, 0, CG_SLICE_OPEN, INT64_MAX), 1) == 1);
    CHECK(cg_size(cg_slice(x, 1, CG_SLICE_OPEN, CG_SLICE_OPEN, -INT64_MAX), 1) == 1);
    CHECK(cg_size(cg_slice(x, 1, INT64_MAX - 1, INT64_MIN, -1), 1) == N);
}

static void reshaped(const void *context, const int64_t *out, int64_t *in) {
    const cg_dims *shape = context;
    ref_unravel(ref_ravel(shape->rank, shape->dim, out), input_shape.rank, input_shape.dim, in);
}

DEVICE_TEST(small_views, reshape) {
    static const cg_dims to[] = {{1, {30}}, {2, {6, 5}}, {2, {5, 6}}, {3, {1, 30, 1}}, {5, {1, 2, 3, 5, 1}}};
    const long double *values;
    for (int layout = 0; layout < LAYOUT_COUNT; layout++) {
        cg_tensor *x = input(dev, (test_layout)layout, input_shape, &values);
        for (int k = 0; k < 5; k++) {
            check_case("reshape of %s to %s", layout_name((test_layout)layout), shape_text(to[k]));
            check_view(cg_reshape(x, to[k]), input_shape, to[k], values, reshaped, &to[k]);
        }
        check_case("of %s, one axis left open", layout_name((test_layout)layout));
        cg_dims open = cg_shape(3, 10);
        check_view(cg_reshape(x, cg_shape(3, -1)), input_shape, open, values, reshaped, &open);
        cg_dims flat = cg_shape(2, 15);
        check_view(cg_flatten(x, 1, -1), input_shape, flat, values, reshaped, &flat);
    }
    check_case("empty and scalar");
    cg_tensor *empty = cg_zeros(dev, CG_F32, cg_shape(0, 3)), *scalar = cg_ones(dev, CG_F32, cg_shape());
    check_is(cg_reshape(empty, cg_shape(5, 0, 2)), CG_F32, cg_shape(5, 0, 2));
    check_is(cg_reshape(scalar, cg_shape(1, 1)), CG_F32, cg_shape(1, 1));
    check_is(cg_reshape(cg_ones(dev, CG_F32, cg_shape(1)), cg_shape()), CG_F32, cg_shape());
    check_is(cg_reshape(empty, cg_shape(-1, 3)), CG_F32, cg_shape(0, 3));
}

DEVICE_TEST(small_views, axes_of_length_one) {
    const long double *values;
    cg_tensor *x = input(dev, LAYOUT_TRANSPOSED, input_shape, &values);
    cg_dims squeezed = cg_shape(2, 3, 5), wider = cg_shape(2, 3, 1, 1, 5);
    check_view(cg_squeeze(x, 2), input_shape, squeezed, values, reshaped, &squeezed);
    check_view(cg_squeeze(x, -2), input_shape, squeezed, values, reshaped, &squeezed);
    check_view(cg_unsqueeze(x, 2), input_shape, wider, values, reshaped, &wider);
    check_is(cg_unsqueeze(x, 0), CG_I32, cg_shape(1, 2, 3, 1, 5));
    check_is(cg_unsqueeze(x, -1), CG_I32, cg_shape(2, 3, 1, 5, 1));
    check_is(cg_unsqueeze(x, 4), CG_I32, cg_shape(2, 3, 1, 5, 1));
    check_is(cg_unsqueeze(cg_ones(dev, CG_F32, cg_shape()), 0), CG_F32, cg_shape(1));
}

static void expanded(const void *context, const int64_t *out, int64_t *in) {
    (void)context;
    for (int i = 0; i < 4; i++) in[i] = input_shape.dim[i] == 1 ? 0 : out[i + 1];
}

DEVICE_TEST(small_views, expand) {
    const long double *values;
    cg_tensor *x = input(dev, LAYOUT_STEPPED, input_shape, &values);
    cg_dims out = cg_shape(4, 2, 3, 6, 5);
    cg_tensor *view = cg_expand(x, out);
    CHECK(cg_stride(view, 0) == 0 && cg_stride(view, 3) == 0 && !cg_is_contiguous(view));
    check_view(view, input_shape, out, values, expanded, NULL);
    check_is(cg_expand(cg_ones(dev, CG_F32, cg_shape(1)), cg_shape(0)), CG_F32, cg_shape(0));
}

DEVICE_TEST(small_views, copies) {
    const long double *values;
    for (int layout = 0; layout < LAYOUT_COUNT; layout++) {
        check_case("%s", layout_name((test_layout)layout));
        cg_tensor *x = input(dev, (test_layout)layout, input_shape, &values);
        cg_tensor *dense = cg_contiguous(x), *copy = cg_clone(x);
        check_equal(dense, CG_I32, input_shape, values);
        check_equal(copy, CG_I32, input_shape, values);
        CHECK(cg_is_contiguous(dense) && cg_is_contiguous(copy));
    }
    check_case("a clone has memory of its own");
    const int32_t other[3] = {7, 8, 9};
    cg_tensor *x = cg_zeros(dev, CG_I32, cg_shape(3)), *copy = cg_clone(x);
    CHECK(cg_copy_from_host(x, other, sizeof other) == CG_OK);
    check_equal(copy, CG_I32, cg_shape(3), (long double[]){0, 0, 0});
}

DEVICE_TEST(small_views, flip_and_moveaxis) {
    cg_tensor *x = cg_reshape(cg_arange(dev, CG_I32, 0, 6, 1), cg_shape(2, 3));
    check_equal(cg_flip(x, cg_axes(0)), CG_I32, cg_shape(2, 3), (long double[]){3, 4, 5, 0, 1, 2});
    check_equal(cg_flip(x, CG_ALL_AXES), CG_I32, cg_shape(2, 3), (long double[]){5, 4, 3, 2, 1, 0});
    check_same_bits(cg_flip(cg_flip(x, cg_axes(-1)), cg_axes(1)), x);
    check_same_bits(cg_flip(x, cg_axes()), x);
    const long double *values;
    cg_tensor *y = input(dev, LAYOUT_STEPPED, input_shape, &values);
    for (int from = 0; from < 4; from++)
        for (int to = -4; to < 4; to++) {
            check_case("moveaxis %d to %d", from, to);
            int axes[4], place = to < 0 ? to + 4 : to, next = 0;
            for (int i = 0; i < 4; i++) { /* the others keep their order */
                if (next == from) next++;
                axes[i] = i == place ? from : next++;
            }
            check_same_bits(cg_moveaxis(y, from, to), cg_permute(y, axes));
            check_same_bits(cg_moveaxis(cg_moveaxis(y, from, to), to, from), y);
        }
}

/* A view makes no copy: nothing is launched and nothing allocated. */
DEVICE_TEST(small_views, cost_nothing) {
    cg_tensor *x = cg_eval(cg_ones(dev, CG_F32, cg_shape(2, 3, 4)));
    cg_device_stats before = cg_device_statistics(dev);
    cg_tensor *y = cg_permute(x, (const int[]){2, 0, 1});
    y = cg_slice(cg_unsqueeze(cg_transpose(y, 0, 1), 0), 1, CG_SLICE_OPEN, CG_SLICE_OPEN, -1);
    y = cg_expand(cg_squeeze(y, 0), cg_shape(5, 2, 4, 3));
    y = cg_moveaxis(cg_diagonal(cg_flip(y, cg_axes(0, -1)), 1, 1, 2), 0, -1);
    CHECK(y != NULL && cg_reshape(x, cg_shape(6, 4)) != NULL && cg_flatten(x, 0, 2) != NULL);
    cg_device_stats after = cg_device_statistics(dev);
    CHECK(after.launches == before.launches && after.bytes_in_use == before.bytes_in_use);
}

DEVICE_TEST(small_views, refusals) {
    cg_tensor *x = cg_zeros(dev, CG_F32, cg_shape(2, 3));
    CHECK_FAILS(dev, cg_transpose(x, 0, 2), CG_ERROR_ARGUMENT, "transpose", "(2, 3)");
    CHECK_FAILS(dev, cg_permute(x, (const int[]){0, 0}), CG_ERROR_ARGUMENT, "permute");
    CHECK_FAILS(dev, cg_permute(x, (const int[]){0, 5}), CG_ERROR_ARGUMENT, "permute");
    CHECK_FAILS(dev, cg_moveaxis(x, 0, 2), CG_ERROR_ARGUMENT, "moveaxis", "axis 2", "(2, 3)");
    CHECK_FAILS(dev, cg_moveaxis(x, -3, 0), CG_ERROR_ARGUMENT, "moveaxis");
    CHECK_FAILS(dev, cg_flip(x, cg_axes(2)), CG_ERROR_ARGUMENT, "flip", "(2, 3)");
    CHECK_FAILS(dev, cg_flip(x, cg_axes(0, -2)), CG_ERROR_ARGUMENT, "flip");
    CHECK_FAILS(dev, cg_reshape(x, cg_shape(4)), CG_ERROR_SHAPE, "reshape", "(2, 3)", "(4,)");
    CHECK_FAILS(dev, cg_reshape(x, cg_shape(-1, -1)), CG_ERROR_SHAPE, "reshape");
    CHECK_FAILS(dev, cg_reshape(x, cg_shape(-1, 4)), CG_ERROR_SHAPE, "reshape");
    CHECK_FAILS(dev, cg_reshape(x, cg_shape(-2, -3)), CG_ERROR_SHAPE, "reshape");
    CHECK_FAILS(dev, cg_reshape(cg_zeros(dev, CG_F32, cg_shape(0)), cg_shape(0, -1)), CG_ERROR_SHAPE,
                "reshape");
    CHECK_FAILS(dev, cg_flatten(x, 1, 0), CG_ERROR_ARGUMENT, "flatten");
    CHECK_FAILS(dev, cg_squeeze(x, 0), CG_ERROR_SHAPE, "squeeze", "(2, 3)");
    CHECK_FAILS(dev, cg_squeeze(x, 4), CG_ERROR_ARGUMENT, "squeeze");
    CHECK_FAILS(dev, cg_unsqueeze(x, 4), CG_ERROR_ARGUMENT, "unsqueeze");
    CHECK_FAILS(dev, cg_expand(x, cg_shape(2, 4)), CG_ERROR_SHAPE, "expand", "(2, 3)", "(2, 4)");
    CHECK_FAILS(dev, cg_expand(x, cg_shape(3)), CG_ERROR_SHAPE, "expand");
    CHECK_FAILS(dev, cg_slice(x, 0, 0, 1, 0), CG_ERROR_ARGUMENT, "slice: step 0 along axis 0 of (2, 3)");
    CHECK_FAILS(dev, cg_slice(x, 2, 0, 1, 1), CG_ERROR_ARGUMENT, "slice");
    cg_tensor *deep = cg_zeros(dev, CG_F32, (cg_dims){8, {1, 1, 1, 1, 1, 1, 1, 1}});
    CHECK_FAILS(dev, cg_unsqueeze(deep, 0), CG_ERROR_ARGUMENT, "unsqueeze");
    check_case("NULL in, NULL out");
    CHECK(!cg_transpose(NULL, 0, 1) && !cg_permute(NULL, (const int[]){0}) && !cg_reshape(NULL, cg_shape(1)));
    CHECK(!cg_flatten(NULL, 0, 1) && !cg_squeeze(NULL, 0) && !cg_unsqueeze(NULL, 0) && !cg_clone(NULL));
    CHECK(!cg_flip(NULL, CG_ALL_AXES) && !cg_moveaxis(NULL, 0, 0));
    CHECK(!cg_expand(NULL, cg_shape(1)) && !cg_slice(NULL, 0, 0, 1, 1) && !cg_contiguous(NULL));
}
