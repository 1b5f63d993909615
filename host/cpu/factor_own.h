/* Our own factorizations of one matrix, once for each type (factor_own_f32.c, factor_own_f64.c). */
#ifndef CLGRAD_HOST_CPU_FACTOR_OWN_H
#define CLGRAD_HOST_CPU_FACTOR_OWN_H

#include "host/cpu/factor_cpu.h"

/* The functions of a cg_factor_method for one type. */
typedef struct cg_own_type {
    int (*factor)(cg_work kind, const cg_factor_request *r, const void *a, void *const *out, void *scratch);
    void (*solve_triangular)(const cg_solve_triangular_request *r, const void *a, void *x);
} cg_own_type;

extern const cg_own_type cg_own_f32, cg_own_f64;

#endif
