/* Attention as a composition: the scores and their softmax are tensors (..., T, S). */
#include "clgrad/random.h"
#include "ops/attending.h"

#include <math.h>

/* (T, S): query t sees keys 0..t. */
static cg_tensor *causal_mask(const cg_attending *a) {
    cg_device *dev = a->q->storage->dev;
    cg_tensor *query = cg_arange(dev, CG_I64, 0, (double)cg_size(a->q, -2), 1);
    cg_tensor *key = cg_arange(dev, CG_I64, 0, (double)cg_size(a->k, -2), 1);
    return cg_ge(cg_unsqueeze(query, 1), key);
}

static bool is_bool(const cg_tensor *mask) { return mask->storage->dtype == CG_BOOL; }

/* Which keys each query may see, broadcast to (..., T, S). */
static cg_tensor *seen_keys(const cg_attending *a) {
    cg_tensor *mask = a->mask;
    if (mask && !is_bool(mask)) mask = cg_ne(cg_detach(mask), (double)-INFINITY);
    if (!a->causal) return mask;
    return mask ? cg_logical_and(mask, causal_mask(a)) : causal_mask(a);
}

/* Which queries see a key at all, (..., T, 1). Without a mask all do. */
static cg_tensor *seeing_queries(cg_tensor *seen) { return cg_any(seen, cg_axes(-1), true); }

/*
 * Rows without a key get scores of 0, so that their softmax is finite, and then weights of 0: no NaN goes forward or
 * backward.
 */
static cg_tensor *weights_of_seen(cg_tensor *score, cg_tensor *seen, bool some_always) {
    if (some_always) return cg_softmax(cg_where(seen, score, (double)-INFINITY), -1);
    cg_tensor *some = seeing_queries(seen);
    cg_tensor *hidden = cg_where(some, (double)-INFINITY, 0.0);
    cg_tensor *filled = cg_where(seen, score, cg_op_cast(hidden, score ? score->storage->dtype : CG_F32));
    return cg_where(some, cg_softmax(filled, -1), 0.0);
}

cg_tensor *cg_attention_weights(const cg_attending *a) {
    cg_tensor *score = cg_matmul(cg_mul(a->q, a->scale), cg_transpose(a->k, -1, -2));
    cg_tensor *seen = seen_keys(a);
    if (!a->mask && !a->causal) return cg_softmax(score, -1);
    if (!seen) return NULL;
    if (a->mask && !is_bool(a->mask)) score = cg_add(score, cg_where(seen, a->mask, 0.0));
    return weights_of_seen(score, seen, !a->mask);
}

cg_tensor *cg_attention_composed(const cg_attending *a) {
    cg_tensor *p = cg_attention_weights(a);
    cg_tensor *out = cg_matmul(a->dropout > 0 ? cg_dropout(p, a->dropout) : p, a->v);
    if (!a->mask) return out;
    return cg_where(seeing_queries(seen_keys(a)), out, 0.0); /* 0 weights times values that are not finite */
}
