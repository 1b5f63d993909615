/* Losses of classes beyond what the catalog can say: options, labels out of range, memory, agreement, errors. */
#include "support/device_test.h"
#include "support/gradients.h"

#include <math.h>

typedef cg_cross_entropy_options options;

static const float logits_data[] = {1, -2, 0.5f, 3, 0, 0, 0, 0, -1, 4, 2, -3};

static cg_tensor *some_logits(cg_device *dev) {
    return cg_require_grad(cg_from_f32(dev, cg_shape(3, 4), logits_data), true);
}

static cg_tensor *some_labels(cg_device *dev) {
    return cg_from_i32(dev, cg_shape(3), (const int32_t[]){3, 0, 2});
}

/* --- options --------------------------------------------------------------------------------------------- */

COMPOSED_TEST(small_class_losses, no_options_are_the_plain_loss) {
    cg_tensor *x = some_logits(dev), *y = some_labels(dev);
    for (int r = CG_MEAN; r <= CG_NONE; r++)
        check_same_bits(cg_cross_entropy_with(x, y, (cg_reduction)r, (options){.weight = NULL}),
                        cg_cross_entropy(x, y, (cg_reduction)r));
    cg_tensor *ones = cg_ones(dev, CG_F32, cg_shape(4));
    check_same_bits(cg_cross_entropy_with(x, y, CG_NONE, (options){.weight = ones}),
                    cg_cross_entropy(x, y, CG_NONE));
}

/* By hand: uniform logits have a loss of log 4 each. */
COMPOSED_TEST(small_class_losses, the_mean_is_over_weights) {
    cg_tensor *x = cg_zeros(dev, CG_F32, cg_shape(3, 4)), *y = some_labels(dev);
    const float spread[] = {0, 1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 0};
    cg_tensor *w = cg_from_f32(dev, cg_shape(4), (const float[]){2, 100, 3, 5});
    check_ulp(cg_cross_entropy_with(x, y, CG_SUM, (options){.weight = w}), CG_F32, cg_shape(),
              (long double[]){10 * logl(4)}, 4);
    check_ulp(cg_cross_entropy_with(x, y, CG_MEAN, (options){.weight = w}), CG_F32, cg_shape(),
              (long double[]){logl(4)}, 4);
    check_case("ignored samples are not counted");
    options both = {.weight = w, .ignore = true, .ignore_index = 2};
    check_ulp(cg_cross_entropy_with(x, y, CG_SUM, both), CG_F32, cg_shape(), (long double[]){7 * logl(4)}, 4);
    check_ulp(cg_cross_entropy_with(x, y, CG_MEAN, both), CG_F32, cg_shape(), (long double[]){logl(4)}, 4);
    check_case("smoothing");
    x = cg_from_f32(dev, cg_shape(3, 4), spread);
    long double lse = logl(1 + expl(1) + expl(2) + expl(3)), smooth = lse - 1.5L;
    cg_tensor *first =
        cg_slice(cg_cross_entropy_with(x, y, CG_NONE, (options){.smoothing = 0.5}), 0, 0, 1, 1);
    check_ulp(first, CG_F32, cg_shape(1), (long double[]){0.5L * (lse - 3) + 0.5L * smooth}, 8);
    check_case("distributions: the mean is over samples, whatever the weights");
    cg_tensor *hot = cg_one_hot(y, 4, CG_F32), *zero = cg_zeros(dev, CG_F32, cg_shape(3, 4));
    check_ulp(cg_cross_entropy_with_probabilities(zero, hot, CG_MEAN, (options){.weight = w}), CG_F32,
              cg_shape(), (long double[]){10 * logl(4) / 3}, 4);
}

