/*
 * Attention by the backend's own work, which stores no scores. The record keeps q, k, v, mask, out and lse; the backward pass
 * forms the weights again of them. Where the gradient is to be differentiated again, it is composed.
 */
#include "ops/attending.h"

static const char name[] = "scaled_dot_product_attention";

/* --- operands of a request -------------------------------------------------------------------------------------- */

/* x with at most two batch axes, dense where it has more, and its last axis in neighbouring elements. */
static cg_tensor *two_batch_axes(cg_tensor *x, const cg_dims *batch) {
    const int rank = x->shape.rank;
    if (batch->rank > CG_ATTENTION_BATCH) {
        cg_dims shape = *batch, flat = cg_shape(1, x->shape.dim[rank - 2], x->shape.dim[rank - 1]);
        for (int i = 0; i < batch->rank; i++) flat.dim[0] *= batch->dim[i];
        shape.dim[shape.rank++] = flat.dim[1];
        shape.dim[shape.rank++] = flat.dim[2];
        return cg_tensor_dense(cg_reshape(cg_expand(x, shape), flat));
    }
    if (cg_force(x->storage)) return NULL;
    return x->stride[rank - 1] == 1 || x->shape.dim[rank - 1] == 1 ? x : cg_tensor_dense(x);
}

/* The strides of x over the two batch axes of a request. */
static void batch_strides(const cg_tensor *x, int64_t *stride) {
    const int lead = x->shape.rank - 2;
    for (int i = 0; i < CG_ATTENTION_BATCH; i++) {
        const int axis = lead - CG_ATTENTION_BATCH + i;
        stride[i] = axis < 0 || x->shape.dim[axis] == 1 ? 0 : x->stride[axis];
    }
}

static cg_matrix matrix_of(const cg_tensor *x) {
    cg_matrix m = {
        .buffer = x->storage->buffer, .offset = x->offset, .row = x->stride[x->shape.rank - 2], .col = 1};
    batch_strides(x, m.batch);
    return m;
}

/* The mask over (batch axes, T, S). */
static bool mask_of(const cg_attending *a, cg_attention_request *r) {
    if (!a->mask) return true;
    cg_dims scores = a->batch;
    scores.dim[scores.rank++] = cg_size(a->q, -2);
    scores.dim[scores.rank++] = cg_size(a->k, -2);
    if (cg_force(a->mask->storage)) return false;
    cg_tensor *mask = cg_expand(a->mask, scores);
    if (mask && a->batch.rank > CG_ATTENTION_BATCH) mask = two_batch_axes(mask, &a->batch);
    if (!mask || cg_force(mask->storage)) return false;
    r->mask =
        (cg_operand){.buffer = mask->storage->buffer, .dtype = mask->storage->dtype, .offset = mask->offset};
    batch_strides(mask, r->mask.stride);
    r->mask.stride[2] = mask->stride[mask->shape.rank - 2];
    r->mask.stride[3] = mask->stride[mask->shape.rank - 1];
    return true;
}

/* The two batch axes of a request. */
static void batch_of(const cg_dims *batch, int64_t *two) {
    two[0] = two[1] = 1;
    if (batch->rank > CG_ATTENTION_BATCH)
        for (int i = 0; i < batch->rank; i++) two[1] *= batch->dim[i];
    else
        for (int i = 0; i < batch->rank; i++) two[CG_ATTENTION_BATCH - batch->rank + i] = batch->dim[i];
}

/* A request but for its results; temporaries live in the innermost scope. */
static bool fill(const cg_attending *a, cg_attention_request *r) {
    cg_tensor *q = two_batch_axes(a->q, &a->batch), *k = two_batch_axes(a->k, &a->batch);
    cg_tensor *v = two_batch_axes(a->v, &a->batch);
    if (!q || !k || !v) return false;
    *r = (cg_attention_request){.dtype = q->storage->dtype,
                                .causal = a->causal,
                                .scale = a->scale,
                                .queries = cg_size(q, -2),
                                .keys = cg_size(k, -2),
                                .features = cg_size(q, -1),
                                .value_features = cg_size(v, -1),
                                .q = matrix_of(q),
                                .k = matrix_of(k),
                                .v = matrix_of(v)};
    batch_of(&a->batch, r->batch);
    return mask_of(a, r);
}

/* A new tensor of (batch..., rows, cols). */
static cg_tensor *result(const cg_attending *a, int64_t rows, int64_t cols) {
    cg_dims shape = a->batch;
    shape.dim[shape.rank++] = rows;
    shape.dim[shape.rank++] = cols;
    return cg_tensor_make(a->q->storage->dev, name, a->q->storage->dtype, &shape);
}

