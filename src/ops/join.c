/* Tensors joined along an axis, and one cut along it. */
#include "ops/part.h"

/* What concat and stack have in common: an input is a slab of the result, `extent` long on the axis. */
typedef struct joining {
    const cg_rule *rule;
    bool stack; /* the axis is a new one, on which each input has length 1 */
    int axis;
    cg_dtype dtype;
    cg_dims shape;
} joining;

/* --- gradient ------------------------------------------------------------------------------------------------- */

enum { AT_AXIS, AT_STACK, AT_LINKED, AT_START };

/*
 * A rule has room for few inputs, so many are recorded as a chain: the result without what a link adds is that link's
 * input 0. All of g goes on to it; what it lacks is read by nobody.
 */
static void join_backward(const cg_rule_call *call, cg_tensor **dx) {
    const int64_t *at = call->attributes->i;
    int axis = (int)at[AT_AXIS];
    for (int i = 0; i < CG_RULE_INPUTS; i++) {
        if (!call->wanted[i]) continue;
        if (i == 0 && at[AT_LINKED]) {
            dx[0] = call->g;
            continue;
        }
        int64_t start = at[AT_START + i], extent = at[AT_STACK] ? 1 : call->shape[i].dim[axis];
        cg_tensor *slab = cg_slice(call->g, axis, start, start + extent, 1);
        dx[i] = at[AT_STACK] ? cg_squeeze(slab, axis) : slab;
    }
}

static const cg_rule concat_rule = {"concat", join_backward}, stack_rule = {"stack", join_backward};

static int64_t extent_of(const joining *j, const cg_tensor *x) {
    return j->stack ? 1 : x->shape.dim[j->axis];
}

static cg_tensor *record(cg_tensor *out, const joining *j, int n, cg_tensor *const *x) {
    cg_attributes at = {.i = {j->axis, j->stack}};
    cg_tensor *input[CG_RULE_INPUTS];
    int filled = 0;
    int64_t start = 0;
    for (int i = 0; i < n; start += extent_of(j, x[i]), i++) {
        if (!cg_recording(out->storage->dev, 1, &x[i])) continue;
        if (filled == CG_RULE_INPUTS) {
            input[0] = cg_record_op(out, j->rule, filled, input, CG_KEEP_NOTHING, &at);
            out = input[0] ? cg_tensor_alias(input[0]) : NULL;
            if (!out) return NULL;
            at.i[AT_LINKED] = 1;
            filled = 1;
        }
        at.i[AT_START + filled] = start;
        input[filled++] = x[i];
    }
    return filled ? cg_record_op(out, j->rule, filled, input, CG_KEEP_NOTHING, &at) : out;
}

/* --- concat, stack -------------------------------------------------------------------------------------------- */

/* The slab of `out` that x goes to, in x's shape. */
static cg_tensor *slab_view(const joining *j, const cg_tensor *out, const cg_tensor *x, int64_t start) {
    int64_t stride[CG_MAX_RANK] = {0};
    for (int i = 0; i < x->shape.rank; i++) stride[i] = out->stride[j->stack && i >= j->axis ? i + 1 : i];
    return cg_view(out, &x->shape, stride, out->offset + start * out->stride[j->axis]);
}

static cg_tensor *join(const joining *j, int n, cg_tensor *const *x) {
    cg_tensor *out = cg_tensor_make(x[0]->storage->dev, j->rule->name, j->dtype, &j->shape);
    int64_t start = 0;
    for (int i = 0; i < n && out; i++) {
        cg_tensor *slab = slab_view(j, out, x[i], start);
        if (!slab || cg_part_write(slab, x[i])) return NULL;
        start += extent_of(j, x[i]);
    }
    return out ? record(out, j, n, x) : NULL;
}

/* Whether there are inputs, all there and on one device; their common dtype. */
static bool check_inputs(const char *op, int n, cg_tensor *const *x, cg_dtype *dtype) {
    if (n < 1 || !x) {
        cg_error *err = cg_error_of_thread();
        *err = (cg_error){0};
        CG_FAIL(err, CG_ERROR_ARGUMENT, "%s: expected at least one tensor, got %d", op, n);
        return false;
    }
    for (int i = 0; i < n; i++)
        if (!x[i]) return false;
    if (!cg_op_same_device(op, x[0]->storage->dev, n, x)) return false;
    *dtype = x[0]->storage->dtype;
    for (int i = 1; i < n; i++) *dtype = cg_dtype_promote(*dtype, x[i]->storage->dtype);
    return true;
}

static bool agree_but_for(int axis, const cg_dims *a, const cg_dims *b) {
    if (a->rank != b->rank) return false;
    for (int i = 0; i < a->rank; i++)
        if (i != axis && a->dim[i] != b->dim[i]) return false;
    return true;
}