/* An ignored label may be any number, and what the model said of its sample does not matter. */
COMPOSED_TEST(small_class_losses, ignored) {
    cg_tensor *x = cg_from_f32(dev, cg_shape(3, 4), logits_data);
    const float strange[] = {NAN, INFINITY, 0, 0};
    x = cg_require_grad(cg_where(cg_from_i32(dev, cg_shape(3, 1), (const int32_t[]){0, 1, 0}),
                                 cg_from_f32(dev, cg_shape(4), strange), x),
                        true);
    static const int64_t labels[] = {-100, -1, 77, 0, 2};
    cg_tensor *w = cg_from_f32(dev, cg_shape(4), (const float[]){2, 100, 3, 5});
    for (int i = 0; i < 5; i++) {
        check_case("ignoring %lld", (long long)labels[i]);
        cg_tensor *y = cg_from_i64(dev, cg_shape(3), (const int64_t[]){3, labels[i], 1});
        options o = {.ignore = true, .ignore_index = labels[i]},
                all = {.weight = w, .smoothing = 0.5, .ignore = true, .ignore_index = labels[i]};
        const long double *loss = read_values(cg_cross_entropy_with(x, y, CG_NONE, o));
        CHECK(loss && isfinite(loss[0]) && loss[0] > 0 && loss[1] == 0 && isfinite(loss[2]));
        loss = read_values(cg_cross_entropy_with(x, y, CG_MEAN, all));
        CHECK(loss && isfinite(loss[0]));
        loss = read_values(cg_nll_loss(x, y, CG_NONE, o));
        CHECK(loss && loss[0] == -3 && loss[1] == 0 && loss[2] == -4);
    }
}

COMPOSED_TEST(small_class_losses, ignored_has_no_gradient) {
    cg_tensor *x = some_logits(dev);
    cg_tensor *y = cg_from_i64(dev, cg_shape(3), (const int64_t[]){-100, 1, -100});
    options o = {.smoothing = 0.1, .ignore = true, .ignore_index = -100};
    for (int again = 0; again < 2; again++) {
        cg_tensor *loss = cg_cross_entropy_with(x, y, CG_MEAN, o);
        const long double *g = read_values(gradient_of(loss, x, again));
        for (int i = 0; g && i < 12; i++)
            CHECK_MSG((g[i] != 0) == (i / 4 == 1), "element %d is %Lg", i, g[i]);
    }
}

COMPOSED_TEST(small_class_losses, nothing_counted) {
    cg_tensor *x = some_logits(dev);
    cg_tensor *y = cg_full(dev, CG_I32, cg_shape(3), 1);
    options o = {.ignore = true, .ignore_index = 1};
    check_equal(cg_cross_entropy_with(x, y, CG_MEAN, o), CG_F32, cg_shape(),
                (long double[]){(long double)NAN});
    check_equal(cg_cross_entropy_with(x, y, CG_SUM, o), CG_F32, cg_shape(), (long double[]){0});
    check_equal(cg_nll_loss(x, y, CG_MEAN, o), CG_F32, cg_shape(), (long double[]){(long double)NAN});
}

/* ignore_index is compared as it is, not as the dtype of the labels would wrap it. */
COMPOSED_TEST(small_class_losses, ignore_index_beyond_the_labels) {
    cg_tensor *x = some_logits(dev), *y = some_labels(dev);
    options beyond = {.ignore = true, .ignore_index = INT64_C(1) << 32}; /* 0 in 32 bits */
    check_same_bits(cg_cross_entropy_with(x, y, CG_NONE, beyond), cg_cross_entropy(x, y, CG_NONE));
    cg_tensor *bytes = cg_from_u8(dev, cg_shape(3), (const uint8_t[]){255, 0, 2});
    const long double *loss =
        read_values(cg_cross_entropy_with(x, bytes, CG_NONE, (options){.ignore = true, .ignore_index = 255}));
    CHECK(loss && loss[0] == 0 && loss[1] > 0);
    loss =
        read_values(cg_cross_entropy_with(x, bytes, CG_NONE, (options){.ignore = true, .ignore_index = -1}));
    CHECK(loss && isnan(loss[0]) && loss[1] > 0);
}

