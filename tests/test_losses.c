#include "reference/reference.h"
#include "support/device_test.h"
#include "support/gradients.h"

#include <math.h>

COMPOSED_TEST(small_losses, mse) {
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

/* --- distances ------------------------------------------------------------------------------------------- */

/* MAE is the mean absolute and MSE the mean squared error: the pseudocode paper swaps the two descriptions. */
COMPOSED_TEST(small_losses, absolute_is_not_squared) {
    cg_tensor *y = cg_from_f32(dev, cg_shape(3), (const float[]){1, 5, -2});
    cg_tensor *t = cg_from_f32(dev, cg_shape(3), (const float[]){4, 5, -8});
    check_equal(cg_mae_loss(y, t, CG_MEAN), CG_F32, cg_shape(), (long double[]){3});
    check_equal(cg_mse_loss(y, t, CG_MEAN), CG_F32, cg_shape(), (long double[]){15});
}

COMPOSED_TEST(small_losses, kinks) {
    const cg_dims shape = cg_shape(6);
    cg_tensor *y = cg_require_grad(cg_from_f32(dev, shape, (const float[]){0, 1, -1, 2, -2, 0.5f}), true);
    cg_tensor *zero = cg_zeros(dev, CG_F32, shape), *one = cg_ones(dev, CG_F32, shape);
    check_case("mae");
    check_equal(gradient_of(cg_mae_loss(y, zero, CG_NONE), y, true), CG_F32, shape,
                (long double[]){0, 1, -1, 1, -1, 1});
    check_case("huber at 0 and at delta");
    cg_tensor *slope = gradient_of(cg_huber_loss(y, zero, CG_NONE, 1), y, true);
    check_equal(slope, CG_F32, shape, (long double[]){0, 1, -1, 1, -1, 0.5L});
    const long double *bend = read_values(gradient_of(slope, y, true));
    CHECK(bend && bend[0] == 1 && bend[5] == 1 && bend[3] == 0);
    check_case("smooth L1 at 0 and at beta");
    slope = gradient_of(cg_smooth_l1_loss(y, zero, CG_NONE, 2), y, true);
    check_equal(slope, CG_F32, shape, (long double[]){0, 0.5L, -0.5L, 1, -1, 0.25L});
    check_case("smooth L1 with a beta of 0 or too small to divide by");
    check_equal(cg_smooth_l1_loss(y, zero, CG_NONE, 0), CG_F32, shape, (long double[]){0, 1, 1, 2, 2, 0.5L});
    check_equal(cg_smooth_l1_loss(y, zero, CG_NONE, 1e-60), CG_F32, shape,
                (long double[]){0, 1, 1, 2, 2, 0.5L});
    check_case("hinge, where the margin is met");
    check_equal(gradient_of(cg_hinge_loss(y, one, CG_NONE), y, true), CG_F32, shape,
                (long double[]){-1, 0, -1, 0, -1, -1});
}

COMPOSED_TEST(small_losses, distance_refusals) {
    cg_tensor *y = cg_zeros(dev, CG_F32, cg_shape(2, 2)), *three = cg_zeros(dev, CG_F32, cg_shape(3));
    CHECK_FAILS(dev, cg_mae_loss(y, three, CG_MEAN), CG_ERROR_SHAPE, "mae_loss", "(2, 2)", "(3,)");
    CHECK_FAILS(dev, cg_hinge_loss(y, three, CG_SUM), CG_ERROR_SHAPE, "hinge_loss", "(2, 2)", "(3,)");
    CHECK_FAILS(dev, cg_kl_div_loss(y, three, CG_NONE), CG_ERROR_SHAPE, "kl_div_loss", "(2, 2)", "(3,)");
    CHECK_FAILS(dev, cg_huber_loss(y, three, CG_MEAN, 1), CG_ERROR_SHAPE, "huber_loss", "(2, 2)", "(3,)");
    CHECK_FAILS(dev, cg_huber_loss(y, y, CG_MEAN, 0), CG_ERROR_ARGUMENT, "huber_loss", "delta", "0");
    CHECK_FAILS(dev, cg_huber_loss(y, y, CG_MEAN, (double)NAN), CG_ERROR_ARGUMENT, "huber_loss", "delta");
    CHECK_FAILS(dev, cg_smooth_l1_loss(y, three, CG_MEAN, 1), CG_ERROR_SHAPE, "smooth_l1_loss", "(2, 2)");
    CHECK_FAILS(dev, cg_smooth_l1_loss(y, y, CG_MEAN, -1), CG_ERROR_ARGUMENT, "smooth_l1_loss", "beta", "-1");
    CHECK(!cg_mae_loss(NULL, y, CG_MEAN) && !cg_huber_loss(y, NULL, CG_MEAN, 0) &&
          !cg_smooth_l1_loss(NULL, y, CG_MEAN, -1) && !cg_hinge_loss(y, NULL, CG_NONE) &&
          !cg_kl_div_loss(NULL, NULL, CG_SUM));
}

/* --- two classes ------------------------------------------------------------------------------------------- */

static const cg_binary_cross_entropy_options plain = {.weight = NULL};

COMPOSED_TEST(small_losses, certain_probabilities) {
    const cg_dims shape = cg_shape(5);
    cg_tensor *p = cg_require_grad(cg_from_f32(dev, shape, (const float[]){0, 0, 1, 1, 1e-30f}), true);
    cg_tensor *t = cg_from_i32(dev, shape, (const int32_t[]){0, 1, 0, 1, 0});
    cg_tensor *loss = cg_binary_cross_entropy(p, t, CG_NONE);
    check_ulp(loss, CG_F32, shape, (long double[]){0, 100, 100, 0, 1e-30L}, 2);
    cg_tensor *slope = gradient_of(loss, p, true);
    check_ulp(slope, CG_F32, shape, (long double[]){1, -1e12L, 1e12L, -1, 1}, 2);
    check_case("second derivative");
    const long double *bend = read_values(gradient_of(slope, p, true));
    for (int i = 0; bend && i < 5; i++) CHECK_MSG(isfinite(bend[i]), "element %d is %Lg", i, bend[i]);
    check_case("no probability");
    const long double *wrong =
        read_values(cg_binary_cross_entropy(cg_from_f32(dev, cg_shape(2), (const float[]){-0.5f, 1.5f}),
                                            cg_zeros(dev, CG_F32, cg_shape(2)), CG_NONE));
    CHECK(wrong && isnan(wrong[0]) && isnan(wrong[1]));
}

COMPOSED_TEST(small_losses, certain_logits) {
    const cg_dims shape = cg_shape(6);
    cg_tensor *x =
        cg_require_grad(cg_from_f32(dev, shape, (const float[]){1e4f, 1e4f, -1e4f, -1e4f, 20, -20}), true);
    cg_tensor *t = cg_from_f32(dev, shape, (const float[]){1, 0, 1, 0, 1, 0});
    cg_tensor *loss = cg_binary_cross_entropy_with_logits(x, t, CG_NONE, plain);
    check_ulp(loss, CG_F32, shape, (long double[]){0, 1e4L, 1e4L, 0, log1pl(expl(-20)), log1pl(expl(-20))},
              4);
    check_ulp(gradient_of(loss, x, true), CG_F32, shape,
              (long double[]){0, 1, -1, 0, -1 / (1 + expl(20)), 1 / (1 + expl(20))}, 8);
}

COMPOSED_TEST(small_losses, binary_refusals) {
    cg_tensor *x = cg_zeros(dev, CG_F32, cg_shape(4, 1)), *t = cg_zeros(dev, CG_F32, cg_shape(4));
    cg_binary_cross_entropy_options wide = {.weight = cg_zeros(dev, CG_F32, cg_shape(2, 4))},
                                    long_pos = {.pos_weight = cg_zeros(dev, CG_F32, cg_shape(3))};
    CHECK_FAILS(dev, cg_binary_cross_entropy(x, t, CG_MEAN), CG_ERROR_SHAPE, "binary_cross_entropy", "(4, 1)",
                "(4,)");
    CHECK_FAILS(dev, cg_binary_cross_entropy_with_logits(x, t, CG_MEAN, plain), CG_ERROR_SHAPE,
                "binary_cross_entropy_with_logits", "(4, 1)", "(4,)");
    CHECK_FAILS(dev, cg_binary_cross_entropy_with_logits(t, t, CG_MEAN, wide), CG_ERROR_SHAPE, "weight",
                "(2, 4)", "(4,)");
    CHECK_FAILS(dev, cg_binary_cross_entropy_with_logits(t, t, CG_MEAN, long_pos), CG_ERROR_SHAPE,
                "pos_weight", "(3,)", "(4,)");
    CHECK(!cg_binary_cross_entropy(NULL, t, CG_MEAN) && !cg_binary_cross_entropy(t, NULL, CG_MEAN) &&
          !cg_binary_cross_entropy_with_logits(NULL, t, CG_MEAN, plain));
}

/* --- 0 log 0 ----------------------------------------------------------------------------------------------- */

COMPOSED_TEST(small_losses, nothing_expected_of_the_impossible) {
    const cg_dims shape = cg_shape(4);
    cg_tensor *x =
        cg_require_grad(cg_from_f32(dev, shape, (const float[]){-INFINITY, -INFINITY, NAN, -1}), true);
    cg_tensor *t = cg_require_grad(cg_from_f32(dev, shape, (const float[]){0, 0.5f, 0, 1}), true);
    cg_tensor *loss = cg_kl_div_loss(x, t, CG_NONE);
    check_equal(loss, CG_F32, shape, (long double[]){0, (long double)INFINITY, (long double)NAN, 1});
    const long double *slope = read_values(gradient_of(loss, x, true));
    CHECK(slope && slope[0] == 0 && slope[1] == -0.5L && slope[3] == -1);
    slope = read_values(gradient_of(cg_kl_div_loss(x, t, CG_NONE), t, true));
    CHECK(slope && !isnan(slope[0]) && slope[3] == 2);
}

/* --- launches: a loss of elements is one program under one reduction -------------------------------------- */

/* The work that a call has asked for when nobody has read its result yet. */
static void check_one_reduction(cg_device *dev, const cg_device_stats *before, const cg_tensor *loss,
                                const char *name) {
    cg_device_stats after = cg_device_statistics(dev);
    check_case("work of %s", name);
    CHECK(loss != NULL);
    CHECK_MSG(after.work[CG_WORK_REDUCE] == before->work[CG_WORK_REDUCE] + 1, "%d reductions",
              (int)(after.work[CG_WORK_REDUCE] - before->work[CG_WORK_REDUCE]));
    CHECK_MSG(after.work[CG_WORK_MAP] == before->work[CG_WORK_MAP], "%d maps",
              (int)(after.work[CG_WORK_MAP] - before->work[CG_WORK_MAP]));
    CHECK(after.downloads == before->downloads && after.uploads == before->uploads);
}

#define ONE_REDUCTION(call)                                                                                  \
    do {                                                                                                     \
        cg_device_stats before = cg_device_statistics(dev);                                                  \
        check_one_reduction(dev, &before, call, #call);                                                      \
    } while (0)

static void call_each(cg_device *dev) {
    const float data[12] = {0.1f, 0.2f, 0.3f, 0.4f, 0.5f, 0.6f, 0.7f, 0.8f, 0.9f, 0.25f, 0.5f, 0.75f};
    cg_tensor *x = cg_require_grad(cg_from_f32(dev, cg_shape(3, 4), data), true);
    cg_tensor *row = cg_from_f32(dev, cg_shape(4), data), *t = cg_from_f32(dev, cg_shape(3, 4), data);
    cg_tensor *whole = cg_from_i32(dev, cg_shape(3, 4), (const int32_t[12]){1, 0, 1});
    cg_binary_cross_entropy_options weights = {.weight = row, .pos_weight = row};
    ONE_REDUCTION(cg_mae_loss(x, row, CG_MEAN));
    ONE_REDUCTION(cg_mse_loss(x, row, CG_MEAN));
    ONE_REDUCTION(cg_huber_loss(x, row, CG_MEAN, 0.5));
    ONE_REDUCTION(cg_smooth_l1_loss(x, row, CG_MEAN, 0.5));
    ONE_REDUCTION(cg_hinge_loss(x, whole, CG_MEAN));
    ONE_REDUCTION(cg_kl_div_loss(x, row, CG_MEAN));
    ONE_REDUCTION(cg_binary_cross_entropy(x, t, CG_MEAN));
    ONE_REDUCTION(cg_binary_cross_entropy_with_logits(x, whole, CG_MEAN, weights));
    ONE_REDUCTION(cg_mae_loss(cg_sigmoid(cg_mul(x, 2)), t, CG_MEAN)); /* what is pending joins */
}

COMPOSED_TEST(losses, one_reduction) {
    cg_device *fused = target_open_again(dev, true);
    if (!fused) return;
    cg_scope *scope = cg_scope_begin(fused);
    call_each(fused);
    cg_scope_end(scope);
    cg_device_close(fused);
}

/* --- softmax and cross-entropy ------------------------------------------------------------------------------ */

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

DEVICE_TEST_ONCE(small_losses, cross_entropy) {
    static const int64_t sizes[][2] = {{1, 1},   {1, 2},   {3, 10},   {64, 10},
                                       {65, 17}, {5, 257}, {2, 1031}, {131, 3}};
    uint64_t seed = 1;
    for (int i = 0; i < 8; i++)
        for (int layout = 0; layout < LAYOUT_COUNT; layout++, seed++) {
            if (device_is_opencl(dev) && (i + layout) % (device_is_slow(dev) ? 7 : 3)) continue;
            if (layout == LAYOUT_EXPANDED && i % 2) continue;
            run_cross_entropy(dev, CG_F32, sizes[i][0], sizes[i][1], (test_layout)layout, seed);
            if (cg_device_properties(dev)->has_f64 && layout == 0)
                run_cross_entropy(dev, CG_F64, sizes[i][0], sizes[i][1], (test_layout)layout, seed);
        }
}

DEVICE_TEST_ONCE(small_losses, cross_entropy_extremes) {
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

COMPOSED_TEST(small_losses, cross_entropy_refusals) {
    cg_tensor *x = cg_zeros(dev, CG_F32, cg_shape(2, 3)), *y = cg_zeros(dev, CG_I32, cg_shape(2));
    CHECK_FAILS(dev, cg_cross_entropy(x, cg_zeros(dev, CG_I32, cg_shape(3)), CG_MEAN), CG_ERROR_SHAPE,
                "cross_entropy", "(2, 3)", "(3,)");
    CHECK_FAILS(dev, cg_cross_entropy(y, y, CG_MEAN), CG_ERROR_SHAPE, "cross_entropy");
    CHECK_FAILS(dev, cg_cross_entropy(x, cg_zeros(dev, CG_F32, cg_shape(2)), CG_MEAN), CG_ERROR_DTYPE,
                "cross_entropy", "f32");
    CHECK(!cg_cross_entropy(NULL, y, CG_MEAN) && !cg_cross_entropy(x, NULL, CG_MEAN));
}

/* The slope of the loss of a logit is sigmoid(x) - t everywhere, at 0 and far out too; by the target it is -x. */
CPU_TEST(losses, slopes_of_logits) {
    static const float x[] = {0, -0.0f, 1, -1, 100, -100, 0}, t[] = {0.25f, 1, 0.5f, 0.5f, 1, 0, 0};
    static const float by_x[] = {0.25f, -0.5f, 0.23105858f, -0.23105858f, 0, 0, 0.5f};
    enum { N = sizeof x / sizeof *x };
    float got[N];
    cg_tensor *in[] = {cg_from_f32(dev, cg_shape(N), x), cg_from_f32(dev, cg_shape(N), t)}, *g[2];
    for (int i = 0; i < 2; i++) cg_require_grad(in[i], true);
    cg_tensor *loss = cg_binary_cross_entropy_with_logits(in[0], in[1], CG_SUM,
                                                          (cg_binary_cross_entropy_options){.weight = NULL});
    CHECK(cg_grad(loss, NULL, 2, in, false, g) == CG_OK && cg_to_host(g[0], got, sizeof got) == CG_OK);
    for (int i = 0; i < N; i++) CHECK_MSG(fabsf(got[i] - by_x[i]) <= 1e-6f, "at %g: %g", x[i], got[i]);
    CHECK(cg_to_host(g[1], got, sizeof got) == CG_OK);
    for (int i = 0; i < N; i++) CHECK_MSG(got[i] == -x[i], "by the target at %g: %g", x[i], got[i]);
}
