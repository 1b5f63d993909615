/* Axes made longer or shorter at either end. */
#include "ops/part.h"

/*
 * Everything here is one map: out[i] = x[i - before] where that is in x, else the value. before < 0 cuts. Undone by
 * the same map with -before and x's shape, which is the gradient, and the gradient of that.
 */
static cg_tensor *pad_to(cg_tensor *x, const cg_dims *shape, const int64_t *before, double value);

static void pad_backward(const cg_rule_call *call, cg_tensor **dx) {
    int64_t back[CG_MAX_RANK] = {0};
    for (int i = 0; i < call->shape[0].rank; i++) back[i] = -call->attributes->i[i];
    dx[0] = pad_to(call->g, &call->shape[0], back, 0);
}

static const cg_rule pad_rule = {"pad", pad_backward};

/* The elements that x and the result share, as a view of either. */
typedef struct overlap {
    cg_dims shape;
    int64_t in_x[CG_MAX_RANK], in_out[CG_MAX_RANK]; /* where it starts */
    bool all_out;                                   /* it is the whole result: a view will do */
} overlap;

static overlap find_overlap(const cg_dims *x, const cg_dims *out, const int64_t *before) {
    overlap o = {.shape = {.rank = x->rank}, .all_out = true};
    for (int i = 0; i < x->rank; i++) {
        int64_t low = before[i] > 0 ? before[i] : 0;
        int64_t high = before[i] >= out->dim[i] - x->dim[i] ? out->dim[i] : x->dim[i] + before[i];
        o.shape.dim[i] = high > low ? high - low : 0;
        o.in_out[i] = low;
        o.in_x[i] = before[i] < 0 ? -before[i] : 0;
        if (o.shape.dim[i] != out->dim[i]) o.all_out = false;
    }
    return o;
}

static cg_tensor *view_at(const cg_tensor *x, const cg_dims *shape, const int64_t *start) {
    int64_t offset = x->offset;
    bool empty = cg_dims_numel(shape) == 0; /* then a start may lie outside */
    for (int i = 0; i < shape->rank && !empty; i++) offset += start[i] * x->stride[i];
    return cg_view(x, shape, x->stride, offset);
}

static cg_tensor *pad_to(cg_tensor *x, const cg_dims *shape, const int64_t *before, double value) {
    if (!x) return NULL;
    overlap o = find_overlap(&x->shape, shape, before);
    cg_attributes attributes = {0};
    for (int i = 0; i < shape->rank; i++) attributes.i[i] = before[i];
    cg_tensor *source = view_at(x, &o.shape, o.in_x), *out = source;
    if (source && !o.all_out) {
        out = cg_part_fill(x->storage->dev, x->storage->dtype, shape, value);
        cg_tensor *part = out ? view_at(out, &o.shape, o.in_out) : NULL;
        if (!part || cg_part_write(part, source)) return NULL;
    }
    return cg_record_op(out, &pad_rule, 1, &x, CG_KEEP_NOTHING, &attributes);
}

cg_tensor *cg_pad(cg_tensor *x, const int64_t *before, const int64_t *after, double value) {
    if (!x) return NULL;
    cg_dims shape = x->shape;
    cg_device *dev = x->storage->dev;
    int64_t numel;
    for (int i = 0; i < shape.rank; i++) {
        bool possible = before[i] > INT64_MIN &&
                        !__builtin_add_overflow(shape.dim[i], before[i], &shape.dim[i]) &&
                        !__builtin_add_overflow(shape.dim[i], after[i], &shape.dim[i]) && shape.dim[i] >= 0;
        if (possible) continue;
        CG_FAIL(&dev->error, CG_ERROR_SHAPE, "pad: axis %d of %s cannot be padded by %lld and %lld", i,
                CG_SHAPE_STR(&x->shape), (long long)before[i], (long long)after[i]);
        return NULL;
    }
    if (cg_tensor_check(dev, "pad", x->storage->dtype, &shape, &numel)) return NULL;
    return pad_to(x, &shape, before, value);
}

cg_tensor *cg_pad_or_trim(cg_tensor *x, cg_dims shape, double value) {
    if (!x) return NULL;
    cg_device *dev = x->storage->dev;
    int64_t numel;
    if (cg_tensor_check(dev, "pad_or_trim", x->storage->dtype, &shape, &numel)) return NULL;
    if (shape.rank != x->shape.rank) {
        CG_FAIL(&dev->error, CG_ERROR_SHAPE, "pad_or_trim: %s and %s: expected a shape of the same rank",
                CG_SHAPE_STR(&x->shape), CG_SHAPE_STR(&shape));
        return NULL;
    }
    return pad_to(x, &shape, (const int64_t[CG_MAX_RANK]){0}, value);
}