COMPOSED_TEST(small_class_losses, labels_out_of_range) {
    cg_tensor *x = some_logits(dev), *w = cg_ones(dev, CG_F32, cg_shape(4));
    cg_tensor *y = cg_from_i64(dev, cg_shape(3), (const int64_t[]){4, 3, -1}); /* 4: in the next row */
    cg_tensor *loss[] = {
        cg_cross_entropy_with(x, y, CG_NONE, (options){.weight = w}),
        cg_cross_entropy_with(x, y, CG_NONE, (options){.smoothing = 0.5}),
        cg_nll_loss(x, y, CG_NONE, (options){.weight = NULL}),
        cg_nll_loss(x, y, CG_NONE, (options){.weight = w}),
        cg_sparse_categorical_cross_entropy(cg_abs(x), y, CG_NONE, (options){.weight = NULL}),
    };
    for (size_t i = 0; i < sizeof loss / sizeof *loss; i++) {
        check_case("loss %zu", i);
        const long double *got = read_values(loss[i]);
        CHECK(got && isnan(got[0]) && !isnan(got[1]) && isnan(got[2]));
    }
}

/* --- numerics ---------------------------------------------------------------------------------------------- */

/* The gradient of a loss, the plain one and the one that may be derived again, against what it should be. */
static void check_gradients(cg_tensor *(*loss_of)(cg_tensor *), cg_tensor *x, const long double *want,
                            double ulp) {
    for (int again = 0; again < 2; again++) {
        check_case(again ? "gradient, to be derived again" : "gradient");
        check_ulp(gradient_of(loss_of(x), x, again), CG_F32, cg_shape_get(x), want, ulp);
    }
}

static cg_tensor *smoothed(cg_tensor *x) {
    cg_tensor *y = cg_from_i32(cg_device_of(x), cg_shape(2), (const int32_t[]){0, 1});
    return cg_cross_entropy_with(x, y, CG_NONE, (options){.smoothing = 0.25});
}

COMPOSED_TEST(small_class_losses, huge_logits) {
    const float data[] = {1e4f, -1e4f, 0, 1e4f, -1e4f, 0};
    cg_tensor *x = cg_require_grad(cg_from_f32(dev, cg_shape(2, 3), data), true);
    /* 0.75 l(label) + 0.25 mean(0, 2e4, 1e4) */
    check_ulp(smoothed(x), CG_F32, cg_shape(2), (long double[]){2500, 15000 + 2500}, 4);
    const long double third = 0.25L / 3;
    check_gradients(smoothed, x,
                    (long double[]){1 - 0.75L - third, -third, -third, 1 - third, -0.75L - third, -third}, 8);
    cg_tensor *soft = cg_from_f32(dev, cg_shape(2, 3), (const float[]){1, 0, 0, 0.5f, 0.5f, 0});
    check_ulp(cg_cross_entropy_with_probabilities(x, soft, CG_NONE, (options){.weight = NULL}), CG_F32,
              cg_shape(2), (long double[]){0, 1e4L}, 4);
}

static cg_tensor *masked(cg_tensor *x) {
    cg_tensor *t = cg_from_f32(cg_device_of(x), cg_shape(1, 3), (const float[]){0.5f, 0, 0.5f});
    return cg_cross_entropy_with_probabilities(x, t, CG_NONE, (options){.weight = NULL});
}

/* A class that is ruled out on both sides, by a logit of -inf and a target of 0, adds nothing. */
COMPOSED_TEST(small_class_losses, masked_classes) {
    cg_tensor *x = cg_require_grad(cg_from_f32(dev, cg_shape(1, 3), (const float[]){0, -INFINITY, 0}), true);
    check_ulp(masked(x), CG_F32, cg_shape(1), (long double[]){logl(2)}, 2);
    check_gradients(masked, x, (long double[]){0, 0, 0}, 0);
}

static cg_tensor *sparse_loss(cg_tensor *p) {
    cg_tensor *y = cg_from_i32(cg_device_of(p), cg_shape(2), (const int32_t[]){0, 1});
    return cg_sparse_categorical_cross_entropy(p, y, CG_NONE, (options){.weight = NULL});
}

