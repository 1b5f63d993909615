/* Views: another geometry over the same elements. Each rule is the view that undoes it, or a sum. */
#include <string.h>

#include "ops/part.h"
#include "ops/reduction.h"

/* --- permute, transpose --------------------------------------------------------------------------------------- */

static void permute_backward(const cg_rule_call *call, cg_tensor **dx) {
    int inverse[CG_MAX_RANK];
    for (int i = 0; i < call->shape[0].rank; i++) inverse[call->attributes->i[i]] = i;
    dx[0] = cg_permute(call->g, inverse);
}

static cg_tensor *permute_again(const cg_rule_call *call) {
    int order[CG_MAX_RANK];
    for (int i = 0; i < call->shape[0].rank; i++) order[i] = (int)call->attributes->i[i];
    return cg_view_permute(call->x[0], order);
}

static const cg_rule permute_rule = {"permute", permute_backward};

static bool is_permutation(const int *axes, int rank) {
    unsigned seen = 0;
    for (int i = 0; i < rank; i++) {
        if (axes[i] < 0 || axes[i] >= rank || (seen & (1u << axes[i]))) return false;
        seen |= 1u << axes[i];
    }
    return true;
}

cg_tensor *cg_permute(cg_tensor *x, const int *axes) {
    if (!x) return NULL;
    int order[CG_MAX_RANK], rank = x->shape.rank;
    cg_attributes attributes = {0};
    for (int i = 0; i < rank; i++) {
        order[i] = cg_axis_normalize(axes[i], rank);
        attributes.i[i] = order[i];
    }
    if (!is_permutation(order, rank)) {
        CG_FAIL(&x->storage->dev->error, CG_ERROR_ARGUMENT,
                "permute: the axes are no permutation of those of %s", CG_SHAPE_STR(&x->shape));
        return NULL;
    }
    return cg_record_op_again(cg_view_permute(x, order), &permute_rule, permute_again, 1, &x, CG_KEEP_NOTHING,
                              &attributes);
}

cg_tensor *cg_transpose(cg_tensor *x, int axis_a, int axis_b) {
    if (!x) return NULL;
    int a = cg_op_axis("transpose", x, axis_a), b = cg_op_axis("transpose", x, axis_b);
    if (a < 0 || b < 0) return NULL;
    int axes[CG_MAX_RANK];
    for (int i = 0; i < x->shape.rank; i++) axes[i] = i == a ? b : i == b ? a : i;
    return cg_permute(x, axes);
}

cg_tensor *cg_moveaxis(cg_tensor *x, int from, int to) {
    if (!x) return NULL;
    int a = cg_op_axis("moveaxis", x, from), b = cg_op_axis("moveaxis", x, to);
    if (a < 0 || b < 0) return NULL;
    int axes[CG_MAX_RANK];
    for (int i = 0, next = 0; i < x->shape.rank; i++) {
        if (next == a) next++;
        axes[i] = i == b ? a : next++;
    }
    return cg_permute(x, axes);
}

/* --- reshape and its kin ---------------------------------------------------------------------------------------- */

static void reshape_backward(const cg_rule_call *call, cg_tensor **dx) {
    dx[0] = cg_reshape(call->g, call->shape[0]);
}

static cg_tensor *reshape_again(const cg_rule_call *call) { return cg_reshape(call->x[0], call->shape_out); }

static const cg_rule reshape_rule = {"reshape", reshape_backward};

/* x in another shape of the same size: a view, or a view of a copy. */
static cg_tensor *reshape_to(cg_tensor *x, const cg_dims *shape) {
    int64_t stride[CG_MAX_RANK];
    cg_tensor *source = x;
    if (!cg_view_reshape_strides(x, shape, stride)) {
        source = cg_tensor_dense(x);
        if (!source) return NULL;
        cg_dims_strides(shape, stride);
    }
    return cg_record_op_again(cg_view(source, shape, stride, source->offset), &reshape_rule, reshape_again, 1,
                              &x, CG_KEEP_NOTHING, NULL);
}

/* Replaces one -1 by what is left; false if that cannot be. */
static bool infer_dim(cg_dims *shape, int64_t numel) {
    int unknown = -1;
    int64_t known = 1;
    if (shape->rank < 0 || shape->rank > CG_MAX_RANK) return false;
    for (int i = 0; i < shape->rank; i++) {
        if (shape->dim[i] == -1) {
            if (unknown >= 0) return false;
            unknown = i;
        } else if (shape->dim[i] < 0 || __builtin_mul_overflow(known, shape->dim[i], &known)) {
            return false;
        }
    }
    if (unknown < 0) return known == numel;
    if (known == 0 || numel % known) return false;
    shape->dim[unknown] = numel / known;
    return true;
}

