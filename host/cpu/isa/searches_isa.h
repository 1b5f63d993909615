/* Inner loops of searchsorted: several searches of one row at a time, so that their memory accesses overlap. */
#ifndef CLGRAD_HOST_CPU_ISA_SEARCHES_ISA_H
#define CLGRAD_HOST_CPU_ISA_SEARCHES_ISA_H

#include <stddef.h>
#include <stdint.h>

/*
 * out[j] = the number of elements of sorted[0..n) less than value[j], or, where `right` is set, not greater, j < m.
 * NaN is the largest and equals NaN.
 */
typedef void cg_search_loop(const void *sorted, ptrdiff_t n, const void *value, int64_t *out, ptrdiff_t m,
                            int right);

typedef struct cg_searches_isa {
    cg_search_loop *search;
} cg_searches_isa;

#endif
