/*
 * Order: scans, sorting, searching, counting, order statistics. All of it runs on the device.
 *
 * COMMON RULES. An axis may count from the end; a scalar counts as one element along axis 0. Equal elements keep
 * their order, -0 equals 0. NaN comes last, ascending or descending, and all NaN are equal. Places and counts are
 * i64 and have no gradient. Where nothing else is said, every dtype is taken.
 *
 * Errors, of all: CG_ERROR_ARGUMENT for an axis out of range, CG_ERROR_DEVICE_MISMATCH for operands on different
 * devices.
 */
#ifndef CLGRAD_SORTING_H
#define CLGRAD_SORTING_H

#include "reduce.h"
#include "tensor.h"

CG_BEGIN_DECLS

/* --- Scans ------------------------------------------------------------------------------------------------ */

/*
 * The running sum along `axis`: y_k = x_0 + ... + x_k. Shape of x; f32 and f64 keep their dtype, integers and bool
 * give i64. Error at most (log2 n + 64) u sum|x|. Gradient: the running sum of g from the end.
 */
CG_API cg_tensor *cg_cumsum(cg_tensor *x, int axis);

/*
 * The running product along `axis`: y_k = x_0 ... x_k. Shape and dtypes as cg_cumsum. Error at most n u |y|.
 * Gradient: dx_k = sum over j >= k of g_j times the product of x_0..x_j without x_k. First and second order are
 * right for any number of zeros; the third is not where three zeros lie in one row.
 */
CG_API cg_tensor *cg_cumprod(cg_tensor *x, int axis);

/*
 * The largest so far along `axis`: y_k = max(x_0, ..., x_k); from the first NaN on NaN. Shape and dtype of x.
 * Gradient: each g_k goes to the element that y_k came from, the first of equal ones.
 */
CG_API cg_tensor *cg_cummax(cg_tensor *x, int axis);

/* The smallest so far along `axis`: y_k = min(x_0, ..., x_k). As cg_cummax. */
CG_API cg_tensor *cg_cummin(cg_tensor *x, int axis);

/* --- Sorting ------------------------------------------------------------------------------------------------ */

/*
 * x sorted along `axis`, stably, NaN last. Shape and dtype of x. Gradient: g goes back to the places that the
 * elements came from.
 */
CG_API cg_tensor *cg_sort(cg_tensor *x, int axis, bool descending);

/* The places (i64) along `axis` that sort x: sorted[k] = x[argsort[k]], stably, NaN last. Shape of x. No gradient. */
CG_API cg_tensor *cg_argsort(cg_tensor *x, int axis, bool descending);

/*
 * The k largest (or smallest) elements along `axis`, best first, and their places (i64). Of equal elements the first
 * comes first; NaN is taken last. Shape of x with that axis k; (k) for a scalar. `values` or `indices` may be NULL.
 * Gradient through the values. Errors: CG_ERROR_ARGUMENT for k < 0 or more than there are; both results are NULL.
 */
CG_API cg_status cg_topk(cg_tensor *x, int64_t k, int axis, bool largest, cg_tensor **values,
                         cg_tensor **indices);

/* What cg_unique finds; u values differ. */
typedef struct cg_unique_result {
    cg_tensor *values;  /* (u) ascending, the dtype of x; NaN at most once, last */
    cg_tensor *index;   /* (u) i64: the first place of each in the flattened x */
    cg_tensor *inverse; /* the shape of x, i64: which of the values each element is */
    cg_tensor *counts;  /* (u) i64: how often each occurs */
} cg_unique_result;

/*
 * The different values of the flattened x, where they are and how often: values[inverse] = x = flattened x[index] at
 * the first places. No gradient: a walk back through the values is CG_ERROR_GRADIENT. The number of values is read from
 * the device: one round trip. Returns a status, and on an error four NULL.
 */
CG_API cg_status cg_unique(cg_tensor *x, cg_unique_result *result);

/* --- Searching and counting --------------------------------------------------------------------------------- */

/*
 * Where values go into ascending rows: out[..., j] (i64) = the number of elements of the row that are less than
 * values[..., j], or, where `right` is set, not greater. sorted (n) serves all values, of any shape; sorted (..., n)
 * needs values (..., m) with the same leading axes. Shape of values. Compared in the promoted dtype; NaN is after
 * everything. No gradient. Errors: CG_ERROR_SHAPE.
 */
CG_API cg_tensor *cg_searchsorted(cg_tensor *sorted, cg_tensor *values, bool right);

/*
 * How many elements of the flattened x lie in each of `bins` intervals of equal width from lo to hi: i64, (bins). An
 * interval has its lower edge and not its upper one; the last has both. The edges are those of cg_histogram_edges,
 * and an element on an edge is counted exactly. Elements outside and NaN are not counted. lo and hi both NaN: from the
 * smallest to the largest finite element, found on the device (0 to 1 if there is none). lo == hi: from lo - 0.5 to
 * hi + 0.5. Integers and bool are counted in f64, in f32 where the device has no f64. No gradient.
 * Errors: CG_ERROR_ARGUMENT for bins < 1, lo > hi, or one of them not finite.
 */
