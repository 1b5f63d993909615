#include "support/operations.h"

#include "support/check.h"

#include <string.h>

/* A call on inputs x[0], x[1], x[2]. */
#define CALL(name, expression)                                                                               \
    static cg_tensor *name(void *context, int n, cg_tensor *const *x) {                                      \
        (void)context, (void)n;                                                                              \
        return expression;                                                                                   \
    }

/* --- views ---------------------------------------------------------------------------------------------- */
CALL(cast_same, cg_cast(x[0], CG_F64))
CALL(transpose, cg_transpose(x[0], 0, -1))
CALL(permute, cg_permute(x[0], (const int[]){2, 0, 1}))
CALL(reshape, cg_reshape(x[0], cg_shape(4, -1)))
CALL(reshape_copy, cg_reshape(cg_transpose(x[0], 0, 2), cg_shape(6, 4)))
CALL(flatten, cg_flatten(x[0], 1, 2))
CALL(squeeze, cg_squeeze(x[0], 1))
CALL(unsqueeze, cg_unsqueeze(x[0], 1))
CALL(expand, cg_expand(x[0], cg_shape(2, 3, 4)))
CALL(slice_step, cg_slice(x[0], 2, 1, CG_SLICE_OPEN, 2))
CALL(slice_back, cg_slice(x[0], 2, CG_SLICE_OPEN, 0, -2))
CALL(slice_empty, cg_slice(x[0], 2, 3, 1, 1))
CALL(contiguous, cg_contiguous(cg_transpose(x[0], 0, 1)))
CALL(clone, cg_clone(x[0]))

/* Indices of the device of x, with one that repeats and one that counts from the end. */
static cg_tensor *indices(cg_tensor *x) {
    return cg_from_i32(cg_device_of(x), cg_shape(4), (const int32_t[]){2, 0, 2, -1});
}
CALL(index_select, cg_index_select(x[0], 2, indices(x[0])))
CALL(index_select_first,
     cg_index_select(x[0], 0, cg_from_i64(cg_device_of(x[0]), cg_shape(3), (const int64_t[]){1, 1, 0})))

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
CALL(softmax_last, cg_softmax(x[0], -1))
CALL(softmax_first, cg_softmax(x[0], 0))
CALL(log_softmax_last, cg_log_softmax(x[0], 2))
CALL(log_softmax_middle, cg_log_softmax(x[0], 1))

/* --- products ------------------------------------------------------------------------------------------- */
CALL(matmul, cg_matmul(x[0], x[1]))
CALL(matmul_transposed, cg_matmul(cg_transpose(x[0], 0, 1), cg_transpose(x[1], -1, -2)))
CALL(linear, cg_linear(x[0], x[1], x[2]))
CALL(linear_plain, cg_linear(x[0], x[1], NULL))
CALL(linear_activation, cg_tanh(cg_linear(x[0], x[1], x[2])))

#define CUBE                                                                                                 \
    {                                                                                                        \
        {                                                                                                    \
            3, { 2, 3, 4 }                                                                                   \
        }                                                                                                    \
    }

static const operation operations[] = {
    {"cast", "to its own dtype", cast_same, 1, {{1, {3}}}},
    {"transpose", "(0, -1)", transpose, 1, CUBE},
    {"permute", "(2, 0, 1)", permute, 1, CUBE},
    {"reshape", "to (4, -1)", reshape, 1, CUBE},
    {"reshape", "of a transposed tensor", reshape_copy, 1, CUBE},
    {"flatten", "axes 1 to 2", flatten, 1, CUBE},
    {"squeeze", "axis 1", squeeze, 1, {{3, {2, 1, 3}}}},
    {"unsqueeze", "axis 1", unsqueeze, 1, {{2, {2, 3}}}},
    {"expand", "(3, 1) to (2, 3, 4)", expand, 1, {{2, {3, 1}}}},
    {"slice", "1::2", slice_step, 1, CUBE},
    {"slice", ":0:-2", slice_back, 1, CUBE},
    {"slice", "3:1", slice_empty, 1, CUBE},
    {"contiguous", "of a transposed tensor", contiguous, 1, {{2, {2, 3}}}},
    {"clone", "", clone, 1, {{2, {2, 3}}}},
    {"index_select", "axis 2, repeated", index_select, 1, CUBE},
    {"index_select", "axis 0", index_select_first, 1, CUBE},
    {"one_hot", "labels have no gradient", NULL, 0, {{0, {0}}}},
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
    {"softmax", "axis -1", softmax_last, 1, CUBE},
    {"softmax", "axis 0", softmax_first, 1, CUBE},
    {"log_softmax", "axis 2", log_softmax_last, 1, CUBE},
    {"log_softmax", "axis 1", log_softmax_middle, 1, CUBE},
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
