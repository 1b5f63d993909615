/* Metrics: metrics.h. Compositions, without gradients. */
#include "clgrad/autograd.h"
#include "clgrad/indexing.h"
#include "clgrad/manipulation.h"
#include "clgrad/metrics.h"
#include "clgrad/ops.h"
#include "clgrad/reduce.h"
#include "clgrad/sorting.h"

#include "core/dtype.h"
#include "core/shape.h"
#include "ops/reduction.h"
#include "tensor/context.h"

static bool is_integer(const cg_tensor *x) {
    return x->storage->dtype == CG_I32 || x->storage->dtype == CG_I64;
}

static bool is_list(const cg_tensor *x, int64_t n) { return x->shape.rank == 1 && x->shape.dim[0] == n; }

/* Logits (N, C) with labels (N). */
static bool check_classes(const char *op, const cg_tensor *logits, const cg_tensor *labels) {
    cg_error *err = &logits->storage->dev->error;
    if (logits->shape.rank != 2 || !is_list(labels, logits->shape.dim[0]))
        CG_FAIL(err, CG_ERROR_SHAPE, "%s: logits %s and labels %s; expected (N, C) and (N)", op,
                CG_SHAPE_STR(&logits->shape), CG_SHAPE_STR(&labels->shape));
    else if (!is_integer(labels))
        CG_FAIL(err, CG_ERROR_DTYPE, "%s: labels of %s; expected i32 or i64", op,
                cg_dtype_name(labels->storage->dtype));
    else
        return true;
    return false;
}

cg_tensor *cg_accuracy(cg_tensor *logits, cg_tensor *labels) {
    if (!logits || !labels || !check_classes("accuracy", logits, labels)) return NULL;
    cg_scope *scope = cg_values_begin(logits->storage->dev);
    if (!scope) return NULL;
    cg_tensor *hits = cg_eq(cg_argmax(logits, cg_axes(1), false), labels);
    return cg_values_end(scope, cg_mean(hits, CG_ALL_AXES, false));
}

cg_tensor *cg_top_k_accuracy(cg_tensor *logits, cg_tensor *labels, int64_t k) {
    if (!logits || !labels || !check_classes("top_k_accuracy", logits, labels)) return NULL;
    if (k < 1 || k > logits->shape.dim[1]) {
        CG_FAIL(&logits->storage->dev->error, CG_ERROR_ARGUMENT, "top_k_accuracy: k %lld of %lld classes",
                (long long)k, (long long)logits->shape.dim[1]);
        return NULL;
    }
    cg_scope *scope = cg_values_begin(logits->storage->dev);
    cg_tensor *places = NULL;
    if (!scope) return NULL;
    cg_topk(logits, k, 1, true, NULL, &places);
    cg_tensor *hits = cg_any(cg_eq(places, cg_unsqueeze(labels, 1)), cg_axes(1), false);
    return cg_values_end(scope, cg_mean(hits, CG_ALL_AXES, false));
}

/* Samples counted at i classes + j; those out of range at classes^2, one place too many. */
static cg_tensor *count_cells(cg_tensor *i, cg_tensor *j, int64_t classes) {
    const int64_t cells = classes * classes;
    cg_device *dev = cg_device_of(i);
    cg_tensor *valid = cg_logical_and(cg_logical_and(cg_ge(i, 0), cg_lt(i, classes)),
                                      cg_logical_and(cg_ge(j, 0), cg_lt(j, classes)));
    cg_tensor *cell = cg_where(valid, cg_add(cg_mul(i, classes), j), cells);
    cg_tensor *counts = cg_index_add(cg_zeros(dev, CG_I64, cg_shape(cells + 1)), 0, cell,
                                     cg_ones(dev, CG_I64, cg_shape(cg_numel(i))));
    return cg_clone(cg_reshape(cg_slice(counts, 0, 0, cells, 1), cg_shape(classes, classes)));
}

cg_tensor *cg_confusion_matrix(cg_tensor *labels, cg_tensor *predicted, int64_t classes) {
    if (!labels || !predicted) return NULL;
    cg_device *dev = labels->storage->dev;
    const cg_dims shape = cg_shape(classes, classes);
    int64_t cells;
    if (labels->shape.rank != 1 || !is_list(predicted, labels->shape.dim[0])) {
        CG_FAIL(&dev->error, CG_ERROR_SHAPE,
                "confusion_matrix: labels %s, predicted %s; expected (N) and (N)",
                CG_SHAPE_STR(&labels->shape), CG_SHAPE_STR(&predicted->shape));
        return NULL;
    }
    if (!is_integer(labels) || !is_integer(predicted)) {
        CG_FAIL(&dev->error, CG_ERROR_DTYPE, "confusion_matrix: labels %s, predicted %s; expected i32 or i64",
                cg_dtype_name(labels->storage->dtype), cg_dtype_name(predicted->storage->dtype));
        return NULL;
    }
    if (classes < 1 || !cg_dims_valid(&shape, 8, &cells)) {
        CG_FAIL(&dev->error, CG_ERROR_ARGUMENT, "confusion_matrix: %lld classes", (long long)classes);
        return NULL;
    }
    cg_scope *scope = cg_values_begin(dev);
    if (!scope) return NULL;
    return cg_values_end(scope, count_cells(cg_cast(labels, CG_I64), cg_cast(predicted, CG_I64), classes));
}

