/* Distances between the rows of two matrices. */
#include "clgrad/distances.h"

#include <math.h>

#include "core/rows.h"
#include "ops/matmul.h"

/* --- Checks --------------------------------------------------------------------------------------------------- */

/* Whether x is (..., N, D) and y (..., M, D); an error naming `op` if not. */
static bool check_points(const char *op, const cg_tensor *x, const cg_tensor *y) {
    const char *wrong = NULL;
    if (x->shape.rank < 2 || y->shape.rank < 2)
        wrong = "expected points as rows, (..., N, D) and (..., M, D)";
    else if (cg_size(x, -1) != cg_size(y, -1))
        wrong = "the points have different numbers of coordinates";
    else if (!cg_broadcast_shapes(cg_matmul_batch(x), cg_matmul_batch(y), NULL))
        wrong = "batch axes do not broadcast";
    if (wrong)
        CG_FAIL(&x->storage->dev->error, CG_ERROR_SHAPE, "%s: %s: x %s, y %s", op, wrong,
                CG_SHAPE_STR(&x->shape), CG_SHAPE_STR(&y->shape));
    return !wrong;
}

/* Checked operands in one real dtype; false on an error. */
static bool take_points(const char *op, cg_tensor *x, cg_tensor *y, cg_tensor *point[2]) {
    if (!x || !y || !cg_op_same_device(op, x->storage->dev, 1, &y) || !check_points(op, x, y)) return false;
    cg_dtype dtype = cg_matmul_dtype(x, y);
    point[0] = cg_op_cast(x, dtype);
    point[1] = cg_op_cast(y, dtype);
    return point[0] && point[1];
}

/* --- Euclidean ------------------------------------------------------------------------------------------------ */

/* x (..., M, D) as (..., D, M), not recorded. */
static cg_tensor *turned(const cg_tensor *x) {
    int axes[CG_MAX_RANK], rank = x->shape.rank;
    for (int i = 0; i < rank; i++) axes[i] = i < rank - 2 ? i : 2 * rank - 3 - i;
    return cg_view_permute(x, axes);
}

static cg_tensor *euclidean(const char *op, cg_tensor *const point[2], bool squared) {
    cg_dims batch;
    cg_tensor *columns = turned(point[1]);
    if (!columns || !cg_broadcast_shapes(cg_matmul_batch(point[0]), cg_matmul_batch(point[1]), &batch))
        return NULL;
    cg_program root = {.type = (uint8_t)point[0]->storage->dtype, .n_inputs = 1, .n_outputs = 1};
    root.output[0] = (uint8_t)cg_program_push(&root, CG_ROW_sqrt, 0, 0, 0);
    return cg_matmul_inner(op, CG_INNER_SQUARED_DISTANCE, point[0], columns, &batch, squared ? NULL : &root);
}

/*
 * The mean of the rows of y as (..., 1, D), 0 where it is not finite: products about it do not lose the digits that a
 * common offset of all points would cost. The gradient does not depend on it, so it is not recorded.
 */
static cg_tensor *centre_of(cg_tensor *y) {
    int64_t rows = cg_size(y, -2);
    cg_tensor *mean = cg_div(cg_sum(cg_detach(y), cg_axes(-2), true), (double)(rows > 0 ? rows : 1));
    return cg_where(cg_isfinite(mean), mean, 0.0);
}

/* sum_j w[i, j] (x[i] - y[j]) */
static cg_tensor *pull(cg_tensor *w, cg_tensor *x, cg_tensor *y) {
    cg_tensor *towards = cg_matmul(w, y);
    return cg_sub(cg_mul(x, cg_sum(w, cg_axes(-1), true)), towards);
}

static void pulls(const cg_rule_call *call, cg_tensor *w, cg_tensor **dx) {
    cg_tensor *c = centre_of(call->x[1]);
    cg_tensor *x = cg_sub(call->x[0], c), *y = cg_sub(call->x[1], c);
    if (call->wanted[0]) dx[0] = pull(w, x, y);
    if (call->wanted[1]) dx[1] = pull(cg_transpose(w, -1, -2), y, x);
}

/* w = g / d, and 0 where d is 0: dividing by infinity makes it so in every order. */
static void cdist_backward(const cg_rule_call *call, cg_tensor **dx) {
    pulls(call, cg_div(call->g, cg_where(cg_eq(call->out, 0), (double)INFINITY, call->out)), dx);
}

static const cg_rule cdist_rule = {"cdist", cdist_backward};

static void squared_distances_backward(const cg_rule_call *call, cg_tensor **dx) {
    pulls(call, cg_mul(call->g, 2), dx);
}

static const cg_rule squared_distances_rule = {"squared_distances", squared_distances_backward};

cg_tensor *cg_squared_distances(cg_tensor *x, cg_tensor *y) {
    cg_tensor *point[2];
    if (!take_points("squared_distances", x, y, point)) return NULL;
    return cg_record_op(euclidean("squared_distances", point, true), &squared_distances_rule, 2, point,
                        CG_KEEP(0) | CG_KEEP(1), NULL);
}

/* --- Any p ---------------------------------------------------------------------------------------------------- */

cg_tensor *cg_cdist(cg_tensor *x, cg_tensor *y, double p) {
    cg_tensor *point[2];
    if (!take_points("cdist", x, y, point)) return NULL;
    if (!(p >= 0)) {
        CG_FAIL(&x->storage->dev->error, CG_ERROR_ARGUMENT,
                "cdist of x %s and y %s: p is %g; expected 0, a positive number or infinity",
                CG_SHAPE_STR(&x->shape), CG_SHAPE_STR(&y->shape), p);
        return NULL;
    }
    if (p == 2)
        return cg_record_op(euclidean("cdist", point, false), &cdist_rule, 2, point,
                            CG_KEEP(0) | CG_KEEP(1) | CG_KEEP_OUT, NULL);
    cg_tensor *difference = cg_sub(cg_unsqueeze(point[0], -2), cg_unsqueeze(point[1], -3));
    return cg_norm(difference, cg_size(x, -1) == 0 ? 1 : p, cg_axes(-1), false);
}
