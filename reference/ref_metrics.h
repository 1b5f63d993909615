/* Naive references of metrics, from their definitions: sample by sample, pair by pair. */
#ifndef CLGRAD_REFERENCE_REF_METRICS_H
#define CLGRAD_REFERENCE_REF_METRICS_H

#include "reference/ref_array.h"

/* The share of rows whose label has fewer than k entries before it, by value and then by place. */
ref_array ref_top_k_accuracy(ref_array logits, ref_array labels, int64_t k);

ref_array ref_confusion_matrix(ref_array labels, ref_array predicted, int64_t classes);

typedef enum ref_share { REF_PRECISION, REF_RECALL, REF_F1 } ref_share;
ref_array ref_share_of_class(ref_array confusion, ref_share share);

ref_array ref_r2_score(ref_array predicted, ref_array target);

/* Over all pairs of a positive and a negative sample. */
ref_array ref_roc_auc(ref_array scores, ref_array labels);

#endif
