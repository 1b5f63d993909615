/*
 * Reductions over axes: sums, products, extremes, truths, norms, variance; and softmax. statistics.h has more, in f64.
 *
 * `axes` is made by cg_axes(0, -1), or CG_ALL_AXES; negative axes count from the end; cg_axes() reduces nothing: each
 * element is then a reduction of its own. keepdims leaves reduced axes with length 1. n is the number of elements
 * behind one result. Sums are trees: the error is at most (log2 n + 2) u sum|x|, and the same call gives the same
 * bits each time on one device. A deferred operand is computed within the reduction and takes no memory.
 * dtypes: all, unless said otherwise; FLOAT means that integers and bool become f32.
 * Errors, of all: CG_ERROR_ARGUMENT for an axis out of range or named twice.
 */
#ifndef CLGRAD_REDUCE_H
#define CLGRAD_REDUCE_H

#include "tensor.h"

CG_BEGIN_DECLS

/* A set of axes by value. count = -1: all of them. */
typedef struct cg_axis_set {
    int count;
    int axis[CG_MAX_RANK];
} cg_axis_set;

/* The set axis[0..count-1]; more than CG_MAX_RANK gives an invalid set, which the operation reports. */
CG_API cg_axis_set cg_axes_of(int count, const int *axis);

#ifdef __cplusplus
CG_END_DECLS
template <class... N> inline cg_axis_set cg_axes(N... n) {
    const int axis[sizeof...(N) + 1] = {static_cast<int>(n)..., 0};
    return cg_axes_of(static_cast<int>(sizeof...(N)), axis);
}
CG_BEGIN_DECLS
#define CG_ALL_AXES cg_axes_of(-1, nullptr)
#else
#define cg_axes(...)                                                                                         \
    cg_axes_of((int)(sizeof((int[]){0, __VA_ARGS__}) / sizeof(int)) - 1, &((int[]){0, __VA_ARGS__})[1])
#define CG_ALL_AXES ((cg_axis_set){.count = -1})
#endif

/* --- Sums, products, extremes, truths ------------------------------------------------------------------------- */

/*
 * The sum over axes. f32, f64: the same dtype; integers and bool: i64. Empty: 0. Gradient: g to every
 * element.
 */
CG_API cg_tensor *cg_sum(cg_tensor *x, cg_axis_set axes, bool keepdims);

/* The arithmetic mean, sum / n; integers and bool give f32. Empty: NaN. Gradient g / n. */
CG_API cg_tensor *cg_mean(cg_tensor *x, cg_axis_set axes, bool keepdims);

/*
 * The product over axes. f32, f64: the same dtype; integers and bool: i64, which wraps. Empty: 1. Error at most
 * n u |product|. Gradient: g times the product of all others, found without a division, so that it is right with any
 * number of zeros in x, in every order of derivative.
 */
CG_API cg_tensor *cg_prod(cg_tensor *x, cg_axis_set axes, bool keepdims);

/*
 * The largest element; NaN wins. Same dtype. Gradient: g to the largest, shared evenly where several are
 * equal (PyTorch's amax). Errors: CG_ERROR_SHAPE over no elements.
 */
CG_API cg_tensor *cg_max(cg_tensor *x, cg_axis_set axes, bool keepdims);

/* The smallest element; NaN wins. As cg_max. */
CG_API cg_tensor *cg_min(cg_tensor *x, cg_axis_set axes, bool keepdims);

/*
 * Where the largest element is, i64: its place among the reduced elements in row-major order, the index for one axis.
 * The first of equals; the first NaN wins. No gradient. Errors: CG_ERROR_SHAPE over no elements.
 */
CG_API cg_tensor *cg_argmax(cg_tensor *x, cg_axis_set axes, bool keepdims);

/* Where the smallest element is. As cg_argmax. */
CG_API cg_tensor *cg_argmin(cg_tensor *x, cg_axis_set axes, bool keepdims);

/* Whether any element is not 0 (NaN is not 0), bool. Empty: false. No gradient. */
CG_API cg_tensor *cg_any(cg_tensor *x, cg_axis_set axes, bool keepdims);

/* Whether all elements are not 0 (NaN is not 0), bool. Empty: true. No gradient. */
CG_API cg_tensor *cg_all(cg_tensor *x, cg_axis_set axes, bool keepdims);

/* How many elements are not 0 (NaN is not 0), i64, exact for any n. Empty: 0. No gradient. */
CG_API cg_tensor *cg_count_nonzero(cg_tensor *x, cg_axis_set axes, bool keepdims);