cg_tensor *cg_reshape(cg_tensor *x, cg_dims shape) {
    if (!x) return NULL;
    cg_dims wanted = shape;
    if (!infer_dim(&wanted, cg_numel(x))) {
        CG_FAIL(&x->storage->dev->error, CG_ERROR_SHAPE, "reshape: %s with %lld elements does not fit %s",
                CG_SHAPE_STR(&x->shape), (long long)cg_numel(x), CG_SHAPE_STR(&shape));
        return NULL;
    }
    return reshape_to(x, &wanted);
}

cg_tensor *cg_flatten(cg_tensor *x, int first, int last) {
    if (!x) return NULL;
    if (x->shape.rank == 0) return cg_reshape(x, cg_shape(1));
    int a = cg_op_axis("flatten", x, first), b = cg_op_axis("flatten", x, last);
    if (a < 0 || b < 0) return NULL;
    if (a > b) {
        CG_FAIL(&x->storage->dev->error, CG_ERROR_ARGUMENT, "flatten: axis %d comes after axis %d in %s",
                first, last, CG_SHAPE_STR(&x->shape));
        return NULL;
    }
    cg_dims shape = {.rank = x->shape.rank - (b - a)};
    for (int i = 0; i < a; i++) shape.dim[i] = x->shape.dim[i];
    shape.dim[a] = 1;
    for (int i = a; i <= b; i++) shape.dim[a] *= x->shape.dim[i];
    for (int i = b + 1; i < x->shape.rank; i++) shape.dim[i - (b - a)] = x->shape.dim[i];
    return reshape_to(x, &shape);
}

cg_tensor *cg_squeeze(cg_tensor *x, int axis) {
    if (!x) return NULL;
    int a = cg_op_axis("squeeze", x, axis);
    if (a < 0) return NULL;
    if (x->shape.dim[a] != 1) {
        CG_FAIL(&x->storage->dev->error, CG_ERROR_SHAPE, "squeeze: axis %d of %s has length %lld, expected 1",
                axis, CG_SHAPE_STR(&x->shape), (long long)x->shape.dim[a]);
        return NULL;
    }
    cg_dims shape = {.rank = x->shape.rank - 1};
    for (int i = 0; i < shape.rank; i++) shape.dim[i] = x->shape.dim[i < a ? i : i + 1];
    return reshape_to(x, &shape);
}

cg_tensor *cg_unsqueeze(cg_tensor *x, int axis) {
    if (!x) return NULL;
    int rank = x->shape.rank + 1, a = cg_axis_normalize(axis, rank);
    if (a < 0 || rank > CG_MAX_RANK) {
        CG_FAIL(&x->storage->dev->error, CG_ERROR_ARGUMENT, "unsqueeze: axis %d is not possible for %s", axis,
                CG_SHAPE_STR(&x->shape));
        return NULL;
    }
    cg_dims shape = {.rank = rank};
    for (int i = 0; i < rank; i++) shape.dim[i] = i == a ? 1 : x->shape.dim[i < a ? i : i - 1];
    return reshape_to(x, &shape);
}

/* --- expand --------------------------------------------------------------------------------------------------------- */

static void expand_backward(const cg_rule_call *call, cg_tensor **dx) {
    dx[0] = cg_sum_to(call->g, call->shape[0]);
}

static const cg_rule expand_rule = {"expand", expand_backward};

cg_tensor *cg_expand(cg_tensor *x, cg_dims shape) {
    if (!x) return NULL;
    cg_dims common;
    int64_t numel;
    if (!cg_broadcast_shapes(x->shape, shape, &common) || !cg_dims_equal(&common, &shape)) {
        CG_FAIL(&x->storage->dev->error, CG_ERROR_SHAPE, "expand: %s does not broadcast to %s",
                CG_SHAPE_STR(&x->shape), CG_SHAPE_STR(&shape));
        return NULL;
    }
    if (cg_tensor_check(x->storage->dev, "expand", x->storage->dtype, &shape, &numel)) return NULL;
    return cg_record_op(cg_view_expand(x, &shape), &expand_rule, 1, &x, CG_KEEP_NOTHING, NULL);
}

