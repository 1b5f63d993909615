/* Naive references of scans, order, counting and order statistics, from their definitions. */
#ifndef CLGRAD_REFERENCE_REF_ORDER_H
#define CLGRAD_REFERENCE_REF_ORDER_H

#include "reference/ref_array.h"

typedef enum ref_scan_kind {
    REF_SCAN_SUM,
    REF_SCAN_SUM_ABS,
    REF_SCAN_PROD,
    REF_SCAN_MAX,
    REF_SCAN_MIN
} ref_scan_kind;

/* y_k from x_0..x_k along the axis, each from the beginning. From the first NaN on, MAX and MIN are NaN. */
ref_array ref_scan(ref_scan_kind kind, ref_array x, int axis);

/* Which of an element and its place a function is to give. */
typedef enum ref_order_part { REF_VALUES, REF_PLACES } ref_order_part;

/* The first k of the line along the axis, sorted stably, NaN last: by choosing the best that is left k times. */
ref_array ref_best(ref_array x, int64_t k, int axis, bool descending, ref_order_part part);

typedef enum ref_unique_part {
    REF_UNIQUE_VALUES,
    REF_UNIQUE_INDEX,
    REF_UNIQUE_INVERSE,
    REF_UNIQUE_COUNTS
} ref_unique_part;
ref_array ref_unique(ref_array x, ref_unique_part part);

/* By counting. sorted of rank 1 serves all values. */
ref_array ref_searchsorted(ref_array sorted, ref_array values, bool right);

/* lo and hi as they are: no rule for NaN or lo = hi. */
ref_array ref_histogram(ref_array x, int64_t bins, long double lo, long double hi);
ref_array ref_histogram_edges(int64_t bins, long double lo, long double hi);

/* weights NULL: ones. */
ref_array ref_bincount(ref_array x, const ref_array *weights, int64_t minlength);

/* NaN if there is one among the elements, or none at all. Axes as a bit mask. */
ref_array ref_median(ref_array x, unsigned axes, bool keepdims);

/* In the order of NumPy's list: definitions 7, 1 to 6, 8, 9 of Hyndman and Fan; lower, higher, midpoint, nearest. */
typedef enum ref_quantile_method {
    REF_LINEAR,
    REF_INVERTED_CDF,
    REF_AVERAGED_INVERTED_CDF,
    REF_CLOSEST_OBSERVATION,
    REF_INTERPOLATED_INVERTED_CDF,
    REF_HAZEN,
    REF_WEIBULL,
    REF_MEDIAN_UNBIASED,
    REF_NORMAL_UNBIASED,
    REF_LOWER,
    REF_HIGHER,
    REF_MIDPOINT,
    REF_NEAREST
} ref_quantile_method;

ref_array ref_quantile(ref_array x, double q, ref_quantile_method method, unsigned axes, bool keepdims);

/* The largest |x| over the axes. */
ref_array ref_largest(ref_array x, unsigned axes, bool keepdims);

#endif
