/* The nearest points: the distances of some rows at a time, sorted. */
#include "clgrad/distances.h"

#include <math.h>

#include "ops/matmul.h"
#include "ops/order.h"
#include "ops/part.h"

enum {
    CHUNK = 1 << 20
}; /* distances made and sorted at a time: 12 MB in f32, and what the sort needs beside them */

/* --- The gradient --------------------------------------------------------------------------------------------- */

/* Pairs (x[i], y[index[i, j]]): w (x - y) with w = g / d to x, the opposite to y; 0 where d is 0, in every order. */
static void neighbors_backward(const cg_rule_call *call, cg_tensor **dx) {
    const int64_t n = call->shape[0].dim[0], d = call->shape[0].dim[1], k = call->shape[2].dim[1];
    cg_tensor *w = cg_div(call->g, cg_where(cg_eq(call->out, 0), (double)INFINITY, call->out));
    cg_tensor *place = cg_reshape(call->x[2], cg_shape(n * k));
    cg_tensor *near = cg_reshape(cg_index_select(call->x[1], 0, place), cg_shape(n, k, d));
    cg_tensor *pull = cg_mul(cg_unsqueeze(w, 2), cg_sub(cg_unsqueeze(call->x[0], 1), near));
    if (call->wanted[0]) dx[0] = cg_sum(pull, cg_axes(1), false);
    if (call->wanted[1])
        dx[1] = cg_index_add(cg_zeros(call->dev, call->dtype[1], call->shape[1]), 0, place,
                             cg_reshape(cg_neg(pull), cg_shape(n * k, d)));
}

static const cg_rule neighbors_rule = {"nearest_neighbors", neighbors_backward};

/* --- The values ----------------------------------------------------------------------------------------------- */

static cg_status check_neighbors(const cg_tensor *x, const cg_tensor *y, int64_t k) {
    cg_error *err = &x->storage->dev->error;
    if (x->shape.rank != 2 || y->shape.rank != 2 || cg_size(x, 1) != cg_size(y, 1))
        return CG_FAIL(err, CG_ERROR_SHAPE, "%s: expected points as rows, (N, D) and (M, D): x %s, y %s",
                       neighbors_rule.name, CG_SHAPE_STR(&x->shape), CG_SHAPE_STR(&y->shape));
    if (k < 0 || k > cg_size(y, 0))
        return CG_FAIL(err, CG_ERROR_ARGUMENT, "%s: k = %lld of the %lld rows of y %s", neighbors_rule.name,
                       (long long)k, (long long)cg_size(y, 0), CG_SHAPE_STR(&y->shape));
    return CG_OK;
}

/* Rows begin .. end of x: sorts their distances and keeps what the results have room for. */
static bool nearest_of_rows(cg_tensor *const point[2], int64_t begin, int64_t end, cg_tensor *distances,
                            cg_tensor *indices) {
    const int64_t k = cg_size(indices, 1);
    cg_tensor *all = cg_cdist(cg_slice(point[0], 0, begin, end, 1), point[1], 2), *best = NULL, *from;
    if (!all || cg_topk(all, k, 1, false, distances ? &best : NULL, &from)) return false;
    cg_tensor *places = cg_slice(indices, 0, begin, end, 1);
    if (!places || cg_part_write(places, from)) return false;
    if (!distances) return true;
    cg_tensor *part = cg_slice(distances, 0, begin, end, 1);
    return part && !cg_part_write(part, best);
}

/* Each chunk in a scope of its own, so that its temporaries are gone before the next one's are made. */
static bool nearest_of_all(cg_tensor *const point[2], cg_tensor *distances, cg_tensor *indices) {
    cg_device *dev = indices->storage->dev;
    const int64_t n = cg_size(point[0], 0), m = cg_size(point[1], 0);
    const int64_t step = m == 0 || m > CHUNK ? 1 : CHUNK / m;
    bool ok = true;
    for (int64_t begin = 0; ok && begin < n && cg_size(indices, 1) > 0; begin += step) {
        cg_scope *scope = cg_scope_begin(dev);
        if (!scope) return false;
        cg_no_grad_begin(dev);
        ok = nearest_of_rows(point, begin, n - begin < step ? n : begin + step, distances, indices);
        cg_no_grad_end(dev);
        cg_scope_drop(scope);
    }
    return ok;
}

cg_status cg_nearest_neighbors(cg_tensor *x, cg_tensor *y, int64_t k, cg_tensor **distances,
                               cg_tensor **indices) {
    if (distances) *distances = NULL;
    if (indices) *indices = NULL;
    if (!x || !y) return CG_ERROR_ARGUMENT;
    cg_device *dev = x->storage->dev;
    if (!cg_op_same_device(neighbors_rule.name, dev, 1, &y) || check_neighbors(x, y, k))
        return dev->error.code;
    const cg_dtype dtype = cg_matmul_dtype(x, y);
    const cg_dims shape = cg_shape(cg_size(x, 0), k);
    cg_tensor *input[] = {cg_op_cast(x, dtype), cg_op_cast(y, dtype),
                          cg_tensor_make(dev, neighbors_rule.name, CG_I64, &shape)};
    if (!input[0] || !input[1] || !input[2]) return dev->error.code;
    cg_tensor *values = distances ? cg_tensor_make(dev, neighbors_rule.name, dtype, &shape) : NULL;
    if (distances && !values) return dev->error.code;
    if (!nearest_of_all(input, values, input[2])) return dev->error.code;
    if (distances) {
        *distances = cg_record_op(values, &neighbors_rule, 3, input,
                                  CG_KEEP(0) | CG_KEEP(1) | CG_KEEP(2) | CG_KEEP_OUT, NULL);
        if (!*distances) return dev->error.code;
    }
    if (indices) *indices = input[2];
    return CG_OK;
}