/* --- slice ------------------------------------------------------------------------------------------------------------ */

static cg_tensor *slice_with(cg_tensor *x, const cg_attributes *at);

/* at: axis, first, count, step. */
static cg_tensor *slice_view(const cg_tensor *x, const cg_attributes *at) {
    int axis = (int)at->i[0];
    cg_dims shape = x->shape;
    int64_t stride[CG_MAX_RANK];
    memcpy(stride, x->stride, sizeof stride);
    shape.dim[axis] = at->i[2];
    stride[axis] *= at->i[3];
    int64_t offset = x->offset + (at->i[2] > 0 ? at->i[1] * x->stride[axis] : 0);
    return cg_view(x, &shape, stride, offset);
}

static void slice_scatter_backward(const cg_rule_call *call, cg_tensor **dx) {
    dx[0] = slice_with(call->g, call->attributes);
}

static const cg_rule slice_scatter_rule = {"slice_scatter", slice_scatter_backward};

static void slice_backward(const cg_rule_call *call, cg_tensor **dx) {
    dx[0] = cg_part_scatter(call->g, &call->shape[0], slice_view, call->attributes, &slice_scatter_rule);
}

static const cg_rule slice_rule = {"slice", slice_backward};

static cg_tensor *slice_with(cg_tensor *x, const cg_attributes *at) {
    return cg_record_op(slice_view(x, at), &slice_rule, 1, &x, CG_KEEP_NOTHING, at);
}

/* Python's rule: negative bounds count from the end, then everything is cut to [low, high]. */
static int64_t clip_bound(int64_t bound, int64_t n, int64_t low, int64_t high) {
    if (bound < 0) bound += n;
    return bound < low ? low : bound > high ? high : bound;
}

cg_tensor *cg_slice(cg_tensor *x, int axis, int64_t start, int64_t stop, int64_t step) {
    if (!x) return NULL;
    int a = cg_op_axis("slice", x, axis);
    if (a < 0) return NULL;
    if (step == 0 || step == INT64_MIN) {
        CG_FAIL(&x->storage->dev->error, CG_ERROR_ARGUMENT,
                "slice: step %lld along axis %d of %s: expected one that moves", (long long)step, a,
                CG_SHAPE_STR(&x->shape));
        return NULL;
    }
    int64_t n = x->shape.dim[a], first, end, count;
    if (step > 0) {
        first = start == CG_SLICE_OPEN ? 0 : clip_bound(start, n, 0, n);
        end = stop == CG_SLICE_OPEN ? n : clip_bound(stop, n, 0, n);
        count = end > first ? (end - first - 1) / step + 1 : 0;
    } else {
        first = start == CG_SLICE_OPEN ? n - 1 : clip_bound(start, n, -1, n - 1);
        end = stop == CG_SLICE_OPEN ? -1 : clip_bound(stop, n, -1, n - 1);
        count = first > end ? (first - end - 1) / -step + 1 : 0;
    }
    if (count < 2) step = 1; /* one element has no stride, and a huge step would overflow it */
    return slice_with(x, &(cg_attributes){.i = {a, first, count, step}});
}

/* --- flip ------------------------------------------------------------------------------------------------------------- */

static cg_tensor *flip_mask(cg_tensor *x, unsigned mask);

static void flip_backward(const cg_rule_call *call, cg_tensor **dx) {
    dx[0] = flip_mask(call->g, (unsigned)call->attributes->i[0]);
}

static const cg_rule flip_rule = {"flip", flip_backward};

static cg_tensor *flip_mask(cg_tensor *x, unsigned mask) {
    int64_t stride[CG_MAX_RANK], offset = x->offset;
    memcpy(stride, x->stride, sizeof stride);
    for (int i = 0; i < x->shape.rank; i++) {
        if (!(mask & (1u << i)) || x->shape.dim[i] < 2) continue;
        offset += (x->shape.dim[i] - 1) * stride[i];
        stride[i] = -stride[i];
    }
    return cg_record_op(cg_view(x, &x->shape, stride, offset), &flip_rule, 1, &x, CG_KEEP_NOTHING,
                        &(cg_attributes){.i = {mask}});
}

cg_tensor *cg_flip(cg_tensor *x, cg_axis_set axes) {
    unsigned mask;
    return x && cg_reduction_mask("flip", x, axes, &mask) ? flip_mask(x, mask) : NULL;
}
