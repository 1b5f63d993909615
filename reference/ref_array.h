/*
 * Small arrays of long double with a shape: what naive references of whole operations take and give. Memory comes
 * from scratch(). An array of rank 0 has one element.
 */
#ifndef CLGRAD_REFERENCE_REF_ARRAY_H
#define CLGRAD_REFERENCE_REF_ARRAY_H

#include "reference/reference.h"

typedef struct ref_array {
    int rank;
    int64_t shape[REF_MAX_RANK];
    int64_t n;      /* elements */
    long double *v; /* row-major */
} ref_array;

/* Zeros of a shape. */
ref_array ref_array_new(int rank, const int64_t *shape);

/* Zeros of x's shape. */
ref_array ref_array_like(ref_array x);

/* One element, rank 0. */
ref_array ref_array_scalar(long double v);

/* v[0..n-1], rank 1. */
ref_array ref_array_of(int64_t n, const long double *v);

/* axis counted from 0 for one that may count from the end. */
int ref_array_axis(ref_array x, int axis);

/* The products of the dims before and after an axis: element (o, j, i) is at (o shape[axis] + j) *inner + i. */
void ref_array_around(ref_array x, int axis, int64_t *outer, int64_t *inner);

/* f of one element at a time, and of two that broadcast. */
ref_array ref_array_map(ref_array x, long double (*f)(long double));
ref_array ref_array_map2(ref_array x, ref_array y, long double (*f)(long double, long double));

/* ref_reduce over the axes whose bit is set, kept as 1 where keepdims. */
ref_array ref_array_reduce(ref_reduction kind, ref_array x, unsigned axes, bool keepdims);

#endif
