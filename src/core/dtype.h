/* Element types: sizes, names, promotion, and the type a program computes in. */
#ifndef CLGRAD_CORE_DTYPE_H
#define CLGRAD_CORE_DTYPE_H

#include "clgrad/tensor.h"

enum { CG_DTYPE_COUNT = CG_BOOL + 1 };

static inline bool cg_dtype_is_float(cg_dtype t) { return t == CG_F32 || t == CG_F64; }
static inline bool cg_dtype_valid(cg_dtype t) { return (unsigned)t < CG_DTYPE_COUNT; }

/* The smallest dtype both convert to: bool < u8 < i32 < i64 < f32 < f64. */
cg_dtype cg_dtype_promote(cg_dtype a, cg_dtype b);

/* The type T that rows compute in for tensors of dtype t: f32, f64, i32 (also for u8 and bool) or i64. */
cg_dtype cg_dtype_compute(cg_dtype t);

#endif
