#include "linalg/linear_system.h"

/* --- Operands ------------------------------------------------------------------------------------------------- */

static bool check_shapes(const char *op, const cg_tensor *a, const cg_tensor *b, bool square) {
    const char *wrong = NULL;
    if (a->shape.rank < 2 || (square && cg_size(a, -1) != cg_size(a, -2)))
        wrong = square ? "a is no stack of square matrices" : "a is no stack of matrices";
    else if (b->shape.rank < 1 || cg_size(b, b->shape.rank == 1 ? 0 : -2) != cg_size(a, -2))
        wrong = "b has another number of rows than a";
    else if (b->shape.rank > 2 && !cg_broadcast_shapes(cg_matmul_batch(a), cg_matmul_batch(b), NULL))
        wrong = "batch axes do not broadcast";
    if (wrong)
        CG_FAIL(&a->storage->dev->error, CG_ERROR_SHAPE, "%s: %s: a %s, b %s: expected a %s, b %s", op, wrong,
                CG_SHAPE_STR(&a->shape), CG_SHAPE_STR(&b->shape), square ? "(..., N, N)" : "(..., M, N)",
                square ? "(N) or (..., N, R)" : "(M) or (..., M, R)");
    return !wrong;
}

cg_system cg_system_of(const char *op, cg_tensor *a, cg_tensor *b, bool square) {
    cg_system system = {0};
    if (!a || !b || !cg_op_same_device(op, a->storage->dev, 1, &b) || !check_shapes(op, a, b, square))
        return system;
    const cg_dtype dtype = cg_matmul_dtype(a, b);
    system.vector = b->shape.rank == 1;
    system.b = cg_op_cast(system.vector ? cg_unsqueeze(b, 1) : b, dtype);
    system.a = system.b ? cg_op_cast(a, dtype) : NULL;
    return system;
}

cg_tensor *cg_system_result(const cg_system *system, cg_tensor *x) {
    return system->vector ? cg_squeeze(x, -1) : x;
}

cg_tensor *cg_system_copy(cg_tensor *a, cg_tensor *b) {
    cg_dims shape;
    if (!b || !cg_broadcast_shapes(cg_matmul_batch(a), cg_matmul_batch(b), &shape)) return NULL;
    shape.dim[shape.rank++] = cg_size(b, -2);
    shape.dim[shape.rank++] = cg_size(b, -1);
    return cg_eval(cg_clone(cg_expand(b, shape)));
}

/* --- What is done with them --------------------------------------------------------------------------------------- */

cg_status cg_triangular_in_place(cg_tensor *t, cg_tensor *x, unsigned flags) {
    cg_device *dev = x->storage->dev;
    const int64_t n = cg_size(x, -2), r = cg_size(x, -1), matrix = n * n;
    cg_dims shape = x->shape;
    shape.dim[shape.rank - 1] = n;
    const bool single = cg_numel(t) == matrix;
    cg_tensor *stretched = single ? t : cg_view_expand(t, &shape);
    cg_tensor *dense = stretched ? cg_tensor_dense(stretched) : NULL;
    if (!dense) return dev->error.code;
    cg_solve_triangular_request request = {.dtype = x->storage->dtype,
                                           .lower = (flags & CG_LOWER) != 0,
                                           .unit = (flags & CG_UNIT_DIAGONAL) != 0,
                                           .transposed = (flags & CG_TRANSPOSED) != 0,
                                           .batch = 1,
                                           .n = n,
                                           .r = r,
                                           .a = cg_tensor_operand(dense),
                                           .x = cg_tensor_operand(x)};
    for (int i = 0; i < x->shape.rank - 2; i++) request.batch *= x->shape.dim[i];
    request.a.stride[0] = single ? 0 : matrix;
    request.a.stride[1] = n;
    request.x.stride[0] = n * r;
    request.x.stride[1] = r;
    return cg_hw_solve_triangular(dev->hw, &request);
}

cg_tensor *cg_system_outer(const cg_dims *shape, cg_tensor *x, cg_tensor *y) {
    if (!x || !y) return NULL;
    const int64_t m = cg_size(x, -2), n = cg_size(y, -2);
    if (shape->rank == 2 && x->shape.rank > 2 && m && n) {
        x = cg_reshape(cg_moveaxis(x, -2, 0), cg_shape(m, cg_numel(x) / m));
        y = cg_reshape(cg_moveaxis(y, -2, 0), cg_shape(n, cg_numel(y) / n));
    }
    return cg_matmul(x, cg_transpose(y, -1, -2));
}
