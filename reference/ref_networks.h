/* Normalization and attention, element by element as their formulas stand. */
#ifndef CLGRAD_REFERENCE_REF_NETWORKS_H
#define CLGRAD_REFERENCE_REF_NETWORKS_H

#include "reference/ref_array.h"

/* Which elements share a mean and a variance, and which weight an element has. */
typedef enum ref_norm_kind {
    REF_LAST_AXES, /* of the last `n` axes, with a weight for each element of those */
    REF_GROUPS,  /* x (N, C, ...): C / n neighbouring channels of a sample, with a weight for each channel */
    REF_CHANNELS /* x (N, C, ...): a channel of the batch, with a weight for each channel */
} ref_norm_kind;

typedef struct ref_norm {
    ref_norm_kind kind;
    int64_t n;
    bool uncentred; /* the mean counts as 0 */
    long double epsilon;
    const ref_array *weight, *bias;          /* NULL: 1, 0 */
    const ref_array *given_mean, *given_var; /* NULL: those of x */
} ref_norm;

/*
 * (x - mean) / sqrt(var + epsilon) weight + bias. size, unless NULL, gets (1 + |z| + |z0|) |weight| + |y| with z0 that of
 * the first element which shares the mean; mean and var (sets), unless NULL, those of x, var biased.
 */
ref_array ref_normalize(const ref_norm *how, ref_array x, ref_array *size, ref_array *mean, ref_array *var);

/* mask: a NULL pointer, or what is added to the scores; NULL with `causal` hides keys behind the query. */
typedef struct ref_attention {
    const ref_array *mask;
    bool mask_is_bool, causal;
    long double scale;
} ref_attention;

/*
 * softmax(scale q k^T + mask) v, batch axes broadcast; 0 where a query sees no key. size, unless NULL, gets
 * (1 + m) sum p |v| with m the largest scale |q| |k| + |mask| that is seen in the row.
 */
ref_array ref_attend(const ref_attention *how, ref_array q, ref_array k, ref_array v, ref_array *size);

/*
 * The gradients of sum(g out) with respect to q, k and v, of the shapes (batch..., rows, cols) without broadcasting, and sizes
 * of them: the same sums with all terms positive, times 1 + m as above.
 */
typedef struct ref_attention_gradient {
    ref_array dq, dk, dv, size_q, size_k, size_v;
} ref_attention_gradient;

/* All operands have the same batch axes. */
ref_attention_gradient ref_attend_gradient(const ref_attention *how, ref_array q, ref_array k, ref_array v,
                                           ref_array g);

#endif