/* Of the counts on the diagonal their share in `whole(confusion)`, f32; 0 of 0 is 0. */
static cg_tensor *share_of_hits(const char *op, cg_tensor *m, cg_tensor *(*whole)(cg_tensor *m)) {
    if (!m) return NULL;
    const bool square = m->shape.rank == 2 && m->shape.dim[0] == m->shape.dim[1];
    if (!square || m->storage->dtype != CG_I64) {
        CG_FAIL(&m->storage->dev->error, square ? CG_ERROR_DTYPE : CG_ERROR_SHAPE,
                "%s: %s %s; expected a confusion matrix (C, C) of i64", op, cg_dtype_name(m->storage->dtype),
                CG_SHAPE_STR(&m->shape));
        return NULL;
    }
    cg_scope *scope = cg_values_begin(m->storage->dev);
    if (!scope) return NULL;
    cg_tensor *hits = cg_cast(cg_diagonal(m, 0, 0, 1), CG_F32), *all = cg_cast(whole(m), CG_F32);
    return cg_values_end(scope, cg_div(hits, cg_maximum(all, 1)));
}

static cg_tensor *predicted_as(cg_tensor *m) { return cg_sum(m, cg_axes(0), false); }
static cg_tensor *labelled_as(cg_tensor *m) { return cg_sum(m, cg_axes(1), false); }
static cg_tensor *mean_of_both(cg_tensor *m) {
    return cg_mul(cg_add(cg_cast(predicted_as(m), CG_F32), cg_cast(labelled_as(m), CG_F32)), 0.5);
}

cg_tensor *cg_precision(cg_tensor *confusion) { return share_of_hits("precision", confusion, predicted_as); }

cg_tensor *cg_recall(cg_tensor *confusion) { return share_of_hits("recall", confusion, labelled_as); }

/* The mean is 1/2 where there is one sample, and then nothing was hit. */
cg_tensor *cg_f1_score(cg_tensor *confusion) { return share_of_hits("f1_score", confusion, mean_of_both); }

static const cg_rule r2_score_rule = {"r2_score", cg_no_gradient};

cg_tensor *cg_r2_score(cg_tensor *predicted, cg_tensor *target) {
    if (!predicted || !target) return NULL;
    cg_device *dev = predicted->storage->dev;
    if (!cg_dims_equal(&predicted->shape, &target->shape)) {
        CG_FAIL(&dev->error, CG_ERROR_SHAPE, "r2_score: predicted %s, target %s; expected equal shapes",
                CG_SHAPE_STR(&predicted->shape), CG_SHAPE_STR(&target->shape));
        return NULL;
    }
    if (!cg_dtype_is_float(predicted->storage->dtype) || !cg_dtype_is_float(target->storage->dtype)) {
        CG_FAIL(&dev->error, CG_ERROR_DTYPE, "r2_score: predicted %s, target %s; expected f32 or f64",
                cg_dtype_name(predicted->storage->dtype), cg_dtype_name(target->storage->dtype));
        return NULL;
    }
    cg_scope *scope = cg_values_begin(dev);
    if (!scope) return NULL;
    cg_tensor *rest = cg_sum(cg_square(cg_sub(target, predicted)), CG_ALL_AXES, false);
    cg_tensor *mean = cg_mean(target, CG_ALL_AXES, false);
    cg_tensor *all = cg_sum(cg_square(cg_sub(target, mean)), CG_ALL_AXES, false);
    cg_tensor *out = cg_values_end(scope, cg_sub(1, cg_div(rest, all)));
    return cg_record_op(out, &r2_score_rule, 2, (cg_tensor *[]){predicted, target}, CG_KEEP_NOTHING, NULL);
}

/*
 * With P positives, Q negatives and the mean rank of each among all scores, (below + not above + 1) / 2: the area is
 * (sum of the positives' ranks - P (P + 1) / 2) / (P Q). Twice that in whole numbers, exact.
 */
static cg_tensor *area_by_ranks(cg_tensor *scores, cg_tensor *positive) {
    cg_tensor *sorted = cg_sort(scores, 0, false);
    cg_tensor *below = cg_searchsorted(sorted, scores, false),
              *not_above = cg_searchsorted(sorted, scores, true);
    cg_tensor *twice = cg_add(cg_add(below, not_above), 1);
    cg_tensor *ranks = cg_sum(cg_mul(positive, twice), CG_ALL_AXES, false),
              *p = cg_sum(positive, CG_ALL_AXES, false);
    cg_tensor *q = cg_sub(cg_numel(scores), p);
    cg_tensor *won = cg_sub(ranks, cg_mul(p, cg_add(p, 1)));
    cg_tensor *pairs = cg_mul(cg_mul(cg_cast(p, CG_F32), cg_cast(q, CG_F32)), 2);
    return cg_div(cg_cast(won, CG_F32), pairs);
}

cg_tensor *cg_roc_auc(cg_tensor *scores, cg_tensor *labels) {
    if (!scores || !labels) return NULL;
    cg_device *dev = scores->storage->dev;
    if (scores->shape.rank != 1 || !is_list(labels, scores->shape.dim[0]) ||
        scores->shape.dim[0] > INT32_MAX) {
        CG_FAIL(&dev->error, CG_ERROR_SHAPE, "roc_auc: scores %s, labels %s; expected (N) and (N)",
                CG_SHAPE_STR(&scores->shape), CG_SHAPE_STR(&labels->shape));
        return NULL;
    }
    if (!cg_dtype_is_float(scores->storage->dtype) || !is_integer(labels)) {
        CG_FAIL(&dev->error, CG_ERROR_DTYPE,
                "roc_auc: scores of %s, labels of %s; expected reals and integers",
                cg_dtype_name(scores->storage->dtype), cg_dtype_name(labels->storage->dtype));
        return NULL;
    }
    cg_scope *scope = cg_values_begin(dev);
    if (!scope) return NULL;
    return cg_values_end(scope, area_by_ranks(scores, cg_cast(cg_ne(labels, 0), CG_I64)));
}
