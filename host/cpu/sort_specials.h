/*
 * The elements of a row that keys do not tell apart: NaN of all kinds, and -0 and 0. What a row has of them is set aside
 * in its order before it is sorted, and put where it belongs after.
 */
#ifndef CLGRAD_HOST_CPU_SORT_SPECIALS_H
#define CLGRAD_HOST_CPU_SORT_SPECIALS_H

#include "core/dtype.h"

typedef struct cg_specials {
    int64_t before_zero, zeros, nans; /* elements */
} cg_specials;

/* Copies zeros to the front of `kept`, NaN to its end, last first; kept has n elements. dtype f32 or f64. */
cg_specials cg_specials_keep(cg_dtype dtype, const void *x, int64_t n, bool descending, void *kept);

/* Puts them into the n sorted elements of `size` bytes. */
void cg_specials_restore(const cg_specials *s, const void *kept, int64_t n, size_t size, void *sorted);

#endif