cg_tensor *cg_concat(int n, cg_tensor *const *x, int axis) {
    joining j = {.rule = &concat_rule};
    if (!check_inputs("concat", n, x, &j.dtype)) return NULL;
    cg_error *err = &x[0]->storage->dev->error;
    j.axis = cg_op_axis("concat", x[0], axis);
    if (j.axis < 0) return NULL;
    j.shape = x[0]->shape;
    int64_t *length = &j.shape.dim[j.axis];
    for (int i = 1; i < n; i++) {
        if (!agree_but_for(j.axis, &x[0]->shape, &x[i]->shape)) {
            CG_FAIL(err, CG_ERROR_SHAPE,
                    "concat: input 0 is %s, input %d is %s: expected them to agree but for axis %d",
                    CG_SHAPE_STR(&x[0]->shape), i, CG_SHAPE_STR(&x[i]->shape), axis);
            return NULL;
        }
        if (__builtin_add_overflow(*length, x[i]->shape.dim[j.axis], length)) {
            CG_FAIL(err, CG_ERROR_SHAPE, "concat: %d inputs like %s are longer than 2^63 along axis %d", n,
                    CG_SHAPE_STR(&x[i]->shape), axis);
            return NULL;
        }
    }
    return join(&j, n, x);
}

cg_tensor *cg_stack(int n, cg_tensor *const *x, int axis) {
    joining j = {.rule = &stack_rule, .stack = true};
    if (!check_inputs("stack", n, x, &j.dtype)) return NULL;
    cg_error *err = &x[0]->storage->dev->error;
    const cg_dims *shape = &x[0]->shape;
    j.shape.rank = shape->rank + 1;
    j.axis = cg_axis_normalize(axis, j.shape.rank);
    if (j.axis < 0 || j.shape.rank > CG_MAX_RANK) {
        CG_FAIL(err, CG_ERROR_ARGUMENT, "stack: axis %d is not possible for %s", axis, CG_SHAPE_STR(shape));
        return NULL;
    }
    for (int i = 1; i < n; i++) {
        if (cg_dims_equal(shape, &x[i]->shape)) continue;
        CG_FAIL(err, CG_ERROR_SHAPE, "stack: input 0 is %s, input %d is %s: expected the same shape",
                CG_SHAPE_STR(shape), i, CG_SHAPE_STR(&x[i]->shape));
        return NULL;
    }
    for (int i = 0; i < j.shape.rank; i++)
        j.shape.dim[i] = i == j.axis ? n : shape->dim[i < j.axis ? i : i - 1];
    return join(&j, n, x);
}

/* --- split ---------------------------------------------------------------------------------------------------- */

/* out[i] = the next sizes[i] of x along the axis; where sizes is NULL, n parts that differ by one at most. */
static cg_status split_into(cg_tensor *x, int n, const int64_t *sizes, int axis, cg_tensor **out) {
    int64_t length = x->shape.dim[axis], start = 0;
    for (int i = 0; i < n; i++) {
        int64_t size = sizes ? sizes[i] : length / n + (i < length % n);
        out[i] = cg_slice(x, axis, start, start + size, 1);
        start += size;
        if (out[i]) continue;
        while (i >= 0) out[i--] = NULL;
        return x->storage->dev->error.code;
    }
    return CG_OK;
}

/* Clears out; the axis, or -1 and an error. */
static int split_begin(const char *op, cg_tensor *x, int n, int axis, cg_tensor **out) {
    for (int i = 0; i < n; i++) out[i] = NULL;
    if (!x) return -1;
    if (n < 1)
        CG_FAIL(&x->storage->dev->error, CG_ERROR_ARGUMENT, "%s: expected one part of %s or more, got %d", op,
                CG_SHAPE_STR(&x->shape), n);
    return n < 1 ? -1 : cg_op_axis(op, x, axis);
}

static cg_status failed(const cg_tensor *x) { return x ? x->storage->dev->error.code : CG_ERROR_ARGUMENT; }

cg_status cg_split(cg_tensor *x, int sections, int axis, cg_tensor **out) {
    int a = split_begin("split", x, sections, axis, out);
    if (a < 0) return failed(x);
    if (x->shape.dim[a] % sections)
        return CG_FAIL(&x->storage->dev->error, CG_ERROR_SHAPE,
                       "split: axis %d of %s does not divide into %d equal parts", axis,
                       CG_SHAPE_STR(&x->shape), sections);
    return split_into(x, sections, NULL, a, out);
}

cg_status cg_array_split(cg_tensor *x, int sections, int axis, cg_tensor **out) {
    int a = split_begin("array_split", x, sections, axis, out);
    return a < 0 ? failed(x) : split_into(x, sections, NULL, a, out);
}

cg_status cg_split_sizes(cg_tensor *x, int n, const int64_t *sizes, int axis, cg_tensor **out) {
    int a = split_begin("split_sizes", x, n, axis, out);
    if (a < 0) return failed(x);
    int64_t left = x->shape.dim[a];
    bool fits = true;
    for (int i = 0; i < n && fits; i++) {
        fits = sizes[i] >= 0 && sizes[i] <= left;
        left -= fits ? sizes[i] : 0;
    }
    if (!fits || left)
        return CG_FAIL(&x->storage->dev->error, CG_ERROR_SHAPE,
                       "split_sizes: the %d sizes, none negative, must add up to axis %d of %s", n, axis,
                       CG_SHAPE_STR(&x->shape));
    return split_into(x, n, sizes, a, out);
}
