#include "support/operations.h"

#include "support/check.h"

#include <string.h>

/* A call on inputs x[0], x[1], x[2]. */
#define CALL(name, expression)                                                                               \
    static cg_tensor *name(void *context, int n, cg_tensor *const *x) {                                      \
        (void)context, (void)n;                                                                              \
        return expression;                                                                                   \
    }

/* --- reductions ----------------------------------------------------------------------------------------- */
CALL(sum_all, cg_sum(x[0], CG_ALL_AXES, false))
CALL(sum_outer, cg_sum(x[0], cg_axes(0, -1), true))
CALL(sum_none, cg_sum(x[0], cg_axes(), false))
CALL(mean_all, cg_mean(x[0], CG_ALL_AXES, false))
CALL(mean_middle, cg_mean(x[0], cg_axes(1), false))
CALL(max_all, cg_max(x[0], CG_ALL_AXES, true))
CALL(max_last, cg_max(x[0], cg_axes(-1), false))
CALL(min_all, cg_min(x[0], CG_ALL_AXES, false))
CALL(min_first, cg_min(x[0], cg_axes(0), true))
CALL(sum_to, cg_sum_to(x[0], cg_shape(3, 1)))

/* --- products and losses -------------------------------------------------------------------------------- */
CALL(matmul, cg_matmul(x[0], x[1]))
CALL(matmul_transposed, cg_matmul(cg_transpose(x[0], 0, 1), cg_transpose(x[1], -1, -2)))
CALL(linear, cg_linear(x[0], x[1], x[2]))
CALL(linear_plain, cg_linear(x[0], x[1], NULL))
CALL(linear_activation, cg_tanh(cg_linear(x[0], x[1], x[2])))
CALL(mse_mean, cg_mse_loss(x[0], x[1], CG_MEAN))
CALL(mse_sum, cg_mse_loss(x[0], x[1], CG_SUM))
CALL(mse_none, cg_mse_loss(x[0], x[1], CG_NONE))

static cg_tensor *labels(cg_tensor *x) {
    return cg_from_i32(cg_device_of(x), cg_shape(3), (const int32_t[]){3, 0, 2});
}
CALL(cross_entropy_mean, cg_cross_entropy(x[0], labels(x[0]), CG_MEAN))
CALL(cross_entropy_sum, cg_cross_entropy(x[0], labels(x[0]), CG_SUM))
CALL(cross_entropy_none, cg_cross_entropy(x[0], labels(x[0]), CG_NONE))

#define CUBE                                                                                                 \
    {                                                                                                        \
        {                                                                                                    \
            3, { 2, 3, 4 }                                                                                   \
        }                                                                                                    \
    }

static const operation operations[] = {
    {"sum", "all axes", sum_all, 1, CUBE},
    {"sum", "axes 0 and -1, kept", sum_outer, 1, CUBE},
    {"sum", "no axes", sum_none, 1, CUBE},
    {"mean", "all axes", mean_all, 1, CUBE},
    {"mean", "axis 1", mean_middle, 1, CUBE},
    {"max", "all axes", max_all, 1, CUBE},
    {"max", "axis -1", max_last, 1, CUBE},
    {"min", "all axes", min_all, 1, CUBE},
    {"min", "axis 0, kept", min_first, 1, CUBE},
    {"argmax", "an index has no gradient", NULL, 0, {{0, {0}}}},
    {"argmin", "an index has no gradient", NULL, 0, {{0, {0}}}},
    {"sum_to", "(2, 3, 4) to (3, 1)", sum_to, 1, CUBE},
    {"matmul", "(2, 3) (3, 4)", matmul, 2, {{2, {2, 3}}, {2, {3, 4}}}},
    {"matmul", "vector matrix", matmul, 2, {{1, {3}}, {2, {3, 4}}}},
    {"matmul", "matrix vector", matmul, 2, {{2, {2, 3}}, {1, {3}}}},
    {"matmul", "vector vector", matmul, 2, {{1, {4}}, {1, {4}}}},
    {"matmul", "batches that broadcast", matmul, 2, {{4, {2, 1, 2, 3}}, {3, {2, 3, 2}}}},
    {"matmul", "batch times matrix", matmul, 2, {{3, {2, 3, 2}}, {2, {2, 3}}}},
    {"matmul", "transposed operands", matmul_transposed, 2, {{2, {3, 2}}, {2, {4, 3}}}},
    {"linear", "with bias", linear, 3, {{2, {3, 2}}, {2, {2, 4}}, {1, {4}}}},
    {"linear", "rank 3, with bias", linear, 3, {{3, {2, 2, 3}}, {2, {3, 2}}, {1, {2}}}},
    {"linear", "a vector", linear, 3, {{1, {3}}, {2, {3, 2}}, {1, {2}}}},
    {"linear", "without bias", linear_plain, 2, {{2, {3, 2}}, {2, {2, 4}}}},
    {"linear", "under tanh", linear_activation, 3, {{2, {3, 2}}, {2, {2, 4}}, {1, {4}}}},
    {"mse_loss", "mean", mse_mean, 2, {{2, {2, 3}}, {2, {2, 3}}}},
    {"mse_loss", "sum, broadcast", mse_sum, 2, {{2, {2, 3}}, {1, {3}}}},
    {"mse_loss", "none, broadcast", mse_none, 2, {{2, {2, 1}}, {1, {3}}}},
    {"cross_entropy", "mean", cross_entropy_mean, 1, {{2, {3, 4}}}},
    {"cross_entropy", "sum", cross_entropy_sum, 1, {{2, {3, 4}}}},
    {"cross_entropy", "none", cross_entropy_none, 1, {{2, {3, 4}}}},
};

int operation_count(void) { return sizeof operations / sizeof *operations; }

const operation *operation_at(int i) { return &operations[i]; }

bool operation_is_first(const operation *op) {
    return op == operations || strcmp(op->name, op[-1].name) != 0;
}

void operation_inputs(cg_device *dev, const operation *op, cg_tensor **x) {
    for (int k = 0; k < op->n; k++) {
        int64_t n = 1;
        for (int i = 0; i < op->shape[k].rank; i++) n *= op->shape[k].dim[i];
        double *data = scratch((size_t)n * sizeof *data);
        /* 7 and n have no common factor here, so that i 7 mod n takes every value once */
        for (int64_t i = 0; i < n; i++)
            data[i] = 0.23 * ((double)((i * 7 + 3 + k) % n) - (double)n / 2 + 0.37);
        x[k] = cg_from_f64(dev, op->shape[k], data);
    }
}
