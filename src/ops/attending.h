/* Attention as its parts share it: the operands brought to one dtype, the composition. */
#ifndef CLGRAD_OPS_ATTENDING_H
#define CLGRAD_OPS_ATTENDING_H

#include "clgrad/attention.h"
#include "ops/matmul.h"
#include "ops/reduction.h"

/* q (..., T, D), k (..., S, D), v (..., S, E) of one real dtype; mask of that dtype or bool, or NULL. */
typedef struct cg_attending {
    cg_tensor *q, *k, *v, *mask;
    cg_dims batch; /* what the batch axes broadcast to */
    bool causal;
    double scale, dropout;
} cg_attending;

/* p = softmax(scale q k^T + mask) (..., T, S), 0 in rows where nothing may be seen. Recorded, before dropout. */
cg_tensor *cg_attention_weights(const cg_attending *a);

/* p v, with dropout on p: recorded, as operations of any order. */
cg_tensor *cg_attention_composed(const cg_attending *a);

/* Whether the backend's own attention can do it: no dropout, no gradient to the mask, nothing empty. */
bool cg_attention_can_fuse(const cg_attending *a);

/* The same by the backend's own attention. Recorded. */
cg_tensor *cg_attention_fused(const cg_attending *a);

#endif
