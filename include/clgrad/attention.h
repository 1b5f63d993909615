/*
 * Attention: each query takes the mean of the values, weighted by how well their keys fit it.
 *
 *     score = scale q k^T + mask      p = softmax(score, over the keys)      out = p v
 *
 * Letters: T queries, S keys and values, D features of a query and a key, E of a value, H heads, B samples.
 */
#ifndef CLGRAD_ATTENTION_H
#define CLGRAD_ATTENTION_H

#include "nn.h"

CG_BEGIN_DECLS

/* Zero is the default: no causality, scale 1 / sqrt(D), no dropout. */
typedef struct cg_attention_options {
    bool causal;    /* query t sees keys 0..t alone, counted from the first of each, also where T is not S */
    double scale;   /* what products are multiplied by; 0: 1 / sqrt(D) */
    double dropout; /* the probability with which an element of p is dropped (cg_dropout); 0 <= dropout < 1 */
} cg_attention_options;

/*
 * softmax(scale q k^T + mask) v: q (..., T, D), k (..., S, D), v (..., S, E) -> (..., T, E). Batch axes broadcast: a k
 * with one head serves many. mask: NULL, bool (true: may be seen) or real (added to the scores; -inf hides), any shape
 * that broadcasts to (..., T, S). It may be given together with options.causal. A query that sees no key gives 0,
 * whatever the values are, and no gradient (PyTorch gives NaN). Whether a NaN or an infinity among the values of hidden
 * keys spreads to queries that see others, or to gradients, is not specified.
 *
 * dtypes: f32, f64; all else is promoted to f32, a real mask to the dtype of the others. Gradient to q, k, v and a real
 * mask, of any order: with dp = g v^T and c = sum(g out) over E,
 *     ds = p (dp - c)      dq = scale ds k      dk = scale ds^T q      dv = p^T g      dmask = ds
 * Memory: the scores are never stored, forward or backward, which takes O(T + S) beside the results; the record keeps q,
 * k, v, mask, out and one number for each query. With dropout, a mask that wants a gradient, or a gradient that is
 * itself to be differentiated, p (..., T, S) is stored.
 * Error: at most (S + 4 (D + 4) m + 8) u (p |v|), of first order in u, with m the largest scale |q| |k| + |mask| of the
 * row.
 * Errors: CG_ERROR_SHAPE, with the shapes; CG_ERROR_DTYPE for an integer mask; CG_ERROR_ARGUMENT for options;
 * CG_ERROR_DEVICE_MISMATCH. As torch.nn.functional.scaled_dot_product_attention.
 * Source: Vaswani et al., arXiv 1706.03762; without stored scores: Dao et al., arXiv 2205.14135.
 */
CG_API cg_tensor *cg_scaled_dot_product_attention(cg_tensor *q, cg_tensor *k, cg_tensor *v, cg_tensor *mask,
                                                  cg_attention_options options);

/* Zero is the default: no causality, biases, no dropout. */
typedef struct cg_multi_head_attention_options {
    bool causal;    /* as of cg_attention_options */
    bool no_bias;   /* the two linear maps have no biases */
    double dropout; /* of p, while the module trains */
} cg_multi_head_attention_options;

/*
 * Multi-head attention of a sequence to itself: x (B, T, width) -> (B, T, width), f32.
 *     q, k, v = x in_weight + in_bias, cut in three and each in `heads` pieces of width / heads
 *     y = concat over heads(attention(q, k, v)) out_weight + out_bias
 * Parameters in_weight (width, 3 width) and out_weight (width, width), Xavier uniform; in_bias (3 width) and out_bias
 * (width), 0 at first. heads divides width. PyTorch's MultiheadAttention keeps in_proj_weight and out_proj.weight
 * transposed. Errors: CG_ERROR_ARGUMENT for width, heads, dropout.
 */
CG_API cg_module *cg_multi_head_attention_module(cg_device *dev, int64_t width, int64_t heads,
                                                 cg_multi_head_attention_options options);

/*
 * The same module with all it can take: queries from x (B, T, width), keys and values from memory (B, S, width), or
 * from x where memory is NULL; mask as for cg_scaled_dot_product_attention, broadcast to (B, H, T, S), or NULL.
 * cg_forward(module, x) is this with NULL and NULL. Errors: CG_ERROR_ARGUMENT for a module of another kind;
 * CG_ERROR_SHAPE.
 */
CG_API cg_tensor *cg_multi_head_attention_forward(cg_module *module, cg_tensor *x, cg_tensor *memory,
                                                  cg_tensor *mask);

CG_END_DECLS
#endif