static cg_tensor *dense_loss(cg_tensor *p) {
    cg_tensor *y = cg_from_i32(cg_device_of(p), cg_shape(2), (const int32_t[]){0, 1});
    return cg_categorical_cross_entropy(p, cg_one_hot(y, 2, CG_F32), CG_NONE, (options){.weight = NULL});
}

COMPOSED_TEST(small_class_losses, certain_probabilities) {
    cg_tensor *p = cg_require_grad(cg_from_f32(dev, cg_shape(2, 2), (const float[]){0, 1, 0, 1}), true);
    cg_tensor *(*const losses[])(cg_tensor *) = {sparse_loss, dense_loss};
    for (int i = 0; i < 2; i++) {
        check_equal(losses[i](p), CG_F32, cg_shape(2), (long double[]){100, 0});
        check_gradients(losses[i], p, (long double[]){-1e12L, 0, 0, -1}, 1);
    }
}

/* The same loss by other ways: log-probabilities, probabilities, one-hot distributions, moved axes. */
COMPOSED_TEST(small_class_losses, ways_agree) {
    cg_tensor *x = some_logits(dev), *y = some_labels(dev), *w = cg_arange(dev, CG_F32, 1, 5, 1);
    const options o = {.weight = w}, s = {.weight = w, .smoothing = 0.3};
    cg_tensor *want = cg_cross_entropy_with(x, y, CG_NONE, o);
    const long double *v = read_values(want);
    const cg_dims three = cg_shape(3);
    check_case("log-probabilities");
    check_within(cg_nll_loss(cg_log_softmax(x, 1), y, CG_NONE, o), CG_F32, three, v, 64, NULL);
    check_case("probabilities");
    check_within(cg_sparse_categorical_cross_entropy(cg_softmax(x, 1), y, CG_NONE, o), CG_F32, three, v, 64,
                 NULL);
    check_case("distributions");
    cg_tensor *hot = cg_one_hot(y, 4, CG_F32);
    check_within(cg_cross_entropy_with_probabilities(x, hot, CG_NONE, o), CG_F32, three, v, 64, NULL);
    check_within(cg_categorical_cross_entropy(cg_softmax(x, 1), hot, CG_NONE, o), CG_F32, three, v, 64, NULL);
    check_case("smoothing");
    v = read_values(cg_cross_entropy_with(x, y, CG_NONE, s));
    check_within(cg_cross_entropy_with_probabilities(x, hot, CG_NONE, s), CG_F32, three, v, 64, NULL);
    check_case("samples along a later axis");
    cg_tensor *moved = cg_unsqueeze(cg_transpose(x, 0, 1), 0), *batch = cg_unsqueeze(y, 0);
    check_same_bits(cg_squeeze(cg_cross_entropy(moved, batch, CG_NONE), 0), cg_cross_entropy(x, y, CG_NONE));
}

/* --- memory ------------------------------------------------------------------------------------------------ */

/* Weights and smoothing cost a few numbers for each sample: no one-hot matrix, no probabilities. */
COMPOSED_TEST(class_losses, no_matrix_is_stored) {
    enum { ROWS = 64, CLASSES = 4096 };
    cg_device *fused = target_open_again(dev, true);
    if (!fused || device_is_slow(dev)) {
        cg_device_close(fused);
        return;
    }
    cg_scope *scope = cg_scope_begin(fused);
    cg_tensor *x = cg_eval(cg_full(fused, CG_F32, cg_shape(ROWS, CLASSES), 0.5));
    cg_tensor *w = cg_eval(cg_ones(fused, CG_F32, cg_shape(CLASSES)));
    cg_tensor *y = cg_eval(cg_full(fused, CG_I32, cg_shape(ROWS), 7));
    cg_device_reset_peak(fused);
    uint64_t before = cg_device_statistics(fused).bytes_in_use;
    options o = {.weight = w, .smoothing = 0.1, .ignore = true, .ignore_index = 3};
    check_item(cg_cross_entropy_with(x, y, CG_MEAN, o), log(CLASSES), 1e-5);
    check_item(cg_nll_loss(x, y, CG_MEAN, (options){.weight = w}), -0.5, 1e-6);
    uint64_t extra = cg_device_statistics(fused).bytes_peak - before;
    CHECK_MSG(extra < ROWS * CLASSES, "%llu bytes", (unsigned long long)extra); /* bytes: a quarter of x */
    cg_scope_end(scope);
    cg_device_close(fused);
}

