#include "host/nan_check.h"

#include "core/env.h"

#include <math.h>
#include <stdlib.h>

bool cg_check_wanted(void) {
    static int wanted = -1; /* the same for all threads, whoever writes it */
    int value = __atomic_load_n(&wanted, __ATOMIC_RELAXED);
    if (value < 0) {
        value = cg_env_int("CLGRAD_CHECK", 0) != 0;
        __atomic_store_n(&wanted, value, __ATOMIC_RELAXED);
    }
    return value != 0;
}

static bool is_nan(const void *data, cg_dtype dtype, int64_t at) {
    return dtype == CG_F32 ? isnan(((const float *)data)[at]) : isnan(((const double *)data)[at]);
}

/* The row-major index of the first NaN, -1 if there is none; element 0 of the shape lies at `at`. */
static int64_t find_nan(const void *data, const cg_operand *o, int rank, const int64_t *shape, int64_t at) {
    int64_t index[CG_MAX_RANK] = {0};
    for (int64_t n = 0;; n++) {
        if (is_nan(data, o->dtype, at)) return n;
        int a = rank - 1;
        for (; a >= 0; a--) {
            at += o->stride[a];
            if (++index[a] < shape[a]) break;
            at -= o->stride[a] * shape[a];
            index[a] = 0;
        }
        if (a < 0) return -1;
    }
}

cg_status cg_check_output(cg_hw *hw, const char *operation, const cg_operand *o, int rank,
                          const int64_t *shape) {
    const size_t size = cg_dtype_size(o->dtype);
    int64_t low = 0, high = 0; /* the part of the buffer that holds the elements, relative to the first */
    if (!cg_dtype_is_float(o->dtype)) return CG_OK;
    for (int a = 0; a < rank; a++) {
        if (shape[a] == 0) return CG_OK;
        const int64_t reach = (shape[a] - 1) * o->stride[a];
        if (reach < 0)
            low += reach;
        else
            high += reach;
    }
    const size_t bytes = (size_t)(high - low + 1) * size;
    void *data = malloc(bytes);
    if (!data)
        return CG_FAIL(hw->err, CG_ERROR_MEMORY, "%s: no memory to check %zu bytes (CLGRAD_CHECK)", operation,
                       bytes);
    const cg_status status =
        hw->backend->download(hw, data, o->buffer, (size_t)(o->offset + low) * size, bytes);
    const int64_t nan = status == CG_OK ? find_nan(data, o, rank, shape, -low) : -1;
    free(data);
    if (status != CG_OK || nan < 0) return status;
    return CG_FAIL(hw->err, CG_ERROR_NAN, "%s: element %lld of the result is NaN (CLGRAD_CHECK)", operation,
                   (long long)nan);
}

cg_status cg_check_contiguous(cg_hw *hw, const char *operation, const cg_operand *o, int64_t n) {
    const cg_operand flat = {.buffer = o->buffer, .dtype = o->dtype, .offset = o->offset, .stride = {1}};
    return o->buffer ? cg_check_output(hw, operation, &flat, 1, &n) : CG_OK;
}