/*
 * log(sum exp(x)) = m + log(sum exp(x - m)), m = max x: no overflow for finite input. FLOAT. -inf among the elements
 * adds nothing, nothing but -inf and no elements at all give -inf, +inf gives +inf, NaN gives NaN. Error at most
 * (log2 n + 6) u (1 + max|x| + |result|). Gradient: g softmax(x), NaN where the result is infinite.
 */
CG_API cg_tensor *cg_logsumexp(cg_tensor *x, cg_axis_set axes, bool keepdims);

/* --- Spread ------------------------------------------------------------------------------------------------- */

/*
 * The variance sum (x - mean)^2 / max(n - ddof, 0) in two passes, mean first. FLOAT. ddof 0 is that of a population,
 * 1 the estimate from a sample; n <= ddof gives NaN or inf as in NumPy, no elements NaN. A mean that is large beside
 * the deviations costs no digits: the error is at most (log2 n + 8) u var, but for the square of the mean's own error,
 * ((log2 n + 4) u mean|x - x0|)^2, x0 the first element. Equal elements give exactly 0.
 * Gradient: g 2 (x - mean) / (n - ddof).
 */
CG_API cg_tensor *cg_var(cg_tensor *x, cg_axis_set axes, int ddof, bool keepdims);

/*
 * The standard deviation, the square root of cg_var (listing 20 of the pseudocode paper returns the variance). FLOAT.
 * Error (log2 n + 12) u std with the same proviso. Gradient: g (x - mean) / ((n - ddof) std), and 0 where std is 0, a
 * subgradient.
 */
CG_API cg_tensor *cg_std(cg_tensor *x, cg_axis_set axes, int ddof, bool keepdims);

/*
 * The vector norm (sum |x|^p)^(1/p) over axes. FLOAT. p = 2 is the Euclidean norm, over the two axes of a matrix that
 * of Frobenius; 1 the sum of |x|; infinity the largest |x|, -infinity the least; 0 counts what is not 0. p = 2 is safe
 * against overflow and underflow: x is scaled by a power of two first where its largest element asks for that; other p
 * are scaled by the largest. Empty: 0.
 * Error at most (log2 n + 8) u norm; for p other than 1, 2 and the infinities ((2 log2 n + 4) / p + 6) u norm.
 * Gradient: p = 2: g x / norm; g sign(x) (|x| / norm)^(p - 1); for the infinities to the element, shared evenly where
 * several are equal; 0 for an x of 0 or a norm of 0, a subgradient; p = 0 has none.
 * Errors: CG_ERROR_ARGUMENT for another negative p or NaN; CG_ERROR_SHAPE for the infinities over no elements.
 */
CG_API cg_tensor *cg_norm(cg_tensor *x, double p, cg_axis_set axes, bool keepdims);

/* --- Undoing a broadcast -------------------------------------------------------------------------------------- */

/*
 * The sum down to `shape`, which must broadcast to x's: the gradient of a broadcast. (3, 4) to (4) sums
 * axis 0, to (3, 1) axis 1 with its axis kept. Gradient: broadcast.
 */
CG_API cg_tensor *cg_sum_to(cg_tensor *x, cg_dims shape);

/* --- Softmax ---------------------------------------------------------------------------------------------------- */

/*
 * softmax(x)_i = exp(x_i - m) / sum_j exp(x_j - m) along `axis`, m = max x: no overflow for finite input. An
 * entry of -inf has probability 0; NaN, +inf or nothing but -inf give NaN. FLOAT.
 * Gradient: y (g - sum(g y)). Source: listing 30 of the pseudocode paper, 11.8.
 */
CG_API cg_tensor *cg_softmax(cg_tensor *x, int axis);

/* log(softmax(x)) along `axis` as x - m - log(sum exp(x - m)). FLOAT. Gradient: g - exp(y) sum(g). */
CG_API cg_tensor *cg_log_softmax(cg_tensor *x, int axis);

/*
 * What a gradient g with respect to y = softmax(x) is with respect to x: y (g - sum(g y)) along `axis`, the product
 * of g with the Jacobian. y and g have one shape. Gradient to both.
 */
CG_API cg_tensor *cg_softmax_grad(cg_tensor *y, cg_tensor *g, int axis);

/* The same for y = log_softmax(x): g - exp(y) sum(g) along `axis`. Gradient to both. */
CG_API cg_tensor *cg_log_softmax_grad(cg_tensor *y, cg_tensor *g, int axis);

/*
 * The Jacobian of softmax at one row y = softmax(x) of shape (C): diag(y) - y y^T, (C, C), computed as
 * y_i (I_ij - y_j). FLOAT. Gradient. Errors: CG_ERROR_SHAPE for another rank.
 */
CG_API cg_tensor *cg_softmax_jacobian(cg_tensor *y);

CG_END_DECLS
#endif
