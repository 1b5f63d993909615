#include "reference/reference.h"
#include "support/device_test.h"

#include <math.h>

static void run_select(cg_device *dev, cg_dtype t, cg_dims shape, int axis, test_layout layout,
                       cg_dtype index_type, int64_t n, uint64_t seed) {
    check_case("%s %s axis %d, %lld indices of %s, %s, seed %llu", cg_dtype_name(t), shape_text(shape), axis,
               (long long)n, cg_dtype_name(index_type), layout_name(layout), (unsigned long long)seed);
    int64_t count = ref_count(shape.rank, shape.dim), length = shape.dim[axis], from[REF_MAX_RANK];
    void *data = random_values(t, count, 0, 100, &seed);
    void *index = random_values(index_type, n, (double)-length, (double)length - 1, &seed);
    cg_tensor *x = layout_tensor(dev, t, shape, layout, data);
    const long double *values = to_values(t, data, count), *picks = to_values(index_type, index, n);
    cg_dims out = shape;
    out.dim[axis] = n;
    int64_t total = ref_count(out.rank, out.dim);
    long double *want = scratch((size_t)total * sizeof *want);
    for (int64_t i = 0; i < total; i++) {
        ref_unravel(i, out.rank, out.dim, from);
        int64_t pick = (int64_t)picks[from[axis]];
        from[axis] = pick < 0 ? pick + length : pick;
        want[i] = values[ref_ravel(shape.rank, shape.dim, from)];
    }
    cg_tensor *picked = cg_from_host(dev, index_type, cg_shape(n), index);
    check_equal(cg_index_select(x, axis, picked), t, out, want);
    check_equal(cg_index_select(x, axis - shape.rank, picked), t, out, want);
}

DEVICE_TEST_ONCE(small_index_select, every_axis) {
    static const cg_dims shapes[] = {{1, {5}}, {2, {4, 3}}, {3, {2, 5, 3}}, {3, {1, 7, 1}}, {2, {67, 65}}};
    static const cg_dtype types[] = {CG_F32, CG_I64, CG_U8, CG_F64, CG_I32, CG_BOOL};
    uint64_t turn = 0;
    for (int s = 0; s < 5; s++)
        for (int axis = 0; axis < shapes[s].rank; axis++)
            for (int n = 0; n < 9; n += 4, turn++) {
                cg_dtype t = types[turn % 6];
                if (t == CG_F64 && !cg_device_properties(dev)->has_f64) continue;
                test_layout layout = (test_layout)(turn % LAYOUT_COUNT);
                if (!layout_fits(layout, shapes[s])) layout = LAYOUT_CONTIGUOUS;
                run_select(dev, t, shapes[s], axis, layout, turn % 2 ? CG_I32 : CG_I64, n, turn + 1);
            }
}

/* The device cannot report back: out of range is NaN for reals, else 0, and no other memory is read. */
DEVICE_TEST(small_index_select, out_of_range) {
    const long double n = (long double)NAN;
    cg_tensor *f = cg_from_f32(dev, cg_shape(2, 2), (const float[]){1, 2, 3, 4});
    cg_tensor *i = cg_from_i32(dev, cg_shape(3), (const int32_t[]){7, 8, 9});
    cg_tensor *index = cg_from_i64(dev, cg_shape(6), (const int64_t[]){0, 2, -2, -3, INT64_MAX, INT64_MIN});
    check_equal(cg_index_select(f, 1, index), CG_F32, cg_shape(2, 6),
                (long double[]){1, n, 1, n, n, n, 3, n, 3, n, n, n});
    cg_tensor *other = cg_from_i32(dev, cg_shape(4), (const int32_t[]){2, 3, -3, -4});
    check_equal(cg_index_select(i, 0, other), CG_I32, cg_shape(4), (long double[]){9, 0, 7, 0});
}

DEVICE_TEST(small_index_select, one_hot) {
    const int32_t labels[] = {2, 0, -1, 3, 1};
    const long double want[] = {0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0};
    static const cg_dtype types[] = {CG_F32, CG_I32, CG_U8, CG_BOOL, CG_I64};
    cg_tensor *x = cg_from_i32(dev, cg_shape(5), labels);
    for (int t = 0; t < 5; t++) check_equal(cg_one_hot(x, 3, types[t]), types[t], cg_shape(5, 3), want);
    check_equal(cg_one_hot(cg_slice(x, 0, CG_SLICE_OPEN, CG_SLICE_OPEN, -3), 2, CG_F32), CG_F32,
                cg_shape(2, 2), (long double[]){0, 1, 1, 0});
    check_is(cg_one_hot(x, 0, CG_F32), CG_F32, cg_shape(5, 0));
    check_case("labels of any rank");
    check_equal(cg_one_hot(cg_from_i32(dev, cg_shape(), (const int32_t[]){1}), 2, CG_I32), CG_I32,
                cg_shape(2), (long double[]){0, 1});
    check_is(cg_one_hot(cg_zeros(dev, CG_I64, cg_shape(2, 0)), 3, CG_F32), CG_F32, cg_shape(2, 0, 3));
    cg_tensor *u = cg_from_u8(dev, cg_shape(2), (const uint8_t[]){1, 255});
    check_equal(cg_one_hot(u, 2, CG_F32), CG_F32, cg_shape(2, 2), (long double[]){0, 1, 0, 0});
}

DEVICE_TEST(small_index_select, refusals) {
    cg_tensor *x = cg_zeros(dev, CG_F32, cg_shape(2, 3)), *i = cg_zeros(dev, CG_I32, cg_shape(2));
    CHECK_FAILS(dev, cg_index_select(x, 2, i), CG_ERROR_ARGUMENT, "index_select", "(2, 3)");
    CHECK(cg_index_select(x, 0, x) == NULL && cg_error_code(dev) != CG_OK);
    cg_error_clear(dev);
    CHECK(cg_index_select(x, 0, cg_zeros(dev, CG_I32, cg_shape(2, 2))) == NULL);
    check_error(dev, CG_ERROR_SHAPE, "index_select", "(2, 2)", NULL);
    CHECK(cg_one_hot(cg_zeros(dev, CG_F32, cg_shape(2)), 3, CG_F32) == NULL && cg_error_code(dev) != CG_OK);
    cg_error_clear(dev);
    CHECK_FAILS(dev, cg_one_hot(cg_zeros(dev, CG_I32, (cg_dims){8, {1, 1, 1, 1, 1, 1, 1, 1}}), 2, CG_F32),
                CG_ERROR_SHAPE, "one_hot");
    CHECK(cg_one_hot(i, -1, CG_F32) == NULL && cg_error_code(dev) != CG_OK);
    cg_error_clear(dev);
    CHECK(!cg_index_select(NULL, 0, i) && !cg_index_select(x, 0, NULL) && !cg_one_hot(NULL, 3, CG_F32));
}
