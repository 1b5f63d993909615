#include "reference/reference.h"
#include "support/device_test.h"

#include <math.h>

DEVICE_TEST(small_losses, mse) {
    cg_tensor *y = cg_from_f32(dev, cg_shape(2, 2), (const float[]){1, 2, 3, 4});
    cg_tensor *t = cg_from_f32(dev, cg_shape(2), (const float[]){1, 4});
    check_equal(cg_mse_loss(y, t, CG_NONE), CG_F32, cg_shape(2, 2), (long double[]){0, 4, 4, 0});
    check_equal(cg_mse_loss(y, t, CG_SUM), CG_F32, cg_shape(), (long double[]){8});
    check_equal(cg_mse_loss(y, t, CG_MEAN), CG_F32, cg_shape(), (long double[]){2});
    cg_tensor *i = cg_from_i32(dev, cg_shape(2), (const int32_t[]){3, 7});
    check_equal(cg_mse_loss(i, i, CG_MEAN), CG_F32, cg_shape(), (long double[]){0});
    check_equal(cg_mse_loss(cg_slice(i, 0, 0, 1, 1), cg_slice(i, 0, 1, 2, 1), CG_SUM), CG_F32, cg_shape(),
                (long double[]){16});
    CHECK_FAILS(dev, cg_mse_loss(y, cg_zeros(dev, CG_F32, cg_shape(3)), CG_MEAN), CG_ERROR_SHAPE, "(2, 2)",
                "(3,)");
    CHECK(!cg_mse_loss(NULL, t, CG_MEAN) && !cg_mse_loss(y, NULL, CG_MEAN) && cg_error_code(dev) == CG_OK);
}

static const cg_dtype label_types[] = {CG_I32, CG_I64, CG_U8};

static void run_cross_entropy(cg_device *dev, cg_dtype t, int64_t rows, int64_t classes, test_layout layout,
                              uint64_t seed) {
    cg_scope *scope = cg_scope_begin(dev);
    cg_dtype label_type = label_types[seed % 3];
    check_case("%s logits (%lld, %lld) %s, labels %s, seed %llu", cg_dtype_name(t), (long long)rows,
               (long long)classes, layout_name(layout), cg_dtype_name(label_type), (unsigned long long)seed);
    void *data = random_values(t, rows * classes, -6, 6, &seed);
    void *labels = random_values(label_type, rows, 0, (double)(classes < 200 ? classes : 200) - 1, &seed);
    cg_tensor *x = layout_tensor(dev, t, cg_shape(rows, classes), layout, data);
    cg_require_grad(x = cg_clone(x), true);
    cg_tensor *y = cg_from_host(dev, label_type, cg_shape(rows), labels);
    const long double *in = to_values(t, data, rows * classes), *label = to_values(label_type, labels, rows);
    long double *want = scratch((size_t)rows * sizeof *want), *scale = scratch((size_t)rows * sizeof *scale);
    long double *grad = scratch((size_t)(rows * classes) * sizeof *grad), total = 0;
    for (int64_t r = 0; r < rows; r++) {
        want[r] = ref_cross_entropy(classes, in + r * classes, (int64_t)label[r]);
        scale[r] = 6 + log2l((long double)classes);
        total += want[r];
        ref_softmax(false, classes, 1, in + r * classes, grad + r * classes);
        grad[r * classes + (int64_t)label[r]] -= 1;
    }
    check_within(cg_cross_entropy(x, y, CG_NONE), t, cg_shape(rows), want, 4 + log2((double)classes), scale);
    cg_tensor *sum = cg_cross_entropy(x, y, CG_SUM);
    long double size = (long double)rows * scale[0];
    check_within(sum, t, cg_shape(), &total, 4 + log2((double)(rows * classes)), &size);
    CHECK(cg_backward(sum) == CG_OK);
    check_within(cg_grad_of(x), t, cg_shape(rows, classes), grad, 32, NULL);
    cg_scope_end(scope);
    scratch_free_all();
}

DEVICE_TEST(small_losses, cross_entropy) {
    static const int64_t sizes[][2] = {{1, 1},   {1, 2},   {3, 10},   {64, 10},
                                       {65, 17}, {5, 257}, {2, 1031}, {131, 3}};
    uint64_t seed = 1;
    for (int i = 0; i < 8; i++)
        for (int layout = 0; layout < LAYOUT_COUNT; layout++, seed++) {
            if (device_is_opencl(dev) && (i + layout) % 3) continue;
            if (layout == LAYOUT_EXPANDED && i % 2) continue;
            run_cross_entropy(dev, CG_F32, sizes[i][0], sizes[i][1], (test_layout)layout, seed);
            if (cg_device_properties(dev)->has_f64 && layout == 0)
                run_cross_entropy(dev, CG_F64, sizes[i][0], sizes[i][1], (test_layout)layout, seed);
        }
}

DEVICE_TEST(small_losses, cross_entropy_extremes) {
    const float data[] = {1e30f, -1e30f, 0, 1000, -1000, 0, -INFINITY, 0, 0, 0, 0, 0};
    const int32_t labels[] = {0, 0, 1, 5};
    cg_tensor *x = cg_require_grad(cg_from_f32(dev, cg_shape(4, 3), data), true);
    cg_tensor *loss = cg_cross_entropy(x, cg_from_i32(dev, cg_shape(4), labels), CG_NONE);
    check_case("huge logits, -inf, a label out of range");
    check_ulp(loss, CG_F32, cg_shape(4), (long double[]){0, 0, logl(2), (long double)NAN}, 4);
    check_case("a negative label");
    cg_tensor *bad = cg_from_i32(dev, cg_shape(4), (const int32_t[]){-1, 0, 0, 0});
    const long double *got = read_values(cg_cross_entropy(x, bad, CG_NONE));
    CHECK(got && isnan(got[0]) && !isnan(got[1]));
    check_case("no rows");
    cg_tensor *none =
        cg_cross_entropy(cg_zeros(dev, CG_F32, cg_shape(0, 3)), cg_zeros(dev, CG_I32, cg_shape(0)), CG_SUM);
    check_equal(none, CG_F32, cg_shape(), (long double[]){0});
}

DEVICE_TEST(small_losses, cross_entropy_refusals) {
    cg_tensor *x = cg_zeros(dev, CG_F32, cg_shape(2, 3)), *y = cg_zeros(dev, CG_I32, cg_shape(2));
    CHECK_FAILS(dev, cg_cross_entropy(x, cg_zeros(dev, CG_I32, cg_shape(3)), CG_MEAN), CG_ERROR_SHAPE,
                "cross_entropy", "(2, 3)", "(3,)");
    CHECK_FAILS(dev, cg_cross_entropy(y, y, CG_MEAN), CG_ERROR_SHAPE, "cross_entropy");
    CHECK_FAILS(dev, cg_cross_entropy(x, cg_zeros(dev, CG_F32, cg_shape(2)), CG_MEAN), CG_ERROR_DTYPE,
                "cross_entropy", "f32");
    CHECK(!cg_cross_entropy(NULL, y, CG_MEAN) && !cg_cross_entropy(x, NULL, CG_MEAN));
}
