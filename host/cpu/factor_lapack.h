/* LAPACK on one matrix, once for each type (lapack_f32.c, lapack_f64.c). */
#ifndef CLGRAD_HOST_CPU_FACTOR_LAPACK_H
#define CLGRAD_HOST_CPU_FACTOR_LAPACK_H

#include "host/cpu/factor_cpu.h"

/* The functions of a cg_factor_method for one type. */
typedef struct cg_lapack_type {
    size_t (*scratch)(cg_work kind, const cg_factor_request *r);
    int (*factor)(cg_work kind, const cg_factor_request *r, const void *a, void *const *out, void *scratch);
    void (*solve_triangular)(const cg_solve_triangular_request *r, const void *a, void *x);
} cg_lapack_type;

extern const cg_lapack_type cg_lapack_f32, cg_lapack_f64;

#endif