/* --- gradient --------------------------------------------------------------------------------------------------- */

static cg_attending attending_of(const cg_rule_call *call) {
    cg_attending a = {.q = call->x[0], .k = call->x[1], .v = call->x[2], .mask = call->x[3]};
    a.causal = call->attributes->i[0] != 0;
    a.scale = call->attributes->d[0];
    a.batch = cg_matmul_batch(call->g);
    return a;
}

/* The formulas of attention.h, as operations that are recorded. */
static void composed_gradient(const cg_attending *a, const cg_rule_call *call, cg_tensor **dx) {
    cg_tensor *p = cg_attention_weights(a), *pg = p ? cg_matmul(call->g, cg_transpose(a->v, -1, -2)) : NULL;
    cg_tensor *delta = cg_sum(cg_mul(p, pg), cg_axes(-1), true);
    cg_tensor *ds = cg_mul(cg_mul(p, cg_sub(pg, delta)), a->scale);
    if (call->wanted[0]) dx[0] = cg_matmul(ds, a->k);
    if (call->wanted[1]) dx[1] = cg_matmul(cg_transpose(ds, -1, -2), a->q);
    if (call->wanted[2]) dx[2] = cg_matmul(cg_transpose(p, -1, -2), call->g);
}

static void fused_gradient(const cg_attending *a, const cg_rule_call *call, cg_tensor **dx) {
    cg_attention_grad_request r = {0};
    cg_tensor *delta = cg_sum(cg_mul(call->g, call->out), cg_axes(-1), false);
    cg_tensor *g = cg_tensor_dense(call->g), *out[3] = {0};
    if (!delta || !g || !fill(a, &r.of)) return;
    const int64_t rows[] = {r.of.queries, r.of.keys, r.of.keys};
    const int64_t cols[] = {r.of.features, r.of.features, r.of.value_features};
    cg_operand *const to[] = {&r.dq, &r.dk, &r.dv};
    for (int i = 0; i < 3; i++) {
        if (!call->wanted[i]) continue;
        out[i] = result(a, rows[i], cols[i]);
        if (!out[i]) return;
        *to[i] = cg_tensor_operand(out[i]);
    }
    r.of.lse = cg_tensor_operand(call->x[4]);
    r.g = cg_tensor_operand(g);
    r.delta = cg_tensor_operand(delta);
    if (cg_hw_attention_grad(call->dev->hw, &r)) return;
    for (int i = 0; i < 3; i++) dx[i] = out[i];
}

/* Inputs: q, k, v, mask, lse. */
static void attention_backward(const cg_rule_call *call, cg_tensor **dx) {
    const cg_attending a = attending_of(call);
    if (call->create_graph)
        composed_gradient(&a, call, dx);
    else
        fused_gradient(&a, call, dx);
}

static const cg_rule attention_rule = {name, attention_backward};

/* --- forward ---------------------------------------------------------------------------------------------------- */

bool cg_attention_can_fuse(const cg_attending *a) {
    return a->dropout == 0 && !cg_recording(a->q->storage->dev, 1, (cg_tensor *[]){a->mask}) &&
           cg_numel(a->q) > 0 && cg_numel(a->k) > 0 && cg_numel(a->v) > 0;
}

cg_tensor *cg_attention_fused(const cg_attending *a) {
    cg_device *dev = a->q->storage->dev;
    cg_tensor *out = result(a, cg_size(a->q, -2), cg_size(a->v, -1)), *lse = result(a, cg_size(a->q, -2), 1);
    cg_scope *scope = out && lse ? cg_values_begin(dev) : NULL;
    if (!scope) return NULL;
    cg_attention_request r;
    bool ok = fill(a, &r);
    if (ok) {
        r.out = cg_tensor_operand(out);
        r.lse = cg_tensor_operand(lse);
        ok = cg_hw_attention(dev->hw, &r) == CG_OK;
    }
    cg_values_end(scope, NULL);
    cg_tensor *input[] = {a->q, a->k, a->v, a->mask, lse};
    const cg_attributes attributes = {.i = {a->causal}, .d = {a->scale}};
    const unsigned kept = CG_KEEP(0) | CG_KEEP(1) | CG_KEEP(2) | CG_KEEP(3) | CG_KEEP(4) | CG_KEEP_OUT;
    return ok ? cg_record_op(out, &attention_rule, 5, input, kept, &attributes) : NULL;
}
