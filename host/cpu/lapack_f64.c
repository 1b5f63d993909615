/* LAPACK for T = f64. */
#include "host/cpu/factor_lapack.h"

#ifdef CG_WITH_BLAS
#define CG_BITS 64
#include "core/elementary_c.h"
#define CG_LAPACK_TABLE cg_lapack_f64
#include "host/cpu/lapack_calls.h"
#endif
