/*
 * Dropout. The record keeps no mask but where it came from: the backward pass draws the stream again, which costs less
 * than to store a byte for each element and read it back, and no memory.
 */
#include "autograd/tape.h"
#include "clgrad/ops.h"
#include "clgrad/random.h"
#include "ops/reduction.h"
#include "random/draw.h"

/* x / (1 - p) where the stream says so, else 0, whatever x is there. */
static cg_tensor *masked(cg_tensor *x, double p, uint64_t seed, uint64_t stream) {
    cg_device *dev = x->storage->dev;
    cg_random_request r = cg_random_bernoulli(1 - p);
    r.seed = seed;
    r.stream = stream;
    if (p == 0) return cg_mul(x, 1);
    return cg_where(cg_random_draw_again(dev, "dropout", &x->shape, r), cg_mul(x, 1 / (1 - p)), 0.0);
}

static void dropout_backward(const cg_rule_call *call, cg_tensor **dx) {
    const cg_attributes *a = call->attributes;
    dx[0] = masked(call->g, a->d[0], (uint64_t)a->i[0], (uint64_t)a->i[1]);
}

static const cg_rule dropout_rule = {"dropout", dropout_backward};

cg_tensor *cg_dropout(cg_tensor *x, double p) {
    if (!x) return NULL;
    cg_device *dev = x->storage->dev;
    if (!cg_random_check_real(dev, "dropout", x->storage->dtype) ||
        !cg_random_check_probability(dev, "dropout", p))
        return NULL;
    uint64_t seed, stream;
    cg_seed_get(dev, &seed, &stream);
    cg_seed_set(dev, seed, stream + 1);
    cg_scope *scope = cg_values_begin(dev);
    cg_tensor *out = cg_values_end(scope, scope ? masked(x, p, seed, stream) : NULL);
    const cg_attributes attributes = {.i = {(int64_t)seed, (int64_t)stream}, .d = {p}};
    return cg_record_op(out, &dropout_rule, 1, &x, CG_KEEP_NOTHING, &attributes);
}
