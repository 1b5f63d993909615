/* Distances and angles between vectors, one pair at a time. */
#ifndef CLGRAD_REFERENCE_REF_DISTANCES_H
#define CLGRAD_REFERENCE_REF_DISTANCES_H

#include "reference/ref_array.h"

/* x (..., N, D), y (..., M, D) -> (..., N, M) by a function of two vectors of n elements; batches broadcast. */
typedef long double ref_pair(int64_t n, const long double *x, const long double *y, double p);
ref_array ref_pairs(ref_pair *pair, ref_array x, ref_array y, double p);

/* The same of the vectors along `axis` of x and y broadcast; the axis goes. */
ref_array ref_along(ref_pair *pair, ref_array x, ref_array y, int axis, double p);

long double ref_distance(int64_t n, const long double *x, const long double *y, double p);
long double ref_squared_distance(int64_t n, const long double *x, const long double *y, double unused);
long double ref_cosine(int64_t n, const long double *x, const long double *y, double unused);
long double ref_angle(int64_t n, const long double *x, const long double *y, double unused);

/* x / |x| along an axis; zeros stay. */
ref_array ref_unit(ref_array x, double p, int axis);

/* Places of the k nearest rows of y (M, D) for each row of x (N, D), or their distances; the first of equal ones first. */
ref_array ref_nearest(ref_array x, ref_array y, int64_t k, bool places);

#endif
