/* Loads and stores between the storage dtypes and T, by the rules of core/expr.h. */
#ifndef CLGRAD_HOST_CPU_ISA_CONVERT_ISA_H
#define CLGRAD_HOST_CPU_ISA_CONVERT_ISA_H

#include "core/dtype.h"

/* out[i] = T(x[i stride]) for i < n; any stride, 0 included. */
typedef void cg_load_loop(const void *x, ptrdiff_t stride, void *out, ptrdiff_t n);

/* out[i stride] = dtype(x[i]) for i < n. */
typedef void cg_store_loop(const void *x, void *out, ptrdiff_t stride, ptrdiff_t n);

/* out[i out_stride] = x[i x_stride] for i < n, both T. */
typedef void cg_copy_loop(const void *x, ptrdiff_t x_stride, void *out, ptrdiff_t out_stride, ptrdiff_t n);

typedef struct cg_convert_isa {
    cg_copy_loop *copy;
    cg_load_loop *load[CG_DTYPE_COUNT];
    cg_store_loop *store[CG_DTYPE_COUNT];
} cg_convert_isa;

#endif
