/*
 * Descriptive statistics over axes, whose sums are accumulated in f64.
 *
 * cg_mean, cg_var and cg_std of reduce.h compute in the dtype of their operand: they are parts of programs, and one of
 * another type could not be fused with them (docs/decisions/0018-statistics-in-f64.md). Here an f32 operand is
 * converted as it is loaded, every sum and every moment is f64, and only the result is rounded to f32: no f64 copy of x
 * is stored. A device without f64 computes in f32, with the bounds that reduce.h states. Axes and keepdims as in
 * reduce.h; n is the number of elements behind a result. FLOAT: integers and bool give f32, and are converted to it
 * first. Gradients of every order; a gradient computes in f64 too and does store arrays of the size of x.
 * Errors, of all: CG_ERROR_ARGUMENT for an axis out of range or named twice.
 * Bounds, where the device has f64: u is the unit roundoff of the result, v = 2^-53.
 */
#ifndef CLGRAD_STATISTICS_H
#define CLGRAD_STATISTICS_H

#include "reduce.h"

CG_BEGIN_DECLS

/*
 * The weighted mean sum(w x) / sum(w) over axes, as NumPy's average. weights broadcast to x, or are a vector along the
 * one axis that is reduced; NULL: all 1, the mean. Where weights sum to 0 the result is NaN (NumPy raises; here they
 * live on the device). Error at most u |result| + (log2 n + 4) v sum|w x| / |sum(w)|. Gradient to x: g w / sum(w), to
 * weights: g (x - result) / sum(w). Errors: CG_ERROR_SHAPE for weights that do not fit.
 */
CG_API cg_tensor *cg_average(cg_tensor *x, cg_tensor *weights, cg_axis_set axes, bool keepdims);

/*
 * The standard error of the mean, std / sqrt(n), std with ddof 1 as SciPy's sem has it. Error at most 4 u result +
 * (log2 n + 12) v result. Gradient as std.
 */
CG_API cg_tensor *cg_sem(cg_tensor *x, cg_axis_set axes, int ddof, bool keepdims);

/*
 * The skewness m3 / m2^(3/2) of the central moments mk = mean (x - mean)^k, as SciPy's skew; unbiased:
 * times sqrt(n (n - 1)) / (n - 2), n > 2. NaN for equal elements. Error at most u |result| +
 * (3 log2 n + 16) v mean|x - mean|^3 / m2^(3/2). Gradient.
 */
CG_API cg_tensor *cg_skewness(cg_tensor *x, cg_axis_set axes, bool unbiased, bool keepdims);

/*
 * The excess kurtosis m4 / m2^2 - 3, 0 for a normal distribution, as SciPy's kurtosis; unbiased:
 * (n - 1) / ((n - 2) (n - 3)) ((n + 1) result + 6), n > 3. NaN for equal elements. Error at most u |result| +
 * (4 log2 n + 16) v (m4 / m2^2 + 3). Gradient.
 */
CG_API cg_tensor *cg_kurtosis(cg_tensor *x, cg_axis_set axes, bool unbiased, bool keepdims);

/* What cg_describe finds: numbers of each set of elements. */
typedef struct cg_description {
    int64_t count; /* elements behind each of them */
    cg_tensor *mean, *var, *std, *min, *max;
} cg_description;

/*
 * Count, mean, variance, standard deviation, least and largest element over axes, as SciPy's describe; ddof as in
 * cg_var. The variance is that of two passes. Error of mean: u |result| + (log2 n + 4) v mean|x|, of var (2 + (log2 n +
 * 8) v / u) u result, of std one u more; min and max are exact. Gradients. Errors: CG_ERROR_SHAPE over no elements.
 */
CG_API cg_status cg_describe(cg_tensor *x, cg_axis_set axes, int ddof, bool keepdims, cg_description *result);

/*
 * The covariance of variables: c[i, j] = sum_k (x[i, k] - mean_i) (x[j, k] - mean_j) / max(n - ddof, 0), n observations.
 * x (V, n) -> (V, V): a variable in each row, or with rowvar false (n, V), one in each column; ddof 1 is NumPy's
 * cov. One variable, or a vector (n), gives a scalar. FLOAT. A matrix product, in the dtype of x: f32 is not
 * accumulated in f64. Error at most (n + 8) u |d| |d|^T / (n - ddof), d = x - mean.
 * Gradient. Errors: CG_ERROR_SHAPE for rank above 2.
 */
CG_API cg_tensor *cg_cov(cg_tensor *x, int ddof, bool rowvar);

/*
 * cov with a weight for each observation (NumPy's aweights), weights (n): with W = sum(w) and the weighted means,
 *     c[i, j] = sum_k w[k] (x[i, k] - mean_i) (x[j, k] - mean_j) / (W - ddof sum(w^2) / W)
 * Weights count relative to each other, not as repetitions. A divisor below 0 counts as 0, as in NumPy. Error and
 * errors as cov, with |w| among the factors; CG_ERROR_SHAPE for weights of another shape. Gradient to x and weights.
 */
CG_API cg_tensor *cg_cov_weighted(cg_tensor *x, cg_tensor *weights, int ddof, bool rowvar);

/*
 * Pearson's correlation of the variables in the rows of x (V, n) -> (V, V): cov(x)[i, j] / (std_i std_j), in [-1, 1];
 * a vector (n) gives a scalar. FLOAT. The rows are centred and brought to length 1 first, so that neither large means
 * nor large values cost digits: error at most (2 n + 16) u. A variable that is constant has no correlation: NaN.
 * Gradient, 0 where the result was cut to [-1, 1]. Errors: CG_ERROR_SHAPE for rank above 2.
 */
CG_API cg_tensor *cg_corrcoef(cg_tensor *x);

CG_END_DECLS
#endif
