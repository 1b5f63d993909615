/* Metrics: shares of counts, which round once or twice, and R^2. Without gradients. */
#include "catalog/catalog.h"
#include "reference/ref_metrics.h"

#include <math.h>

/* The operation, and the same from the definition, on inputs x. */
#define PAIR(name, operation, definition)                                                                    \
    static cg_tensor *name(cg_tensor *const *x) { return operation; }                                        \
    static ref_array ref_of_##name(const ref_array *x) { return definition; }

PAIR(accuracy, cg_accuracy(x[0], x[1]), ref_top_k_accuracy(x[0], x[1], 1))
PAIR(top_2, cg_top_k_accuracy(x[0], x[1], 2), ref_top_k_accuracy(x[0], x[1], 2))
PAIR(top_all, cg_top_k_accuracy(x[0], x[1], 4), ref_top_k_accuracy(x[0], x[1], 4))
PAIR(confusion, cg_confusion_matrix(x[0], x[1], 4), ref_confusion_matrix(x[0], x[1], 4))
PAIR(precision, cg_precision(x[0]), ref_share_of_class(x[0], REF_PRECISION))
PAIR(recall, cg_recall(x[0]), ref_share_of_class(x[0], REF_RECALL))
PAIR(f1_score, cg_f1_score(x[0]), ref_share_of_class(x[0], REF_F1))
PAIR(r2_score, cg_r2_score(x[0], x[1]), ref_r2_score(x[0], x[1]))
PAIR(roc_auc, cg_roc_auc(x[0], x[1]), ref_roc_auc(x[0], x[1]))

/* 1 + |1 - R^2|: what the error of the quotient, and of taking it from 1, are relative to. */
static long double one_and_rest(long double r2) { return 1 + fabsl(1 - r2); }
static ref_array size_of_r2(const ref_array *x) { return ref_array_map(ref_of_r2_score(x), one_and_rest); }

#define OF(form, inputs) .call = form, .reference = ref_of_##form, .n = inputs
#define F32 CATALOG_BIT(CG_F32)
#define I64 CATALOG_BIT(CG_I64)
#define TIES(...)                                                                                            \
    { .shape = {__VA_ARGS__}, .fill = CATALOG_TIES, .no_gradient = true }
#define LABELS(low, high, ...)                                                                               \
    { .shape = {__VA_ARGS__}, .fill = CATALOG_INDEX, .lo = low, .hi = high }
#define COUNTS(most, ...)                                                                                    \
    { .shape = {__VA_ARGS__}, .fill = CATALOG_INDEX, .lo = 0, .hi = most }
#define REALS(...)                                                                                           \
    {                                                                                                        \
        .shape = { __VA_ARGS__ }                                                                             \
    }
#define LIST                                                                                                 \
    {                                                                                                        \
        1, { 1048576 }                                                                                       \
    }
#define ROWS                                                                                                 \
    {                                                                                                        \
        2, { 65536, 16 }                                                                                     \
    }
#define SQUARE                                                                                               \
    {                                                                                                        \
        2, { 1024, 1024 }                                                                                    \
    }

const catalog_entry catalog_metrics[] = {
    {"accuracy", "ties", OF(accuracy, 2), .x = {TIES(2, {9, 4}), LABELS(-1, 4, 1, {9})}, .dtypes = F32,
     .bound = 1, .large = {ROWS, {1, {65536}}}},
    {"top_k_accuracy", "2 of 4, ties", OF(top_2, 2), .x = {TIES(2, {9, 4}), LABELS(-1, 4, 1, {9})},
     .dtypes = F32, .bound = 1, .large = {ROWS, {1, {65536}}}},
    {"top_k_accuracy", "all", OF(top_all, 2), .x = {TIES(2, {5, 4}), LABELS(0, 5, 1, {5})}, .dtypes = F32,
     .bound = 1},
    {"confusion_matrix", "some out of range", OF(confusion, 2),
     .x = {LABELS(-2, 5, 1, {40}), LABELS(-2, 5, 1, {40})}, .dtypes = F32, .result = CATALOG_IS_I64,
     .large = {LIST, LIST}},
    {"confusion_matrix", "nothing", OF(confusion, 2), .x = {LABELS(0, 3, 1, {0}), LABELS(0, 3, 1, {0})},
     .dtypes = F32, .result = CATALOG_IS_I64},
    {"precision", "counts", OF(precision, 1), .x = {COUNTS(9, 2, {4, 4})}, .dtypes = F32, .bound = 1,
     .large = {SQUARE}},
    {"precision", "mostly none", OF(precision, 1), .x = {COUNTS(1, 2, {3, 3})}, .dtypes = F32, .bound = 1},
    {"recall", "counts", OF(recall, 1), .x = {COUNTS(9, 2, {4, 4})}, .dtypes = F32, .bound = 1,
     .large = {SQUARE}},
    {"recall", "mostly none", OF(recall, 1), .x = {COUNTS(1, 2, {3, 3})}, .dtypes = F32, .bound = 1},
    {"f1_score", "counts", OF(f1_score, 1), .x = {COUNTS(9, 2, {4, 4})}, .dtypes = F32, .bound = 1,
     .large = {SQUARE}},
    {"f1_score", "mostly none", OF(f1_score, 1), .x = {COUNTS(1, 2, {3, 3})}, .dtypes = F32, .bound = 1},
    {"r2_score", "a matrix", OF(r2_score, 2), .x = {REALS(2, {5, 3}), REALS(2, {5, 3})},
     .dtypes = CATALOG_REALS, .scale = size_of_r2, .bound = 16, .large = {LIST, LIST}},
    {"roc_auc", "ties", OF(roc_auc, 2), .x = {TIES(1, {30}), LABELS(0, 1, 1, {30})}, .dtypes = F32,
     .bound = 2, .large = {LIST, LIST}},
    {"roc_auc", "one kind", OF(roc_auc, 2), .x = {TIES(1, {5}), LABELS(1, 3, 1, {5})}, .dtypes = F32,
     .bound = 2},
    {0},
};
