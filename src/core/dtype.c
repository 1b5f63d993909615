#include "core/dtype.h"

static const struct {
    size_t size;
    const char *name;
    int order; /* position in the chain of promotion */
} types[CG_DTYPE_COUNT] = {
    [CG_F32] = {4, "f32", 4}, [CG_F64] = {8, "f64", 5}, [CG_I32] = {4, "i32", 2},
    [CG_I64] = {8, "i64", 3}, [CG_U8] = {1, "u8", 1},   [CG_BOOL] = {1, "bool", 0},
};

size_t cg_dtype_size(cg_dtype dtype) { return cg_dtype_valid(dtype) ? types[dtype].size : 0; }

const char *cg_dtype_name(cg_dtype dtype) { return cg_dtype_valid(dtype) ? types[dtype].name : "invalid"; }

cg_dtype cg_dtype_promote(cg_dtype a, cg_dtype b) { return types[a].order >= types[b].order ? a : b; }

cg_dtype cg_dtype_compute(cg_dtype t) { return t == CG_U8 || t == CG_BOOL ? CG_I32 : t; }