CG_API cg_tensor *cg_histogram(cg_tensor *x, int64_t bins, double lo, double hi);

/*
 * The bins + 1 edges that cg_histogram counts between: edge_i = lo + i ((hi - lo) / bins), the last is hi. Computed in
 * double and rounded to the dtype counted in; from the data, in that dtype. Arguments, dtype and errors as
 * cg_histogram. No gradient: a walk back through edges from the data is CG_ERROR_GRADIENT.
 */
CG_API cg_tensor *cg_histogram_edges(cg_tensor *x, int64_t bins, double lo, double hi);

/*
 * How often each whole number occurs in the flattened x: out[v] = number of elements equal to v, i64, shape
 * (max(minlength, 1 + max x)). x: integers >= 0, or bool. The largest is read from the device: one round trip.
 * No gradient. Errors: CG_ERROR_DTYPE for reals, CG_ERROR_ARGUMENT for negative elements or minlength.
 */
CG_API cg_tensor *cg_bincount(cg_tensor *x, int64_t minlength);

/*
 * The sum of the weights of each whole number: out[v] = sum of weights_i over x_i = v. weights: the shape of x, f32 or
 * f64, which is the dtype of the result. Gradient to the weights: g at x. As cg_bincount. Errors: CG_ERROR_SHAPE and
 * CG_ERROR_DTYPE for the weights.
 */
CG_API cg_tensor *cg_bincount_weighted(cg_tensor *x, cg_tensor *weights, int64_t minlength);

/* --- Order statistics --------------------------------------------------------------------------------------- */

/*
 * The middle element over axes once sorted; the mean of the two middle ones for an even number. Integers and bool give
 * f32. NaN if one of the elements is NaN, or there are none. Gradient: to the elements it is made of.
 * Listing 18 of the pseudocode paper does not sort.
 */
CG_API cg_tensor *cg_median(cg_tensor *x, cg_axis_set axes, bool keepdims);

/*
 * Which quantile of a sample, by NumPy's names. The first nine are definitions 7, 1 to 6, 8 and 9 of R. J. Hyndman and
 * Y. Fan, "Sample quantiles in statistical packages", The American Statistician 50, 361-365 (1996). With the sorted
 * elements x_1..x_n they are (1 - w) x_j + w x_(j+1), j = floor(n q + m), g = n q + m - j.
 */
typedef enum cg_quantile_method {
    CG_QUANTILE_LINEAR,       /* m = 1 - q, w = g: x_1 at 0, x_n at 1, linear between. The default. */
    CG_QUANTILE_INVERTED_CDF, /* m = 0, w = (g > 0) */
    CG_QUANTILE_AVERAGED_INVERTED_CDF,     /* m = 0, w = (1 + (g > 0)) / 2 */
    CG_QUANTILE_CLOSEST_OBSERVATION,       /* m = -1/2, w = 0 if g = 0 and j is even, else 1 */
    CG_QUANTILE_INTERPOLATED_INVERTED_CDF, /* m = 0, w = g */
    CG_QUANTILE_HAZEN,                     /* m = 1/2, w = g */
    CG_QUANTILE_WEIBULL,                   /* m = q, w = g */
    CG_QUANTILE_MEDIAN_UNBIASED,           /* m = (q + 1) / 3, w = g */
    CG_QUANTILE_NORMAL_UNBIASED,           /* m = q / 4 + 3 / 8, w = g */
    CG_QUANTILE_LOWER,                     /* the element at or below place (n - 1) q */
    CG_QUANTILE_HIGHER,                    /* at or above it */
    CG_QUANTILE_MIDPOINT,                  /* the mean of those two */
    CG_QUANTILE_NEAREST                    /* the nearest; half way, the one at an even place from 0 */
} cg_quantile_method;

/*
 * The q-quantile over axes, 0 <= q <= 1, by one of the methods above. Shape of x less the axes (1 with keepdims).
 * Integers and bool give f32. NaN if one of the elements is NaN, or there are none. The place n q + m is computed in
 * double. Error at most 5 u max|x_j|. Gradient: (1 - w) g and w g to the two elements.
 * Errors: CG_ERROR_ARGUMENT for q outside [0, 1] or an unknown method.
 */
CG_API cg_tensor *cg_quantile(cg_tensor *x, double q, cg_axis_set axes, cg_quantile_method method,
                              bool keepdims);

/* Several quantiles q[0..n-1], n >= 1, for the price of one sort: shape (n, that of cg_quantile). As cg_quantile. */
CG_API cg_tensor *cg_quantiles(cg_tensor *x, int n, const double *q, cg_axis_set axes,
                               cg_quantile_method method, bool keepdims);

/* The p-th percentile, 0 <= p <= 100: cg_quantile at p / 100. */
CG_API cg_tensor *cg_percentile(cg_tensor *x, double p, cg_axis_set axes, cg_quantile_method method,
                                bool keepdims);

CG_END_DECLS
#endif
