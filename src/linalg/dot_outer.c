/* Products of vectors: a number, a matrix. */
#include "clgrad/linalg.h"
#include "ops/op.h"

static bool check_vectors(const char *op, const cg_tensor *a, const cg_tensor *b, const char *wrong) {
    if (a->shape.rank == 0 || b->shape.rank == 0) wrong = "a scalar is no vector";
    if (wrong)
        CG_FAIL(&a->storage->dev->error, CG_ERROR_SHAPE, "%s: %s: a %s, b %s", op, wrong,
                CG_SHAPE_STR(&a->shape), CG_SHAPE_STR(&b->shape));
    return !wrong;
}

/* The shape without its last axis. */
static cg_dims batch_of(const cg_tensor *x) {
    cg_dims batch = x->shape;
    if (batch.rank > 0) batch.dim[--batch.rank] = 0;
    return batch;
}

cg_tensor *cg_dot(cg_tensor *a, cg_tensor *b) {
    if (!a || !b || !cg_op_same_device("dot", a->storage->dev, 1, &b)) return NULL;
    const char *wrong = cg_size(a, -1) != cg_size(b, -1) ? "the lengths of the vectors differ" : NULL;
    if (!wrong && !cg_broadcast_shapes(batch_of(a), batch_of(b), NULL)) wrong = "batch axes do not broadcast";
    if (!check_vectors("dot", a, b, wrong)) return NULL;
    cg_dtype dtype = cg_dtype_promote(a->storage->dtype, b->storage->dtype);
    if (!cg_dtype_is_float(dtype)) dtype = CG_I64; /* the products, too, are exact then */
    return cg_sum(cg_mul(cg_op_cast(a, dtype), cg_op_cast(b, dtype)), cg_axes(-1), false);
}

cg_tensor *cg_outer(cg_tensor *a, cg_tensor *b) {
    if (!a || !b || !cg_op_same_device("outer", a->storage->dev, 1, &b)) return NULL;
    const char *wrong =
        cg_broadcast_shapes(batch_of(a), batch_of(b), NULL) ? NULL : "batch axes do not broadcast";
    if (!check_vectors("outer", a, b, wrong)) return NULL;
    return cg_mul(cg_unsqueeze(a, -1), cg_unsqueeze(b, -2));
}