/* --- errors ------------------------------------------------------------------------------------------------ */

COMPOSED_TEST(small_class_losses, refusals) {
    cg_tensor *x = some_logits(dev), *y = some_labels(dev), *five = cg_ones(dev, CG_F32, cg_shape(5));
    cg_tensor *real = cg_zeros(dev, CG_F32, cg_shape(3)), *t = cg_zeros(dev, CG_F32, cg_shape(3, 5));
    const options none = {.weight = NULL}, wrong = {.weight = five}, ignore = {.ignore = true};
    CHECK_FAILS(dev, cg_cross_entropy_with(x, y, CG_MEAN, wrong), CG_ERROR_SHAPE, "cross_entropy", "(4,)",
                "(3, 4)", "(5,)");
    CHECK_FAILS(dev, cg_cross_entropy_with(x, y, CG_MEAN, (options){.smoothing = 1.5}), CG_ERROR_ARGUMENT,
                "smoothing", "1.5");
    CHECK_FAILS(dev, cg_cross_entropy_with(x, y, CG_MEAN, (options){.smoothing = (double)NAN}),
                CG_ERROR_ARGUMENT, "smoothing");
    CHECK_FAILS(dev, cg_cross_entropy(cg_zeros(dev, CG_F32, cg_shape(3, 0)), y, CG_NONE), CG_ERROR_SHAPE,
                "at least one class", "(3, 0)");
    CHECK_FAILS(dev, cg_cross_entropy(cg_zeros(dev, CG_F32, cg_shape()), y, CG_NONE), CG_ERROR_SHAPE, "()");
    CHECK_FAILS(dev, cg_nll_loss(x, real, CG_MEAN, none), CG_ERROR_DTYPE, "nll_loss", "f32");
    CHECK_FAILS(dev, cg_nll_loss(x, five, CG_MEAN, none), CG_ERROR_SHAPE, "nll_loss", "(3,)", "(3, 4)",
                "(5,)");
    CHECK_FAILS(dev, cg_nll_loss(x, y, CG_MEAN, (options){.smoothing = 0.1}), CG_ERROR_ARGUMENT, "nll_loss",
                "smoothing");
    CHECK_FAILS(dev, cg_sparse_categorical_cross_entropy(x, real, CG_MEAN, none), CG_ERROR_DTYPE,
                "sparse_categorical_cross_entropy");
    CHECK_FAILS(dev, cg_cross_entropy_with_probabilities(x, t, CG_MEAN, none), CG_ERROR_SHAPE,
                "cross_entropy_with_probabilities", "(3, 4)", "(3, 5)");
    CHECK_FAILS(dev, cg_cross_entropy_with_probabilities(x, x, CG_MEAN, ignore), CG_ERROR_ARGUMENT,
                "ignore_index");
    CHECK_FAILS(dev, cg_categorical_cross_entropy(x, x, CG_MEAN, wrong), CG_ERROR_SHAPE,
                "categorical_cross_entropy", "(5,)");
    CHECK(!cg_cross_entropy_with(NULL, y, CG_MEAN, none) && !cg_nll_loss(x, NULL, CG_MEAN, none) &&
          !cg_sparse_categorical_cross_entropy(NULL, y, CG_MEAN, none) &&
          !cg_cross_entropy_with_probabilities(x, NULL, CG_MEAN, none) &&
          !cg_categorical_cross_entropy(NULL, x, CG_MEAN, none));
}
