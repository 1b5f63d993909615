/* Metrics beyond their entries in the catalog: errors, sums of batches, exact counts, NaN. */
#include "support/device_test.h"

#include <math.h>

static void refused(cg_device *dev, cg_tensor *result, cg_status status) {
    CHECK_MSG(!result && cg_error_code(dev) == status, "%s: %s", cg_status_name(cg_error_code(dev)),
              cg_error_message(dev));
    cg_error_clear(dev);
}

CPU_TEST(metrics, errors) {
    cg_tensor *logits = cg_zeros(dev, CG_F32, cg_shape(4, 3)), *labels = cg_zeros(dev, CG_I32, cg_shape(4));
    cg_tensor *three = cg_zeros(dev, CG_I32, cg_shape(3)), *real = cg_zeros(dev, CG_F32, cg_shape(4));
    cg_tensor *counts = cg_zeros(dev, CG_I64, cg_shape(2, 3));
    refused(dev, cg_accuracy(logits, three), CG_ERROR_SHAPE);
    refused(dev, cg_accuracy(real, labels), CG_ERROR_SHAPE);
    refused(dev, cg_accuracy(logits, real), CG_ERROR_DTYPE);
    refused(dev, cg_top_k_accuracy(logits, labels, 0), CG_ERROR_ARGUMENT);
    refused(dev, cg_top_k_accuracy(logits, labels, 4), CG_ERROR_ARGUMENT);
    refused(dev, cg_top_k_accuracy(logits, three, 1), CG_ERROR_SHAPE);
    refused(dev, cg_confusion_matrix(labels, three, 2), CG_ERROR_SHAPE);
    refused(dev, cg_confusion_matrix(labels, real, 2), CG_ERROR_DTYPE);
    refused(dev, cg_confusion_matrix(labels, labels, 0), CG_ERROR_ARGUMENT);
    refused(dev, cg_confusion_matrix(labels, labels, INT64_C(1) << 40), CG_ERROR_ARGUMENT);
    refused(dev, cg_precision(counts), CG_ERROR_SHAPE);
    refused(dev, cg_recall(cg_zeros(dev, CG_F32, cg_shape(2, 2))), CG_ERROR_DTYPE);
    refused(dev, cg_f1_score(labels), CG_ERROR_SHAPE);
    refused(dev, cg_r2_score(real, logits), CG_ERROR_SHAPE);
    refused(dev, cg_r2_score(labels, labels), CG_ERROR_DTYPE);
    refused(dev, cg_roc_auc(real, three), CG_ERROR_SHAPE);
    refused(dev, cg_roc_auc(labels, labels), CG_ERROR_DTYPE);
    refused(dev, cg_roc_auc(real, real), CG_ERROR_DTYPE);
    CHECK(!cg_accuracy(NULL, labels) && !cg_top_k_accuracy(logits, NULL, 1) &&
          !cg_confusion_matrix(NULL, labels, 2));
    CHECK(!cg_precision(NULL) && !cg_recall(NULL) && !cg_f1_score(NULL) && !cg_r2_score(NULL, real) &&
          !cg_roc_auc(real, NULL));
}

/* i64 labels; matrices of two batches add up to that of both. */
CPU_TEST(metrics, batches_add_up) {
    cg_tensor *labels = cg_from_i64(dev, cg_shape(6), (const int64_t[]){0, 1, 2, 2, 1, 0});
    cg_tensor *predicted = cg_from_i32(dev, cg_shape(6), (const int32_t[]){0, 2, 2, 1, 1, 1});
    cg_tensor *sum = cg_zeros(dev, CG_I64, cg_shape(3, 3));
    for (int i = 0; i < 6; i += 4) {
        const int64_t end = i + 4 < 6 ? i + 4 : 6;
        sum = cg_add(
            sum, cg_confusion_matrix(cg_slice(labels, 0, i, end, 1), cg_slice(predicted, 0, i, end, 1), 3));
    }
    check_equal(sum, CG_I64, cg_shape(3, 3), (long double[]){1, 1, 0, 0, 1, 1, 0, 1, 1});
    check_same_bits(sum, cg_confusion_matrix(labels, predicted, 3));
}

/* Many samples of one score: ranks whose sum no f32 holds. */
CPU_TEST(metrics, ranks_are_exact) {
    enum { N = 40000 };
    cg_tensor *order = cg_arange(dev, CG_F32, 0, N, 1), *labels = cg_cast(cg_ge(order, N / 4), CG_I32);
    check_equal(cg_roc_auc(order, labels), CG_F32, cg_shape(), (long double[]){1});
    check_equal(cg_roc_auc(cg_neg(order), labels), CG_F32, cg_shape(), (long double[]){0});
    check_equal(cg_roc_auc(cg_mul(order, 0), labels), CG_F32, cg_shape(), (long double[]){0.5});
    check_case("NaN is the largest");
    cg_tensor *scores = cg_from_f64(dev, cg_shape(3), (const double[]){1, NAN, 2});
    check_equal(cg_roc_auc(scores, cg_from_i32(dev, cg_shape(3), (const int32_t[]){0, 7, 0})), CG_F32,
                cg_shape(), (long double[]){1});
    check_case("constant targets");
    cg_tensor *two = cg_full(dev, CG_F32, cg_shape(3), 2), *three = cg_full(dev, CG_F32, cg_shape(3), 3);
    check_equal(cg_r2_score(three, two), CG_F32, cg_shape(), (long double[]){-INFINITY});
    check_equal(cg_r2_score(two, two), CG_F32, cg_shape(), (long double[]){NAN});
    CHECK(cg_backward(cg_r2_score(cg_require_grad(cg_clone(two), true), three)) == CG_ERROR_GRADIENT);
    check_error(dev, CG_ERROR_GRADIENT, "r2_score has no gradient", NULL);
}
